"""C#: by Mono's compiler, as far as that goes; by an SDK where there is one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pytest_llm.errors import Unsupported
from pytest_llm.toolchains import csharp_missing, dotnet
from pytest_llm.toolchains.base import Damaged, Diagnostic, Options, Snippet
from pytest_llm.toolchains.csharp import CSharp
from pytest_llm.toolchains.csharp_conditions import kept
from pytest_llm.toolchains.csharp_names import IMPLICIT, library
from pytest_llm.toolchains.emptiness import holds_no_code
from tests.helpers.compiling import errors
from tests.helpers.mono import mono
from tests.helpers.snippets import tries

OPTIONS = Options(seconds=120)
PROGRAM = "using System;\nclass A { static void Main() { Console.WriteLine(1); } }\n"
BROKEN = {
    "syntax": ("class A { int x = ; }\n", "syntax", 1),
    "undefined": ("class A {\n    int F() { return y; }\n}\n", "undefined", 2),
    "type": ('class A {\n    int F() { return "x"; }\n}\n', "type", 2),
    "windows": ('class A {\r\n    int x = "a";\r\n}\r\n', "type", 2),
    "byte order mark": ('\ufeffclass A { int x = "a"; }\n', "type", 1),
    "hidden lines": ('class A {\n#line hidden\n    int x = "a";\n}\n', "type", 3),
    "lines of another file": ('class A {\n  #line 7 "/etc/passwd"\n    int x = "a";\n}\n', "type", 3),
    "two programs": (PROGRAM + "class B { static void Main() { } }\n", "type", 2),
}


@pytest.fixture(scope="module")
def by_mono() -> CSharp:
    return CSharp(mono())


@pytest.mark.parametrize("name", BROKEN)
def test_broken(name: str, by_mono: CSharp) -> None:
    text, kind, line = BROKEN[name]
    assert (kind, line) in errors(by_mono.check([Snippet(text)], OPTIONS))


def test_a_program_and_a_library(by_mono: CSharp) -> None:
    """A method that is called Main and begins no program is one as any other."""
    for text in (
        PROGRAM,
        "class A { void Main() { } }\n",
        "class A { static void Main(int x) { } }\n",
        "\ufeff" + PROGRAM,
    ):
        assert errors(by_mono.check([Snippet(text)], OPTIONS)) == [], text


def test_warnings(by_mono: CSharp) -> None:
    text = (
        "class A {\n  void F() { int unused = 1; }\n  [System.Obsolete] void G() { F(); }\n  void H() { G(); }\n}\n"
    )
    found = by_mono.check([Snippet(text)], OPTIONS)
    assert {(one.severity, one.kind, one.line) for one in found} == {
        ("warning", "unused", 2),
        ("warning", "lint", 4),
    }


def test_columns_count_characters(by_mono: CSharp) -> None:
    found = by_mono.check([Snippet('class A { string s = "😀é" + y; }\n')], OPTIONS)
    assert [(one.line, one.column, one.code) for one in found] == [(1, 29, "CS0103")]


def test_several_files(by_mono: CSharp) -> None:
    one = Snippet("namespace A.B\n{\n    public class One { public int F() { return 1; } }\n}\n", "A/One.cs")
    two = Snippet("using A.B;\n\nclass Two\n{\n    string s = new One().F();\n}\n", "Two.cs")
    found = by_mono.check([one, two], OPTIONS)
    assert [(said.file, said.kind, said.line) for said in found] == [(1, "type", 5)]


def test_what_is_missing_is_missing_in_all_files(by_mono: CSharp) -> None:
    one = Snippet(
        "using Acme.Data;\npublic class Shop : Store { public Shop(Options<Shop> o) : base(o) { } }\n", "Shop.cs"
    )
    two = Snippet(
        "public class Use\n{\n    int F(Shop shop) { shop.Save(); return shop.Count + x; }\n}\n", "Use.cs"
    )
    wrong = [(said.file, said.kind, said.line) for said in by_mono.check([one, two], OPTIONS)]
    assert {kind for _, kind, _ in wrong} == {"missing-dependency"}
    two = Snippet(two.text.replace("+ x;", "; string x = 1;"), "Use.cs")
    wrong = [(said.file, said.kind, said.line) for said in by_mono.check([one, two], OPTIONS)]
    assert [one for one in wrong if one[1] != "missing-dependency"] == [(1, "type", 3)]


def test_a_compiler_that_is_not_whole(by_mono: CSharp, tmp_path: Path) -> None:
    broken = CSharp(dotnet.Compiler((*mono().command,), "Mono 1.0", (tmp_path / "mscorlib.dll",), (), mono().shown))
    with pytest.raises(Damaged, match=r"Mono 1\.0 is not whole"):
        broken.check([Snippet(PROGRAM)], OPTIONS)


def test_the_table_of_names(by_mono: CSharp) -> None:
    """A name stands in one namespace; in two where one is of generic types."""
    places = [name for names in library().values() for name in names if not name.startswith(".")]
    twice = {name for name in places if places.count(name) > 1}
    generic = library()["System.Collections.Generic"]
    assert twice <= library()["System.Collections"] & generic
    assert set(IMPLICIT.split()) <= set(library())
    here = ("System", "System.IO", "System.Text", "System.Threading", "System.Text.RegularExpressions")
    newer = {"DateOnly", "TimeOnly", "HashCode", "IAsyncDisposable", "Index", "Range", "MathF", "Rune"}
    uses = [
        f"typeof({namespace}.{name})"
        for namespace in here
        for name in sorted(
            library()[namespace] & {"Action", "Console", "File", "Path", "StringBuilder", "Regex", "Timer"}
        )
        if name not in newer
    ]
    assert errors(by_mono.check([Snippet(f"class A {{ object[] x = {{ {', '.join(uses)} }}; }}\n")], OPTIONS)) == []


CONDITIONS = {
    "#if false\nclass A { }\n#endif\n": "",
    "#if !X\nclass A { }\n#else\nclass B { }\n#endif\n": "class A { }",
    "#define X // here\n#if X\nclass A { }\n#endif\n": "class A { }",
    "#if D && (X || !Y)\nclass A { }\n#endif\n": "class A { }",
    "#if D == false\nclass A { }\n#elif D != X\nclass B { }\n#else\nclass C { }\n#endif\n": "class B { }",
    "#if X\n#if D\nclass A { }\n#else\nclass B { }\n#endif\n#elif D // so\nclass C { }\n#endif": "class C { }",
    " # if (X\nclass A { }\n#endif\n#endif\nclass B { }\n": "class B { }",
    "#if " + "(" * 5000 + "\nclass A { }\n#endif\n": "class A { }",
    "class A { }\n#region x\n#endregion\n": "class A { }#region x#endregion",
}


@pytest.mark.parametrize("text", CONDITIONS)
def test_what_conditions_leave(text: str) -> None:
    left = kept(text, frozenset({"D"}))
    assert left.count("\n") == text.count("\n")
    assert left.replace("\n", "") == CONDITIONS[text]


def test_nothing_is_left() -> None:
    tool = CSharp(replace(mono(), flags=("-define:D;E",)))
    for symbol, empty in {"X": True, "D": False}.items():
        snippet = Snippet(f"#if {symbol}\r\nclass A {{ }}\r\n#endif\r\n")
        assert [holds_no_code(one.text, "csharp") for one in tool.left([snippet], OPTIONS)] == [empty]


@pytest.fixture(scope="module")
def by_sdk() -> CSharp:
    tool = CSharp()
    try:
        tool.find()
    except Unsupported as reason:
        pytest.skip(str(reason))
    return tool


NEW = {
    "a program": 'var names = new List<string> { "a" };\nConsole.WriteLine(names.Count);\n',
    "a namespace for the file": "namespace A.B;\n\npublic record Point(int X, int Y);\n",
    "collections": "int[] a = [1, 2, .. new[] { 3 }];\nConsole.WriteLine(a.Length);\n",
    "patterns": 'static string F(object x) => x switch { int n and > 3 => "a", { } => "b", null => "c" };\n',
    "raw": 'var s = """\n    {"a": 1}\n    """;\nConsole.WriteLine(s);\n',
    "a class and its use": "class A(int x) { public int X => x; }\nConsole.WriteLine(new A(1).X);\n",
    "a method": "public required string Name { get; init; }\n",
    "imported": 'Console.WriteLine(Regex.IsMatch("a", "b") + new StringBuilder().ToString());\n',
    "waiting": "await Task.Delay(1);\nusing var client = new HttpClient();\n",
    "by its conditions": "#if !NET8_0_OR_GREATER\n#error too old\n#endif\nclass A { }\n",
}


@pytest.mark.parametrize("name", NEW)
def test_what_only_an_sdk_takes(name: str, by_sdk: CSharp) -> None:
    assert errors(by_sdk.check([Snippet(NEW[name])], OPTIONS)) == []
    assert errors(by_sdk.check([Snippet(NEW[name] + "int broken = ;\n")], OPTIONS)) != []


def test_snippets_by_the_sdk(by_sdk: CSharp) -> None:
    rows = [row for row in tries("csharp") if "(answer)" not in row.name]
    said = [(row, errors(by_sdk.check([Snippet(row.text)], OPTIONS))) for row in rows]
    assert [(row.name, found) for row, found in said if bool(found) != (row.line is not None)] == []


def test_a_name_is_compared_once_however_often_it_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = list[str]()
    monkeypatch.setattr(csharp_missing, "get_close_matches", lambda name, *_, **__: compared.append(name) or [])
    lost = csharp_missing.Missing(frozenset({"Acme"}), names=frozenset({"Own"}))
    told = [Diagnostic("error", "undefined", "The type 'Wanted' is unknown", 0, at, 1, "CS0246") for at in range(9)]
    assert all(lost.explains(one, "Wanted x;") for one in told)
    assert 0 < len(compared) <= 2
