"""`pytest-llm report [RUN…] -o FILE`: a run as one HTML file, beside earlier ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pytest_llm.commands.compare import past_of
from pytest_llm.commands.naming import kept, pick_run, record_file, told
from pytest_llm.errors import InputError
from pytest_llm.reports.viewer import before, document
from pytest_llm.store import runs
from pytest_llm.store.record import RunRecord, read


def report(words: Sequence[str], output: Path, here: Path, baseline: str = "", store: str = "") -> int:
    """Write the report. 0 it is written, 1 no run goes by that name, 2 something cannot be read or written."""
    return told(lambda: f"{_written(words, output, here, baseline, store)}\n")


def _written(words: Sequence[str], output: Path, here: Path, baseline: str, store: str) -> str:
    newest, *others = sorted((_run(word, here) for word in words or [""]), key=_began, reverse=True)
    past = past_of(baseline, here, store) if baseline else None
    story, earlier = before.story(newest, others or list(before.kept(newest)), past)
    try:
        document.write_file(output, story, earlier)
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", path=output) from None
    return output.resolve().as_uri()


def _run(word: str, here: Path) -> RunRecord:
    """A run by its id, its folder or its file; "" is the latest."""
    if word and (file := record_file(word)):
        return read(file)
    folders = kept(here)
    return read((pick_run(word, folders) if word else folders[0]) / runs.FILE)


def _began(record: RunRecord) -> tuple[str, str]:
    return record.header.started, record.header.run
