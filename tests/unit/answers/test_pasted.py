"""Code as a chat's web page hands it over, below the language's name and what its buttons say."""

from __future__ import annotations

import pytest

from pytest_llm.answers.extract import extract

CODE = {
    "go": 'package a\n\nimport "fmt"\n\nfunc F(n int) {\n\tfmt.Println(n < 1)\n}\n',
    "python": "import sys\n\ndef f(n):\n    print(n < 1)\n",
    "ruby": "def f(n)\n  puts n < 1\nend\n",
    "cpp": "#include <iostream>\n\nvoid f(int n) {\n  std::cout << n;\n}\n",
    "shell": "#!/bin/bash\nfor n in 1 2; do\n  echo $n\ndone\n",
}
HEADINGS = [
    "{}\nCopy\nEdit\n", "{}\nCopy code\n", "{}Copy code\n", "{}CopyEdit\n", "{}\n\nCopy\n\nDownload\n\n", "{}\n",
    "**{}**\n", "{}:\n\n", "{}\nCollapse\nWrap\nRun\nCopy\n", "{}\n复制\n下载\n", "Copy code\n", "Copy\nEdit\n",
]  # fmt: skip
AFTER = "\nThat prints it. Then ask for it:\n\nsql\nCopy\nEdit\nSELECT 1;\n\nThat is all there is to it.\n"


@pytest.mark.parametrize("language", CODE)
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_each_heading_begins_a_block(language: str, ends: str) -> None:
    code = CODE[language]
    for heading in HEADINGS:
        for before in ("", "Sure, here it is:\n\n", "Sure, here it is:\n"):
            top = before + heading.format(language)
            artifact = extract((top + code + AFTER).replace("\n", ends))
            block = artifact.code(language)
            assert block is not None
            assert (block.text.strip(), block.place(1)[0]) == (code.strip(), top.count("\n") + 1), top
            assert artifact.blocks[1].text.strip() == "SELECT 1;", top


@pytest.mark.parametrize("words", ["And:", "Then run:", "Now the test:"])
@pytest.mark.parametrize("language", CODE)
def test_words_that_announce_the_next_block_are_none_of_this_one(language: str, words: str) -> None:
    code = CODE[language]
    pasted = f"{language}\nCopy\n{code}\n{words}\n\nsql\nCopy\nSELECT 1;\n"
    forgotten = f"```{language}\n{code}\n{words}\n\n```sql\nSELECT 1;\n```\n"
    for text in (pasted, forgotten):
        block = extract(text).code(language)
        assert block is not None
        assert block.text.strip() == code.strip()


def test_a_key_that_ends_a_block_of_data_stays() -> None:
    (block, _) = extract("yaml\nCopy\nA: 1\n\nOthers:\n\nsql\nCopy\nSELECT 1;\n").blocks
    assert block.text == "A: 1\n\nOthers:\n"


def test_code_that_begins_behind_the_last_button() -> None:
    block = extract("pythonCopy codeimport sys\nprint(sys.path)\n").code("python")
    assert block is not None
    assert (block.text, block.place(1, 1), block.place(2, 1)) == (
        "import sys\nprint(sys.path)\n",
        (1, 16),
        (2, 1),
    )


@pytest.mark.parametrize(
    "text",
    [
        "Copy\n",
        "To copy it:\n\nEdit\nCopy\n\nand then paste it.\n",
        "def f():\n    pass\nCopy\n",
        "x = f()\n\ngo\nputs x\n",
        "Go\n\nGo has it in its library.\n",
        "c\nint x;\n",
        "python3 is needed\nCopy\n",
    ],
)
def test_what_is_no_such_heading(text: str) -> None:
    assert not any(block.fenced for block in extract(text).blocks)


@pytest.mark.parametrize(
    "piece", ["go\n", "Copy\n", "go\nCopy\n", "go\nCopy\nx := f()\n", "Copy " * 20, "go\nx()\n"]
)
def test_hostile_headings_are_read_in_time(piece: str) -> None:
    extract(piece * 8_000).code("go")
