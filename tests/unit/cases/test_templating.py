"""Templates: what they make, and that none takes the run with it."""

from __future__ import annotations

import resource
from pathlib import Path
from typing import Any

import pytest

from pytest_llm.cases import templating
from pytest_llm.cases.casefile import load
from pytest_llm.cases.matrix import expand
from pytest_llm.cases.request import examine
from pytest_llm.cases.templating import fill, names, render, render_all, worded
from pytest_llm.errors import InputError

VALUES: dict[str, Any] = {"what": "thing", "n": 3, "rows": [{"k": 1}, {"k": 2}], "quote": 'a"b', "none": None}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("no template {here}\n", "no template {here}\n"),
        ("{{ what }}", "thing"),
        ("{{ what | upper }} {{ rows[1].k }} {{ rows|length }}", "THING 2 2"),
        ("{{ rows | tojson }}", '[{"k": 1}, {"k": 2}]'),
        ("{% if n > 2 and what %}a{% else %}b{% endif %}", "a"),
        ("{{ what if n else 0 }}{{ n + 1 }}{{ what ~ n }}", "thing4thing3"),
        ("{% for row in rows %}{{ row.k }};{% endfor %}", "1;2;"),
        ("{{ '-' * n }}", "---"),
        ("{{ what.center(9) }}|{{ what|center(9) }}", "  thing  |  thing  "),
        ("{{ '%05d'|format(n) }} {{ (n / 2)|round(1) }}", "00003 1.5"),
        ("{% set x = n * 2 %}{{ x }}", "6"),
        ("{{ rows|map(attribute='k')|join('+') }}", "1+2"),
        ("{% macro m(x) %}<{{ x }}>{% endmacro %}{{ m(n) }}", "<3>"),
        ("{{ quote|tojson|tojson }}", r'"\"a\\\"b\""'),
        ("{{ what }}\n", "thing\n"),
        ("{% for a in range(99990) %}{% endfor %}x", "x"),
        ("{% for a in rows if a.k > 1 %}{{ loop.revindex }}{{ loop.length }}{{ loop.last }}{% endfor %}", "11True"),
        ("{% for a, b in {'c': 1}.items() %}{{ a }}{{ b }}{% else %}no{% endfor %}", "c1"),
        ("{% for a in [] %}{% else %}no{% endfor %}", "no"),
        ("{% for a in rows %}{{ loop.nextitem.k if not loop.last }}{{ loop.cycle('x', 'y') }}{% endfor %}", "2xy"),
        ("{{ '{{ what }}' }}", "{{ what }}"),
    ],
)
def test_what_a_template_makes(text: str, wanted: str) -> None:
    assert render(text, VALUES) == wanted
    assert names(text) <= VALUES.keys()


def test_every_string_in_plain_data() -> None:
    assert render_all({"a": ["{{ n }}", 1, None], "b": {"c": "{{ '=' * n }}"}}, VALUES) == {
        "a": [3, 1, None],
        "b": {"c": "==="},
    }


HUGE = [
    "{{ 'x' * 9999999999 }}",
    "{{ ['x'] * 9999999999 }}",
    "{{ what * 99999999999 }}",
    "{{ 'x'.center(10**9) }}",
    "{{ 'x'|center(10**10) }}",
    "{{ 'x'.ljust(1000000000) }}",
    "{{ '%1000000000d'|format(1) }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ '{:>1000000000}'.format(1) }}",
    "{{ 10 ** (10 ** 10) }}",
    "{{ 1.5|round(1000000000, 'ceil') }}",
    "{{ range(10**9) | list }}",
    "{{ range(100000)|join(',' * 100000) }}",
    "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}",
    "{% for a in range(99999) %}{% for b in range(9999) %}{{ loop.index }}{% endfor %}{% endfor %}",
    "{% macro m(x) %}{{ m(x) }}{% endmacro %}{{ m(1) }}",
    "{% for a in [[1]] recursive %}{{ loop([[1]]) }}{% endfor %}",
    "{{ lipsum(n=100000) }}",
    "{% set ns = namespace(x='xx') %}{% for i in range(64) %}{% set ns.x = ns.x + ns.x %}{% endfor %}{{ ns.x }}",
    "{{ quote" + "|tojson" * 60 + " }}",
    "{{ what|replace('', what * 1000000)|replace('', what * 1000000) }}",
    "{{ 'a'|indent(1000000000, true) }}",
    "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}",
    "{{ " + "[" * 300 + "]" * 300 + " }}",
    "{{ " + "not " * 5000 + "1 }}",
    "{% if 1 %}" * 500 + "{% endif %}" * 500,
    "{{ what " + "~ what " * 5000 + "}}" + "{% for a in range(100000) %}x{% endfor %}" * 200,
]


