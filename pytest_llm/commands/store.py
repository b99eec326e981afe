"""`pytest-llm store ls|export|import|gc`: what is stored, as text for people, and less of it."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from pytest_llm.commands.stored import opened
from pytest_llm.errors import InputError, counted
from pytest_llm.reports.plain import one_line, plain
from pytest_llm.store.answers import Answer
from pytest_llm.store.store import Store

HEAD = 60  # characters of a prompt in a list


def work(place: str, done: Callable[[Store], int], *, create: bool = False) -> int:
    """Open a store and work on it. 0 done, 1 there is nothing of it, 2 it or a folder could not be read or written.

    place: as it is written; "" for that of the project here. create: it may be made.
    """
    try:
        with opened(place, create=create) as store:
            return done(store)
    except InputError as error:
        print(plain(str(error)), file=sys.stderr)
    except OSError as error:
        print(plain(f"{error.filename}: cannot be read or written: {error.strerror}"), file=sys.stderr)
    return 2


def ls(store: Store, model: str) -> int:
    """Print the models with answers; of those that hold `model` in their name, their newest answers."""
    found = store.models()
    if model:
        if not (names := _named(found, model)):
            print(plain(_none(model, found)), file=sys.stderr)
            return 1
        for name in names:
            for answer in store.newest_of_each(name):
                asked = answer.question.request["messages"][-1]["content"]
                print(one_line(f"{answer.id}  {answer.made[:16]}  {answer.kind:<9} {name}  {asked[:HEAD]}"))
    else:
        for last, number, first, latest in found:
            who = last.question
            noun = "answer " if number == 1 else "answers"
            days = first[:10] if first[:10] == latest[:10] else f"{first[:10]} to {latest[:10]}"
            print(
                one_line(f"{number:>7} {noun}  {who.model}  {who.engine} {who.version}  {who.digest[:19]}  {days}")
            )
        runs = store.runs()
        print(f"{len(runs):>7} run{'' if len(runs) == 1 else 's'}" + (f", the latest {runs[0]}" if runs else ""))
    return 0


def _named(found: Sequence[tuple[Answer, int, str, str]], part: str) -> list[str]:
    """The models with `part` in their name, each once."""
    return [name for name in dict.fromkeys(last.question.model for last, *_ in found) if part in name]


def _none(model: str, found: Sequence[tuple[Answer, int, str, str]]) -> str:
    has = ", ".join(_named(found, "")) or "no answers yet"
    return f"no answer of {model!r} is in the store\n  it has: {has}"


def export(store: Store, folder: Path, model: str) -> int:
    from pytest_llm.store import exports

    if model and not store.count(model):
        print(plain(_none(model, store.models())), file=sys.stderr)
        return 1
    number = exports.write(folder, store.newest_of_each(model))
    print(f"{counted(number, 'answer')} written to {folder}")
    return 0 if number else 1


def import_(store: Store, folder: Path) -> int:
    from pytest_llm.store import exports

    answers = list(exports.read(folder))
    new = store.add(answers)
    print(f"{new} of {counted(len(answers), 'answer')} {'was' if 1 in (new, len(answers)) else 'were'} new")
    return 0


def gc(store: Store, *, keep: int, days: int | None, runs: int, dry_run: bool) -> int:
    """Delete all but the newest `keep` answers to each question, those older than `days`, all but `runs` runs."""
    before = ""
    if days:
        before = (datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=days)).isoformat()
    answers, gone = store.sweep(keep, before, runs, dry=dry_run)
    told = f"{counted(answers, 'answer')} and {counted(gone, 'run')}"
    print(f"{told} {'would be' if dry_run else 'were'} deleted")
    return 0
