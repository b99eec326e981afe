# ruff: noqa: E501 (the programs)

from __future__ import annotations

import pytest

from pytest_llm.toolchains import toolchain
from pytest_llm.toolchains.base import Options, Snippet
from tests.helpers.compiling import agrees, compiled, errors

VALID = {
    "program": 'public class Hello {\n    public static void main(String[] args) { System.out.println("hi"); }\n}\n',
    "package": "package com.example.lru;\n\nimport java.util.*;\n\npublic class Lru<K, V> extends LinkedHashMap<K, V> {\n"
    "    private static final long serialVersionUID = 1;\n}\n",
    "method alone": "int add(int a, int b) { return a + b; }\n",
    "statements alone": "List<String> x = new ArrayList<>();\nfor (String s : x) System.out.println(s);\n",
    "methods with import": 'import java.util.regex.Pattern;\n\nprivate static final Pattern P = Pattern.compile("a");\n'
    "static boolean is(String s) { return P.matcher(s).matches(); }\n",
    "record and statements": "record P(int a) {}\nvar p = new P(1);\nSystem.out.println(p.a());\n",
    "several types": "@interface X {}\nrecord P(int a, int b) {}\nsealed interface S permits T {}\nfinal class T implements S {}\n",
    "windows": "public class A {\r\n\tint x = 1;\r\n}\r\n",
    "byte order mark": "\ufeffpublic class A { }\n",
    "emoji and text block": 'class A {\n\tString s = "😀{";\n\tString t = """\n  class B {\n""";\n}\n',
    "lambda and stream": "import java.util.stream.*;\nclass A { int f() { return IntStream.of(1).map(i -> { return i; }).sum(); } }\n",
    "enum": "public enum Op { PLUS { int go(int a) { return a; } }; abstract int go(int a); }\n",
}

BROKEN = {
    "missing semicolon": ("public class A {\n    int x = 1\n}\n", "syntax", 2),
    "missing brace": ("public class A {\n    void f() {\n", "syntax", 2),
    "undefined variable": ("class A {\n    int f() {\n        return y;\n    }\n}\n", "undefined", 3),
    "undefined class": ("class A {\n    Lisd<String> l;\n}\n", "undefined", 2),
    "no import in a program": ("class A {\n    List<String> l;\n    public static void main(String[] args) {}\n}\n", "undefined", 2),
    "no import beside another": ("import java.io.File;\n\nclass A {\n    List<String> l;\n}\n", "undefined", 4),
    "undefined package": ("class A {\n    void f() { sytem.out.println(1); }\n}\n", "undefined", 2),
    "invented package of the library": ("import java.utils.List;\n\nclass A { }\n", "undefined", 1),
    "type": ('class A {\n    int f() { return "x"; }\n}\n', "type", 2),
    "missing return": ("class A {\n    int f() { }\n}\n", "type", 2),
    "unreported exception": ("class A {\n    void f() throws Exception {}\n    void g() { f(); }\n}\n", "type", 3),
    "abstract method": ("interface I { int f(); }\n\nclass J implements I {}\n", "type", 3),
    "missing library": ("import org.springframework.stereotype.Service;\n\n@Service\nclass A {}\n", "missing-dependency", 1),
    "method alone": ("int add(int a, int b) {\n    return a + c;\n}\n", "undefined", 2),
    "statements alone": ("int x = 5;\nString y = x;\n", "type", 2),
    "statements with import": ("import java.util.*;\n\nList<Integer> l = List.of();\nl.foo();\n", "undefined", 4),
    "windows": ("public class A {\r\n\tint x = \"a\";\r\n}\r\n", "type", 2),
    "byte order mark": ("\ufeffclass A {\n\tint x = ;\n}\n", "syntax", 2),
}  # fmt: skip

SPRING = """import org.springframework.web.bind.annotation.*;
import lombok.Data;
import java.util.List;

@RestController
@RequestMapping("/items")
public class Items extends Missing {
    private final Store store;
    public Items(Store store) { this.store = store; }
    @GetMapping("/{id}")
    public ResponseEntity<Item> get(@PathVariable long id) { return ResponseEntity.ok(store.find(id)); }
}
class Store {
    Item find(long id) {
        Item item = new Item();
        item.setId(id);
        return item;
    }
}
@Data
class Item { private long id; }
"""


