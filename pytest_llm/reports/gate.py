"""A decision of the gate in words: for the terminal, as Markdown."""

from __future__ import annotations

from pytest_llm.gates.types import Decision


def terminal(decision: Decision) -> list[str]:
    """The lines below the heading of the terminal's section; the last one is the word and its reason."""
    raise NotImplementedError


def markdown(decision: Decision) -> str:
    """The same for a summary of a CI system and a comment on a pull request."""
    raise NotImplementedError
