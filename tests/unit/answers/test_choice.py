"""Which block counts: by its kind, as the last version of itself, and not where it only repeats the prompt."""

from __future__ import annotations

import json

import pytest

from pytest_llm.answers.blocks import CodeBlock
from pytest_llm.answers.extract import extract


def fence(code: str, info: str = "") -> str:
    return f"```{info}\n{code}\n```\n"


def text_of(block: CodeBlock | None) -> str:
    assert block is not None
    return block.text.strip()


PAGE = "<!DOCTYPE html>\n<html><body>1</body></html>"
NAMES: dict[str, list[tuple[str, str]]] = {
    "python": [
        ("def f(x):\n    pass", "f"),
        ("import a\n\nclass A(B):\n    pass", "A"),
        ("async def g(): pass", "g"),
    ],
    "go": [
        ("package a\n\nfunc (r *T) Get() int {\n}", "Get"),
        ("type T struct {\n}", "T"),
        ("func F[T any]() {}", "F"),
    ],
    "java": [("import a.b;\n\npublic final class A {\n}", "A"), ("record P(int x) {}", "P")],
    "rust": [("pub(crate) fn f() {}", "f"), ("use a::b;\npub struct S;", "S"), ("impl S {}\ntrait T {}", "T")],
    "c": [("#include <a.h>\n\nstatic int *find(int a,\n  int b)\n{\n}", "find"), ("struct s {\n};", "s")],
    "cpp": [("template <class T>\nstd::vector<int> f(int a) {\n}", "f"), ("namespace n {\n}", "n")],
    "csharp": [
        ("using System;\n\nnamespace A.B;\n\npublic sealed class C\n{\n}", "C"),
        ("namespace A.B\n{\n    [Serializable]\n    public class C\n    {\n    }\n}", "C"),
        ("namespace A.B\n{\n    // c\n}", "A"),
        ("public readonly record struct P(int X);", "struct"),
        ("public static int F(int x)\n{\n}", "F"),
    ],
    "php": [("<?php\nnamespace A\\B;\n\nfinal class C {\n}", "C")],
    "javascript": [
        ("export default async function f() {}", "f"),
        ("const f = (a) => a;", "f"),
        ("let g = async x => x", "g"),
        ("class A {}", "A"),
    ],
    "typescript": [("export interface I {\n}", "I"), ("const f: (a: number) => void = (a) => {}", "f")],
    "shell": [("set -e\nmain_loop() {\n}", "main_loop"), ("function f {\n}", "f")],
    "sql": [("create table if not exists t (id int);", "t"), ("CREATE OR REPLACE VIEW v AS SELECT 1", "v")],
    "json": [('{"a": 1}', "key a"), ('[\n  {"b": 1}]', "key b"), ("[1]", ""), ("{}", "")],
    "html": [(PAGE, "page"), ("<!-- x -->\n<html></html>", "page"), ("<p>", "")],
    "": [("x = 1", ""), ("", ""), ("const x = 1;", ""), ("return f(x) {", ""), ("else if (x) {", "")],
}


@pytest.mark.parametrize("language", NAMES)
def test_the_first_name_of_a_block(language: str) -> None:
    assert [CodeBlock(code, language).first_name for code, _ in NAMES[language]] == [n for _, n in NAMES[language]]


@pytest.mark.parametrize(
    ("code", "info", "name"),
    [
        ("x", "go:main.go", "main.go"),
        ("x", "python title=a/b.py", "a/b.py"),
        ("// lib/a.js\nx", "js", "lib/a.js"),
        ("# file: b.py\nx", "", "b.py"),
        ("<!-- index.html -->\nx", "html", "index.html"),
        ("x", "go", ""),
        ("// " + " " * 100_000 + "y", "", ""),
    ],
)
def test_the_file_name_of_a_block(code: str, info: str, name: str) -> None:
    assert next(iter(CodeBlock(code, info=info).file_names), "") == name


