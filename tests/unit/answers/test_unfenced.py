"""Code without a fence amid prose: what of an answer is taken as code."""
# ruff: noqa: E501 (the answers)

from __future__ import annotations

import re

import pytest

from pytest_llm.answers.blocks import CodeBlock
from pytest_llm.answers.extract import extract
from pytest_llm.answers.unfenced import unfenced
from tests.helpers.chatter import FORMS, SPOKEN, Code, Spoken
from tests.helpers.replies import ANSWERS

_COMMENT = re.compile(r"^#{2,6} .*", re.MULTILINE)


def taken(text: str, language: str) -> str:
    """The answer with all that is not taken left blank; blanks at its ends and at those of lines aside."""
    block = extract(text).code(language)
    lines = "\n" * (block.line - 1) + block.text if block else ""
    return "\n".join(line.rstrip() for line in lines.rstrip().split("\n"))


def wrong(spoken: Spoken, language: str, code: Code, name: str) -> str:
    """The answer and what was taken of it, where that is not its code."""
    text, expected = spoken.answer(FORMS[name], code)
    found, wanted = taken(text, language), "\n".join(line.rstrip() for line in expected).rstrip()
    if language in ("python", "ruby", "shell", "php"):  # a heading above code is a comment there
        found = _COMMENT.sub("", found)
    return "" if found == wanted else f"{name}: {text}\n--- was taken as\n{found}"


@pytest.mark.parametrize("language", SPOKEN)
def test_the_code_amid_prose_is_taken_whole(language: str) -> None:
    spoken = SPOKEN[language]
    forms = [name for name in FORMS if (language, name) != ("shell", "compile it")]  # commands are code there
    answers = [(code, name) for code in spoken.programs for name in forms]
    assert [told for code, name in answers if (told := wrong(spoken, language, code, name))] == []


@pytest.mark.parametrize("language", SPOKEN)
def test_no_line_of_code_is_lost_where_it_is_broken(language: str) -> None:
    spoken = SPOKEN[language]
    mutants = [mutant for code in spoken.programs for mutant in code.mutated()]
    lost = []
    for mutant, name in zip(mutants * 3, [*FORMS] * 3, strict=False):
        text, expected = spoken.answer(FORMS[name], mutant)
        found = taken(text, language).split("\n")
        lost += [
            (name, line)
            for at, line in enumerate(expected)
            if line.strip() and line.rstrip() not in found[at : at + 1]
        ]
    assert lost == []


def pointed(answer: str) -> tuple[str, str]:
    """An answer, and its lines with all but the code left blank."""
    lines = answer.strip("\n").split("\n")
    text = "\n".join(line.removeprefix("~") for line in lines)
    return text, "\n".join(line[1:].rstrip() if line.startswith("~") else "" for line in lines).rstrip()


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_answers_as_they_are_written(ends: str) -> None:
    for language, answer in ANSWERS:
        text, code = pointed(answer)
        block = extract(text.replace("\n", ends)).code(language)
        indent = block.indent if block else 0
        assert taken(text.replace("\n", ends), language) == "\n".join(line[indent:] for line in code.split("\n"))


WHOLE = [
    (
        "python",
        '"""Count words.\n\nThis is a module. It counts.\n"""\nimport re\n\n# This is a comment.\n# Output:\nx = 1\n',
    ),
    ("python", "x = 5\nif x is not None:\n    print(x)\nelse:\n    pass\n"),
    ("python", "If x is not None:\n    print(x)\n"),
    ("python", "Result: int = 5\nprint(Result)\n"),
    ("python", "for each item in list:\n    print(item)\n"),
    ("c", "/*\nCopyright 2024 Ann. All rights reserved.\n\nThis file is free. Use it as you like.\n*/\nint x;\n"),
    ("c", "Status run (int a, int b,\n            int c)\n{\n  return 0;\n}\n"),
    ("c", "# inlcude <stdio.h>\nint main(void) { return 0; }\n"),
    ("c", "Unsigned long long int x;\nint y;\n"),
    ("c", "#define TEXT \\\nThis is a macro with a sentence.\nint x;\n"),
    ("go", "package main\n\nfunc main() {\nOuter:\n\tfor {\n\t\tbreak Outer\n\t}\n}\n"),
    ("java", 'public class Foo {\n    int x\n}\n\nString message = "The result of this is that.\n'),
    ("java", "Public class Foo {\n}\n"),
    ("javascript", "const t = `\nThis is a template. It is long.\n`;\n"),
    ("ruby", "puts <<~A\nThis is a text.\nA\n\n__END__\nThis is data. It stays.\n"),
    ("shell", "cat <<'EOF'\nThis is a text. It stays.\nEOF\necho 'Usage:\nThis is how it is used.\n'\n"),
    ("rust", "fn f() -> i32 {\n    1\n}\n\nimpl Display for\n"),
    ("rust", "retrun the value\nfn f() {}\n"),
    ("shell", 'USAGE=\'\nPlease read the manual, it is "man page".\'\necho "$USAGE"\n'),
    ("kotlin", 'val t = """\nThis is a raw string.\n"""\n'),
    ("php", "<?php if ($x): ?>\n<p>\nThis is a page. It says so.\n</p>\n<?php endif; ?>\n"),
    ("typescript", "enum A {\n  B,\n}\n\nLet x: number = 1;\n"),
]