@pytest.mark.parametrize("name", VALID)
def test_valid(name: str) -> None:
    assert errors(compiled("java", VALID[name])) == []


@pytest.mark.parametrize("name", BROKEN)
def test_broken(name: str) -> None:
    text, kind, line = BROKEN[name]
    assert (kind, line) in errors(compiled("java", text))


def test_eight_at_a_time() -> None:
    agrees("java", list(VALID.values()), list(BROKEN.values()))


def test_what_follows_from_a_missing_library_counts_to_it() -> None:
    assert {kind for kind, _ in errors(compiled("java", SPRING))} == {"missing-dependency"}


def test_a_real_mistake_beside_a_missing_library() -> None:
    wrong = SPRING.replace("return item;", 'int n = "x"; return item.next();')
    found = [(kind, line) for kind, line in errors(compiled("java", wrong)) if kind != "missing-dependency"]
    assert found == [("type", 17), ("undefined", 17)]


JUNIT = """import org.junit.jupiter.api.Test;
import static org.junit.jupiter.api.Assertions.*;

class CalcTest {
    @Test
    void adds() { assertEquals(3, new Calc().add(1, 2)); }
}
class Calc { int add(int a, int b) { return a + b; } }
"""


def test_what_is_imported_statically_counts_to_the_missing_library() -> None:
    assert {kind for kind, _ in errors(compiled("java", JUNIT))} == {"missing-dependency"}
    wrong = errors(compiled("java", JUNIT.replace(".add(1", ".plus(1")))
    assert [one for one in wrong if one[0] != "missing-dependency"] == [("undefined", 6)]


def test_lint_warns() -> None:
    found = compiled("java", "import java.util.*;\n\nclass A {\n    List raw;\n}\n")
    assert [(one.severity, one.kind, one.line) for one in found] == [("warning", "lint", 4)]


def test_columns_count_characters() -> None:
    found = compiled("java", 'class A { String s = "😀é" + y; }\n')
    assert [(one.line, one.column) for one in found] == [(1, 29)]


def test_several_files() -> None:
    compiled("java", "class A {}")
    one = Snippet("package a;\n\npublic class One { public int f() { return 1; } }\n", "a/One.java")
    two = Snippet("package b;\n\nimport a.One;\n\nclass Two { String s = new One().f(); }\n", "b/Two.java")
    found = toolchain("java").check([one, two], Options())
    assert [(said.file, said.kind, said.line) for said in found] == [(1, "type", 5)]


LEAVES = {
    "a class": ("class H { static int z; }", "class U { int q = H.z; }"),
    "a class of another shape": ("class Outer { class Inner {} }", "class Outer {} class N { Outer.Inner i; }"),
    "a package": ("package foo.bar;\npublic class A {}", "import foo.bar.*;\nclass B {}"),
    "a class in a package": ("package foo.bar;\npublic class A {}", "class B { foo.bar.A y; }"),
    "a package of the library": (
        "package java.util;\npublic class Foo {}",
        "import java.util.Foo;\nclass S { Foo f; }",
    ),
    "a name of the library": (
        'class String {} class X { String s = "a"; }',
        'class X { String s = "a"; int i = s; }',
    ),
    "a module": ("module m {}", "import java.sql.*;\nclass S { Connection c; int i = c; }"),
    "what is absent": ("import com.absent.X;\nclass S { X x; }", "import com.absent.X;\nclass S { X x; }"),
    "many errors": ("class S {" + "int i = x;" * 1200 + "}", "class S { int i = x; }"),
    "a warning": (
        "class D { void f() { new java.util.Date(1, 1, 1); } }",
        "class D { int x = y; void f() { new java.util.Date(1, 1, 1); } }",
    ),
}


def test_nothing_of_one_text_is_known_to_the_next() -> None:
    """The same is said of a text by a compiler that has seen none of these, and by one that has just seen another."""
    java = toolchain("java")
    java.close()
    fresh = {left: java.check([Snippet(then)], Options()) for left, (_, then) in LEAVES.items()}
    assert all(map(errors, fresh.values()))
    for left, (first, then) in list(LEAVES.items()) * 2:
        java.check([Snippet(first)], Options())
        assert (left, java.check([Snippet(then)], Options())) == (left, fresh[left])
