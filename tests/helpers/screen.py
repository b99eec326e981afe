"""A terminal's screen, as far as progress needs it: what somebody would see in the end, and on the way."""

from __future__ import annotations

import re

_PART = re.compile(r"\x1b[78DM]|\x1b\[[0-9;?]*[A-Za-z]|\r|\n|[^\x1b\r\n]+")


class Screen:
    """Rows that scroll. seen: every row that ever stood there."""

    def __init__(self, rows: int, columns: int) -> None:
        self.rows, self.columns = rows, columns
        self.lines: list[str] = [""] * rows
        self.gone: list[str] = []
        self.seen: set[str] = set()
        self.row = self.column = 0
        self._saved = (0, 0)

    def feed(self, text: str) -> None:
        for part in _PART.findall(text):
            self._take(part)
            self.seen |= set(self.lines)

    def _take(self, part: str) -> None:
        if part == "\r":
            self.column = 0
        elif part in ("\n", "\x1bD"):
            self._down()
        elif part == "\x1b7":
            self._saved = (self.row, self.column)
        elif part == "\x1b8":
            self.row, self.column = self._saved
        elif part.endswith("A") and part.startswith("\x1b["):
            self.row = max(0, self.row - 1)
        elif part.endswith("B") and part.startswith("\x1b["):
            self.row = min(self.rows - 1, self.row + 1)
        elif part == "\x1b[2K":
            self.lines[self.row] = ""
        elif not part.startswith("\x1b"):
            for char in part:
                self._put(char)

    def _put(self, char: str) -> None:
        if self.column == self.columns:
            self.column = 0
            self._down()
        line = self.lines[self.row].ljust(self.column)
        self.lines[self.row] = line[: self.column] + char + line[self.column + 1 :]
        self.column += 1

    def _down(self) -> None:
        if self.row < self.rows - 1:
            self.row += 1
            return
        self.gone.append(self.lines.pop(0))
        self.lines.append("")

    @property
    def text(self) -> list[str]:
        """All rows, those that scrolled away too."""
        return [line.rstrip() for line in (*self.gone, *self.lines)]
