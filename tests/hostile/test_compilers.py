"""What one answer may do to the verdict of the next, and by what noise it may try to pass."""
# ruff: noqa: E501 (the programs)

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from pytest_llm.answers.extract import extract
from pytest_llm.checks.base import CheckContext
from pytest_llm.checks.compile import Compile
from pytest_llm.errors import CheckCrashed
from pytest_llm.providers.base import Response
from pytest_llm.toolchains import toolchain
from pytest_llm.toolchains.base import MOST, Diagnostic, Options, Snippet, Toolchain
from pytest_llm.toolchains.warm import Pool
from tests.helpers import hostile
from tests.helpers.compiling import compiled, errors

pytestmark = pytest.mark.usefixtures("csharp_by_mono")

DEEP = 5000
# A program that is right, and one with three errors, whose verdicts no other text may change.
GOOD_AND_BAD: dict[str, tuple[str, str, list[int]]] = {
    "typescript": (
        "export const x: number = 1;\nexport function f(a: string): string { return a; }\n",
        'export const a: number = "x";\nexport const b: string = 1;\nexport const c: boolean = 2;\n',
        [1, 2, 3],
    ),
    "java": (
        "class A { int f() { return 1; } }\n",
        'class A {\n int a = "x";\n String b = 1;\n boolean c = 2;\n}\n',
        [2, 3, 4],
    ),
    "kotlin": (
        "class A { fun f(): Int = 1 }\n",
        'class A {\n val a: Int = "x"\n val b: String = 1\n val c: Boolean = 2\n}\n',
        [2, 3, 4],
    ),
    "javascript": ("let x = { a: [1] };\n", "let x = ;\n", [1]),
    "python": ("x = {'a': [1]}\n", "x = (\n", [1]),
}
WOUNDS: list[tuple[str, str]] = [
    ("typescript", "([" * 700),
    ("typescript", "//@ts-ignore\n" * 200 + "([" * 6000),
    ("typescript", "// @ts-expect-error\n" * 150 + "[{" * DEEP),
    ("typescript", "'use strict';\nexport const x = " + "-" * 20_000 + "1;\n"),
    ("typescript", "type A = " + "Array<" * DEEP + "1" + ">" * DEEP + ";\n"),
    ("typescript", "export const t = `" + "${`" * 3000),
    ("typescript", "export default class { m() { return super.x" + ".x" * 20_000 + "; } }\n"),
    ("typescript", "declare global { interface Array<T> { nope: T } interface String { length: string } }\nexport {};\n"),
    ("typescript", "interface Array<T> { extra: T }\ndeclare var undefined: any;\n"),
    ("typescript", "namespace N {" * 2000),
    ("java", "class A { int x = " + "(" * 50_000 + "1" + ")" * 50_000 + "; }"),
    ("java", "class A { int x = " + "-" * 50_000 + "1; }"),
    ("java", "class A {" * 20_000),
    ("java", "class A { Object o = " + "new Object() {" * 500),
    ("java", "package java.lang; class String {}"),
    ("kotlin", "val x = " + "(" * 50_000 + "1" + ")" * 50_000),
    ("kotlin", "package kotlin\n\nclass Int\nclass String\nfun println(x: Any?) = 1\n"),
    ("javascript", "[" * 100_000),
    ("javascript", "let x = " + "-" * 100_000 + "1"),
    ("javascript", "`${" * 20_000),
    ("javascript", "import x from 'y'; " + "(" * 50_000),
    ("python", "(" * 100_000),
    ("python", "x = " + "-" * 100_000 + "1\n"),
    ("python", "x = " + "a." * 50_000 + "b\n"),
    ("python", "\n".join(" " * i + "if x:" for i in range(120)) + "\n"),
]  # fmt: skip


@pytest.mark.parametrize("language", GOOD_AND_BAD)
def test_nothing_of_one_answer_reaches_the_next(language: str) -> None:
    """A compiler that a text was too much for is gone; one that stays says of the next what it said before."""
    good, bad, lines = GOOD_AND_BAD[language]
    later = {}
    for wound in [text for name, text in WOUNDS if name == language]:
        compiled(language, wound)
        if stays(toolchain(language)):
            later[wound[:40]] = [errors(compiled(language, text)) for text in (good, bad)]
    later["all of them"] = [errors(compiled(language, text)) for text in (good, bad)]
    said = {wound: [[line for _, line in one] for one in both] for wound, both in later.items()}
    assert said == {wound: [[], lines] for wound in said}


