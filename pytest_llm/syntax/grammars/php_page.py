"""PHP within a page."""

from __future__ import annotations

from dataclasses import replace

from pytest_llm.syntax.grammars import php

# Where what a page shows hangs on a condition.
_BRANCHES = "compound_statement colon_block if_statement switch_block case_statement default_statement"
_SHOWN = " ".join(f"({one} (text_interpolation (text) @does))" for one in _BRANCHES.split())

GRAMMAR = replace(
    php.GRAMMAR,
    function="language_php",
    idle=rf"""
    {php.GRAMMAR.idle}
    ([{_SHOWN}] (#match? @does "<[A-Za-z!/]"))
    ((text) @unread (#match? @unread "\\S") (#not-match? @unread "<[A-Za-z!/?]"))
    """,
)
