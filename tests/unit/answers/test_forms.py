"""Odd forms in which code stands in an answer: what a careful reader takes out of each, and where it is."""

from __future__ import annotations

import json

import pytest

from pytest_llm.answers.blocks import CodeBlock
from pytest_llm.answers.extract import extract

CODE = 'package a\n\nimport "fmt"\n\nfunc F(n int) {\n\tfmt.Println(n < 1)\n}\n'
WRONG = CODE.replace("n < 1", "n <")


def laid(before: str) -> str:
    return "".join(before.format(n=at) + line for at, line in enumerate(CODE.splitlines(keepends=True), 1))


def of(answer: str, language: str = "go") -> CodeBlock:
    block = extract(answer).code(language)
    assert block is not None
    return block


FENCES = {  # how a block begins and ends, and the line in which its code begins
    "prose behind the end": ("Here:\n\n```go\n", "``` That is all of it.\n\nBye.\n", 4),
    "a word behind the end": ("```go\n", "```Done.\n\n```sh\ngo run .\n```\n", 2),
    "prose before the beginning": ("Here is the code: ```go\n", "```\n\nThat is it.\n", 2),
    "bold before the beginning": ("**The code:** ```go\n", "```\n", 2),
    "of another sign": ("```go\n", "~~~\n\nThat is it.\n", 2),
    "too short": ("````go\n", "```\n\nThat is it.\n", 2),
    "of two signs": ("```go\n", "``\n\nThat is it.\n", 2),
    "of no width": ("\u200b```go\u200b\n", "\u200b```\ufeff\n\nThat is `it`.\n", 2),
    "hard blanks": ("\u00a0```\u00a0go\u00a0\n", "\u00a0```\u00a0\n\nThat is it.\n", 2),
    "two of them": ("```\n```go\n", "```\n```\n\nThat is it.\n", 3),
    "text around it": ("````text\n```go\n", "```\n````\n", 3),
    "a doubled end before": ("```sh\nls\n```\n```\n```go\n", "```\n", 6),
    "no end, and prose": ("```go\n", "\nThis function prints whether the number is small.\n", 2),
    "the label below": ("```\ngo\n", "```\n", 3),
    "the label below, as a word": ("```\nGolang\n", "```\n", 3),
    "a session without a prompt": ("```console\n", "```\n", 2),
    **{f"label {label}": (f"```{label}\n", "```\n", 2) for label in (
        "<go>", "#go", "[go]", "(go)", "language: go", "Language=go", "lang:go", "{.go .numberLines startFrom=1}",
        "go:", "GO", "go title=\"x.go\"", "go // the program",
    )},
}  # fmt: skip


@pytest.mark.parametrize("name", FENCES)
def test_odd_fences(name: str) -> None:
    before, after, line = FENCES[name]
    for code in (CODE, WRONG):
        block = of(before + code + after)
        assert (block.text, block.place(1)[0]) == (code, line)


def test_what_only_looks_like_an_end() -> None:
    for inner in ("```quux", "``` `x`", "    ```"):
        assert of(f"```go\n{inner}\n```\n").text == f"{inner}\n"
    assert [block.language for block in extract("```go\nx\n```\n```\nls\n```\n").blocks] == ["go", ""]
    wide = f"{'~' * 90}x\ny\n"
    assert [block.text for block in extract(f"~~~text\n{wide}").blocks] == [wide]


NEXT = [  # how the block goes on that begins before the one above it has ended
    "x\n```\n",
    "x\n",
    "x\n```\n\nIt prints:\n\n```\ntrue\n```\n",
    "x\n```python\ny\n```\n",
]


@pytest.mark.parametrize(
    ("language", "code"), [("go", CODE), ("python", "def f(n):\n    return n < 1\n"), ("sql", "")]
)
@pytest.mark.parametrize("between", ["", "Run it:\n", "\nThen run it like this:\n\n"])
@pytest.mark.parametrize("label", ["sh", "go", "output", "JSON title='x'"])
@pytest.mark.parametrize("mark", ["", "> "])
def test_a_block_that_is_not_closed_ends_where_another_begins(
    language: str, code: str, between: str, label: str, mark: str
) -> None:
    for after in NEXT:
        answer = f"```{language}\n{code}{between}```{label}\n{after}"
        first, second = extract("".join(f"{mark}{line}" for line in answer.splitlines(True))).blocks[:2]
        assert (first.text.strip(), first.closed) == ((code or between).strip(), False)
        assert (second.text, second.line) == ("x\n", 3 + (code + between).count("\n"))


