"""The command `pytest-llm`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a subcommand. Exit codes: 0 well, 1 something fell short, 2 could not run."""
    parser = argparse.ArgumentParser(prog="pytest-llm", description="Prompts as pytest test cases.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    schema = commands.add_parser("schema", help="print the JSON Schema of case files, for editors")
    schema.add_argument("--output", type=Path, help="write it to this file instead")
    schema.set_defaults(run=_schema)

    doctor = commands.add_parser(
        "doctor", help="tell what is missing here: tools of the checks, models of the cases"
    )
    doctor.add_argument(
        "--install",
        nargs="*",
        metavar="TOOL",
        help="install it with the system's package manager, or only the tools that are named",
    )
    doctor.add_argument("paths", nargs="*", metavar="PATH", help="where the cases are (default: as pytest)")
    doctor.set_defaults(run=_doctor)

    show = commands.add_parser("show", help="show the runs that are kept, the cells of one, or all of one cell")
    show.add_argument(
        "words",
        nargs="*",
        metavar="[RUN] CELL",
        help="a run's id or folder (default: the latest); a cell's node id, its tail or a part of it",
    )
    show.set_defaults(run=_show)

    compare = commands.add_parser(
        "compare", help="hold a run or a baseline against an earlier one, as the gate does"
    )
    named = "a run's id, folder or file, or a baseline's file"
    compare.add_argument("before", metavar="BEFORE", help=f"{named}, or store:BRANCH for its latest runs")
    compare.add_argument("now", metavar="NOW", help=named)
    form = compare.add_mutually_exclusive_group()
    form.add_argument("--markdown", dest="form", action="store_const", const="markdown", default="terminal")
    form.add_argument("--json", dest="form", action="store_const", const="json")
    compare.add_argument("--store", default="", metavar="URL", help="another store than the one of this folder")
    compare.set_defaults(run=_compare)

    history = commands.add_parser("history", help="show the last runs of a cell: pass rate, speed")
    history.add_argument("cell", metavar="CELL", help="a cell's node id, its tail or a part of it")
    history.add_argument("--last", type=int, default=10, metavar="N", help="so many runs (default: 10)")
    history.add_argument("--store", default="", metavar="URL", help="another store than the one of this folder")
    history.set_defaults(run=_history)

    promptfoo = commands.add_parser("import", help="write the cases of a promptfoo configuration as case files")
    promptfoo.add_argument("config", type=Path, metavar="promptfooconfig.yaml")
    promptfoo.add_argument("--output", type=Path, default=Path("cases"), help="the folder (default: cases)")
    promptfoo.set_defaults(run=_import)

    prune = commands.add_parser(
        "prune", help="remove from the Ollama server the models that were built of Modelfiles which are no more"
    )
    prune.add_argument(
        "--all", action="store_true", help="all that were built here, also of Modelfiles as they are"
    )
    prune.add_argument("--dry-run", action="store_true", help="tell which, and remove none")
    prune.set_defaults(run=_prune)
    _declare_store(commands)

    given = parser.parse_args(arguments)
    code: int = given.run(given)
    return code


def _declare_store(commands: Any) -> None:
    store = commands.add_parser("store", help="list, export, import and sweep stored answers")
    store.add_argument("--store", metavar="PLACE", help="which one (default: that of the project here)")
    kinds = store.add_subparsers(required=True, metavar="ls|export|import|gc")
    shown = kinds.add_parser("ls", help="the models with answers in it; of one model, its newest answers")
    shown.add_argument("model", nargs="?", default="")
    shown.set_defaults(work="ls")
    written = kinds.add_parser("export", help="write the newest answer to each question as text, a file each")
    written.add_argument("folder", type=Path)
    written.add_argument("--model", default="", help="of this model only")
    written.set_defaults(work="export")
    read = kinds.add_parser("import", help="take in the answers of an exported folder")
    read.add_argument("folder", type=Path)
    read.set_defaults(work="import")
    swept = kinds.add_parser("gc", help="delete what newer answers and runs have replaced")
    swept.add_argument("--keep", type=_count, default=1, metavar="N", help="answers to each question (default: 1)")
    swept.add_argument("--days", type=_count, metavar="N", help="delete answers that are older, too")
    swept.add_argument(
        "--runs", type=_count, default=100, metavar="N", help="finished runs that stay (default: 100)"
    )
    swept.add_argument("--dry-run", action="store_true", help="say what would be deleted")
    swept.set_defaults(work="gc")
    store.set_defaults(run=_store)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1, not {text!r}")
    return int(text)


def _store(given: argparse.Namespace) -> int:
    from pytest_llm.commands.store import run

    return run(given)


def _schema(given: argparse.Namespace) -> int:
    from pytest_llm.commands.schema import case_schema

    text = json.dumps(case_schema(), indent=2, ensure_ascii=False) + "\n"
    if given.output is None:
        sys.stdout.write(text)
        return 0
    try:
        given.output.write_text(text, encoding="utf-8")
    except OSError as error:
        print(f"cannot write {given.output}: {error.strerror}", file=sys.stderr)
        return 2
    return 0


def _show(given: argparse.Namespace) -> int:
    from pytest_llm.commands.show import show

    if len(given.words) > 2:
        print("pytest-llm show takes a run and a cell, no more", file=sys.stderr)
        return 2
    return show(given.words, Path.cwd())


def _import(given: argparse.Namespace) -> int:
    from pytest_llm.commands.promptfoo import command

    return command.run(given.config, given.output)


def _compare(given: argparse.Namespace) -> int:
    from pytest_llm.commands.compare import compare

    return compare(given.before, given.now, Path.cwd(), given.form, given.store)


def _history(given: argparse.Namespace) -> int:
    from pytest_llm.commands.history import history

    return history(given.cell, Path.cwd(), max(1, given.last), given.store)


def _doctor(given: argparse.Namespace) -> int:
    from pytest_llm.commands import doctor

    return doctor.examine(arguments=given.paths) if given.install is None else doctor.install(given.install)


def _prune(given: argparse.Namespace) -> int:
    from pytest_llm.commands.prune import prune

    return prune(every=given.all, dry_run=given.dry_run)
