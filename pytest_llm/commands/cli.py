"""The command `pytest-llm`. Each command's own module is imported when it is called."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, cast

import click
from click.shell_completion import get_completion_class

from pytest_llm.commands.choice import Choice
from pytest_llm.commands.cli_store import STORE_OPTION, store

NAME = "pytest-llm"
_COMPLETE = "_PYTEST_LLM_COMPLETE"  # the variable by which click's scripts ask


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="pytest-llm-cases", prog_name=NAME)
def cli() -> None:
    """Prompts as pytest test cases."""


cli.add_command(store)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a subcommand. Exit codes: 0 well, 1 something fell short, 2 could not run."""
    try:
        code = cli.main(arguments, prog_name=NAME, complete_var=_COMPLETE, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        click.echo("stopped", err=True)
        return 130
    return cast(int, code or 0)


def _runs(_: click.Context, __: click.Parameter, begun: str) -> list[str]:
    """Names of runs that begin like that, for the shell."""
    from pytest_llm.commands.naming import kept
    from pytest_llm.errors import InputError

    try:
        return [folder.name for folder in kept(Path.cwd()) if folder.name.startswith(begun)]
    except InputError:
        return []


@cli.command()
@click.option("--output", type=click.Path(path_type=Path), help="Write it to this file instead.")
def schema(output: Path | None) -> int:
    """Print the JSON Schema of case files, for editors."""
    from pytest_llm.commands.schema import text

    if output is None:
        click.echo(text(), nl=False)
        return 0
    try:
        output.write_text(text(), encoding="utf-8")
    except OSError as error:
        click.echo(f"cannot write {output}: {error.strerror}", err=True)
        return 2
    return 0


@cli.command()
@click.option("--install", is_flag=True, help="Install what is missing, or only the tools that are named.")
@click.option("--json", "as_json", is_flag=True, help="The lines as data.")
@click.argument("words", nargs=-1, metavar="[PATH|TOOL]...")
def doctor(words: tuple[str, ...], install: bool, as_json: bool) -> int:
    """Tell what is missing here: of the tools, the servers, the models of the cases below PATH.

    With --install: TOOLs, as they are listed here.
    """
    from pytest_llm.commands import doctor, installing

    if install:
        return installing.install(words)
    return doctor.examine(arguments=words, form="json" if as_json else "text")


@cli.command()
@click.argument("case", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("answers", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Default: the judge's `calibration`.")
@click.option("--judge", type=click.IntRange(min=1), help="Which judge of the case file, from 1.")
def calibrate(case: Path, answers: Path, output: Path | None, judge: int | None) -> int:
    """Hold the judge of a CASE file against people.

    ANSWERS: a list in YAML or JSON, or JSON lines, of {answer, grade, prompt}; the grades are people's.
    """
    from pytest_llm.commands.calibrate import calibrate

    return calibrate(case, answers, output, judge)


@cli.command()
@click.argument("words", nargs=-1, metavar="[RUN] [CELL]", shell_complete=_runs)
def show(words: tuple[str, ...]) -> int:
    """Show the runs that are kept, the cells of one, or all of one cell.

    RUN: an id or a folder (default: the latest). CELL: a node id, its tail or a part of it.
    """
    from pytest_llm.commands.show import show

    if len(words) > 2:
        raise click.UsageError("show takes a run and a cell, no more")
    return show(words, Path.cwd())


@cli.command()
@click.argument("before", shell_complete=_runs)
@click.argument("now", shell_complete=_runs)
@click.option("--markdown", "form", flag_value="markdown", help="For a comment of a pull request.")
@click.option("--json", "form", flag_value="json", help="For programs.")
@STORE_OPTION
def compare(before: str, now: str, form: str | None, store: str) -> int:
    """Hold a run or a baseline against an earlier one, as the gate does.

    Each is a run's id, folder or file, or a baseline's file; BEFORE also store:BRANCH, its latest runs.
    """
    from pytest_llm.commands.compare import Form, compare

    return compare(before, now, Path.cwd(), cast(Form, form or "terminal"), store)


@cli.command()
@click.argument("cell")
@click.option("--last", type=click.IntRange(min=1), default=10, show_default=True, help="So many runs.")
@STORE_OPTION
def history(cell: str, last: int, store: str) -> int:
    """Show the last runs of a cell: pass rate, speed. CELL is a node id, its tail or a part of it."""
    from pytest_llm.commands.history import history

    return history(cell, Path.cwd(), last, store)


@cli.command()
@click.argument("runs", nargs=-1, metavar="[RUN]...", shell_complete=_runs)
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, metavar="FILE.html")
@click.option("--baseline", default="", metavar="WHAT", help="Compare with a baseline's file, or store:BRANCH.")
@STORE_OPTION
def report(runs: tuple[str, ...], output: Path, baseline: str, store: str) -> int:
    """Write a run as one HTML file.

    RUN: an id, a folder or a file (default: the latest); of several the newest is shown, beside the others.
    """
    from pytest_llm.commands.report import report

    return report(runs, output, Path.cwd(), baseline, store)


@cli.command("import")
@click.argument("config", type=click.Path(path_type=Path), metavar="promptfooconfig.yaml")
@click.option("--output", type=click.Path(path_type=Path), default="cases", show_default=True, help="The folder.")
def import_(config: Path, output: Path) -> int:
    """Write the cases of a promptfoo configuration as case files."""
    from pytest_llm.commands.promptfoo import command

    return command.run(config, output)


@cli.command()
@click.option("--all", "every", is_flag=True, help="All that were built here, also of Modelfiles as they are.")
@click.option("--dry-run", is_flag=True, help="Tell which, and remove none.")
def prune(every: bool, dry_run: bool) -> int:
    """Remove from the Ollama server the models that were built of Modelfiles which are no more."""
    from pytest_llm.commands.prune import prune

    return prune(every=every, dry_run=dry_run)


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path())
@click.option("--model", default="", metavar="NAME", help="Of the Ollama server; else it is asked what it has.")
@click.option("--ci", type=Choice(["github", "gitlab", "none"]), default="github", show_default=True)
@click.option("--demo", is_flag=True, help="With a small model that comes along, and no server at all.")
def init(folder: Path, model: str, ci: str, demo: bool) -> int:
    """Write a first case, its schema, a Modelfile, pytest's settings and a CI file; never over what is there."""
    from pytest_llm.commands.starter.init import init
    from pytest_llm.commands.starter.server import Offered

    def choose(offered: Sequence[Offered]) -> Offered:
        if len(offered) == 1 or not sys.stdin.isatty():
            return offered[0]
        names = [model.name for model in offered]
        name = click.prompt("Model", type=Choice(names), default=names[0])
        return offered[names.index(name)]

    return init(folder, model=model, ci=ci, demo=demo, choose=choose)


@cli.command()
@click.argument("name")
@click.option(
    "--category", default="structured", show_default=True, help="visual, backend, structured, or any other."
)
@click.option("--folder", type=click.Path(path_type=Path), default="cases", show_default=True)
def new(name: str, category: str, folder: Path) -> int:
    """Write one more case file, NAME.prompt.yaml, as its category's cases begin."""
    from pytest_llm.commands.starter.new import new

    return new(name, category, folder)


@cli.command()
@click.argument("shell", type=Choice(["bash", "zsh", "fish"]))
def completion(shell: Literal["bash", "zsh", "fish"]) -> int:
    """Print what makes a shell complete these commands: eval "$(pytest-llm completion bash)"."""
    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(cli, {}, NAME, _COMPLETE).source())
    return 0
