"""What is found in an answer: blocks, their languages and lines, a page, the JSON."""

from __future__ import annotations

import pytest

from pytest_llm.answers.extract import Artifact, CodeBlock, extract, normalise_language
from pytest_llm.answers.languages import guess_language

GO = "package main\n\nfunc main() {\n}\n"


def found(text: str) -> list[tuple[str, str, int]]:
    return [(b.language, b.text, b.line) for b in extract(text).blocks]


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("```go\nx\n```\n", [("go", "x\n", 2)]),
        ("Hi:\n\n~~~ python title=x\nx\n~~~\nbye", [("python", "x\n", 4)]),
        ("`````\na\n```\nb\n`````", [("", "a\n```\nb\n", 2)]),
        ("```go\nx\n``` \t\n```java\ny\n```````", [("go", "x\n", 2), ("java", "y\n", 5)]),
        ("```go\r\nx\r\n\r\ny\r\n```\r\n", [("go", "x\n\ny\n", 2)]),
        ("\ufeff```go\nx\n```", [("go", "x\n", 2)]),
        ("a\u2028b\x0cc\x85d\n```go\nx\u2028y\n```", [("go", "x\u2028y\n", 3)]),
        ("``` js fmt``` is inline\n", []),
        ("~~~ js `x`\na\n~~~", [("javascript", "a\n", 2)]),
        ("~~~\na\n```\n~~~", [("", "a\n```\n", 2)]),
        ("```go\n```", [("go", "", 2)]),
        ("```go\nx\ny()```\nDone: `x`.\n", [("go", "x\ny()\n", 2)]),
        ("```go\nx ``` \n\n```java\ny\n```\n", [("go", "x \n", 2), ("java", "y\n", 5)]),
        ("1. a\n\n   ```go\n   x\n   }```\r\n2. b\n", [("go", "x\n}\n", 4)]),
        ("```go\nx\ny ````\n", [("go", "x\ny ````\n", 2)]),
        ("   ```go\n   x\n     y\n z\n   ```", [("go", "x\n  y\nz\n", 2)]),
        (
            "1. Do\n\n   ```go\n   x\n   ```\n2. Do\n\n   ```java\n   y\n   ```",
            [("go", "x\n", 4), ("java", "y\n", 9)],
        ),
        ("1. Do\n   ```go\nx\n```\nend", [("go", "x\n", 3)]),
        ("- a\n  - b\n\n    ```go\n    x\n    ```\n", [("go", "x\n", 5)]),
        ("- ```go\n  x\n  ```\n", [("go", "x\n", 2)]),
        ("> ```go\n> x\n> ```\nafter", [("go", "x\n", 2)]),
        ("> ```go\n> x\nafter", [("go", "x\n", 2)]),
        ("> ```markdown\n> x\nafter", [("markdown", "x\n", 2)]),
        (
            '```python\n"""\n    ```go\n    x\n    ```\n"""\n```',
            [("python", '"""\n    ```go\n    x\n    ```\n"""\n', 2)],
        ),
        ("\t```go\n\tx\n\t```\n", [("go", "x\n", 2)]),
        ("        ```go\n        x\n        ```\n", [("go", "x\n", 2)]),
    ],
)
def test_fences(text: str, blocks: list[tuple[str, str, int]]) -> None:
    assert found(text) == blocks


INNER = "<!DOCTYPE html>\n<html><script>\nconst text = `\n{}\n`;\n</script></html>\n"


@pytest.mark.parametrize(
    ("text", "pages"),
    [
        ("```html\n{}```\nDone.\n", 1),
        ("```\n{}\n```\nDone.\n", 1),
        ("Page:\n\n```html\n{}```\n```js\nx\n```\n", 1),
        ("```html\n{}```\nBetter:\n```html\n{}```\n", 2),
        ("> no page\n\n{}", 1),
    ],
)
@pytest.mark.parametrize("inner", ["```\ncode\n```", "```js\nx\n```\n\n~~~\ny\n~~~", "```"])
def test_a_fence_within_a_page_does_not_end_it(text: str, pages: int, inner: str) -> None:
    page = INNER.format(inner)
    artifact = extract(text.format(*[page] * pages))
    found = artifact.page()
    assert found is not None
    assert found.text.strip() == page.strip()
    assert pages == 1 or sum(block.language == "html" for block in artifact.blocks) == pages


