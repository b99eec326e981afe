"""A key or a password is in no output, whoever sends it back."""

from __future__ import annotations

import pytest

from tests.acceptance.conftest import Bench

PASSWORD, KEY = "pw-geheim-123", "sk-geheim-456"


@pytest.fixture
def leaky(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A server that tells what it was sent: in an answer, in a finding, in an error, in the name of a model."""
    monkeypatch.setenv("PYTEST_LLM_HEADERS", f"X-Api-Key: {KEY}")
    said = f"the key is {KEY}, the password {PASSWORD}"
    bench.server.answer("", f"{said}\n")
    bench.server.add_model(f"other-{KEY}")
    bench.case("prompt: hi\nchecks: [{contains: nothing of this}]", "failed")
    bench.case("prompt: hi\nchecks: [{contains: the key}]", "passed")
    bench.case(
        f"prompt: hi\nchecks: [{{json_path: {{path: $.x, equals: 1}}}}, {{regex: '{KEY[:5]}.*nope'}}]", "json"
    )
    bench.case("prompt: hi\nmodels: othr\nchecks: [{contains: x}]", "missing")
    return bench


@pytest.mark.parametrize("mode", [("-p", "no:xdist"), ("-n2",)], ids=" ".join)
def test_nothing_shows_them(leaky: Bench, mode: tuple[str, ...]) -> None:
    host = leaky.server.url.replace("://", f"://ann:{PASSWORD}@")
    outputs = ("--junitxml=junit.xml", "--html=report.html", "--self-contained-html", "-vv", "-rA")
    result = leaky.process(*mode, *outputs, "--llm-host", host)
    result.assert_outcomes(passed=1, failed=2, errors=1)
    again = [line for line in result.outlines if "again: " in line and "failed" in line]
    assert [("--llm-host" in line, "ann:***@" in line) for line in again] == [(True, True)]
    shown = {"stdout": result.stdout.str(), "stderr": result.stderr.str()}
    files = (file for file in leaky.path.rglob("*") if file.is_file() and not file.name.endswith(".yaml"))
    shown |= {str(file): file.read_text(errors="replace") for file in files}
    assert any("cells.jsonl" in name for name in shown)
    assert [name for name, text in shown.items() if PASSWORD in text or KEY in text] == []


@pytest.mark.parametrize("option", ["--llm-host", "--llm-openai-url"])
def test_an_address_that_is_none_is_told_without_its_password(leaky: Bench, option: str) -> None:
    result = leaky.run(option, f"ftp://ann:{PASSWORD}@host:99999999")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert PASSWORD not in result.stdout.str() + result.stderr.str()
