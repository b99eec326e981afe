# ruff: noqa: E501 (the programs)

from __future__ import annotations

import pytest

from pytest_llm.toolchains import toolchain
from pytest_llm.toolchains.base import Options, Snippet
from tests.helpers.compiling import agrees, compiled, errors

P = "package main\n"

VALID = {
    "program": P + 'import "fmt"\n\nfunc main() { fmt.Println("hello") }\n',
    "package": 'package lru\n\nimport (\n\t"container/list"\n\t"sync"\n)\n\ntype C struct {\n\tmu sync.Mutex\n\tl  *list.List\n}\n',
    "function alone": "func add(a, b int) int { return a + b }\n",
    "statements alone": 'x := []int{3, 1}\nsort.Ints(x)\nfmt.Println(strings.ToUpper("a"), x)\n',
    "statements with import": 'import "fmt"\n\nfmt.Println(1)\n',
    "main alone": "func main() {\n\tfmt.Println(1)\n}\n",
    "no main": P + "func helper() {}\n",
    "generics": P
    + "func m[T any](a []T, f func(T) T) []T {\n\tfor i := range a {\n\t\ta[i] = f(a[i])\n\t}\n\treturn a\n}\n"
    "func main() { println(len(m([]int{1}, func(i int) int { return i + 1 }))) }\n",
    "windows": P.replace("\n", "\r\n") + "\r\nfunc main() {\r\n\tprintln(1)\r\n}\r\n",
    "byte order mark": "\ufeff" + P + "func main() {}\n",
    "emoji and tabs": P + 'func main() {\n\t\tprintln("😀é", `\n\t{`)\n}\n',
    "aliased import": P + 'import str "strings"\n\nfunc main() { println(str.ToUpper("a")) }\n',
    "comment first": "// Package main says hello.\n\n/* package nothing */\n" + P + "func main() {}\n",
    "too much to be read": P
    + 'import "fmt"\n\nvar x = []int{\n'
    + "\t1,\n" * 12_000
    + "}\n\nfunc main() { fmt.Println(x) }\n",
    "build tag": "//go:build ignore\n\n" + P + "func main() {}\n",
    "a variable named like a package": "func f(sort []int) int {\n\tvar path = struct{ A int }{1}\n\treturn path.A + len(sort)\n}\n",
}

BROKEN = {
    "missing brace": (P + "func main() {\n\tprintln(1)\n", "syntax", 3),
    "bad expression": (P + "func main() {\n\tx := \n}\n", "syntax", 4),
    "undefined name": (P + "func main() {\n\tprintln(y)\n}\n", "undefined", 3),
    "undefined method": (P + 'import "strings"\nfunc main() {\n\tstrings.Upper("a")\n}\n', "undefined", 4),
    "type": (P + 'func main() {\n\tvar s string = 1\n\tprintln(s)\n}\n', "type", 3),
    "missing return": (P + "func f() int {\n}\nfunc main() { f() }\n", "type", 3),
    "unused variable": (P + "func main() {\n\tx := 1\n}\n", "unused", 3),
    "unused import": (P + 'import "os"\n\nfunc main() {}\n', "unused", 2),
    "missing module": (P + 'import "github.com/gin-gonic/gin"\n\nfunc main() { gin.Default() }\n', "missing-dependency", 2),
    "invented package": (P + 'import "fmtt"\n\nfunc main() { fmtt.Println() }\n', "undefined", 2),
    "no import": (P + "func main() { fmt.Println(1) }\n", "undefined", 2),
    "snippet": ("a := 1\nb := \"x\"\nfmt.Println(a + b)\n", "type", 3),
    "windows": (P.replace("\n", "\r\n") + "func main() {\r\n\tvar a int = \"x\"\r\n\t_ = a\r\n}\r\n", "type", 3),
    "byte order mark": ("\ufeff" + P + "func main() {\n\ty()\n}\n", "undefined", 3),
    "after emoji": (P + 'func main() {\n\tprintln("😀é", z)\n}\n', "undefined", 3),
    "cgo": (P + '// #cgo CFLAGS: -include /etc/passwd\nimport "C"\n\nfunc main() {}\n', "missing-dependency", 3),
}  # fmt: skip


@pytest.mark.parametrize("name", VALID)
def test_valid(name: str) -> None:
    assert errors(compiled("go", VALID[name])) == []


@pytest.mark.parametrize("name", BROKEN)
def test_broken(name: str) -> None:
    text, kind, line = BROKEN[name]
    assert (kind, line) in errors(compiled("go", text))


def test_eight_at_a_time() -> None:
    agrees("go", list(VALID.values()), list(BROKEN.values()))