LONG = "\n".join(f"# step {n}" for n in range(9))
A, A2 = f"def f():\n{LONG}\n    return 1", "def f():\n# fixed\n    return 2"
USE, USE2 = "print(f())", "def main():\n    f()"


@pytest.mark.parametrize(
    ("codes", "wanted"),
    [
        ([A2, A], A),
        ([A, A2], A2),
        ([A, A2, USE], A2),
        ([A, USE2, USE2.replace("f()", "g()")], A),
        ([USE2, USE2.replace("f()", "g()")], USE2.replace("f()", "g()")),
        ([A, "def g():\n    pass"], A),
        ([A, "def f(): ..."], A),
        ([A, A2 + "\n# ... the rest as before"], A),
        ([A, "# ... existing code ...\n" + A2], A),
        (["# a.py\nx = 1\n" + LONG, "# b.py\ny = 1", "# a.py\nx = 2\n# done"], "# a.py\nx = 2\n# done"),
        ([f"# a.py\n{A}", f"# b.py\n{A2}"], f"# a.py\n{A}"),
        ([USE, A, A2, A + "\n# last"], A + "\n# last"),
    ],
)
def test_the_last_version_wins_else_the_longest(codes: list[str], wanted: str) -> None:
    artifact = extract("So:\n".join(fence(code, "python") for code in codes))
    assert text_of(artifact.code("python")) == wanted
    assert text_of(artifact.code()) == wanted


def test_a_version_that_was_cut_does_not_replace_a_whole_one() -> None:
    assert text_of(extract(fence(A, "py") + fence(A2, "py") + "```py\ndef f():\n    retu").code("py")) == A2


def test_the_corrected_page_wins_though_it_is_shorter() -> None:
    longer = PAGE.replace("1", "1" * 50)
    assert text_of(extract(fence(longer, "html") + "Fixed:\n" + fence(PAGE, "html")).page()) == PAGE
    assert text_of(extract(fence(longer, "html") + "Styles:\n" + fence("a{}", "css")).page()) == longer


def test_the_corrected_json_wins() -> None:
    text = fence('{"a": 1, "why": "a long story"}', "json") + "No:\n" + fence('{"a": 2}', "json")
    assert text_of(extract(text).json_text()) == '{"a": 2}'
    part = fence('[{"a": 1}, {"a": 2}]', "json") + "Only:\n" + fence('{"a": 2}', "json")
    assert text_of(extract(part).json_text()) == '{"a": 2}'
    other = fence('{"a": 1, "why": "a long story"}', "json") + "As in:\n" + fence('{"b": 2}', "json")
    assert text_of(extract(other).json_text()).startswith('{"a"')


OBJECT = '{"a": 1}'
JSON_TOO = ("json", "json5", "jsonc", "JSON", "js", "text", "xml", "none", "yaml", "python", "output", "{.json}")
HTML_TOO = ("html", "htm", "xml", "js", "text", "none", "php", "vue", "output", "xhtml", "markup")


@pytest.mark.parametrize("label", ["", *JSON_TOO])
def test_json_counts_whatever_its_fence_is_called(label: str) -> None:
    block = extract(f"Here:\n{fence(OBJECT, label)}Done.").json_text()
    assert (block.text, block.fenced) == (OBJECT + "\n", True)


@pytest.mark.parametrize("label", ["", *HTML_TOO])
def test_a_page_counts_whatever_its_fence_is_called(label: str) -> None:
    block = extract(f"Here:\n{fence(PAGE, label)}Done.").page()
    assert block is not None
    assert (block.text, block.fenced, block.language) == (PAGE + "\n", True, "html")


@pytest.mark.parametrize("code", ['const page = "<html></html>";', "// <!DOCTYPE html>\nx()"])
def test_a_program_that_speaks_of_pages_is_none(code: str) -> None:
    assert extract(fence("<p>1</p>", "html") + fence(code, "js")).page() == CodeBlock(
        "<p>1</p>\n", "html", "html", 2
    )


