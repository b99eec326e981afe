from __future__ import annotations

import pytest

from pytest_llm.answers.blocks import CodeBlock
from pytest_llm.answers.extract import extract


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("### item.go", "item.go"),
        ("## 1. `src/item.go`", "src/item.go"),
        ("#### The model: item.go (new)", "item.go"),
        ("**item.go**", "item.go"),
        ("**`item.go`**:", "item.go"),
        ("**File: item.go**", "item.go"),
        ("__item.go__", "item.go"),
        ("`__init__.py`", "__init__.py"),
        ("item.go", "item.go"),
        ("item.go:", "item.go"),
        ("`./pkg/item.go`:", "pkg/item.go"),
        ("File: item.go", "item.go"),
        ("Filename: `item.go`", "item.go"),
        ("1. `item.go`:", "item.go"),
        ("- item.go", "item.go"),
        ("> **item.go**", "item.go"),
        ("Then create `cmd/main.go`:", "cmd/main.go"),
        ("Here is **item.go**:", "item.go"),
        ("item.go (the model):", "item.go"),
        ("Save this as item.go:", "item.go"),
        ("**File 2:** `item.go`", "item.go"),
        ("### File 2: `pkg/item.go`", "pkg/item.go"),
        ("2. **`item.go`** - the model:", "item.go"),
        ("item.go — what is sold", "item.go"),
        ("--- item.go ---", "item.go"),
        ("=== pkg/item.go ===", "pkg/item.go"),
        ("[item.go]", "item.go"),
        ("[item.go](item.go)", "item.go"),
        ("📁 item.go", "item.go"),
        ("**pkg\\item.go**", "pkg/item.go"),
        ("`pkg\\item.go`:", "pkg/item.go"),
        (r"### pkg/\_\_init\_\_.py", "pkg/__init__.py"),
        ("<summary>item.go</summary>", "item.go"),
        ("<summary><code>item.go</code></summary>", "item.go"),
        ("<h3>item.go</h3>", "item.go"),
        ('<file path="pkg/item.go">', "pkg/item.go"),
        ("item.go\n-------", "item.go"),
        ("文件：`item.go`", "item.go"),
        ("**item.go**：", "item.go"),
        ("### `item.go`\n\nThis holds the model, and nothing else:", "item.go"),
        ("**item.go**\n\nThis holds the model.\n- One type\n- Two methods", "item.go"),
        ("Here is item.go:", "item.go"),
        ("And here's the full code for item.go:", "item.go"),
        ("Contents of item.go:", "item.go"),
        ("The file item.go:", "item.go"),
        ("**1. item.go**", "item.go"),
        ("// item.go", "item.go"),
        ("Run item.go:", ""),
        ("### item.go\n\nSome words.\n\n### Usage\n\nIt is used so:", ""),
        ("The files:\n- item.go\n- main.go\n\nHere they are:", ""),
        ("### item.go\n" + "\nSome words." * 40, ""),
        ("It is best to run item.go first", ""),
        ("Here is the code:", ""),
        ("It reads `a.go` and `b.go`:", ""),
        ("Do not forget to delete item.go when you are done with all of it.", ""),
        ("Run `item.go` first, then this", ""),
        ("Version 1.2 of it:", ""),
        ("For Vue.js:", ""),
        ("### Node.js", ""),
        ("**Next.js**", ""),
        ("### src/Node.js", "src/Node.js"),
        ("**nodes.js**", "nodes.js"),
        ("### ASP.NET", ""),
        ("The Array.map:", ""),
        ("**Array.prototype.map**", ""),
        ("### 1. Import os.path", ""),
        ("`System.Text.Json`:", ""),
        ("## Using console.log", ""),
        ("### Using np.sum", ""),
        ("`mutex.lock`:", ""),
        ("### item.go with Array.map", "item.go"),
        ("**vite.config.ts**", "vite.config.ts"),
        ("`types.d.ts`:", "types.d.ts"),
        ("CMakeLists.txt", "CMakeLists.txt"),
        ("", ""),
    ],
)
@pytest.mark.parametrize("gap", ["\n", "\n\n"])
def test_the_line_before_a_fence(line: str, name: str, gap: str) -> None:
    (block,) = extract(f"Some words.\n\n{line}{gap}```go\npackage a\n```\n").blocks
    assert block.title == name
    assert block.file_names == ((name,) if name else ())


def test_a_line_belongs_to_the_fence_that_follows() -> None:
    first, second, third = extract(
        "### a.go\n```go\npackage a\n```\n```go\npackage b\n```\nc.go\n\n\n\n```go\npackage c\n```\n"
    ).blocks
    assert [first.title, second.title, third.title] == ["a.go", "", ""]


