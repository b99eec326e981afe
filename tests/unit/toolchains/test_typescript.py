# ruff: noqa: E501 (the programs)

from __future__ import annotations

import pytest

from pytest_llm.toolchains import base, toolchain, typescript
from pytest_llm.toolchains.base import Options, Snippet
from tests.helpers.compiling import agrees, compiled, errors

VALID = {
    "method alone": "async load(urls: string[]): Promise<void> {\n  for (const url of urls) await fetch(url);\n}\n",
    "methods alone": "private a = 1;\n\nget b(): number {\n  return this.a;\n}\n",
    "program": "const x: number = 1;\nconsole.log(x);\n",
    "untyped": "function f(a, b) {\n  return a + b;\n}\nf(1, 2);\n",
    "interface": "interface A {\n  a: number;\n}\nexport const a: A = { a: 1 };\n",
    "generic": "export function last<T>(items: readonly T[]): T | undefined {\n  return items.at(-1);\n}\n",
    "class": "export class B {\n  private x = 1;\n  constructor(public y: string) {}\n  get z(): number {\n    return this.x;\n  }\n}\n",
    "await at the top": "const r = await fetch('/x');\nconsole.log(r.status);\n",
    "enum": "enum E {\n  A = 'a',\n}\nexport const e: E = E.A;\n",
    "document": "document.querySelector<HTMLCanvasElement>('canvas')?.getContext('2d')?.fillRect(0, 0, 1, 1);\n",
    "assertion by brackets": "export function f(y: unknown) {\n  return <string>y;\n}\n",
    "assertion beside markup in a string": "export const a = (y: unknown) => `<p>${<string>y}</p>`;\n",
    "generic beside markup in a string": "export const s = '<b></b>';\nexport const g = <C>(c: C): C => c;\n",
    "generic call beside markup in a comment": "// <br/>\nexport const m = new Map<string, number>();\n",
    "ambient modules": "declare module '*.svg' {\n  const url: string;\n  export default url;\n}\n"
    "declare module 'a' {\n  export function f(x: number): void;\n}\nlet b = 1;\nb++;\n",
    "windows": "export const x: string = 'a';\r\nexport const y = x.length;\r\n",
    "byte order mark": "\ufeffexport const x = 1;\n",
    "emoji": "export const é: string = '😀{';\n\tconsole.log(é);\n",
}

BROKEN = {
    "type in a method alone": ("size(a: string[]): number {\n  return a.length;\n}\n\nname(): string {\n  return 1;\n}\n", "type", 6),
    "expression": ("let x = 1;\nlet y = ;\n", "syntax", 2),
    "missing brace": ("function f() {\n  return 1;\n", "syntax", 2),
    "type": ("export const x: number =\n  'a';\n", "type", 1),
    "argument": ("function f(a: number) {\n  return a;\n}\nf('x');\n", "type", 4),
    "undefined name": ("const a = 1;\nconsole.log(a + b);\n", "undefined", 2),
    "undefined property": ("interface A {\n  a: number;\n}\nexport const f = (x: A) => x.b;\n", "undefined", 4),
    "missing return": ("export function f(): string {\n}\n", "type", 1),
    "missing property": ("interface A {\n  a: number;\n}\nexport const x: A = {};\n", "type", 4),
    "in an ambient module": ("declare module 'a' {\n  export function f(x: nmber): void;\n}\n", "undefined", 2),
    "more for a missing module": ("export {};\ndeclare module 'a' {\n  interface B { c: 1 }\n}\n", "missing-dependency", 2),
    "missing module": ("import express from 'express';\n\nexpress();\n", "missing-dependency", 1),
    "file that is not shown": ("import { a } from './a';\n\nconsole.log(a);\n", "missing-dependency", 1),
    "read only": ("export const x = 1;\nx = 2;\n", "type", 2),
    "windows": ("export const x = 1;\r\nexport const y: string = x;\r\n", "type", 2),
    "byte order mark": ("\ufeffexport const x = 1;\nexport const y: string = x;\n", "type", 2),
}  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "export const a = <A/>;\n",
        "export function F() {\n  return (\n    <ul>\n      <li>x</li>\n    </ul>\n  );\n}\n",
    ],
)
def test_markup_is_parsed(text: str) -> None:
    assert {kind for kind, _ in errors(compiled("typescript", text))} <= {"missing-dependency", "undefined"}


@pytest.mark.parametrize("name", VALID)
def test_valid(name: str) -> None:
    assert errors(compiled("typescript", VALID[name])) == []


@pytest.mark.parametrize("name", BROKEN)
def test_broken(name: str) -> None:
    text, kind, line = BROKEN[name]
    assert (kind, line) in errors(compiled("typescript", text))


def test_eight_at_a_time() -> None:
    agrees("typescript", list(VALID.values()), list(BROKEN.values()))


