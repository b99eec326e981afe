"""Python: compiled, never imported, by the interpreter that runs pytest."""

from __future__ import annotations

import json
import platform
import re
import sys
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

from pytest_llm.sandbox import programs, sandbox
from pytest_llm.sandbox.walls import Walls
from pytest_llm.syntax.outline import Outline, read
from pytest_llm.toolchains import base, warm
from pytest_llm.toolchains.completed import Completed
from pytest_llm.toolchains.prompts import MAGIC
from pytest_llm.toolchains.python_modules import absent
from pytest_llm.toolchains.scaffold import Scaffolded, Style

_OPENING = "if True:\n"
_FUNCTIONS = ("def _():\n", "async def _():\n")  # in the second a generator gives back nothing
_INDENT = re.compile("unindent|unexpected indent")
_STARTED = re.compile(r"\basyncio\.run\(|\brun_until_complete\(|^if __name__\b", re.MULTILINE)
_MOST_DEPTHS = 3  # of indentation that are tried


class Python(Scaffolded):
    name = "Python"
    languages = ("python",)
    program = "python3"
    sound = "x = 1\n"
    install = "sudo apt-get install python3"
    style = Style()

    @cached_property
    def path(self) -> Path:
        return programs.interpreter()

    def find(self) -> str:
        return f"Python {platform.python_version()}"

    @cached_property
    def _pool(self) -> warm.Pool:
        walls = Walls((Path(sys.base_prefix).resolve(), Path(sys.base_exec_prefix).resolve()))
        argv = [str(self.path), "-ISB", "SERVER"]
        return warm.Pool(argv, warm.SERVERS / "check_python.py", walls, sandbox.Limits(memory=512 << 20))

    def tries(self, text: str, outline: Outline) -> Iterator[Completed]:
        """Lines of a notebook that are no Python; statements of a function's body; a program that awaits at its
        top, as notebooks and `python -m asyncio` take it, unless it starts a loop itself; methods, indented but for
        their first line. Beside anything else a wrong indentation is a mistake.
        """
        if magic := tuple((found.start(1), "pass #") for found in MAGIC.finditer(text)):
            yield Completed(text, magic)
        if outline.all("inner") and not outline.kinds & {"function", "type", "import"}:
            yield from (_in_function(text, opening) for opening in _FUNCTIONS)
        elif outline.all("awaits") and not _STARTED.search(text):
            yield _in_function(text, _FUNCTIONS[1])
        for completed in _deeper(text, outline):
            found = read(completed.text, "python")
            if found is not None and (found.errors or not found.all("stray")):
                yield completed

    def distance(self, found: Sequence[base.Diagnostic]) -> tuple[int, ...]:
        """An indentation that does not fit is told before what stands earlier."""
        return sum(bool(_INDENT.search(one.message)) for one in found), *super().distance(found)

    def compile(self, files: Sequence[base.Snippet], options: base.Options) -> list[base.Diagnostic]:
        texts = [[file.name or "snippet.py", _OPENING * _indented(file) + file.text] for file in files]
        request = {"files": texts, "imports": options.imports == "installed"}
        answer = self._pool.ask(json.dumps(request), options.seconds)
        if isinstance(answer, list):
            return answer
        found = (_diagnostic(item, files) for item in answer["diagnostics"])
        own = {part for file in files for part in file.name.removesuffix(".py").split("/")}
        lost = (
            _absent(item, files) for item in answer["imports"] if str(item["module"]).partition(".")[0] not in own
        )
        return base.bounded([*found, *filter(None, lost)])

    def close(self) -> None:
        self._pool.close()


def _in_function(text: str, opening: str) -> Completed:
    """A function around the text, each line of which is one step deeper."""
    depth = "" if _indented(base.Snippet(text)) else "    "
    starts = (found.start() for found in re.finditer(r"^(?=.)", text, re.MULTILINE))
    return Completed(text, ((0, opening), *((at, depth) for at in starts if depth)))


def _deeper(text: str, outline: Outline) -> Iterator[Completed]:
    """A block around the text, with its first function as deep as what follows it."""
    code = [piece for piece in outline.pieces if piece.kind != "comment"]
    if not code or code[0].kind != "function":
        return
    start = code[0].start
    if text[:start].endswith((" ", "\t")):  # behind a comment that begins its line
        depths = [""] if outline.pieces[0].kind == "comment" and not text[:1].isspace() else []
    else:
        lines = [line for line in text[start:].split("\n") if line.strip()]
        depths = sorted({line[: len(line) - len(line.lstrip())] for line in lines} - {""}, key=len)[:_MOST_DEPTHS]
    for depth in depths:
        yield Completed(text, ((0, _OPENING), (start, depth)))


def _indented(file: base.Snippet) -> bool:
    """Whether it was cut out of something: every line of it is indented."""
    code = [line for line in file.text.split("\n") if line.strip()]
    return bool(code) and all(line[0] in " \t" for line in code)


def _absent(item: dict[str, object], files: Sequence[base.Snippet]) -> base.Diagnostic | None:
    """What is said of an import, where this Python finds no such module. Nothing is imported."""
    found = absent(str(item["module"]))
    if found is None:
        return None
    kind, message = found
    line, shift = int(str(item["line"])), _indented(files[int(str(item["file"]))])
    told = base.Diagnostic("error", kind, message, int(str(item["file"])), line)
    return base.inside(told, files, shift=shift)


def _diagnostic(item: dict[str, object], files: Sequence[base.Snippet]) -> base.Diagnostic:
    warning = item["severity"] == "warning"
    kind: base.Kind = "limit" if item.get("limit") else "lint" if warning else "syntax"
    line, column = item["line"], item["column"]
    found = base.Diagnostic(
        severity="warning" if warning else "error",
        kind=kind,
        message=str(item["message"]),
        file=int(str(item["file"])),
        line=line if isinstance(line, int) else None,
        column=column if isinstance(column, int) and column > 0 else None,
    )
    return base.inside(found, files, shift=_indented(files[found.file]))
