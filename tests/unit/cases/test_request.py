from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_llm.cases.casefile import load
from pytest_llm.cases.matrix import Cell, expand
from pytest_llm.cases.request import build, examine
from pytest_llm.errors import InputError
from pytest_llm.models.reference import ModelRef

MODEL = ModelRef("m", "ollama", "m")


def cell(root: Path, text: str, number: int = 0) -> Cell:
    file = root / "t.prompt.yaml"
    file.write_text(text + "\nmodels: m\nchecks: [x]\n", encoding="utf-8")
    return expand(load(file, root)[0])[number]


def talk(c: Cell, **kw: Any) -> list[tuple[str, str]]:
    return [(m.role, m.content) for m in build(c, MODEL, **kw).messages]


def test_a_prompt_without_vars_is_sent_byte_for_byte(tmp_path: Path) -> None:
    assert talk(cell(tmp_path, "prompt: 'a {{ b }} {% x'")) == [("user", "a {{ b }} {% x")]


def test_system_then_examples_then_the_question(tmp_path: Path) -> None:
    text = "prompt: q\nsystem: s\nexamples: [{user: u, assistant: a}]"
    assert talk(cell(tmp_path, text)) == [("system", "s"), ("user", "u"), ("assistant", "a"), ("user", "q")]


def test_examples_come_after_a_conversations_own_system_message(tmp_path: Path) -> None:
    text = (
        "messages: [{role: system, content: s}, {role: user, content: q}, {role: assistant, content: r},"
        " {role: user, content: q}]\nexamples: [{user: u, assistant: a}]"
    )
    roles = [role for role, _ in talk(cell(tmp_path, text))]
    assert roles == ["system", "user", "assistant", "user", "assistant", "user"]


def test_templates_are_rendered_once(tmp_path: Path) -> None:
    text = (
        "prompt: 'Write {{ what }} in {{ lang }}'\nvars: {what: '{{ 7*7 }}'}\nparametrize: [{lang: Go}, {lang: C}]"
    )
    assert talk(cell(tmp_path, text)) == [("user", "Write {{ 7*7 }} in Go")]
    assert talk(cell(tmp_path, text, 1)) == [("user", "Write {{ 7*7 }} in C")]


def test_what_a_model_wrote_is_a_value(tmp_path: Path) -> None:
    text = "stages:\n  - {name: a, prompt: one, checks: [x]}\n  - {name: b, prompt: 'Go on: {{ previous.code }}'}"
    c = cell(tmp_path, text)
    assert talk(c, stage=1, written={"previous": {"code": "{{ 1 }}"}}) == [("user", "Go on: {{ 1 }}")]


@pytest.mark.parametrize(
    ("think", "sent"), [("off", False), ("on", True), ("default", None), ("low", "low"), ("max", "max")]
)
def test_think(tmp_path: Path, think: str, sent: bool | str | None) -> None:
    assert build(cell(tmp_path, f"prompt: q\nthink: {think}"), MODEL).think == sent


def test_stage_options_come_on_top(tmp_path: Path) -> None:
    text = "options: {seed: 1, top_k: 5}\nstages: [{name: a, prompt: p, checks: [x], options: {seed: 2}}]"
    assert build(cell(tmp_path, text), MODEL).options == {"seed": 2, "top_k": 5}


def test_format_schema_is_the_one_given(tmp_path: Path) -> None:
    assert build(cell(tmp_path, "prompt: q\nformat: schema"), MODEL, schema={"type": "object"}).format == {
        "type": "object"
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("prompt: '{{ nope }}'\nvars: {a: 1}", "'nope' is undefined"),
        ("prompt: '{{ a '\nvars: {a: 1}", "template"),
        ("prompt: '{{ a / 0 }}'\nvars: {a: 1}", "zero"),
        ('prompt: "{{ a.__class__.__mro__ }}"\nvars: {a: x}', "unsafe"),
        ("stages: [{name: a, prompt: '{{ previous.code }}', checks: [x]}]", "previous"),
        ("stages: [{name: a, prompt: p, checks: [x]}, {name: b, prompt: '{{ nope }}'}]", "nope"),
        ("stages: [{name: a, prompt: p, checks: [x]}, {name: b, prompt: '{{ % }}'}]", "parse"),
    ],
)
def test_a_template_that_cannot_be_filled_in(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        examine(cell(tmp_path, text))


def test_the_key_is_of_everything_that_can_change_an_answer(tmp_path: Path) -> None:
    request = build(cell(tmp_path, "prompt: q"), MODEL)
    changed = [
        replace(request, think=True),
        replace(request, options={"seed": 1}),
        replace(request, sample=1),
        replace(request, model=replace(MODEL, written="n")),
    ]
    assert len({r.key for r in [request, *changed]}) == 5
    assert request.key == build(cell(tmp_path, "description: other\nprompt: q"), MODEL).key