@pytest.mark.parametrize(
    "text",
    [
        "```html\n<!DOCTYPE html>\n<p>no end\n```\nThen:\n```html\n<!DOCTYPE html>\n<html><p>2</html>\n```\n",
        "```html\n<!DOCTYPE html>\n<p>no end\n```\nIt lacks\n</html>\nas you see.\n",
        "```html\n<p>\n```\nno page\n</html>\n```\n",
        "```html\n<html></html> <!-- done -->\n```\n```\n</html>\n```\n",
    ],
)
def test_a_page_that_ends_at_its_fence(text: str) -> None:
    assert extract(text).blocks[0].text.count("\n") <= 2


@pytest.mark.parametrize(
    ("text", "first", "line"),
    [
        ("<div id=a></div>\n<script>\nf('<!doctype html><html></html>');\n</script>\n", "<div id=a>", 1),
        (
            "Sure!\n<head></head>\n<body>\n<script>\nf(`\n<!doctype html>\n<html>`);\n</script>\n</body>\n",
            "<head>",
            2,
        ),
        ("Here: <!DOCTYPE html><html><script>f('<html>')</script></html>", "<!DOCTYPE", 1),
        ("<!-- <html> --> see\n<html><p>x</p></html>", "<html><p>", 2),
        ("```\nconst page = '<!doctype html>' + x;\n```\n```html\n<p>Hi</p>\n```\n", "<p>Hi", 5),
    ],
)
def test_a_page_within_a_script_is_not_the_page(text: str, first: str, line: int) -> None:
    page = extract(text).page()
    assert page is not None
    assert (page.text.startswith(first), page.line) == (True, line)


def test_an_unclosed_last_fence_is_said_so() -> None:
    artifact = extract("```go\nx\n\ny\n")
    assert [(b.text, b.closed) for b in artifact.blocks] == [("x\n\ny\n", False)]
    assert artifact.notes == ("the last code block was never closed",)
    assert not extract("```go\nx\n```\n").notes
    assert extract("So:\n```go\nx\n```sh\ny\n```go\nz\n```\n").notes == (
        "the code block in line 2 was never closed",
    )


def test_a_doubled_closing_fence_opens_nothing() -> None:
    artifact = extract("```go\nx\n```\n```\n")
    assert len(artifact.blocks) == 1
    assert artifact.notes == ()


def test_markdown_that_holds_fences_of_the_same_length() -> None:
    text = "```markdown\n# Title\n```go\nx\n```\nmore\n```\nafter\n```js\ny\n```\n"
    artifact = extract(text)
    assert [(b.language, b.line) for b in artifact.blocks] == [("markdown", 2), ("javascript", 10)]
    assert artifact.code("go") == CodeBlock("x\n", "go", "go", line=4)


def test_markdown_whose_inner_fence_is_never_closed_ends_at_its_first_bare_fence() -> None:
    artifact = extract("```md\n```go\nx\n```\nprose\n")
    assert [(b.text, b.closed) for b in artifact.blocks] == [("```go\nx\n", True)]


def test_a_whole_answer_in_markdown_is_looked_into() -> None:
    artifact = extract("````markdown\n## Code\n  ```go\n  x\n  ```\n````\n")
    assert artifact.code() == CodeBlock("x\n", "go", "go", line=4, indent=2)


def test_the_longest_block_of_the_wanted_language_and_the_later_of_two_equals() -> None:
    artifact = extract("```go\naa\n```\n```go\nbbbb\n```\n```go\ncccc\n```\n```java\n" + "d" * 50 + "\n```\n")
    block = artifact.code("golang")
    assert block is not None
    assert block.text == "cccc\n"
    assert artifact.code("rust") is None


def test_without_the_wanted_language_an_unlabelled_block_will_do() -> None:
    block = extract("```\nx\n```\n```java\ny\n```").code("go")
    assert block is not None
    assert block.text == "x\n"


def test_without_a_language_prose_and_sessions_come_last() -> None:
    artifact = extract("```go\nx\n```\n```console\n$ go run main.go --with --many --words\n```\n")
    block = artifact.code()
    assert block is not None
    assert block.language == "go"
    only = extract("```text\nx\n```\n").code()
    assert only is not None
    assert only.language == "text"


