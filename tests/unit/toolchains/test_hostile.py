"""Programs that would make a compiler read, write, run or never end. None may succeed, and none may be waited for."""
# ruff: noqa: E501 (the programs)

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_llm.errors import CheckCrashed
from pytest_llm.sandbox import sandbox
from pytest_llm.sandbox.walls import Walls, missing
from pytest_llm.toolchains import toolchain
from pytest_llm.toolchains.base import Diagnostic, Options, Snippet
from tests.helpers.compiling import compiled, errors

pytestmark = pytest.mark.usefixtures("csharp_by_mono")

GO = "package main\n\n"
SECRET = "s3cr3t-0f-this-machine"
walled = pytest.mark.skipif(bool(missing()), reason=missing() or "-")

# What tries to bring a file's text into a message, or to find it at all.
READERS: dict[str, tuple[str, Callable[[Path], str]]] = {
    "C include": ("c", lambda path: f'#include "{path}"\nint main(void) {{ return 0; }}\n'),
    "C include upwards": ("c", lambda path: '#include "' + "../" * 20 + f'{path}"\nint x;\n'),
    "C include_next": ("c", lambda path: f'#include_next "{path}"\nint x;\n'),
    "C has_include": ("c", lambda path: f'#if __has_include("{path}")\n#error here\n#endif\n#error gone\n'),
    "C pragma dependency": ("c", lambda path: f'#pragma GCC dependency "{path}"\nint x = ;\n'),
    "C embed": ("c", lambda path: f'const char a[] = {{\n#embed "{path}"\n}};\n'),
    "C++ include": ("cpp", lambda path: f'#include "{path}"\nint main() {{}}\n'),
    "C++ import": ("cpp", lambda path: f'import "{path}";\nint main() {{}}\n'),
    "C# key": ("csharp", lambda path: f'[assembly: System.Reflection.AssemblyKeyFile("{path}")]\nclass A {{ int x = y; }}\n'),
    "C# lines": ("csharp", lambda path: f'#line 1 "{path}"\nclass A {{ int x = y; }}\n'),
    "C# script": ("csharp", lambda path: f'#load "{path}"\n#r "{path}"\nclass A {{ }}\n'),
    "Rust include_str": ("rust", lambda path: f'fn main() {{ let s: () = include_str!("{path}"); }}\n'),
    "Rust include": ("rust", lambda path: f'include!("{path}");\nfn main() {{}}\n'),
    "Rust path": ("rust", lambda path: f'#[path = "{path}"]\nmod secret;\nfn main() {{}}\n'),
    "Rust environment": ("rust", lambda path: 'fn main() { let s: () = env!("LLM_SECRET"); }\n'),
    "Rust proc macro": ("rust", lambda path: f'#![plugin({path})]\nextern crate proc_macro;\nfn main() {{ x!() }}\n'),
    "Go embed": ("go", lambda path: GO + f'import _ "embed"\n\n//go:embed {path}\nvar s string\n\nfunc main() {{}}\n'),
    "Go embed upwards": ("go", lambda path: GO + 'import _ "embed"\n\n//go:embed ../..\nvar s string\n\nfunc main() {}\n'),
    "cgo": ("go", lambda path: GO + f'// #cgo CFLAGS: -include {path}\n// #include "{path}"\nimport "C"\n\nfunc main() {{}}\n'),
    "Go line": ("go", lambda path: GO + f"//line {path}:1\nfunc main() {{ x }}\n"),
    "Go relative import": ("go", lambda path: GO + 'import "../../etc"\n\nfunc main() { etc.X() }\n'),
    "TypeScript import": ("typescript", lambda path: f"import s from '{path}';\nconst n: number = s;\n"),
    "TypeScript reference": ("typescript", lambda path: f'/// <reference path="{path}" />\nconst n: number = "a";\n'),
    "Kotlin file annotation": ("kotlin", lambda path: f'@file:Import("{path}")\n@file:DependsOn("{path}")\nval x: Int = "a"\n'),
    "shell source": ("shell", lambda path: f". {path}\nfi\n"),
}  # fmt: skip


