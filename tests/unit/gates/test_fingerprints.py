"""What two runs' fingerprints say: what differs, what is under test, what is not known."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_llm.gates.fingerprints import differences
from pytest_llm.gates.types import Difference

ANSWERS: dict[str, Any] = {"server": "ollama", "version": "0.13.1", "base": "qwen3:8b", "digest": "a" * 64}
ANSWERS |= {"quantisation": "Q4_K_M", "context": 4096}
SPEED: dict[str, Any] = {"machine": "x86_64, 8 cores", "gpu": 1.0, "kv_cache": "f16", "slots": 1}


def told(kind: str, before: dict[str, Any], now: dict[str, Any]) -> str:
    """What is said of a change of one kind; None stands for what is not told."""
    base: dict[str, dict[str, Any]] = {"answers": ANSWERS, "speed": SPEED}
    pair = ({**base, kind: {**base[kind], **before}}, {**base, kind: {**base[kind], **now}})
    before, now = ({k: _known(values) for k, values in one.items()} for one in pair)
    found = differences([("m", before, now)])
    assert all((one.model, one.kind) == ("m", kind) for one in found)
    return "".join(one.said for one in found)


def _known(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


@pytest.mark.parametrize(
    ("kind", "before", "now", "said"),
    [
        ("answers", {}, {}, ""),
        ("answers", {}, {"version": "0.13.2"}, "version 0.13.2, was 0.13.1"),
        ("answers", {}, {"server": "openai"}, "server openai, was ollama"),
        ("answers", {}, {"digest": "b" * 64}, "digest bbbbbbbbbbbb, was aaaaaaaaaaaa"),
        ("answers", {}, {"quantisation": "Q8_0"}, "quantisation Q8_0, was Q4_K_M"),
        ("answers", {}, {"context": 8192}, "context 8192, was 4096"),
        ("answers", {}, {"version": "1", "context": 5}, "version 1, was 0.13.1; context 5, was 4096"),
        # A file that names another base, or a file as its base: that is under test.
        ("answers", {}, {"base": "qwen3:4b", "digest": "b" * 64, "quantisation": "Q8_0"}, ""),
        ("answers", {}, {"base": "qwen3:4b", "digest": "b" * 64, "version": "1"}, "version 1, was 0.13.1"),
        ("answers", {}, {"base": None, "digest": None, "quantisation": None}, ""),
        ("answers", {"base": None}, {"digest": "b" * 64}, ""),
        # What a file sets, and what a server does not tell, is not there.
        ("answers", {"context": None}, {}, ""),
        ("answers", {}, {"context": None}, ""),
        ("answers", {}, {"quantisation": None}, ""),
        ("speed", {}, {"machine": "arm64, 4 cores"}, "machine arm64, 4 cores, was x86_64, 8 cores"),
        ("speed", {}, {"gpu": 0.62}, "share in the GPU's memory 62%, was 100%"),
        ("speed", {}, {"gpu": 0.99}, ""),
        ("speed", {"gpu": None}, {"gpu": 0.0}, ""),
        ("speed", {"gpu": 0.0}, {"gpu": 1.0}, "share in the GPU's memory 100%, was 0%"),
        ("speed", {}, {"kv_cache": "q8_0"}, "KV cache q8_0, was f16"),
        ("speed", {}, {"slots": 4}, "slots 4, was 1"),
    ],
)
def test_what_differs(kind: str, before: dict[str, Any], now: dict[str, Any], said: str) -> None:
    assert told(kind, before, now) == said


def test_once_for_each_model_and_answers_first() -> None:
    before = {"answers": {"version": "1", "base": "b"}, "speed": {"slots": 1}}
    now = {"answers": {"version": "2", "base": "b"}, "speed": {"slots": 2}}
    newer = {"answers": {"version": "3", "base": "b"}, "speed": {"slots": 2}}
    pairs = [("z", before, now), ("z", before, newer), ("a", before, now), ("q", now, now)]
    assert differences(pairs) == (
        Difference("a", "answers", "version 2, was 1"),
        Difference("z", "answers", "version 2, was 1; version 3, was 1"),
        Difference("a", "speed", "slots 2, was 1"),
        Difference("z", "speed", "slots 2, was 1"),
    )


@pytest.mark.parametrize("unknown", [{}, {"answers": None, "speed": {}}])
def test_what_an_older_record_does_not_hold(unknown: dict[str, Any]) -> None:
    assert differences([("m", unknown, {"answers": ANSWERS, "speed": SPEED})]) == ()
    assert differences([("m", {"answers": ANSWERS, "speed": SPEED}, unknown)]) == ()
