"""`pytest-llm compare A B`: what the gate says of B beside A, each a run or a baseline."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from pytest_llm.cases.durations import parse_share
from pytest_llm.commands.naming import NotFound, kept, pick_run, printed, record_file
from pytest_llm.commands.stored import opened
from pytest_llm.errors import InputError
from pytest_llm.gates import bars as barring
from pytest_llm.gates import baseline as files
from pytest_llm.gates import past as pasts
from pytest_llm.gates.apart import file_differences, file_rows
from pytest_llm.gates.baseline import Baseline
from pytest_llm.gates.decide import decide
from pytest_llm.gates.inifile import INI_FILES, ini_values
from pytest_llm.gates.rows import differing, rows
from pytest_llm.gates.types import Bar, Decision, Settings
from pytest_llm.gates.weakened import bars_of
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


_SETTINGS: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "alpha": ("llm_gate_alpha", parse_share),
    "effect": ("llm_gate_effect", parse_share),
    "errors": ("llm_gate_errors", parse_share),
    "speed_tolerance": ("llm_speed_tolerance", parse_share),
    "confirm": ("llm_confirm", int),
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
    past, other = past_of(before, here, store), _found(now, here)
    file, ini = _ini(here)
    bars: list[Bar] = []
    if isinstance(other, Baseline):
        found, differences = file_rows(past, other), file_differences(past, other)
    else:
        found, differences = rows(past, other), differing(past, other)
        bars = _bars(ini, file, other)
    return decide(found, _settings(ini, file), bars=bars, differences=differences, baseline=past.name)


def _ini(here: Path) -> tuple[Path, Mapping[str, Any]]:
    """The file that pytest would take its settings from here, and what it says; {} where there is none."""
    for file in (folder / name for folder in (here, *here.parents) for name in INI_FILES):
        if file.is_file() and (said := ini_values(file.name, file.read_text("utf-8", "replace"))) is not None:
            return file, said
    return here, {}


def _settings(ini: Mapping[str, Any], file: Path) -> Settings:
    """What a run here would go by. Raises InputError."""
    found: dict[str, Any] = {}
    for field, (name, value) in _SETTINGS.items():
        try:
            found |= {field: value(ini[name])} if ini.get(name) not in (None, "") else {}
        except ValueError as error:
            raise InputError(f"{name}: {error}", path=file) from None
    return Settings(**found)


def _bars(ini: Mapping[str, Any], file: Path, run: RunRecord) -> list[Bar]:
    """The bars of the ini file, as far as the run has cells of theirs."""
    cells = [barring.of_line(line) for line in run.cells.values()]
    try:
        bars = [barring.parse(text) for text in bars_of(ini)]
    except InputError as error:
        raise InputError(f"llm_gate: {error.message}", path=file, hint=error.hint) from None
    return [barring.reach(bar, cells) for bar in bars if any(map(bar.covers, cells))]


def past_of(word: str, here: Path, store: str) -> pasts.Past:
    """What is compared with: a run, a baseline's file, or `store:` and a branch. Raises NotFound, InputError."""
    if word.startswith(BRANCH):
        with opened(store) as opened_store:
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
