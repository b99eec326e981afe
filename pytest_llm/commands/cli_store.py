"""The commands `pytest-llm store …`."""

from __future__ import annotations

from pathlib import Path

import click

_COUNT = click.IntRange(min=1)
STORE_OPTION = click.option(
    "--store",
    "store",
    default=lambda: click.get_current_context().obj or "",  # what was said before the subcommand
    metavar="URL",
    help="Another store than the one of the project here.",
)


@click.group()
@STORE_OPTION
@click.pass_context
def store(context: click.Context, store: str) -> None:
    """List, export, import and sweep stored answers."""
    context.obj = store


@store.command()
@click.argument("model", default="")
@STORE_OPTION
def ls(store: str, model: str) -> int:
    """The models with answers in it; of one MODEL, its newest answers."""
    from pytest_llm.commands import store as command

    return command.work(store, lambda there: command.ls(there, model))


@store.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--model", default="", help="Of this model only.")
@STORE_OPTION
def export(store: str, folder: Path, model: str) -> int:
    """Write the newest answer to each question as text, a file each."""
    from pytest_llm.commands import store as command

    return command.work(store, lambda there: command.export(there, folder, model))


@store.command("import")
@click.argument("folder", type=click.Path(path_type=Path))
@STORE_OPTION
def import_(store: str, folder: Path) -> int:
    """Take in the answers of an exported folder."""
    from pytest_llm.commands import store as command

    return command.work(store, lambda there: command.import_(there, folder), create=True)


@store.command()
@click.option("--keep", type=_COUNT, default=1, show_default=True, metavar="N", help="Answers to each question.")
@click.option("--days", type=_COUNT, metavar="N", help="Delete answers that are older, too.")
@click.option("--runs", type=_COUNT, default=100, show_default=True, metavar="N", help="Finished runs that stay.")
@click.option("--dry-run", is_flag=True, help="Say what would be deleted.")
@STORE_OPTION
def gc(store: str, keep: int, days: int | None, runs: int, dry_run: bool) -> int:
    """Delete what newer answers and runs have replaced."""
    from pytest_llm.commands import store as command

    return command.work(store, lambda there: command.gc(there, keep=keep, days=days, runs=runs, dry_run=dry_run))
