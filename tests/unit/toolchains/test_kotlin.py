from __future__ import annotations

import difflib
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from pytest_llm.errors import Unsupported
from pytest_llm.sandbox import programs
from pytest_llm.toolchains import base, kotlin, toolchain
from pytest_llm.toolchains.base import Options, Snippet
from pytest_llm.toolchains.kotlin import Kotlin
from tests.helpers.compiling import agrees, compiled, errors

VALID = {
    "suppressed": 'package a\n\n@Suppress("UNCHECKED_CAST")\nfun <T> f(x: Any) = x as T\n\nval s = "Suppress"\n',
    "program": 'fun main() {\n    println("hi")\n}\n',
    "package": "package com.example.lru\n\nimport java.util.LinkedHashMap\n\n"
    "class Lru<K, V>(val size: Int) {\n    private val items = LinkedHashMap<K, V>()\n}\n",
    "windows": "class A {\r\n\tval x = 1\r\n}\r\n",
    "byte order mark": "\ufeffclass A\n",
    "emoji": 'val s = "😀{"\n',
    "value class": "@JvmInline\nvalue class Id(val n: Int)\n",
    "generics": "class Box<out T : Any>(val it: T)\nfun <T : Any> T.boxed() = Box(this)\n",
    "of the JDK": "import java.nio.file.Path\n\nfun f(p: Path): Boolean = p.isAbsolute\n",
}
BROKEN = {
    "hidden": ('@Suppress("INITIALIZER_TYPE_MISMATCH")\nval x: Int = "a"\n', "type", 2),
    "hidden in a file, and that too": (
        '@file:Suppress("ERROR_SUPPRESSION", "UNRESOLVED_REFERENCE")\nfun f() { g() }\n',
        "undefined",
        2,
    ),
    "hidden by a constant": (
        'const val X = "VAL_REASSIGNMENT"\n@Suppress(X)\nfun f() { val x = 1; x = 2 }\n',
        "type",
        3,
    ),
    "hidden by another name": (
        'import kotlin.Suppress as S\n@S("errors")\nfun f() { val x = 1; x = 2 }\n',
        "type",
        3,
    ),
    "missing brace": ("class A {\n    fun f() {\n", "syntax", 2),
    "undefined": ("fun f(): Int {\n    return y\n}\n", "undefined", 2),
    "type": ('fun f(): Int {\n    return "x"\n}\n', "type", 2),
    "null": ("fun f(s: String?) {\n    println(s.length)\n}\n", "type", 2),
    "invented package of the library": ("import kotlin.collection.List\n\nclass A\n", "undefined", 1),
    "missing library": ("import org.koin.core.Koin\n\nclass A\n", "missing-dependency", 1),
    "windows": ('class A {\r\n\tval x: Int = "a"\r\n}\r\n', "type", 2),
    "nothing overridden": ("class A {\n    override fun go() = 1\n}\n", "type", 2),
    "two of a name": ("class A\n\nclass A\n", "type", 1),
}
KTOR = """import io.ktor.server.application.*
import io.ktor.server.netty.Netty
import com.google.inject.Inject as Inj
import com.example.Base

fun main() {
    embeddedServer(Netty, port = 8080) {
        routing { get("/") { call.respondText("x"); list().map { it.name } } }
    }.start(wait = true)
}
class Mine @Inj constructor(val b: Base) : Base() {
    override fun go(x: Int): Int = helper(x)
}
fun plain(text: String): Int = text.length
"""


@pytest.mark.parametrize("name", VALID)
def test_valid(name: str) -> None:
    assert errors(compiled("kotlin", VALID[name])) == []


@pytest.mark.parametrize("name", BROKEN)
def test_broken(name: str) -> None:
    text, kind, line = BROKEN[name]
    assert (kind, line) in errors(compiled("kotlin", text))


def test_eight_at_a_time() -> None:
    agrees("kotlin", list(VALID.values()), list(BROKEN.values()))


def test_what_follows_from_a_missing_library_counts_to_it() -> None:
    assert {kind for kind, _ in errors(compiled("kotlin", KTOR))} == {"missing-dependency"}