FENCES_OF_THE_CODE = {  # fences that stand in a string or a comment, or in what has no grammar and comes out even
    "python": 'TEXT = """\n# A\n\n```bash\nls\n```\n\n```py\nx\n```\n"""\nprint(TEXT)\n',
    "javascript": "/*\n```js\nf(1);\n```\n*/\nfunction f(n) { return n; }\n",
    "shell": "cat > README.md <<'EOF'\n# A\n```sh\nls\n```\nEOF\n",
    "java": 'class A {\n  String s = """\n```sh\nls\n```\n""";\n}\n',
    "kotlin": 'val s = """\n```sh\nls\n```\n"""\n',
    "rust": 'const S: &str = r#"\n```sh\nls\n```\n"#;\n',
    "cpp": 'auto s = R"(\n```sh\nls\n```\n)";\n',
    "csharp": 'var s = @"\n```sh\nls\n```\n";\n',
    "ruby": "s = <<~X\n```sh\nls\n```\nX\n",
    "php": "<?php\n$s = <<<X\n```sh\nls\n```\nX;\n",
    "yaml": "a: |\n  ```sh\n  ls\n  ```\n",
}


@pytest.mark.parametrize("language", FENCES_OF_THE_CODE)
def test_fences_that_are_part_of_the_code(language: str) -> None:
    code = FENCES_OF_THE_CODE[language]
    answer = f"So:\n\n```{language}\n{code}```\n\nRun it:\n\n```sh\nls\n```\n"
    assert [block.text for block in extract(answer).blocks] == [code, "ls\n"]


HELD = {  # what stands around code without a fence, and the line in which it begins
    "pre and code": ('<pre><code class="language-go">', "</code></pre>\n\nThat is it.\n", 1),
    "pre": ("Here it is:\n\n<pre>\n", "</pre>\n", 4),
    "code": ("<code>\n", "</code>\n", 2),
    "a language's tag": ("Here:\n<go>\n", "</go>\n", 3),
    "an artifact": ('I made it.\n\n<artifact language="go" title="F">\n', "</artifact>\n\nIt prints.\n", 4),
    "a file": ('<file path="a.go">\n', "</file>\n", 2),
    "an answer": ("<answer>\n", "</answer>\n", 2),
    "brackets": ("[GO]\n", "[/GO]\n", 2),
    "brackets with a label": ("[code=go]\n", "[/code]\n", 2),
    "one backtick": ("Here:\n\n`\n", "`\n", 4),
    "two backticks": ("``go\n", "``\n", 2),
    "quotes": ("'''go\n", "'''\n", 2),
    "accents": ("´´´go\n", "´´´\n", 2),
    "backticks that are escaped": ("\\`\\`\\`go\n", "\\`\\`\\`\n", 2),
    "backticks apart": ("` ` `go\n", "` ` `\n", 2),
    "org": ("#+BEGIN_SRC go\n", "#+END_SRC\n", 2),
    "latex": ("\\begin{lstlisting}[language=go]\n", "\\end{lstlisting}\n", 2),
    "a wiki": ("{code:go}\n", "{code}\n", 2),
    "lines": ("--- BEGIN a.go ---\n", "--- END a.go ---\n", 2),
}


@pytest.mark.parametrize("name", HELD)
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_code_that_something_else_than_fences_holds(name: str, ends: str) -> None:
    before, after, line = HELD[name]
    for code in (CODE, WRONG):
        answer = (before + code + after).replace("\n", ends)
        block = of(answer)
        assert (block.text.strip("\n"), block.place(1)[0]) == (code.strip("\n"), line)
        assert (extract(answer).code() or block).text == block.text


