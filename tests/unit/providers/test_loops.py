"""A model that repeats itself, told apart from a server that died."""

from __future__ import annotations

import json
import pickle

import pytest

from pytest_llm.errors import BrokenAnswer, GenerationLoop, PytestLlmError
from pytest_llm.providers.ollama.answer import ChatSink
from pytest_llm.providers.openai.answer import EventSink
from pytest_llm.providers.wire.complaint import Asked
from pytest_llm.providers.wire.faults import fault

LIMIT = "prediction aborted, token repeat limit reached"
ASKED = Asked("http://h", "m")


def ollama(pieces: list[str], last: str = "", key: str = "content") -> PytestLlmError:
    """What an answer of these pieces ends with."""
    sink = ChatSink(ASKED, lambda: 0.0)
    with pytest.raises(PytestLlmError) as caught:
        for piece in pieces:
            sink.take(json.dumps({"message": {key: piece}, "done": False}).encode())
        if last:
            sink.take(json.dumps({"error": last}).encode())
        sink.end()
    return caught.value


def openai(pieces: list[str], last: str = "", key: str = "content") -> PytestLlmError:
    sink = EventSink(ASKED, lambda: 0.0)
    with pytest.raises(PytestLlmError) as caught:
        for piece in pieces:
            sink.take(b"data: " + json.dumps({"choices": [{"delta": {key: piece}}]}).encode())
        if last:
            sink.take(b"data: " + json.dumps({"error": {"message": last}}).encode())
        sink.end()
    return caught.value


@pytest.mark.parametrize(
    ("pieces", "piece"),
    [
        (["go"] * 31, "go"),
        (["Well", ":", *[" go", "go\n", "go"] * 11], "go"),
        (['{"a": 1}', *["\n"] * 31], "blanks"),
        (['{"a": 1}', *[" ", "\n\n", "\t"] * 11], "blanks"),
        (["🐟"] * 31, "🐟"),
        (["go"] * 30 + ["stop"], None),
        (["go", "on"] * 40, None),
        (["go"] * 12, None),
        ([], None),
        (["a", "b", "c"], None),
        (["-" * 60, "\n"], None),
    ],
)
def test_an_answer_that_ends_without_a_word_is_a_loop_where_it_repeats_itself(
    pieces: list[str], piece: str | None
) -> None:
    for error in (ollama(pieces), openai(pieces)):
        if piece is None:
            assert isinstance(error, BrokenAnswer)
        else:
            assert isinstance(error, GenerationLoop)
            assert (error.piece, error.partial) == (piece, "".join(pieces))


def test_thinking_loops_too() -> None:
    for error in (ollama(["hm"] * 31, key="thinking"), openai(["hm"] * 31, key="reasoning")):
        assert isinstance(error, GenerationLoop)
        assert (error.piece, error.thinking, error.partial) == ("hm", "hm" * 31, "")


@pytest.mark.parametrize(("pieces", "piece"), [(["go"] * 101, "go"), (["a", "b"], ""), ([], "")])
def test_a_server_that_says_so_is_believed(pieces: list[str], piece: str) -> None:
    for error in (ollama(pieces, LIMIT), openai(pieces, LIMIT)):
        assert isinstance(error, GenerationLoop)
        assert (error.piece, error.partial) == (piece, "".join(pieces))


def test_as_a_status_it_has_no_text() -> None:
    error = fault(ASKED, 500, json.dumps({"error": LIMIT}))
    assert isinstance(error, GenerationLoop)
    assert str(error) == "the model repeated itself until the server gave up"


def test_another_error_after_equal_pieces_is_another_error() -> None:
    assert isinstance(ollama(["go"] * 40, "unexpected EOF"), BrokenAnswer)


def test_it_crosses_a_process_boundary() -> None:
    error = pickle.loads(pickle.dumps(GenerationLoop("go", "gogo", "hm")))
    assert (error.piece, error.partial, error.thinking) == ("go", "gogo", "hm")
