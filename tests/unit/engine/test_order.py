"""Which requests one loaded model answers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_llm.cases.request import ChatRequest, Message
from pytest_llm.engine.order import group, is_there
from pytest_llm.models.modelfile import parse
from pytest_llm.models.reference import ModelRef
from pytest_llm.providers.base import ModelInfo, Resident

TAG = ModelRef("m", "ollama", "m")
INFO = ModelInfo("http://h", "blob")
OWN = {"num_ctx": 2048}


def asked(model: ModelRef = TAG, **options: Any) -> ChatRequest:
    return ChatRequest(model, (Message("user", "hi"),), options=options)


def described(text: str) -> ModelRef:
    return replace(TAG, spec=parse(f"FROM m\n{text}", Path("m.Modelfile")))


@pytest.mark.parametrize(
    ("info", "request_", "other_info", "other", "together"),
    [
        (INFO, asked(), INFO, asked(temperature=1, seed=3, num_predict=9), True),
        (INFO, asked(num_ctx=1), INFO, asked(num_ctx=2), False),
        (INFO, asked(num_gpu=0), INFO, asked(), False),
        (INFO, replace(asked(), trim=True), INFO, asked(), False),
        (INFO, asked(num_thread=None), INFO, asked(), True),
        (replace(INFO, parameters=OWN), asked(), INFO, asked(), False),
        (replace(INFO, parameters=OWN), asked(), replace(INFO, parameters={"num_ctx": 1024}), asked(), False),
        (replace(INFO, parameters=OWN), asked(), INFO, asked(num_ctx=2048), True),
        (replace(INFO, parameters=OWN), asked(num_ctx=1024), INFO, asked(num_ctx=1024), True),
        (replace(INFO, parameters=OWN), asked(num_ctx=None), INFO, asked(num_ctx=2048), True),
        (replace(INFO, parameters={"temperature": 1, "stop": "x"}), asked(), INFO, asked(), True),
        (INFO, asked(described("PARAMETER num_ctx 2048")), INFO, asked(num_ctx=2048), True),
        (replace(INFO, parameters=OWN), asked(described("PARAMETER num_ctx 9")), INFO, asked(num_ctx=9), True),
        (replace(INFO, trained=4096), asked(num_ctx=9999), replace(INFO, trained=4096), asked(num_ctx=4096), True),
        (replace(INFO, trained=4096), asked(num_ctx=99), replace(INFO, trained=4096), asked(num_ctx=98), False),
        (INFO, asked(), replace(INFO, blob="other"), asked(), False),
        (INFO, asked(), replace(INFO, server="http://i"), asked(), False),
    ],
)
def test_what_one_loaded_model_answers(
    info: ModelInfo, request_: ChatRequest, other_info: ModelInfo, other: ChatRequest, together: bool
) -> None:
    assert (group(info, request_) == group(other_info, other)) is together


SEES = frozenset({"completion", "vision"})


@pytest.mark.parametrize(
    ("there", "info", "request_", "serves"),
    [
        (Resident("blob", 4096), INFO, asked(), True),
        (Resident("other", 4096), INFO, asked(), False),
        (Resident("blob", None), INFO, asked(num_ctx=9), True),
        (Resident("blob", 9), INFO, asked(num_ctx=9), True),
        (Resident("blob", 8), INFO, asked(num_ctx=9), False),
        (Resident("blob", 2048), replace(INFO, parameters=OWN), asked(), True),
        (Resident("blob", 4096), replace(INFO, parameters=OWN), asked(), False),
        (Resident("blob", 9), INFO, asked(described("PARAMETER num_ctx 9")), True),
        (Resident("blob", 4096), replace(INFO, trained=4096), asked(num_ctx=9999), True),
        (Resident("blob", 2048), replace(INFO, capabilities=SEES), asked(num_ctx=100), True),
        (Resident("blob", 100), replace(INFO, capabilities=SEES), asked(num_ctx=100), False),
        (Resident("blob", 4096), replace(INFO, capabilities=SEES), asked(num_ctx=4096), True),
    ],
)
def test_what_is_there_already(there: Resident, info: ModelInfo, request_: ChatRequest, serves: bool) -> None:
    assert is_there(there, info, request_) is serves
