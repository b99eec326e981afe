"""Python: compiled, never imported, by the interpreter that runs pytest."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from pytest_llm.sandbox import sandbox
from pytest_llm.sandbox.walls import Walls
from pytest_llm.toolchains import base, warm

_OPENING = "if True:\n"


class Python(base.Toolchain):
    name = "Python"
    languages = ("python",)
    program = "python3"
    sound = "x = 1\n"
    install = "sudo apt-get install python3"

    @cached_property
    def path(self) -> Path:
        """The interpreter itself, not the link to it in a virtual environment."""
        return Path(getattr(sys, "_base_executable", "") or sys.executable).resolve()

    def find(self) -> str:
        return f"Python {platform.python_version()}"

    @cached_property
    def _pool(self) -> warm.Pool:
        walls = Walls((Path(sys.base_prefix).resolve(), Path(sys.base_exec_prefix).resolve()))
        argv = [str(self.path), "-ISB", "SERVER"]
        return warm.Pool(argv, warm.SERVERS / "check_python.py", walls, sandbox.Limits(memory=512 << 20))

    def check(self, snippets: Sequence[base.Snippet], options: base.Options) -> list[base.Diagnostic]:
        files = [base.clean(snippet) for snippet in snippets]
        request = {"files": [[file.name or "snippet.py", _OPENING * _indented(file) + file.text] for file in files]}
        answer = self._pool.ask(json.dumps(request), options.seconds)
        if isinstance(answer, list):
            return answer
        return base.bounded(_diagnostic(item, files) for item in answer["diagnostics"])

    def close(self) -> None:
        self._pool.close()


def _indented(file: base.Snippet) -> bool:
    """Whether it was cut out of something: every line of it is indented."""
    code = [line for line in file.text.split("\n") if line.strip()]
    return bool(code) and all(line[0] in " \t" for line in code)


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