@pytest.mark.parametrize("text", HUGE, ids=lambda text: text[:40])
def test_a_template_that_would_take_all(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(templating, "SECONDS", 0.5)
    for question in (render, lambda text, _: names(text)):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        try:
            question(text, VALUES)
        except ValueError as error:
            message = str(error)
            assert message.startswith("the template ")
            assert len(message) < 300
        else:
            assert question is not render
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # KiB
    assert render("{{ 'a' * n }}", VALUES) == "aaa"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("{{ what", "the template does not parse: unexpected end"),
        ("{{ nosuch }}", "'nosuch' is undefined"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{{ what.__class__ }}", "access to attribute '__class__' of 'str' object is unsafe"),
        ("{% include 'x' %}", "no loader for this environment specified"),
        ("{{ what|nosuch }}", "No filter named 'nosuch'"),
        (
            "{% for a in range(9999) %}{% for b in range(9999) %}{{ a }}{% endfor %}{% endfor %}",
            "it takes more than 100000 turns of loops",
        ),
        ("{% for a in range(99) %}" * 3 + "{% endfor %}" * 3, "it takes more than 100000 turns of loops"),
        (
            "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(40) }}",
            "it takes more than 100000 turns of loops",
        ),
        (
            "{% for a in [9] * 20 recursive %}{{ loop([9] * 20) if loop.depth < 9 }}{% endfor %}",
            "it takes more than 100000 turns of loops",
        ),
        ("{% for a in range(9999) %}{{ range(99999)|sum }}{% endfor %}", "not done after 2 s"),
        ("{{ 'x' * 9999999999 }}", "more than 1 GiB of memory"),
        ("{{ 'x' * 11000000 }}", "it makes 11000000 characters, more than 10000000"),
        ("{{ range(10**9)|list }}", "Range too big"),
    ],
)
def test_what_cannot_be_filled_in(text: str, wanted: str) -> None:
    with pytest.raises(ValueError, match="the template") as refused:
        render(text, VALUES)
    assert wanted in str(refused.value)


def test_plain_templates_need_no_other_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(templating, "call")
    for text in (
        "a",
        "{{ what }} {{ rows[0].k|default('x') }}",
        "{{ rows|tojson }}{% if n %}{{ none }}{% endif %}",
    ):
        render(text, VALUES)
        names(text)


def test_the_error_stands_at_the_line(tmp_path: Path) -> None:
    file = tmp_path / "a.prompt.yaml"
    file.write_text("vars: {a: 1}\nmodels: [m]\nprompt: |\n  {{ 'x' * 9999999999 }}\nchecks: [contains: x]\n")
    (cell,) = expand(load(file, tmp_path)[0])
    with pytest.raises(InputError, match=r"a\.prompt\.yaml:3: the template cannot be filled in: it took more than"):
        examine(cell)


GIVEN: dict[str, Any] = {
    "amount": 2.75,
    "count": 7,
    "flag": True,
    "nothing": None,
    "words": ["a", "b"],
    "person": {"name": "Ada", "age": 36},
    "digits": "42",
    "braces": "{{ count }}",
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{ amount }}", 2.75),
        ("{{ count }}", 7),
        ("{{ flag }}", True),
        ("{{ nothing }}", None),
        ("{{ words }}", ["a", "b"]),
        ("{{ person }}", {"name": "Ada", "age": 36}),
        ("{{ person.age }}", 36),
        ("{{ digits }}", "42"),
        ("{{ braces }}", "{{ count }}"),
        ("{{- count -}}", 7),
        ("  {{ count }}\n", 7),
        (" {{ digits }} ", " 42 "),
        ("{# why #}{{ count }}", 7),
        ("{{ -count }}", -7),
        ("{{ amount * 2 }}", 5.5),
        ("{{ count == 7 }}", True),
        ("{{ count if flag else amount }}", 7),
        ("{{ missing | default(3) }}", 3),
        ("{{ words | map('upper') }}", ["A", "B"]),
        ("{{ (1, 2) }}", [1, 2]),
        ("{{ count | string }}", "7"),
        ("{{ '%.1f' | format(amount) }}", "2.8"),
        ("{{ count }}{{ count }}", "77"),
        ("{{ count }} {{ count }}", "7 7"),
        ("{{ count }} pieces", "7 pieces"),
        ("{% if flag %}{{ count }}{% endif %}", "7"),
        ("{% raw %}{{ count }}{% endraw %}", "{{ count }}"),
        ("{{ '{{' }}", "{{"),
        ("plain", "plain"),
        ("", ""),
    ],
)
def test_one_expression_keeps_its_type(text: str, value: Any) -> None:
    found = fill(text, GIVEN)
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{{ nope }}", "'nope' is undefined"),
        ("{{ [nope] }}", "'nope' is undefined"),
        ("{{ person.nme }}", "no attribute 'nme'"),
        ("{{ count / 0 }}", "zero"),
        ("{{ amount * 1e308 }}", "inf, which is no number"),
        ("{{ words.append }}", "unsafe"),
        ("{{ person.keys }}", "no value of a case file"),
        ("{{ lipsum }}", "gives a function"),
        ("{{ count", "template"),
        ("{{ }}", "template"),
        ("{{ words | nofilter }}", "nofilter"),
    ],
)
def test_what_cannot_be_filled_in_says_why(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        fill(text, GIVEN)


def test_a_prompt_is_text_whatever_it_names() -> None:
    assert render("{{ flag }}", GIVEN) == "True"


@pytest.mark.parametrize(
    ("at", "value"),
    [
        ((), {"a": "7", "b": ["2.75", 3], "c": True}),
        (("a",), {"a": "7", "b": [2.75, 3], "c": True}),
        (("a", "inner"), {"a": "7", "b": [2.75, 3], "c": True}),
        (("b", 0), {"a": 7, "b": ["2.75", 3], "c": True}),
        (("b", 1), {"a": 7, "b": [2.75, 3], "c": True}),
        (("c",), {"a": 7, "b": [2.75, 3], "c": True}),
    ],
)
def test_numbers_that_templates_gave_are_text_again(at: tuple[str | int, ...], value: Any) -> None:
    written = {"a": "{{ count }}", "b": ["{{ amount }}", 3], "c": "{{ flag }}"}
    assert worded(written, render_all(written, GIVEN), at) == value