@pytest.mark.parametrize(("language", "text"), WHOLE)
def test_a_text_that_is_code_alone_is_taken_whole(language: str, text: str) -> None:
    assert unfenced(text.split("\n"), language) == [CodeBlock(text, language, fenced=False)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("The first way:\n\nint f(void) { return 1; }\n\nA shorter one:\n\nint f(void) { return 2; }\n", "int f(void) { return 2; }"),
        ("The code:\n\nint f(void) { return 1; }\n\nThe main function:\n\nint main(void) { return f(); }\n",
         "int f(void) { return 1; }\n\n\n\nint main(void) { return f(); }"),
    ],
)  # fmt: skip
def test_pieces_are_one_program_unless_one_is_another_version(text: str, code: str) -> None:
    block = extract(text).code("c")
    assert block is not None
    assert block.text == code


SPEAKS_OF_CODE = [
    "Note that f(x) returns {a, b}; it is fast.",
    "For example, pick({a: 1, b: 2}, ['a']) returns {a: 1}.",
    'Use Set{} to create one, then call s.Add("x").',
    "The generic types <A, B> allow any combination.",
    "If a > b the function returns a; otherwise it returns b.",
    "The call max(1, 2) returns 2.",
    "Calling squares([1, [2]]) returns [1, [4]].",
    "The block { |x| x * x } is called for each element.",
    "The type array $xs means that xs is an array.",
    "The type parameter <T> is inferred: id({a: 1}) has type {a: number}.",
    'For {"a": 1} it returns {1: "a"}.',
    'Example: invert({"x": 2}) -> {2: "x"}',
    "Die Syntax {name} heißt Interpolation; f(1) ist ein Aufruf.",
    "L'appel f(1) renvoie 1 ; f([]) renvoie [].",
    "其中 a={1} 是集合。",
    "We have $f(x) = x^2$ for all values.",
]


@pytest.mark.parametrize(
    "language", ["c", "csharp", "go", "java", "javascript", "kotlin", "python", "ruby", "rust"]
)
def test_prose_that_speaks_of_code(language: str) -> None:
    code = SPOKEN[language].programs[0].pieces[0]
    told = [
        said
        for said in SPEAKS_OF_CODE
        for text in (f"{code}\n\n{said}", f"{said}\n\n{code}")
        if said in taken(text, language)
    ]
    assert told == []


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("java", 'String message = "The result of this is a text.'),
        ("java", 'String message = "The result of this is a text."'),
        ("java", "Public class Foo extends Bar<A, B> {"),
        ("csharp", "Public static int Add(int a, int b)"),
        ("python", "If x is not None and f(y) is not None:\n    f(x)"),
        ("python", "Class Foo(Bar, Baz):"),
        ("python", "Result: dict = {"),
        ("kotlin", "Private val items = mutableListOf<Int>()."),
        ("go", "Func (s *Stack) Push(x int) {"),
        ("rust", "Impl Display for Point<T> {"),
        ("javascript", "Let total = items.reduce((a, b) => a + b)."),
    ],
)
def test_broken_code_that_begins_as_a_sentence_stays(language: str, line: str) -> None:
    assert line in taken(f"{SPOKEN[language].programs[0].pieces[0]}\n\n{line}\n", language)


@pytest.mark.parametrize(
    ("below", "code"),
    [
        ("node main.js\nnpm install left-pad", ""),
        ("$ node main.js\n5", ""),
        ("./main", ""),
        ("node -= 1;", "node -= 1;"),
        ("make(node);", "make(node);"),
        ("node main.js;", "node main.js;"),
        ("python", "python"),
    ],
)
def test_commands_below_prose_are_no_code(below: str, code: str) -> None:
    text = f"let node = 2;\n\nThen you can run it like this:\n\n{below}\n"
    assert taken(text, "javascript") == f"let node = 2;\n\n\n\n{code}".rstrip()


def test_tests_are_left_out_beside_what_they_test() -> None:
    text = "The code:\n\ndef f():\n    return 1\n\nThe tests for it:\n\ndef test_f():\n    assert f() == 1\n"
    block = extract(text).code("python")
    assert block is not None
    assert (block.text, block.line) == ("def f():\n    return 1", 3)


def test_which_lines_are_code_is_said() -> None:
    assert extract("Here it is:\n\nfn f() {}\n\nIt does nothing at all.\n").notes == (
        "no fence: line 3 is taken as code",
    )
    assert extract("Here it is:\nfn f() {\n}\n").notes == ("no fence: lines 2 to 3 are taken as code",)
    assert extract("fn f() {\n}\n").notes == ("no code fence: the text itself is taken as code",)


@pytest.mark.parametrize("language", SPOKEN)
@pytest.mark.parametrize(
    "text",
    [
        "Sorry, I cannot help with that.",
        "I can't do that. You should use `sort()` instead, which is faster.",
        "**Note:** this is not possible.\n\n- First, there is no such function.\n- Second, `x` is not defined.\n",
        "## Answer\n\nYou need to call the function twice: once to read, and once to write.\n",
        "Das geht leider nicht. Bitte stellen Sie eine andere Frage.",
        "抱歉，我不能这样做。",
    ],
)
def test_prose_alone_is_no_code(language: str, text: str) -> None:
    assert extract(text).code(language) is None


@pytest.mark.parametrize(
    "text",
    [
        "This is a paragraph.\n\n" * 5_000,
        "This is a sentence with words. " * 3_000,
        "Here it is:\n\n" + "{" * 60_000,
        "Here it is:\n\n" + "fn f() {\n" * 6_000,
        "Here is the code:\n\nfn f() { }\n\nOutput:\n\n5\n\n" * 300,
        "*a" * 30_000,
        "`a" * 30_000,
        "[" * 60_000,
        ("A " + "(" * 2_900 + ".\n") * 20,
        ("_a" * 1_400 + "\n") * 20,
        "fn f() {}\n\n" + ("Note that the " + "a" * 2_000 + " {.\n\n") * 400,
    ],
    ids=lambda text: text[:12],
)
def test_hostile_texts_are_read_in_time(text: str) -> None:
    extract(text).code("rust")
