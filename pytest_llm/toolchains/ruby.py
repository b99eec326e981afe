"""Ruby: compiled by its own interpreter that stays, without any library; never run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from pytest_llm.sandbox import sandbox
from pytest_llm.syntax.outline import Outline
from pytest_llm.toolchains import base, warm
from pytest_llm.toolchains.completed import Around, Completed
from pytest_llm.toolchains.scaffold import Scaffolded, Style, chain

_SAID = re.compile(r"^snippet\.rb:(\d+): (warning: )?(.*)$")
# Since 3.4 the head alone names the file; each error stands below its line of the text, at its column.
_HEAD = re.compile(r"syntax errors? found")
_LINE = re.compile(r"^> *(\d+) \| ")
_BELOW = re.compile(r"^ *\| ( *)\^~* (.*)$")
_SHEBANG = re.compile(r"\A#![^\n]*")  # Ruby obeys the options in it
# What a text that looks so may lack.
_AROUND: Mapping[str, Around] = {
    r"\s*(?:when|in)\b": Around("case _\n", "\nend\n"),
    r"\s*(?:\w+:\s|:?[\w\"']+\s*=>)": Around("_({\n", "\n})\n"),
}
_ENDS = "\x00\x04\x1a"  # NUL, ^D, ^Z: the end of the text, for Ruby's lexer


class Ruby(Scaffolded):
    name = "Ruby"
    languages = ("ruby",)
    program = "ruby"
    sound = "x = 1\n"
    install = "sudo apt-get install ruby"
    style = Style()

    @cached_property
    def _pool(self) -> warm.Pool:
        argv = [str(self.path), "--disable-all", "SERVER"]
        walls = base.walls(self.path, base.Options())
        return warm.Pool(argv, warm.SERVERS / "check_ruby.rb", walls, sandbox.Limits(memory=512 << 20))

    def tries(self, text: str, outline: Outline) -> Iterator[Completed]:
        """Branches of a case, a hash's pairs, a chain that begins with a point."""
        fitting = (around for sign, around in _AROUND.items() if re.match(sign, text))
        yield from (Completed(text, tuple(around.insertions(0, len(text)))) for around in fitting)
        yield from chain(text, "_")

    def distance(self, found: Sequence[base.Diagnostic]) -> tuple[int, ...]:
        """Ruby says more or less of one mistake; how far it came tells."""
        return int(base.fails(found)), -min((one.line for one in found if one.line), default=0)

    def compile(self, files: Sequence[base.Snippet], options: base.Options) -> list[base.Diagnostic]:
        answer = self._pool.ask(json.dumps({"files": list(map(_read, files))}), options.seconds)
        if isinstance(answer, list):
            return answer
        found = (replace(one, file=index) for index, said in enumerate(answer["said"]) for one in _found(said))
        return base.bounded(base.inside(one, files) for one in found)

    def close(self) -> None:
        self._pool.close()


def _read(file: base.Snippet) -> str:
    """As Ruby reads a file to its end. Surrogates, which no file can hold, become question marks."""
    text = base.to_the_end(_SHEBANG.sub("#", file.text), _ENDS)
    return text.encode("utf-8", "replace").decode("utf-8")


def _found(said: Sequence[str] | None) -> list[base.Diagnostic]:
    """said: Ruby's errors and its warnings; None where it came to an end of its own."""
    if said is None:
        return [base.TOO_DEEP]
    found = list(_told("\n".join(said)))
    if said[0] and not base.fails(found):
        found.append(base.Diagnostic("error", "syntax", said[0].partition("\n")[0]))
    return found


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
