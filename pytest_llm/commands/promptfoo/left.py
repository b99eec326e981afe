"""What a promptfoo configuration holds that case files have nothing for."""

from __future__ import annotations

from dataclasses import dataclass, field


class NoCounterpart(Exception):
    """The message says what to do instead."""


@dataclass
class LeftOut:
    """Gathers it, as lines for people: where it stands, and why it was left out."""

    lines: list[str] = field(default_factory=list)

    def add(self, where: str, why: object) -> None:
        line = f"{where}: {why}"
        if line not in self.lines:
            self.lines.append(line)
