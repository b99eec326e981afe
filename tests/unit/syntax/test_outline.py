"""What is read from texts of code, and within which limits."""

from __future__ import annotations

import os

import pytest

from pytest_llm.syntax import outline
from pytest_llm.syntax.grammars import KINDS, LANGUAGES, grammar
from pytest_llm.syntax.outline import Outline, ranked, read

TOPS: dict[str, list[tuple[str, list[str]]]] = {
    "c": [
        ("#include <stdio.h>\nint f(void) { return 1; }\n", ["import", "function"]),
        ('int x = 3;\nprintf("%d\\n", (x + 1));\n', ["either", "statement"]),
        ("struct s { int a; };\n// c\n", ["type", "empty", "comment"]),
        ("#define A(x) \\\n  (x)\n;", ["either", "empty"]),
    ],
    "cpp": [
        ("static_assert(1);\nclass A {};\nstd::sort(a, b);\n", ["type", "type", "empty", "statement"]),
        ("template <class T> T f(T a) { return a; }\nnamespace n {}\n", ["function", "function"]),
    ],
    "java": [
        ("package a;\nimport b.C;\nclass D {}\n", ["head", "import", "type"]),
        ("int f() { return 1; }\nint x = f();\nx++;\n", ["function", "either", "statement"]),
        ("private static final int X = 1;\nfinal int y = 1;\n", ["function", "either"]),
        ("@Target({ElementType.TYPE})\n@interface X {}\nnon-sealed class A {}\n", ["type", "type"]),
        ("import a.B; import c.D;\n", ["import", "import"]),
    ],
    "go": [("package a\nimport \"b\"\nfunc f() {}\nx := 1\n", ["head", "import", "function", "statement"])],
    "csharp": [
        (
            "#define X\nusing A;\nnamespace B;\nclass C {}\nint F() => 1;\nint x = 1;\nF();\n// c\n",
            ["head", "import", "head", "type", "function", "either", "statement", "comment"],
        ),
        ("private int x = 1;\nstatic int Y = 2;\nconst int z = 3;\n;", ["function", "function", "either", "empty"]),
        ("#nullable enable\n[assembly: A]\nnamespace B { }\nenum C { }\n", ["comment", "type", "type", "type"]),
    ],
    "kotlin": [
        (
            "package a\nimport b.C\nclass D\nfun f() = 1\nval x = 1\nval (a, b) = f()\nf()\n",
            ["head", "import", "type", "function", "either", "statement", "statement"],
        ),
        ("private val x = 1\nval y: Int\n    get() = 1\n// c\n", ["function", "function", "comment"]),
    ],
    "rust": [("use a::b;\nfn f() {}\nlet x = 1;\n", ["import", "function", "statement"])],
    "javascript": [("'use strict';\nimport a from 'b';\nf();\n", ["empty", "import", "statement"])],
    "typescript": [("interface A {}\nfunction f(a: string) {}\n", ["type", "function"])],
    "tsx": [("const a = <div/>;\n", ["either"])],
    "python": [("import a\n...\npass\ndef f(): pass\n# c\n", ["import", "empty", "empty", "function", "comment"])],
    "php": [("namespace A;\nuse B;\nclass C {}\n$x = 1;\n", ["head", "import", "type", "statement"])],
    "ruby": [("# a\nclass A; end\ndef f = 1\nf\n", ["comment", "type", "function", "statement"])],
    "shell": [("#!/bin/sh\nf() { a; }\nb\n", ["comment", "function", "statement"])],
}  # fmt: skip


@pytest.mark.parametrize(("language", "text", "kinds"), [(n, t, k) for n, rows in TOPS.items() for t, k in rows])
def test_what_stands_at_the_top(language: str, text: str, kinds: list[str]) -> None:
    found = read(text, language)
    assert found is not None
    assert (found.errors, [piece.kind for piece in found.pieces]) == (0, kinds)


