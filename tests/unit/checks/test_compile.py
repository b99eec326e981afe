from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pytest_llm.answers.extract import extract
from pytest_llm.checks.base import CheckContext, Finding
from pytest_llm.checks.compile import Compile
from pytest_llm.errors import InputError, Unsupported
from pytest_llm.providers.base import Response
from pytest_llm.sandbox.walls import missing
from pytest_llm.toolchains import languages, toolchain
from pytest_llm.toolchains.base import Diagnostic
from pytest_llm.toolchains.python import Python
from pytest_llm.verdicts.judge import run

walled = pytest.mark.skipif(bool(missing()), reason=missing() or "-")


def found(answer: str, folder: Path, **arguments: Any) -> list[Finding]:
    return list(Compile(**arguments).run(extract(answer), context(folder)))


def context(folder: Path) -> CheckContext:
    return CheckContext(Response(""), folder, folder, folder)


def needs(language: str) -> None:
    try:
        toolchain(language).find()
    except Unsupported as reason:
        pytest.skip(str(reason))


def fenced(language: str, code: str) -> str:
    return f"Sure:\n\n```{language}\n{code}```\n\nThat is it.\n"


def failures(findings: Iterable[Finding]) -> list[tuple[str, int | None]]:
    return [(one.kind, one.line) for one in findings if one.severity == "failure"]


def test_lines_and_columns_are_of_the_answer(tmp_path: Path) -> None:
    (one,) = found(fenced("python", "x = 1\ny = )\n"), tmp_path, language="python")
    assert (one.line, one.column, one.source, one.kind) == (5, 5, "y = )", "syntax")
    assert one.message == "Python does not compile: unmatched ')'"


def test_the_indentation_of_a_fence_counts(tmp_path: Path) -> None:
    (one,) = found("1. So:\n   ```python\n   y = )\n   ```\n", tmp_path, language="python")
    assert (one.line, one.column, one.source) == (3, 8, "   y = )")


def test_a_valid_program_says_nothing(tmp_path: Path) -> None:
    assert found(fenced("python", "x = 1\n"), tmp_path, language="python") == []
    assert found(fenced("python", "x = 1\n"), tmp_path) == []


NOTHING = {
    "no code": ("There is none.", "no Python code block in the answer"),
    "another language": (fenced("go", "package main\n"), "no Python code block: the code in the answer is go"),
    "empty": (fenced("python", "\n"), "the Python code block is empty"),
}


@pytest.mark.parametrize("name", NOTHING)
def test_nothing_to_compile(name: str, tmp_path: Path) -> None:
    answer, message = NOTHING[name]
    (one,) = found(answer, tmp_path, language="python")
    assert (one.severity, one.message) == ("failure", message)


def test_the_language_comes_from_the_fence_else_from_the_text(tmp_path: Path) -> None:
    assert failures(found(fenced("js", "let x = ;\n"), tmp_path)) == [("syntax", 4)]
    guessed = found(fenced("", "def f(:\n    pass\n"), tmp_path)
    assert failures(guessed) == [("syntax", 4)]
    assert [one.message for one in guessed if one.severity == "note"] == [
        "taken for Python: the fence names no language"
    ]


def test_a_language_that_nothing_compiles(tmp_path: Path) -> None:
    """Nobody asked for another one, so it is not the answer's fault; a label that names no language is."""
    with pytest.raises(Unsupported, match="haskell, which nothing here compiles"):
        found(fenced("hs", "main = x\n"), tmp_path)
    (one,) = found(fenced("hs", "main = x\n"), tmp_path, language="python")
    assert (one.severity, one.kind) == ("failure", "language")
    (one,) = found(fenced("quux", "main = x\n"), tmp_path)
    assert (one.severity, "is quux, which nothing here compiles" in one.message) == ("failure", True)


