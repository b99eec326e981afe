"""Fixtures that every test may use."""

from __future__ import annotations

import signal
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from pytest_llm.browsers.find import locate
from pytest_llm.sandbox import programs
from pytest_llm.toolchains import toolchain
from tests.fake_ollama import FakeOllama
from tests.helpers.forking import ForkServer
from tests.helpers.mono import mono
from tests.helpers.postgres import Postgres, cluster
from tests.helpers.skipping import insist

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# What a property test takes depends on the machine and on what else it does.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

# What a script has started in the background ignores SIGINT, and so would all that the tests start, and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def fake_ollama() -> Iterator[FakeOllama]:
    """A running fake Ollama 0.33 without models; other versions and clocks: `FakeOllama(...)` itself."""
    with FakeOllama() as server:
        yield server


@pytest.fixture(scope="session")
def forks() -> Iterator[ForkServer]:
    """What starts processes of pytest in a fifth of the time; one for each process that runs tests."""
    server = ForkServer()
    yield server
    server.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server; one for each process that runs tests."""
    yield from cluster()


@pytest.fixture
def csharp_by_mono(monkeypatch: pytest.MonkeyPatch) -> None:
    """C# is compiled by Mono's compiler, where there is one, whatever SDK there is."""
    if programs.which("mcs"):
        monkeypatch.setattr(toolchain("csharp"), "_given", mono())


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium that looks at reports as people do; not the one that judges pages."""
    from playwright.sync_api import sync_playwright

    program = locate(None)
    if program is None:
        pytest.skip("no Chromium is installed")
    with sync_playwright() as playwright:
        shown = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield shown
        shown.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return insist((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return insist((yield))
