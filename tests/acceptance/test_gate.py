"""The gate of a run: its four words, its exit codes, what it says, what it writes."""

from __future__ import annotations

import json
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from pytest_llm.store import runs
from pytest_llm.store.record import read
from tests.acceptance.conftest import Bench
from tests.acceptance.test_changed import commit, git

ROOT = Path(__file__).parents[2]
ROWS = """
    prompt: "Say {{ word }}"
    models: m
    tags: [quick]
    parametrize: [%s]
    checks: [{equals: "{{ word }}"}]
    """


def words(bench: Bench, *said: str) -> None:
    """A case with a cell for each word; the server says each, but for those in capitals."""
    bench.case(ROWS % ", ".join(f"{{word: {word.lower()}}}" for word in said))
    for word in said:
        bench.server.answer(f"Say {word.lower()}", word)


def baseline(bench: Bench, **changed: Any) -> dict[str, Any]:
    """The file, with what is to be changed in every cell."""
    file = bench.path / "b.json"
    data: dict[str, Any] = json.loads(file.read_text("utf-8"))
    for cell in data["cells"].values():
        cell.update(changed)
    file.write_text(json.dumps(data), "utf-8")
    return data


def word_of(result: pytest.RunResult) -> str:
    """The last word that the gate said."""
    said = [line.partition(":")[0] for line in result.outlines]
    return [word for word in said if word in ("PASS", "WARN", "BLOCK", "INCONCLUSIVE")][-1]


def ended(bench: Bench) -> Any:
    return read(runs.found(runs.home(bench.path))[0] / runs.FILE).end


@pytest.fixture
def known(bench: Bench) -> Bench:
    """Six words that the model says, and a baseline of that."""
    words(bench, *"abcdef")
    result = bench.run("--llm-write-baseline=b.json")
    result.assert_outcomes(passed=6)
    result.stdout.fnmatch_lines(["pytest-llm: the baseline b.json: 6 written"])
    return bench


def test_the_baseline_that_is_written(known: Bench) -> None:
    data = baseline(known)
    assert list(data) == ["format", "commit", "fingerprints", "cells"]
    first = data["cells"]["t.prompt.yaml::t[m-row1]"]
    assert (first["passed"], first["asked"], first["rate"]) == (1, 1, None)
    assert first["fingerprint"] in data["fingerprints"]
    assert data["fingerprints"][first["fingerprint"]]["answers"]
    assert len({cell["row"] for cell in data["cells"].values()}) == 6


def test_pass(known: Bench) -> None:
    result = known.run("--llm-baseline=b.json", "--junitxml=junit.xml")
    assert (word_of(result), result.ret) == ("PASS", 0)
    assert (ended(known).word, ended(known).exit_status) == ("PASS", 0)
    names = {p.get("name"): p.get("value") for p in ET.parse(known.path / "junit.xml").iter("property")}
    assert names["llm.gate"] == "PASS"
    assert names["llm.gate.reason"] == ended(known).because


def test_known_failures_warn_and_are_green(bench: Bench) -> None:
    words(bench, *"aBcD")
    bench.run("--llm-write-baseline=b.json").assert_outcomes(passed=2, failed=2)
    result = bench.run("--llm-baseline=b.json")
    result.assert_outcomes(passed=2, failed=2)
    assert (word_of(result), result.ret) == ("WARN", 0)
    assert ended(bench).exit_status == 0


def test_everything_worse_is_blocked(known: Bench) -> None:
    baseline(known, passed=10, asked=10)
    words(known, *"ABCDEf")
    result = known.run("--llm-baseline=b.json", "--llm-confirm=0")
    assert (word_of(result), result.ret) == ("BLOCK", 1)


def test_one_flip_beside_single_answers_is_inconclusive(known: Bench) -> None:
    words(known, *"Abcdef")
    result = known.run("--llm-baseline=b.json")
    assert (word_of(result), result.ret) == ("INCONCLUSIVE", 0)
    result.stdout.fnmatch_lines(["*t.prompt.yaml::t?m-row1?*newly failing*", "*before: a", "*now: A"])
    assert known.run("--llm-baseline=b.json", "-o", "llm_inconclusive=fail").ret == 1


