"""The command: reads a configuration, writes case files, says what was left out."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from pytest_llm.commands.collected import NotCollected, collected
from pytest_llm.commands.promptfoo import config, write
from pytest_llm.errors import InputError
from pytest_llm.reports.plain import one_line, plain


def run(path: Path, target: Path) -> int:
    """Write the case files of `path` into the folder `target`. 0 all of it, 1 something was left out, 2 nothing."""
    try:
        found = config.read(path)
        files = list(write.case_files(found, path.parent, target))
    except (InputError, OSError) as error:
        print(plain(str(error)), file=sys.stderr)
        return 2
    if there := [file for file, _ in files if file.exists()]:
        print(f"{there[0]} is there already; nothing was written: take another folder by --output", file=sys.stderr)
        return 2
    try:
        _write(files, target, path.name)
    except OSError as error:
        print(plain(f"{target} cannot be written: {error.strerror}"), file=sys.stderr)
        return 2
    if not files:
        found.left.add(path.name, "nothing in it makes a case")
    found.left.lines.extend(_mistakes([file for file, _ in files]))
    for line in found.left.lines:
        print(plain(f"left out: {line}"))
    if found.left.idle:
        print(plain(f"of no use here: {', '.join(found.left.idle)}"))
    return 1 if found.left.lines else 0


def _write(files: Sequence[tuple[Path, str]], target: Path, source: str) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for file, text in files:
        file.write_text(f"# from {one_line(source)}\n{text}", encoding="utf-8")
        print(plain(f"wrote {file}"))


def _mistakes(files: Sequence[Path]) -> Iterator[str]:
    """What pytest says of the files: templates mostly, which Nunjucks reads in its own way."""
    if not files:
        return
    try:
        errors = collected(list(map(str, files))).errors
    except NotCollected as error:
        yield str(error)
        return
    yield from (f"mend this by hand: {error['error']}" for error in errors)