@pytest.mark.parametrize(
    ("comment", "name"),
    [
        ("// item.go", "item.go"),
        ("// File: pkg/item.go", "pkg/item.go"),
        ("// Path: item.go", "item.go"),
        ("/* ./item.go */", "item.go"),
        ("// ===== item.go =====", "item.go"),
        ("// item.go - the model", "item.go"),
        ("// the code of item.go", "item.go"),
        ("// item.go (the model)", "item.go"),
        ("// pkg\\item.go", "pkg/item.go"),
        ("// `item.go`", "item.go"),
        ("\n// item.go", "item.go"),
        ("#!/usr/bin/env gorun\n// item.go", "item.go"),
        ("<?php\n\n// item.go", "item.go"),
        ("// item.go holds the model", ""),
        ("// as item.go has it, and main.go", ""),
        ("//go:build linux", ""),
    ],
)
def test_the_comment_in_the_first_line(comment: str, name: str) -> None:
    assert CodeBlock(f"{comment}\npackage a\n", "go").file_names == ((name,) if name else ())


@pytest.mark.parametrize(
    "info",
    [
        "go:pkg/item.go", "go pkg/item.go", 'go title="pkg/item.go"', "go file=pkg/item.go", "go // pkg/item.go",
        'go {filename="pkg/item.go"}', "go (pkg/item.go)", "pkg/item.go", r"go:pkg\item.go", "go # ./pkg/item.go",
    ],
)  # fmt: skip
def test_the_name_in_a_label(info: str) -> None:
    assert CodeBlock("package a\n", "go", info).file_names == ("pkg/item.go",)


@pytest.mark.parametrize(
    "answer",
    [
        '<file path="pkg/item.go">\npackage a\n\nfunc F() {}\n</file>\n',
        "````markdown\n### pkg/item.go\n\n```go\npackage a\n```\n````\n",
        "> **pkg/item.go**\n>\n> ```go\n> package a\n> ```\n",
    ],
)
def test_files_in_what_stands_around_them(answer: str) -> None:
    assert [part.file_names for part in extract(answer).parts("go")] == [("pkg/item.go",)]


@pytest.mark.parametrize("line", ["a." * 90, "[" * 190, "*" * 199, "<a " * 60, "a\\" * 60, "===" * 60, "a " * 99])
def test_hostile_lines_above_fences(line: str) -> None:
    extract(f"{line}\n```go\n// {line}\nx\n```\n" * 500).own_blocks  # noqa: B018
    assert CodeBlock(f"// {line}\n", info=line).file_names is not None


def test_within_markdown() -> None:
    block = extract("````markdown\n# item.go\n```go\npackage a\n```\n````\n").code("go")
    assert block is not None
    assert block.title == "item.go"


GO = "package a\n\nfunc Add(a, b int) int { return a + b }\n"
GO_TEST = (
    'package a\n\nimport "testing"\n\nfunc TestAdd(t *testing.T) {\n\tif Add(1, 2) != 3 {\n\t\tt.Fatal()\n\t}\n}\n'
)
JS = "function add(a, b) { return a + b; }\n"
JS_TEST = "const { add } = require('./add');\n\n"
JS_TEST += "describe('add', () => {\n  it('adds', () => expect(add(1, 2)).toBe(3));\n});\n"
PY = "def add(a, b):\n    return a + b\n"
PY_TEST = "from add import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n    assert add(1, 0) == 1\n"
JAVA = "class Add { int of(int a, int b) { return a + b; } }\n"
CS = "namespace Demo;\n\npublic class Adder { public int Of(int a, int b) => a + b; }\n"
CS_TEST = "using Xunit;\nnamespace Demo;\n\n"
CS_TEST += "public class AdderTests {\n  [Fact] public void Adds() => new Adder().Of(1, 2);\n}\n"
JAVA_TEST = (
    "import org.junit.jupiter.api.Test;\n\nclass AddTest {\n  @Test void adds() { new Add().of(1, 2); }\n}\n"
)


@pytest.mark.parametrize(
    ("language", "code", "test"),
    [
        ("go", GO, GO_TEST),
        ("javascript", JS, JS_TEST),
        ("python", PY, PY_TEST),
        ("java", JAVA, JAVA_TEST),
        ("csharp", CS, CS_TEST),
    ],
)
def test_a_test_is_never_judged_instead_of_what_it_tests(language: str, code: str, test: str) -> None:
    fences = [f"```{language}\n{text}```\n" for text in (code, test)]
    for answer in (fences[0] + fences[1], fences[1] + fences[0]):
        block = extract(answer).code(language)
        assert block is not None
        assert block.text == code
    alone = extract(fences[1]).code(language)
    assert alone is not None
    assert alone.text == test


@pytest.mark.parametrize(
    ("name", "tests"),
    [
        ("item_test.go", True),
        ("test_item.py", True),
        ("item_test.py", True),
        ("item.test.ts", True),
        ("item.spec.js", True),
        ("src/test/ItemTest.java", True),
        ("tests/item.rs", True),
        ("Items/ItemTests.cs", True),
        ("item.go", False),
        ("contest.py", False),
        ("latest.go", False),
        ("testing.go", False),
    ],
)
def test_files_of_tests(name: str, tests: bool) -> None:
    assert CodeBlock("x\n", info=name).tests is tests


@pytest.mark.parametrize(
    "text", ["class Contest {}\n", "def testify(x):\n    pass\n", "func Attest() {}\n", "test(1);\n"]
)
def test_names_that_are_none_of_a_test(text: str) -> None:
    assert not CodeBlock(text).tests