def again(bench: Bench) -> dict[str, tuple[int, int]]:
    """Of each cell that was asked again, how many of these answers passed, and how many there are."""
    lines = read(runs.found(runs.home(bench.path))[0] / runs.FILE).cells.values()
    asked = {line.row: line.confirmations for line in lines if line.confirmations}
    passed = {row: [not one["findings"] for one in answers] for row, answers in asked.items()}
    return {row: (sum(every), len(every)) for row, every in passed.items()}


def test_a_cell_that_fails_again_and_again_is_confirmed(known: Bench) -> None:
    baseline(known, passed=10, asked=10)
    words(known, *"Abcdef")
    result = known.run("--llm-baseline=b.json")
    assert (word_of(result), result.ret) == ("BLOCK", 1)
    assert "t.prompt.yaml::t[m-row1] newly fails and failed again" in ended(known).because
    ((row, (passed, asked)),) = again(known).items()
    assert (row, passed) == ("row1", 0)
    assert 3 <= asked <= 12
    requests = [r for r in known.server.requests if r.path == "/api/chat"]
    assert not any("seed" in r.json["options"] for r in requests if "options" in r.json)


def test_a_flake_costs_an_answer_or_two(known: Bench) -> None:
    baseline(known, passed=10, asked=10)
    words(known, *"abcdef")
    said = iter("A" + 12 * "a")
    known.server.answer("Say a", lambda _: next(said))
    result = known.run("--llm-baseline=b.json")
    assert (word_of(result), result.ret) == ("WARN", 0)
    assert again(known)["row1"][1] < 12


def test_who_is_not_asked_again(known: Bench) -> None:
    words(known, *"Abcdef")
    for changed, options in (
        ({"passed": 10, "asked": 10}, ["--llm-confirm=0"]),
        ({"passed": 0, "asked": 10}, []),
        ({"passed": 1, "asked": 1}, []),
    ):
        baseline(known, **changed)
        known.run("--llm-baseline=b.json", *options)
        assert again(known) == {}


def test_seeds_go_on_from_the_last(known: Bench) -> None:
    known.case(ROWS.replace("checks:", "samples: 2\n    options: {seed: 5}\n    checks:") % "{word: a}")
    known.run("--llm-write-baseline=b.json")
    baseline(known, passed=20, asked=20)
    known.server.requests.clear()
    known.server.answer("Say a", "A")
    known.run("--llm-baseline=b.json")
    seeds = [r.json["options"]["seed"] for r in known.server.requests if r.path == "/api/chat"]
    assert seeds == list(range(5, 5 + len(seeds)))
    assert len(seeds) > 4


@pytest.mark.parametrize(
    ("options", "extra", "code"),
    [
        ([], "def test_fails(): assert 0", 1),
        ([], "def test_passes(): pass", 0),
        (["--continue-on-collection-errors"], "assert 0", 1),
        ([], "import pytest\n@pytest.fixture\ndef f():\n    yield\n    assert 0\ndef test_e(f): pass", 1),
        (["-x"], "", 1),
        (["--maxfail=1"], "", 1),
        (["--maxfail=2"], "", 0),
        (["--sw"], "", 2),
        (["-k", "nothing"], "", 5),
    ],
)
def test_only_what_the_baseline_knows_is_forgiven(known: Bench, options: list[str], extra: str, code: int) -> None:
    words(known, *"aBcdef")
    known.run("--llm-write-baseline=b.json")
    known.file("test_other.py", extra)
    (known.path / "pytest.ini").write_text("[pytest]\n")
    assert known.run("--llm-baseline=b.json", *options).ret == code


