"""What an answer rests on: of what the server brings everything, of what a file says nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_llm.cases.request import ChatRequest
from pytest_llm.engine.fingerprint import fingerprint, machine
from pytest_llm.models.modelfile import parse
from pytest_llm.models.reference import ModelRef
from pytest_llm.providers.base import Fingerprint, ModelInfo, Response

TAG = ModelRef("m", "ollama", "qwen3:8b")
OVER_A_TAG = ModelRef("m", "ollama", "m", parse("FROM base:7b\nSYSTEM hi", Path("m.Modelfile")))
OVER_A_FILE = ModelRef("m", "ollama", "m", parse("FROM ./x.gguf", Path("m.Modelfile")))
WITH_CONTEXT = ModelRef("m", "ollama", "m", parse("FROM base:7b\nPARAMETER num_ctx 99", Path("m.Modelfile")))
GGUF = ModelRef("gguf:x.gguf", "embedded", "/x.gguf")
SCRIPT = ModelRef("scripted:a.yaml", "scripted", "/a.yaml")


def of(model: ModelRef, *, info: dict[str, Any] | None = None, **options: Any) -> Fingerprint:
    known = {"server": "http://far:11434", "blob": "b", "version": "1.2"} | (info or {})
    response = Response("hi", context_length=4096, fingerprint=Fingerprint(speed={"gpu": 0.0}))
    return fingerprint(ModelInfo(**known), ChatRequest(model, (), options=options), response, 3)


@pytest.mark.parametrize(
    ("model", "options", "answers"),
    [
        (TAG, {}, {"server": "ollama", "version": "1.2", "base": "qwen3:8b", "context": 4096}),
        (TAG, {"num_ctx": 4096}, {"server": "ollama", "version": "1.2", "base": "qwen3:8b"}),
        (OVER_A_TAG, {}, {"server": "ollama", "version": "1.2", "base": "base:7b", "context": 4096}),
        (OVER_A_FILE, {}, {"server": "ollama", "version": "1.2", "context": 4096}),
        (WITH_CONTEXT, {}, {"server": "ollama", "version": "1.2", "base": "base:7b"}),
        (GGUF, {}, {"server": "embedded", "version": "1.2", "context": 4096}),
        (SCRIPT, {}, {"server": "scripted", "version": "1.2", "context": 4096}),
    ],
)
def test_answers(model: ModelRef, options: dict[str, Any], answers: dict[str, Any]) -> None:
    assert of(model, **options).answers == answers


def test_speed_and_what_the_provider_adds() -> None:
    assert of(TAG).speed == {"machine": "http://far:11434", "slots": 3, "gpu": 0.0}
    brings = Fingerprint({"server": "vllm", "digest": "", "quantisation": "Q8_0"}, {"kv_cache": "f16"})
    found = of(TAG, info={"local": True, "version": "", "fingerprint": brings})
    assert found.answers == {"server": "vllm", "base": "qwen3:8b", "quantisation": "Q8_0", "context": 4096}
    assert found.speed == {"machine": machine(), "slots": 3, "gpu": 0.0, "kv_cache": "f16"}


def test_a_machine_is_what_it_is_made_of() -> None:
    assert "cores" in machine()
    assert "\n" not in machine()
