"""What an old compiler says of what it does not know, as recorded; and of mistakes that look like it."""

from __future__ import annotations

import pytest

from pytest_llm.toolchains.base import Diagnostic, Kind, Snippet
from pytest_llm.toolchains.newer import TABLE, needed, number

VERSIONS = {
    "Python 3.11.7": (3, 11, 7),
    "g++ (Debian 12.2.0-14) 12.2.0": (12, 2, 0),
    "gcc (Ubuntu 11.4.0-1ubuntu1~22.04) 11.4.0": (11, 4, 0),
    "go version go1.26.8 linux/amd64": (1, 26, 8),
    "javac 21": (21,),
    "GNU bash, version 5.2.15(1)-release (x86_64-pc-linux-gnu)": (5, 2, 15),
    "v20.20.2": (20, 20, 2),
    "rustc 1.63.0": (1, 63, 0),
    "PHP 8.2.36 (cli)": (8, 2, 36),
    ".NET SDK 10.0.100-rc.1.25451.107": (10, 0, 100),
    "ruby 3.1.2p20": (3, 1, 2),
    "no number": (),
}
OLD = {
    "python": "Python 3.11.7",
    "java": "javac 17.0.15",
    "go": "go version go1.19",
    "rust": "rustc 1.63.0",
    "kotlin": "Kotlin 2.0.0 on javac 17.0.15",
    "csharp": ".NET SDK 8.0.404",
    "cpp": "g++ 12.2.0",
    "c": "gcc 12.2.0",
    "javascript": "v20.20.2",
    "php": "PHP 8.0.30",
    "ruby": "ruby 3.0.6",
}
SYMBOL = "cannot find symbol; symbol:   method "
# the text, its line that the compiler complains of, what it says, since when it is taken
NEWER = [
    ("python", 'd = {}\nx = f"{d["a"]}"\n', 2, "f-string: unmatched '['", "3.12"),
    ("python", "x = f\"{'\\n'.join(y)}\"\n", 1, "f-string expression part cannot include a backslash", "3.12"),
    ("python", "def f[T](x: T) -> T:\n    return x\n", 1, "expected '('", "3.12"),
    ("python", "class A[T]:\n    x: T\n", 1, "invalid syntax", "3.12"),
    ("python", "type X[T] = list[T]\n", 1, "invalid syntax", "3.12"),
    (
        "python",
        "try:\n    f()\nexcept A, B:\n    g()\n",
        3,
        "multiple exception types must be parenthesized",
        "3.14",
    ),
    (
        "csharp",
        "int F(params List<int> x) => x.Count;\n",
        1,
        "The params parameter must be a single dimensional array",
        "9",
    ),
    ("csharp", 'var s = "\\e[0m";\n', 1, "Unrecognized escape sequence", "9"),
    (
        "csharp",
        "partial class A {\n  public partial int X { get; set; }\n}\n",
        2,
        "The 'partial' modifier can only appear immediately before 'class' or a method return type.",
        "9",
    ),
    (
        "csharp",
        "class A {\n  readonly Lock gate = new();\n}\n",
        2,
        "The type or namespace name 'Lock' could not be found (are you missing a using directive?)",
        "9",
    ),
    ("csharp", "var c = x.CountBy(y => y);\n", 1, "'X' does not contain a definition for 'CountBy' and no", "9"),
    (
        "csharp",
        "class A { int X { get => field; set; } }\n",
        1,
        "The name 'field' does not exist in the current context",
        "10",
    ),
    (
        "csharp",
        "a?.Name = b;\n",
        1,
        "The left-hand side of an assignment must be a variable, property or indexer",
        "10",
    ),
    ("csharp", "var n = nameof(List<>);\n", 1, "Unexpected use of an unbound generic name", "10"),
    ("python", 'x = t"{y}"\n', 1, "invalid syntax", "3.14"),
    (
        "java",
        "class A { boolean f(Object o) {\n return o instanceof P(int x, var y) && x > 1;\n} }",
        2,
        "')' expected",
        "21",
    ),
    (
        "java",
        "class A { int f(Object o) { return switch (o) {\n case B b -> 1;\n default -> 2; }; } }",
        2,
        "patterns in switch statements are a preview feature and are disabled by default.",
        "21",
    ),
    (
        "java",
        "class A { boolean f(String s) {\n return s instanceof String t && t.isEmpty(); } }",
        2,
        "expression type java.lang.String is a subtype of pattern type java.lang.String",
        "21",
    ),
    (
        "java",
        "class A { void f() { try { g(); }\n catch (E _) { } } }",
        2,
        "as of release 9, '_' is a keyword",
        "22",
    ),
    (
        "java",
        "class A { int f(List<Integer> l) { return l.getFirst(); } }",
        1,
        SYMBOL + "getFirst(); location: variable l of type java.util.List<Integer>",
        "21",
    ),
    (
        "java",
        "class A { void f() { Thread.ofVirtual(); } }",
        1,
        SYMBOL + "ofVirtual(); location: class Thread",
        "21",
    ),
    (
        "java",
        "class A { A(int x) {\n if (x > 1) g();\n super(); } }",
        3,
        "call to super must be first statement",
        "25",
    ),
    (
        "go",
        "package a\nfunc f() {\n\tfor i := range 10 {\n\t}\n}\n",
        3,
        "cannot range over 10 (untyped int constant)",
        "1.22",
    ),
    ("go", "package a\nvar x = min(1, 2)\n", 2, "undefined: min", "1.21"),
    (
        "go",
        "package a\nfunc f(wg *sync.WaitGroup) {\n\twg.Go(g)\n}\n",
        3,
        "wg.Go undefined (type *sync.WaitGroup has no field or method Go)",
        "1.25",
    ),
    (
        "rust",
        "fn f() {\n let Some(x) = g() else { return };\n}\n",
        2,
        "`let...else` statements are unstable",
        "1.65",
    ),
    (
        "rust",
        "fn f() { if let Some(x) = a && x > 1 {} }\n",
        1,
        "`let` expressions in this position are unstable",
        "1.88",
    ),
    (
        "rust",
        "fn f(x: Option<u8>) -> bool { x.is_some_and(|x| x > 1) }\n",
        1,
        "use of unstable library feature 'is_some_with'",
        "1.70",
    ),
    ("cpp", "#include <format>\n", 1, "format: No such file or directory", "13"),
    ("cpp", "#include <print>\n", 1, "print: No such file or directory", "14"),
    ("c", "void *p = nullptr;\n", 1, "‘nullptr’ undeclared here (not in a function)", "15"),
    ("javascript", "{\n  using x = f();\n}\n", 2, "Unexpected identifier 'x'", "24"),
    ("php", "enum A: string { case B = 'b'; }\n", 1, 'syntax error, unexpected identifier "A"', "8.1"),
    ("php", "class A {\n public string $x { get => 1; }\n}\n", 2, 'syntax error, unexpected token "{"', "8.4"),
    ("php", "class A { public private(set) int $x = 1; }\n", 1, "Multiple access type modifiers", "8.4"),
    ("php", "$a = new A()->f();\n", 1, 'syntax error, unexpected token "->"', "8.4"),
    ("php", "$a = $b |> f(...);\n", 1, 'syntax error, unexpected token ">"', "8.5"),
    ("ruby", "def f(*) = g(*)\n", 1, "syntax error, unexpected ')'", "3.2"),
    ("ruby", "x = 1\nf({x:, y: 2})\n", 2, "syntax error, unexpected ','", "3.1"),
]
MISTAKES = [
    ("csharp", "a.F() = b;\n", 1, "The left-hand side of an assignment must be a variable, property or indexer"),
    ("csharp", "bool c = a?.B == b;\n", 1, "The left-hand side of an assignment must be a variable"),
    ("csharp", 'var s = "\\q";\n', 1, "Unrecognized escape sequence"),
    ("csharp", "int F(params int x) => x;\n", 1, "The params parameter must be a single dimensional array"),
    ("csharp", "Lok l;\n", 1, "The type or namespace name 'Lok' could not be found"),
    ("python", 'd = {}\nx = f"{d["a"}"\n', 2, "f-string: unmatched '['"),
    ("python", 'print f"{x}"\n', 1, "Missing parentheses in call to 'print'. Did you mean print(...)?"),
    ("python", "def f[T(x):\n    pass\n", 1, "expected '('"),
    ("python", 'x = f"{{" + y + "}}" z\n', 1, "invalid syntax"),
    ("java", 'class A { int f(String s) { return s.split("_").foo(); } }', 1, SYMBOL + "foo()"),
    (
        "java",
        "class A { int f(B b) { return b.getFirst(); } }",
        1,
        SYMBOL + "getFirst(); location: variable b of type B",
    ),
    ("java", "class A { boolean f(Object o) {\n return o instanceof P(int x, && x > 1;\n} }", 2, "illegal start"),
    ("go", "package a\nvar x = minimum(1, 2)\n", 2, "undefined: minimum"),
    ("rust", "fn f() { g(); }\n", 1, "cannot find function `g` in this scope"),
    ("cpp", "void f() { print(1); }\n", 1, "‘print’ was not declared in this scope"),
    ("cpp", "#include <printer>\n", 1, "printer: No such file or directory"),
    ("php", "class A { public string $x { get => ; } }\n", 1, 'syntax error, unexpected token "{"'),
    ("ruby", "def f(*) = g(*\n", 1, "syntax error, unexpected end-of-input"),
]


