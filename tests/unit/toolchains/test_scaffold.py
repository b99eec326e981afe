"""What a text is completed by, and where in it a compiler's words belong."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pytest_llm.syntax.outline import Outline, read
from pytest_llm.toolchains.base import Diagnostic, Options, Snippet
from pytest_llm.toolchains.completed import Around, Completed
from pytest_llm.toolchains.scaffold import Scaffolded, Style, completions

STYLE = Style(Around("<f{} "), Around("<m "), nested="static ")
FUNCTIONS = Style(Around("<f{} ", " f>"))
ORDERED = Style(Around("<f{} ", " f>"), ordered=True)


def forms(text: str, language: str, style: Style, imports: str = "") -> list[str]:
    return [one.text for one in completions(text, read(text, language) or Outline(), style, imports)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("int x;", ["<f int x; f>"]),
        ("int x; int f() { }", []),
        ("int f() { } g(1); int y;", ["int f() { } <f g(1); int y; f>"]),
        ("int y; g(1); int f() { } g(2);", ["<f int y; g(1); f> int f() { } <f2 g(2); f>"]),
        ("struct s { int a; }; g(1);", ["struct s { int a; }; <f g(1); f>"]),
        ("g(1); struct s { int a; }; g(2);", ["<f g(1); struct s { int a; }; g(2); f>"]),
        ("#include <a>\n// c\ng(1);", ["#include <a>\n<f // c\ng(1); f>"]),
        ("// nothing", []),
    ],
)
def test_statements_stand_in_functions(text: str, expected: list[str]) -> None:
    assert forms(text, "c", FUNCTIONS) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("int f() { } g(1);", ["int f() { } <f g(1); f>"]),
        ("g(1); int g() { }", ["<f g(1); f> int g() { }", " int g() { }\n<f g(1);\n f>"]),
        ("int x = h(); int h() { }", [" int h() { }\n<f int x = h();\n f>"]),
        ("int h() { } int x = h();", []),
        ("g(1);\nint g() { }\nh(); int h() { }", ["\nint g() { }\n int h() { }\n<f g(1);\nh();\n f>"]),
    ],
)
def test_statements_stand_behind_the_functions_that_they_use(text: str, expected: list[str]) -> None:
    found = forms(text, "c", ORDERED)
    assert found[len(found) - len(expected) :] == expected


def test_what_is_said_of_what_stands_at_the_end_is_said_of_the_text() -> None:
    text = "g(1);\nint g() { }"
    *_, completed = completions(text, read(text, "c") or Outline(), ORDERED, "")
    assert completed.text == "\nint g() { }\n<f g(1);\n f>"
    lines = {line: completed.place(Diagnostic("error", "type", "m", 0, line, 4))[0].line for line in (2, 3)}
    assert lines == {2: 2, 3: 1}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("class A {}", []),
        ("class A {} int f() { }", ["class A {} <m int f() { }\n}\n"]),
        ("int f() { } class A {} int g() { }", ["<m int f() { } static class A {} int g() { }\n}\n"]),
        ("int f() { } private class A {} int g() { }", ["<m int f() { } private class A {} int g() { }\n}\n"]),
        ("a(); class A {} b();", ["<m <f a(); class A {} b();\n}\n\n}\n"]),
        ("int f() { } a();", ["<m int f() { } <f a();\n}\n\n}\n"]),
        ("class A {} /**/ a();", ["class A {} <m <f /**/ a();\n}\n\n}\n"]),
    ],
)
def test_members_stand_in_a_class(text: str, expected: list[str]) -> None:
    assert forms(text, "java", STYLE) == expected


def test_imports_come_first_and_alone_at_first() -> None:
    assert forms("package a;\nf();", "java", FUNCTIONS, " I;") == [
        "package a; I;\nf();",
        "package a; I;\n<f f(); f>",
    ]


def test_where_the_grammar_explains_nothing_the_whole_is_tried() -> None:
    assert forms("if (a {", "c", FUNCTIONS)[-1] == "<f if (a { f>"


@pytest.mark.parametrize(
    ("line", "column", "expected"),
    [
        (1, 3, (1, None, False)),  # in the head
        (2, 1, (1, 1, True)),
        (2, 4, (1, 4, True)),
        (3, 1, (2, None, False)),  # in what stands on the text's own line
        (3, 5, (2, 1, True)),
        (3, None, (2, None, True)),
        (4, 1, (2, None, False)),  # behind the text
    ],
)
def test_what_is_said_of_a_completed_text_is_said_of_the_text(
    line: int, column: int | None, expected: tuple[int, int | None, bool]
) -> None:
    completed = Completed("a\u00e9b;\nc;", ((0, "head\n"), (5, "fn {"), (7, "\n}")))
    assert completed.text == "head\na\u00e9b;\nfn {c;\n}"
    found, own = completed.place(Diagnostic("error", "type", "x", 0, line, column))
    assert (found.line, found.column, own) == expected


BROKEN, UNDEFINED = Diagnostic("error", "syntax", "broken", line=1), Diagnostic("error", "undefined", "a")
SPENT = Diagnostic("error", "timeout", "the compiler was still busy")


class Scripted(Scaffolded):
    """Says what it is told to, try after try."""

    name, languages, program, sound, install = "C", ("c",), "none", "", ""
    style = Style(others=(Around("<a "), Around("<b "), Around("<c ")))

    def __init__(self, *said: list[Diagnostic]) -> None:
        self.said, self.tried = list(said), list[str]()

    def compile(self, files: Sequence[Snippet], options: Options) -> list[Diagnostic]:
        self.tried.append(files[0].text[:2])
        return self.said[len(self.tried) - 1]


@pytest.mark.parametrize(
    ("said", "found", "tries"),
    [
        ([[SPENT]], [SPENT], 1),
        ([[BROKEN, SPENT]], [BROKEN, SPENT], 1),
        ([[BROKEN], [SPENT]], [SPENT], 2),
        ([[BROKEN], [BROKEN, SPENT]], [SPENT], 2),
        ([[BROKEN], [UNDEFINED], [SPENT]], [UNDEFINED], 3),
        ([[BROKEN], [BROKEN], [BROKEN], []], [], 4),
    ],
)
def test_where_the_time_ran_out_nothing_else_is_tried(
    said: list[list[Diagnostic]], found: list[Diagnostic], tries: int
) -> None:
    tool = Scripted(*said)
    assert tool.check([Snippet("f();")], Options()) == found
    assert len(tool.tried) == tries
