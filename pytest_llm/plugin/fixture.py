"""The `llm` fixture: a Python test asks a model. What it needs is imported when a test uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llm.plugin.asking import ERROR, asks
from pytest_llm.plugin.options import SETTINGS

if TYPE_CHECKING:
    from pytest_llm.plugin.llm import Llm


@pytest.fixture
def llm_model() -> str:
    """The model that `llm` asks where a call names none: each of the run's in turn, "" where the run names none."""
    return ""


@pytest.fixture
def llm_think() -> str:
    """The think mode of `llm` where a call names none: each of the run's in turn."""
    return "default"


@pytest.fixture
def llm(request: pytest.FixtureRequest, llm_model: str, llm_think: str) -> Llm:
    """Asks a model: `llm("prompt", model=…, think=…, format=…)` returns its answer, to be checked."""
    from pytest_llm.plugin.llm import Llm

    return Llm(request.node, llm_model, llm_think)


def pytest_itemcollected(item: pytest.Item) -> None:
    if asks(item):
        from pytest_llm.plugin.session import session

        session(item.config).tests.append(item)


@pytest.hookimpl(trylast=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that uses `llm` is crossed with the models and think modes of the run, unless it says them itself."""
    if not {"llm_model", "llm_think"} & set(metafunc.fixturenames):
        return
    settings = metafunc.config.stash[SETTINGS]
    axes = {"llm_model": settings.models_for(()), "llm_think": settings.thinks or settings.default_thinks}
    said = {name.strip() for mark in metafunc.definition.iter_markers("parametrize") for name in _names(mark)}
    for name, values in axes.items():
        if values and name in metafunc.fixturenames and name not in said:
            ids = [f"think-{value}" if name == "llm_think" else value for value in values]
            metafunc.parametrize(name, list(dict.fromkeys(values)), ids=list(dict.fromkeys(ids)))


def _names(mark: pytest.Mark) -> list[str]:
    names = mark.args[0] if mark.args else mark.kwargs.get("argnames", "")
    return names.split(",") if isinstance(names, str) else list(names)


@pytest.hookimpl(tryfirst=True)
def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    return ("error", "E", "ERROR") if getattr(report, ERROR, False) and report.when == "call" else None
