"""`--llm-report` and `pytest-llm report`: the file is there, of the whole run, in every way of running."""

from __future__ import annotations

import base64
import json
import re
import zlib
from pathlib import Path
from typing import Any

import pytest

from pytest_llm.commands.cli import main
from tests.acceptance.conftest import Bench


def top(file: Path) -> Any:
    """The first page's data."""
    found = re.search(r'id="run">([\w+/=]*)<', file.read_text("utf-8"))
    assert found
    return json.loads(zlib.decompress(base64.b64decode(found[1])))


def cases(bench: Bench, wanted: str = "hello") -> None:
    bench.case(f"prompt: hi\nchecks: [{{contains: {wanted}}}]\ntags: [quick]", "one")
    bench.case("prompt: hi\nchecks: [{contains: zzz}, {token_rate: {min: 3}}]", "two")


@pytest.mark.parametrize("mode", [[], ["-n2"]])
def test_a_run_writes_its_report(bench: Bench, mode: list[str]) -> None:
    cases(bench)
    result = bench.process("--llm-report=out/r.html", *mode)
    result.stdout.fnmatch_lines(["pytest-llm: the report: file://*/out/r.html"])
    found = top(bench.path / "out/r.html")
    assert [(cell["id"], cell["outcome"]) for cell in found["cells"]] == [
        ("one[m]", "passed"),
        ("two[m]", "failed"),
    ]
    assert found["columns"][0]["floor"] == 3
    assert found["ended"]


def test_it_stands_beside_the_run_before_and_the_baseline(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cases(bench)
    bench.run("--llm-write-baseline=b.json")
    cases(bench, "nothing")
    bench.run("--llm-report=r.html", "--llm-baseline=b.json", "--llm-store=none", "-q")
    found = top(bench.path / "r.html")
    assert (found["compared"], found["word"]) == ("b.json", "INCONCLUSIVE")
    assert [cell["change"] for cell in found["cells"]] == ["regressed", ""]
    assert len(found["trend"]) == 2
    monkeypatch.chdir(bench.path)
    assert main(["report", "-o", "s.html"]) == 0
    again = top(bench.path / "s.html")
    assert again["compared"].startswith("run 20")
    assert [cell["change"] for cell in again["cells"]] == ["regressed", ""]
    both = [folder.name for folder in sorted((bench.path / ".pytest_llm/runs").iterdir())]
    assert main(["report", *both, "-o", "t.html", "--baseline", "b.json"]) == 0
    assert top(bench.path / "t.html")["run"] == both[-1]
    capsys.readouterr()
    assert main(["report", "nothing-like-it", "-o", "u.html"]) == 1
    assert main(["report", "-o", "."]) == 2
    assert main(["report", "-o", "v.html", "--baseline", "gone.json"]) == 2
    said = capsys.readouterr().err
    for wanted in ("no run is called 'nothing-like-it'", ".: cannot be written", "gone.json"):
        assert wanted in said


def test_where_there_is_none(bench: Bench) -> None:
    cases(bench)
    bench.file("test_plain.py", "def test_plain():\n    pass\n")
    for arguments in (["--collect-only"], ["--llm-dry-run"], ["test_plain.py"]):
        bench.run("--llm-report=r.html", *arguments)
        assert not (bench.path / "r.html").exists()
    result = bench.run("--llm-report=r.html", "-k", "nothing-like-it")
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    result.stdout.fnmatch_lines(["pytest-llm: no cell was run: r.html is not written"])
    bench.file("m.md", "of the run before")
    for arguments in (["--collect-only"], ["--llm-dry-run"], ["--llm-cells=c.jsonl"]):
        bench.run("--llm-markdown=m.md", *arguments)
        assert (bench.path / "m.md").read_text() == "of the run before"
