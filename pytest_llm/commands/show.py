"""`pytest-llm show [RUN] [CELL]`: the runs that are kept, the cells of one, or all of one cell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pytest_llm.commands.naming import NotFound, kept, pick, pick_run, record_file, told
from pytest_llm.errors import InputError
from pytest_llm.providers.plain import shallow
from pytest_llm.reports.plain import one_line
from pytest_llm.reports.terminal import every_word
from pytest_llm.store import runs
from pytest_llm.store.line import CellLine
from pytest_llm.store.record import RunRecord, read
from pytest_llm.verdicts.verdict import Verdict


def show(words: Sequence[str], here: Path) -> int:
    """Print what is named. 0 it is shown, 1 there is none by that name (or several), 2 nothing can be read."""
    return told(lambda: "\n".join(_lines(words, here)) + "\n")


def _lines(words: Sequence[str], here: Path) -> Iterator[str]:
    if len(words) == 1 and (file := record_file(words[0])):
        return _cells(read(file))
    if len(words) == 2:
        file = record_file(words[0]) or pick_run(words[0], kept(here)) / runs.FILE
        return _cell(read(file), words[1])
    folders = kept(here)
    if not words:
        return (_run(folder) for folder in folders)
    if words[0] in {folder.name for folder in folders}:
        return _cells(read(pick_run(words[0], folders) / runs.FILE))
    try:
        return _cell(read(folders[0] / runs.FILE), words[0])
    except NotFound:
        if not any(words[0] in folder.name for folder in folders):
            raise
    return _cells(read(pick_run(words[0], folders) / runs.FILE))


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
        yield one_line(
            f"{line.reported:<8} {line.nodeid}{_how(line)}" + (f"  {line.reason}" if line.reason else "")
        )


def _how(line: CellLine) -> str:
    """What a pass does not say of itself; a failure's reason says it."""
    if line.outcome != "passed" or line.samples == 1:
        return "  escalated" if line.escalated else ""
    return f"  {line.outcomes.count('passed')} of {len(line.outcomes)} samples"


def _cell(record: RunRecord, word: str) -> Iterator[str]:
    """Raises NotFound at once."""
    names = list(record.cells)
    line = record.cells[pick(word, names, [f"::{word}", f"/{word}"], "cell", f" in run {record.header.run}")]
    return _details(record, line)


def _details(record: RunRecord, line: CellLine) -> Iterator[str]:
    yield one_line(line.nodeid)
    yield f"  {one_line(line.reported)}" + (f": {one_line(line.reason)}" if line.reason else "")
    yield from (f"  {one_line(said)}" for said in _who(record, line))
    yield ""
    yield from every_word(Verdict.from_plain(shallow(line), record.path.parent))


def _who(record: RunRecord, line: CellLine) -> Iterator[str]:
    yield f"run {record.header.run}{_revision(record)}"
    yield f"model {line.model}, think {line.think}" + (f", {dict(line.options)}" if line.options else "")
    for answer in line.answers[:1]:
        if "text" in answer:
            yield f"answered by {answer['server']} {answer['version']}, {answer['digest'] or 'no digest'}"