def test_strict() -> None:
    assert ("type", 1) in errors(compiled("typescript", VALID["untyped"], Options(strict=True)))


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("import e from 'absent';\ne().get('/', (req, ...more) => req.x + more);\n", []),
        ("import { F } from 'absent';\nexport const f: F = { a: (x) => x, b: [({ y }) => y] };\n", []),
        (
            "import { make } from 'absent';\nexport const s = make((set) => ({ go: () => set((old) => old) }));\n",
            [],
        ),
        ("import { on } from 'absent';\non(function (a) { this.b = a; });\n", []),
        ("import { on } from 'absent';\non({ a: { n: 1, go() { this.m++; } } });\n", []),
        ("import { on } from 'absent';\non({ a: { name: 1, go() { this.naem++; } } });\n", [2]),
        ("import { Base } from 'absent';\nexport class A extends Base { go(x) {} }\n", [2]),
        ("import { Base } from 'absent';\nexport const f = (x) => new Base(x);\n", [2]),
        ("const xs: any = [];\nexport const y = xs.map((a) => a.b);\n", [2]),
        ("export const y = (f: any) => f((a) => a.b);\n", [1]),
        ("import 'react';\nexport const A = () => <p onClick={(e) => e.x}>{[1].map((n) => n)}</p>;\n", []),
    ],
)
def test_strict_types_that_an_absent_package_would_bring(text: str, lines: list[int]) -> None:
    found = errors(compiled("tsx", text, Options(strict=True, seconds=120)))
    assert [line for kind, line in found if kind != "missing-dependency"] == lines


def test_a_real_mistake_beside_a_missing_module() -> None:
    text = (
        "import express from 'express';\n\nconst app = express();\napp.get('/');\nexport const n: number = 'x';\n"
    )
    assert errors(compiled("typescript", text)) == [("missing-dependency", 1), ("type", 5)]


def test_markup() -> None:
    found = errors(compiled("tsx", "export const C = (p: { n: number }) => {\n  return <b>{p.m}</b>;\n};\n"))
    assert ("undefined", 2) in found
    assert not [one for one in found if one[0] == "syntax"]


def test_unused_warns() -> None:
    found = compiled("typescript", "const x = 1;\n")
    assert [(one.severity, one.kind, one.line) for one in found] == [("warning", "unused", 1)]


def test_what_is_told_of_a_type_that_is_right_with_null_on_its_own_is_what_is_wrong_there() -> None:
    text = (
        "type R = { ok: true } | { ok: false; e: string };\nexport const f = (r: R) => (r.ok ? '' : r.e.lenght);\n"
    )
    assert [one.column for one in compiled("typescript", text)] == [45]


def test_columns_count_characters() -> None:
    found = compiled("typescript", "export const s = '😀é' + y;\n")
    assert [(one.line, one.column) for one in found] == [(1, 25)]


def test_a_type_argument_is_no_word_of_the_compilers() -> None:
    text = "class B<T> { x!: T }\nexport class C extends B<\"base class 'any'\"> { override foo() { return 1 } }\n"
    assert [(one.line, one.severity) for one in compiled("typescript", text)] == [(2, "error")]


@pytest.mark.parametrize(
    ("one", "other", "path"),
    [
        ("src/a.ts", "src/b.ts", "./b"),
        ("src/a.ts", "src/b.ts", "./b.js"),
        ("a.ts", "b.ts", "./b"),
        ("a.ts", "b.ts", "./b.ts"),
        ("src/a.ts", "src/b/index.ts", "./b"),
        ("src/x/a.ts", "src/b.ts", "../b"),
        ("a.ts", "b.mts", "./b.mjs"),
        ("a.tsx", "b.tsx", "./b"),
    ],
)
def test_one_file_of_an_answer_imports_another(one: str, other: str, path: str) -> None:
    text = f"import {{ x }} from '{path}';\nexport const y: NAME = x;\n"
    for name, lines in (("number", []), ("string", [("type", 2)])):
        files = [Snippet(text.replace("NAME", name), one), Snippet("export const x = 1;\n", other)]
        assert errors(toolchain("typescript").check(files, Options(seconds=120))) == lines
    gone = [Snippet(text.replace("NAME", "number"), one), Snippet("export const x = 1;\n", "elsewhere/c.ts")]
    assert errors(toolchain("typescript").check(gone, Options(seconds=120))) == [("undefined", 1)]


def test_what_a_bundler_reads_is_no_module_of_the_answer() -> None:
    for path, kind in (
        ("./d.json", "missing-dependency"),
        ("../x/y.svg?react", "missing-dependency"),
        ("./a.service", "undefined"),
    ):
        text = f"import d from '{path}';\nexport const x = d;\n"
        assert errors(toolchain("typescript").check([Snippet(text, "src/a.ts")], Options(seconds=120))) == [
            (kind, 1)
        ]
        assert errors(compiled("typescript", text)) == [("missing-dependency", 1)]


def test_of_thousands_of_errors_the_first_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = list[object]()
    made = typescript._diagnostic
    monkeypatch.setattr(
        typescript, "_diagnostic", lambda *given, **more: looked.append(given) or made(*given, **more)
    )
    assert errors(compiled("typescript", "import {A} from 'absent';\n" + "AAA\n" * 3000))
    assert 0 < len(looked) <= base.READ