def stays(tool: Toolchain) -> bool:
    """Whether what read the last text may read the next."""
    pools: dict[object, Pool] | None = getattr(tool, "_pools", None)
    return pools is None or any(pool._idle for pool in pools.values())


@pytest.mark.parametrize("language", sorted(hostile.GOOD_AND_BAD))
def test_made_up_texts(language: str) -> None:
    """Some of those of bench/hostile.py, which tries hundreds."""
    good, bad, line = hostile.GOOD_AND_BAD[language]
    compiled(language, good)
    for seed in (3, 4, 10):
        toolchain(language).examine([Snippet(hostile.inputs(language, seed))], Options(seconds=5))
        assert errors(compiled(language, good)) == []
        assert [where for _, where in errors(compiled(language, bad))] == [line]


class Fragile(Toolchain):
    """A compiler that breaks on one text, or on any."""

    name, languages, program, install, sound = "Fragile", ("fragile",), "true", "", "fine"

    def __init__(self, always: bool) -> None:
        self.always = always

    def check(self, snippets: Sequence[Snippet], options: Options) -> list[Diagnostic]:
        if self.always or snippets[0].text == "hard":
            raise CheckCrashed("it ended with -11", hint="segmentation fault\nmore")
        return []


def test_a_compiler_that_breaks_on_one_text_blames_it() -> None:
    assert Fragile(always=False).examine([Snippet("easy")], Options()) == []
    (one,) = Fragile(always=False).examine([Snippet("hard")], Options())
    assert (one.kind, one.message) == ("crash", "the compiler breaks on this text: segmentation fault")


def test_a_compiler_that_breaks_on_any_text_blames_none() -> None:
    with pytest.raises(CheckCrashed, match="ended with -11"):
        Fragile(always=True).examine([Snippet("easy")], Options())


NOISE: list[tuple[str, str]] = [
    ("c", "#warning x\n" * 150 + "int main(void) { nonsense; }\n"),
    ("cpp", "#warning x\n" * 150 + "int main() { nonsense; }\n"),
    ("rust", "fn main() {\n" + "".join(f'let _a{i} = "\\\n\n x";\n' for i in range(150)) + 'let _y: u32 = "a"; }\n'),
    ("java", "class A { void f() {\n" + "".join(f"int x{i} = (int) 1;\n" for i in range(150)) + "String s = 1; } }\n"),
    ("typescript", "".join(f"function f{i}() {{ let u{i} = 1; }}\n" for i in range(150)) + "export const q: string = 1;\n"),
    ("python", "".join(f"x{i} = '\\q'\n" for i in range(150)) + "def\n"),
    ("go", "package main\n\nimport \"fmt\"\n\nfunc main() {\n" + '\tfmt.Printf("%d\\n", "a")\n' * 150 + "\tvar s string = 1\n\t_ = s\n}\n"),
]  # fmt: skip


@pytest.mark.parametrize(("language", "text"), NOISE, ids=[language for language, _ in NOISE])
def test_warnings_never_crowd_out_an_error(language: str, text: str) -> None:
    found = compiled(language, text)
    assert errors(found) != []
    assert len(found) <= MOST


HIDING: list[tuple[str, str, int | None]] = [
    ("typescript", '// @ts-nocheck\nexport const a: number = "x";\n', 2),
    ("typescript", '/* @ts-nocheck */\nexport const a: number = "x";\n', 2),
    ("typescript", '/// <reference no-default-lib="true"/>\nexport const a: number = "x";\n', 2),
    ("typescript", "// @ts-expect-error\nexport const a: number = 1;\n", 1),
    ("c", '#pragma GCC diagnostic ignored "-Wimplicit-function-declaration"\nint main(void) { return f(); }\n', 2),
    ("c", '_Pragma("GCC diagnostic ignored \\"-Wimplicit-function-declaration\\"")\nint main(void) { return f(); }\n', 2),
    ("c", '#define Q(x) _Pragma(#x)\nQ(GCC diagnostic ignored "-Wint-conversion")\nint main(void) { int *p = 5; return *p; }\n', 3),
    ("c", "#pragma GCC system_header\nint main(void) { return f(); }\n", 2),
    ("c", '#line 1 "a:b"\nint main(void) { return x; }\n', 2),
    ("c", '# 7 "zzz.c" 3\nint main(void) { return x; }\n', 2),
    ("cpp", '  #  line 90 "/usr/include/stdio.h"\nint main() { return x; }\n', 2),
    ("go", "package main\n\n//line z.go:1\nfunc main() { x() }\n", 4),
    ("go", "package main\n\nfunc main() { /*line z.go:1:1*/ x() }\n", 3),
    ("go", "package main\n\nfunc main() {\n/*line :1000000000*/ x() }\n", 4),
]  # fmt: skip


