"""What does not fit: the same as the servers that were seen running did."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.fake_ollama import FakeOllama, Script

JINJA = "{{ messages }}"
REFUSED = "exceeds the available context size"
WORDS = "word " * 600  # 3,000 bytes, 759 tokens with the template


def chat(server: FakeOllama, *texts: str, path: str = "/api/chat", **more: Any) -> Any:
    messages = [{"role": "user", "content": text} for text in texts]
    body = {"model": "m", "messages": messages, "stream": False, "options": {"num_ctx": 512}, **more}
    if path == "/api/generate":
        body = {**body, "prompt": texts[-1]}
    response = httpx.post(f"{server.url}{path}", json=body)
    return response.json() if response.status_code == 200 else (response.status_code, response.text)


@pytest.mark.parametrize(
    ("version", "template", "sent", "expected"),
    [
        ("0.12.3", "", {"truncate": False}, 512),
        ("0.24.0", "", {}, 512),
        ("0.24.0", "", {"truncate": False}, "the input length exceeds the context length"),
        ("0.24.0", "", {"shift": False}, 512),
        ("0.33.0", "", {}, 258),
        ("0.33.0", "", {"options": {"num_ctx": 512, "num_keep": 24}}, 268),
        ("0.33.0", "", {"options": {"num_ctx": 512, "num_keep": -1}}, 511),
        ("0.33.0", "", {"truncate": False}, REFUSED),
        ("0.33.0", "", {"shift": False}, "longer than the context length currently available"),
        ("0.33.0", JINJA, {}, REFUSED),
        ("0.33.0", JINJA, {"truncate": False, "shift": False}, REFUSED),
    ],
)
def test_a_prompt_that_is_too_long(version: str, template: str, sent: dict[str, Any], expected: int | str) -> None:
    with FakeOllama(version) as server:
        server.add_model("m", chat_template=template)
        reply = chat(server, WORDS, **sent)
        if isinstance(expected, int):
            assert reply["prompt_eval_count"] == expected
        else:
            assert reply[0] == 400
            assert expected in reply[1]


@pytest.mark.parametrize("version", ["0.12.3", "0.24.0", "0.33.0"])
def test_the_oldest_messages_are_dropped(version: str) -> None:
    with FakeOllama(version) as server:
        server.add_model("m", system="Be brief.")
        reply = chat(server, *["word " * 100] * 6)
        assert 300 < reply["prompt_eval_count"] <= 512


@pytest.mark.parametrize(
    ("version", "sent", "reason", "count"),
    [
        ("0.12.3", {"shift": False}, "stop", 401),
        ("0.24.0", {}, "stop", 401),
        ("0.33.0", {}, "stop", 401),
        ("0.24.0", {"shift": False}, "length", 243),
        ("0.33.0", {"shift": False}, "length", 243),
        ("0.33.0", {"shift": False, "options": {"num_ctx": 256, "num_predict": 9}}, "length", 9),
    ],
)
def test_an_answer_that_is_too_long(version: str, sent: dict[str, Any], reason: str, count: int) -> None:
    with FakeOllama(version) as server:
        server.add_model("m")
        server.answer("", Script([f" w{n}" for n in range(400)], verbatim=True))
        reply = chat(server, "hi", **{"options": {"num_ctx": 256}, **sent})
        assert (reply["done_reason"], reply["eval_count"]) == (reason, count)


@pytest.mark.parametrize(("version", "loads"), [("0.24.0", 1), ("0.33.0", 3)])
def test_another_shift_is_another_load_from_0_30_on(version: str, loads: int) -> None:
    with FakeOllama(version) as server:
        server.add_model("m")
        for shift in (True, False, False, True):
            chat(server, "hi", shift=shift)
        assert len(server.loads) == loads