def test_entities_are_read_where_the_code_is_escaped() -> None:
    escaped = of(f"<pre><code>{CODE.replace('<', '&lt;').replace(chr(34), '&quot;')}</code></pre>\n")
    assert (escaped.text, escaped.place(6, 3)) == (CODE, (6, None))
    plain = of(f"<pre>{CODE.replace('fmt.', '&amp;fmt.')}</pre>\n")
    assert (plain.text, plain.place(1, 2)) == (CODE.replace("fmt.", "&amp;fmt."), (1, 7))


TAGS_OF_THE_CODE = [
    ("javascript", "const a = `\n`;\nconst b = f(`\n`\n);\n"),
    ("go", "package a\n\nconst A = `\n`\n\nvar B = f()\n`\n`\n"),
    ("jsx", "const App = () => (\n<pre>\n{x}\n</pre>\n);\n"),
    ("cpp", "int x[2] =\n{1}\n;\nint f() { return 1; }\n"),
]


@pytest.mark.parametrize(("language", "code"), TAGS_OF_THE_CODE)
def test_tags_that_are_part_of_the_code(language: str, code: str) -> None:
    assert of(code, language).text == code


LAID = ["{n:>3} ", "{n:>2}  ", "{n}: ", "{n:>2} | ", "{n:>6}\t", "{n}. ", "{n:03d}  ", "{n:>2}│ "]


@pytest.mark.parametrize("before", LAID)
@pytest.mark.parametrize("label", ["go", ""])
def test_the_numbers_of_lines_are_taken_off(before: str, label: str) -> None:
    block = of(f"Here:\n\n```{label}\n{laid(before)}```\n")
    assert block.text == CODE
    assert block.place(6, 2) == (9, 2 + len(before.format(n=6)))


@pytest.mark.parametrize(
    "code",
    [
        "1. x\n2. y\n",
        "1 a\n3 b\n4 c\n",
        "1 a\n2 b\nc\n",
        "1: a\n2 b\n3: c\n",
        "1a\n2b\n3c\n",
        "10 x\n",
        "a\n1 b\n2 c\n",
    ],
)
def test_numbers_that_are_none_of_lines(code: str) -> None:
    assert of(f"```go\n{code}```\n").text == code


def test_data_keeps_its_numbers() -> None:
    for label in ("csv", "tsv", "text", "yaml", ""):
        assert extract(f"```{label}\n1\ta\n2\tb\n3\tc\n```\n").blocks[0].text == "1\ta\n2\tb\n3\tc\n"


CHANGED = "\n".join("-old line" if "import" in line else f" {line}" if line else "" for line in CODE.splitlines())
DIFFS = {
    "new": (
        "--- /dev/null\n+++ b/a.go\n@@ -0,0 +1,7 @@\n" + "".join(f"+{line}" for line in CODE.splitlines(True)),
        3,
    ),
    "spaced": ("".join(f"+ {line}" for line in CODE.splitlines(True)), 0),
    "changed": (CHANGED.replace("-old line", '-import "os"\n+import "fmt"') + "\n", 0),
    "loose": (CODE.replace("import", '- import "os"\n+ import'), 0),
}


@pytest.mark.parametrize("name", DIFFS)
def test_a_diff_that_shows_a_whole_file(name: str) -> None:
    diff, above = DIFFS[name]
    block = of(f"```diff\n{diff}```\n")
    assert [line for line in block.text.split("\n") if line] == [line for line in CODE.split("\n") if line]
    assert block.place(above + 1)[0] == above + 2
    if name == "changed":
        assert of(f"```go\n{diff}```\n") == CodeBlock(block.text, "go", "go", 2, places=block.places)


def test_a_diff_of_a_part_is_no_program() -> None:
    assert extract("```diff\n@@ -10,2 +10,2 @@\n a\n-b\n+c\n```\n").code("go") is None
    assert of("```diff\n-b\n+c\n```\nThe file:\n```go\npackage a\n```\n").text == "package a\n"


def test_code_in_a_string_of_json() -> None:
    answer = json.dumps({"language": "go", "code": CODE, "why": "It prints.\nAnd returns."}, indent=1)
    for text in (answer, f"Here:\n\n```json\n{answer}\n```\n"):
        block = of(text)
        assert block.text == CODE
        assert block.place(6, 3) == (3 if text == answer else 6, None)
    inside = of(json.dumps({"answer": f"So:\n```go\n{CODE}```\n"}))
    assert inside.text == CODE
    assert extract(answer).json_text().text == answer