@pytest.mark.parametrize(("language", "text", "line"), HIDING, ids=lambda value: str(value)[:40])
def test_no_directive_hides_an_error(language: str, text: str, line: int | None) -> None:
    assert [where for _, where in errors(compiled(language, text))] == [line]


@pytest.mark.parametrize("word", ["ts-ignore", "ts-expect-error"])
def test_what_a_directive_hides_is_told(word: str) -> None:
    (one,) = compiled("typescript", f'// @{word}\n\n// and\nexport const a: number = "x";\n')
    assert (one.severity, one.line) == ("warning", 4)
    assert "hidden by a directive" in one.message


def test_a_declaration_file_is_checked() -> None:
    found = toolchain("typescript").check([Snippet('declare const x: number = "a";\n', "main.d.ts")], Options())
    assert errors(found)[0] == ("type", 1)


STAYS_FAILED: list[tuple[str, str, str]] = [
    ("c", "#include <foo>\n#include <foo/bar.h>\nint main(void) { return 0; }\n", ""),
    ("c", "#include <foo/bar.h>\n#include <foo>\n#include <foo/bar.h/x.h>\nint main(void) { return 0; }\n", ""),
    ("c", f"#include <{'a' * 300}.h>\nint main(void) {{ return 0; }}\n", ""),
    ("shell", "$(" * DEEP, ""),
    ("shell", "((" * DEEP, ""),
    ("go", "package main\n\nfunc main() {\n", "x" * 300 + ".go"),
    ("rust", "#![line = 1]\nfn main() { x }\n", ""),
]  # fmt: skip


@pytest.mark.parametrize(("language", "text", "name"), STAYS_FAILED, ids=lambda value: str(value)[:30])
def test_a_failure_of_the_models_stays_one(language: str, text: str, name: str, tmp_path: Path) -> None:
    compiled(language, "")
    info = f"{language} {name}" if name else language
    answer = extract(f"```{info}\n{text}\n```\n")
    context = CheckContext(Response(""), tmp_path, tmp_path, tmp_path)
    found = list(Compile(language=language, files="by-name").run(answer, context))
    assert "failure" in {one.severity for one in found}


def test_two_files_that_cannot_lie_beside_each_other(tmp_path: Path) -> None:
    blocks = "".join(f"```go {name}\npackage a\n\nvar X = 1\n```\n" for name in ("a.go", "a.go/b.go"))
    context = CheckContext(Response(""), tmp_path, tmp_path, tmp_path)
    (one,) = Compile(language="go", files="by-name").run(extract(blocks), context)
    assert one.message == "two files of the answer cannot lie beside each other: a.go and a.go/b.go"


LONG: list[tuple[str, str]] = [
    ("java", '"' + '\\"' * 40_000),
    ("c", '"' + '\\"' * 40_000),
    ("cpp", "'" + "\\'" * 40_000),
    ("go", '"' + '\\"' * 40_000),
    ("rust", '"' + '\\"' * 40_000),
    ("typescript", "return" + " " * 60_000 + ")"),
    ("rust", "\n" * 60_000 + "fn main( {}\n"),
    ("go", "\n" * 60_000 + "func main( {}\n"),
    ("java", "\n" * 60_000 + "class A { int x = ; }\n"),
    ("javascript", "// file" + " " * 70_000 + "a" + " " * 70_000 + "b\nlet x = ;\n"),
    ("python", "# file" + " " * 70_000 + "a" + " " * 70_000 + "b\ndef\n"),
]  # fmt: skip


@pytest.mark.parametrize(("language", "text"), LONG, ids=lambda value: value[:12])
def test_reading_an_answer_takes_time_in_proportion_to_it(language: str, text: str, tmp_path: Path) -> None:
    """What is quadratic takes minutes here."""
    context = CheckContext(Response(""), tmp_path, tmp_path, tmp_path)
    found = list(
        Compile(language=language, timeout=20, files="by-name").run(
            extract(f"```{language}\n{text}\n```\n"), context
        )
    )
    assert "failure" in {one.severity for one in found}