def test_an_old_compiler_is_named_and_fails_nothing_that_a_newer_one_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = found(fenced("python", "x = (\n"), tmp_path)
    assert [one.details for one in said] == [f"by {toolchain('python').find()}"]
    record = fenced("python", "x = 1\nx is 1\nd = {'a': 1}\ntype X = int\n")
    monkeypatch.setattr(Python, "find", lambda self: "Python 3.11.7")
    monkeypatch.setattr(Python, "check", lambda *_: [Diagnostic("error", "syntax", "invalid syntax", line=4)])
    with pytest.raises(
        Unsupported, match=r"Python here is Python 3\.11\.7, too old for the statement `type`: from 3.12"
    ):
        found(record, tmp_path)


def test_warnings(tmp_path: Path) -> None:
    answer = fenced("python", "x = 1\nx is 1\n")
    assert [(one.severity, one.kind) for one in found(answer, tmp_path)] == [("warning", "lint")]
    assert failures(found(answer, tmp_path, warnings="error")) == [("lint", 5)]


UNUSED = fenced("go", "package main\n\nfunc main() {\n\tx := 1\n}\n")
MODULE = fenced("go", 'package main\n\nimport "github.com/a/b"\n\nfunc main() {\n\tb.X()\n}\n')


@pytest.mark.parametrize(("answer", "allow"), [(UNUSED, "unused"), (MODULE, "missing-dependency")])
def test_what_is_allowed_is_shown_only(answer: str, allow: str, tmp_path: Path) -> None:
    needs("go")
    assert [kind for kind, _ in failures(found(answer, tmp_path, language="go"))] == [allow]
    allowed = found(answer, tmp_path, language="go", allow=allow)
    assert [(one.severity, one.kind) for one in allowed] == [("warning", allow)]
    assert failures(found(answer.replace("func main", "var y int = z\n\nfunc main"), tmp_path, allow=[allow])) != []


def test_the_cause_comes_before_what_is_merely_unused(tmp_path: Path) -> None:
    needs("go")
    answer = fenced("go", "package main\n\nfunc main() {\n\tx := 1\n\ty()\n}\n")
    assert [kind for kind, _ in failures(found(answer, tmp_path))] == ["undefined", "unused"]


def test_no_more_than_a_person_reads(tmp_path: Path) -> None:
    needs("go")
    body = "".join(f"\tx{number}()\n" for number in range(60))
    said = found(fenced("go", f"package main\n\nfunc main() {{\n{body}}}\n"), tmp_path)
    assert len(said) == 21
    assert said[-1].message == "and 40 more like these"


NAMED = """The program:

```go main.go
package main

import "example.com/app/util"

func main() { util.F(1) }
```

and

```go
// util/util.go
package util

func F(s string) { x() }
```

Run it with `go run .`:

```bash
go run .
```
"""


def test_files_by_name(tmp_path: Path) -> None:
    needs("go")
    said = found(NAMED, tmp_path, language="go", files="by-name")
    assert failures(said) == [("undefined", 17)]
    said = found(NAMED.replace("{ x() }", "{}"), tmp_path, language="go", files="by-name")
    assert [(one.line, one.source) for one in said] == [(8, "func main() { util.F(1) }")]


FILES_APART = """## The project

### `pkg\\util.py`

It holds what is shared, in one function:

```python
def double(n):
    return n * 2
```

<details>
<summary>pkg/main.py</summary>

```python
from .util import double

print(double(2)
```

</details>

### pyproject.toml

```toml
[project]
```
"""


def test_files_are_named_in_many_ways(tmp_path: Path) -> None:
    said = found(FILES_APART, tmp_path, language="python", files="by-name")
    assert [(one.line, one.source) for one in said] == [(18, "print(double(2)")]
    assert not found(FILES_APART.replace("(2)", "(2))"), tmp_path, language="python", files="by-name")


@pytest.mark.parametrize(
    "beside",
    [
        "Run `a.py`:\n```bash\npython a.py --fast\n```\n",
        "Run `a.py`:\n```\npython a.py --fast\n```\n",
        "Output of `a.py`:\n```\nhello, world\n```\n",
        'What `a.py` prints:\n```json\n{"x": 1}\n```\n',
        "**a.py**\n```console\n$ python a.py\n```\n",
    ],
)
def test_what_is_said_of_a_file_is_not_the_file(beside: str, tmp_path: Path) -> None:
    for file, wanted in (("x = 1", []), ("x = )", [("syntax", 3)])):
        answer = f"**a.py**\n```python\n{file}\n```\n{beside}"
        assert failures(found(answer, tmp_path, language="python", files="by-name")) == wanted
    last = "**a.py**\n```python\nx = )\n```\n**a.py**\n```\nx = 1\n```\n"
    assert failures(found(last, tmp_path, language="python", files="by-name")) == []


