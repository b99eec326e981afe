"""Blocks that each begin as a file does, and are one program all the same."""

from __future__ import annotations

import pytest

from pytest_llm.answers.extract import extract

ONE = {
    "go": (
        [
            'package a\n\nimport "fmt"\n\ntype T int\n',
            'package a\n\nimport (\n\t"fmt"\n\t"os"\n)\n\nvar x T = 1\nfunc F() {}\n',
        ],
        'package a\n\nimport "fmt"\n\nimport (\n\t"os"\n)\n\ntype T int\n\nvar x T = 1\nfunc F() {}\n',
        [2, 3, 4, 11, 12, 14, 15, 5, 6, 16, 17, 18],
    ),
    "java": (
        [
            "package a;\n\npublic class T { }\n",
            "package a;\n\nimport java.util.List;\n\npublic final class U { List<T> t; }\n",
        ],
        "package a;\n\nimport java.util.List;\n\npublic class T { }\n\n       final class U { List<T> t; }\n",
        [2, 9, 10, 3, 4, 11, 12],
    ),
    "java below comments": (
        [
            "/*\n * Of all.\n */\npackage a;\n\nclass T { }\n",
            "/*\n * Of one.\n */\npackage a;\n\nimport java.util.List;\n\nclass U { List<T> t; }\n",
        ],
        "/*\n * Of all.\n */\npackage a;\n/*\n * Of one.\n */\n\nimport java.util.List;\n\nclass T { }\n\n"
        "class U { List<T> t; }\n",
        [2, 3, 4, 5, 11, 12, 13, 15, 16, 6, 7, 17, 18],
    ),
    "java without imports": (
        ["// The first.\npublic interface T { }\n", "public class U implements T { }\n"],
        "// The first.\npublic interface T { }\n       class U implements T { }\n",
        [2, 3, 7],
    ),
    "rust": (
        ["use std::fmt;\n\npub struct T;\n", "use std::fmt;\nuse std::io;\n\nimpl fmt::Debug for T { }\n"],
        "use std::fmt;\n\npub struct T;\nuse std::io;\n\nimpl fmt::Debug for T { }\n",
        [2, 3, 4, 9, 10, 11],
    ),
    "rust of one place": (
        ["use std::fmt;\n\nstruct T;\n", "use std::fmt::{self, Debug, };\n\nfn f(t: T) -> u8 { 1 }\n"],
        "use std::fmt;\n\nstruct T;\nuse std::fmt::{      Debug, };\n\nfn f(t: T) -> u8 { 1 }\n",
        [2, 3, 4, 8, 9, 10],
    ),
    "rust of a list": (
        [
            "use std::{cmp, io};\nuse std::rc::Rc;\n\nstruct T;\n",
            "use std::io;\nuse std::rc::{Weak, Rc};\n\nfn f(t: T) {}\n",
        ],
        "use std::{cmp, io};\nuse std::rc::Rc;\n\nstruct T;\nuse std::rc::{Weak,   };\n\nfn f(t: T) {}\n",
        [2, 3, 4, 5, 10, 11, 12],
    ),
    "rust of a list in lines": (
        [
            "use std::{\n    cmp,\n    rc::Rc, // shared\n};\n\nstruct T;\n",
            "use std::{\n    fmt,\n    io::{\n        self, Write,\n    },\n};\n\nfn f(t: T) {}\n",
        ],
        "use std::{\n    cmp,\n    rc::Rc, // shared\n};\n\nstruct T;\n"
        "use std::{\n    fmt,\n    io::{\n        self, Write,\n    },\n};\n\nfn f(t: T) {}\n",
        [*range(2, 8), *range(11, 19)],
    ),
    "rust of lists in lines": (
        [
            "use std::{\n    cmp,\n    io,\n};\n\nstruct T;\n",
            "use std::{\n    fmt,\n    io,\n};\n\nfn f(t: T) {}\n",
        ],
        "use std::{\n    cmp,\n    io,\n};\n\nstruct T;\nuse std::{\n    fmt,\n       \n};\n\nfn f(t: T) {}\n",
        [2, 3, 4, 5, 6, 7, 11, 12, 13, 14, 15, 16],
    ),
}  # fmt: skip


