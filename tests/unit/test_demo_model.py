"""The demo model knows the shipped cases: what is asked, what is to be answered, and what the file was taught."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_llm.cases.request import Message
from tools.demo_model import manifest
from tools.demo_model.data import ANSWERS, Answer, Question, fingerprint, questions
from tools.demo_model.template import prompt


@pytest.fixture(scope="module")
def asked() -> list[Question]:
    return questions()


def test_the_committed_file_knows_every_answer(asked: list[Question]) -> None:
    assert manifest.unknown(asked) == []


def test_every_answer_belongs_to_a_case(asked: list[Question]) -> None:
    assert {q.path for q in asked} == set(ANSWERS.glob("*.md"))


def test_a_prompt_is_asked_once_in_each_think_mode(asked: list[Question]) -> None:
    assert len({q.prompt for q in asked}) == len(asked)
    assert sum(q.thinks for q in asked) == len(asked) / 2


def test_a_later_stage_carries_what_the_stage_before_it_wrote(asked: list[Question]) -> None:
    later = next(q for q in asked if q.name == "ball-prose.physics")
    page = Answer.read(ANSWERS / "ball-prose.draw.md").text.removeprefix("```html\n").removesuffix("\n```")
    assert page in later.prompt


def test_examples_stand_before_the_prompt_on_one_side_of_the_matrix(asked: list[Question]) -> None:
    roles = {tuple(m.role for m in q.request.messages) for q in asked if q.name == "go-config-loader"}
    assert roles == {("user",), ("user", "assistant", "user", "assistant", "user")}


@pytest.mark.parametrize(("thinks", "end"), [(True, "assistant\n"), (False, "assistant\n<think>\n\n</think>\n\n")])
def test_the_prompt_as_the_template_renders_it(thinks: bool, end: str) -> None:
    messages = [{"role": "system", "content": "S"}, {"role": "user", "content": "U\n"}]
    head = "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nU\n<|im_end|>\n<|im_start|>"
    assert prompt(messages, thinks=thinks) == head + end


def test_the_completion_holds_the_thinking_only_where_the_model_thinks(asked: list[Question]) -> None:
    on, off = (next(q for q in asked if q.name == "bug-analysis" and q.thinks is mode) for mode in (True, False))
    answer = Answer.read(on.path)
    assert off.completion == answer.text
    assert on.completion == f"<think>\n{answer.thinking}\n</think>\n\n{answer.text}"


@pytest.mark.parametrize(
    "text", ["", "an answer", "<think>\nhm\n</think>\nno empty line", "<think>\nhm\n</think>\n\n\n"]
)
def test_an_answer_of_another_form_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.md"
    path.write_text(text)
    with pytest.raises(ValueError, match="an empty line, text"):
        Answer.read(path)


def test_what_is_new_or_changed_is_named(asked: list[Question], tmp_path: Path) -> None:
    first, second, *rest = asked
    gguf, taught = tmp_path / "demo.gguf", tmp_path / "demo.json"
    gguf.write_bytes(b"weights")
    manifest.write([second, *rest], gguf, taught)
    data = json.loads(taught.read_text())
    data["answers"][fingerprint(second.prompt)] = "of yesterday"
    taught.write_text(json.dumps(data))

    assert manifest.unknown(asked, gguf, taught) == [
        f"{first.label}: the prompt is new",
        f"{second.label}: the answer has changed",
    ]


def test_a_case_without_an_answer_says_which_file_to_write(asked: list[Question], tmp_path: Path) -> None:
    request = replace(asked[0].request, messages=(Message("user", "What is new?"),))
    gguf, taught = tmp_path / "demo.gguf", tmp_path / "demo.json"
    gguf.write_bytes(b"weights")
    manifest.write([], gguf, taught)

    (line,) = manifest.unknown([Question("brand-new", request)], gguf, taught)
    assert line.endswith("no answer, write tools/demo_model/answers/brand-new.md")


def test_a_file_that_was_swapped_is_noticed(asked: list[Question], tmp_path: Path) -> None:
    gguf, taught = tmp_path / "demo.gguf", tmp_path / "demo.json"
    gguf.write_bytes(b"weights")
    manifest.write(asked, gguf, taught)
    gguf.write_bytes(b"other weights")

    assert manifest.unknown(asked, gguf, taught) == [
        "demo.gguf is not the file that demo.json speaks of: build both again"
    ]