def test_columns_are_those_of_the_answer_where_something_is_laid_over_the_code(tmp_path: Path) -> None:
    (one,) = found("```python\n 9 x = 1\n10 y = 2\n11 z = )\n```\n", tmp_path, language="python")
    assert (one.line, one.column, one.source) == (4, 8, "11 z = )")
    (one,) = found('{"code": "def f():\\n    return )\\n"}', tmp_path, language="python")
    assert (one.line, one.column, one.source) == (1, None, "    return )")
    (one,) = found("```python\ndef f():\n    pass\n```\nand\n```python\ndef g():\n    f(\n```\n", tmp_path)
    assert (one.line, one.source) == (8, "    f(")


def test_a_file_that_is_given_twice(tmp_path: Path) -> None:
    """The last one counts, which is said of the others."""
    first = fenced("c main.c", "int main(void) { return wrong; }\n")
    answer = f"{first}\nBetter:\n\n{fenced('c main.c', 'int main(void) { return 0; }')}"
    (said,) = found(answer, tmp_path, language="c", files="by-name")
    assert (said.severity, said.message) == (
        "note",
        "this block is not compiled: a later block holds main.c",
    )


@pytest.mark.parametrize("name", ["../../etc/x.go", "/etc/x.go", "-o.go", "a/../../x.go"])
def test_a_file_name_never_leads_out(name: str, tmp_path: Path) -> None:
    needs("go")
    answer = fenced(f"go {name}", "package main\n\nfunc main() {}\n")
    assert failures(found(answer, tmp_path, files="by-name")) == []
    assert list(tmp_path.iterdir()) == []


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"language": "goo"}, "did you mean 'go'"),
    ({"language": "go", "edition": "2021"}, "it is for rust"),
    ({"language": "c", "standard": "-std=c99 -x"}, "neither a standard"),
    ({"language": "go", "allow": "everything"}, "missing-dependency"),
    ({"timeout": "soon"}, "no duration"),
    ({"langauge": "go"}, "langauge"),
]