def test_code_without_a_fence_is_the_text_itself() -> None:
    artifact = extract(GO)
    assert artifact.code("go") == CodeBlock(GO, "go", fenced=False)
    assert artifact.notes == ("no code fence: the text itself is taken as code",)


def test_code_whose_opening_fence_stood_in_the_prompt() -> None:
    for end in ("```", "```\n", "```\nThis program does nothing.\n"):
        block = extract(GO + end).code("go")
        assert block is not None
        assert block.text.rstrip() == GO.rstrip()
        assert not block.fenced


@pytest.mark.parametrize(
    "text", ["", "   \n", "I cannot do that.", "It is 42.", "Import the module from the list.\n"]
)
def test_prose_is_no_code(text: str) -> None:
    artifact = extract(text)
    assert artifact.code() is None
    assert artifact.code("go") is None
    assert artifact.page() is None
    assert artifact.answer == text


@pytest.mark.parametrize(
    ("info", "language"),
    [
        ("", ""), ("go", "go"), ("Golang", "go"), ("c++", "cpp"), ("C++17", "cpp"), ("cpp", "cpp"), ("h", "c"),
        ("js", "javascript"), ("mjs", "javascript"), ("jsx", "jsx"), ("ts", "typescript"), ("tsx", "tsx"),
        ("sh", "shell"), ("bash", "shell"), ("zsh", "shell"), ("shell", "shell"), ("console", "console"),
        ("py", "python"), ("python3", "python"), ("html title=x", "html"), ("{.go}", "go"), ("{.go .lines}", "go"),
        ("{r, echo=FALSE}", "r"), ("go:main.go", "go"), ("rust,ignore", "rust"), ("language-js", "javascript"),
        ("main.py", "python"), ("src/Main.java", "java"), ("title=x", ""), ("  Java  ", "java"), ("zig", "zig"),
        ("c#", "csharp"), ("f#", "fsharp"), (".go", "go"), ("{}", ""), ("json5", "json5"), ("yml", "yaml"),
        ("javascriptreact", "jsx"), ("typescriptreact", "tsx"), ("rustlang", "rust"), ("commonjs", "javascript"),
    ],
)  # fmt: skip
def test_language_names(info: str, language: str) -> None:
    assert normalise_language(info) == language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (GO, "go"),
        ("func (c *Cache) Get(k int) int {\n\treturn 1\n}", "go"),
        ("import java.util.*;\n\npublic class A {}", "java"),
        ("def f(x):\n    return x\n", "python"),
        ("import os\nprint(os.name)\n", "python"),
        ("const x = 1;\nconsole.log(x)", "javascript"),
        ("interface A {\n  x: number;\n}", "typescript"),
        ("function f(x: number): number { return x }", "typescript"),
        ("#include <stdio.h>\nint main(void) {}", "c"),
        ("#include <vector>\nint main() {}", "cpp"),
        ("fn main() {\n    let mut x = 1;\n}", "rust"),
        ("#!/usr/bin/env bash\necho hi", "shell"),
        ("<!DOCTYPE html>\n<html></html>", "html"),
        ('{"a": 1}', "json"),
        ("[1, 2]", "json"),
        ("The answer is {x}.", ""),
        ("Let me explain how this works in detail.\nimport os\nThen it is all done for you.", ""),
    ],
)
def test_guessing_from_the_text(text: str, language: str) -> None:
    assert guess_language(text) == language


PAGE = "<!DOCTYPE html>\n<html><body><canvas></canvas></body></html>"
FENCES_INSIDE = "<html>\n<script>\nconst s = `\n```\nx\n```\n`\n</script></html>"


