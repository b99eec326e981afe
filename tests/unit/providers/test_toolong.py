"""A prompt that is too long, in the words of each server."""

from __future__ import annotations

import pytest

from pytest_llm.errors import PromptTooLong, RequestRefused
from pytest_llm.providers.wire.complaint import Asked
from pytest_llm.providers.wire.faults import fault

OF = "This model's maximum context length is 4096 tokens"
SAID: list[tuple[str, tuple[int | None, int | None, int | None]]] = [
    (
        "request (5000 tokens) exceeds the available context size (4096 tokens), try increasing it",
        (5000, 4096, None),
    ),
    ("the request exceeds the available context size, try increasing it", (None, None, None)),
    ("the request exceeds the available context size. try increasing the context size", (None, None, None)),
    ("Context size has been exceeded.", (None, None, None)),
    ("Input prompt is too big compared to KV size. Please try increasing KV size.", (None, None, None)),
    (f"{OF}. However, you requested 5000 tokens (4500 in the messages, 500 in the completion).", (4500, 4096, 500)),
    (f"{OF}, however you requested 5000 tokens (5000 in your prompt; 0 for the completion).", (5000, 4096, 0)),
    (f"{OF}. However, your messages resulted in 5000 tokens.", (5000, 4096, None)),
    (f"{OF}. However, your request has 5000 input tokens. Please reduce the length.", (5000, 4096, None)),
    (
        f"{OF}. However, you requested 100 output tokens and your prompt contains at least 5000 input tokens",
        (5000, 4096, 100),
    ),
    (
        f"'max_tokens' or 'max_completion_tokens' is too large: 6000. {OF} and your request has 10 input tokens "
        "(6000 > 4096 - 10). None",
        (10, 4096, 6000),
    ),
    ("The decoder prompt (length 5000) is longer than the maximum model length of 4096.", (5000, 4096, None)),
    ("Input prompt (5000 tokens) is too long and exceeds limit of 4096", (5000, 4096, None)),
    ("Input length (5000) exceeds model's maximum context length (4096).", (5000, 4096, None)),
    ("The input (5000 tokens) is longer than the model's context length (4096 tokens).", (5000, 4096, None)),
    (
        "Requested token count exceeds the model's maximum context length of 4096 tokens. You requested a total of "
        "5000 tokens: 4500 tokens from the input messages and 500 tokens for the completion.",
        (4500, 4096, 500),
    ),
    (
        "Trying to keep the first 5000 tokens when context the overflows. However, the model is loaded with "
        "context length of only 4096 tokens, which is not enough.",
        (5000, 4096, None),
    ),
    (
        "The number of tokens to keep from the initial prompt is greater than the context length "
        "(n_keep: 5000 >= n_ctx: 4096).",
        (5000, 4096, None),
    ),
    ("Reached context length of 4096 tokens, but this model does not support overflow.", (None, 4096, None)),
    (
        "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 4000 `inputs` tokens "
        "and 1000 `max_new_tokens`",
        (4000, 4096, 1000),
    ),
    ("Input validation error: `inputs` must have less than 1024 tokens. Given: 2222", (2222, 1024, None)),
    (
        "The sum of prompt length (5000), query length (0) and max_tokens (100) should not exceed "
        "max_num_tokens (4096)",
        (5000, 4096, 100),
    ),
    ("prompt is too long: 5000 tokens > 4096 maximum", (5000, 4096, None)),
    ("The input token count (5000) exceeds the maximum number of tokens allowed (4096).", (5000, 4096, None)),
]


@pytest.mark.parametrize("status", [400, 413, 422, 500, None])
def test_what_each_server_says(status: int | None) -> None:
    for said, sizes in SAID:
        for body in (f'{{"error": {{"message": "{said}", "code": 400}}}}', f'{{"error": "{said}"}}', said):
            error = fault(Asked("u", "m"), status, body)
            assert isinstance(error, PromptTooLong), said
            assert (error.prompt_tokens, error.context, error.answer_tokens) == sizes, said
            assert "does not fit" in str(error)


@pytest.mark.parametrize(
    ("prompt", "answer", "words"),
    [(5000, None, "it has 5000 tokens, and num_ctx is 4096"), (4000, 1000, "num_predict wants 1000 more"),
     (5000, 1000, "it has 5000 tokens, and num_ctx is 4096")],
)  # fmt: skip
def test_what_is_told(prompt: int, answer: int | None, words: str) -> None:
    assert words in str(PromptTooLong("", prompt, 4096, answer))


@pytest.mark.parametrize("said", ["context deadline exceeded", "prompt is empty", "max_tokens must be at least 1"])
def test_what_is_something_else(said: str) -> None:
    assert isinstance(fault(Asked("u", "m"), 400, f'{{"error": "{said}"}}'), RequestRefused)
