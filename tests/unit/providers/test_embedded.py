from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from pytest_llm.cases.request import ChatRequest, Message
from pytest_llm.errors import (
    BrokenAnswer,
    GenerationTimeout,
    ModelUnavailable,
    PromptTooLong,
    ServerDown,
    Unsupported,
)
from pytest_llm.models.modelfile import parse
from pytest_llm.models.reference import ModelRef
from pytest_llm.providers.base import Limits, Response
from pytest_llm.providers.embedded.client import EmbeddedProvider, without_modelfile
from tests.helpers.tiny_gguf import THINKING, write_gguf

ENDLESS = {"num_ctx": 200_000, "num_predict": -1, "ignore_eos": True}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_gguf(tmp_path_factory.mktemp("gguf") / "tiny.gguf", context=1_000_000)


@asynccontextmanager
async def running(**kwargs: Any) -> AsyncIterator[EmbeddedProvider]:
    provider = EmbeddedProvider(**kwargs)
    try:
        yield provider
    finally:
        await provider.close()
        assert children() == []


def children() -> list[psutil.Process]:
    found = [p for p in psutil.Process().children(recursive=True) if p.status() != psutil.STATUS_ZOMBIE]
    return [p for p in found if any(arg.endswith("embedded/child.py") for arg in p.cmdline())]


def request(path: Path, text: str = "hi", modelfile: str = "", **fields: Any) -> ChatRequest:
    spec = parse(f"FROM {path}\n{modelfile}", path.with_name("x.Modelfile")) if modelfile else None
    options = {"num_predict": 8, "temperature": 0, **fields.pop("options", {})}
    return ChatRequest(
        ModelRef("tiny", "embedded", str(path), spec), (Message("user", text),), options=options, **fields
    )


def asked(*requests: ChatRequest, **kwargs: Any) -> list[Response]:
    async def ask() -> list[Response]:
        async with running(**kwargs) as provider:
            return [await provider.chat(one) for one in requests]

    return asyncio.run(ask())


def test_an_answer_and_its_numbers(tiny: Path) -> None:
    first, second = asked(request(tiny), request(tiny))
    assert first.text
    assert first.text == second.text
    assert (first.finish, first.usage.answer_tokens, first.context_length) == ("length", 8, 4096)
    assert first.usage.rate
    assert first.usage.load_seconds
    assert second.usage.load_seconds == 0
    assert first.first_token is not None
    assert 0 < first.first_token <= first.wall
    assert first.usage.prompt_tokens == second.usage.prompt_tokens == len("user\nhi\nassistant\n") + 3


def test_what_is_known_before_it_is_asked(tiny: Path) -> None:
    async def look() -> None:
        async with running() as provider:
            info = await provider.prepare(request(tiny).model)
            assert (info.server, info.blob, info.local) == ("embedded", str(tiny), True)
            assert info.capabilities == {"completion"}
            assert info.version.startswith("xllamacpp ")
            other = await provider.prepare(request(tiny, modelfile="SYSTEM x").model)
            assert len({info.digest, other.digest, ""}) == 3
            assert children() == []

    asyncio.run(look())


def test_the_modelfile_applies(tiny: Path) -> None:
    modelfile = (
        "SYSTEM be brief\nPARAMETER num_predict 3\nPARAMETER num_ctx 1000\nMESSAGE user a\nMESSAGE assistant b"
    )
    parametered, overridden = asked(
        request(tiny, modelfile=modelfile, options={"num_predict": None}),
        request(tiny, modelfile=modelfile, options={"num_predict": 5, "num_ctx": 600}),
    )
    assert overridden.usage.answer_tokens == 5
    assert overridden.context_length == 768
    assert parametered.context_length == 1024


SYSTEM, HISTORY = "SYSTEM be brief\n", "MESSAGE user a\nMESSAGE assistant b\n"


@pytest.mark.parametrize(
    ("modelfile", "messages", "expected"),
    [
        ("", ["user hi"], ["user hi"]),
        (SYSTEM, ["user hi"], ["system be brief", "user hi"]),
        (SYSTEM, ["system own", "user hi"], ["system own", "user hi"]),
        ('SYSTEM ""\n', ["user hi"], ["user hi"]),
        (HISTORY, ["user hi"], ["user a", "assistant b", "user hi"]),
        (SYSTEM + HISTORY, ["user hi"], ["system be brief", "user a", "assistant b", "user hi"]),
        (SYSTEM + HISTORY, ["system own", "user hi"], ["system own", "user a", "assistant b", "user hi"]),
    ],
)
def test_the_messages_of_a_modelfile(modelfile: str, messages: list[str], expected: list[str]) -> None:
    spec = parse(f"FROM ./x.gguf\n{modelfile}", Path("x.Modelfile"))
    said = tuple(Message(*text.split(" ", 1)) for text in messages)
    found = without_modelfile(ChatRequest(ModelRef("x", "embedded", "x.gguf", spec), said))
    assert [f"{m.role} {m.content}" for m in found.messages] == expected


