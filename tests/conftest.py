"""Fixtures that every test may use."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.fake_ollama import FakeOllama
from tests.helpers.postgres import Postgres, cluster
from tests.helpers.skipping import insist

# What a property test takes depends on the machine and on what else it does.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


@pytest.fixture
def fake_ollama() -> Iterator[FakeOllama]:
    """A running fake Ollama 0.33 without models; other versions and clocks: `FakeOllama(...)` itself."""
    with FakeOllama() as server:
        yield server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server; one for each process that runs tests."""
    yield from cluster()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return insist((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return insist((yield))
