"""What ends a cell, or a Python test, that cannot be judged here: a skip, or what --llm-strict makes of it."""

from __future__ import annotations

import pytest

from pytest_llm.plugin.telling import NotJudged
from pytest_llm.reports import terminal
from pytest_llm.verdicts.verdict import Verdict


def skipped(verdict: Verdict, *, strict: bool, at_item: bool = False) -> BaseException:
    """To be raised. Where a budget is spent nothing is amiss, and no error is made of it.

    at_item: pytest is to show the item's place, not that of the `raise`.
    """
    reason = terminal.skip_reason(verdict)
    if strict and verdict.reasons[0].kind != "budget":
        return NotJudged(f"{reason}\n  --llm-strict makes an error of what would be skipped")
    return pytest.skip.Exception(reason, _use_item_location=at_item)