def test_the_options_of_a_modelfile() -> None:
    spec = parse("FROM ./x.gguf\nPARAMETER top_k 5\nPARAMETER seed 1\nPARAMETER num_ctx 9", Path("x.Modelfile"))
    model = ModelRef("x", "embedded", "x.gguf", spec)
    found = without_modelfile(ChatRequest(model, (), options={"seed": 2, "num_thread": 4}, keep_alive="5m"))
    assert (dict(found.options), found.keep_alive) == ({"top_k": 5, "seed": 2}, None)


def test_a_modelfile_that_is_built_on_another() -> None:
    base = parse(f"FROM ./x.gguf\n{SYSTEM}{HISTORY}PARAMETER top_k 5\nPARAMETER seed 1\n", Path("base.Modelfile"))
    spec = replace(parse("FROM base\nPARAMETER seed 2\n", Path("x.Modelfile")), parent=base)
    found = without_modelfile(ChatRequest(ModelRef("x", "embedded", "x.gguf", spec), (Message("user", "hi"),)))
    said = [f"{m.role} {m.content}" for m in found.messages]
    assert said == ["system be brief", "user a", "assistant b", "user hi"]
    assert dict(found.options) == {"top_k": 5, "seed": 2}


def test_a_schema_is_kept_to(tiny: Path) -> None:
    schema = {"type": "object", "properties": {"a": {"enum": ["x", "y"]}}, "required": ["a"]}
    (answer,) = asked(request(tiny, format=schema, options={"num_predict": 400}))
    assert '"a"' in answer.text


def test_a_context_beyond_the_trained_one_is_not_given(tmp_path: Path) -> None:
    (answer,) = asked(request(write_gguf(tmp_path / "short.gguf", context=4096), options={"num_ctx": 50_000}))
    assert answer.context_length == 4096
    assert answer.notes == ("num_ctx 50000 is more than the model was trained for: it ran with 4096",)


def test_thinking(tmp_path: Path, tiny: Path) -> None:
    thinking = write_gguf(tmp_path / "thinking.gguf", template=THINKING)
    off, default = asked(request(thinking, think=False), request(thinking))
    assert off.usage.prompt_tokens != default.usage.prompt_tokens
    with pytest.raises(Unsupported, match=r"tiny\.gguf knows no thinking"):
        asked(request(tiny, think=True))


def test_two_children_at_most_and_none_after_the_end(tiny: Path) -> None:
    async def ask() -> None:
        async with running() as provider:
            seen = []
            for context in (256, 512, 256, 768, 512):
                await provider.chat(request(tiny, options={"num_ctx": context}))
                seen.append({p.pid for p in children()})
            assert [len(pids) for pids in seen] == [1, 2, 2, 2, 2]
            assert seen[1] == seen[2]
            assert len(seen[2] & seen[3]) == 1

    asyncio.run(ask())


def test_requests_at_once_share_a_child(tiny: Path) -> None:
    async def ask() -> None:
        async with running(slots=2) as provider:
            answers = await asyncio.gather(*(provider.chat(request(tiny)) for _ in range(6)))
            assert len({a.text for a in answers}) == 1
            assert {a.context_length for a in answers} == {4096}
            assert len(children()) == 1

    asyncio.run(ask())


def test_more_models_at_once_than_are_kept(tiny: Path) -> None:
    async def ask() -> None:
        async with running() as provider:
            many = [request(tiny, options={"num_ctx": 256 * n}) for n in (1, 2, 3, 4)]
            answers = await asyncio.gather(*map(provider.chat, many))
            assert [a.context_length for a in answers] == [256, 512, 768, 1024]

    asyncio.run(ask())


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
def test_a_crash_costs_one_answer(tiny: Path, number: signal.Signals) -> None:
    async def ask() -> None:
        async with running() as provider:
            child, answer = await _begun(provider, tiny)
            child.send_signal(number)
            with pytest.raises(BrokenAnswer, match=f"was killed by {number.name}") as caught:
                await answer
            assert (caught.value.reach, caught.value.retry) == ("request", 1)
            assert (await provider.chat(request(tiny))).text

    asyncio.run(ask())


def test_a_child_that_died_unseen_is_replaced(tiny: Path) -> None:
    async def ask() -> None:
        async with running() as provider:
            await provider.chat(request(tiny))
            children()[0].kill()
            assert (await _twice(lambda: provider.chat(request(tiny)))).text

    asyncio.run(ask())


def test_a_child_that_hangs_is_replaced(tiny: Path) -> None:
    async def ask() -> None:
        async with running(limits=Limits(first_byte=20, silence=0.5)) as provider:
            child, answer = await _begun(provider, tiny)
            child.suspend()
            with pytest.raises(BrokenAnswer, match="stopped answering"):
                await answer
            assert not child.is_running()
            assert (await provider.chat(request(tiny))).text

    asyncio.run(ask())


