"""End tokens that a server let into the text."""

from __future__ import annotations

import pytest

from pytest_llm.answers.ends import END_TOKENS, without_end
from pytest_llm.answers.extract import extract

TOKENS = list(END_TOKENS)


@pytest.mark.parametrize("token", TOKENS)
def test_every_end_token_closes_a_fence_and_ends_an_answer(token: str) -> None:
    for text in (
        f"```go\nx\n```{token}",
        f"```go\nx\n```{token}\n",
        f"```go\nx\n``` {token} \nThat is all.",
        f"~~~go\r\nx\r\n~~~{token}{token}\r\nThat is all.",
        f"- a\n\n  ```go\n  x\n  ```{token}\n- b",
        f"> ```go\n> x\n> ```{token}\nafter",
        f"````markdown\n```go\nx\n```{token}\n````",
        f"```go\nx\n```\n{token}",
        f"```go\nx\n{token}",
    ):
        artifact = extract(text)
        block = artifact.code("go")
        assert block is not None
        assert (block.text.strip(), artifact.leaked[:1]) == ("x", (token,)), text
    bare = extract(f'{{"a": 1}}{token}\n\n')
    assert (bare.answer, bare.json_text(strict=True).text, bare.leaked) == ('{"a": 1}', '{"a": 1}', (token,))
    assert extract(f"4\n{token} {token}").answer == "4"
    assert extract(f"{token}").answer == ""


@pytest.mark.parametrize(
    ("text", "answer", "leaked"),
    [
        ("yes<|im_end|>\n<|im_start|>user\nAnd now?", "yes", ["<|im_end|>"]),
        ("```go\nx\n```<|eot_id|><|start_header_id|>user<|end_header_id|>\n", "```go\nx\n```", ["<|eot_id|>"]),
        ("yes<end_of_turn>\n<start_of_turn>user\nhm<end_of_turn>", "yes", ["<end_of_turn>"]),
        ("yes<|eot_id|></s>", "yes", ["</s>", "<|eot_id|>"]),
    ],
)
def test_what_a_model_writes_after_its_turn_is_no_answer(text: str, answer: str, leaked: list[str]) -> None:
    assert without_end(text) == (answer, tuple(leaked))


@pytest.mark.parametrize(
    "text",
    [
        "The token <|im_end|> ends a turn.",
        "Old <s>text</s>",
        '```python\nend = "<|im_end|>"\n```',
        "```python\nx = '''<|im_end|>\n<|im_start|>user'''\n```",
        "plain \n",
        "",
    ],
)
def test_a_token_that_belongs_to_the_answer_stays(text: str) -> None:
    assert without_end(text) == (text, ())
    assert extract(text).leaked == ()


def test_a_token_that_the_prompt_names_is_the_answers_own() -> None:
    text = "It is </s>"
    assert without_end(text, ["What ends a turn, <s> or </s>?"]) == (text, ())
    assert without_end(text) == ("It is", ("</s>",))


@pytest.mark.parametrize(
    "prompt",
    [
        "Which token ends a turn in ChatML?",
        "What is the end-of-turn token of Qwen?",
        "Name its special tokens.",
        "Explain the chat template.",
        "Which stop token does it use?",
    ],
)
def test_a_prompt_about_tokens_has_them_in_its_answer(prompt: str) -> None:
    answer = "It ends a turn with <|im_end|>"
    assert without_end(answer, [prompt]) == (answer, ())
    assert without_end(answer, ["How many tokens are that? Write a stop sign, end of story."])[1] == ("<|im_end|>",)