def test_python_is_not_the_json_around_it() -> None:
    assert of(json.dumps({"code": "def f():\n    return 1\n"}), "python").text == "def f():\n    return 1\n"
    assert extract('{"a": 1}').code("python") is not None  # a mapping, where nothing in it is code


TYPES = 'package a\n\nimport "fmt"\n\ntype T struct{ n int }\n'
USE = "func main() {\n\tfmt.Println(T{1})\n}\n"
METHOD = "func (t *T) N() int {\n\treturn t.n\n}\n"


@pytest.mark.parametrize(
    ("pieces", "taken"),
    [
        ([TYPES, USE], [0, 1]),
        ([TYPES, METHOD, USE], [0, 1, 2]),
        ([TYPES, "func g() {}\n"], [0]),
        ([TYPES, "x := T{1}\nfmt.Println(x)\n"], [0]),
        ([TYPES, "package b\n\n" + USE], [0]),
        ([TYPES, "// use.go\n" + USE], [0]),
        ([TYPES, METHOD, "// ... the rest as before\n" + USE], [0, 1]),
        ([TYPES, "func (t *T) N() int {\n...\n}\n"], [0]),
        ([TYPES + USE, TYPES + METHOD], [1]),
    ],
)
@pytest.mark.parametrize("label", ["go", ""])
def test_blocks_that_go_on_are_one_program(pieces: list[str], taken: list[int], label: str) -> None:
    answer = "Then:\n\n".join(f"```{label}\n{piece}```\n" for piece in pieces)
    block = of(answer)
    assert block.text == "".join(pieces[at] for at in taken)
    last = block.text.count("\n")
    assert answer.split("\n")[block.place(last)[0] - 1] == block.text.split("\n")[last - 1]


def test_a_later_version_may_lack_its_label() -> None:
    old, new = "def f(x)\n    return x\n# a long story\n", "def f(x):\n    return x\n"
    assert of(f"```python\n{old}```\nOops:\n```\n{new}```\n", "python").text == new
    assert of("### a.py\n```python\nx = )\n```\n### a.py\n```\nx = 1\n```\n", "python").text == "x = 1\n"
    assert of(f"```\n{old}```\nThe other:\n```python\n{new}```\n", "python").text == new
    assert of(f"```python\n{new}```\nOutput:\n```\n{'1 2 3' * 99}\n```\n", "python").text == new
    assert of(f"```\n{new}```\nOutput:\n```\n{'1 2 3 ' * 99}\n```\n", "python").text == new


HOSTILE = [
    "```go\nx\n```sh\n",
    "```go\n/*\n```sh\n```\n",
    "```quux\ny()```\n",
    "```yaml\na\n```sh\nb\n```\n```\n",
    "````go\nx\n```\n",
    "```go\ny()```\n",
    "```go\nx\n~~~\ny()```\n",
    "> ```go\n> x\n\n",
    "```\n```go\n",
    "Here: ```go\n",
    "<code>\n",
    "<pre>\n</code>\n",
    "'''go\n`\n",
    "[go]\n[/go]\n<go>\n",
    "```\ngo\npackage a\n```\n",
    "```go\n1 x\n2 y\n3 z\n```\n",
    "```diff\n+x\n-y\n```\n",
    "```go\nfunc F() {}\n```\n```\nfunc F() {}\n```\n",
    "```go\nx\n```\n```\ny\n```\n",
    "```go\ntype T1 struct{}\n```\n",
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_forms_are_read_in_time(piece: str) -> None:
    artifact = extract(piece * 8_000)
    assert len(artifact.blocks) <= 16_000
    artifact.code("go")
    artifact.code()


@pytest.mark.parametrize(
    "text", ["1" * 200_000, "1 " * 100_000, "<code " * 50_000, '{"a": "' + "\\n" * 100_000 + '"}', "--- a " * 9_000]
)
def test_hostile_lines_are_read_in_time(text: str) -> None:
    extract(text).code("go")
    extract(f"```go\n{text}\n```\n").code("go")


@pytest.mark.parametrize("signs", ["*", "&", "* ", "a*", "~"])
def test_hostile_signs_of_types_are_read_in_time(signs: str) -> None:
    held = f"int a[] = {{\n{signs * 200_000}\n}};\n"
    extract(f"```c\n{held}```\n\n```c\nint f(void) {{ return a[0]; }}\n```\n").code("c")


def test_hostile_lists_of_imports_are_read_in_time() -> None:
    listed = f"use std::{{\n{' ' * 16_000}(\n}};\n" * 100
    extract(f"```rust\n{listed}struct T;\n```\n\n```rust\nfn f(t: T) {{}}\n```\n").code("rust")


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ('The result is: {"a": 1}\n', 1, 16),
        ('Result: {"a": 1} as you asked.\n', 1, 9),
        ('{"a": 1} is the answer.\n', 1, 1),
        ('Here is the JSON: ```{"a": 1}```\n', 1, 22),
        ('`{"a": 1}`', 1, 2),
        ('Here it is: {"a": 1}\n\nI hope that it helps.\n', 1, 13),
    ],
)
def test_json_amid_words(text: str, line: int, column: int) -> None:
    block = extract(text).json_text()
    assert (block.text, block.place(1, 1)) == ('{"a": 1}', (line, column))
    assert extract(text).json_text(strict=True).text == text


