"""What the recordings do not show of the fake server: faults, runners, cancelling, its clock, old versions."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fake_ollama import FAULTS, Ask, FakeOllama, Script, VirtualClock, gguf
from tests.fake_ollama.errors import ApiError
from tests.fake_ollama.names import parse
from tests.fake_ollama.script import Sampler, ThinkParser

ROOT = Path(__file__).parents[3]
CHAT = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}


@pytest.fixture
def server() -> Iterator[FakeOllama]:
    with FakeOllama(clock=VirtualClock()) as running:
        running.add_model("m", capabilities=("completion", "thinking"))
        yield running


def chat(server: FakeOllama, **fields: Any) -> httpx.Response:
    return httpx.post(f"{server.url}/api/chat", json=CHAT | fields, timeout=20)


def final(response: httpx.Response) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(response.text.splitlines()[-1])
    return found


# Faults

STATUS = {
    "queue-full": (503, "server busy, please try again.  maximum pending requests exceeded"),
    "unknown-model": (404, "model 'm' not found"),
    "not-chat": (400, '"m" does not support chat'),
    "cannot-think": (400, '"m" does not support thinking'),
    "load-crash": (500, "llama-server process has terminated: exit status 2"),
    "load-start": (500, "error starting llama-server"),
    "load-crash-old": (500, "llama runner process has terminated"),
    "load-stall": (500, "timed out waiting for llama-server to start"),
    "load-oom": (500, "cudaMalloc failed: out of memory"),
    "gpu-only": (500, "unable to load full model on GPU"),
    "incompatible": (500, "may be incompatible with your version of Ollama"),
    "runner-stopped": (500, "model runner has unexpectedly stopped"),
    "runner-loading": (500, "llm server loading model"),
    "no-slots": (500, "no slots available after 10 retries"),
    "runner-gone": (500, "llama-server process no longer running"),
    "unauthorized": (401, "unauthorized"),
    "too-many-requests": (429, "too many requests"),
    "bad-gateway": (502, "no such host"),
}


@pytest.mark.parametrize("name", STATUS)
def test_a_fault_before_the_first_byte_has_a_status(server: FakeOllama, name: str) -> None:
    server.fault(name)
    broken = chat(server)
    status, text = STATUS[name]
    assert broken.status_code == status
    assert text in broken.json()["error"]
    assert final(chat(server))["done"] is True  # it came once


def test_a_nested_error_is_json_in_a_string(server: FakeOllama) -> None:
    server.fault("nested")
    assert json.loads(chat(server).json()["error"])["error"]["code"] == 500


@pytest.mark.parametrize("name", ["runner-died", "cuda-error", "parser"])
def test_a_fault_after_some_lines_is_a_line(server: FakeOllama, name: str) -> None:
    server.fault(name, after=2)
    broken = chat(server)
    lines = [json.loads(line) for line in broken.text.splitlines()]
    assert broken.status_code == 200
    assert [set(line) >= {"message"} for line in lines] == [True, True, False]
    assert set(lines[-1]) == {"error"}


@pytest.mark.parametrize("name", ["runner-died", "parser"])
def test_without_a_stream_the_same_fault_loses_the_text(server: FakeOllama, name: str) -> None:
    server.fault(name, after=2)
    broken = chat(server, stream=False)
    assert broken.status_code == 500
    assert set(broken.json()) == {"error"}


def test_a_runner_that_died_is_loaded_again(server: FakeOllama) -> None:
    chat(server)
    server.fault(12)
    chat(server)
    chat(server)
    chat(server)
    assert server.loads_of() == {"m:latest": 2}


def test_an_old_parser_failure_wedges_the_model() -> None:
    with FakeOllama("0.24.0") as server:
        server.add_model("m")
        server.fault("parser", after=1)
        chat(server)
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{server.url}/api/chat", json=CHAT, timeout=0.2)


@pytest.mark.parametrize("name", ["silent", "stalled"])
def test_a_silent_server_keeps_the_connection(server: FakeOllama, name: str) -> None:
    server.fault(name)
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{server.url}/api/chat", json=CHAT, timeout=0.2)
    assert server.faults.seen == {name: 1}


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("truncated", httpx.RemoteProtocolError),
        ("bad-chunk", httpx.RemoteProtocolError),
        ("reset", httpx.ReadError),
    ],
)
def test_a_cut_connection_is_seen_as_one(server: FakeOllama, name: str, error: type[Exception]) -> None:
    server.fault(name)
    with pytest.raises(error):
        chat(server)


@pytest.mark.parametrize(
    ("name", "text"), [("no-done", '"done":false}\n'), ("empty-body", ""), ("html-line", "</html>\n")]
)
def test_a_stream_may_end_well_without_its_final_line(server: FakeOllama, name: str, text: str) -> None:
    server.fault(name)
    broken = chat(server)
    assert (broken.status_code, broken.headers["content-type"]) == (200, "application/x-ndjson")
    assert broken.text.endswith(text)
    assert '"done":true' not in broken.text


@pytest.mark.parametrize(("name", "status"), [("html", 502), ("html-504", 504), ("forbidden", 403)])
def test_a_page_instead_of_an_answer(server: FakeOllama, name: str, status: int) -> None:
    server.fault(name)
    broken = chat(server)
    assert broken.status_code == status
    assert broken.text == "" if status == 403 else "<html>" in broken.text


def test_degenerate_answers(server: FakeOllama) -> None:
    server.fault("no-metrics")
    assert set(final(chat(server))) == {"model", "created_at", "message", "done"}
    server.fault("empty")
    assert final(chat(server, stream=False))["message"]["content"] == ""
    server.fault("only-thinking")
    assert final(chat(server))["done_reason"] == "length"
    server.fault("repeats")
    assert chat(server, stream=False).json()["message"]["content"].startswith("go on and")


def test_silent_breaks_of_the_contract(server: FakeOllama) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    assert json.loads(chat(server, stream=False, format=schema).json()["message"]["content"]) == {"n": 1}
    server.fault("format-ignored")
    assert chat(server, stream=False, format=schema).json()["message"]["content"].startswith("Sure!")
    server.fault("think-in-content")
    assert chat(server, stream=False).json()["message"]["content"].startswith("<think>")
    server.fault("trimmed")
    assert final(chat(server))["prompt_eval_count"] == 4096


def test_a_slow_load_shows_in_its_duration(server: FakeOllama) -> None:
    server.fault("slow-load", seconds=90)
    assert final(chat(server))["load_duration"] >= 90e9


def test_refused_until_recovered(server: FakeOllama) -> None:
    server.fault(1)
    with pytest.raises(httpx.ConnectError):
        chat(server)
    server.recover()
    assert final(chat(server))["done"] is True


def test_progress_that_ends_in_an_error(server: FakeOllama) -> None:
    server.publish("far")
    for path, body in (("pull", {"model": "far"}), ("create", {"model": "x", "from": "m"})):
        server.fault(25, path=f"/api/{path}") if path == "create" else server.fault("pull-failed")
        broken = httpx.post(f"{server.url}/api/{path}", json=body)
        assert broken.status_code == 200
        assert "error" in final(broken)
        assert "success" not in broken.text
    data = b"bytes"
    server.fault(24)
    digest = "sha256:277089d91c0bdf4f2e6862ba7e4a07605119431f5d13f726dd352b06f1b206a9"
    broken = httpx.post(f"{server.url}/api/blobs/{digest}", content=data)
    assert broken.status_code == 400
    assert "digest mismatch" in broken.json()["error"]


def test_every_number_of_the_catalogue_has_a_fault() -> None:
    assert {fault.number for fault in FAULTS} == set(range(1, 33))
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)


def test_an_unknown_fault_is_named(server: FakeOllama) -> None:
    with pytest.raises(LookupError, match="no fault 'flood'; there are refused, silent"):
        server.fault("flood")


# Runners


def test_a_pull_brings_the_model(server: FakeOllama) -> None:
    server.publish("far:7b", capabilities=("completion", "tools"))
    assert final(httpx.post(f"{server.url}/api/pull", json={"model": "far:7b"})) == {"status": "success"}
    unknown = httpx.post(f"{server.url}/api/pull", json={"model": "farther"})
    assert final(unknown) == {"error": "pull model manifest: file does not exist"}
    assert "far:7b" in server.models


def test_a_runner_belongs_to_a_blob_and_its_load_options(server: FakeOllama) -> None:
    server.add_model("twin", blob="m", system="Be brief.")
    for model, options in (("m", {}), ("twin", {"temperature": 1}), ("m", {"num_ctx": 2048}), ("twin", {})):
        chat(server, model=model, options=options)
    assert [(load.model, load.options["num_ctx"]) for load in server.loads] == [
        ("m:latest", 4096),
        ("m:latest", 2048),
        ("twin:latest", 4096),
    ]


def test_models_that_do_not_fit_evict_each_other() -> None:
    with FakeOllama(clock=VirtualClock(), memory=9_000_000_000, load_time=5) as server:
        for name in ("a", "b"):
            server.add_model(name, size=5_000_000_000)
        for name in ("a", "b", "a", "a"):
            chat(server, model=name)
        assert server.loads_of() == {"a:latest": 2, "b:latest": 1}
        assert server.scheduler.peak_memory < 9_000_000_000
        server.add_model("huge", size=10_000_000_000)
        assert "out-of-memory" in chat(server, model="huge").json()["error"]


def test_a_runner_leaves_when_its_time_is_over() -> None:
    clock = VirtualClock()
    with FakeOllama(clock=clock, keep_alive=60) as server:
        server.add_model("m")
        chat(server)
        clock.advance(59)
        assert httpx.get(f"{server.url}/api/ps").json()["models"]
        clock.advance(2)
        assert httpx.get(f"{server.url}/api/ps").json() == {"models": []}
        chat(server, keep_alive=0)
        assert httpx.get(f"{server.url}/api/ps").json() == {"models": []}
        assert len(server.loads) == 2


@pytest.mark.parametrize("slots", [1, 3])
def test_no_more_answers_at_a_time_than_slots(slots: int) -> None:
    with FakeOllama(clock=VirtualClock(), slots=slots, token_time=0.01) as server:
        server.add_model("m")
        server.answer("hello", Script("tick tock " * 25))

        async def many() -> list[httpx.Response]:
            async with httpx.AsyncClient(timeout=20) as client:
                asked = (client.post(f"{server.url}/api/chat", json=CHAT) for _ in range(6))
                return await asyncio.gather(*asked)

        answers = asyncio.run(many())
        assert [final(answer)["done"] for answer in answers] == [True] * 6
        assert server.answering.peak == slots
        assert len(server.loads) == 1


def test_a_full_queue_refuses(server: FakeOllama) -> None:
    server.scheduler.limits = type(server.scheduler.limits)(max_queue=0)
    assert chat(server).status_code == 503


def test_time_is_the_clocks_own() -> None:
    clock = VirtualClock(1000.0)
    with FakeOllama(clock=clock, load_time=30, token_time=0.5, prompt_time=2) as server:
        server.add_model("m")
        server.answer("hello", Script(("a",) * 9))
        line = final(chat(server))
        again = final(chat(server))
    assert line["eval_count"] == 10
    assert line["eval_duration"] == pytest.approx(4.5e9)
    assert line["prompt_eval_duration"] == pytest.approx(2e9)
    assert line["total_duration"] == pytest.approx(36.5e9)
    assert again["prompt_eval_count"] == line["prompt_eval_count"]
    assert again["prompt_eval_duration"] < line["prompt_eval_duration"]
    assert clock.now() == pytest.approx(1041.0)


# Cancelling


@pytest.mark.parametrize("phase", ["load", "wait", "answer"])
def test_a_client_that_leaves_is_seen(phase: str) -> None:
    with FakeOllama(slots=1, load_time=60 if phase == "load" else 0, token_time=0.02) as server:
        server.add_model("m")
        server.answer("hello", Script("tick tock " * 10_000))
        first = _leaving(server, until="answer") if phase == "wait" else None
        leaver = _leaving(server, until=phase)
        leaver.close()
        server.wait_for(lambda: [gone.phase for gone in server.cancelled] == [phase])
        if first is not None:
            first.close()
            server.wait_for(lambda: len(server.cancelled) == 2)
        server.wait_for(lambda: server.answering.now == 0)


def test_no_client_that_leaves_in_the_middle_of_an_answer_is_missed() -> None:
    """Whether it is found while reading or while writing."""
    with FakeOllama() as server:
        server.add_model("m")
        server.answer("hello", Script(tuple(f"{number} tick tock " * 100 for number in range(4000))))
        for number in range(1, 31):
            leaver = _leaving(server, until="answer")
            leaver.recv(100)
            leaver.close()
            server.wait_for(partial(_gone, server, number))
        assert {gone.phase for gone in server.cancelled} == {"answer"}
        server.wait_for(lambda: server.answering.now == 0)


def _gone(server: FakeOllama, count: int) -> bool:
    return len(server.cancelled) == count


def _leaving(server: FakeOllama, *, until: str) -> socket.socket:
    before = len(server.requests)
    sock = socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])))
    body = json.dumps(CHAT).encode()
    sock.sendall(b"POST /api/chat HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    reached = threading.Event()
    for _ in range(1000):
        if len(server.requests) > before and server.requests[before].phase == until:
            return sock
        reached.wait(0.01)
    raise AssertionError(f"the request never came to {until!r}")


# Scripts


def test_the_latest_rule_wins_and_may_depend_on_what_was_asked(server: FakeOllama) -> None:
    server.add_model("other")
    server.answer("hello", "general")
    server.answer("hello", lambda ask: f"special for seed {ask.options.get('seed')}", model="other")
    assert chat(server, stream=False, think=False).json()["message"]["content"] == "general"
    special = chat(server, model="other", stream=False, options={"seed": 7}).json()
    assert special["message"]["content"] == "special for seed 7"


def test_a_rule_sees_the_system_message(server: FakeOllama) -> None:
    seen: list[Ask] = []

    def answer(ask: Ask) -> str:
        seen.append(ask)
        return "yes"

    server.add_model("strict", system="Be strict.")
    server.answer("hello", answer)
    chat(server, model="strict")
    chat(server, model="strict", messages=[{"role": "system", "content": "Relax."}, *CHAT["messages"]])
    assert [ask.messages[0]["content"] for ask in seen] == ["Be strict.", "Relax."]
    assert [len(ask.messages) for ask in seen] == [2, 2]


def test_usage_may_lie(server: FakeOllama) -> None:
    server.answer("hello", Script("short", usage={"eval_count": 9000, "load_duration": None}, done_reason="length"))
    line = final(chat(server))
    assert (line["eval_count"], line["done_reason"]) == (9000, "length")
    assert "load_duration" not in line


def test_thirty_equal_pieces_end_an_answer_without_a_word(server: FakeOllama) -> None:
    server.answer("hello", Script(("no ",) * 200, verbatim=True))
    assert '"done":true' not in chat(server).text
    assert chat(server, stream=False).json()["done"] is False


def test_tools_are_called(server: FakeOllama) -> None:
    server.add_model("t", capabilities=("completion", "tools"))
    server.answer("hello", Script("", tool_calls=({"name": "f", "arguments": {"a": 1}},)))
    tools = [{"type": "function", "function": {"name": "f"}}]
    call = chat(server, model="t", stream=False, tools=tools).json()["message"]["tool_calls"][0]
    assert call["function"] == {"index": 0, "name": "f", "arguments": {"a": 1}}


# Versions


def test_the_oldest_version_refuses_what_came_later() -> None:
    with FakeOllama("0.12.6") as server:
        server.add_model("m", capabilities=("completion", "thinking"))
        assert chat(server, model="a b").json() == {"error": "model is required"}
        assert chat(server, think="low").json() == {"error": 'think value "low" is not supported for this model'}
        assert chat(server, think=True).status_code == 200
        body = {"model": "m", "messages": CHAT["messages"], "reasoning_effort": "max"}
        assert httpx.post(f"{server.url}/v1/chat/completions", json=body).status_code == 400


def test_cloud_names_need_an_account(server: FakeOllama) -> None:
    refused = chat(server, model="big:cloud")
    assert refused.status_code == 401
    assert refused.json()["signin_url"].startswith("https://")


def test_requests_are_logged(server: FakeOllama) -> None:
    chat(server)
    httpx.get(f"{server.url}/api/tags", headers={"X-Mine": "yes"})
    assert server.asked() == [CHAT]
    assert server.requests[-1].header("x-mine") == "yes"


def test_a_body_in_chunks_is_put_together(server: FakeOllama) -> None:
    data = json.dumps(CHAT).encode()
    parts = (data[at : at + 7] for at in range(0, len(data), 7))
    assert httpx.post(f"{server.url}/api/chat", content=parts).status_code == 200
    assert server.asked() == [CHAT]


def test_it_runs_as_a_process() -> None:
    command = [sys.executable, "-m", "tests.fake_ollama", "--model", "qwen3:8b,thinking"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            assert httpx.get(f"{url}/api/tags").json()["models"][0]["name"] == "qwen3:8b"
        finally:
            process.terminate()


def test_the_fixture_serves(fake_ollama: FakeOllama) -> None:
    assert httpx.get(f"{fake_ollama.url}/api/version").json() == {"version": "0.33.0"}


# Its parsers


@given(st.text(alphabet="<think>/ ab\n", max_size=60), st.data())
def test_thinking_is_split_alike_however_the_text_arrives(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)))))
    parts = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert _split(parts) == _split([text])


def _split(parts: list[str]) -> tuple[str, str]:
    parser = ThinkParser()
    pairs = [*(parser.feed(part) for part in parts), parser.rest()]
    return "".join(thinking for thinking, _ in pairs), "".join(content for _, content in pairs)


@given(st.lists(st.sampled_from(["a", "b", "ab", "ba", " "]), max_size=12), st.sampled_from(["aba", "bb", "a b"]))
def test_nothing_of_a_stop_word_is_sent(tokens: list[str], stop: str) -> None:
    sent = "".join(step.text or "" for step in Sampler([stop], None).run(tokens))
    assert sent == "".join(tokens).partition(stop)[0]


@given(st.binary(max_size=200))
def test_any_bytes_after_the_magic_are_read_or_refused(data: bytes) -> None:
    with suppress(ApiError):
        assert isinstance(gguf.read(b"GGUF" + data), gguf.Gguf)


@given(st.dictionaries(st.text(min_size=1), st.one_of(st.booleans(), st.integers(0, 2**31), st.text()), max_size=5))
def test_a_written_file_is_read_back(metadata: dict[str, Any]) -> None:
    tensors = (gguf.Tensor("a", "F16", (3, 5)), gguf.Tensor("b", "F32", (7,)))
    assert gguf.read(gguf.write(metadata, tensors)) == gguf.Gguf(metadata, tensors)


@pytest.mark.parametrize(
    ("typed", "short"),
    [
        ("llama3", "llama3:latest"),
        ("hf.co/Org/Repo:Q4_K_M", "hf.co/Org/Repo:Q4_K_M"),
        ("me/m", "me/m:latest"),
        ("foo.gguf", "foo.gguf:latest"),
        ("sha256:" + "0" * 64, "sha256:" + "0" * 64),
        ("http://localhost:5000/ns/m:t", "localhost:5000/ns/m:t"),
        *(
            (bad, None)
            for bad in ("a b", "./foo", "~/foo", "/models/foo", "model:", ":tag", "n.s/m", "x/y/z/w:t", "m@d")
        ),
    ],
)
def test_model_names(typed: str, short: str | None) -> None:
    name = parse(typed)
    assert (name.short if name else None) == short
