"""What the demo model is asked, by the project's own code, and what it is to answer."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_llm.answers.extract import extract
from pytest_llm.cases.casefile import SUFFIX, LoadedCase, load
from pytest_llm.cases.matrix import Cell, expand
from pytest_llm.cases.request import ChatRequest, build
from pytest_llm.models.reference import ModelRef
from tools.demo_model.template import prompt

ROOT = Path(__file__).parents[2]
ANSWERS = Path(__file__).parent / "answers"
DEMO = ModelRef("demo", "embedded", "demo")
THINK_MODES = ("off", "on")


@dataclass(frozen=True)
class Answer:
    """What is to be learned by heart: the thinking and the text after it."""

    thinking: str
    text: str

    @classmethod
    def read(cls, path: Path) -> Answer:
        """From a file: `<think>` and `</think>` around the thinking, an empty line, the answer."""
        thinking, end, text = path.read_text(encoding="utf-8").removeprefix("<think>\n").partition("\n</think>\n\n")
        if not end or not text.strip():
            raise ValueError(f"{path}: an answer is <think>, thinking, </think>, an empty line, text")
        return cls(thinking, text.strip("\n"))


@dataclass(frozen=True)
class Question:
    """One prompt, the think mode it is asked in, and the name of its answer's file."""

    name: str
    request: ChatRequest

    @property
    def thinks(self) -> bool:
        return self.request.think is not False

    @property
    def path(self) -> Path:
        return ANSWERS / f"{self.name}.md"

    @property
    def prompt(self) -> str:
        """The text before the answer, as the chat template renders it."""
        messages = [{"role": m.role, "content": m.content} for m in self.request.messages]
        return prompt(messages, thinks=self.thinks)

    @property
    def completion(self) -> str:
        """The text that the model is to write; its end-of-turn token is not in it."""
        answer = Answer.read(self.path)
        return f"<think>\n{answer.thinking}\n</think>\n\n{answer.text}" if self.thinks else answer.text

    @property
    def label(self) -> str:
        return f"{self.name} think-{'on' if self.thinks else 'off'} {fingerprint(self.prompt)[:8]}"


def fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def questions(root: Path = ROOT) -> list[Question]:
    """Every different prompt of the shipped cases. A stage is asked only where the ones before it have answers."""
    found: dict[str, Question] = {}
    for path in sorted((root / "cases").rglob(f"*{SUFFIX}")):
        for loaded in load(path, root):
            for cell in expand(loaded, ["demo"], _modes(loaded)):
                for question in _questions(cell):
                    found.setdefault(question.prompt, question)
    return list(found.values())


def _modes(loaded: LoadedCase) -> tuple[str, ...]:
    return THINK_MODES if set(loaded.case.think) - {"off"} else ("off",)


def _questions(cell: Cell) -> Iterator[Question]:
    name = "-".join(filter(None, (cell.loaded.name, cell.row.id)))
    if not cell.case.stages:
        yield Question(name, build(cell, DEMO))
        return
    written: dict[str, Any] = {"stages": {}}
    for number, stage in enumerate(cell.case.stages):
        question = Question(f"{name}.{stage.name}", build(cell, DEMO, stage=number, written=written))
        yield question
        if not question.path.is_file():
            return
        result = _result(Answer.read(question.path).text)
        written = {"previous": result, "stages": {**written["stages"], stage.name: result}}


def _result(text: str) -> Mapping[str, str]:
    """What a later stage may name of an earlier one."""
    artifact = extract(text)
    block = artifact.code()
    return {"text": artifact.answer, "code": block.text if block else artifact.answer}
