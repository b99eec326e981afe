"""The record of a run: what is in it, in every way of running, and what happens to it when things go wrong."""

from __future__ import annotations

import json
import os
import signal
import tempfile
import time
import xml.etree.ElementTree as ET
from contextlib import ExitStack

import pytest

from pytest_llm.plugin.session import folder_name
from pytest_llm.store import runs
from pytest_llm.store.line import CellLine
from pytest_llm.store.record import RunRecord, read, values
from pytest_llm.verdicts.verdict import Verdict
from tests.acceptance.conftest import Bench
from tests.fake_ollama import Script

MODES = [[], ["-p", "no:xdist"], ["-n2"]]


def records(bench: Bench) -> list[RunRecord]:
    """The newest first."""
    return [read(folder / runs.FILE) for folder in runs.found(runs.home(bench.path))]


@pytest.fixture
def cells(bench: Bench) -> Bench:
    """One of each outcome."""
    bench.server.add_model("m", capabilities=["completion"])
    bench.case(
        "prompt: hi\nchecks: [{contains: hello}]\noptions: {seed: 7, num_predict: 90}\ntags: [quick]", "passes"
    )
    bench.case("prompt: hi\nchecks: [{equals: zzz}, {warn: {contains: yyy}}]", "fails")
    bench.case("prompt: hi\nchecks: [{equals: zzz}]\nmarks: [{xfail: known}]", "xfails")
    bench.case("prompt: hi\nchecks: [{contains: hello}]\nmarks: [{skip: 'not today'}]", "skips")
    bench.case("prompt: hi\nthink: on\nchecks: [{contains: hello}]", "thinks")
    bench.case("models: none\nprompt: hi\nchecks: [{contains: hello}]", "errs")
    bench.case("prompt: hi\nchecks: [{contains: hello}]", "left-out")
    bench.file("test_other.py", "def test_other():\n    pass\n")
    return bench


REPORTED = {
    "passes": ("passed", "passed"),
    "fails": ("failed", "failed"),
    "xfails": ("failed", "xfailed"),
    "skips": ("skipped", "skipped"),
    "thinks": ("skipped", "skipped"),
    "errs": ("error", "error"),
}


@pytest.mark.parametrize("mode", MODES, ids=" ".join)
def test_one_line_a_cell_in_every_way_of_running(cells: Bench, mode: list[str]) -> None:
    run = cells.process if "-n2" in mode else cells.run
    result = run("-k", "not left-out", "--junitxml=junit.xml", *mode)
    result.assert_outcomes(passed=2, failed=1, xfailed=1, skipped=2, errors=1, deselected=0 if "-n2" in mode else 1)
    (record,) = records(cells)
    by_case = {line.case: line for line in record.cells.values()}
    assert {case: (line.outcome, line.reported) for case, line in by_case.items()} == REPORTED
    assert sum(isinstance(value, CellLine) for value in values(record.path)) == len(REPORTED)
    assert set(record.header.cells) == set(record.cells)
    assert record.header.deselected == 1
    assert record.header.versions["pytest"] == pytest.__version__
    assert record.end
    assert record.end.complete
    assert record.end.exit_status == 1
    assert record.end.counts == {"passed": 1, "failed": 1, "xfailed": 1, "skipped": 2, "error": 1}
    assert by_case["skips"].reason == "not today"
    assert "cannot think" in by_case["thinks"].reason
    assert by_case["skips"].answers == ()
    passes = by_case["passes"]
    assert (passes.seed, passes.options, passes.markers) == (7, {"seed": 7, "num_predict": 90}, ("quick",))
    assert (passes.file, passes.line, passes.model, passes.engine) == ("passes.prompt.yaml", 1, "m", "ollama")
    (answer,) = passes.answers
    assert (answer["stage"], answer["sample"], answer["attempt"], answer["text"]) == ("", 0, 1, "hello world")
    began, seconds = answer["checked"]
    assert answer["began"] <= began < time.time()
    assert 0 <= seconds < 60
    assert answer["request"]["messages"] == [{"role": "user", "content": "hi"}]
    assert answer["digest"]
    assert answer["version"]
    assert answer["server"] == cells.server.url
    assert answer["fingerprint"]["answers"].items() >= {"server": "ollama", "base": "m", "context": 4096}.items()
    assert answer["fingerprint"]["answers"].keys() >= {"version", "digest", "quantisation"}
    assert answer["fingerprint"]["speed"].items() >= {"gpu": 0.0, "slots": 1}.items()
    assert answer["numbers"]["answer_tokens"]
    assert [f["severity"] for f in by_case["fails"].answers[0]["findings"]] == ["failure", "warning"]
    for line in record.cells.values():
        assert line.answers == () or Verdict.from_plain({"answers": line.answers}).outcome == line.outcome
    tree = ET.parse(cells.path / "junit.xml")
    assert "llm_cell" not in ET.tostring(tree.getroot(), "unicode")


