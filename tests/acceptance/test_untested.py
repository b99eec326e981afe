"""Nothing tested is not green: what the last line says, and which exit code follows."""

from __future__ import annotations

import pytest

from tests.acceptance.conftest import Bench
from tests.acceptance.test_changed import commit, git
from tests.acceptance.test_record import records

GOOD = "prompt: hi\nchecks: [{contains: hello}]\n"
SKIPPED = f"{GOOD}marks: [{{skip: 'not now'}}]\n"
CANNOT = f"{GOOD}think: on\n"
NOT_RUN = f"{GOOD}marks: [{{xfail: {{reason: known, run: false}}}}]\n"
FAILS = "prompt: hi\nchecks: [{contains: none}]\n"
XFAILS = f"{FAILS}marks: [{{xfail: known}}]\n"
ONE, TWO = "the one selected cell was skipped", "all 2 selected cells were skipped"


@pytest.fixture
def models(bench: Bench) -> Bench:
    bench.server.add_model("m", capabilities=["completion"])
    return bench


@pytest.mark.parametrize(
    ("cases", "options", "said", "codes"),
    [
        # (without CI, with it)
        ([SKIPPED], [], ONE, (0, 5)),
        ([SKIPPED, CANNOT], [], TWO, (0, 5)),
        ([NOT_RUN], [], ONE, (0, 5)),
        ([SKIPPED, CANNOT], ["--llm-allow-skipped"], TWO, (0, 0)),
        ([SKIPPED, CANNOT, GOOD], [], "", (0, 0)),
        ([SKIPPED, CANNOT, GOOD], ["-k", "not c2"], TWO, (0, 5)),
        ([SKIPPED, XFAILS], [], "", (0, 0)),
        ([SKIPPED, FAILS], [], "", (1, 1)),
        ([CANNOT], ["--llm-strict"], "", (1, 1)),
        ([SKIPPED], ["--collect-only"], "", (0, 0)),
        ([SKIPPED], ["--llm-dry-run"], "", (0, 0)),
        ([GOOD], ["-k", "nothing"], "", (5, 5)),
    ],
)
def test_skipped_cells(
    models: Bench,
    monkeypatch: pytest.MonkeyPatch,
    cases: list[str],
    options: list[str],
    said: str,
    codes: tuple[int, int],
) -> None:
    for number, text in enumerate(cases):
        models.case(text, f"c{number}")
    for ci, code in zip(("", "true"), codes, strict=True):
        monkeypatch.setenv("CI", ci)
        result = models.run(*options)
        hint = " (--llm-allow-skipped accepts that)" if code and ci else ""
        last = result.outlines[-1]
        assert (last == f"pytest-llm: nothing was tested: {said}{hint}") == bool(said), last
        assert "nothing was tested" not in "\n".join(result.outlines[:-1])
        assert result.ret == code


@pytest.mark.parametrize(("cases", "told"), [([SKIPPED], 1), ([SKIPPED, GOOD], 0)])
def test_why_nothing_was_tested_is_told_with_q_too(models: Bench, cases: list[str], told: int) -> None:
    for number, text in enumerate(cases):
        models.case(text, f"c{number}")
    assert models.run("-q").stdout.str().count("1 skipped: not now") == told


def test_python_tests_that_ran_keep_the_run_green(models: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    models.case(SKIPPED)
    models.file("test_a.py", "import pytest\n\n@pytest.mark.skip\ndef test_a(): pass\n")
    assert models.run().ret == 5
    assert [record.end and record.end.exit_status for record in records(models)] == [5]
    models.file("test_b.py", "def test_b(): pass\n")
    result = models.run()
    assert result.ret == 0
    assert result.outlines[-1] == f"pytest-llm: nothing was tested: {ONE}"


@pytest.fixture
def history(models: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"):
        monkeypatch.delenv(name, raising=False)
    models.case(GOOD, "a")
    models.case(GOOD, "b")
    models.file(".gitignore", ".pytest_llm\n__pycache__\n")
    git(models.path, "init", "-q")
    commit(models.path)
    monkeypatch.setenv("CI", "true")
    return models


def test_no_input_is_changed(history: Bench) -> None:
    result = history.run("--llm-changed=main")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["--llm-changed main: 2 cells were left out: no input of theirs differs from *"])
    result.stdout.no_fnmatch_line("*nothing was tested*")
    assert history.run("--llm-changed=main", "-k", "nothing").ret == 5
    history.file("unused.txt", "x")
    assert history.run("--llm-changed=main").ret == 0
    assert history.run("--llm-changed=main", "a.prompt.yaml").ret == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["-k", "b"], "a.prompt.yaml is changed, and no cell that rests on it was selected"),
        (["b.prompt.yaml"], ""),
        ([], ""),
    ],
)
def test_nothing_is_left_though_an_input_is_changed(history: Bench, options: list[str], said: str) -> None:
    history.case(f"# a word\n{GOOD}", "a")
    result = history.run("--llm-changed=main", *options)
    accepts = " (--llm-allow-skipped accepts that)"
    assert (result.outlines[-1] == f"pytest-llm: nothing was tested: {said}{accepts}") == bool(said)
    assert result.ret == (5 if said else 0)
    if said:
        accepted = history.run("--llm-changed=main", "--llm-allow-skipped", *options)
        assert accepted.outlines[-1] == f"pytest-llm: nothing was tested: {said}"
        assert accepted.ret == 0


@pytest.mark.parametrize(
    ("against", "mode"),
    [("--llm-baseline=base.json", []), ("--llm-gate=>=50%", []), ("--llm-baseline=base.json", ["-n2"])],
)
def test_a_gate_says_its_word_where_no_cell_is_left(history: Bench, against: str, mode: list[str]) -> None:
    history.run("--llm-write-baseline=base.json")
    run = history.process if mode else history.run
    result = run("--llm-changed=main", against, *mode)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["PASS: nothing was to be asked: no input of the 2 cells differs"])
    history.case(f"# a word\n{GOOD}", "a")
    result = run("--llm-changed=main", against, "-k", "b", *mode)
    assert result.ret == 5
    result.stdout.fnmatch_lines(
        ["INCONCLUSIVE: nothing was tested: a.prompt.yaml is changed, and no cell that rests on it was selected"]
    )


def test_a_case_that_was_deleted_counts_as_changed(history: Bench) -> None:
    (history.path / "a.prompt.yaml").unlink()
    result = history.run("--llm-changed=main")
    assert result.outlines[-1].startswith("pytest-llm: nothing was tested: a.prompt.yaml is changed, and no cell")
    assert result.ret == 5
    assert history.run("--llm-changed=main", "b.prompt.yaml").ret == 0
    history.case(GOOD, "c")
    assert history.run("--llm-changed=main").ret == 0


def test_by_workers(history: Bench) -> None:
    assert history.process("--llm-changed=main", "-n2").ret == 0
    history.case(SKIPPED, "a")
    result = history.process("--llm-changed=main", "-n2")
    assert result.ret == 5
    assert result.outlines[-1] == f"pytest-llm: nothing was tested: {ONE} (--llm-allow-skipped accepts that)"