def test_what_is_labelled_as_json_comes_first() -> None:
    text = fence("[1, 2, 3, 4, 5, 6]", "text") + fence('{"a": 1}', "json") + fence("[x]", "js")
    assert text_of(extract(text).json_text()) == '{"a": 1}'
    assert text_of(extract(fence("{a: 1}", "js") + "so").json_text()) == "{a: 1}"


# The prompt's own code.

BUGGY = "def f(x):\n    return x + + 1"
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
PROMPTS = [
    f"Mend this:\n{fence(BUGGY, 'python')}",
    "Mend this:\n\n" + BUGGY.replace("return x", "y = x * 2 - 3 / 4 + 5 * 6\n    return x + y - x * 5"),
]


def echoes(code: str) -> list[str]:
    return [code, code.replace("    ", "\t"), f"\n{code}\n\n", code.replace("\n", "\n\n")]


def test_code_of_the_prompt_does_not_count() -> None:
    for prompt, code in zip(PROMPTS, (BUGGY, PROMPTS[1].partition("\n\n")[2]), strict=True):
        for echo in echoes(code):
            only = extract(fence(echo, "python"), prompt=[prompt]).code("python")
            assert only is not None
            assert only.echo
            both = extract(fence(echo, "python") + fence("def f(x): ...", "python"), prompt=["", prompt])
            found = both.code("python")
            assert (text_of(found), found and found.echo) == ("def f(x): ...", False)
            assert [text_of(b) for b in both.own_blocks] == ["def f(x): ..."]
            assert text_of(extract(fence(echo, "py") + fence("y"), prompt=[prompt]).code("py")) == "y"
    assert not getattr(extract(fence(BUGGY + "\n# mended", "python"), prompt=PROMPTS).code("python"), "echo", None)


def test_a_page_of_the_prompt_does_not_count() -> None:
    prompt = f"Add a title:\n{fence(PAGE, 'html')}"
    only = extract(PAGE.replace("\n", ""), prompt=[prompt]).page()
    assert only is not None
    assert only.echo
    mended = PAGE.replace("<body>", "<title>x</title><body>")
    assert text_of(extract(fence(mended, "html") + fence(PAGE, "html"), prompt=[prompt]).page()) == mended


@pytest.mark.parametrize("indent", [None, 2])
def test_a_schema_of_the_prompt_does_not_count(indent: int | None) -> None:
    told = json.dumps(SCHEMA, indent=4)
    echo = json.dumps(SCHEMA, indent=indent)
    for prompt in (f"By this schema: {told}", fence(told, "json")):
        for text in (fence(echo, "json"), fence(echo), echo, f"It is:\n{fence(echo, 'json')}There."):
            assert extract(text, prompt=[prompt]).json_text().echo
        both = fence('{"a": 1}', "json") + "by\n" + fence(echo, "json")
        assert text_of(extract(both, prompt=[prompt]).json_text()) == '{"a": 1}'


def test_an_example_of_the_prompt_may_be_the_answer() -> None:
    prompt = f"Answer as in\n{fence(OBJECT, 'json')}"
    artifact = extract(fence(OBJECT, "json"), prompt=[prompt])
    assert not artifact.json_text().echo
    assert len(artifact.own_blocks) == 1


def test_the_prompts_own_may_be_the_answer_where_the_case_says_so() -> None:
    prompt = [f"Correct it where needed:\n{fence(BUGGY, 'python')}{fence(PAGE, 'html')}"]
    same = extract(fence(BUGGY, "python") + fence(PAGE, "html"), prompt=prompt, may_echo=True)
    assert [getattr(block, "echo", None) for block in (same.code("python"), same.page())] == [False, False]
    assert same.own_blocks == same.blocks
    mended = extract(fence("def f(): ...", "python") + fence(BUGGY, "python"), prompt=prompt, may_echo=True)
    assert text_of(mended.code("python")) == "def f(): ..."
    assert [text_of(block) for block in mended.own_blocks] == ["def f(): ..."]