def test_a_dead_server_is_never_green(known: Bench) -> None:
    words(known, *"aBcdef")
    known.run("--llm-write-baseline=b.json")
    dead = ("--llm-host=127.0.0.1:9", "--llm-connect-timeout=1s")
    result = known.run("--llm-baseline=b.json", *dead)
    result.assert_outcomes(errors=6)
    assert (word_of(result), result.ret) == ("INCONCLUSIVE", 1)
    assert len(baseline(known)["cells"]) == 6
    known.run("--llm-write-baseline=b.json", *dead).stdout.fnmatch_lines(["*b.json: 0 written, 6 kept"])
    assert len(baseline(known)["cells"]) == 6


def test_an_error_within_the_share_is_forgiven(known: Bench) -> None:
    words(known, *"abcdef")
    known.case("models: none\nprompt: hi\nchecks: [{contains: hello}]", "errs")
    result = known.run("--llm-baseline=b.json", "-o", "llm_gate_errors=20%")
    result.assert_outcomes(passed=6, errors=1)
    assert (word_of(result), result.ret) == ("PASS", 0)
    assert known.run("--llm-baseline=b.json", "-o", "llm_gate_errors=10%").ret == 1


def test_bars(known: Bench) -> None:
    words(known, *"aBcdef")
    for bars, code, word in (
        (["--llm-gate=>=80%"], 0, "PASS"),
        (["--llm-gate=>=90%"], 1, "BLOCK"),
        (["--llm-gate=quick@m>=80%", "--llm-gate=@m>=99%"], 1, "BLOCK"),
        (["-o", "llm_gate=quick>=99%"], 1, "BLOCK"),
        (["--llm-baseline=b.json", "--llm-confirm=0", "--llm-gate=>=80%"], 0, "INCONCLUSIVE"),
    ):
        result = known.run(*bars)
        assert (result.ret, word_of(result)) == (code, word)


