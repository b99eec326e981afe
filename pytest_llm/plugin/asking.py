"""Which Python tests ask a model, and which one."""

from __future__ import annotations

import pytest

ERROR = "llm_error"  # on a report of a test's call: the harness fell short, and not the model
_OURS = frozenset({"llm", "llm_model", "llm_think"})  # whoever has a fixture `llm` of his own has not all three


def asks(item: pytest.Item) -> bool:
    """Whether an item is a Python test that is handed our `llm`: a cell of the run."""
    return _OURS.issubset(getattr(item, "fixturenames", ()))


def model_of(item: pytest.Item) -> str:
    """The model that a test of these asks where its calls name none, as far as that is known before it runs."""
    return str(getattr(getattr(item, "callspec", None), "params", {}).get("llm_model", ""))