def test_columns_count_characters() -> None:
    found = compiled("go", P + 'func main() {\n\tprintln("😀é", z)\n}\n')
    assert [(one.line, one.column) for one in found] == [(3, 16)]


def test_vet_warns() -> None:
    found = compiled("go", P + 'import "fmt"\n\nfunc main() {\n\tfmt.Printf("%d\\n", "x")\n}\n')
    assert [(one.severity, one.kind, one.line) for one in found] == [("warning", "lint", 5)]


def test_a_real_mistake_beside_a_missing_module() -> None:
    text = (
        P
        + 'import "github.com/gin-gonic/gin"\n\nfunc main() {\n\tr := gin.Default()\n\tr.Run()\n\tvar n int = "a"\n\t_ = n\n}\n'
    )
    assert errors(compiled("go", text)) == [("missing-dependency", 2), ("type", 7)]


G = P + 'import "gorm.io/gorm"\n\n'
FOLLOWS = {
    "an embedded type": (G + "type U struct{ gorm.Model }\n\nfunc main() {\n\tprintln(U{ID: 1}.ID)\n}\n", [2, 7, 7], []),
    "by a pointer": (G + "type U struct{ *gorm.DB }\n\nfunc (u *U) f() {\n\tu.Find()\n\tu.x = 1\n}\nfunc main() {}\n", [2, 7], [8]),
    "through another type": (G + "type U struct{ gorm.Model }\ntype A struct{ *U }\n\nfunc main() {\n\tprintln(A{}.ID)\n}\n", [2, 8], []),
    "with a type parameter": (G + "type U[T any] struct{ gorm.Box[T] }\n\nfunc main() {\n\tprintln(U[int]{}.ID)\n}\n", [2, 7], []),
    "in an interface": (G + "type R interface{ gorm.Valuer }\n\nfunc f(r R) {\n\tr.Other()\n}\nfunc main() {}\n", [2, 7], []),
    "with another name": (G.replace('"gorm.', 'g "gorm.') + "type U struct{ g.Model }\n\nfunc main() {\n\tprintln(U{}.ID)\n}\n", [2, 7], []),
    "by a dot": (P + 'import . "gorm.io/gorm"\n\ntype U struct{ Model }\n\nfunc main() {\n\tprintln(U{}.ID)\n\topen()\n}\n', [2, 4, 7], [8]),
    "a version in the path": (P + 'import "github.com/labstack/echo/v4"\n\nfunc main() {\n\techo.New()\n\tehco.New()\n}\n', [2, 5], [6]),
    "a name that is not in the path": (P + 'import "github.com/a/telegram-api/v5"\n\nfunc main() {\n\ttgbot.New()\n\tstrings.ToUpper("a")\n}\n', [2, 5], [6]),
    "for its effects": (P + 'import _ "github.com/lib/pq"\n\nfunc main() {\n\tsql.Open()\n\tfoo.Bar()\n}\n', [2], [5, 6]),
    "its own type embedded": (G + "type B struct{}\ntype U struct{ B }\n\nfunc main() {\n\tgorm.Open()\n\tprintln(U{}.ID)\n}\n", [2], [9]),
}  # fmt: skip


@pytest.mark.parametrize("name", FOLLOWS)
def test_what_follows_from_a_missing_module(name: str) -> None:
    text, missing, own = FOLLOWS[name]
    found = compiled("go", text)
    assert [one.line for one in found if one.kind == "missing-dependency"] == missing
    assert [one.line for one in found if one.kind != "missing-dependency"] == own


def files(**texts: str) -> list[Snippet]:
    return [Snippet(text, name.replace("__", "/") + ".go") for name, text in texts.items()]


def test_several_packages() -> None:
    compiled("go", "")
    main = P + 'import "example.com/app/util"\n\nfunc main() { util.F(1) }\n'
    found = toolchain("go").check(files(main=main, util__f="package util\n\nfunc F(s string) {}\n"), Options())
    assert [(one.file, one.kind, one.line) for one in found] == [(0, "type", 4)]


@pytest.mark.parametrize("folder", ["0.imports", "0.cfg", "0.vetx", "0.a"])
def test_a_folder_of_an_answer_is_called_as_our_files_were(folder: str) -> None:
    compiled("go", "")
    snippets = [Snippet("package a\n\nvar X = 1\n", f"{folder}/x.go")]
    assert toolchain("go").check(snippets, Options()) == []


def test_an_import_cycle_is_said() -> None:
    compiled("go", "")
    one = 'package one\n\nimport "app/two"\n\nvar X = two.X\n'
    two = 'package two\n\nimport "app/one"\n\nvar X = one.X\n'
    found = toolchain("go").check(files(one__a=one, two__a=two), Options())
    assert any("import cycle" in said.message for said in found)
