from __future__ import annotations

import pytest

from pytest_llm.cases.request import ChatRequest, Message
from pytest_llm.models.reference import ModelRef
from pytest_llm.providers.base import Response, ToolCall, Usage
from pytest_llm.verdicts import luck


def ask(prompt: str = "hi", **options: int) -> ChatRequest:
    return ChatRequest(ModelRef("m", "ollama", "m"), (Message("user", prompt),), options=options)


def said(response: Response, request: ChatRequest | None = None, allow: tuple[str, ...] = ()) -> list[str]:
    return [finding.message for finding in luck.findings(request or ask(), response, allow)]


@pytest.mark.parametrize(
    ("response", "words"),
    [
        (Response("fine"), ""),
        (Response(""), "the answer is empty"),
        (Response(" \n"), "the answer is empty"),
        (Response("", "hm"), "thought and then said nothing"),
        (Response("half", finish="length"), "cut by the length limit"),
        (Response("half", "t" * 40, finish="length"), "about 10 tokens went to thinking"),
        (Response("", "t" * 40, finish="length"), "thinking ate the whole budget"),
        (Response("", finish="length"), "cut by"),
        (
            Response("ok", finish="filtered", finish_word="content_filter"),
            "filter stopped the answer ('content_filter",
        ),
        (Response("", finish="filtered", finish_word="SAFETY"), "'SAFETY'"),
        (Response("ok", finish="error", finish_word="failed"), "because of an error ('failed')"),
        (Response("ok", finish="unknown", finish_word="banana"), "stopped by 'banana'"),
        (Response("ok", finish="unknown"), ""),
        (
            Response("", tool_calls=(ToolCall("f", '{"a": 1}'), ToolCall("g"))),
            'the model called f({"a": 1}), g() and',
        ),
        (Response("", "hm", tool_calls=(ToolCall("f", "x" * 999),)), "the model called f(xxx"),
        (Response("said", tool_calls=(ToolCall("f"),)), ""),
        (Response("ok", context_length=100, usage=Usage(prompt_tokens=100)), "trimmed the prompt: 100 tokens"),
        (Response("ok", context_length=1000, usage=Usage(prompt_tokens=995)), ""),
        (Response("ok", context_length=1000, usage=Usage(prompt_tokens=1000, answer_only=True)), ""),
        (Response("ok", context_length=None, usage=Usage(prompt_tokens=1000)), ""),
    ],
)
def test_what_never_passes_by_luck(response: Response, words: str) -> None:
    found = said(response)
    assert len(found) == (1 if words else 0)
    assert words in "".join(found)


@pytest.mark.parametrize(
    ("response", "severity"),
    [
        (Response("ok", finish="filtered"), "failure"),
        (Response("ok", finish="error"), "error"),
        (Response("ok", finish="unknown", finish_word="banana"), "warning"),
    ],
)
def test_how_much_an_end_weighs(response: Response, severity: str) -> None:
    assert [finding.severity for finding in luck.findings(ask(), response)] == [severity]


@pytest.mark.parametrize(("tokens", "kinds"), [(7, ["cut"]), (8, ["cut"]), (6, []), (None, [])])
def test_without_a_word_that_is_known_the_count_of_tokens_tells(tokens: int | None, kinds: list[str]) -> None:
    response = Response("half", finish="unknown", usage=Usage(answer_tokens=tokens))
    assert [finding.kind for finding in luck.findings(ask(num_predict=7), response)] == kinds
    assert not list(luck.findings(ask(num_predict=-1), response))


def test_the_limit_is_named() -> None:
    assert "num_predict=7" in said(Response("half", finish="length"), ask(num_predict=7))[0]


def test_dropped_messages_show_by_their_count() -> None:
    request = ask("word " * 4000)
    assert (
        "dropped a part" in said(Response("ok", context_length=2048, usage=Usage(prompt_tokens=1500)), request)[0]
    )


@pytest.mark.parametrize(
    ("response", "allow"), [(Response(""), "empty"), (Response("half", finish="length"), "cut")]
)
def test_what_a_case_allows(response: Response, allow: str) -> None:
    assert said(response, allow=(allow,)) == []


def test_thinking_is_counted_by_its_share_or_from_its_text() -> None:
    both = Response("a" * 30, "t" * 10, usage=Usage(answer_tokens=40, answer_seconds=1))
    second = Response("a" * 30, "t" * 12, usage=Usage(answer_tokens=40, answer_seconds=1, answer_only=True))
    assert luck.thinking_tokens(both) == 10
    assert luck.thinking_tokens(second) == 3


def test_an_end_token_that_was_left_in_is_a_warning_and_no_answer() -> None:
    (finding,) = luck.leaked(["<|im_end|>"])
    assert (finding.severity, finding.kind) == ("warning", "leaked")
    assert "Qwen" in finding.message
    assert 'PARAMETER stop "<|im_end|>"' in finding.details
    assert said(Response("<|im_end|>\n")) == ["the answer is empty"]
