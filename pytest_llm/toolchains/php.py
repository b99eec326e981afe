"""PHP: parsed by its own interpreter, without any ini file; never run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from pytest_llm.sandbox import sandbox, scratch
from pytest_llm.syntax.outline import Outline
from pytest_llm.toolchains import base
from pytest_llm.toolchains.scaffold import Around, Completed, Scaffolded, Style

_SAID = re.compile(
    r"^(Parse|Fatal) error: +(.*) in (\S+) on line (\d+)$|^(\w+): +(.*) in (\S+) on line (\d+)$", re.M
)
_TAG = "<?"


class Php(Scaffolded):
    name = "PHP"
    languages = ("php",)
    program = "php"
    sound = "<?php $x = 1;\n"
    install = "sudo apt-get install php-cli"
    style = Style(members=Around("class Snippet {\n"))

    def style_for(self, outline: Outline) -> Style:
        """Only what the grammar does not explain may be methods."""
        return self.style if outline.errors else Style()

    def tries(self, text: str, outline: Outline) -> Iterator[Completed]:
        """A text with tags is a file."""
        return iter(()) if _TAG in text else super().tries(text, outline)

    def compile(self, files: Sequence[base.Snippet], options: base.Options) -> list[base.Diagnostic]:
        found: list[base.Diagnostic] = []
        for index, file in enumerate(files):
            found += self._one(index, file, options)
        return base.bounded(base.inside(one, files) for one in found)

    def _one(self, index: int, file: base.Snippet, options: base.Options) -> list[base.Diagnostic]:
        """What PHP says of a file. It parses up to the first error, and takes a text without a tag for a page."""
        limits = sandbox.Limits(seconds=options.seconds)
        text = file.text if _TAG in file.text else f"<?php {file.text}"
        argv = [str(self.path), "-n", "-d", "display_errors=stdout", "-d", "log_errors=0", "-l", "snippet.php"]
        with scratch.folder() as folder:
            base.write([base.Snippet(text, "snippet.php")], folder)
            said = sandbox.run(argv, folder=folder, walls=base.walls(self.path, options), limits=limits)
        matches = _SAID.finditer(said.stdout.decode("utf-8", "replace"))
        found = [replace(_diagnostic(match), file=index) for match in matches]
        if said.returncode and not base.fails(found) and not said.killed_by:
            return base.gave_up("PHP", said, [file])
        return [*found, *base.stopped(said, limits)]


def _diagnostic(said: re.Match[str]) -> base.Diagnostic:
    if said[1]:
        return base.Diagnostic("error", "syntax" if said[1] == "Parse" else "type", said[2], line=int(said[4]))
    return base.Diagnostic("warning", "lint", said[6], line=int(said[8]))
