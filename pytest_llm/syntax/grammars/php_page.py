"""PHP within a page."""

from __future__ import annotations

from dataclasses import replace

from pytest_llm.syntax.grammars import php

GRAMMAR = replace(
    php.GRAMMAR,
    function="language_php",
    idle=rf'{php.GRAMMAR.idle} ((text) @unread (#match? @unread "\\S") (#not-match? @unread "<[A-Za-z!/?]"))',
)
