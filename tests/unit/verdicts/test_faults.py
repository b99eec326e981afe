"""Every way in which a server can fail, and the verdict that a cell gets: the way from the case file, all real."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from pytest_llm.providers.base import Limits
from pytest_llm.verdicts.verdict import Verdict
from tests.fake_ollama import FAULTS, FakeOllama, VirtualClock
from tests.helpers.asking import PATIENT, desk
from tests.helpers.tiny_gguf import write_gguf

SHORT = Limits(connect=5, first_byte=0.3, silence=0.3)
HASTY = Limits(connect=5, first_byte=60, silence=60, restart=0.3)
VERSIONS = ("0.33.0", "0.24.0")
TWO_CELLS = """
    models: m
    prompt: say hello {{ n }}
    parametrize: [{n: 1}, {n: 2}]
    checks: [{contains: hello}]
    """
ONE_CELL = """
    models: m
    prompt: say hello
    checks: [{contains: hello}]
    """
MODELFILE_CELLS = TWO_CELLS.replace("models: m", "models: mine")

WHOLE_GROUP = {
    "unknown-model": "ollama pull m",
    "not-chat": "does not chat",
    "load-crash": "process has terminated: exit status 2",
    "load-start": "permission denied",
    "load-crash-old": "error loading model",
    "load-stall": "timed out waiting",
    "load-oom": "smaller num_ctx",
    "gpu-only": "full model on GPU",
    "incompatible": "incompatible with your version",
    "forbidden": "Host or Origin",
    "unauthorized": "ollama signin",
    "too-many-requests": "over its limit",
    "bad-gateway": "no such host",
}
ASKED_ONCE_MORE = {
    "runner-stopped": "unexpectedly stopped",
    "runner-died": "unexpected EOF",
    "cuda-error": "CUDA error",
    "runner-loading": "loading model",
    "no-slots": "no slots available",
    "runner-gone": "no longer running",
    "nested": "failed to decode the batch",
    "parser": "failed to parse",
    "no-done": "without its last line",
    "empty-body": "without its last line",
    "half-character": "in the middle of a line",
    "truncated": "broke off after",
    "reset": "broke off after",
    "bad-chunk": "broke off after",
}
AT_ONCE = {
    "html": "a proxy",
    "html-504": "answered 504",
    "html-200": "a page, '502 Bad Gateway'",
    "html-line": "no JSON: <html>",
}
FAILED = {
    "empty": "the answer is empty",
    "only-thinking": "thinking ate the whole budget",
    "repeats": "cut",
    "trimmed": "trimmed the prompt",
    "loops": "repeated 'go' until the server gave up",
    "loops-told": "repeated itself until the server gave up",
}
ELSEWHERE = {
    *("refused", "silent", "slow-load", "queue-full", "cannot-think", "stalled", "no-metrics", "format-ignored"),
    *("think-in-content", "blob-mismatch", "create-failed", "pull-failed", "restarted", "html-429"),
    *("disk-full", "create-race"),
}


def test_every_fault_is_tried() -> None:
    assert {f.name for f in FAULTS} == {*WHOLE_GROUP, *ASKED_ONCE_MORE, *AT_ONCE, *FAILED, *ELSEWHERE}
    assert {f.number for f in FAULTS} == set(range(1, 33))


def serve(version: str = "0.33.0") -> FakeOllama:
    """A server with a thinking model `m` that says hello; its time passes only when somebody waits."""
    server = FakeOllama(version, clock=VirtualClock())
    server.add_model("m", capabilities=("completion", "thinking"))
    server.answer("", "hello to all who are here")
    return server


def asked(server: FakeOllama, path: str = "/api/chat") -> int:
    return len([request for request in server.requests if request.path == path])


def says(verdict: Verdict, words: str) -> None:
    """An ERROR told in full: what was asked, what came (the words), what to do."""
    first = verdict.reasons[0]
    assert verdict.outcome == "error"
    assert "127.0.0.1" in first.message or "'m'" in first.message
    assert words in f"{first.message}\n{first.details}"
    assert first.details
    assert "Traceback" not in str(verdict.findings)


def repeated(verdict: Verdict) -> bool:
    return verdict.outcome == "error" and [f.kind for f in verdict.findings] == ["repeated"]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", WHOLE_GROUP)
def test_an_error_of_the_group_is_told_once(tmp_path: Path, name: str, version: str) -> None:
    with serve(version) as server, desk(tmp_path, server.url) as asking:
        server.fault(name, times=None, path="/api/chat")
        first, second = asking.verdicts(TWO_CELLS)
        if (name, version) != ("load-oom", "0.24.0"):
            says(first, WHOLE_GROUP[name])
        assert repeated(second)
        assert asked(server) == 1
        assert asking.pauses == []


BREAKS_OFF = ("bad-chunk", "reset", "truncated")


@pytest.mark.parametrize(
    ("name", "version"), sorted({*itertools.product(ASKED_ONCE_MORE, VERSIONS)} - {("parser", "0.24.0")})
)  # 0.24 then leaks its slot: tried below
def test_an_answer_that_broke_is_asked_for_once_more(tmp_path: Path, name: str, version: str) -> None:
    with serve(version) as server, desk(tmp_path, server.url) as asking:
        server.fault(name, times=1)
        first, second = asking.verdicts(TWO_CELLS)
        assert (first.outcome, second.outcome) == ("passed", "passed")
        assert first.response
        assert ASKED_ONCE_MORE[name] in first.response.retries[0]
        server.fault(name, times=2)
        first, second = asking.verdicts(TWO_CELLS)
        says(first, ASKED_ONCE_MORE[name])
        says(first, "asked 2 times")
        assert second.outcome == "passed"
        assert asked(server) == 3 + 3
        # A connection that breaks off may be a server going down: it is asked again after a moment, each time.
        assert asking.pauses == ([0.5, 0.5] if name in BREAKS_OFF else [])


@pytest.mark.parametrize("name", ["runner-died", "cuda-error", "parser", "no-done", "truncated", "bad-chunk"])
def test_what_had_been_written_is_kept(tmp_path: Path, name: str) -> None:
    with serve() as server, desk(tmp_path, server.url) as asking:
        server.fault(name, times=2)
        (verdict,) = asking.verdicts(ONE_CELL)
        assert verdict.response
        assert verdict.response.text.startswith("hello")
        assert verdict.response.finish == "unknown"
        assert Verdict.from_plain(verdict.to_plain()) == verdict


@pytest.mark.parametrize("name", AT_ONCE)
def test_what_is_no_answer_of_the_server_is_an_error_at_once(tmp_path: Path, name: str) -> None:
    with serve() as server, desk(tmp_path, server.url) as asking:
        server.fault(name, times=1, path="/api/chat")
        first, second = asking.verdicts(TWO_CELLS)
        says(first, AT_ONCE[name])
        assert second.outcome == "passed"
        assert asked(server) == 2


@pytest.mark.parametrize("name", FAILED)
def test_a_degenerate_answer_fails_the_model(tmp_path: Path, name: str) -> None:
    with serve() as server, desk(tmp_path, server.url) as asking:
        server.fault(name, times=1)
        first, second = asking.verdicts(TWO_CELLS)
        assert first.outcome == "failed"
        assert FAILED[name] in first.reasons[0].message
        assert second.outcome == "passed"


@pytest.mark.parametrize("path", ["/", "/api/chat"])
def test_1_nobody_listens(tmp_path: Path, path: str) -> None:
    with serve() as server, desk(tmp_path, server.url, limits=HASTY) as asking:
        if path == "/api/chat":  # it goes away after it was prepared
            assert asking.verdicts(ONE_CELL)[0].outcome == "passed"
        server.fault("refused")
        first, second = asking.verdicts(TWO_CELLS)
        says(first, "nothing listens")
        says(first, "ollama serve")
        assert ("not back within 0.3 s" in first.reasons[0].details) is (path == "/api/chat")
        assert repeated(second)


@pytest.mark.parametrize("version", VERSIONS)
def test_28_a_server_that_is_started_again_is_waited_for(tmp_path: Path, version: str) -> None:
    with serve(version) as server, desk(tmp_path, server.url) as asking:
        server.fault("restarted", seconds=0.6)
        first, second = asking.verdicts(TWO_CELLS)
        assert (first.outcome, second.outcome) == ("passed", "passed")
        assert first.response
        assert "broke off" in first.response.retries[0]
        assert asked(server) == 3


def test_28_a_server_that_stays_away_is_waited_for_once(tmp_path: Path) -> None:
    with serve() as server, desk(tmp_path, server.url, limits=HASTY) as asking:
        server.fault("restarted", seconds=60)
        first, second = asking.verdicts(TWO_CELLS)
        says(first, "nothing listens")
        says(first, "--llm-restart-timeout")
        assert repeated(second)


@pytest.mark.parametrize("path", ["/api/chat", "/api/show", "/api/version"])
@pytest.mark.parametrize(("said", "pauses"), [("", [1.0, 2.0]), ("7", [7.0, 7.0]), ("86400", [60.0, 60.0])])
def test_29_a_proxy_that_limits_the_rate_is_asked_again(
    tmp_path: Path, path: str, said: str, pauses: list[float]
) -> None:
    with serve() as server, desk(tmp_path, server.url) as asking:
        server.fault("html-429", times=2, path=path, retry_after=said)
        assert [verdict.outcome for verdict in asking.verdicts(TWO_CELLS)] == ["passed", "passed"]
        assert asking.pauses == pauses


@pytest.mark.parametrize("path", ["/api/version", "/api/generate"])
def test_2_a_silent_server_is_waited_for_once(tmp_path: Path, path: str) -> None:
    with serve() as server, desk(tmp_path, server.url, limits=SHORT) as asking:
        server.fault("silent", times=None, path=path)
        first, second = asking.verdicts(TWO_CELLS)
        says(first, "0.3 s")
        assert repeated(second)
        assert server.asked() == []


@pytest.mark.parametrize(
    ("silent", "outcomes"),
    [("1", "epppp"), ("12", "eeeee"), ("13", "epepp"), ("34", "ppeee"), ("1345", "epeee"), ("5", "ppppe")],
)
def test_2_a_slow_cell_is_no_dead_server(tmp_path: Path, silent: str, outcomes: str) -> None:
    five = TWO_CELLS.replace("{n: 2}", "{n: 2}, {n: 3}, {n: 4}, {n: 5}")
    with serve() as server, desk(tmp_path, server.url, limits=SHORT) as asking:
        found = []
        for number, plan in enumerate(asking.plans(five), 1):
            if str(number) in silent:
                server.fault("silent", path="/api/chat")
            found.append(asking.judge(plan))
        assert "".join(verdict.outcome[0] for verdict in found) == outcomes
        in_a_row = outcomes.find("ee")
        assert asked(server) == (in_a_row + 2 if in_a_row >= 0 else 5)


def test_3_a_slow_load_is_waited_for(tmp_path: Path) -> None:
    with serve() as server, desk(tmp_path, server.url, clock=server.clock.now) as asking:
        server.fault("slow-load", seconds=240)
        (verdict,) = asking.verdicts(ONE_CELL)
        assert verdict.outcome == "passed"
        assert verdict.response
        assert verdict.response.usage.load_seconds == pytest.approx(240, abs=1)


@pytest.mark.parametrize(("times", "outcome", "pauses"), [(3, "passed", 3), (None, "error", 5)])
def test_4_a_full_queue_is_asked_again_after_pauses(
    tmp_path: Path, times: int | None, outcome: str, pauses: int
) -> None:
    with serve() as server, desk(tmp_path, server.url) as asking:
        server.fault("queue-full", times=times, path="/api/chat")
        (verdict,) = asking.verdicts(ONE_CELL)
        assert verdict.outcome == outcome
        assert asking.pauses == [1.0, 2.0, 4.0, 8.0, 15.0][:pauses]
        assert asked(server) == pauses + 1
        if times is None:
            says(verdict, "server busy")
            says(verdict, "asked 6 times")


def test_5_what_cannot_think_is_skipped(tmp_path: Path) -> None:
    with serve() as server, desk(tmp_path, server.url) as asking:
        server.add_model("plain")
        verdicts = asking.verdicts(ONE_CELL.replace("models: m", "models: plain\n    think: [on, off]"))
        assert [v.outcome for v in verdicts] == ["skipped", "passed"]
        server.fault("cannot-think", path="/api/chat")
        (verdict,) = asking.verdicts(ONE_CELL.replace("models: m", "models: m\n    think: on"))
        assert verdict.outcome == "skipped"
        assert "cannot think" in verdict.reasons[0].message
        assert "think: off" in verdict.reasons[0].details


def test_9_an_old_server_says_how_much_memory_it_wants(tmp_path: Path) -> None:
    with serve("0.24.0") as server, desk(tmp_path, server.url) as asking:
        server.fault("load-oom")
        (verdict,) = asking.verdicts(ONE_CELL)
        says(verdict, "9.3 GiB")


def test_14_a_nested_complaint_is_what_it_holds(tmp_path: Path) -> None:
    with serve() as server, desk(tmp_path, server.url) as asking:
        (verdict,) = asking.verdicts(
            f"models: m\nprompt: {'far too long ' * 200}\noptions: {{num_ctx: 64}}\nchecks: [contains: x]"
        )
        assert verdict.outcome == "failed"
        assert "does not fit" in verdict.reasons[0].message or "trimmed" in verdict.reasons[0].message


def test_15_an_old_server_leaks_a_slot_and_says_no_more(tmp_path: Path) -> None:
    with serve("0.24.0") as server, desk(tmp_path, server.url, limits=SHORT) as asking:
        server.fault("parser")
        first, second, third = asking.verdicts(TWO_CELLS.replace("{n: 2}", "{n: 2}, {n: 3}"))
        says(first, "sent nothing for 0.3 s")
        says(first, "failed to parse")
        says(second, "two in a row")
        assert repeated(third)


def test_16_an_answer_that_stalls_keeps_what_came(tmp_path: Path) -> None:
    with serve() as server, desk(tmp_path, server.url, limits=SHORT) as asking:
        server.fault("stalled")
        first, second = asking.verdicts(TWO_CELLS)
        says(first, "fell silent: no line for 0.3 s")
        assert first.response
        assert first.response.text.startswith("hello")
        assert second.outcome == "passed"
        assert asked(server) == 2
        assert [c.phase for c in server.cancelled] == ["answer"]


def test_21_an_answer_without_numbers_is_judged_and_its_rate_is_none(tmp_path: Path) -> None:
    with serve() as server, desk(tmp_path, server.url) as asking:
        server.fault("no-metrics", times=2)
        (judged,) = asking.verdicts(ONE_CELL)
        (rated,) = asking.verdicts(ONE_CELL.replace("hello}]", "hello}, {token_rate: 1}]"))
        assert judged.outcome == "passed"
        assert rated.outcome == "failed"
        assert [f.kind for f in rated.reasons] == ["no-measurement"]


def test_23_a_format_that_was_ignored_is_judged_by_the_schema(tmp_path: Path) -> None:
    with serve() as server, desk(tmp_path, server.url) as asking:
        server.answer("", '{"a": 1}')
        text = "models: m\nprompt: give a\nformat: schema\nchecks: [schema: {type: object, required: [a]}]\n"
        server.fault("format-ignored")
        assert [asking.verdicts(text)[0].outcome for _ in range(2)] == ["failed", "passed"]


def test_23_thinking_inside_the_answer_is_split_off(tmp_path: Path) -> None:
    with serve() as server, desk(tmp_path, server.url) as asking:
        server.fault("think-in-content")
        (verdict,) = asking.verdicts(ONE_CELL.replace("models: m", "models: m\n    think: off"))
        assert verdict.outcome == "passed"
        assert verdict.response
        assert "<think>" not in verdict.response.text
        assert verdict.response.thinking
        assert verdict.response.notes


def _with_modelfile(folder: Path, base: str) -> None:
    (folder / "mine.Modelfile").write_text(f"FROM {base}\nPARAMETER temperature 0\n")


@pytest.mark.parametrize(
    ("name", "words"), [("blob-mismatch", "digest mismatch"), ("create-failed", "no space left on device")]
)
def test_24_and_25_what_cannot_be_built_is_told_once(tmp_path: Path, name: str, words: str) -> None:
    write_gguf(tmp_path / "tiny.gguf")
    _with_modelfile(tmp_path, "./tiny.gguf")
    with serve() as server, desk(tmp_path, server.url) as asking:
        server.fault(name, times=None)
        first, second = asking.verdicts(MODELFILE_CELLS)
        says(first, words)
        assert repeated(second)
        assert asking.verdicts(ONE_CELL)[0].outcome == "passed"
        assert asked(server) == 1


def test_25_what_cannot_be_pulled_is_told_once(tmp_path: Path) -> None:
    _with_modelfile(tmp_path, "far/away")
    with serve() as server, desk(tmp_path, server.url, limits=PATIENT, pull=True) as asking:
        server.publish("far/away")
        server.fault("pull-failed", times=None)
        first, second = asking.verdicts(MODELFILE_CELLS)
        says(first, "file does not exist")
        assert repeated(second)
        assert asked(server, "/api/pull") == 1


# Before anything is asked, the server is asked what it has.


@pytest.mark.parametrize("path", ["/api/version", "/api/tags", "/api/show"])
def test_what_breaks_while_a_model_is_prepared_is_told_once(tmp_path: Path, path: str) -> None:
    with serve() as server, desk(tmp_path, server.url) as asking:
        server.fault("html", times=None, path=path)
        first, second = asking.verdicts(TWO_CELLS)
        says(first, "a proxy")
        assert repeated(second)
        assert asked(server) == 0


@pytest.mark.parametrize("name", ["empty-body", "reset"])
def test_what_breaks_once_while_a_model_is_prepared_is_asked_again(tmp_path: Path, name: str) -> None:
    with serve() as server, desk(tmp_path, server.url) as asking:
        server.fault(name, path="/api/show")
        assert [v.outcome for v in asking.verdicts(TWO_CELLS)] == ["passed", "passed"]
        assert asked(server, "/api/show") == 2


def test_no_answer_is_lost_because_the_server_went_away_after_it(tmp_path: Path) -> None:
    with serve() as server, desk(tmp_path, server.url) as asking:
        server.fault("html", times=None, path="/api/ps")
        assert asking.verdicts(ONE_CELL)[0].outcome == "passed"