def _answer(language: str, pieces: list[str]) -> str:
    label = language.partition(" ")[0]
    return "\n".join(f"```{label}\n{piece}```\n" for piece in pieces)


@pytest.mark.parametrize("language", ONE)
def test_files_of_one_package_are_one_program(language: str) -> None:
    pieces, text, lines = ONE[language]
    block = extract(_answer(language, pieces)).code(language.partition(" ")[0])
    assert block is not None
    assert block.text == text
    answer = _answer(language, pieces).split("\n")
    assert [block.place(at)[0] for at in range(1, text.count("\n") + 1)] == lines
    for at, line in enumerate(text.splitlines(), 1):
        shown = answer[block.place(at)[0] - 1]
        assert all(mine in (" ", its) for mine, its in zip(line, shown, strict=True))


APART = {
    "csharp": [["namespace X;\nclass A { }\n", "namespace X;\nclass B { A a; int n; }\n"]],
    "go": [
        ["package a\n\ntype T int\n", "package main\n\nvar x T = 1\nfunc main() {}\n"],
        ["type T int\n", "package a\n\nvar x T = 1\nfunc F() {}\n"],
        ["package a\n\ntype T int\n", 'package a\n\nimport "x.org/y"\n\nvar x T = y.Z\nfunc F() {}\n'],
    ],
    "java": [
        ["package a;\n\nclass T { }\n", "package b;\n\nclass U { T t; int n = 1; }\n"],
        ["class T { }\n", "import org.absent.V;\n\nclass U { T t; V v; }\n"],
        ["class T { }\n", "/* Of\n  the second. */\nclass U { T t; }\nimport java.util.List;\nclass V { }\n"],
        [
            "import java.awt.List;\n\nclass T { List l; }\n",
            "import java.util.List;\n\nclass U { T t; List<T> l; }\n",
        ],
    ],
    "rust": [
        ["struct T;\n", "use mine::T;\n\nfn main() { let t = T; }\n"],
        ["use std::fmt::Result;\n\nstruct T;\n", "use std::io::{self, Result};\n\nfn f(t: T) -> u8 { 1 }\n"],
        [  # no Rust
            "use std::{}::{c};\n\nstruct T;\nfn f(t: T) -> u8 { 1 }\n",
            "use std::{}::{c, d};\n\nfn g(t: T) {}\n",
        ],
        ["use std::{fmt, io::{self}};\n\nstruct T;\n", "use std::fmt;\n\nfn f(t: T) -> u8 { 1 }\n"],
        ["struct T;\n", "use rand::Rng;\n\nfn f(t: T) -> u8 { 1 }\n"],
        ["struct T;\n", "use rand::{\n    Rng,\n};\n\nfn f(t: T) -> u8 { 1 }\n"],
        ["struct T;\n", "use std::{\n    fmt,\n\nfn f(t: T) -> u8 { 1 }\n"],
        ["struct T;\n", "#![allow(dead_code)]\nfn f(t: T) -> u8 { 1 }\n"],
        ["use std::fmt;\n\nstruct T;\n", "// Of T.\n#![allow(unused)]\nuse std::io;\n\nfn f(t: T) -> u8 { 1 }\n"],
    ],
    "javascript": [
        ["export default function f() { return 1; }\n", "export default function g() { return f() + 1; }\n"],
        ["class A { }\nexport default A;\n", "export default function g() { return new A(); }\n"],
    ],
    "php": [["<?php\nfunction f() { }\n?>\n", "function g() { f(); f(); }\n"]],
    "python": [
        ["def f():\n    return 1\n", "from __future__ import annotations\n\ndef g():\n    return f()\n"],
        [
            "def f():\n    return 1\n",
            '"""Of f."""\nfrom __future__ import annotations\n\ndef g():\n    return f()\n',
        ],
        ["def f():\n    return 1\n", "#!/usr/bin/env python3\ndef g():\n    return f()\n"],
    ],
}


@pytest.mark.parametrize("language", APART)
def test_files_of_which_each_is_a_program_of_its_own(language: str) -> None:
    for pieces in APART[language]:
        block = extract(_answer(language, pieces)).code(language)
        assert block is not None
        assert block.text in pieces, pieces
