"""`pytest-llm store ls|export|import|gc`: what is stored, as text for people, and less of it."""

from __future__ import annotations

import argparse
import datetime
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pytest_llm.errors import InputError, StoreError
from pytest_llm.reports.plain import one_line, plain
from pytest_llm.store.address import Address, default, parse
from pytest_llm.store.store import Store

HEAD = 60  # characters of a prompt in a list


def run(given: argparse.Namespace) -> int:
    """0 done, 1 there is nothing of it, 2 the store or a folder could not be read or written."""
    try:
        with opened(given.store, create=given.work == "import") as store:
            return WORK[given.work](store, given)
    except (StoreError, InputError) as error:
        print(plain(str(error)), file=sys.stderr)
    except OSError as error:
        print(plain(f"{error.filename}: {error.strerror}"), file=sys.stderr)
    return 2


@contextmanager
def opened(place: str | None = None, *, create: bool = False) -> Iterator[Store]:
    """The store that is named; else that of the project here, by its settings. Raises StoreError, InputError."""
    address, root = _address(place)
    if address is None:
        raise InputError("there is no store: --llm-store, PYTEST_LLM_STORE or llm_store says none")
    store = Store.open(address, root, create=create)
    try:
        yield store
    finally:
        store.close()


def _address(place: str | None) -> tuple[Address | None, Path]:
    if place:
        return parse(place, Path.cwd()), Path.cwd()
    from pytest_llm.commands.collected import NotCollected, collected

    try:
        found = collected(["--ignore-glob=*"])
    except NotCollected as error:
        raise InputError(str(error), hint="name the store by --store") from None
    said, root = found.settings["store"], found.root
    trusted = bool(found.settings["store_trusted"])
    return (parse(said, root, trusted=trusted) if said else default(root)), root


def ls(store: Store, given: argparse.Namespace) -> int:
    found = store.models()
    if given.model:
        found = [entry for entry in found if given.model in entry[0].question.model]
        for name in dict.fromkeys(entry[0].question.model for entry in found):
            for answer in store.newest_of_each(name):
                asked = answer.question.request["messages"][-1]["content"]
                print(one_line(f"{answer.id}  {answer.made[:16]}  {answer.kind:<9} {name}  {asked[:HEAD]}"))
    else:
        for last, number, first, latest in found:
            who = last.question
            days = first[:10] if first[:10] == latest[:10] else f"{first[:10]} to {latest[:10]}"
            print(
                one_line(f"{number:>7} answers  {who.model}  {who.engine} {who.version}  {who.digest[:19]}  {days}")
            )
        runs = store.runs()
        print(f"{len(runs):>7} runs" + (f", the latest {runs[0]}" if runs else ""))
    return 0 if found or not given.model else 1


def export(store: Store, given: argparse.Namespace) -> int:
    from pytest_llm.store import exports

    number = exports.write(given.folder, store.newest_of_each(given.model))
    print(f"{number} answers written to {given.folder}")
    return 0 if number else 1


def import_(store: Store, given: argparse.Namespace) -> int:
    from pytest_llm.store import exports

    answers = list(exports.read(given.folder))
    print(f"{store.add(answers)} of {len(answers)} answers were new")
    return 0


def gc(store: Store, given: argparse.Namespace) -> int:
    before = ""
    if given.days:
        before = (datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=given.days)).isoformat()
    answers, runs = store.sweep(given.keep, before, given.runs, dry=given.dry_run)
    print(f"{answers} answers and {runs} runs {'would be' if given.dry_run else 'were'} deleted")
    return 0


WORK: dict[str, Callable[[Store, argparse.Namespace], int]] = {
    "ls": ls,
    "export": export,
    "import": import_,
    "gc": gc,
}
