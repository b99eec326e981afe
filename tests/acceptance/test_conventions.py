"""A cell that did not pass is told in pytest's own terms: plugins, summaries and CI find what they look for."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest

from tests.acceptance.conftest import Bench

WATCHER = """
    import json
    from pathlib import Path

    import pytest


    class Rude:
        \"\"\"As the settings of pytest-retry: it raises what it likes for a name that it does not know.\"\"\"

        def __getattr__(self, name):
            raise KeyError(name)


    Defaults = Rude()


    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(item, call):
        report = yield
        if call.excinfo:
            error, name = call.excinfo.value, call.excinfo.type.__name__
            kinds = [isinstance(error, kind) for kind in (AssertionError, pytest.fail.Exception)]
            with Path(item.config.rootpath, "seen").open("a") as file:
                file.write(json.dumps([item.name, report.when, f"{name}: {error}", *kinds]) + "\\n")
        return report

    """


@pytest.fixture
def mixed(bench: Bench) -> Bench:
    """Cells of every outcome, one of them with several findings."""
    bench.file("conftest.py", WATCHER)
    bench.case("id: one\nmodels: m\nprompt: hi\nchecks: [contains: hello]\n---\n" + FAILS, "fails")
    bench.case("models: gone\nprompt: hi\nchecks: [contains: hello]", "errs")
    bench.case("prompt: hi\nthink: on\nchecks: [contains: hello]", "skips")
    bench.case("prompt: hi\nmarks: [{xfail: not yet}]\nchecks: [contains: zzz]", "expected")
    return bench


FAILS = "id: two\nmodels: m\nprompt: hi\nchecks:\n  - contains: zzz\n  - equals: yyy\n"
FAILED = "the answer does not contain 'zzz'"


def test_kinds_of_exceptions(mixed: Bench) -> None:
    mixed.run()
    seen = (mixed.path / "seen").read_text()
    assert f'["two[m]", "call", "AssertionError: {FAILED} (and 1 more)", true, false]' in seen
    assert re.search(r'\["errs\[gone\]", "setup", "NotJudged: [^"]*", false, false\]', seen)


def test_nobody_writes_out_the_frames_of_an_error(mixed: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """pytest reads the source of every frame for that, which takes as long as twenty cells."""
    styles = []
    real = pytest.ExceptionInfo.getrepr

    def getrepr(self: pytest.ExceptionInfo[BaseException], *args: object, **kwargs: Any) -> object:
        styles.append(kwargs.get("style"))
        return real(self, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(pytest.ExceptionInfo, "getrepr", getrepr)
    mixed.run().assert_outcomes(passed=1, failed=1, errors=1, skipped=1, xfailed=1)
    assert set(styles) == {"value"}


STYLES = ("auto", "long", "short", "line", "native", "no")


@pytest.mark.parametrize(
    ("style", "mode", "ci"),
    [
        *((style, [], ci) for style in STYLES for ci in (False, True)),
        ("auto", ["-n2"], True),
        ("line", ["-n2"], False),
    ],
)
def test_every_style(mixed: Bench, monkeypatch: pytest.MonkeyPatch, style: str, mode: list[str], ci: bool) -> None:
    """One line a cell in the summary, with the reason; the story below its header, as long as was asked for."""
    if ci:
        monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("COLUMNS", "200")
    run = mixed.process if mode else mixed.run
    result = run(f"--tb={style}", *mode)
    result.assert_outcomes(passed=1, failed=1, errors=1, skipped=1, xfailed=1)
    text = result.stdout.str()
    summary = text.partition("short test summary info")[2].splitlines()[1:-1]
    assert len([line for line in summary if line.startswith(("FAILED ", "ERROR "))]) == 2
    assert f"FAILED fails.prompt.yaml::two[m] - {FAILED} (and 1 more)" in summary
    assert next(line for line in summary if line.startswith("ERROR errs.prompt.yaml::errs[gone] - "))
    told = text.partition("short test summary info")[0]
    assert ("failed: contains" in told) == (style not in ("line", "no"))
    assert ("numbers: " in told) == (style not in ("line", "no", "short"))
    assert ("fails.prompt.yaml:6: " + FAILED in told) == (style == "line")
    assert "Traceback" not in text


@pytest.mark.parametrize(("argument", "shown"), [("--show-capture=no", False), ("--show-capture=all", True)])
def test_what_was_captured(mixed: Bench, argument: str, shown: bool) -> None:
    text = mixed.run(argument, "-rf").stdout.str()
    assert ("Captured prompt call" in text) == shown


def test_junit_says_the_reason_in_one_line(mixed: Bench) -> None:
    mixed.run("--junitxml=j.xml")
    tree = ET.parse(mixed.path / "j.xml")
    failure, error = tree.find(".//failure"), tree.find(".//error")
    assert failure is not None
    assert error is not None
    assert failure.get("message") == f"{FAILED} (and 1 more)"
    assert "again: pytest" in (failure.text or "")
    assert "\n" not in (error.get("message") or "\n")


RETRIES = """
    import pytest

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(item, call):
        report = yield
        if report.failed:
            item._initrequest()  # as pytest-retry does
            again = pytest.CallInfo.from_call(item.runtest, when="call")
            print("again:", again.excinfo.typename)
        return report
    """


def test_a_cell_that_is_run_once_more_by_another_plugin(mixed: Bench) -> None:
    """Nor does it pass where it is called although its setup said that it cannot be judged."""
    mixed.file("conftest.py", RETRIES)
    text = mixed.run("-s").stdout.str()
    assert text.count("again: AssertionError") == 1
    assert text.count("again: NotJudged") == 1