def test_a_bar_alone_turns_green_into_red(known: Bench) -> None:
    known.case(ROWS.replace("checks:", "marks: [xfail]\n    checks:") % "{word: a}", "x")
    result = known.run("-o", "llm_gate=>=100%")
    assert (result.ret, word_of(result)) == (0, "PASS")
    known.server.answer("long", "hello " + " ".join(map(str, range(90))))
    known.case("prompt: long\nexclusive: true\nchecks: [{contains: hello}]", "y")
    for bar, word in (("rate@m>=100000000", "BLOCK"), ("rate>=0.01", "PASS")):
        result = known.run(f"--llm-gate={bar}", "y.prompt.yaml")
        assert (result.ret, word_of(result)) == (int(word == "BLOCK"), word)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--llm-baseline=none.json"], "*none.json: there is no such baseline*"),
        (["--llm-baseline=t.prompt.yaml"], "*is no baseline*"),
        (["--llm-write-baseline=t.prompt.yaml"], "*is no baseline*"),
        (["--llm-gate=nosuch>=80%"], "*--llm-gate: no cell is meant by 'nosuch>=80%'; the markers are quick, the*"),
        (["--llm-gate=@nosuch>=80%"], "*the models m"),
        (
            ["--llm-gate=rate@m>=8"],
            "*no cell is meant by 'rate@m>=8'*: a rate is measured where a cell is exclusive*",
        ),
        (["--llm-gate=quick>80%"], "*'quick>80%' is no bar*"),
        (["-o", "llm_gate=nosuch>=80%"], "*llm_gate: no cell is meant by*"),
        (["-o", "llm_gate=nosuch"], "*llm_gate: 'nosuch' is no bar*"),
        (["--llm-write-baseline=b.json", "--llm-stop-early"], "*counts all samples: leave out --llm-stop-early*"),
        (["--llm-baseline=store:"], "*--llm-baseline: name a branch, as in store:main*"),
        (["--llm-confirm=-1"], "*--llm-confirm: must be a whole number from 0*"),
        (["-o", "llm_gate_alpha=0"], "*llm_gate_alpha must be above 0% and below 100%*"),
        (["-o", "llm_gate_effect=20"], "*llm_gate_effect: must be a share such as 20% or 0.2, not '20'*"),
        (["-o", "llm_inconclusive=maybe"], "*llm_inconclusive must be pass or fail, not 'maybe'*"),
    ],
)
def test_misuse(bench: Bench, options: list[str], said: str) -> None:
    words(bench, "a")
    result = bench.run(*options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([said])
    assert bench.server.requests == []
    assert not (bench.path / ".pytest_llm").exists()


def test_a_bar_of_the_ini_file_is_not_held_against_a_part(known: Bench) -> None:
    known.case("prompt: hi\nchecks: [{contains: hello}]", "other")
    assert known.run("-o", "llm_gate=quick>=80%", "other.prompt.yaml").ret == 0


def test_without_cells_there_is_no_word(bench: Bench) -> None:
    bench.file("test_other.py", "def test_other(): pass")
    result = bench.run("--llm-baseline=none.json")
    assert result.ret == 0
    result.stdout.no_fnmatch_line("*llm gate*")


def test_what_was_not_selected_is_not_missed(known: Bench) -> None:
    for options in (["-k", "row1"], ["t.prompt.yaml::t[m-row2]"], ["--llm-limit=2"], ["--llm-think=off"]):
        result = known.run("--llm-baseline=b.json", *options)
        assert (word_of(result), result.ret) == ("PASS", 0)
    known.case("prompt: hi\nchecks: [{contains: hello}]", "other")
    assert word_of(known.run("--llm-baseline=b.json", "other.prompt.yaml")) == "INCONCLUSIVE"
    result = known.run("--llm-write-baseline=b.json", "-k", "row1")
    result.stdout.fnmatch_lines(["*b.json: 1 written, 5 kept"])


def test_what_is_gone_and_what_is_new(known: Bench) -> None:
    words(known, "x", *"abcde")
    result = known.run("--llm-baseline=b.json")
    assert (word_of(result), result.ret) == ("WARN", 0)
    assert "1 cell of the baseline is gone" in ended(known).because
    known.run("--llm-write-baseline=b.json").stdout.fnmatch_lines(["*6 written, 1 gone"])
    (known.path / "t.prompt.yaml").rename(known.path / "u.prompt.yaml")
    assert word_of(known.run("--llm-baseline=b.json")) == "INCONCLUSIVE"
    known.run("--llm-write-baseline=b.json").stdout.fnmatch_lines(["*6 written, 6 gone"])


def test_what_was_skipped_is_missing(known: Bench) -> None:
    known.case(ROWS.replace("checks:", "marks: [skip]\n    checks:") % "{word: a}, {word: b}")
    result = known.run("--llm-baseline=b.json")
    assert (word_of(result), result.ret) == ("INCONCLUSIVE", 0)
    assert "2 cells of the baseline had no verdict" in ended(known).because


def test_the_latest_runs_of_a_branch(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_SHA", "c0ffee")
    monkeypatch.setenv("GITHUB_REF_NAME", "main")
    words(bench, *"abcdEf")
    first = bench.run("--llm-baseline=store:main")
    assert (word_of(first), first.ret) == ("INCONCLUSIVE", 1 - 1)
    for _ in range(5):
        bench.run()
    monkeypatch.setenv("GITHUB_REF_NAME", "feature")
    same = bench.run("--llm-baseline=store:main")
    assert (word_of(same), same.ret) == ("WARN", 0)
    words(bench, *"AbcdEf")
    worse = bench.run("--llm-baseline=store:main")
    assert (word_of(worse), worse.ret) == ("BLOCK", 1)
    assert "6 of 6 before" in worse.stdout.str()
    assert again(bench)["row1"][0] == 0
    replayed = bench.run("--llm-baseline=store:main", "--llm-replay")
    assert again(bench) == {}
    assert replayed.ret == 0
    none = bench.run("--llm-baseline=store:main", "--llm-store=none")
    assert none.ret == pytest.ExitCode.USAGE_ERROR
    none.stderr.fnmatch_lines(["*store:main: there is no store to look for its runs*"])


def test_what_the_same_change_weakened_is_said(bench: Bench) -> None:
    words(bench, "a")
    bench.file("pytest.ini", "[pytest]\nllm_gate = quick>=90%\naddopts = --llm-gate '>=30%'\n")
    bench.file(".gitignore", ".pytest_llm\n")
    git(bench.path, "init", "-q")
    commit(bench.path)
    bench.file("pytest.ini", "[pytest]\nllm_gate = quick>=10%\naddopts = --llm-gate=>=20%\n")
    bench.case(ROWS.replace("checks:", "samples: 2\n    min_pass: 1\n    checks:") % "{word: a}")
    result = bench.run("--llm-changed=main")
    assert (word_of(result), result.ret) == ("PASS", 0)
    result.stdout.fnmatch_lines(
        [
            "this change lowers the bar >=30% to >=20%",
            "this change lowers the bar quick>=90% to quick>=10%",
            "this change lowers min_pass of t.prompt.yaml::t from all of 1 to 1 of 2",
        ]
    )


@pytest.mark.parametrize(
    ("case", "code"),
    [
        ("prompt: hi\nchecks: [{equals: zzz}]\nmust_pass: true", 1),
        ("prompt: hi\nchecks: [{equals: zzz}]", 0),
        ("prompt: hi\nchecks: [{contains: hello}]\nmust_pass: true\nmarks: [skip]", 1),
        ("prompt: hi\nchecks: [{contains: hello}]\nmust_pass: true", 0),
        ("prompt: hi\nchecks: [{equals: zzz}]\nmarks: [{xfail: known}]", 0),
        ("prompt: hi\nchecks: [{contains: hello}]\nmarks: [{xfail: {strict: true}}]", 1),
    ],
)
def test_what_must_pass(known: Bench, case: str, code: int) -> None:
    words(known, *"abcdef")
    known.case(case, "must")
    result = known.run("--llm-baseline=b.json")
    assert result.ret == code
    assert (word_of(result) == "BLOCK") == ("must_pass" in case and code == 1)


def test_under_xdist_the_controller_does_it_all(known: Bench) -> None:
    words(known, *"aBcdef")
    known.run("--llm-write-baseline=b.json")
    words(known, *"aBcdeF")
    data = baseline(known)
    data["cells"]["t.prompt.yaml::t[m-row6]"].update(passed=9, asked=9)
    (known.path / "b.json").write_text(json.dumps(data), "utf-8")
    result = known.process("-n2", "--llm-baseline=b.json", "--llm-write-baseline=c.json", "--llm-gate=quick@m>=50%")
    result.assert_outcomes(passed=4, failed=2)
    assert (word_of(result), result.ret) == ("BLOCK", 1)
    result.stdout.fnmatch_lines(["*c.json: 6 written"])
    assert ended(known).word == "BLOCK"
    assert again(known)["row6"][0] == 0
    result = known.process("-n2", "--llm-gate=nosuch>=1%")
    assert result.ret == pytest.ExitCode.USAGE_ERROR


def test_a_modelfile_made_worse_is_caught_and_a_harmless_edit_is_not(bench: Bench) -> None:
    """On the demo model: of a hotter one the answers fall apart."""
    text = (ROOT / "modelfiles" / "demo.Modelfile").read_text("utf-8")
    open_to_chance = "PARAMETER top_p 1\nPARAMETER top_k 0\nPARAMETER min_p 0\n"
    template = text.replace("./demo.gguf", str(ROOT / "modelfiles" / "demo.gguf")) + open_to_chance
    shutil.copytree(ROOT / "cases" / "structured", bench.path / "structured")
    words = []
    for temperature, option in (
        ("0.1", "--llm-write-baseline"),
        ("0.12", "--llm-baseline"),
        ("2", "--llm-baseline"),
    ):
        said = f"PARAMETER temperature {temperature}\n"
        bench.file("modelfiles/mine.Modelfile", template.replace("PARAMETER temperature 0\n", said))
        asked = ("--llm-engine=embedded", "--llm-model=mine", "--llm-samples=3", "-k", "format-off")
        result = bench.run("structured", *asked, f"{option}=b.json")
        words.append((ended(bench).word, result.ret))
    assert words == [("", 0), ("PASS", 0), ("BLOCK", 1)]
    assert any(asked[1] >= 3 for asked in again(bench).values())