def test_a_real_mistake_beside_a_missing_library() -> None:
    wrong = errors(compiled("kotlin", KTOR.replace("= text.length", "= txt.length")))
    assert [one for one in wrong if one[0] != "missing-dependency"] == [("undefined", 14)]
    wrong = errors(compiled("kotlin", KTOR.replace("text.length", "text")))
    assert [one for one in wrong if one[0] != "missing-dependency"] == [("type", 14)]


def test_warnings() -> None:
    found = compiled("kotlin", "fun f() {\n    val x = 1\n    val y: Int = (2 as Int)\n    println(y)\n}\n")
    assert [(one.severity, one.kind, one.line) for one in found] == [("warning", "lint", 3)]


def test_columns_count_characters() -> None:
    found = compiled("kotlin", 'val s = "😀é" + y\n')
    assert [(one.line, one.column) for one in found] == [(1, 16)]


def test_several_files() -> None:
    compiled("kotlin", "class A")
    one = Snippet("package a\n\nclass One { fun f() = 1 }\n", "a/One.kt")
    two = Snippet("package b\n\nimport a.One\n\nval s: String = One().f()\n", "b/Two.kt")
    found = toolchain("kotlin").check([one, two], Options(seconds=120))
    assert [(said.file, said.kind, said.line) for said in found] == [(1, "type", 5)]


def test_nothing_of_one_text_is_there_for_the_next() -> None:
    assert errors(compiled("kotlin", "package a\n\nclass Left\n")) == []
    assert errors(compiled("kotlin", "package a\n\nval x = Left()\n")) == [("undefined", 3)]


def _jar(folder: Path, version: str) -> Path:
    folder.mkdir(parents=True)
    with zipfile.ZipFile(folder / "kotlin-compiler.jar", "w") as jar:
        jar.writestr("META-INF/compiler.version", version)
    return folder


@pytest.mark.parametrize(
    ("version", "said"),
    [("2.0.0", ""), ("2.1.20-dev-1", ""), ("1.9.25", "Kotlin 1.9.25 is too old"), ("", "too old")],
)
def test_versions(version: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jars = _jar(tmp_path / "kotlinc" / "lib", version)
    program = tmp_path / "kotlinc" / "bin" / "kotlinc"
    monkeypatch.setattr(programs, "which", {"kotlinc": program}.get)
    monkeypatch.setattr(programs, "kept", lambda name: tmp_path / name)
    if said:
        with pytest.raises(Unsupported, match=said):
            assert Kotlin().folder
    else:
        assert Kotlin().folder == jars


def test_none_is_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "which", {}.get)
    monkeypatch.setattr(programs, "kept", lambda name: tmp_path / name)
    with pytest.raises(Unsupported, match="is not here"):
        assert Kotlin().folder
    assert Kotlin().installation[-1].endswith(f"={tmp_path / 'kotlin'}")


def test_what_maven_reads_is_xml() -> None:
    project = ElementTree.parse(Path(kotlin.__file__).parent / "servers/kotlin.xml").getroot()
    assert "kotlin-compiler-embeddable" in [one.text for one in project.iter("artifactId")]


def test_of_thousands_of_errors_the_first_are_looked_at_and_each_name_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looked, tries, compared = list[object](), list[object](), list[str]()
    one, every, near = kotlin._diagnostic, kotlin._diagnostics, difflib.get_close_matches

    def count(name: str, *given: Any, **more: Any) -> list[str]:
        compared.append(name)
        return near(name, *given, **more)

    monkeypatch.setattr(kotlin, "_diagnostic", lambda *given: looked.append(given) or one(*given))
    monkeypatch.setattr(kotlin, "_diagnostics", lambda *given: tries.append(given) or every(*given))
    monkeypatch.setattr("pytest_llm.toolchains.java_missing.get_close_matches", count)
    name = "Absent\n"
    assert errors(compiled("kotlin", "import org.absent.Foo\n" + name * 3000))
    assert 0 < len(looked) <= base.READ * len(tries)
    assert compared.count("Absent") <= 2 * len(tries)
