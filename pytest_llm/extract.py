"""Response -> Artifact: the answer without its thinking, and the code in it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CodeBlock:
    """One piece of code in an answer.

    language: normalised ("go", "javascript", "cpp", "html", …), "" where the fence does not say.
    info: the fence's info string as written. line: where the code begins in the answer, from 1.
    fenced: it stood between fences; closed: its fence was closed.
    """

    text: str
    language: str = ""
    info: str = ""
    line: int = 1
    fenced: bool = True
    closed: bool = True


@dataclass(frozen=True)
class Artifact:
    """What the checks look at. `notes` say what a reader must know ("the last code block was never closed")."""

    answer: str
    thinking: str = ""
    blocks: tuple[CodeBlock, ...] = ()
    notes: tuple[str, ...] = ()