def test_the_same_cells_have_the_same_hashes_and_others_have_others(bench: Bench) -> None:
    rows = "parametrize: [{word: hello}, {word: world}]\nchecks: [{contains: '{{ word }}'}]"
    for text in ("prompt: Say {{ word }}", "prompt: Say {{ word }}", "prompt: Tell {{ word }}"):
        bench.case(f"{text}\n{rows}")
        bench.run()
    third, second, first = ([line.inputs for line in record.cells.values()] for record in records(bench))
    assert first == second
    assert not set(first) & set(third)
    lines = [line for record in records(bench) for line in record.cells.values()]
    assert len({line.values for line in lines}) == 2
    assert len({line.inputs for line in lines}) == 4
    assert len({record.header.collection for record in records(bench)}) == 1


@pytest.mark.parametrize("mode", [[], ["-n2"]])
def test_hostile_text_stays_within_its_line(bench: Bench, mode: list[str]) -> None:
    text = 'nul \x00 line \u2028 next \x85 lone \ud800 quote " back \\ turned \u202e \r\n end \U0001f600'
    bench.server.answer("", Script(text))
    bench.case("prompt: hi\nchecks: [{equals: zzz}]")
    bench.process(*mode).assert_outcomes(failed=1)
    (record,) = records(bench)
    (line,) = record.cells.values()
    assert line.answers[0]["text"] == text.replace("\ud800", "\ufffd") or line.answers[0]["text"] == text
    assert record.path.read_bytes().isascii()


def test_stages_and_files(bench: Bench) -> None:
    bench.file(
        "conftest.py",
        """
        from pytest_llm import check

        @check("keeps")
        def keeps(artifact, context):
            context.artifacts.mkdir(parents=True, exist_ok=True)
            (context.artifacts / "note.txt").write_text("noted")
            context.attachments.append(("note", context.artifacts / "note.txt"))
        """,
    )
    stages = "[{name: one, prompt: first, checks: [keeps]}, {name: two, prompt: 'then {{ previous.text }}'}]"
    bench.case(f"stages: {stages}\nchecks: [keeps]")
    bench.run().assert_outcomes(passed=1)
    (record,) = records(bench)
    (line,) = record.cells.values()
    assert [(a["stage"], a["request"]["messages"][-1]["content"]) for a in line.answers] == [
        ("one", "first"),
        ("two", "then hello world"),
    ]
    for answer in line.answers:
        ((label, file),) = answer["files"]
        assert label == "note"
        assert not os.path.isabs(file)
        assert (record.path.parent / file).read_text() == "noted"


def test_cells_with_like_names_keep_their_files_apart() -> None:
    ids = ("a/b.prompt.yaml::c[d]", "a_b.prompt.yaml::c[d]", "名" * 300, "名", "../x", "\ud800")
    names = {folder_name(id_) for id_ in ids}
    assert len(names) == len(ids)
    assert all(len(name) < 120 and name.isascii() and not name.startswith(".") for name in names)


