"""Sessions at a prompt: what was typed is the program, in the lines and columns of the answer."""

from __future__ import annotations

import pytest

from pytest_llm.toolchains.base import Snippet
from pytest_llm.toolchains.emptiness import holds_no_code
from pytest_llm.toolchains.prompts import session
from tests.helpers.compiling import compiled, errors

TYPED = {  # language, what stands in the answer -> what was typed
    "node": ("javascript", "> const x = 1\nundefined\n> x + 1\n2", "const x = 1\n\nx + 1\n"),
    "node, several lines": ("javascript", "> if (1) {\n... f()\n... }\n2", "if (1) {\nf()\n}\n"),
    "node 22": ("javascript", "> [1,\n| 2]\n[ 1, 2 ]", "[1,\n2]\n"),
    "ts-node": ("typescript", "> const x: number = 1\nundefined", "const x: number = 1\n"),
    "a comment before it": ("javascript", "# node\n> x\n1", "# node\nx\n"),
    "irb": ("ruby", "irb(main):001:0> x = 1\n=> 1\nirb(main):002:0> x\n=> 1", "x = 1\n\nx\n"),
    "irb, several lines": ("ruby", "irb(a):1> def f\nirb(a):2* 1\nirb(a):3> end\n=> :f", "def f\n1\nend\n"),
    "irb, simple": ("ruby", ">> def f\n?>   1\n?> end\n=> :f", "def f\n  1\nend\n"),
    "php -a": ("php", "php > $x = [\nphp ( 1];\nphp > echo 1;\n1", "$x = [\n1];\necho 1;\n"),
    "a root's shell": ("shell", "root@h:~# ls\na (1)\nroot@h:~# # x\n", "ls\n\n# x\n"),
    "a root's shell, in brackets": ("shell", "[root@h ~]# ls\na (1)", "ls\n"),
    "root's sign alone": ("shell", "# apt-get update\n\n# ls -l /tmp\n", "apt-get update\n\nls -l /tmp\n"),
    "a shell with an arrow": ("shell", "\u279c  ~ git pull\nok (1)\n\u276f ls", "git pull\n\nls"),
    "an arrow with a branch": ("shell", "\u279c  app git:(main) \u2717 git add .\nok (1)", "git add .\n"),
    "a folder before the sign": ("shell", "~/a $ ls\nb (1)\nmac:~ me$ ls", "ls\n\nls"),
    "indented": ("shell", "    $ ls\n    a (1)\n    $ pwd", "ls\n\npwd"),
    "what a line goes on with, and no more": ("shell", "$ a \\\n  -b\nc (1)", "a \\\n  -b\n"),
    "a document of several lines": ("shell", "$ cat <<E\nit's (\nE\nb (1)\n$ ls", "cat <<E\nit's (\nE\n\nls"),
    "a loop": ("shell", "$ for a in b; do\n  c\ndone\n$ ls", "for a in b; do\n  c\ndone\nls"),
    "kotlinc": ("kotlin", ">>> fun f() =\n... 1\n>>> f()\n1", "fun f() =\n1\nf()\n"),
}  # fmt: skip
NONE = {
    "an arrow": ("javascript", "=> 1"),
    "a line of HTML": ("javascript", "<a>\n> x"),
    "a shift": ("ruby", "x\n>> 1"),
    "comments": ("shell", "# find the files in /tmp\n# sort them -- by name"),
    "comments of a word": ("shell", "# install\n# test"),
    "a comment above a command": ("shell", "# ls -l /tmp\nls -l /tmp"),
    "plain": ("php", "php();"),
    "a comparison that goes on": ("typescript", "const x = 1\n> 2"),
}


@pytest.mark.parametrize("name", TYPED)
def test_what_was_typed(name: str) -> None:
    language, text, typed = TYPED[name]
    found = session(Snippet(text), language)
    assert found is not None
    assert found.file.text == typed


@pytest.mark.parametrize("name", NONE)
def test_what_is_no_session(name: str) -> None:
    language, text = NONE[name]
    assert session(Snippet(text), language) is None


BROKEN = {
    "javascript": ("> let x = [1\n... 2]\n", 2),
    "typescript": ('> const x: number = 1\nundefined\n> const y: string = x\n', 3),
    "ruby": ("irb(main):001:0> x = 1\n=> 1\nirb(main):002:0> x = (\n", 3),
}  # fmt: skip


@pytest.mark.parametrize("language", BROKEN)
def test_a_mistake_in_one(language: str) -> None:
    text, line = BROKEN[language]
    assert [where for _, where in errors(compiled(language, text))][:1] == [line]
    assert errors(compiled(language, text.split("\n")[0].removesuffix(" [1") + " [1]\n" * ("[1" in text))) == []


def test_a_session_of_root_is_code() -> None:
    assert not errors(compiled("shell", "# apt-get update\n# ls -l /tmp\n"))
    assert errors(compiled("shell", "# apt-get update\n# ls -l /tmp )\n"))
    assert not holds_no_code("# apt-get update\n# ls -l /tmp\n", "shell")
    assert holds_no_code("# install\n# test\n", "shell")