@walled
@pytest.mark.parametrize("name", READERS)
def test_nothing_outside_is_read(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_SECRET", SECRET)
    path = tmp_path / "secret.ts"
    path.write_text(f"export default {SECRET!r} {SECRET}\n")
    language, program = READERS[name]
    found = compiled(language, program(path))
    assert errors(found) != []
    assert SECRET not in "".join(one.message for one in found)
    assert not any(one.message.startswith("#error here") for one in found)


@walled
def test_another_snippets_folder_is_not_there(tmp_path: Path) -> None:
    """The folder of a warm compiler does not keep what an earlier file was."""
    compiled("java", f"public class Kept {{ static int SECRET = 1; }} // {SECRET}\n")
    found = compiled("java", "class B { int x = Kept.SECRET; }\n")
    assert errors(found) == [("undefined", 1)]


def test_annotation_processors_do_not_run(tmp_path: Path) -> None:
    services = tmp_path / "META-INF" / "services"
    services.mkdir(parents=True)
    (services / "javax.annotation.processing.Processor").write_text("evil.Processor\n")
    compiled("java", "class A {}")
    found = toolchain("java").check([Snippet("@Deprecated class A {}\n")], Options(classpath=(tmp_path,)))
    assert errors(found) == []


LINES = 200_000
DEEP = 100_000
# What keeps a compiler busy, or talking, or in need of memory. Each must end as a failure of the model.
GREEDY: dict[str, tuple[str, str]] = {
    "C++ template bomb": ("cpp", "template <int N> struct A { A<N - 1> a; A<N - 2> b; char c[sizeof a + sizeof b]; };\n"
                          "template <int N, int M> struct B { static const int v = B<N - 1, M>::v + B<N, M - 1>::v; };\n"
                          "int main() { return B<800, 800>::v; }\n"),
    "C++ constexpr": ("cpp", "constexpr long f(long n) { return n < 2 ? n : f(n - 1) + f(n - 2); }\n"
                      "static_assert(f(60) == 1);\nint main() {}\n"),
    "C macros": ("c", "".join(f"#define A{i} A{i - 1} A{i - 1} A{i - 1} A{i - 1}\n" for i in range(1, 30))
                 + "#define A0 x y\nint main(void) { A29; }\n"),
    "C includes itself": ("c", '#include "snippet.c"\n#include "snippet.c"\n'),
    "C 100 MB of errors": ("c", "int main(void) {\n" + "x y;\n" * LINES + "}\n"),
    "Go errors": ("go", GO + "func main() {\n" + "\tx()\n" * LINES + "}\n"),
    "Java errors": ("java", "class A { void f() {\n" + "x();\n" * LINES + "} }\n"),
    "Kotlin errors": ("kotlin", "fun f() {\n" + "x()\n" * LINES + "}\n"),
    "C# errors": ("csharp", "class A { void F() {\n" + "x();\n" * LINES + "} }\n"),
    "Rust macro for ever": ("rust", "macro_rules! m { ($($t:tt)*) => { m!($($t)* $($t)*) } }\nfn main() { m!(a b c); }\n"),
    "Rust constant for ever": ("rust", "const fn f() -> u32 { loop {} }\nconst X: u32 = f();\nfn main() { println!(\"{X}\"); }\n"),
    "Rust types for ever": ("rust", "trait T { type X; }\nstruct W<A>(A);\nimpl<A> T for W<A> where W<W<A>>: T { type X = (); }\n"
                            "fn main() { let _: <W<()> as T>::X; }\n"),
    "TypeScript types for ever": ("typescript", "type D<N extends number, A extends any[] = []> =\n"
                                  "  A['length'] extends N ? A : D<N, [...A, 0]>;\nexport let x: D<100000>;\n"),
    "Python nesting": ("python", "x = " + "-" * DEEP + "1\n"),
    "Python brackets": ("python", "x = " + "(" * DEEP + ")" * DEEP + "\n"),
    "JavaScript nesting": ("javascript", "let x = " + "[" * DEEP + "]" * DEEP + ";\n"),
    "TypeScript nesting": ("typescript", "export const x = " + "[" * DEEP + "]" * DEEP + ";\n"),
    "C nesting": ("c", "int main(void) { return " + "(" * DEEP + "1" + ")" * DEEP + "; }\n"),
    "C++ nesting": ("cpp", "int main() { return " + "(" * DEEP + "1" + ")" * DEEP + "; }\n"),
    "Rust nesting": ("rust", "fn main() { let x = " + "(" * DEEP + "1" + ")" * DEEP + "; }\n"),
    "shell nesting": ("shell", "(" * DEEP + "\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", GREEDY)
def test_it_ends_within_its_limits(name: str) -> None:
    language, text = GREEDY[name]
    compiled(language, "")
    found = toolchain(language).check([Snippet(text)], Options(seconds=4))
    assert errors(found) != []
    assert len(found) <= 101


# Compilers that stand such depth may also pass it; what counts is that they answer.
@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("go", GO + "func main() { _ = " + "(" * DEEP + "1" + ")" * DEEP + " }\n"),
        ("go", GO + "func main() { _ = " + "1+" * DEEP + "1 }\n"),
        ("java", "class A { int x = " + "(" * DEEP + "1" + ")" * DEEP + "; }\n"),
        ("java", "class A { int x = " + "1+" * DEEP + "1; }\n"),
    ],
)
def test_nesting_is_answered(language: str, text: str) -> None:
    compiled(language, "")
    found = toolchain(language).check([Snippet(text)], Options(seconds=60))
    assert {one.kind for one in found} <= {"limit", "syntax", "type", "timeout"}


def test_a_compiler_that_hangs_costs_its_own_check_only() -> None:
    """The next file finds another compiler in its place."""
    compiled("typescript", "")
    busy = (
        "export let v = 1"
        + "+1" * 20_000
        + ";\n"
        + "type F<T> = T extends [infer A, ...infer R] ? [A, ...F<R>] : [];\n" * 1
    )
    slow = toolchain("typescript").check([Snippet(busy)], Options(seconds=0.05))
    assert [(one.kind, one.severity) for one in slow] == [("timeout", "error")]
    assert errors(compiled("typescript", "export const x: number = 1;\n")) == []


def test_a_compiler_that_is_killed_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled("python", "x = 1\n")
    pool = toolchain("python")._pool  # type: ignore[attr-defined]
    for session in pool._idle:
        session.close()
    assert compiled("python", "x = 1\n") == []


def test_a_compiler_that_dies_is_no_fault_of_the_program(tmp_path: Path) -> None:
    from pytest_llm.toolchains.warm import Pool

    server = tmp_path / "server.sh"
    server.write_text("read line; echo broken >&2; exit 3\n")
    pool = Pool(["/bin/sh", "SERVER"], server, Walls(), sandbox.Limits())
    with pytest.raises(CheckCrashed, match="sh ended with 3") as caught:
        pool.ask("{}", 10)
    assert "broken" in caught.value.hint
    pool.close()


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TMPDIR", "HOME"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "TMPDIR"))
    started = time.time()
    for language, text in [("go", GO + "func main() { x() }\n"), ("c", "int x = y;\n"), ("shell", "fi\n")]:
        said: list[Diagnostic] = compiled(language, text)
        assert errors(said) != []
    assert started > 0
    assert list((tmp_path / "TMPDIR").iterdir()) == []
