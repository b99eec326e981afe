"""The record of a run, in memory and in its file: a header, a line for each cell as its verdict came, an end.

Whole lines stay whole whatever happens to the process that writes them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, ItemsView, Iterable, Iterator, Mapping, ValuesView
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pytest_llm.errors import InputError
from pytest_llm.store.line import FORMAT, CellLine, Data, End, Header, Value, kind_of, value_of


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
                yield value_of(CellLine, _decoded(file.readline()))

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
        yield place, value_of(Header, header)
        for place, line in found:
            kind = kind_of(line)
            if kind is not None and kind is not Header:
                yield place, value_of(kind, each(line) if kind is CellLine else line)


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
