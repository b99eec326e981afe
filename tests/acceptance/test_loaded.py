"""What each process of a run imports: nothing that only another one needs, nothing that nothing here asks for."""

from __future__ import annotations

import pytest

from tests.acceptance.conftest import Bench

CONFTEST = """
    import pathlib
    import sys

    def pytest_unconfigure(config):
        worker = getattr(config, "workerinput", {}).get("workerid", "main")
        pathlib.Path(f"{worker}.modules").write_text("\\n".join(sys.modules))
    """

CASES = ("pydantic", "yaml", "pytest_llm.cases.casefile", "pytest_llm.answers.extract", "pytest_llm.checks")
ENGINE = ("asyncio", "uvloop", "sqlalchemy", "pytest_llm.engine.engine", "pytest_llm.providers.ollama")
RECORD = ("pytest_llm.plugin.recording", "pytest_llm.plugin.progress")
UNASKED = (
    "pytest_llm.models.lint",
    "pytest_llm.toolchains",
    "pytest_llm.browsers",
    "jsonschema_rs",
    "sqlalchemy.dialects.postgresql",
)
REPORTS = ("pytest_llm.reports.html", "pytest_llm.reports.viewer.document", "pytest_llm.plugin.foreseen")


@pytest.mark.parametrize(
    ("mode", "loaded"),
    [
        ([], {"main": (*UNASKED, *REPORTS[:2])}),
        (["-n2"], {"main": (*UNASKED, *CASES, *REPORTS), "gw1": (*UNASKED, *ENGINE[1:], *RECORD, *REPORTS[:2])}),
    ],
)
def test_no_process_imports_what_it_does_not_need(
    bench: Bench, mode: list[str], loaded: dict[str, tuple[str, ...]]
) -> None:
    bench.server.answer("", "hello world")
    bench.file("conftest.py", CONFTEST)
    bench.case("parametrize: [{n: 1}, {n: 2}, {n: 3}]\nprompt: hi {{ n }}\nchecks: [{contains: hello}]")
    bench.started("-q", *mode).assert_outcomes(passed=3)
    for process, unwanted in loaded.items():
        modules = set((bench.path / f"{process}.modules").read_text().split())
        assert "pytest_llm.plugin.hooks" in modules
        assert modules & set(unwanted) == set(), process
