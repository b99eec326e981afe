"""Modelfiles as pytest items: which are, and what becomes of them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.acceptance.conftest import Bench
from tests.helpers.tiny_gguf import write_header

GOOD = "FROM m\nSYSTEM Be brief.\n"
ODD = "FROM m\nPARAMETER temprature 1\nPARAMETER top_p 3\n"
BAD = "FROM m\nPARAMETER seed x\nSYSTEM hi\nREQUIRES soon\n"


@pytest.fixture
def folder(bench: Bench) -> Bench:
    bench.file("modelfiles/good.Modelfile", GOOD)
    bench.file("modelfiles/odd.Modelfile", ODD)
    bench.file("modelfiles/bad.Modelfile", BAD)
    bench.file("modelfiles/small/tiny.Modelfile", GOOD)
    bench.file("other/Modelfile", GOOD)
    bench.file("test_x.py", "def test_x(): pass\n")
    return bench


def ids(bench: Bench, *arguments: str) -> set[str]:
    shown = bench.run("--collect-only", "-qq", *arguments).outlines
    return {line.partition(":")[0].rpartition("/")[2] for line in shown if "Modelfile: " in line}


ALL = {"good.Modelfile", "odd.Modelfile", "bad.Modelfile", "tiny.Modelfile"}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("", set()),
        (".", set()),
        ("test_x.py", set()),
        ("modelfiles", ALL),
        ("modelfiles/", ALL),
        ("./modelfiles test_x.py", ALL),
        ("modelfiles/good.Modelfile", {"good.Modelfile"}),
        ("modelfiles/good.Modelfile::good modelfiles/bad.Modelfile", {"good.Modelfile", "bad.Modelfile"}),
        ("modelfiles/small", {"tiny.Modelfile"}),
        ("other", {"Modelfile"}),
        ("other/Modelfile", {"Modelfile"}),
        (". other", {"Modelfile"}),
        ("modelfiles -m modelfile -k odd", {"odd.Modelfile"}),
        ("modelfiles -m not(modelfile)", set()),
        ("modelfiles -o llm_modelfiles=other", ALL - {"tiny.Modelfile"}),
        ("-o testpaths=modelfiles", set()),
        ("-o testpaths=.", set()),
        ("modelfiles --llm-cells out.jsonl", set()),
    ],
)
def test_which_become_items(folder: Bench, arguments: str, expected: set[str]) -> None:
    assert ids(folder, *arguments.split()) == expected


def test_the_folder_itself_may_be_named_from_within(folder: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.path / "modelfiles")
    assert ids(folder) == set()
    assert ids(folder, ".") == ALL


@pytest.mark.parametrize("mode", [[], ["-n2"]])
def test_what_becomes_of_them(folder: Bench, mode: list[str]) -> None:
    result = (folder.process if mode else folder.run)("modelfiles", *mode)
    result.assert_outcomes(passed=3, failed=1, warnings=2)
    result.stdout.fnmatch_lines(
        [
            "modelfiles/bad.Modelfile:2: PARAMETER seed takes a whole number, not 'x' (and 1 more)",
            "*modelfiles/bad.Modelfile:4: REQUIRES takes a version*",
        ]
    )
    shown = result.stdout.str()
    assert "modelfiles/odd.Modelfile:2: LlmWarning: unknown PARAMETER 'temprature'" in shown
    assert "modelfiles/odd.Modelfile:3: LlmWarning: PARAMETER top_p 3 is out of range, 0 to 1" in shown
    assert "Traceback" not in shown
    assert folder.server.requests == []
    assert not (folder.path / ".pytest_llm").exists()


MANY = (
    "FROM m\nSYTEM hi\nPARAMETER seed x\nPARAMETER temprature 1\nPARAMETER top_p 3\n"
    'TEMPLATE """{{ .Prompt }}\n{{ if }}"""\nREQUIRES soon\nADAPTER ./none.gguf\n'
)


@pytest.mark.parametrize("options", ["", "--llm-strict"])
def test_mistakes_of_all_kinds_are_told_at_once(folder: Bench, options: str) -> None:
    folder.file("modelfiles/bad.Modelfile", MANY)
    kind = "" if options else "warning: "
    result = folder.run("modelfiles/bad.Modelfile", *options.split())
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "modelfiles/bad.Modelfile:2: unknown command 'SYTEM'*(and 6 more)",
            "*bad.Modelfile:2: unknown command 'SYTEM', did you mean 'SYSTEM'?",
            "*bad.Modelfile:3: PARAMETER seed takes a whole number*",
            "*bad.Modelfile:7: TEMPLATE is no template: missing value for if",
            "*bad.Modelfile:8: REQUIRES takes a version*",
            f"*bad.Modelfile:4: {kind}unknown PARAMETER 'temprature'*",
            f"*bad.Modelfile:5: {kind}PARAMETER top_p 3 is out of range*",
            f"*bad.Modelfile:9: {kind}ADAPTER ./none.gguf: there is no such file*",
        ]
    )


def test_cells_are_told_all_that_is_refused(folder: Bench) -> None:
    folder.file("modelfiles/bad.Modelfile", MANY)
    folder.case("models: bad\nprompt: hi\nchecks: [{contains: hello}]")
    result = folder.run("t.prompt.yaml")
    result.assert_outcomes(errors=1)
    for line in (2, 3, 7, 8):
        result.stdout.fnmatch_lines([f"*bad.Modelfile:{line}: *"])


def test_strict_fails_what_is_warned_of(folder: Bench) -> None:
    result = folder.run("modelfiles", "--llm-strict")
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(["modelfiles/odd.Modelfile:2: unknown PARAMETER*(and 1 more)"])


def test_the_ceiling_of_a_system_is_a_setting(folder: Bench) -> None:
    folder.file("modelfiles/good.Modelfile", f'FROM m\nSYSTEM """{"word " * 100}"""\n')
    only = "modelfiles/good.Modelfile"
    folder.run(only).assert_outcomes(passed=1)
    folder.run(only, "-o", "llm_system_tokens=100").assert_outcomes(passed=1, warnings=1)


def test_cells_and_modelfiles_run_together(folder: Bench) -> None:
    folder.case("models: good\nprompt: hi\nchecks: [{contains: hello}]")
    folder.run("t.prompt.yaml", "modelfiles/good.Modelfile", "--strict-markers").assert_outcomes(passed=2)


def test_junit_has_the_line(folder: Bench) -> None:
    folder.run("modelfiles/bad.Modelfile", "--junitxml=j.xml").assert_outcomes(failed=1)
    assert "bad.Modelfile:4: REQUIRES" in (folder.path / "j.xml").read_text("utf-8")


def test_files_and_memory(folder: Bench) -> None:
    layers: dict[str, Any] = {
        "block_count": 32,
        "embedding_length": 4096,
        "attention__head_count": 32,
        "attention__head_count_kv": 8,
    }
    write_header(folder.path / "modelfiles/own.gguf", 2**30, **layers)
    (folder.path / "modelfiles/small/cut.gguf").write_bytes(b"GGUF")
    start = "PARAMETER num_ctx 32768\nTEMPLATE {{ .Prompt }}\n"
    folder.file("modelfiles/good.Modelfile", f"FROM ./own.gguf\n{start}")
    folder.file("modelfiles/odd.Modelfile", "FROM ./none.gguf\nTEMPLATE {{ .Prompt }}\n")
    folder.file("modelfiles/bad.Modelfile", f"FROM ./small/cut.gguf\n{start}")
    result = folder.run("modelfiles", "-o", "llm_vram=4.5 GiB")
    result.assert_outcomes(passed=3, failed=1, warnings=2)
    result.stdout.fnmatch_lines(
        [
            "modelfiles/bad.Modelfile:1: *cut.gguf is no whole GGUF file*",
            "*good.Modelfile:2: LlmWarning: with num_ctx 32768*llm_vram is 4.5 GiB: a num_ctx of 28672 would fit",
            "*odd.Modelfile:1: LlmWarning: FROM ./none.gguf: there is no such file*",
        ]
    )
    folder.run("modelfiles/good.Modelfile", "-o", "llm_vram=5GiB").assert_outcomes(passed=1)