def test_names_are_counted_and_relations_kept() -> None:
    found = read("std::sort(a, b); sort(c);\n#define X puts(1)\n", "cpp") or Outline()
    assert (found.names["used"]["sort"], found.names["qualified"]) == (2, {"sort": 1})
    assert found.all("macro") == {"puts(1)"}
    found = read("int f(int) { = ; }\n", "rust") or Outline()
    assert "" not in found.all("used")
    found = read("@A class B extends C<D> implements E {}\n", "java") or Outline()
    pairs = [("heir", "parent"), ("marked", "annotation")]
    assert {(one[a], one[b]) for one in found.relations for a, b in pairs if a in one} == {
        ("B", "C<D>"),
        ("B", "E"),
        ("B", "A"),
    }


@pytest.mark.parametrize(
    ("language", "text", "surplus"),
    [
        ("c", "int f() { }\n}\n", 12),
        ("cpp", 'auto s = "}"; // }\n', None),
        ("java", "é(); } {", 5),
        ("javascript", "`${a}`; if (x) { }", None),
        ("python", "x = {}\n", None),
    ],
)
def test_a_brace_that_closes_nothing(language: str, text: str, surplus: int | None) -> None:
    assert (read(text, language) or Outline()).surplus == surplus


def test_offsets_count_characters() -> None:
    found = read('f("é😀");\nint x;\n', "c") or Outline()
    assert [(piece.start, piece.end) for piece in found.pieces] == [(0, 8), (9, 15)]


HARD = [
    ("cpp", "template<" * 6000),
    ("python", "(" * 60_000),
    ("c", "{ " * 30_000),
    ("tsx", "<a>" * 20_000),
    ("shell", "$((" * 20_000),
    ("java", "\0\ud800" * 200),
]


@pytest.mark.parametrize(("language", "text"), HARD, ids=[language for language, _ in HARD])
def test_junk_costs_an_outline_and_no_more(language: str, text: str) -> None:
    assert read(text, language) is None or (read(text, language) or Outline()).errors
    assert read("\n", language) == Outline()


def test_many_attributes_are_read() -> None:
    found = read("#[derive(" + "a, " * 200 + "b)]\n" + "#[c(d)]\n" * 200 + "struct E;\n", "rust") or Outline()
    assert {"mark": "c", "listed": "(d)", "decorated": "E"} in found.relations


def die(*_: object) -> None:
    os.abort()


def test_a_parser_that_crashes_costs_its_own_text_only(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(outline, "_READ", f"{__name__}:die")
        patch.setattr(outline, "_RANK", f"{__name__}:die")
        assert read("int crash;", "c") is None
        assert ranked("int crash;") == []
    assert read("int fine;", "c") is not None


GUESSED = [
    ("go", "func f(a int) (int, error) {\n\tif a > 1 {\n\t\treturn a, nil\n\t}\n\treturn 0, nil\n}\n"),
    ("python", "def f(a):\n  for b in a:\n    yield b\n"),
    (
        "rust",
        "fn f(a: &str) -> Option<u8> {\n    let mut b = a.len()?;\n    match b { 1 => None, _ => Some(2) }\n}\n",
    ),
    ("shell", 'for f in *.txt; do\n  echo "$f" | wc -l\ndone\n'),
    ("java", "public List<String> f(int a) throws IOException {\n    return new ArrayList<>();\n}\n"),
]


@pytest.mark.parametrize(("language", "text"), GUESSED)
def test_the_language_with_the_fewest_errors(language: str, text: str) -> None:
    rows = dict(ranked(text))
    assert rows[language] == min(rows.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_table_is_one(language: str) -> None:
    assert set(grammar(language).kinds) <= set(KINDS)
    assert read("", language) == read("\n", language)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("if (a) return 1;\n", {"return"}),
        ("foreach (var x in y) { if (x > 1) { return x; } }\n", {"return"}),
        ("using (var f = g()) { return f.Read(); }\n", {"return"}),
        ("foreach (var x in y) yield return x;\n", {"yield"}),
        ("try { f(); } catch { return 1; }\nreturn;\n", set()),
        ("int F(int x) { return x; }\nFunc<int> f = () => { return 1; };\n", set()),
        ("class A { IEnumerable<int> F() { yield return 1; } }\n", set()),
    ],
)
def test_what_a_snippet_of_csharp_itself_gives_back(text: str, said: set[str]) -> None:
    found = read(text, "csharp") or Outline()
    assert {name for name in ("return", "yield") if found.all(name)} == said
