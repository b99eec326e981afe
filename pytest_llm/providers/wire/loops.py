"""A model that repeats itself: Ollama gives up on it, with an error or without a word.

It counts pieces that are equal but for blanks, and ends the answer after 30 of them: without a last line,
which looks like a server that died. Newer ones say so, after 100.
"""

from __future__ import annotations

from collections.abc import Sequence

from pytest_llm.errors import GenerationLoop, PytestLlmError
from pytest_llm.providers.wire.stream import whole_characters

REPEATS = 24  # what splits off thinking holds some of the 31 pieces back, or joins them


def looped(thinking: Sequence[str], text: Sequence[str]) -> GenerationLoop | None:
    """The error for an answer, in pieces as they came, that ends in one of them again and again; else None."""
    tail = [piece.strip() for piece in (text or thinking)[-REPEATS:]]
    if len(tail) < REPEATS or len(set(tail)) > 1:
        return None
    return GenerationLoop(tail[0] or "blanks", whole_characters("".join(text)), whole_characters("".join(thinking)))


def completed(error: PytestLlmError, thinking: Sequence[str], text: Sequence[str]) -> PytestLlmError:
    """An error that a server told within an answer; that it was a loop is told with what had been written."""
    if not isinstance(error, GenerationLoop):
        return error
    written = whole_characters("".join(text)), whole_characters("".join(thinking))
    return looped(thinking, text) or GenerationLoop("", *written)
