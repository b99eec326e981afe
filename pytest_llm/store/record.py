"""The record of a run as a text of JSON lines, and the values they stand for: docs/runs.md says what each means.

A header, a line for each cell as its verdict came, an end. Lines are ASCII, so that no text of a model's can break
one, and whole lines stay whole whatever happens to the process that writes them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, ItemsView, Iterable, Iterator, Mapping, ValuesView
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from pytest_llm.errors import InputError
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


@dataclass(frozen=True)
class RunRecord:
    """A whole record. cells: by node id, in the run's order, whoever finished first; of a cell that was run again,
    the last time. end: None where the run was killed, or still goes on.
    """

    path: Path
    header: Header
    cells: Mapping[str, CellLine] = field(default_factory=dict)
    end: End | None = None

    @classmethod
    def of(cls, path: Path, header: Header, lines: Iterable[CellLine] = (), end: End | None = None) -> RunRecord:
        """Of cells in memory. lines: as they came."""
        return cls(path, header, _in_order(header, {line.nodeid: line for line in lines}), end)

    @property
    def complete(self) -> bool:
        return self.end is not None and self.end.complete


class Lines(Mapping[str, CellLine]):
    """Cells in the file of a record, each read when it is asked for: thousands of them need the room of one.

    places: of each cell, by node id, the byte at which its line begins. Where the file can no longer be read,
    asking for a cell raises InputError.
    """

    def __init__(self, path: Path, places: Mapping[str, int]) -> None:
        self._path, self.places = path, places

    def __getitem__(self, nodeid: str) -> CellLine:
        return next(self.read([self.places[nodeid]]))

    def read(self, places: Iterable[int]) -> Iterator[CellLine]:
        """The cells whose lines begin at these bytes; the file is opened once."""
        with _told(self._path), self._path.open("rb") as file:
            for place in places:
                file.seek(place)
                yield _value(CellLine, _decoded(file.readline()))

    def values(self) -> ValuesView[CellLine]:
        return _Values(self)

    def items(self) -> ItemsView[str, CellLine]:
        return _Items(self)

    def __contains__(self, nodeid: object) -> bool:
        return nodeid in self.places

    def __iter__(self) -> Iterator[str]:
        return iter(self.places)

    def __len__(self) -> int:
        return len(self.places)


class _Values(ValuesView[CellLine]):
    """All of them, read one after the other."""

    _mapping: Lines

    def __iter__(self) -> Iterator[CellLine]:
        return self._mapping.read(self._mapping.places.values())


class _Items(ItemsView[str, CellLine]):
    """All of them with their names, read one after the other."""

    _mapping: Lines

    def __iter__(self) -> Iterator[tuple[str, CellLine]]:
        return zip(self._mapping, self._mapping.values(), strict=True)


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
    kind = _kind(data)
    if kind is None:
        raise ValueError(f"no line of a record: {data['kind']!r}")
    return _value(kind, data)


def values(path: Path, each: Callable[[Data], Data] = lambda line: line) -> Iterator[Value]:
    """The lines of the record in a file, one after the other, the header first.

    A last line that was torn off is none; kinds and keys that are new are passed over. each: what is kept of a
    cell's line, where that is not all of it. Raises InputError, in a sentence, where the file cannot be read, is
    none, or has a newer format.
    """
    return (value for _, value in _placed(path, each))


def read(path: Path) -> RunRecord:
    """The whole record in a file, as `values` finds it; its cells stay there. Raises InputError."""
    header = Header("")
    places: dict[str, int] = {}
    end: End | None = None
    for place, value in _placed(path):
        match value:
            case Header():
                header = value
            case CellLine():
                places[value.nodeid] = place
            case End():
                end = value
    return RunRecord(path, header, Lines(path, _in_order(header, places)), end)


T = TypeVar("T")


def _in_order(header: Header, found: dict[str, T]) -> dict[str, T]:
    return {nodeid: found.pop(nodeid) for nodeid in header.cells if nodeid in found} | found


def _placed(path: Path, each: Callable[[Data], Data] = lambda line: line) -> Iterator[tuple[int, Value]]:
    """Each value with the byte at which its line begins."""
    with _told(path), path.open("rb") as file:
        found = _parsed(path, file)
        place, header = next(found, (0, {}))
        _check_header(path, header)  # before what a newer format may say in its own way
        yield place, _value(Header, header)
        for place, line in found:
            kind = _kind(line)
            if kind is not None and kind is not Header:
                yield place, _value(kind, each(line) if kind is CellLine else line)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Raises InputError for what can be wrong with a file or with a value in it."""
    try:
        yield
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=path) from None
    except TypeError as error:
        raise InputError(f"a line lacks what it must have: {error}", path=path) from None
    except ValueError:
        raise InputError("was written anew while it was read", path=path) from None


def _parsed(path: Path, lines: Iterable[bytes]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    place = 0
    for number, line in enumerate(lines, 1):
        try:
            data = _decoded(line) if line.strip(b"\n") else None
        except (ValueError, RecursionError):
            if not line.endswith(b"\n"):
                return
            raise InputError("is no line of JSON", path=path, line=number) from None
        if isinstance(data, dict):
            yield place, data
        place += len(line)


def _decoded(line: bytes) -> Any:
    return json.loads(line.decode("ascii", "replace"))


def _check_header(path: Path, header: Mapping[str, Any]) -> None:
    if header.get("kind") != "run":
        raise InputError("is no record of a run: its first line is no header", path=path)
    said = header.get("format")
    if said == FORMAT:
        return
    if isinstance(said, int) and said > FORMAT:
        message = f"was written in format {said} by a newer pytest-llm, this one reads format {FORMAT}"
        raise InputError(message, path=path, hint="update pytest-llm")
    raise InputError(f"is no record of a run: its format is {said!r}", path=path)


def _kind(data: Data) -> type[Value] | None:
    said = data.get("kind")
    return next((kind for kind, word in _KINDS.items() if word == said), None)


V = TypeVar("V", bound=Value)


def _value(kind: type[V], data: Data) -> V:
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
