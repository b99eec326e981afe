"""A line of a run's record, and the value that it stands for: docs/runs.md says what each means.

Lines are JSON in ASCII, so that no text of a model's can break one.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

from pytest_llm.providers.plain import shallow

FORMAT = 1


@dataclass(frozen=True)
class Header:
    """The first line. cells: the node ids that were selected, in the order in which they were to run.

    collection: a hash of all that were collected, the deselected ones among them. started: ISO 8601, UTC.
    files: the case files that were collected whole. left_out: the cells of theirs that were not selected, however.
    must_pass: the selected cells that block a gate wherever they fail.
    """

    run: str
    started: str = ""
    commit: str = ""
    branch: str = ""
    collection: str = ""
    cells: tuple[str, ...] = ()
    deselected: int = 0
    files: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    must_pass: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CellLine:
    """One cell, judged.

    outcome: of the verdict (passed, failed, error, skipped). reported: what pytest made of it, xfailed and
    xpassed among them. reason: the first one, in a line. file, line: where the case stands. row, values: the
    row's id and a hash of its values. inputs: a hash of what is asked, of the model's files, of the checks and
    what they read. exclusive: whether its numbers were measured with the server alone. temperature: in force by
    the case or its Modelfile, None where neither says one. samples: how many were to be asked; min_pass: how many
    must pass; outcomes: of those that were asked; stopped: the others could not change the verdict. must_pass: a
    gate blocks where it fails. escalate: the think mode in which it is asked once more where it fails, "" for
    none; escalated: only so it passed. started: ISO 8601, UTC; seconds: of setup and call. answers: plain data,
    each with its findings and its files, relative to the run's folder. confirmations: of the same kind, asked
    because the cell failed where a baseline passes; the verdict does not rest on them. checks: what is to hold,
    whether or not something was found: name, stage, label, and the arguments that are numbers and words.
    """

    nodeid: str
    outcome: str
    reported: str = ""
    reason: str = ""
    case: str = ""
    file: str = ""
    line: int = 0
    model: str = ""
    engine: str = ""
    think: str = ""
    row: str = ""
    values: str = ""
    axes: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None
    markers: tuple[str, ...] = ()
    modelfile: str = ""
    inputs: str = ""
    exclusive: bool = False
    temperature: float | None = None
    samples: int = 1
    min_pass: int = 1
    outcomes: tuple[str, ...] = ()
    stopped: bool = False
    must_pass: bool = False
    escalate: str = ""
    escalated: bool = False
    started: str = ""
    seconds: float = 0.0
    answers: tuple[Mapping[str, Any], ...] = ()
    confirmations: tuple[Mapping[str, Any], ...] = ()
    checks: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class End:
    """The last line.

    complete: every selected cell has its line. counts: by what pytest made of the cells. word, because: what the
    gate said, and its reason in a line; "" where there was none.
    """

    complete: bool
    exit_status: int
    counts: Mapping[str, int] = field(default_factory=dict)
    ended: str = ""
    word: str = ""
    because: str = ""


Data = Mapping[str, Any]
Value = Header | CellLine | End
_KINDS: Mapping[type[Value], str] = {Header: "run", CellLine: "cell", End: "end"}
_FIELDS: Mapping[type, tuple[str, ...]] = {kind: tuple(field.name for field in fields(kind)) for kind in _KINDS}


def to_line(value: Value) -> str:
    """One line of JSON with its newline. What JSON cannot say becomes text, an infinite number null."""
    kind = _KINDS[type(value)]
    format_ = {"format": FORMAT} if kind == "run" else {}
    data = {"kind": kind, **format_, **shallow(value)}
    try:
        return _dumped(data)
    except (TypeError, ValueError):  # a key that is no text, an infinite number
        return _dumped(_finite(data))


def from_line(line: str) -> Value:
    """What `to_line` made; keys that are new are passed over. Raises ValueError, TypeError where it is none."""
    data = json.loads(line)
    kind = kind_of(data)
    if kind is None:
        raise ValueError(f"no line of a record: {data['kind']!r}")
    return value_of(kind, data)


def kind_of(data: Data) -> type[Value] | None:
    """What a line's data stand for; None for a kind that is newer."""
    said = data.get("kind")
    return next((kind for kind, word in _KINDS.items() if word == said), None)


V = TypeVar("V", bound=Value)


def value_of(kind: type[V], data: Data) -> V:
    """Of a line's data, without keys that are newer. Raises TypeError where one is lacking."""
    given = ((name, data[name]) for name in _FIELDS[kind] if name in data)
    typed: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in given}
    return kind(**typed)


def _dumped(data: Mapping[str, Any]) -> str:
    return f"{_ENCODER.encode(data)}\n"


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else str(value)


_ENCODER = json.JSONEncoder(allow_nan=False, default=_plain, separators=(",", ":"))


def _finite(value: Any) -> Any:
    """JSON has no infinite numbers."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value
