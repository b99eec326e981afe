"""PHP: linted by its own interpreter, without any ini file; never run.

An interpreter that stays lints each text in a fork of itself, where it has what that takes (FFI and pcntl). It asks
the function that `php -l` asks, so that both say the same; else `php -l` starts for each.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from pytest_llm.errors import CheckCrashed
from pytest_llm.sandbox import sandbox, scratch
from pytest_llm.syntax.outline import Outline
from pytest_llm.toolchains import base, warm
from pytest_llm.toolchains.completed import Around, Completed
from pytest_llm.toolchains.scaffold import Scaffolded, Style, methods_and_calls

_SAID = re.compile(
    r"^(Parse|Fatal) error: +(.*) in (\S+) on line (\d+)$|^(\w+): +(.*) in (\S+) on line (\d+)$", re.M
)
_TAG = "<?"
_WORDS = ("-n", "-d", "display_errors=stdout", "-d", "display_startup_errors=0", "-d", "log_errors=0")
_REFUSED = 255  # PHP's exit code where a text has an error


class Php(Scaffolded):
    name = "PHP"
    languages = ("php",)
    program = "php"
    sound = "<?php $x = 1;\n"
    install = "sudo apt-get install php-cli"
    style = Style(
        members=Around("class Snippet {\n"),
        others=(Around("function _() {\n"), Around("[\n", "\n];\n"), Around("switch (1) {\n")),
    )

    def style_for(self, outline: Outline) -> Style:
        """Only what the grammar does not explain may be methods."""
        return self.style if outline.errors else replace(self.style, members=None)

    def tries(self, text: str, outline: Outline) -> Iterator[Completed]:
        """A text with tags is a file."""
        if _TAG not in text:
            yield from super().tries(text, outline)
            yield from methods_and_calls(text, outline, self.style_for(outline))

    def compile(self, files: Sequence[base.Snippet], options: base.Options) -> list[base.Diagnostic]:
        found: list[base.Diagnostic] = []
        for index, file in enumerate(files):
            found += self._one(index, file, options)
        return base.bounded(base.inside(one, files) for one in found)

    @cached_property
    def _pool(self) -> warm.Pool:
        argv = [str(self.path), *_WORDS, "-d", "extension=ffi", "-d", "ffi.enable=1", "SERVER"]
        walls = base.walls(self.path, base.Options())
        return warm.Pool(argv, warm.SERVERS / "check_php.php", walls, sandbox.Limits(memory=512 << 20))

    @cached_property
    def _stays(self) -> bool:
        return self._pool.starts()

    def _one(self, index: int, file: base.Snippet, options: base.Options) -> list[base.Diagnostic]:
        """What PHP says of a file. It parses up to the first error, and takes a text without a tag for a page."""
        text = file.text if _TAG in file.text else f"<?php {file.text}"
        ask = self._asked if self._stays else self._once
        answer = ask(text.encode("utf-8", "replace").decode("utf-8"), options)
        if isinstance(answer, list):
            return answer
        found = [replace(_diagnostic(match), file=index) for match in _SAID.finditer(answer["said"])]
        if answer["failed"] and not base.fails(found):
            raise CheckCrashed("PHP refuses a text and gives no reason", hint=answer["said"])
        return found

    def _asked(self, text: str, options: base.Options) -> dict[str, Any] | list[base.Diagnostic]:
        answer = self._pool.ask(json.dumps({"text": text}), options.seconds)
        return [base.TOO_DEEP] if isinstance(answer, dict) and answer["said"] is None else answer

    def _once(self, text: str, options: base.Options) -> dict[str, Any] | list[base.Diagnostic]:
        limits, file = sandbox.Limits(seconds=options.seconds), base.Snippet(text, "snippet.php")
        with scratch.folder() as folder:
            base.write([file], folder)
            argv = [str(self.path), *_WORDS, "-l", file.name]
            said = sandbox.run(argv, folder=folder, walls=base.walls(self.path, options), limits=limits)
        if said.killed_by:
            return base.stopped(said, limits)
        if said.returncode not in (0, _REFUSED):
            return base.gave_up("PHP", said, [file])
        return {"said": said.stdout.decode("utf-8", "replace"), "failed": bool(said.returncode)}

    def close(self) -> None:
        self._pool.close()


def _diagnostic(said: re.Match[str]) -> base.Diagnostic:
    if said[1]:
        return base.Diagnostic("error", "syntax" if said[1] == "Parse" else "type", said[2], line=int(said[4]))
    return base.Diagnostic("warning", "lint", said[6], line=int(said[8]))
