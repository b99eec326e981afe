"""Answers of which the compiler sees nothing, or not all: compiled out, empty, behind a sign at which it stops."""

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
