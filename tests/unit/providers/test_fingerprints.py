"""What each kind of server tells of what its answers and their speed rest on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_llm.models.modelfile import load
from pytest_llm.models.reference import ModelRef
from pytest_llm.providers.base import Fingerprint, ModelInfo, Provider, Response
from pytest_llm.providers.ollama.client import OllamaProvider
from pytest_llm.providers.ollama.models import read_show
from pytest_llm.providers.ollama.running import read_running
from pytest_llm.providers.openai.client import OpenAIProvider
from tests.fake_ollama import FakeOllama
from tests.helpers.tiny_gguf import write_gguf
from tests.unit.providers.test_served import LIMITS, M, question, serving, visit


def told(server: FakeOllama, model: ModelRef = M, *, v1: bool = False) -> tuple[ModelInfo, Response]:
    async def both(provider: Provider) -> tuple[ModelInfo, Response]:
        return await provider.prepare(model), await provider.chat(question(model))

    url = f"{server.url}/v1"
    return visit(OpenAIProvider(url, LIMITS) if v1 else OllamaProvider(server.url, LIMITS), both)


@pytest.mark.parametrize(("gpu", "share"), [(True, 1.0), (False, 0.0)])
def test_a_model_of_ollamas(gpu: bool, share: float) -> None:
    with serving(gpu=gpu) as server:
        server.add_model("m")
        info, response = told(server)
    assert info.fingerprint == Fingerprint({"digest": info.digest, "quantisation": "Q4_K_M"})
    assert response.fingerprint == Fingerprint(speed={"gpu": share})


def test_a_modelfile_brings_its_base_and_none_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "coder.Modelfile"
    path.write_text("FROM base\nSYSTEM Be brief.\n")
    with serving() as server:
        server.add_model("base")
        own, _ = told(server, ModelRef("base", "ollama", "base"))
        built, _ = told(server, ModelRef("coder", "ollama", "coder", load(path)))
        path.write_text("FROM base\nSYSTEM Be long.\n")
        again, _ = told(server, ModelRef("coder", "ollama", "coder", load(path)))
    assert built.digest != own.digest != again.digest != built.digest
    assert own.fingerprint == built.fingerprint == again.fingerprint


def test_a_model_made_of_a_file_brings_nothing(tmp_path: Path) -> None:
    write_gguf(tmp_path / "w.gguf")
    path = tmp_path / "own.Modelfile"
    path.write_text("FROM ./w.gguf\n")
    with serving() as server:
        info, _ = told(server, ModelRef("own", "ollama", "own", load(path)))
    assert info.fingerprint == Fingerprint()


def test_ollama_over_v1() -> None:
    with serving(gpu=True) as server:
        server.add_model("m")
        info, response = told(server, ModelRef("openai:m", "openai", "m"), v1=True)
    assert info.fingerprint.answers.keys() == {"server", "digest", "quantisation"}
    assert info.fingerprint.answers["server"] == "ollama"
    assert response.fingerprint == Fingerprint(speed={"gpu": 1.0})


@pytest.mark.parametrize(
    ("item", "gpu"),
    [
        ({"size": 100, "size_vram": 100}, 1.0),
        ({"size": 300, "size_vram": 100}, 0.33),
        ({"size": 100, "size_vram": 0}, 0.0),
        ({"size": 100, "size_vram": 120}, 1.0),
        ({"size": 100}, None),
        ({"size": 0, "size_vram": 0}, None),
        ({"size": "100", "size_vram": []}, None),
        ({}, None),
    ],
)
def test_the_share_in_the_gpus_memory(item: dict[str, Any], gpu: float | None) -> None:
    assert read_running(item).gpu == gpu
    assert read_running(item).fingerprint == Fingerprint(speed={} if gpu is None else {"gpu": gpu})


@pytest.mark.parametrize(
    ("details", "found"),
    [
        ({"quantization_level": "Q8_0"}, "Q8_0"),
        ({"quantization_level": "unknown"}, ""),
        ({"quantization_level": None}, ""),
        ({"quantization_level": "x" * 999}, "x" * 100),
        (None, ""),
    ],
)
def test_how_weights_are_quantised(details: Any, found: str) -> None:
    assert read_show({"details": details}).quantisation == found
