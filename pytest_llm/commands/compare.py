"""`pytest-llm compare A B`: what the gate says of B beside A, each a run or a baseline."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

from pytest_llm.commands.naming import NotFound, kept, pick_run, printed, record_file
from pytest_llm.commands.stored import opened, root_of
from pytest_llm.errors import InputError
from pytest_llm.gates import baseline as files
from pytest_llm.gates import past as pasts
from pytest_llm.gates.apart import file_differences, file_rows
from pytest_llm.gates.baseline import Baseline
from pytest_llm.gates.decide import decide
from pytest_llm.gates.rows import differing, rows
from pytest_llm.gates.types import Decision
from pytest_llm.reports import gate as words
from pytest_llm.reports.plain import plain
from pytest_llm.store import runs
from pytest_llm.store.record import RunRecord, read

BRANCH = "store:"  # before the name of one: its latest runs in the store, pooled
Form = Literal["terminal", "markdown", "json"]
_FORMS: Mapping[Form, Callable[[Decision], str]] = {
    "terminal": lambda decision: "\n".join(words.terminal(decision)) + "\n",
    "markdown": words.markdown,
    "json": words.as_json,
}


def compare(before: str, now: str, here: Path, form: Form = "terminal", store: str = "") -> int:
    """Print what changed. 0 nothing blocks, 1 BLOCK, 2 one of the two could not be read."""
    try:
        decision = _decided(before, now, here, store)
    except (NotFound, InputError) as error:
        print(plain(str(error)), file=sys.stderr)
        return 2
    printed(_FORMS[form](decision))
    return int(decision.word == "BLOCK")


def _decided(before: str, now: str, here: Path, store: str) -> Decision:
    past, other = _past(before, here, store), _found(now, here)
    if isinstance(other, Baseline):
        found, differences = file_rows(past, other), file_differences(past, other)
    else:
        found, differences = rows(past, other), differing(past, other)
    return decide(found, differences=differences, baseline=past.name)


def _past(word: str, here: Path, store: str) -> pasts.Past:
    if word.startswith(BRANCH):
        with opened(root_of(here), store) as opened_store:
            return pasts.of_runs(word, opened_store.runs_of(word.removeprefix(BRANCH), pasts.LOOKED_AT))
    found = _found(word, here)
    if isinstance(found, Baseline):
        return pasts.of_file(Path(word).name, found)
    return pasts.of_runs(found.header.run or word, [found])


def _found(word: str, here: Path) -> Baseline | RunRecord:
    """What is named: a run by its id, its folder or its file, else a baseline's file."""
    if file := record_file(word):
        return read(file)
    if Path(word).is_file() or word.endswith(".json"):
        return files.read(Path(word))
    return read(pick_run(word, kept(here)) / runs.FILE)
