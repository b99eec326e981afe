"""Waiting for what other threads do."""

from __future__ import annotations

import threading
from collections.abc import Callable


def until(condition: Callable[[], bool]) -> None:
    """Return once it holds, however slow the machine is. Raises AssertionError where it never does."""
    waited = threading.Event()
    for _ in range(60_000):
        if condition():
            return
        waited.wait(0.001)
    raise AssertionError("it never came to that")
