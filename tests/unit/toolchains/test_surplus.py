"""Snippets that would compile only because they close what the scaffold opened."""

from __future__ import annotations

import pytest

from tests.helpers.compiling import compiled

pytestmark = pytest.mark.usefixtures("csharp_by_mono")

# by language: texts, and the line of what closes too much
BROKEN_OUT: dict[str, list[tuple[str, int]]] = {
    "c": [('int x = 1;\nprintf("%d", x);\n}\nvoid f(void) {', 3), ("1;\n}\nint g(void) {\nreturn 2;", 2)],
    "cpp": [("int x = 1;\nstd::cout << x;\n}\nvoid f() {", 3)],
    "csharp": [
        ("int x = 1;\n}\nvoid F() {", 2),
        ("void G() {}\n}\nclass B {", 2),
        ("public int X => 1;\n}\nclass B {", 2),
    ],
    "go": [("return\n}\nfunc f() {", 2), ("x := 1\n_ = x\n}\nfunc f() {", 3)],
    "java": [("int x = 1;\n}\nvoid f() {", 2), ("void g() {}\n}\nclass B {", 2)],
    "javascript": [
        ("return;\n}\nfunction f() {", 2),
        ("x();\n}\n{", 2),
        ("get x() { return 1 }\n}\nclass B {", 2),
        ("a: 1 })\n({ b: 2", 1),
        ("1);\nf(2", 1),
    ],
    "jsx": [("return <p />;\n}\nfunction f() {", 2)],
    "php": [("<?php\nreturn;\n}\nfunction f() {", 3), ("#[A]\npublic $x = 1;\n}\nclass B {", 3), ("1];\n[2", 1)],
    "python": [("return 1)\n(2", 1)],
    "ruby": [("return 1\nend\ndef f", 2), ("when 1 then 2\nend\nif 3", 2), ("a: 1 })\n_({ b: 2", 1)],
    "rust": [('let x = 1;\nprintln!("{x}");\n}\nfn f() {', 3), ("1 }\nfn g() -> i32 { 2", 1)],
    "shell": [("local x=1\n}\nf() {", 2)],
    "tsx": [("return <p />;\n}\nfunction f() {", 2)],
    "typescript": [("return;\n}\nfunction f() {", 2), ("private x = 1;\n}\nclass B {", 2)],
}


@pytest.mark.parametrize("language", sorted(BROKEN_OUT))
def test_a_snippet_closes_nothing_of_its_scaffold(language: str) -> None:
    found = {text: compiled(language, text) for text, _ in BROKEN_OUT[language]}
    errors = {text: [one.line for one in said if one.severity == "error"] for text, said in found.items()}
    assert {text: line in errors[text] for text, line in BROKEN_OUT[language]} == dict.fromkeys(errors, True), (
        errors
    )