@pytest.mark.parametrize(
    "text", ['"[1]"', 'const x = {"a": 1};\n', 'So: {"a": }\n', 'f({"a": 1})', "no", 'One: {"a": 1}, two: {"b": 2}']
)
def test_what_is_no_json_amid_words(text: str) -> None:
    assert extract(text).json_text().text.strip() == text.strip()


def test_prose_in_front_of_code() -> None:
    block = of("Here is the code: print(f'x')\n\nIt prints one letter.\n", "python")
    assert (block.text.strip(), block.place(1, 3)) == ("print(f'x')", (1, 21))
    block = of("\nThe function is: function f() {\n  return 1;\n}\n", "javascript")
    assert block.text.strip() == "function f() {\n  return 1;\n}"
    assert of("Result: int = 5\nprint(Result)\n", "python").text == "Result: int = 5\nprint(Result)\n"
    extract("The code is so: " * 9_000 + "x = f()").code("python")


@pytest.mark.parametrize("language", ["go", "rust", "c", "java", "javascript", "python", "ruby", "php"])
@pytest.mark.parametrize(
    "below",
    [
        "\nthat prints the number one and then ends.",
        "\nbasically it just returns one.",
        "\nlet me know if you need more of it.",
        "Done.",
        "\nExplanation:\n\nf takes one number.\nit returns its sum.",
        "\nEnjoy!",
        "\nFertig.",
    ],
)
def test_sentences_that_begin_small_or_are_a_word(language: str, below: str) -> None:
    assert of(f"f(1);\n{below}\n", language).text.rstrip("\n") == "f(1);"


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("python", "for each item in the list:\n    print(item)\n"),
        ("python", "x = f(1)\n\nretrun the value of it\n"),
        ("ruby", "puts x\n\nFoo.\n  bar\n"),
        ("shell", "x=1\n\nlog this is how it was done.\n"),
        ("javascript", "f(1);\nthat is not a line of the code.\n"),
    ],
)
def test_lines_that_may_be_broken_code_stay(language: str, text: str) -> None:
    assert of(text, language).text == text