@pytest.mark.parametrize(("arguments", "said"), REFUSED)
def test_arguments_that_make_no_sense(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Compile(**arguments)


def test_spellings_are_accepted() -> None:
    check = Compile.model_validate({"language": "golang", "allow": "unused", "timeout": "2m"})
    assert (check.language, check.allow, check.timeout) == ("go", ("unused",), 120.0)
    assert Compile.model_validate({"language": "rust", "edition": 2021}).edition == "2021"


@pytest.mark.parametrize(
    "arguments",
    [
        {"language": "java", "classpath": "nowhere.jar"},
        {"language": "go", "module": "nowhere"},
        {"language": "go", "module": "../.."},
        {"language": "go", "module": "file"},
    ],
)
def test_what_is_not_there_is_said_at_collection(arguments: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError):
        Compile(**arguments).prepare(tmp_path, tmp_path)


@walled
def test_a_module_makes_the_dependency_real(tmp_path: Path) -> None:
    needs("go")
    (tmp_path / "mod" / "greet").mkdir(parents=True)
    (tmp_path / "mod" / "go.mod").write_text("module example.com/mod\n\ngo 1.20\n")
    (tmp_path / "mod" / "greet" / "greet.go").write_text(
        "package greet\n\nfunc Hello(name string) string { return name }\n"
    )
    program = 'package main\n\nimport "example.com/mod/greet"\n\nfunc main() {\n\tprintln(greet.Hello(%s))\n}\n'
    assert failures(found(fenced("go", program % '"a"'), tmp_path)) == [("missing-dependency", 6)]
    assert failures(found(fenced("go", program % '"a"'), tmp_path, module="mod")) == []
    assert failures(found(fenced("go", program % "1"), tmp_path, module="mod")) == [("type", 9)]


ELEMENT = "const App = () => <p>{1}</p>;\n"


@pytest.mark.parametrize(
    ("language", "label", "text", "failed", "note"),
    [
        ("", "javascript", ELEMENT, [], "taken for JSX, by what stands in it"),
        ("", "js", ELEMENT.replace("/p", "/q"), [("syntax", 4)], "taken for JSX"),
        ("", "react", ELEMENT, [], ""),
        ("", "", ELEMENT, [], "taken for JSX: the fence names no language"),
        ("", "javascript", "f('</p>', a < b, '/>');\n", [], ""),
        ("jsx", "javascript", ELEMENT, [], ""),
        ("javascript", "javascript", ELEMENT, [("syntax", 4)], "`compile: jsx` takes it"),
    ],
)
def test_what_is_called_javascript_may_be_jsx(
    language: str, label: str, text: str, failed: list[tuple[str, int]], note: str, tmp_path: Path
) -> None:
    said = found(fenced(label, text), tmp_path, **({"language": language} if language else {}))
    assert failures(said) == failed
    notes = [one.message for one in said if one.severity == "note"]
    assert (note in notes[0]) if note else not notes


INSTALLED_BY = {
    "go": "golang-go",
    "java": "default-jdk",
    "c": "gcc",
    "cpp": "g++",
    "rust": "rustc",
    "javascript": "nodejs",
    "jsx": "npm install",
    "typescript": "npm install",
    "csharp": "dotnet-sdk-8.0",
    "kotlin": "doctor --install kotlin",
    "php": "php-cli",
    "ruby": "ruby",
    "shell": "bash",
}


@pytest.mark.parametrize("language", sorted({*languages()} - {"python", "tsx"}))  # Python is what runs this
def test_a_missing_compiler_is_a_skip_with_the_command(
    language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    tool = type(toolchain(language))()
    monkeypatch.setattr("pytest_llm.checks.compile.toolchain", lambda _: tool)
    (one,) = run(Compile(language=language), extract(fenced(language, "x = 1\n")), context(tmp_path))
    assert (one.severity, one.kind) == ("skip", "unsupported")
    assert INSTALLED_BY[language] in one.details


def test_without_walls_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shell = toolchain("shell")
    assert shell.path.name == "bash"
    monkeypatch.setenv("PATH", str(tmp_path))
    said = found(fenced("sh", "fi\n"), tmp_path)
    assert failures(said) == [("syntax", 4)]
    assert ["without walls" in one.message for one in said if one.severity == "note"] == [True]


@pytest.mark.parametrize("language", languages())
def test_every_language_says_its_version_or_how_to_install_it(language: str) -> None:
    try:
        said = toolchain(language).find()
    except Unsupported as reason:
        said = f"1: {reason.remedy}" if reason.remedy else ""
    assert any(character.isdigit() for character in said)


@pytest.mark.parametrize(
    ("keys", "code", "failed"),
    [
        ({}, "const s = Object.groupBy([1], String);\n", []),
        ({"lib": ["es2022", "dom"]}, "const s = Object.groupBy([1], String);\n", [2]),
        ({"lib": "ESNext"}, "document.title = 'a';\n", [2]),
        ({"target": "es2015"}, "class A { #x = 1; get x() { return this.#x; } }\n", []),
        ({"target": "ES5"}, "const big = 10n;\n", [2]),
    ],
)
def test_libraries_and_target_of_typescript(
    keys: dict[str, Any], code: str, failed: list[int], tmp_path: Path
) -> None:
    said = run(Compile(language="typescript", **keys), extract(fenced("ts", code)), context(tmp_path))
    assert [line for _, line in failures(said)] == [line + 2 for line in failed]


@pytest.mark.parametrize("keys", [{"lib": ["es2022", "node"]}, {"target": "dom"}, {"target": "latest"}])
def test_what_typescript_does_not_know_is_the_cases_own_mistake(keys: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="unknown to TypeScript"):
        Compile(language="typescript", **keys)
