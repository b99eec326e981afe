"""Answers of which the compiler sees nothing, or not all: compiled out, empty, behind a sign at which it stops."""
# ruff: noqa: E501 (the files)

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from pytest_llm.checks.base import Finding
from pytest_llm.errors import Unsupported
from tests.helpers.checking import findings

NOTHING = [
    ("rust", '#![cfg(any())]\nfn f() -> u32 { "a" }'),
    ("rust", '#![cfg(FALSE)]\nfn f() -> u32 { "a" }'),
    ("rust", '#![cfg_attr(all(), cfg(any()))]\nfn f() -> u32 { "a" }'),
    ("rust", '#[cfg(any())]\nmod x { fn f() -> u32 { "a" } }\nuse std::fmt;'),
    ("rust", "#![cfg(not(test))]\nfn f() {}"),
    ("rust", "#[cfg(windows)]\nfn f() { g() }"),
    ("c", "#if 0\nint main(void) { return 0; }\n#endif"),
    ("c", "#ifdef NEVER\nint f(void) { garbage }\n#endif\n"),
    ("c", "%:ifdef NEVER\nint f(void) { garbage }\n%:endif\n"),
    ("c", "??=ifdef NEVER\nint f(void) { garbage }\n??=endif\n"),
    ("c", "#if 1==2\nx\n#elif 3>4\ny\n#endif\n"),
    ("c", "#include <stdio.h>\n#ifndef __linux__\nint x = ;\n#endif\n"),
    ("c", "#/**/if 0\nx\n#endif\n"),
    ("c", "#\\\nif 0\nx\n#endif\n"),
    ("cpp", "#ifdef NEVER\nint f() { garbage }\n#endif\n"),
    ("cpp", "#if __has_include(<nothere>)\nint f() { garbage }\n#endif\n#include <vector>"),
    ("c", "#define A(x)\nA(int main(void) { return nope; })"),
    ("c", "%:define \\\nA(...)\nA(int main(void) { return nope; })"),
    ("cpp", "#define A(...)\nA(int main() { return nope; })"),
    ("c", "#define int\n#define x\nint x;"),
    ("java", "class A {}\x1a ((( nonsense"),
    ("java", "class A {} \\u001a ((("),
    ("ruby", "x = 1\n\x04\ndef ((("),
    ("ruby", "x = 1\n\x00\ndef ((("),
    ("cpp", "#if __cplusplus >= 202002L\nvoid f() { return 1; }\n#endif"),
    ("python", "if True: pass"),
    ("python", "(...)"),
    ("python", "import os"),
    ("javascript", "void 0;"),
    ("javascript", "{}"),
    ("typescript", "export default null;"),
    ("ruby", "sure"),
    ("php", "<?php ?>def f(:"),
]
SOMETHING = [
    ("rust", "#[cfg(test)]\nmod tests { #[test]\nfn a() {} }"),
    ("rust", "#[cfg(windows)]\nfn f() {}\nfn g() {}"),
    ("rust", "pub fn f() {}\n#[cfg(test)]\nmod t { use super::*; #[test] fn a() { f() } }"),
    ("rust", "fn main() { if cfg!(windows) {} }"),
    ("rust", 'macro_rules! n { ($($t:tt)*) => {} }\nn! { fn f() -> u32 { "a" } }'),
    ("rust", "let x = 1;\n#[cfg(windows)]\nlet y = x;"),
    ("c", "#ifndef A_H\n#define A_H\nint f(void);\n#endif\n"),
    ("c", "#ifndef A_H\n#define A_H\n#define N 1\n#endif\n"),
    ("c", "#ifdef __linux__\nint x;\n#else\nint y;\n#endif\n"),
    ("c", '#if 1\nprintf("a");\n#endif'),
    ("c", "#define LOG(x)\nint f(void) { LOG(nope); return 1; }"),
    ("c", "#define f(x) x"),
    ("cpp", "#pragma once\n#include <vector>\nstruct A {};"),
    ("java", "class A {}\n\x1a\n"),
    ("java", 'class A { String s = "\\\\u001a"; }'),
    ("java", 'class A { String s = "\x1a"; }'),
    ("ruby", "x = 1\n\x1a"),
    ("ruby", 'x = "\x04"'),
    ("ruby", "x = 1\n__END__\ndef f("),
    ("php", "<?php f(); ?>\ngarbage (("),
    ("javascript", "f();\n<!-- g( {"),
    ("cpp", "#if __cplusplus >= 202002L\n#include <concepts>\nvoid f(std::integral auto x) {}\n#endif"),
]
UNREAD = {  # the answer, and the line of the warning
    "ruby": ("x = 1\n__END__\ndef f(\n", 4),
    "php": ("<?php f();\n__halt_compiler();\nfunction f( {", 4),
    "javascript": ("f();\n<!-- g( {", 3),
}


