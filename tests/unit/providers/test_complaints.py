"""What servers, and what stands before them, say when they do not answer: whom it concerns, and what to do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_llm.errors import (
    BrokenAnswer,
    ModelUnavailable,
    ProviderError,
    PytestLlmError,
    RequestRefused,
    ServerBusy,
    Unsupported,
)
from pytest_llm.providers.wire.complaint import Asked
from pytest_llm.providers.wire.faults import fault

OLLAMA = Asked("http://gpu:11434/api/chat", "qwen3:8b", cloud=True)
OPENAI = Asked("http://gpu:8000/v1/chat/completions", "qwen3", key="OPENAI_API_KEY")


def ollama(status: int | None, text: str) -> tuple[Asked, int | None, str]:
    return OLLAMA, status, text if status is None else json.dumps({"error": text})


def openai(status: int, text: str, **more: Any) -> tuple[Asked, int, str]:
    return OPENAI, status, json.dumps({"error": {"message": text, **more}})


def page(status: int, title: str) -> tuple[Asked, int, str]:
    return OPENAI, status, f"<html><head><title>{title}</title></head><body></body></html>"


TOO_LITTLE, LOG, FIELD, PROXY = "need less memory", "log", "the field of the case", "a proxy before it?"


@pytest.mark.parametrize(
    ("said", "kind", "reach", "retry", "todo"),
    [
        (
            ollama(500, "memory layout cannot be allocated with num_gpu = 99"),
            ModelUnavailable,
            "model",
            0,
            TOO_LITTLE,
        ),
        (ollama(500, "unable to allocate CUDA0 buffer"), ModelUnavailable, "model", 0, TOO_LITTLE),
        (ollama(500, "CUDA error: out of memory"), ModelUnavailable, "model", 0, TOO_LITTLE),
        (
            ollama(None, "error while running the model: CUDA error: out of memory"),
            BrokenAnswer,
            "request",
            1,
            TOO_LITTLE,
        ),
        (openai(424, "failed during generation: CUDA out of memory"), BrokenAnswer, "request", 1, TOO_LITTLE),
        (
            ollama(500, "model failed to load, this may be due to resource limits"),
            ModelUnavailable,
            "model",
            0,
            LOG,
        ),
        (ollama(500, "unable to load model: /models/blobs/sha256-0f"), ModelUnavailable, "model", 0, LOG),
        (ollama(500, "error loading model: unknown architecture"), ModelUnavailable, "model", 0, LOG),
        (openai(500, "failed to load model"), ModelUnavailable, "model", 0, LOG),
        (openai(503, "Loading model", type="unavailable_error"), ServerBusy, "request", 40, "still loading"),
        (openai(409, "The model is currently loading"), ServerBusy, "request", 40, "still loading"),
        (ollama(400, 'invalid think value: "max" (must be "high")'), RequestRefused, "request", 0, FIELD),
        (ollama(400, 'think value "low" is not supported for this model'), Unsupported, "", 0, "another `think`"),
        (openai(400, "No models loaded. Please load a model"), ModelUnavailable, "model", 0, "load the model"),
        (openai(404, "No models loaded. Please load a model"), ModelUnavailable, "model", 0, "load the model"),
        (openai(400, "tool choice requires --enable-auto-tool-choice"), RequestRefused, "request", 0, "the option"),
        (openai(500, "tools param requires --jinja flag"), RequestRefused, "request", 0, "the option"),
        (openai(400, "you must provide a chat template if"), ModelUnavailable, "model", 0, "its chat template"),
        (openai(501, "This server does not support chat completions."), ModelUnavailable, "model", 0, "that does"),
        ((OLLAMA, 400, "Client sent an HTTP request to an HTTPS server."), RequestRefused, "server", 0, "https://"),
        (page(400, "The plain HTTP request was sent to HTTPS port"), RequestRefused, "server", 0, "https://"),
        (ollama(402, "payment required"), RequestRefused, "model", 0, "nothing left"),
        (openai(402, "Insufficient credits"), RequestRefused, "server", 0, "nothing left"),
        (ollama(410, "model 'x' was retired"), ModelUnavailable, "model", 0, "another model"),
        (page(405, "405 Not Allowed"), RequestRefused, "server", 0, "the server's address"),
        (page(407, "Proxy Authentication Required"), RequestRefused, "server", 0, "NO_PROXY"),
        (page(408, "408 Request Time-out"), ProviderError, "request", 0, PROXY),
        (page(413, "413 Request Entity Too Large"), RequestRefused, "request", 0, "smaller images"),
        (page(400, "400 Bad Request"), RequestRefused, "request", 0, PROXY),
        (page(421, "Misdirected Request"), RequestRefused, "server", 0, "the server's address"),
        (page(524, "gpu | 524: A timeout occurred"), ProviderError, "request", 0, PROXY),
        (openai(425, "Too Early"), ServerBusy, "request", 5, "queue"),
        (openai(400, "top_k must be positive"), RequestRefused, "request", 0, FIELD),
    ],
)
def test_whom_a_complaint_concerns_and_what_to_do(
    said: tuple[Asked, int | None, str], kind: type[PytestLlmError], reach: str, retry: int, todo: str
) -> None:
    error = fault(*said)
    assert type(error) is kind
    assert (getattr(error, "reach", ""), getattr(error, "retry", 0)) == (reach, retry)
    assert todo in str(error)
    assert str(error).count("\n") <= 1


@pytest.mark.parametrize("status", [429, 503])
def test_a_wait_that_is_told_in_words_is_heeded(status: int) -> None:
    error = fault(*openai(status, "No deployments available, try again in 5 seconds"))
    assert isinstance(error, ServerBusy)
    assert error.wait == 5
