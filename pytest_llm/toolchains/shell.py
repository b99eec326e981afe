"""Shell: parsed by bash, and looked over by shellcheck where that is installed; never run."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from pytest_llm.sandbox import programs, sandbox, scratch
from pytest_llm.syntax.outline import Outline
from pytest_llm.toolchains import base
from pytest_llm.toolchains.scaffold import Around, Scaffolded, Style

_SAID = re.compile(r"^snippet\.sh: line (\d+): (.*)$")
_EXTGLOB = re.compile(r"^[^#\n]*\bshopt\s+-s\s[^#\n]*\bextglob\b", re.MULTILINE)
_DIALECT = re.compile(r"\A#!\s*\S*?(?:/env\s+(?:-S\s*)?)?\b(sh|dash|ksh|bash)\b")
# What bash finds is in its exit code; an empty line says that it has passed, before the linter has its turn.
_BOTH = '"$0" MODES -n "$1" || exit; echo; shift; exec "$@"'


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

    def _one(
        self, index: int, file: base.Snippet, files: Sequence[base.Snippet], options: base.Options
    ) -> list[base.Diagnostic]:
        limits, linter = sandbox.Limits(seconds=options.seconds), programs.which("shellcheck")
        walls = base.walls(self.path, options, *([linter.resolve()] if linter else []))
        words = ["--norc", "-f", "json1", "-e", "SC2148", "-s", _dialect(file.text), "snippet.sh"]
        lint = [str(linter.resolve()), *words] if linter else ["true"]
        with scratch.folder() as folder:
            base.write([base.Snippet(file.text, "snippet.sh")], folder)
            both = _BOTH.replace("MODES", _modes(file.text))
            argv = ["/bin/sh", "-c", both, str(self.path), "snippet.sh", *lint]
            said = sandbox.run(argv, folder=folder, walls=walls, limits=limits)
        found, parsed = _errors(said, index, files), said.stdout.startswith(b"\n")
        if found or (said.killed_by and not parsed):
            return [*found, *base.stopped(said, limits)]
        return _warnings(said, index, files) if parsed else base.gave_up("bash", said, files)


def _modes(text: str) -> str:
    """What the text turns on, which a shell that only parses never does: it reads the rest otherwise."""
    return "-O extglob" if _EXTGLOB.search(text) else ""


def _dialect(text: str) -> str:
    found = _DIALECT.match(text)
    return found[1] if found else "bash"


def _errors(result: sandbox.Result, index: int, files: Sequence[base.Snippet]) -> list[base.Diagnostic]:
    """What bash says. It shows the line itself as well, in a second message for the same line."""
    found: dict[int, base.Diagnostic] = {}
    for line in result.stderr.decode("utf-8", "replace").splitlines():
        if said := _SAID.match(line):
            number = int(said[1])
            one = base.Diagnostic("error", "syntax", said[2], index, number)
            found.setdefault(number, base.inside(one, files))
    return list(found.values())


def _warnings(result: sandbox.Result, index: int, files: Sequence[base.Snippet]) -> list[base.Diagnostic]:
    """What shellcheck says. Where it was stopped, or broke, bash's word stands alone."""
    try:
        comments: list[dict[str, Any]] = json.loads(result.stdout)["comments"]
    except (ValueError, KeyError):
        return []
    return [
        base.inside(
            base.Diagnostic(
                severity="warning",
                kind="unused" if item["code"] == 2034 else "lint",
                message=item["message"],
                file=index,
                line=item["line"],
                column=item["column"],
                code=f"SC{item['code']}",
            ),
            files,
        )
        for item in comments
        if item["level"] in ("error", "warning")
    ]
