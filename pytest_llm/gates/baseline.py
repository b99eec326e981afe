"""A baseline as a file: plain, sorted JSON, a line a cell, to be committed and reviewed (docs/gates.md)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Set
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from pytest_llm.errors import InputError
from pytest_llm.store.whole import whole

FORMAT = 1
MOST_ASKED = 10_000  # answers of one cell: exact tests take their time for more
WRITES = "--llm-write-baseline"


@dataclass(frozen=True)
class BaselineCell:
    """What a cell did.

    row: a hash of the values of a row without `id`, "" else. inputs: a hash of what is asked, the model's content
    and the checks. fingerprint: the name of one of the baseline's. passed of asked answers, at least one.
    rate: tokens a second; first_token: seconds; None where nothing was measured.
    """

    row: str
    inputs: str
    fingerprint: str
    passed: int
    asked: int
    rate: float | None = None
    first_token: float | None = None


@dataclass(frozen=True)
class Baseline:
    """A commit, the fingerprints of its models by name, its cells by node id."""

    commit: str = ""
    fingerprints: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    cells: Mapping[str, BaselineCell] = field(default_factory=dict)

    def updated(self, newer: Baseline, gone: Set[str] = frozenset()) -> Baseline:
        """With the cells of a newer one in the place of its own, without those that are `gone`."""
        kept = {id_: cell for id_, cell in self.cells.items() if id_ not in gone}
        cells = {**kept, **newer.cells}
        used = {cell.fingerprint for cell in cells.values()}
        known = {**self.fingerprints, **newer.fingerprints}
        return Baseline(newer.commit, {name: known[name] for name in known if name in used}, cells)


def digits(number: float | None) -> float | None:
    """A number with three digits: what a review need not see does not change the file."""
    return None if number is None else float(f"{number:.3g}")


def dumps(baseline: Baseline) -> str:
    """The text of the file."""
    parts = [f'"format": {FORMAT}', f'"commit": {_json(baseline.commit)}']
    plain = {id_: asdict(cell) for id_, cell in baseline.cells.items()}
    parts += [_table("fingerprints", baseline.fingerprints), _table("cells", plain)]
    return "{\n  " + ",\n  ".join(parts) + "\n}\n"


def _table(name: str, rows: Mapping[str, Any]) -> str:
    lines = ",\n    ".join(f"{_json(key)}: {_json(rows[key])}" for key in sorted(rows))
    return f'"{name}": {{\n    {lines}\n  }}' if rows else f'"{name}": {{}}'


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def write(file: Path, baseline: Baseline) -> None:
    """Write it whole or not at all. Raises InputError where it cannot be written."""
    try:
        with whole(file, errors="surrogatepass") as text:
            text.write(dumps(baseline))
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", path=file) from None


def read(file: Path) -> Baseline:
    """The baseline in a file. Raises InputError, in a sentence, where it is not there, is none, or is newer."""
    try:
        data = json.loads(file.read_text("utf-8", errors="surrogatepass"), parse_constant=_no_number)
    except FileNotFoundError:
        message = "there is no such baseline"
        raise InputError(message, path=file, hint=f"{WRITES} {file.name} writes one") from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=file) from None
    except (ValueError, RecursionError):
        hint = f"{WRITES} writes a new one once it is deleted; where git left its marks in it, settle them"
        raise InputError("is no baseline: it is no JSON", path=file, hint=hint) from None
    return parsed(data, file)


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number of JSON")


def parsed(data: Any, file: Path) -> Baseline:
    """The baseline that plain data stand for; `file` is for the message. Raises InputError."""
    said = data.get("format") if isinstance(data, dict) else None
    if type(said) is int and said > FORMAT:
        message = f"was written in format {said} by a newer pytest-llm, this one reads format {FORMAT}"
        raise InputError(message, path=file, hint="update pytest-llm")
    if type(said) is not int or said != FORMAT:
        raise InputError("is no baseline: it lacks the key `format`", path=file, hint=f"{WRITES} writes one")
    try:
        cells = {id_: _cell(id_, cell) for id_, cell in _mapping(data, "cells").items()}
        prints = _mapping(data, "fingerprints")
        if not all(isinstance(one, dict) for one in prints.values()):
            raise ValueError("`fingerprints` holds something that is none")
        if not isinstance(data.get("commit"), str):
            raise ValueError("`commit` is no text")
    except ValueError as error:
        raise InputError(f"is a damaged baseline: {error}", path=file, hint=f"{WRITES} writes a new one") from None
    return Baseline(data["commit"], prints, cells)


def _mapping(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = data.get(key)
    if not isinstance(found, dict):
        raise ValueError(f"`{key}` is no mapping")
    return found


_TEXT, _COUNT, _NUMBER = (str,), (int,), (int, float, type(None))
_KINDS = {
    **dict.fromkeys(("row", "inputs", "fingerprint"), _TEXT),
    **dict.fromkeys(("passed", "asked"), _COUNT),
    **dict.fromkeys(("rate", "first_token"), _NUMBER),
}


def _cell(id_: str, data: Any) -> BaselineCell:
    if not isinstance(data, dict):
        raise ValueError(f"the cell {id_!r} is no mapping")
    for name, kinds in _KINDS.items():
        if name not in data or type(data[name]) not in kinds:
            raise ValueError(f"`{name}` of {id_!r} is {'missing' if name not in data else repr(data[name])}")
    if not 0 <= data["passed"] <= data["asked"] <= MOST_ASKED or not data["asked"]:
        raise ValueError(f"{id_!r} passed {data['passed']} of {data['asked']}")
    return BaselineCell(**{f.name: data[f.name] for f in fields(BaselineCell)})
