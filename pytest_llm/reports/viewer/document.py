"""The one file: a policy, a stylesheet, the packed data and a script, with nothing fetched and nothing built.

Data is JSON, deflated and in base64, in blocks that are unpacked when they are looked at. No character of it can
end an element or begin one, and the script puts it into the page as text alone.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import IO, Any

from pytest_llm.reports.plain import visible
from pytest_llm.reports.viewer.cell import details, earlier
from pytest_llm.reports.viewer.highlight import CLASSES, coloured
from pytest_llm.reports.viewer.overview import Story, overview
from pytest_llm.reports.viewer.pictures import Picture, picture, room
from pytest_llm.store.line import CellLine
from pytest_llm.store.record import RunRecord
from pytest_llm.store.whole import whole

BLOCK = 40  # cells that are packed together
SCRIPTS = ("dom", "data", "view", "charts", "top", "matrix", "code", "diff", "cell", "keys", "main")
_POLICY = (
    "default-src 'none'; script-src {script}; style-src {style}; img-src data: blob:; base-uri 'none'; "
    "form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="generator" content="pytest-llm">
<title>pytest-llm report</title>
<style>{style}</style>
</head>
<body>
<noscript>This report is shown by a script, which the browser was told not to run.</noscript>
"""


def write_file(file: Path, story: Story, earlier_run: RunRecord | None) -> None:
    """Write the report, whole or not at all. Raises OSError."""
    with whole(file) as out:
        write(story, earlier_run, out)


def write(story: Story, earlier_run: RunRecord | None, out: IO[str]) -> None:
    """Write the report of a run. earlier_run: whose answers stand beside today's, where it has them.

    The run is read cell by cell: all that is held at a time is one block and the pictures' names. Raises OSError.
    """
    script, style = assets()
    policy = _POLICY.format(script=_hash(script), style=_hash(style))
    out.write(_PAGE.format(policy=policy, style=style))
    out.write(_block("run", {**overview(story), "block": BLOCK, "classes": CLASSES}))
    album = Album(sum(map(_pictures, _looked_at(story.record, earlier_run))))
    for number, block in enumerate(_blocks(story.record, earlier_run, album)):
        out.write(_block(f"cells-{number}", block))
        out.writelines(album.fresh())
    out.write(f"<script>{script}</script>\n</body>\n</html>\n")


def assets() -> tuple[str, str]:
    """The script and the stylesheet, each in one piece."""
    folder = files("pytest_llm.reports.viewer") / "page"
    script = "\n".join((folder / f"{name}.js").read_text("utf-8") for name in SCRIPTS)
    return script, (folder / "style.css").read_text("utf-8")


class Album:
    """The report's pictures: each is written once, after the block that speaks of it first."""

    def __init__(self, number: int) -> None:
        self._most = room(number)
        self._places: dict[Path, int | None] = {}
        self._fresh: list[tuple[int, Picture]] = []
        self._taken = 0

    def take(self, path: Path) -> int | None:
        """The place of a picture, None where it cannot be shown."""
        if path not in self._places:
            found = picture(path, self._most)
            self._places[path] = self._taken if found else None
            if found:
                self._fresh.append((self._taken, found))
                self._taken += 1
        return self._places[path]

    def fresh(self) -> Iterator[str]:
        """The elements of those that were taken since."""
        for place, one in self._fresh:
            yield f'<script type="{one.kind}" id="picture-{place}">{one.data}</script>\n'
        self._fresh.clear()


def _looked_at(record: RunRecord, other: RunRecord | None) -> Iterator[CellLine]:
    """The lines whose answers are shown."""
    yield from record.cells.values()
    yield from (line for nodeid, line in other.cells.items() if nodeid in record.cells) if other else ()


def _blocks(record: RunRecord, other: RunRecord | None, album: Album) -> Iterator[list[dict[str, Any]]]:
    cells = (_cell(record, line, other, album) for line in record.cells.values())
    while block := list(islice(cells, BLOCK)):
        _colour(block)
        yield block


def _cell(record: RunRecord, line: CellLine, other: RunRecord | None, album: Album) -> dict[str, Any]:
    cell = details(record, line, album.take)
    if other and (before := other.cells.get(line.nodeid)):
        cell["before"] = earlier(other, before, album.take)
    return cell


def _colour(block: Iterable[Mapping[str, Any]]) -> None:
    """Add the runs of colours to the code in a block, all in one go."""
    parts = [part for cell in block for tab in cell["tabs"] for part in tab["parts"] if part["code"]]
    for part, runs in zip(parts, coloured([(p["language"], p["text"]) for p in parts]), strict=True):
        part["runs"] = runs


def _pictures(line: CellLine) -> int:
    return sum(len(answer.get("files", ())) > 1 and 2 for answer in line.answers)


def _block(name: str, value: Any) -> str:
    text = json.dumps(_shown(value), ensure_ascii=True, separators=(",", ":"))
    packed = b64encode(zlib.compress(text.encode("ascii"), 6)).decode("ascii")
    return f'<script type="application/octet-stream" id="{name}">{packed}</script>\n'


def _shown(value: Any) -> Any:
    """The data with what cannot be seen spelled out: control characters, lone surrogates, turned directions.

    Keys are this module's own.
    """
    if isinstance(value, str):
        return value if value.isascii() and value.isprintable() else visible(value)
    if isinstance(value, Mapping):
        return {key: _shown(item) for key, item in value.items()}
    return [_shown(item) for item in value] if isinstance(value, list | tuple) else value


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
