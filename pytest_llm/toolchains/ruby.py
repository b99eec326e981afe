"""Ruby: parsed by its own interpreter, without any library; never run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from pytest_llm.sandbox import sandbox, scratch
from pytest_llm.toolchains import base

_SAID = re.compile(r"^snippet\.rb:(\d+): (warning: )?(.*)$")
# Since 3.4 the head alone names the file; each error stands below its line of the text, at its column.
_HEAD = re.compile(r"syntax errors? found")
_LINE = re.compile(r"^> *(\d+) \| ")
_BELOW = re.compile(r"^ *\| ( *)\^~* (.*)$")
_SHEBANG = re.compile(r"\A#![^\n]*")  # Ruby obeys the options in it
_ENDS = "\x00\x04\x1a"  # NUL, ^D, ^Z: the end of the text, for Ruby's lexer


class Ruby(base.Toolchain):
    name = "Ruby"
    languages = ("ruby",)
    program = "ruby"
    sound = "x = 1\n"
    install = "sudo apt-get install ruby"

    def check(self, snippets: Sequence[base.Snippet], options: base.Options) -> list[base.Diagnostic]:
        files = [base.clean(snippet) for snippet in snippets]
        found: list[base.Diagnostic] = []
        for index, file in enumerate(files):
            found += (replace(one, file=index) for one in self._one(file, options))
        return base.bounded(base.inside(one, files) for one in found)

    def _one(self, file: base.Snippet, options: base.Options) -> list[base.Diagnostic]:
        limits = sandbox.Limits(seconds=options.seconds)
        argv = [str(self.path), "--disable-all", "-wc", "snippet.rb"]
        with scratch.folder() as folder:
            text = base.to_the_end(_SHEBANG.sub("#", file.text), _ENDS)
            base.write([base.Snippet(text, "snippet.rb")], folder)
            said = sandbox.run(argv, folder=folder, walls=base.walls(self.path, options), limits=limits)
        found = list(_told(said.stderr.decode("utf-8", "replace")))
        if said.returncode and not base.fails(found) and not said.killed_by:
            return base.gave_up("Ruby", said, [file])
        return [*found, *base.stopped(said, limits)]


def _told(text: str) -> Iterator[base.Diagnostic]:
    line = 0
    for row in text.splitlines():
        if shown := _LINE.match(row):
            line = int(shown[1])
        elif line and (below := _BELOW.match(row)):
            yield base.Diagnostic("error", "syntax", below[2], line=line, column=len(below[1]) + 1)
        elif (said := _SAID.match(row)) and not _HEAD.search(said[3]):
            yield _warning(said) if said[2] else base.Diagnostic("error", "syntax", said[3], line=int(said[1]))


def _warning(said: re.Match[str]) -> base.Diagnostic:
    kind: base.Kind = "unused" if "unused" in said[3] else "lint"
    return base.Diagnostic("warning", kind, said[3], line=int(said[1]))