@pytest.mark.parametrize("said", VERSIONS)
def test_the_number_of_a_version(said: str) -> None:
    assert number(said) == VERSIONS[said]


def test_what_a_newer_compiler_takes() -> None:
    for language, text, line, message, since in NEWER:
        found = [Diagnostic("error", "syntax", message, line=line)]
        assert needed(language, OLD[language], found, [Snippet(text)]).endswith(f": from {since} on"), text
        newest = f"{language} {'.'.join(map(str, max(row.since for row in TABLE[language])))}"
        assert needed(language, newest, found, [Snippet(text)]) == "", text


def test_mistakes_that_look_like_it() -> None:
    for language, text, line, message in MISTAKES:
        found = [Diagnostic("error", "syntax", message, line=line)]
        assert needed(language, OLD[language], found, [Snippet(text)]) == "", text


# Programs as they were recorded: the text, its errors (line, kind, message), since when it is taken, else "".
RECORDED: list[tuple[str, str, list[tuple[int, Kind, str]], str]] = [
    (
        "c",
        "constexpr int n = 3;\nint a[n];\nint f(void) { return n; }\n",
        [(1, "syntax", "expected ‘;’ before ‘int’"), (2, "type", "variably modified ‘a’ at file scope")],
        "15",
    ),
    (
        "c",
        "int f(void) {\n constexpr int n = 3;\n return n;\n}\n",
        [
            (2, "undefined", "‘constexpr’ undeclared (first use in this function)"),
            (2, "syntax", "expected ‘;’ before ‘int’"),
            (3, "undefined", "‘n’ undeclared (first use in this function)"),
        ],
        "15",
    ),
    (
        "c",
        'const char a[] = {\n#embed "x"\n};\nint f(void) { return g(); }\n',
        [
            (2, "syntax", "invalid preprocessing directive #embed"),
            (4, "undefined", "implicit declaration of function ‘g’"),
        ],
        "",
    ),
    (
        "c",
        'int x = g();\n#embed "x"\n',
        [
            (1, "undefined", "implicit declaration of function ‘g’"),
            (2, "syntax", "invalid preprocessing directive #embed"),
        ],
        "",
    ),
    (
        "c",
        "constexpr int m = 3;\nint f(void) { return n + m; }\n",
        [
            (1, "syntax", "expected ‘;’ before ‘int’"),
            (2, "undefined", "‘n’ undeclared (first use in this function)"),
        ],
        "",
    ),
    (
        "cpp",
        "#include <format>\ntemplate <> struct std::formatter<A> : std::formatter<int> {};\n",
        [
            (1, "missing-dependency", "format: No such file or directory"),
            (2, "undefined", "‘formatter’ is not a class template"),
            (2, "type", "qualified name does not name a class before ‘:’ token"),
            (2, "syntax", "expected ‘{’ before ‘:’ token"),
        ],
        "13",
    ),
    (
        "cpp",
        "#include <print>\nusing namespace std;\nint main() {\n println();\n print();\n}\n",
        [
            (1, "missing-dependency", "print: No such file or directory"),
            (4, "missing-dependency", "‘println’ was not declared in this scope"),
            (5, "missing-dependency", "‘print’ was not declared in this scope; did you mean ‘int’?"),
        ],
        "14",
    ),
    (
        "cpp",
        "#include <generator>\nstd::generator<int> f() { co_yield 1; }\nint main() { f(); }\n",
        [
            (1, "missing-dependency", "generator: No such file or directory"),
            (2, "type", "‘generator’ in namespace ‘std’ does not name a template type"),
            (3, "undefined", "‘f’ was not declared in this scope"),
        ],
        "14",
    ),
    (
        "cpp",
        "#include <print>\nint main() {\n std::println(); g(); int* p = 3.5;\n}\n",
        [
            (1, "missing-dependency", "print: No such file or directory"),
            (3, "undefined", "‘println’ is not a member of ‘std’"),
            (3, "missing-dependency", "‘g’ was not declared in this scope"),
        ],
        "",
    ),
    (
        "cpp",
        "struct A { int x; int f(this A& a) { return a.x; } };\nint main() { A b; b.f(); }\n",
        [
            (1, "syntax", "expected identifier before ‘this’"),
            (1, "syntax", "expected ‘,’ or ‘...’ before ‘this’"),
            (1, "undefined", "‘a’ was not declared in this scope"),
            (2, "type", "no matching function for call to ‘A::f()’"),
        ],
        "14",
    ),
    (
        "java",
        "class A { int f(Object o) { return switch (o) {\n case Integer i when i > 1 -> i;\n default -> 0; }; } }",
        [
            (2, "syntax", "patterns in switch statements are a preview feature and are disabled by default."),
            (2, "syntax", ": or -> expected"),
            (2, "syntax", "not a statement"),
        ],
        "21",
    ),
    (
        "java",
        'class A { int f(List<String> l) { int x = "a";\n return l.getFirst(); } }\n',
        [
            (1, "type", "incompatible types: java.lang.String cannot be converted to int"),
            (2, "undefined", SYMBOL + "getFirst(); location: variable l of type java.util.List<java.lang.String>"),
        ],
        "",
    ),
    (
        "java",
        'class A { int f(List<String> l) { l.getFirst();\n return "a"; } }\n',
        [
            (1, "undefined", SYMBOL + "getFirst(); location: variable l of type java.util.List<java.lang.String>"),
            (2, "type", "incompatible types: java.lang.String cannot be converted to int"),
        ],
        "",
    ),
    (
        "ruby",
        "def f(*)\n  g(*)\nend\n",
        [
            (2, "syntax", "syntax error, unexpected ')'"),
            (3, "syntax", "syntax error, unexpected `end', expecting end-of-input"),
        ],
        "3.2",
    ),
    (
        "ruby",
        "def f(*)\n  g(*)\nend\nx = )\n",
        [(2, "syntax", "syntax error, unexpected ')'"), (4, "syntax", "syntax error, unexpected ')'")],
        "",
    ),
    (
        "kotlin",
        "fun f(x: Any) = when (x) {\n  is Int if x > 1 -> 1\n  else -> g()\n}\n",
        [
            (2, "type", 'The feature "when guards" is experimental and should be enabled explicitly'),
            (3, "undefined", "Unresolved reference 'g'."),
        ],
        "",
    ),
    (
        "kotlin",
        "fun f(x: Any) = when (x) {\n  is Int if x > 1 -> 1\n  else -> 2\n}\n",
        [(2, "type", 'The feature "when guards" is only available since language version 2.2')],
        "2.2",
    ),
]


@pytest.mark.parametrize("number", range(len(RECORDED)))
def test_every_error_is_owed_to_it(number: int) -> None:
    language, text, errors, since = RECORDED[number]
    found = [Diagnostic("error", kind, message, line=line) for line, kind, message in errors]
    said = needed(language, OLD[language], found, [Snippet(text)])
    assert said == "" if not since else said.endswith(f": from {since} on")


def test_the_first_error_tells() -> None:
    found = [Diagnostic("error", "syntax", "invalid syntax", line=2), Diagnostic("error", "syntax", "no", line=1)]
    assert needed("python", "Python 3.11.7", found, [Snippet("x = y z\ntype X = int\n")]) == ""
    assert needed("python", "Python 3.11.7", [], [Snippet("")]) == ""
    assert needed("shell", "5.2", [Diagnostic("error", "syntax", "no", line=1)], [Snippet("if\n")]) == ""