@pytest.mark.parametrize("mode", [["-p", "no:xdist"], ["-n2"]])
def test_kill_loses_no_finished_cell(bench: Bench, mode: list[str]) -> None:
    for number in range(4):
        bench.case(f"prompt: hi\nid: a{number}\nchecks: [{{contains: hello}}]", f"a{number}")
    bench.file(
        "conftest.py",
        "import time\nfrom pytest_llm import check\n\n@check('waits')\ndef waits(a):\n    time.sleep(60)\n",
    )
    bench.case("prompt: hi\nchecks: [waits]", "z")
    with bench.running(*mode) as run:
        end = time.monotonic() + 60
        while time.monotonic() < end and not (records(bench) and len(records(bench)[0].cells) == 4):
            time.sleep(0.1)
        os.killpg(run.pid, signal.SIGKILL)
    (record,) = records(bench)
    assert len(record.cells) == 4
    assert record.end is None


def test_a_stopped_run_is_not_complete(bench: Bench) -> None:
    bench.case("prompt: hi\nchecks: [{contains: zzz}]", "a")
    bench.case("prompt: hi\nchecks: [{contains: zzz}]", "b")
    bench.run("-x").assert_outcomes(failed=1)
    (record,) = records(bench)
    assert record.end
    assert (record.complete, len(record.cells), len(record.header.cells)) == (False, 1, 2)


def test_a_worker_that_dies_costs_its_cell(bench: Bench) -> None:
    bench.file(
        "conftest.py",
        "import os\nfrom pytest_llm import check\n\n@check('dies')\ndef dies(artifact):\n    os._exit(3)\n",
    )
    bench.case("prompt: hi\nchecks: [dies]", "a")
    bench.case("prompt: hi\nchecks: [{contains: hello}]", "b")
    bench.process("-n2")
    (record,) = records(bench)
    assert {line.nodeid.partition(".")[0]: line.reported for line in record.cells.values()} == {
        "a": "failed",
        "b": "passed",
    }
    assert record.complete


@pytest.mark.parametrize("mode", [[], ["-n2"]])
def test_nothing_is_written_where_nothing_is_asked(bench: Bench, mode: list[str]) -> None:
    bench.file("test_other.py", "def test_other():\n    pass\n")
    bench.process(*mode).assert_outcomes(passed=1)
    bench.case("prompt: hi\nchecks: [{contains: hello}]")
    bench.process("--collect-only", *mode)
    bench.process("--llm-dry-run", *mode)
    assert not (bench.path / ".pytest_llm").exists()


@pytest.mark.parametrize("mode", [[], ["-n2"], ["-Werror"]])
def test_where_nothing_can_be_written_the_run_goes_on(
    bench: Bench, tmp_path_factory: pytest.TempPathFactory, mode: list[str]
) -> None:
    (bench.path / ".pytest_llm").write_text("a file, where the folder should be")
    for number in range(3):
        bench.case("prompt: hi\nchecks: [{contains: hello}]", f"t{number}")
    outputs = (
        "--llm-markdown=m.md",
        "--llm-report=r.html",
        f"--llm-store={tmp_path_factory.mktemp('s') / 's.sqlite'}",
    )
    assert bench.process(*mode, *outputs).ret == pytest.ExitCode.OK
    assert "| `m` | 3 | 3 |" in (bench.path / "m.md").read_text("utf-8")
    assert (bench.path / "r.html").exists()
    result = bench.process(*mode)
    result.assert_outcomes(passed=3, warnings=2)
    text = result.stdout.str() + result.stderr.str()
    assert text.count("the record of this run cannot be written") == 1
    assert text.count("store.sqlite cannot be made") == 1
    assert text.count("3 answers of this run are not in it") == 1
    assert "INTERNALERROR" not in text


@pytest.mark.parametrize("written", range(5))  # lines before the disk is full: the header, a cell each, the end
def test_a_disk_that_fills_up_loses_nothing_of_the_reports(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    for number in range(3):
        bench.case("prompt: hi\nchecks: [{contains: hello}]", f"t{number}")
    real, lines = runs.Writer.add, iter(range(100))

    def add(writer: runs.Writer, line: str) -> None:
        if next(lines) >= written:
            raise OSError(28, "No space left on device")
        real(writer, line)

    aside = bench.path / "aside"
    aside.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(aside))
    monkeypatch.setattr(runs.Writer, "add", add)
    result = bench.run("--llm-markdown=m.md", "--llm-report=r.html", "--html=p.html")
    result.assert_outcomes(passed=3)
    assert "| `m` | 3 | 3 |" in (bench.path / "m.md").read_text("utf-8")
    assert "3 of 3" in (bench.path / "p.html").read_text("utf-8")
    assert (bench.path / "r.html").exists()
    result.stdout.fnmatch_lines(["passed * 3/3"])
    assert not [path for path in aside.iterdir() if path.name.startswith("pytest-llm-")]


