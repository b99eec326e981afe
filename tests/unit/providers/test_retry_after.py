"""How long a busy server wants to be left alone, and that every provider heeds it."""

from __future__ import annotations

import asyncio

import pytest

from pytest_llm.cases.request import ChatRequest, Message
from pytest_llm.errors import ModelUnavailable, ProviderError, RequestRefused, ServerBusy
from pytest_llm.models.reference import ModelRef
from pytest_llm.providers.base import Limits, Provider
from pytest_llm.providers.ollama.client import OllamaProvider
from pytest_llm.providers.openai.client import OpenAIProvider
from pytest_llm.providers.wire.retry_after import retry_after, told_wait
from tests.helpers.replay import Play, replay

NOW = 1_800_000_000.0  # Fri, 15 Jan 2027 08:00:00 GMT
HTML, JSON = "<html><h1>429 Too Many Requests</h1></html>", '{"error": "too many requests"}'


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "0"}, 0),
        ({"retry-after": " 17 "}, 17),
        ({"retry-after": "9" * 30}, 60),
        ({"retry-after": "Fri, 15 Jan 2027 08:00:30 GMT"}, 30),
        ({"retry-after": "Fri, 15 Jan 2027 07:00:00 GMT"}, 0),
        ({"retry-after": "Fri, 15 Jan 2027 09:00:00 GMT"}, 60),
        ({"retry-after": "Fri, 15 Jan 2027 08:00:30 GMT", "date": "Fri, 15 Jan 2027 08:00:25 GMT"}, 5),
        ({"retry-after": "Friday, 15-Jan-27 08:00:30 GMT"}, 30),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "1.5"}, None),
        ({"retry-after": "١"}, None),
        ({"retry-after": "Fri, 99 Jan 2027 08:00:30 GMT"}, None),
    ],
)
def test_the_header(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, NOW) == seconds


@pytest.mark.parametrize(
    ("kind", "status", "body", "said", "error"),
    [
        ("ollama", "429 x", HTML, "", ServerBusy),
        ("ollama", "429 x", "Too Many Requests", "9", ServerBusy),
        ("ollama", "429 x", JSON, "", ModelUnavailable),  # Ollama's own: a cloud model over its limit
        ("ollama", "429 x", JSON, "9", ServerBusy),
        ("ollama", "503 x", HTML, "9", ServerBusy),
        ("openai", "429 x", HTML, "", ServerBusy),
        ("openai", "429 x", JSON, "9", ServerBusy),
        ("openai", "503 x", JSON, "9", ServerBusy),
        ("openai", "429 x", '{"error": {"type": "insufficient_quota"}}', "9", RequestRefused),
    ],
)
def test_every_provider_heeds_it(kind: str, status: str, body: str, said: str, error: type[ProviderError]) -> None:
    headers = (("Retry-After", said),) if said else ()
    play = Play((body.encode(),), status=status, headers=headers, length=True)

    async def main() -> ProviderError:
        async with replay(lambda _: play) as server:
            limits = Limits(20, 60, 60)
            provider: Provider = (OllamaProvider if kind == "ollama" else OpenAIProvider)(server.url, limits)
            try:
                with pytest.raises(error) as caught:
                    await provider.chat(ChatRequest(ModelRef("m", kind, "m"), (Message("user", "hi"),)))
                return caught.value
            finally:
                await provider.close()

    assert asyncio.run(main()).wait == (9 if said and error is ServerBusy else None)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Rate limit reached for gpt in organization o on tokens per min. Please try again in 1.2s. Visit x", 1.2),
        ("Please try again in 6m0s.", 60),
        ("Please try again in 350ms.", 0.35),
        ("Please try again in 20 seconds", 20),
        ("No deployments available for selected model, Try again in 5 seconds.", 5),
        ("Please retry after 30 seconds.", 30),
        ("please try again in 1m2.5s", 60),
        ("retrying in 1 second", 1),
        ("try again in 2 hours", 60),
        ("server busy, please try again.  maximum pending requests exceeded", None),
        ("please try again in a moment", None),
        ("try again in 5 models", None),
        ("try again in " + "9" * 5000, None),
    ],
)
def test_what_a_complaint_asks_for_in_words(text: str, seconds: float | None) -> None:
    assert told_wait(text) == (None if seconds is None else pytest.approx(seconds))
