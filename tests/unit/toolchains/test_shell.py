from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pytest_llm.toolchains.base import Options, Snippet
from pytest_llm.toolchains.shell import Shell
from tests.helpers.compiling import agrees, compiled, errors

linted = pytest.mark.skipif(shutil.which("shellcheck") is None, reason="sudo apt-get install shellcheck")

VALID = {
    "program": "#!/bin/bash\nset -euo pipefail\necho hi\n",
    "no hash bang": "echo hi | grep h\n",
    "function": 'f() {\n\tlocal x="$1"\n\techo "$x"\n}\nf a\n',
    "here document": "cat <<EOF\nif then (\nEOF\n",
    "case": 'case "$1" in\n  a) echo a ;;\n  *) echo b ;;\nesac\n',
    "arrays": 'a=(1 2)\nfor i in "${a[@]}"; do echo "$i"; done\n',
    "bash test": '[[ "$1" =~ ^a ]] && echo "$1"\n',
    "byte order mark": "\ufeffecho hi\n",
    "windows": "if true; then\r\n\techo hi\r\nfi\r\n",
    "emoji": 'echo "😀 é"\n',
}

BROKEN = {
    "if without fi": ("if true; then\n  echo\n", "syntax", 2),
    "stray fi": ("for f in *; do\n  echo\ndone\nfi\n", "syntax", 4),
    "quote": ("echo a\necho 'abc\n", "syntax", 2),
    "parenthesis": ("echo a\n(echo b\n", "syntax", 2),
    "do without for": ("echo a\ndo\n", "syntax", 2),
    "pipe": ("echo a\n| grep a\n", "syntax", 2),
    "case": ("case a in\n  a) echo\n", "syntax", 2),
    "empty then": ("if true; then\nfi\n", "syntax", 2),
    "windows": ("echo a\r\nfi\r\n", "syntax", 2),
    "byte order mark": ("\ufeffecho a\n)\n", "syntax", 2),
}


@pytest.mark.parametrize("name", VALID)
def test_valid(name: str) -> None:
    assert errors(compiled("shell", VALID[name])) == []


@pytest.mark.parametrize("name", BROKEN)
def test_broken(name: str) -> None:
    text, kind, line = BROKEN[name]
    assert (kind, line) in errors(compiled("shell", text))


def test_eight_at_a_time() -> None:
    agrees("shell", list(VALID.values()), list(BROKEN.values()))


@linted
def test_shellcheck_warns() -> None:
    found = compiled("shell", 'echo a\nrm -rf "$x"/*\n')
    assert ("warning", "lint", 2) in [(one.severity, one.kind, one.line) for one in found]


@linted
def test_shellcheck_goes_by_the_hash_bang() -> None:
    assert compiled("shell", '[[ "$1" == a ]] && echo "$1"\n') == []
    assert compiled("shell", '#!/bin/sh\n[[ "$1" == a ]] && echo "$1"\n') != []


@linted
def test_more_files_than_one_shellcheck_takes() -> None:
    names = [f"unused{number}" for number in range(60)]
    for name in names:
        assert [(one.kind, one.code, name in one.message) for one in compiled("shell", f"{name}=1\n")] == [
            ("unused", "SC2034", True)
        ]


@linted
def test_a_text_longer_than_a_pipe() -> None:
    assert [one.line for one in compiled("shell", f": '{'x' * 200_000}'\nunused=1\n")] == [2]


@linted
@pytest.mark.parametrize("name", ["[0-9a-f]*.sh", "snippet.sh", "/dev/stdin", "/dev/fd/0"])
def test_no_text_brings_another_one_in(name: str) -> None:
    for text in (f"source {name}\n", f". ./{name}\n"):
        compiled("shell", text)
        assert [one.code for one in compiled("shell", "unused=1\n")] == ["SC2034"]


@linted
def test_what_shellcheck_writes_in_codes() -> None:
    (one,) = compiled("shell", '#!/bin/sh\n[[ "é" = "$1" ]]\n')
    assert (one.message, one.column) == ("In POSIX sh, [[ ]] is undefined.", 1)


@linted
def test_a_shellcheck_that_ends_takes_no_verdict_with_it() -> None:
    shell = Shell()
    shell._linter = Path("/usr/bin/true")
    assert shell.check([Snippet("unused=1\n")], Options()) == []
    assert errors(shell.check([Snippet("echo\nfi\n")], Options())) == [("syntax", 2)]
    shell.close()


def test_without_shellcheck_bash_has_the_word() -> None:
    compiled("shell", "echo\n")
    shell = Shell()
    shell._linter = None
    assert shell.check([Snippet("unused=1\n")], Options()) == []
    assert errors(shell.check([Snippet("echo\nfi\n")], Options())) == [("syntax", 2)]
    shell.close()