def test_a_cancelled_request_frees_the_child(tiny: Path) -> None:
    async def ask() -> None:
        async with running() as provider:
            child, answer = await _begun(provider, tiny)
            answer.cancel()
            with pytest.raises(asyncio.CancelledError):
                await answer
            assert (await provider.chat(request(tiny, options={"num_ctx": ENDLESS["num_ctx"]}))).text
            assert children() == [child]

    asyncio.run(ask())


def test_cancelled_while_it_loads(tiny: Path) -> None:
    async def ask() -> None:
        async with running() as provider:
            answer = asyncio.create_task(provider.chat(request(tiny)))
            while not children():
                await asyncio.sleep(0.01)
            answer.cancel()
            with pytest.raises(asyncio.CancelledError):
                await answer
            assert children() == []
            assert (await provider.chat(request(tiny))).text

    asyncio.run(ask())


def test_a_generation_that_is_too_long(tiny: Path) -> None:
    with pytest.raises(GenerationTimeout):
        asked(request(tiny, options=ENDLESS, timeout=0.05))


def _cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_cut, "could not load .*: .*(exceeds|out of bounds|corrupted|not within|incomplete)"),
        (lambda data: data[:2000], "is no whole GGUF file: it is cut off within its header"),
        (lambda data: b"<html>" + data, "is no whole GGUF file: it begins with b'<htm'"),
        (lambda _: b"", "is no whole GGUF file: it begins with b''"),
        (lambda _: b"version https://git-lfs.github.com/spec/v1\n", "is no whole GGUF file"),
        (lambda data: data.replace(b"llama", b"lamma"), "could not load .*lamma"),
    ],
)
def test_a_broken_file(tiny: Path, tmp_path: Path, change: Callable[[bytes], bytes], words: str) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(change(tiny.read_bytes()))
    with pytest.raises(ModelUnavailable, match=words) as caught:
        asked(request(broken))
    assert caught.value.reach == "model"


def test_what_does_not_fit_is_refused_and_an_answer_ends_where_the_context_does(tiny: Path) -> None:
    (answer,) = asked(request(tiny, options={**ENDLESS, "num_ctx": 256}))
    assert (answer.finish, answer.refuses, answer.context_length) == ("length", True, 256)
    assert (answer.usage.prompt_tokens or 0) + (answer.usage.answer_tokens or 0) == 256
    with pytest.raises(PromptTooLong, match="num_ctx is 256"):
        asked(request(tiny, "word " * 600, options={"num_ctx": 256}))


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"none\.gguf cannot be read: No such file or directory"):
        asked(request(tmp_path / "none.gguf"))


@pytest.mark.parametrize(
    ("num_ctx", "words"),
    [
        (2_000_000_000, r"with num_ctx 2000000000: a context of \d+ tokens takes at least \d+ GiB of memory"),
        (20_000_000, r"with num_ctx 20000000: .*failed to allocate"),
    ],
)
def test_a_context_that_does_not_fit(tmp_path: Path, num_ctx: int, words: str) -> None:
    huge = write_gguf(tmp_path / "huge.gguf", context=2**31, layers=40)
    with pytest.raises(ModelUnavailable, match=words) as caught:
        asked(request(huge, options={"num_ctx": num_ctx}))
    assert caught.value.reach == "request"
    assert caught.value.hint == "a smaller num_ctx takes less memory"


def test_a_load_that_takes_too_long(tiny: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"it did not serve within 0\.001 s"):
        asked(request(tiny), limits=Limits(first_byte=0.001))


def test_without_llama_cpp(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(ServerDown) as caught:
        asked(request(tiny))
    assert caught.value.hint == "pip install 'pytest-llm-cases[embedded]'"


ORPHAN = """
import asyncio, sys, pathlib
from tests.unit.providers.test_embedded import EmbeddedProvider, children, request
async def main():
    provider = EmbeddedProvider()
    await provider.chat(request(pathlib.Path(sys.argv[1])))
    print(children()[0].pid, flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""


def test_the_child_ends_with_a_killed_parent(tiny: Path) -> None:
    command = [sys.executable, "-c", ORPHAN, str(tiny)]
    root = Path(__file__).parents[3]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, cwd=root, env={**os.environ, "PYTHONPATH": "."}
    ) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
        parent.wait()
        gone, alive = psutil.wait_procs([child], timeout=30)
    assert (gone, alive) == ([child], [])


async def _begun(provider: EmbeddedProvider, tiny: Path) -> tuple[psutil.Process, asyncio.Task[Response]]:
    """A child at work at an endless answer: nothing else takes its processor time."""
    await provider.chat(request(tiny, options={"num_ctx": ENDLESS["num_ctx"]}))
    (child,) = children()
    before = sum(child.cpu_times()[:2])
    answer = asyncio.create_task(provider.chat(request(tiny, options=ENDLESS)))
    while sum(child.cpu_times()[:2]) < before + 0.05:
        assert not answer.done()
        await asyncio.sleep(0.01)
    return child, answer


async def _twice(ask: Callable[[], Any]) -> Any:
    try:
        return await ask()
    except BrokenAnswer:
        return await ask()
