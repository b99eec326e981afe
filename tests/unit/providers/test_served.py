"""The clients against a server: models built and asked, faults, clients that leave."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest

from pytest_llm.cases.request import ChatRequest, Message
from pytest_llm.errors import (
    BrokenAnswer,
    GenerationLoop,
    ModelUnavailable,
    PromptTooLong,
    ProviderError,
    PytestLlmError,
    RequestRefused,
    ServerBusy,
    ServerDown,
    Unanswered,
    Unsupported,
)
from pytest_llm.models.modelfile import load
from pytest_llm.models.reference import ModelRef
from pytest_llm.providers.base import Limits, Provider, Response
from pytest_llm.providers.ollama.client import OllamaProvider
from pytest_llm.providers.ollama.models import NotThere
from pytest_llm.providers.openai.client import OpenAIProvider
from tests.fake_ollama import FAULTS, FakeOllama, Script, VirtualClock

T = TypeVar("T")
LIMITS = Limits(connect=20, first_byte=20, silence=20)
SHORT = {"silent": Limits(connect=20, first_byte=0.3), "stalled": Limits(connect=20, silence=0.3)}
M = ModelRef("m", "ollama", "m")
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}


def question(model: ModelRef = M, text: str = "hello", **more: Any) -> ChatRequest:
    return ChatRequest(model, (Message("user", text),), **more)


def visit(provider: Provider, do: Callable[[Provider], Awaitable[T]]) -> T:
    async def main() -> T:
        try:
            return await do(provider)
        finally:
            await provider.close()

    return asyncio.run(main())


def ask(server: FakeOllama, request: ChatRequest, limits: Limits = LIMITS) -> Response:
    return visit(OllamaProvider(server.url, limits), lambda p: p.chat(request))


def ask_prepared(server: FakeOllama, request: ChatRequest) -> Response:
    async def both(provider: Provider) -> Response:
        await provider.prepare(request.model)
        return await provider.chat(request)

    return visit(OllamaProvider(server.url, LIMITS), both)


def serving(version: str = "0.33.0", **more: Any) -> FakeOllama:
    return FakeOllama(version, clock=VirtualClock(), **more)


VERDICTS: dict[str, tuple[type[Exception], str, int]] = {
    "silent": (Unanswered, "request", 0),
    "queue-full": (ServerBusy, "request", 5),
    "unknown-model": (NotThere, "model", 0),
    "not-chat": (ModelUnavailable, "model", 0),
    "cannot-think": (Unsupported, "", 0),
    **dict.fromkeys(("load-crash", "load-start", "load-crash-old", "load-stall"), (ModelUnavailable, "model", 0)),
    **dict.fromkeys(("load-oom", "gpu-only", "incompatible"), (ModelUnavailable, "model", 0)),
    **dict.fromkeys(("runner-stopped", "runner-died", "cuda-error"), (BrokenAnswer, "request", 1)),
    **dict.fromkeys(("runner-loading", "no-slots", "runner-gone"), (BrokenAnswer, "request", 1)),
    **dict.fromkeys(("nested", "parser", "no-done", "empty-body"), (BrokenAnswer, "request", 1)),
    **dict.fromkeys(("truncated", "reset", "bad-chunk", "half-character"), (BrokenAnswer, "request", 1)),
    "stalled": (BrokenAnswer, "request", 0),
    **dict.fromkeys(("loops", "loops-told"), (GenerationLoop, "", 0)),
    **dict.fromkeys(("html", "html-504", "html-200", "html-line"), (ProviderError, "request", 0)),
    "forbidden": (RequestRefused, "server", 0),
    **dict.fromkeys(("unauthorized", "too-many-requests", "bad-gateway"), (ModelUnavailable, "model", 0)),
}
ANSWERED = {"slow-load", "no-metrics", "empty", "only-thinking", "repeats", "format-ignored", "think-in-content"}
ELSEWHERE = {
    *("refused", "restarted", "html-429", "disk-full", "create-race", "trimmed", "blob-mismatch"),
    *("create-failed", "pull-failed"),
}


def test_every_fault_of_the_catalogue_has_its_place() -> None:
    assert {fault.name for fault in FAULTS} == {*VERDICTS, *ANSWERED, *ELSEWHERE}


@pytest.mark.parametrize("version", ["0.12.6", "0.24.0", "0.33.0"])
@pytest.mark.parametrize("name", VERDICTS)
def test_the_error_of_a_fault(name: str, version: str) -> None:
    kind, reach, retry = VERDICTS[name]
    with serving(version) as server:
        server.add_model("m", capabilities=("completion", "thinking"))
        server.fault(name, path="" if name.startswith("html") else "/api/chat")
        with pytest.raises(PytestLlmError) as caught:
            ask(server, question(), SHORT.get(name, LIMITS))
    assert type(caught.value) is kind
    if isinstance(caught.value, ProviderError):
        assert (caught.value.reach, caught.value.retry) == (reach, retry)


@pytest.mark.parametrize("name", sorted(ANSWERED))
def test_a_fault_that_is_an_answer(name: str) -> None:
    with serving() as server:
        server.add_model("m", capabilities=("completion", "thinking"))
        server.fault(name, seconds=30)
        response = ask(server, question(think=True))
    assert (name == "empty") is (response.text == "" and response.thinking == "")
    assert (name == "only-thinking") is (response.text == "" and response.thinking != "")
    assert (name == "think-in-content") is bool(response.notes)
    assert (name == "no-metrics") is (response.usage.answer_tokens is None)
    if name == "slow-load":
        assert (response.usage.load_seconds or 0) >= 30


def test_a_refused_connection() -> None:
    with serving() as server:
        server.fault("refused")
        with pytest.raises(ServerDown, match="nothing listens"):
            ask(server, question())


LONG = question(text="word " * 3000, options={"num_ctx": 512, "num_predict": 4})
JINJA = "{{ messages }}"  # of the GGUF itself: such a model is no one's to render from 0.30 on


@pytest.mark.parametrize(
    ("version", "template"), [("0.12.6", ""), ("0.24.0", ""), ("0.33.0", ""), ("0.33.0", JINJA)]
)
def test_a_prompt_that_does_not_fit_is_refused(version: str, template: str) -> None:
    with serving(version) as server:
        server.add_model("m", chat_template=template)
        with pytest.raises(PromptTooLong, match="does not fit"):
            ask_prepared(server, LONG)
        assert server.asked()[0].items() >= {"truncate": False, "shift": False}.items()


@pytest.mark.parametrize(
    ("version", "trim", "read"), [("0.12.3", False, 512), ("0.24.0", True, 512), ("0.33.0", True, 258)]
)
def test_who_does_not_know_truncate_or_is_not_told_trims_it(version: str, trim: bool, read: int) -> None:
    with serving(version) as server:
        server.add_model("m")
        response = ask_prepared(server, replace(LONG, trim=trim))
        assert not server.asked()[0].keys() & {"truncate", "shift"}
    assert response.context_length == 512
    assert response.usage.prompt_tokens == read
    assert not response.refuses


SMALL, LARGE = question(options={"num_ctx": 512}), question(options={"num_ctx": 1024})
OTHER = question(ModelRef("other", "ollama", "other"))


@pytest.mark.parametrize(
    ("asked", "looks"),
    [
        ([question()] * 4, 1),
        ([question(text=f"thing {n}", options={"seed": n}, timeout=n + 1) for n in range(4)], 1),  # one runner
        ([SMALL, SMALL, LARGE, LARGE, SMALL], 3),
        ([question(), replace(question(), trim=True)], 2),
        ([question(), question(), OTHER, OTHER, question()], 3),
        ([None, None], 0),  # what unloads a model between two questions is no question
        ([question(), None, question(), question()], 2),
        ([question(keep_alive=0)] * 3, 3),  # it is gone when it is looked for
    ],
)
def test_how_a_model_runs_is_asked_once_a_load(asked: list[ChatRequest | None], looks: int) -> None:
    async def every(provider: Provider) -> list[Response]:
        found = []
        for request in asked:
            if request is None:
                server.scheduler.drop(there.blob)
            else:
                found.append(await provider.chat(request))
        return found

    with serving(load_time=0.3, gpu=True) as server:
        there = server.add_model("m")
        server.add_model("other")
        responses = visit(OllamaProvider(server.url, LIMITS), every)
        assert sum(request.path == "/api/ps" for request in server.requests) == looks
    kept = [r for r, request in zip(responses, filter(None, asked), strict=True) if request.keep_alive != 0]
    assert all(r.context_length and r.fingerprint.speed == {"gpu": 1.0} for r in kept)


def test_how_a_model_runs_is_asked_again_where_it_was_not_told() -> None:
    with serving() as server:
        server.add_model("m")
        server.fault("html", times=2, path="/api/ps")

        async def thrice(provider: Provider) -> list[Response]:
            return [await provider.chat(question()) for _ in range(3)]

        first, second, third = visit(OllamaProvider(server.url, LIMITS), thrice)
    assert (first.context_length, second.context_length, third.context_length) == (None, None, 4096)


@pytest.mark.parametrize(
    ("version", "promised", "finish"),
    [("0.12.3", False, "stop"), ("0.24.0", True, "length"), ("0.33.0", True, "length")],
)
def test_an_answer_that_does_not_fit_ends_where_the_context_does(version: str, promised: bool, finish: str) -> None:
    with serving(version) as server:
        server.add_model("m")
        server.answer("", "and so on " * 300)
        response = ask_prepared(server, question(options={"num_ctx": 256}))
    assert response.refuses is promised
    assert response.finish == finish
    total = (response.usage.prompt_tokens or 0) + (response.usage.answer_tokens or 0)
    assert (total == 256) is promised


@pytest.mark.parametrize("version", ["0.24.0", "0.33.0"])
def test_thinking_with_a_format_is_two_passes(version: str) -> None:
    with serving(version) as server:
        server.add_model("m", capabilities=("completion", "thinking"))
        server.answer("hello", Script('{"a": 1}', "Let me think about it for a while."))
        response = ask(server, question(think=True, format=SCHEMA))
        plain = ask(server, question(think=False, format=SCHEMA))
    assert response.thinking.startswith("Let me think")
    assert response.usage.answer_only
    assert not plain.usage.answer_only
    assert response.text == plain.text == '{"a": 1}'


@pytest.mark.parametrize("version", ["0.12.6", "0.24.0", "0.33.0"])
def test_a_modelfile_is_built_asked_and_built_anew_when_its_base_changes(version: str, tmp_path: Path) -> None:
    path = tmp_path / "coder.Modelfile"
    path.write_text("FROM base\nSYSTEM Be brief.\nPARAMETER num_ctx 2048\n")
    model = ModelRef("coder", "ollama", "coder", load(path))
    with serving(version) as server:
        server.add_model("base")
        first = ask(server, question(model))
        again = ask(server, question(model))
        server.add_model("base", template="another {{ .Prompt }}")
        newer = ask(server, question(model))
        created = server.asked("/api/create")
        names = [body["model"] for body in server.asked()]
    assert first.digest == again.digest != newer.digest
    assert first.context_length == 2048
    assert len(created) == 2
    assert names[0] == names[1] != names[2]


@pytest.mark.parametrize("version", ["0.12.3", "0.24.0", "0.33.0"])
@pytest.mark.parametrize("keep_alive", [None, 0])
@pytest.mark.parametrize(("sees", "asked", "context"), [(True, 512, 2048), (True, 4096, 4096), (False, 512, 512)])
def test_a_model_that_sees_is_given_a_longer_context(
    version: str, keep_alive: int | None, sees: bool, asked: int, context: int
) -> None:
    able = ("completion", "vision") if sees else ("completion",)
    with serving(version) as server:
        server.add_model("m", capabilities=able)
        text = "some words here " * (300 if sees else 3)
        response = ask_prepared(server, question(text=text, options={"num_ctx": asked}, keep_alive=keep_alive))
    assert response.context_length == context
    assert sees is ((response.usage.prompt_tokens or 0) > 1000)


@pytest.mark.parametrize(("version", "counted"), [("0.30.0", False), ("0.30.1", True), ("0.24.0", True)])
def test_a_count_of_what_was_not_read_before_is_none_of_the_prompt(version: str, counted: bool) -> None:
    model = ModelRef("m", "openai", "m")

    async def twice(provider: Provider) -> list[int | None]:
        await provider.prepare(model)
        return [(await provider.chat(question(model, "some words here " * 50))).usage.prompt_tokens for _ in "ab"]

    with serving(version) as server:
        server.add_model("m")
        tokens = visit(OpenAIProvider(f"{server.url}/v1", LIMITS), twice)
    assert [bool(count and count > 150) for count in tokens] == [counted, counted]


def test_a_missing_model_is_pulled_where_that_is_asked_for() -> None:
    told: list[str] = []
    with serving() as server:
        server.publish("qwen3:8b")
        provider = OllamaProvider(server.url, LIMITS, pull=True, progress=told.append)
        info = visit(provider, lambda p: p.prepare(ModelRef("qwen3:8b", "ollama", "qwen3:8b")))
    assert info.digest
    assert told[-1] == "pulling qwen3:8b: success"


@pytest.mark.parametrize(
    ("name", "words"),
    [("create-failed", "the disk of .* is full: no space left"), ("pull-failed", "pulling coder failed")],
)
def test_a_build_or_a_pull_that_fails(name: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "coder.Modelfile"
    path.write_text("FROM base\nSYSTEM x\n")
    spec = load(path) if name == "create-failed" else None
    with serving() as server:
        server.add_model("base")
        server.publish("coder")
        server.fault(name)
        provider = OllamaProvider(server.url, LIMITS, pull=True)
        with pytest.raises(ModelUnavailable, match=words) as caught:
            visit(provider, lambda p: p.prepare(ModelRef("coder", "ollama", "coder", spec)))
    assert caught.value.retry == 0


def test_a_server_that_loads_sees_a_cancelled_question() -> None:
    with FakeOllama(load_time=60) as server:
        server.add_model("m")

        async def leave(provider: Provider) -> None:
            task = asyncio.create_task(provider.chat(question()))
            while not server.requests or server.requests[-1].phase != "load":
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await asyncio.to_thread(server.wait_for, lambda: server.cancelled)

        visit(OllamaProvider(server.url, LIMITS), leave)
        assert server.cancelled[0].phase == "load"


@pytest.mark.parametrize("version", ["0.24.0", "0.33.0", "llama-server"])
def test_the_openai_dialect(version: str) -> None:
    with serving(version, api_key="sk-12345" if version == "llama-server" else "") as server:
        server.add_model("m", capabilities=("completion", "thinking"))
        server.answer("hello", Script("fine, thank you", "They greet."))
        provider = OpenAIProvider(server.url, LIMITS, key="sk-12345")

        async def both(asked: Provider) -> tuple[Response, Response]:
            await asked.prepare(M)
            return await asked.chat(question(think="high")), await asked.chat(question(think=False))

        thought, plain = visit(provider, both)
    assert thought.text == plain.text == "fine, thank you"
    assert thought.thinking.strip() == "They greet."
    assert plain.thinking == ""
    assert (thought.usage.answer_tokens or 0) > (plain.usage.answer_tokens or 0)


def test_many_questions_through_faults_drawn_at_random_leave_nothing_behind() -> None:
    """Eight at a time: each gets its answer or its error, and no connection or task is left."""
    draw = random.Random(20)
    names = sorted({*VERDICTS, *ANSWERED} - {"silent", "stalled", "slow-load", "parser"})
    with serving(slots=8) as server:
        server.add_model("m", capabilities=("completion", "thinking"))

        async def many(provider: Provider) -> list[Response | BaseException]:
            found: list[Response | BaseException] = []
            for _ in range(30):
                for name in draw.sample(names, 4):
                    server.fault(name, path="" if name.startswith("html") else "/api/chat")
                found += await asyncio.gather(
                    *(provider.chat(question()) for _ in range(8)), return_exceptions=True
                )
            assert len(asyncio.all_tasks()) == 1
            return found

        found = visit(OllamaProvider(server.url, LIMITS), many)
        server.recover()
        good = ask(server, question())
    assert good.text
    assert len(found) == 240
    assert {type(f) for f in found} <= {
        Response, BrokenAnswer, GenerationLoop, ModelUnavailable, NotThere, ProviderError, RequestRefused,
        ServerBusy, Unsupported,
    }  # fmt: skip


def test_a_build_from_source_is_told_to_refuse_and_not_trusted_to() -> None:
    with serving("0.0.0") as server:
        server.add_model("m")
        assert not ask_prepared(server, LONG).refuses
        assert server.asked()[0].items() >= {"truncate": False, "shift": False}.items()


def ask_v1(server: FakeOllama, request: ChatRequest) -> Response:
    async def both(provider: Provider) -> Response:
        await provider.prepare(request.model)
        return await provider.chat(request)

    return visit(OpenAIProvider(f"{server.url}/v1", LIMITS), both)


@pytest.mark.parametrize(
    ("version", "own", "context", "read"),
    [
        ("0.24.0", {"num_ctx": 512}, 512, 512),
        ("0.33.0", {"num_ctx": 512}, 512, 258),
        ("0.33.0", {"num_ctx": 10**6}, 32768, 3763),
        ("0.33.0", {}, 1024, 514),
    ],
)
def test_over_v1_ollama_tells_its_context_by_its_own_api(
    version: str, own: dict[str, int], context: int, read: int
) -> None:
    with serving(version, context=1024) as server:
        server.add_model("m", parameters=own)
        response = ask_v1(server, question(text="word " * 3000))
    assert response.context_length == context
    assert response.usage.prompt_tokens == read
    assert not response.refuses


def test_a_llama_server_refuses_what_does_not_fit() -> None:
    with serving("llama-server") as server:
        server.add_model("m")
        assert ask_v1(server, question()).refuses
        with pytest.raises(PromptTooLong):
            ask_v1(server, question(text="word " * 9000))


@pytest.mark.parametrize("version", ["0.24.0", "0.33.0"])
def test_over_v1_a_second_pass_is_noticed(version: str) -> None:
    with serving(version) as server:
        server.add_model("m", capabilities=("completion", "thinking"))
        server.answer("hello", Script('{"a": 1}', "Let me think. " * 20))
        response = ask_v1(server, question(think="high", format=SCHEMA))
        alone = ask_v1(server, question(think=False, format=SCHEMA))
    assert response.thinking
    assert response.usage.answer_only
    assert not alone.usage.answer_only
    assert response.usage.answer_tokens == alone.usage.answer_tokens
    assert any("second pass" in note for note in response.notes)


# Loading


@pytest.mark.parametrize(
    ("said", "sent"),
    [
        (None, {}),
        (300.0, {"keep_alive": 300.0}),
        ("5m", {"keep_alive": "5m"}),
        (-1.0, {"keep_alive": -1.0}),
        ("-1s", {"keep_alive": "-1s"}),
        (0.5, {"keep_alive": 0.5}),
        (0.0, {}),
        ("0", {}),
        ("0s", {}),
        ("0h0m", {}),
    ],
)
def test_a_load_that_is_asked_for_never_unloads(said: float | str | None, sent: dict[str, Any]) -> None:
    with serving() as server:
        server.add_model("m")
        visit(OllamaProvider(server.url, LIMITS), lambda p: p.load(question(keep_alive=said)))  # type: ignore[attr-defined]
        assert [runner.model.name.short for runner in server.scheduler.resident()] == ["m:latest"]
        assert server.asked("/api/generate") == [
            {"model": "m", "prompt": "", "truncate": False, "shift": False, **sent}
        ]


LOADS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "a context": {"options": {"num_ctx": 512, "temperature": 0.5, "stop": ("x",), "seed": 3}},
    "all options": {"options": {"num_ctx": 300, "num_batch": 8, "num_gpu": 0, "use_mmap": False, "num_thread": 2}},
    "trimmed": {"trim": True, "options": {"num_ctx": 99999}},
    "in JSON": {"format": "json", "keep_alive": "10m", "timeout": 0.001},
}


@pytest.mark.parametrize("version", ["0.12.3", "0.24.0", "0.33.0"])
@pytest.mark.parametrize("name", LOADS)
def test_what_was_loaded_is_what_the_question_needs(version: str, name: str) -> None:
    asked, times = question(**LOADS[name]), list[float]()

    async def both(provider: Any) -> Response:
        await provider.prepare(M)
        times.append(await provider.load(asked))
        response: Response = await provider.chat(replace(asked, timeout=60))
        return response

    with serving(version, load_time=30.0) as server:
        server.add_model("m")
        response = visit(OllamaProvider(server.url, LIMITS, clock=server.clock.now), both)
        assert len(server.loads) == 1
    assert times == [pytest.approx(30)]
    assert response.usage.load_seconds == pytest.approx(0, abs=0.01)


def test_times_are_without_the_load_that_came_with_the_question() -> None:
    with serving(load_time=30.0, token_time=0.5, prompt_time=2.0) as server:
        server.add_model("m")
        server.answer("", Script(("one", " two", " three"), ""))
        response = visit(OllamaProvider(server.url, LIMITS, clock=server.clock.now), lambda p: p.chat(question()))
    assert response.usage.load_seconds == pytest.approx(30, abs=0.1)
    assert response.first_token is not None
    assert 2.4 < response.first_token <= response.wall < 5


def test_a_built_model_that_is_gone_is_built_again_to_be_loaded(tmp_path: Path) -> None:
    file = tmp_path / "coder.Modelfile"
    file.write_text("FROM m\nSYSTEM Be brief.\n")
    coder = ModelRef("coder", "ollama", "coder", load(file))

    async def twice(provider: Any) -> None:
        await provider.prepare(coder)
        server.library.models.pop(next(key for key in server.library.models if "pytest-llm" in str(key)))
        await provider.load(question(coder))

    with serving() as server:
        server.add_model("m")
        visit(OllamaProvider(server.url, LIMITS), twice)
        assert len(server.asked("/api/create")) == 2
        with pytest.raises(NotThere):
            visit(OllamaProvider(server.url, LIMITS), lambda p: p.load(question(ModelRef("no", "ollama", "no"))))  # type: ignore[attr-defined]
