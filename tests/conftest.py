"""Fixtures that every test may use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fake_ollama import FakeOllama


@pytest.fixture
def fake_ollama() -> Iterator[FakeOllama]:
    """A running fake Ollama 0.33 without models; other versions and clocks: `FakeOllama(...)` itself."""
    with FakeOllama() as server:
        yield server
