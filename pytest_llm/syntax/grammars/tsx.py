"""TypeScript with markup."""

from __future__ import annotations

from dataclasses import replace

from pytest_llm.syntax.grammars import typescript

GRAMMAR = replace(typescript.GRAMMAR, function="language_tsx")