def judged(pair: tuple[str, str]) -> list[Finding]:
    language, text = pair
    try:
        return findings({"compile": language}, f"```{language}\n{text}\n```")
    except Unsupported as reason:
        pytest.skip(str(reason))


def failed(pairs: list[tuple[str, str]]) -> list[bool]:
    with ThreadPoolExecutor(4) as pool:
        return [any(one.severity == "failure" for one in said) for said in pool.map(judged, pairs)]


def test_nothing_to_compile_never_passes() -> None:
    assert [pair for pair, fails in zip(NOTHING, failed(NOTHING), strict=True) if not fails] == []


def test_what_is_compiled_in_part_passes() -> None:
    assert [pair for pair, fails in zip(SOMETHING, failed(SOMETHING), strict=True) if fails] == []


@pytest.mark.parametrize("language", UNREAD)
def test_what_is_not_read_is_told(language: str) -> None:
    text, line = UNREAD[language]
    told = [one for one in judged((language, text)) if "the compiler reads nothing" in one.message]
    assert [(one.line, one.severity) for one in told] == [(line, "warning")]


GARBAGE = "@@ ((( nonsense ]] x"
FILES: dict[str, tuple[str, dict[str, str], list[str]]] = {  # the files, and what is said of which, in order
    "rust, no mod": ("rust", {"main.rs": "fn main() {}", "other.rs": GARBAGE}, ["failure 8"]),
    "rust, a program beside its library": ("rust", {"src/main.rs": "use x::f;\nfn main() { f() }", "src/lib.rs": "pub fn f() {}"}, []),
    "rust, a mistake beside its library": ("rust", {"src/main.rs": "use x::f;\nfn main() { f(); nope() }", "src/lib.rs": "pub fn f() {}"}, ["failure 4"]),
    "rust, tests": ("rust", {"src/lib.rs": "pub fn f() {}", "tests/it.rs": "use x::f;"}, ["warning 8"]),
    "rust, modules": ("rust", {"lib.rs": "pub mod a;", "a/mod.rs": "pub mod b;", "a/b.rs": "pub fn f() {}"}, []),
    "c, not included": ("c", {"main.c": "int x;", "a.h": GARBAGE}, ["failure 8"]),
    "c, included by what nothing includes": ("c", {"main.c": "int x;", "b.h": '#include "a.h"', "a.h": "int y = nope;"}, ["failure 13"]),
    "c, a chain": ("c", {"main.c": '#include "b.h"\nint main(void) { return f(); }', "b.h": '#pragma once\n#include "a.h"', "a.h": "int f(void);"}, []),
    "c++, a folder": ("cpp", {"main.cpp": '#include <inc/b.hpp>\nint main() { return f(); }', "inc/b.hpp": "int f();"}, []),
    "c++, not included": ("cpp", {"main.cpp": "int main() {}", "b.hpp": "#pragma once\nint f() { return nope; }"}, ["failure 9"]),
    "c++, right": ("cpp", {"main.cpp": "int main() {}", "b.hpp": "#pragma once\nint f();"}, []),
    "go, of another system": ("go", {"main.go": "package main\nfunc main() {}", "x_windows.go": "package main\nfunc f() { nope() }"}, ["failure 10"]),
    "go, tests": ("go", {"main.go": "package main\nfunc main() {}", "x_test.go": "package main\nfunc f() { nope() }"}, ["failure 10"]),
    "python": ("python", {"a.py": "x = 1", "b.py": GARBAGE}, ["failure 8"]),
    "no name": ("python", {"a.py": "x = 1", "": GARBAGE}, ["note 7"]),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_no_file_of_an_answer_is_passed_over(name: str) -> None:
    language, files, wanted = FILES[name]
    blocks = [f"`{path}`:\n" * bool(path) + f"```{language}\n{text}\n```" for path, text in files.items()]
    try:
        said = findings({"compile": {"language": language, "files": "by-name"}}, "\n\n".join(blocks))
    except Unsupported as reason:
        pytest.skip(str(reason))
    assert (
        list(dict.fromkeys(f"{one.severity} {one.line}" for one in said if one.line))[: len(wanted) or None]
        == wanted
    )
