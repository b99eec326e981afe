"""`pytest-llm show [RUN] [CELL]`: the runs that are kept, the cells of one, or all of one cell."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from pytest_llm.errors import InputError, nearest
from pytest_llm.reports.plain import one_line, plain
from pytest_llm.reports.terminal import every_word
from pytest_llm.store import runs
from pytest_llm.store.record import CellLine, RunRecord, read
from pytest_llm.verdicts.verdict import Verdict


class NotFound(Exception):
    """No run or no cell goes by that name."""


def show(words: Sequence[str], here: Path) -> int:
    """Print what is named. 0 it is shown, 1 there is none by that name (or several), 2 nothing can be read."""
    try:
        lines = list(_lines(words, here))
    except NotFound as error:
        print(plain(str(error)), file=sys.stderr)
        return 1
    except InputError as error:
        print(plain(str(error)), file=sys.stderr)
        return 2
    encoding = sys.stdout.encoding or "utf-8"
    text = "\n".join(lines) + "\n"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
    return 0


def _lines(words: Sequence[str], here: Path) -> Iterator[str]:
    if len(words) == 1 and (file := _file(words[0])):
        return _cells(read(file))
    if len(words) == 2:
        file = _file(words[0]) or _pick_run(words[0], _kept(here)) / runs.FILE
        return _cell(read(file), words[1])
    kept = _kept(here)
    if not words:
        return (_run(folder) for folder in kept)
    if words[0] in {folder.name for folder in kept}:
        return _cells(read(_pick_run(words[0], kept) / runs.FILE))
    return _cell(read(kept[0] / runs.FILE), words[0])


def _kept(here: Path) -> list[Path]:
    """The runs of the rootdir that `here` is in, the newest first. Raises InputError where there is none."""
    for folder in (here, *here.parents):
        if found := runs.found(folder / runs.HOME / "runs"):
            return found
    raise InputError(f"no run is kept under {here} or above", hint="pytest keeps one of each run that asks models")


def _file(word: str) -> Path | None:
    """A record that is named by its path, or by that of its folder."""
    path = Path(word)
    if (path / runs.FILE).is_file():
        return path / runs.FILE
    return path if path.name.endswith(".jsonl") and path.is_file() else None


def _pick_run(word: str, kept: Sequence[Path]) -> Path:
    names = [folder.name for folder in kept]
    return kept[names.index(_pick(word, names, [word], "run"))]


def _pick(word: str, names: Sequence[str], tails: Sequence[str], what: str, where: str = "") -> str:
    """The name that is meant: itself, else the one that ends so, else the one that holds it."""
    ways = (
        lambda name: name == word,
        lambda name: name.endswith(tuple(tails)),
        lambda name: word in name,
        lambda name: word.casefold() in name.casefold(),
    )
    for way in ways:
        found = [name for name in names if way(name)]
        if len(found) == 1:
            return found[0]
        if found:
            shown = "\n  ".join(found[:20])
            raise NotFound(f"{len(found)} {what}s are called like {word!r}{where}, name one of them:\n  {shown}")
    raise NotFound(f"no {what} is called {word!r}{where}{nearest(word, _short(names))}")


def _short(names: Sequence[str]) -> list[str]:
    """What somebody may have meant to write of these names: all, the tail, the case's name."""
    tails = [name.rpartition("::")[2] for name in names]
    return list(dict.fromkeys([*names, *tails, *(tail.partition("[")[0] for tail in tails)]))


def _run(folder: Path) -> str:
    try:
        record = read(folder / runs.FILE)
    except InputError as error:
        return f"{folder.name}  {one_line(str(error))}"
    counts: dict[str, int] = {}
    for line in record.cells.values():
        counts[line.reported] = counts.get(line.reported, 0) + 1
    shown = ", ".join(f"{number} {word}" for word, number in counts.items()) or "no cell"
    return one_line(f"{folder.name}  {shown}{_state(record)}{_revision(record)}")


def _state(record: RunRecord) -> str:
    missing = len(set(record.header.cells) - set(record.cells))
    return (
        "" if record.complete else f", {missing} not run" + ("" if record.end else " (killed, or still going on)")
    )


def _revision(record: RunRecord) -> str:
    header = record.header
    return f"  {header.branch} {header.commit[:12]}".rstrip()


def _cells(record: RunRecord) -> Iterator[str]:
    for line in record.cells.values():
        yield one_line(f"{line.reported:<8} {line.nodeid}" + (f"  {line.reason}" if line.reason else ""))


def _cell(record: RunRecord, word: str) -> Iterator[str]:
    names = list(record.cells)
    line = record.cells[_pick(word, names, [f"::{word}", f"/{word}"], "cell", f" in run {record.header.run}")]
    yield one_line(line.nodeid)
    yield f"  {one_line(line.reported)}" + (f": {one_line(line.reason)}" if line.reason else "")
    yield from (f"  {one_line(said)}" for said in _who(record, line))
    yield ""
    yield from every_word(Verdict.from_plain(vars(line), record.path.parent))


def _who(record: RunRecord, line: CellLine) -> Iterator[str]:
    yield f"run {record.header.run}{_revision(record)}"
    yield f"model {line.model}, think {line.think}" + (f", {dict(line.options)}" if line.options else "")
    for answer in line.answers[:1]:
        if "text" in answer:
            yield f"answered by {answer['server']} {answer['version']}, {answer['digest'] or 'no digest'}"