COPIES_FILL_UP = """
    import json

    from pytest_llm.store import runs

    def add(copy, line, real=runs.Copy.add):
        if json.loads(line)["kind"] == "KIND":
            raise OSError(28, "No space left on device")
        real(copy, line)

    runs.Copy.add = add
"""


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [("cell", "copy.jsonl"), ("cell", ""), ("run", "")],  # else the record's own folder cannot be written
)
def test_a_copy_that_cannot_be_written_leaves_no_file_open(bench: Bench, kind: str, wanted: str) -> None:
    """Or Python's warning of it is, with `-Werror`, an error of whatever runs next."""
    bench.file("conftest.py", COPIES_FILL_UP.replace("KIND", kind))
    if not wanted:
        (bench.path / ".pytest_llm").write_text("a file, where the folder should be")
    for number in range(2):
        bench.case("prompt: hi\nchecks: [{contains: hello}]", f"t{number}")
    result = bench.process("-Werror", "--llm-store=none", f"--llm-jsonl={wanted}")
    result.assert_outcomes(passed=2, warnings=0 if wanted else 1)  # of the copy the last line tells


@pytest.mark.parametrize("mode", [[], ["-n2"]])
def test_a_link_out_of_the_rootdir_is_refused(
    bench: Bench, tmp_path_factory: pytest.TempPathFactory, mode: list[str]
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (bench.path / ".pytest_llm").symlink_to(outside)
    bench.case("prompt: hi\nchecks: [{contains: hello}]")
    result = bench.process(*mode)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "leads out of the rootdir" in result.stdout.str() + result.stderr.str()
    assert "INTERNALERROR" not in result.stdout.str()
    assert list(outside.iterdir()) == []


def test_old_runs_are_swept(bench: Bench) -> None:
    bench.file("pytest.ini", "[pytest]\naddopts = -p no:cacheprovider\nllm_keep_runs = 2\n")
    bench.case("prompt: hi\nchecks: [{contains: hello}]")
    for _ in range(4):
        bench.run().assert_outcomes(passed=1)
    assert len(records(bench)) == 2
    assert len(os.listdir(bench.path / ".pytest_llm/runs")) == 2


def test_runs_side_by_side_do_not_clash(bench: Bench) -> None:
    for number in range(3):
        bench.case("prompt: hi\nchecks: [{contains: hello}]", f"t{number}")
    with ExitStack() as stack:
        started = [stack.enter_context(bench.running("-o", "llm_keep_runs=1")) for _ in range(3)]
        assert [run.wait(100) for run in started] == [0, 0, 0]
    assert records(bench)
    assert all(record.complete and len(record.cells) == 3 for record in records(bench))


def test_the_revision_stands_in_the_header(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_SHA", "c0ffee")
    monkeypatch.setenv("GITHUB_REF_NAME", "main")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(bench.path.parent))
    bench.case("prompt: hi\nchecks: [{contains: hello}]")
    bench.process().assert_outcomes(passed=1)
    (record,) = records(bench)
    assert (record.header.commit, record.header.branch) == ("c0ffee", "main")
    assert json.loads(record.path.read_text().partition("\n")[0])["format"] == 1


def test_an_answer_that_was_cut_off_keeps_what_it_rests_on(bench: Bench) -> None:
    bench.file("script.yaml", "- {text: 'one two three four five six seven', rate: 5}\n")
    bench.case("models: 'scripted:script.yaml'\nprompt: hi\ntimeout: 0.5\nchecks: [{contains: seven}]")
    bench.run().assert_outcomes(failed=1)
    (record,) = records(bench)
    (answer,) = next(iter(record.cells.values())).answers
    assert answer["text"].startswith("one")
    assert answer["fingerprint"] == {
        "answers": {"server": "scripted"},
        "speed": {"machine": "scripted", "slots": 1},
    }
