"""What a promptfoo configuration holds that case files have nothing for."""

from __future__ import annotations

from dataclasses import dataclass, field


class NoCounterpart(Exception):
    """The message says what to do instead."""


@dataclass
class LeftOut:
    """Gathers it, as lines for people: where it stands, and why it was left out. idle: what changes no verdict."""

    lines: list[str] = field(default_factory=list)
    idle: list[str] = field(default_factory=list)

    def add(self, where: str, why: object) -> None:
        line = f"{where}: {why}"
        if line not in self.lines:
            self.lines.append(line)

    def ignore(self, what: str, instead: str = "") -> None:
        line = f"{what} ({instead})" if instead else what
        if line not in self.idle:
            self.idle.append(line)
