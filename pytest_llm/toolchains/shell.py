"""Shell: parsed by bash, and looked over by a shellcheck that stays where that is installed; never run."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from time import monotonic

from pytest_llm.sandbox import programs, sandbox
from pytest_llm.syntax.outline import Outline
from pytest_llm.toolchains import base, warm
from pytest_llm.toolchains.completed import Around
from pytest_llm.toolchains.scaffold import Scaffolded, Style

_SAID = re.compile(r"^snippet\.sh: line (\d+): (.*)$")
_EXTGLOB = re.compile(r"^[^#\n]*\bshopt\s+-s\s[^#\n]*\bextglob\b", re.MULTILINE)
_DIALECT = re.compile(r"\A#!\s*\S*?(?:/env\s+(?:-S\s*)?)?\b(sh|dash|ksh|bash)\b")
_COMMENT = re.compile(
    r"^<error line='(\d+)' column='(\d+)' severity='(?:error|warning)'"
    r" message='([^']*)' source='ShellCheck\.(SC\d+)'",
    re.MULTILINE,
)
_CODED = re.compile(r"&#(\d+);")
_UNUSED = "SC2034"


class Shell(Scaffolded):
    name = "shell"
    languages = ("shell",)
    program = "bash"
    sound = "echo a\n"
    install = "sudo apt-get install bash shellcheck"

    style = Style()

    def style_for(self, outline: Outline) -> Style:
        """A closing parenthesis without an opening one, or two semicolons: branches of a case."""
        return Style(others=(Around("case x in\n", "\nesac\n"),)) if outline.errors else self.style

    def distance(self, found: Sequence[base.Diagnostic]) -> tuple[int, ...]:
        """bash ends at the first error, and says more or less of it."""
        return int(base.fails(found)), -min((one.line for one in found if one.line), default=0)

    def compile(self, files: Sequence[base.Snippet], options: base.Options) -> list[base.Diagnostic]:
        found: list[base.Diagnostic] = []
        for index, file in enumerate(files):
            found += self._one(index, file, files, options)
        return base.bounded(found)

    @cached_property
    def _linter(self) -> Path | None:
        found = programs.which("shellcheck")
        return found and found.resolve()

    @cached_property
    def _pool(self) -> warm.Pool:
        linter = [self._linter] if self._linter else []
        python = [Path(one).resolve() for one in (sys.base_prefix, sys.base_exec_prefix)]
        walls = base.walls(self.path, base.Options(), *linter, *dict.fromkeys(python))
        argv = [str(programs.interpreter()), "-ISB", "SERVER", str(self.path), str(self._linter or "")]
        return warm.Pool(argv, warm.SERVERS / "check_shell.py", walls, sandbox.Limits())

    def _one(
        self, index: int, file: base.Snippet, files: Sequence[base.Snippet], options: base.Options
    ) -> list[base.Diagnostic]:
        """What bash says of a file; where it is content, what shellcheck does. Where that is stopped, bash's word
        stands alone.
        """
        started, text = monotonic(), file.text.encode("utf-8", "replace").decode("utf-8")
        request = {"text": text, "modes": _modes(text), "dialect": _dialect(text) if self._linter else ""}
        said = self._pool.ask(json.dumps(request), options.seconds)
        if isinstance(said, list) and self._linter:
            said = self._pool.ask(json.dumps(request | {"dialect": ""}), base.remaining(options, started).seconds)
        if isinstance(said, list):
            return said
        if found := _errors(said["said"], index, files):
            return found
        if said["code"]:
            return base.gave_up("bash", sandbox.Result(said["code"], b"", said["said"].encode(), 0.0), files)
        return [base.inside(one, files) for one in _told(said["report"] or "", index)]

    def close(self) -> None:
        self._pool.close()


def _modes(text: str) -> list[str]:
    """What the text turns on, which a shell that only parses never does: it reads the rest otherwise."""
    return ["-O", "extglob"] if _EXTGLOB.search(text) else []


def _dialect(text: str) -> str:
    found = _DIALECT.match(text)
    return found[1] if found else "bash"


def _errors(words: str, index: int, files: Sequence[base.Snippet]) -> list[base.Diagnostic]:
    """What bash says. It shows the line itself as well, in a second message for the same line."""
    found: dict[int, base.Diagnostic] = {}
    for line in words.splitlines():
        if said := _SAID.match(line):
            number = int(said[1])
            one = base.Diagnostic("error", "syntax", said[2], index, number)
            found.setdefault(number, base.inside(one, files))
    return list(found.values())


def _told(report: str, index: int) -> Iterator[base.Diagnostic]:
    """Errors and warnings in what shellcheck writes for Checkstyle."""
    for said in _COMMENT.finditer(report):
        kind: base.Kind = "unused" if said[4] == _UNUSED else "lint"
        message = _CODED.sub(lambda code: chr(int(code[1])), said[3])
        yield base.Diagnostic("warning", kind, message, index, int(said[1]), int(said[2]), said[4])
