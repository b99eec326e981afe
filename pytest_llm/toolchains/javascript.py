"""JavaScript: parsed as a script or as a module by one Node that stays; never run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cached_property

from pytest_llm.sandbox import sandbox
from pytest_llm.syntax.outline import Outline
from pytest_llm.toolchains import base, ecmascript, warm
from pytest_llm.toolchains.completed import Completed
from pytest_llm.toolchains.scaffold import Scaffolded, Style

_FLAGS = ("--experimental-vm-modules", "--expose-internals", "--no-warnings")
_KINDS = {".mjs": "module", ".cjs": "script"}
_ANYTHING = "Object"


class JavaScript(Scaffolded):
    name = "JavaScript"
    languages = ("javascript",)
    program = "node"
    sound = "let x = 1;\n"
    install = "sudo apt-get install nodejs"
    style = Style()

    @cached_property
    def _pool(self) -> warm.Pool:
        argv = [str(self.path), *_FLAGS, "--max-old-space-size=512", "SERVER"]
        walls = base.walls(self.path, base.Options())
        return warm.Pool(argv, warm.SERVERS / "check_javascript.cjs", walls, sandbox.Limits(memory=1 << 30))

    def style_for(self, outline: Outline) -> Style:
        return ecmascript.style(outline, _ANYTHING)

    def tries(self, text: str, outline: Outline) -> Iterator[Completed]:
        yield from super().tries(text, outline)
        yield from ecmascript.calls(text, outline, self.style_for(outline), _ANYTHING)

    def compile(self, files: Sequence[base.Snippet], options: base.Options) -> list[base.Diagnostic]:
        request = {"files": [[file.name, file.text, _kind(file)] for file in files]}
        answer = self._pool.ask(json.dumps(request), options.seconds)
        if isinstance(answer, list):
            return answer
        return base.bounded(_diagnostic(item, files) for item in answer["diagnostics"])

    def close(self) -> None:
        self._pool.close()


def _kind(file: base.Snippet) -> str:
    return _KINDS.get(file.name[file.name.rfind(".") :], "") if "." in file.name else ""


def _diagnostic(item: dict[str, object], files: Sequence[base.Snippet]) -> base.Diagnostic:
    index, line, column = int(str(item["file"])), item.get("line"), item.get("column")
    if isinstance(line, int) and isinstance(column, int):
        column = base.character_column(base.line_of(files[index], line), column, "utf-16-le")
    found = base.Diagnostic(
        severity="error",
        kind="limit" if item.get("limit") else "syntax",
        message=str(item["message"]),
        file=index,
        line=line if isinstance(line, int) else None,
        column=column if isinstance(column, int) else None,
    )
    return base.inside(found, files)
