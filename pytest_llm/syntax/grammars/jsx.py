"""JavaScript with markup, which its grammar knows."""

from __future__ import annotations

from pytest_llm.syntax.grammars import javascript

GRAMMAR = javascript.GRAMMAR