@pytest.mark.parametrize(
    ("text", "page", "line"),
    [
        (f"```html\n{PAGE}\n```", PAGE + "\n", 2),
        (f"Here:\n```\n{PAGE}\n```", PAGE + "\n", 3),
        (f"Here it is:\n\n{PAGE}\n\nEnjoy!", PAGE, 3),
        (f"```css\na{{}}\n```\nand\n{PAGE}", PAGE, 5),
        (f"```html\n<b>usage, a long line that is no page, and longer than the page is by far</b>\n```\n"
         f"```html\n{PAGE}\n```", PAGE + "\n", 5),
        ("<html>\n<body>cut", "<html>\n<body>cut", 1),
        (FENCES_INSIDE, FENCES_INSIDE, 1),
        ("```html\n<canvas></canvas>\n```", "<canvas></canvas>\n", 2),
        ("```\n<canvas></canvas>\n```", "<canvas></canvas>\n", 2),
        ("<canvas id=a></canvas>\n<script>1</script>", "<canvas id=a></canvas>\n<script>1</script>", 1),
        (f"```markdown\n# Page\n```html\n{PAGE}\n```\n```", PAGE + "\n", 4),
    ],
)  # fmt: skip
def test_a_page_anywhere(text: str, page: str, line: int) -> None:
    block = extract(text).page()
    assert block is not None
    assert (block.text, block.line) == (page, line)


def test_a_page_that_never_ends_is_not_closed() -> None:
    block = extract("Here:\n<html><body>").page()
    assert block is not None
    assert not block.closed


@pytest.mark.parametrize(
    ("text", "json", "line", "fenced"),
    [
        ('{"a": 1}', '{"a": 1}', 1, False),
        ('Sure:\n```json\n{"a": 1}\n```', '{"a": 1}\n', 3, True),
        ("Sure:\n```\n[1]\n```", "[1]\n", 3, True),
        ("```go\nx\n```", "```go\nx\n```", 1, False),
        ("no", "no", 1, False),
        ('Here is the JSON:\n{"a": 1}\nHope this helps!', '{"a": 1}', 2, False),
        ('Sure! This is it:\r\n\r\n{\r\n"a": "This is a text."\r\n}\r\n', '{\n"a": "This is a text."\n}', 3, False),
        ('**Answer:**\n\n["It is 1.",\n"It is 2."]\n\n- the first\n', '["It is 1.",\n"It is 2."]', 3, False),
        ('Here is the JSON:\n\n{"a": }\n', '{"a": }', 3, False),
        ('The first:\n\n{"a": 1}\n\nA better one:\n\n{"a": 2}\n', '{"a": 2}', 7, False),
        ('Here is the list:\n\n- one\n', 'Here is the list:\n\n- one\n', 1, False),
    ],
)  # fmt: skip
def test_the_json_of_an_answer(text: str, json: str, line: int, fenced: bool) -> None:
    block = extract(text).json_text()
    assert (block.text, block.line, block.fenced) == (json, line, fenced)
    assert extract(text).json_text(strict=True).text == text


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("`" * 1_000_000, 0),
        ("~" * 500_000 + "\n" + "~\n" * 50_000, 1),
        ("```\n" * 40_000, 4_000),
        ("```markdown\n```go\n```\n" * 10_000, 4_000),
        ("```markdown\n```go\n" * 10_000, 1),
        ("- " * 200_000 + "x\n" + "- a\n" * 10_000, 0),
        ("> " * 500_000, 0),
        ("\n" * 300_000, 0),
        ("\n".join("`" * length for length in range(3, 600)), 298),
        ("<think></think>" * 50_000 + "```\nx\n```", 1),
        ("<html>\n```go\nx\n```\n" * 10_000, 4_000),
    ],
    ids=lambda value: str(value)[:12] if isinstance(value, str) else None,
)
def test_large_and_hostile_answers(text: str, blocks: int) -> None:
    artifact = extract(text)
    artifact.code("go")
    artifact.page()
    assert sum(block.fenced for block in artifact.blocks) == blocks
    assert ("only the first 4000 code blocks are looked at" in artifact.notes) == (blocks == 4_000)


def test_thinking_is_no_part_of_the_answer() -> None:
    artifact = extract("<think>```go\nbad\n```</think>\n\n```go\ngood\n```", thinking="before")
    assert artifact.thinking == "before\n\n```go\nbad\n```"
    assert [b.text for b in artifact.blocks] == ["good\n"]


def test_artifacts_are_values() -> None:
    text = "```md\n```go\nx\n```\n```"
    one, other = extract(text), extract(text)
    one.code()
    assert one == other
    assert one.answer == text
    assert isinstance(one, Artifact)
