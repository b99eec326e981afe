from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_llm.cases.casefile import load
from pytest_llm.cases.matrix import Cell, expand
from pytest_llm.cases.request import as_said, build, examine
from pytest_llm.errors import InputError, InputErrors
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


CHAIN = """
vars: {{person: {{name: Ada}}, words: [a]}}
stages:
  - name: outline
    prompt: {first}
    checks: [x]
  - name: draft
    prompt: {second}
  - name: last
    prompt: {third}
"""


def chain(root: Path, first: str = "p", second: str = "p", third: str = "p") -> None:
    quoted = {name: json.dumps(text) for name, text in [("first", first), ("second", second), ("third", third)]}
    examine(cell(root, CHAIN.format(**quoted)))


@pytest.mark.parametrize(
    ("stage", "text", "words"),
    [
        ("first", "{{ previous.text }}", ":5: the first stage has no `previous`"),
        ("first", "{% if words %}a{% else %}{{ previous.text }}{% endif %}", "the first stage has no `previous`"),
        ("first", "{{ stages.outline.text }}", "the stage 'outline' refers to itself"),
        ("first", "{{ stages.draft.text }}", "'outline' refers to 'draft', which comes after it"),
        ("second", "{{ stages.outlin.text }}", ":8: there is no stage 'outlin', did you mean 'outline'?"),
        ("second", "{{ stages['outlin']['text'] }}", "there is no stage 'outlin'"),
        ("second", "{{ stages.draft.text }}", "the stage 'draft' refers to itself"),
        ("second", "{{ stages.last.code }}", "'draft' refers to 'last', which comes after it"),
        ("second", "{{ stages.zzz }}", "there is no stage 'zzz' (before 'draft': outline)"),
        ("second", "{{ previous.nosuch }}", "no `previous.nosuch` (a stage has text, code, thinking)"),
        ("second", "{{ previous.cod }}", "did you mean 'code'?"),
        ("second", "{{ previous['txt'] }}", "did you mean 'text'?"),
        ("second", "{{ stages.outline.answer | upper }}", "no `stages.outline.answer`"),
        ("second", "{% if '#' in previous.text %}{{ previous.nope }}{% endif %}", "no `previous.nope`"),
        ("second", "{% for line in stages.outlin.text.splitlines() %}{% endfor %}", "no stage 'outlin'"),
        (
            "second",
            "{{ previous }}",
            "`previous` is no text: write previous.text, previous.code, previous.thinking",
        ),
        ("second", "{{ stages.outline }}", "is no text: write stages.outline.text"),
        ("second", "{{ stages }}", "is no text: write stages.NAME.text"),
        ("third", "{{ person.nmae }}", "the template names person.nmae, which is not there"),
        ("third", "{{ persn.name }}", "the template names persn, which is not there"),
        ("third", "{{ previous.text | nofilter }}", "nofilter"),
        ("third", "{{ previous.text ", "does not parse"),
    ],
)
def test_references_that_lead_nowhere(tmp_path: Path, stage: str, text: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        chain(tmp_path, **{stage: text})
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "{{ previous.text }} {{ previous.code.strip() }} {{ previous['thinking'][:9] }}",
        "{{ stages.outline.text.split('#')[1] }} {{ stages['outline'].code }} {{ person.name }}",
        "{% for name, stage in stages.items() %}{{ name }}: {{ stage.text }}{% endfor %}",
        "{% set previous = words %}{{ previous.nope }}",
        "{% for stages in words %}{{ stages.nope }}{{ loop.index }}{% endfor %}",
        "{% macro m(person) %}{{ person.any }}{% endmacro %}{{ m(person) }}",
        "{{ stages.later.text if stages.later is defined else '' }}",
        "{{ missing | default('x') }}{{ person.age | d(3) }}",
        "{% if words %}{{ words[0] }}{% else %}{{ only_without_words }}{% endif %}",
        "{{ stages[words[0]] }}{{ range(3) | list }}{{ previous.get('code') }}",
        "{% set p = previous %}{{ p.code }}{% if previous %}y{% endif %}",
        "{% raw %}{{ stages.nope }}{% endraw %}",
    ],
)
def test_references_that_may_be_there(tmp_path: Path, text: str) -> None:
    chain(tmp_path, second=text)


def test_all_references_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputErrors) as caught:
        chain(tmp_path, "{{ previous.text }}", "{{ stages.a.b }} {{ nope }}", "{{ previous.b }}")
    assert [error.line for error in caught.value.errors] == [5, 8, 8, 10]


def test_one_text_may_serve_every_stage(tmp_path: Path) -> None:
    text = "{% if previous is defined %}{{ previous.text }}{% endif %}{% if stages.draft is defined %}!{% endif %}"
    chain(tmp_path, text, text, text)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("vars: {a: 1}\nprompt: q\nsystem: '{{ nope }}'", 3),
        ("vars: {a: 1}\nprompt: q\nexamples:\n  - {user: '{{ nope }}', assistant: a}", 4),
        ("vars: {a: 1}\nmessages:\n  - {role: user, content: q}\n  - {role: user, content: '{{ nope }}'}", 4),
        ("stages:\n  - name: a\n    prompt: '{{ nope }}'", 3),
    ],
)
def test_the_line_is_that_of_the_text(tmp_path: Path, text: str, line: int) -> None:
    with pytest.raises(InputError) as caught:
        examine(cell(tmp_path, text))
    assert caught.value.line == line


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


def test_what_may_be_trimmed_is_another_request(tmp_path: Path) -> None:
    plain, trimmed = (build(cell(tmp_path, f"prompt: q\n{more}"), MODEL) for more in ("", "allow: [cut, trimmed]"))
    assert "trim" not in plain.plain()
    assert trimmed.plain()["trim"] is True
    assert plain.key != trimmed.key


@pytest.mark.parametrize(
    ("more", "sample", "kept"),
    [
        ("", 0, True),
        ("options: {temperature: 0.5}", 0, True),
        ("options: {seed: 7}", 0, True),
        ("options: {seed: 7}", 1, False),
        ("samples: 3", 0, False),
        ("samples: 3", 2, False),
        ("samples: 3\noptions: {seed: 7}", 0, True),
    ],
)
def test_a_request_without_the_seed_of_its_sample(tmp_path: Path, more: str, sample: int, kept: bool) -> None:
    one = cell(tmp_path, f"prompt: q\n{more}")
    request = build(one, MODEL, sample=sample)
    assert as_said(request, one) == build(one, MODEL, sample=None)
    assert (as_said(request, one) is request) == kept


def test_options_are_each_callers_own(tmp_path: Path) -> None:
    case = cell(tmp_path, "prompt: q\noptions: {temperature: 0.5, x_foo: [1]}").case
    case.options.plain()["seed"] = 1
    assert case.options.plain() == {"temperature": 0.5, "foo": [1]}
    assert case.model_dump(exclude_unset=True)["options"] == {"temperature": 0.5, "x_foo": [1]}
