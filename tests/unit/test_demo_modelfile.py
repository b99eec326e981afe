"""The demo model's TEMPLATE, rendered in the way Ollama does: what it asks is what the model was taught."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from pytest_llm.models.lint import lint
from pytest_llm.models.modelfile import load
from tools.demo_model.data import Answer, Question, questions
from tools.demo_model.modelfile import MODELFILE, TEMPLATE, TEXT
from tools.demo_model.template import prompt

RENDER = Path(__file__).parents[1] / "helpers" / "go" / "render.go"
U, A, END = "<|im_start|>user\n", "<|im_start|>assistant\n", "<|im_end|>\n"
Row = tuple[list[dict[str, str]], bool | None, str]
NO_THOUGHT = "<think>\n\n</think>\n\n"


def message(role: str, content: str = "", thinking: str = "") -> dict[str, str]:
    return {"role": role, "content": content, "thinking": thinking}


def rendered(rows: Sequence[Row]) -> list[str]:
    """One text for each conversation and value of `think`."""
    if shutil.which("go") is None:
        pytest.skip("go is not installed (pytest-llm doctor --install go)")
    body = [{"template": TEMPLATE, "messages": messages, "think": think} for messages, think, _ in rows]
    done = subprocess.run(["go", "run", str(RENDER)], input=json.dumps(body), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    texts: list[str] = json.loads(done.stdout)
    return texts


def messages_of(question: Question) -> list[dict[str, str]]:
    return [message(m.role, m.content) for m in question.request.messages]


def test_the_committed_modelfile_is_the_one_that_the_tool_writes() -> None:
    assert MODELFILE.read_text(encoding="utf-8") == TEXT
    spec = load(MODELFILE)
    assert spec.template == TEMPLATE
    assert lint(spec) == []


def taught() -> Iterator[Row]:
    """What is asked for each answer that was taught; with thinking, in the second pass of a `format` too."""
    for question in questions():
        messages = messages_of(question)
        yield messages, question.thinks, question.prompt
        if question.thinks:  # the thinking is there, and the turn is still open
            thinking = Answer.read(question.path).thinking
            thought = message("assistant", "", f"{thinking}\n")
            yield [*messages, thought], True, f"{question.prompt}<think>\n{thinking}\n</think>\n\n"


def translated() -> Iterator[Row]:
    """The GGUF's own template says the same."""
    for thinks in (True, False):
        for system in ([], [message("system", "Be brief.")]):
            messages = [*system, message("user", "a"), message("assistant", "b"), message("user", "c\n")]
            yield messages, thinks, prompt(messages, thinks=thinks)


CONVERSATIONS: list[Row] = [
    ([message("user", "hi")], None, f"{U}hi{END}{A}"),
    ([message("user", "hi")], True, f"{U}hi{END}{A}"),
    ([message("user", "hi")], False, f"{U}hi{END}{A}{NO_THOUGHT}"),
    ([message("user", "hi"), message("assistant", "{")], True, f"{U}hi{END}{A}{{"),
    ([message("user", "hi"), message("assistant", "", "hm\n")], True, f"{U}hi{END}{A}<think>\nhm\n</think>\n\n"),
    (
        [message("user", "a"), message("assistant", "b", "hm\n"), message("user", "c")],
        False,
        f"{U}a{END}{A}<think>\nhm\n</think>\n\nb{END}{U}c{END}{A}{NO_THOUGHT}",
    ),
    ([message("user", "a"), message("user", "b")], None, f"{U}a\n\nb{END}{A}"),
    ([message("user", ' <b> & "c" {{ .X }}\n')], None, f'{U} <b> & "c" {{{{ .X }}}}\n{END}{A}'),
    ([message("system", "S"), message("user", "hi")], None, f"<|im_start|>system\nS{END}{U}hi{END}{A}"),
    ([message("system", "S")], None, f"<|im_start|>system\nS{END}{A}"),
]


def test_what_ollama_asks_is_what_the_model_was_taught() -> None:
    rows = [*CONVERSATIONS, *translated(), *taught()]
    assert rendered(rows) == [expected for _, _, expected in rows]