@pytest.mark.parametrize(
    ("cell", "language"),
    [
        ("%%bash", "shell"), ("%%sh", "shell"), ("%%javascript", "javascript"), ("%%html", "html"),
        ("%%writefile a.py", "python"), ("%%writefile -a b.sh", "shell"), ("%%file c.cpp", "cpp"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("label", ["python", ""])
def test_cells_of_a_notebook(cell: str, language: str, label: str) -> None:
    (block,) = extract(f"```{label}\n{cell}\nx\n```\n").blocks
    assert (block.language, block.text, block.line) == (language, "x\n", 3)


@pytest.mark.parametrize("cell", ["%%time", "%%timeit -n 3", "%%capture out", "%%python"])
def test_cells_that_are_python(cell: str) -> None:
    assert of(f"```python\n{cell}\nx = 1\n```\n", "python").text == f"{cell}\nx = 1\n"


@pytest.mark.parametrize(
    ("language", "first", "second"),
    [
        (
            "javascript",
            "const seen = new Map();\nfunction f() { return seen; }\n",
            "const g = (n) => f();\nconst seen = g(1);\n",
        ),
        (
            "typescript",
            "let n: number = 1;\nfunction f() { return n; }\n",
            "function g() { f(); }\nlet n: string = '';\n",
        ),
        ("c", "int n = 1;\nint f(void) { return n; }\n", "static int n = 2;\nint g(void) { return f(); }\n"),
        ("rust", "const N: u32 = 1;\nfn f() -> u32 { N }\n", "const N: u32 = 2;\nfn g() -> u32 { f() }\n"),
    ],
)
def test_what_binds_a_name_once_more_is_no_part_of_a_program(language: str, first: str, second: str) -> None:
    answer = f"```{language}\n{first}```\n\nThen:\n\n```{language}\n{second}```\n"
    assert of(answer, language).text in (first, second)
    apart = second.replace("seen", "found").replace("n:", "m:").replace("N:", "M:").replace("int n", "int m")
    assert of(answer.replace(second, apart), language).text == first + apart


def test_strings_of_json_end_as_lines_do() -> None:
    parts = {"a": "package a\r\n\r\ntype T struct{ n int }", "b": "func f() {\n\tprintln(T{1})\n}"}
    block = of(json.dumps(parts))
    assert block.text == "package a\n\ntype T struct{ n int }\nfunc f() {\n\tprintln(T{1})\n}\n"
    assert len(block.places) == block.text.count("\n")


def test_a_block_of_the_language_needs_no_look_at_others(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = list[str]()
    monkeypatch.setattr("pytest_llm.answers.extract.is_code", lambda text, language: looked.append(text) or True)
    outputs = "".join(f"```{label}\n{label or 'bare'} 1\n```\n" for label in ("", "", "text", "console"))
    assert of(f"```go\n{CODE}```\n{outputs}").text == CODE
    assert looked == []


BEGUN = [  # what stands behind the fence's label is code
    ("python", "python ", "print(1)\nprint(2)\n"),
    ("python", "python ", "import os\nprint(os.name)\n"),
    ("python", "", "print(1)\nprint(2)\n"),
    ("python", "py\t", "def f():\n    return 1\n"),
    ("go", "go ", "package main\n\nfunc main() {}\n"),
    ("javascript", "javascript ", "function f() {\n  return 1;\n}\n"),
    ("typescript", "ts ", "const n: number = 1;\nf(n);\n"),
    ("c", "c ", "#include <stdio.h>\nint n;\n"),
    ("php", "php ", "<?php\necho 1;\n"),
    ("shell", "bash ", "#!/bin/bash\necho 1\n"),
    ("json", "json ", '{"a": 1}\n'),
    ("json", "json", '{\n  "a": 1\n}\n'),
    ("json", "", "[\n  1\n]\n"),
    ("html", "html", "<!DOCTYPE html>\n<html></html>\n"),
]


@pytest.mark.parametrize(("language", "label", "code"), BEGUN)
@pytest.mark.parametrize("before", ["", "Here:\n\n", "1. So:\n\n   "])
def test_code_that_begins_in_its_fence(language: str, label: str, code: str, before: str) -> None:
    indent = before.rpartition("\n")[2]
    artifact = extract(f"{before}```{label}{code.replace(chr(10), chr(10) + indent)}```\n")
    block = {"json": artifact.json_text, "html": artifact.page}.get(language, lambda: artifact.code(language))()
    assert block is not None
    assert (block.text, block.fenced) == (code, True)
    line = before.count("\n") + 1
    assert [block.place(at, 1) for at in (1, 2)][: code.count("\n")] == [
        (line, len(indent) + 3 + len(label) + 1),
        (line + 1, len(indent) + 1),
    ][: code.count("\n")]


@pytest.mark.parametrize(
    "info", ['title="a.py"', "showLineNumbers", "{1,3-5}", "# a.py", "a.py", "linenums=1 hl_lines='2 3'", "copy"]
)
def test_what_else_stands_behind_a_label(info: str) -> None:
    assert of("```bash import data\nls\n```\n", "shell").text == "ls\n"
    assert of(f"```python {info}\nx = 1\n```\n", "python").text == "x = 1\n"


def test_a_fence_that_closes_in_its_line() -> None:
    block = of("It is:\n\n```python print(1)```\n\nThat is it.\n", "python")
    assert (block.text, block.place(1, 1)) == ("print(1)\n", (3, 11))
    assert extract("```python print(1)``` is what you want.\n").blocks == ()


@pytest.mark.parametrize("mark", ["> ", ">"])
def test_code_in_a_quote_without_a_fence(mark: str) -> None:
    block = of("".join(f"{mark}{line}" for line in CODE.splitlines(True)))
    assert (block.text.rstrip("\n"), block.place(6, 2)) == (CODE.rstrip("\n"), (6, 2 + len(mark)))


def test_values_are_no_code_where_code_is_broken() -> None:
    code = "print(sorted([3, 1, 2])\n"
    assert of(f"It prints\n\n```\n[1, 2, 3]\n```\n\nwith\n\n```\n{code}```\n", "python").text == code


def test_code_that_is_indented_less_than_its_fence() -> None:
    answer = "1. So:\n   ```python\nclass A:\n  def f(self):\n    return 1\n   ```\n"
    block = of(answer, "python")
    assert (block.text, block.place(2, 3)) == ("class A:\n  def f(self):\n    return 1\n", (4, 3))


@pytest.mark.parametrize(
    "before",
    ["> ", ">", "   > ", "> > ", "- So:\n\n\t", "  ", "1. So:\n\n\t", "> - So:\n>\n>   ", "> > - So:\n> >\n> >   "],
)
@pytest.mark.parametrize("wrapped", [False, True])
def test_columns_behind_marks_of_quotes_and_tabs(before: str, wrapped: bool) -> None:
    mark = before.rpartition("\n")[2]
    fenced = f"```go\n{CODE}```\n"
    answer = before + fenced.replace("\n", f"\n{mark}").removesuffix(mark)
    block = of(f"````markdown\n{answer}````\n" if wrapped else answer)
    line = wrapped + before.count("\n") + 2
    assert (block.text, block.place(1, 1), block.place(6, 2)) == (
        CODE,
        (line, len(mark) + 1),
        (line + 5, len(mark) + 2),
    )


def test_lines_that_a_carriage_return_alone_ends() -> None:
    answer = f"Here:\n\n```go\n{CODE}```\n\nThat is it.\n"
    assert of(answer.replace("\n", "\r")).text == CODE


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<answer>", "</answer>"), ("<json>\n", "\n</json>"), ("Here:\n\n<output>\n", "\n</output>\n"),
        ("I will call it.\n\n<tool_call>\n", "\n</tool_call>"), ("[TOOL_CALLS] ", ""), ("<|python_tag|>", ""),
        ("<function=f>", "</function>"), ("I found (in the text) this: ", ""), ("Given x = 1, the result is ", ""),
        ("```json\n", "\n\nThat is the whole of it, as you asked.\n"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("value", ['{"a": 1}', '[{"a": 1}]', '{\n "a": "(b) <c>"\n}'])
def test_json_between_tags_and_words(before: str, after: str, value: str) -> None:
    block = extract(before + value + after).json_text()
    assert block.text.strip() == value
    line = before.count("\n") + 1
    assert block.place(1, 1) == (line, len(before.rpartition("\n")[2]) + 1)


@pytest.mark.parametrize(
    "text",
    ['f(x)({"a": 1})', 'x = {"a": 1}', "print(x)\n" + 'y({"a": 1})', '<a href={"a": 1}>', 'if (x) y = {"a": 1};'],
)
def test_json_in_code_is_no_answer(text: str) -> None:
    assert extract(text).json_text().text == text


def test_code_and_pages_in_the_json_of_a_call() -> None:
    call = json.dumps({"name": "run", "arguments": {"code": CODE}})
    assert of(f"<tool_call>\n{call}\n</tool_call>").text == CODE
    page = "<!DOCTYPE html>\n<html><body>1</body></html>\n"
    held = json.dumps({"html": page})
    for answer in (held, f"```json\n{held}\n```\n"):
        found = extract(answer).page()
        assert found is not None
        assert (found.text, found.language) == (page, "html")
    assert of(f"```tool_code\n{CODE}```\n").text == CODE
