"""Java: javac by its own API, in one JVM that stays; no annotation processing, nothing written, nothing run."""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from pytest_llm.errors import CheckCrashed, Unsupported
from pytest_llm.sandbox import sandbox
from pytest_llm.syntax.outline import Outline, read
from pytest_llm.toolchains import base, warm
from pytest_llm.toolchains.completed import Around
from pytest_llm.toolchains.java_missing import Missing, imported, is_of_others, missing
from pytest_llm.toolchains.scaffold import Scaffolded, Style

_UNDEFINED = re.compile(
    r"cant\.resolve|doesnt\.exist|cant\.ref|not\.def\.|undef\.label|cant\.apply\.symbol\b.*none"
)
_FOLLOWS = re.compile(
    r"cant\.resolve|cant\.apply|doesnt\.exist|override|static\.imp|not\.initialized|cant\.access|var\.might|incompatible|prob\.found"
)


_NO_PACKAGE = re.compile(r"^package (\S+) does not exist|symbol:\s+class \w+\s+location: package (\S+)")
_PACKAGES = """
java.io java.lang.annotation java.lang.invoke java.lang.ref java.lang.reflect java.math java.net java.net.http
java.nio java.nio.channels java.nio.charset java.nio.file java.nio.file.attribute java.security java.sql
java.text java.time java.time.format java.time.temporal java.time.zone java.util java.util.concurrent
java.util.concurrent.atomic
java.util.concurrent.locks java.util.function java.util.logging java.util.prefs java.util.regex java.util.stream
java.util.zip javax.crypto javax.crypto.spec
"""
# What is in two of them: the one that is meant.
_MEANT = """
java.lang.annotation.Annotation java.lang.reflect.Array java.lang.reflect.Proxy java.sql.Timestamp java.util.Date
java.util.Formatter
"""
FLAGS = ("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")
"""Of a JVM that stays: quick to start, in little memory."""
_OPENED = ("--add-exports", "jdk.compiler/com.sun.tools.javac.api=ALL-UNNAMED")  # for what jshell compiles by
_ESCAPED_END = re.compile(r"(?<!\\)\\u+001[aA]")  # ^Z, at which javac stops reading
_CLASS, _METHOD = "class Snippet {\n", "void main{}() throws Exception {\n"


class Java(Scaffolded):
    name = "Java"
    languages = ("java",)
    program = "javac"
    sound = "import java.util.List;\nclass A { List<String> x; }\n"
    install = "sudo apt-get install default-jdk-headless"

    style = Style(
        function=Around(_METHOD),
        members=Around(_CLASS),
        nested="static ",
    )

    def __init__(self) -> None:
        self._pools: dict[tuple[Path, ...], warm.Pool] = {}
        self._lock = threading.Lock()

    @cached_property
    def _java(self) -> Path:
        java = self.path.with_name("java")
        if not java.exists():
            raise Unsupported(f"{self.path} has no java beside it", self.install)
        return java

    def _pool(self, options: base.Options) -> warm.Pool:
        classpath = options.classpath
        with self._lock:
            if classpath not in self._pools:
                walls = base.walls(self.path, options, *classpath)
                argv = [str(self._java), *FLAGS, *_OPENED, "SERVER"]
                limits = sandbox.Limits(memory=1 << 30, processes=16)
                self._pools[classpath] = warm.Pool(argv, warm.SERVERS / "CheckJava.java", walls, limits)
            return self._pools[classpath]

    def whole(self, outline: Outline) -> bool:
        return "main" in outline.all("method")

    def style_for(self, outline: Outline) -> Style:
        """The class around members is named as their constructor is."""
        name = next(iter(outline.names.get("constructor", ())), "")
        return replace(self.style, members=Around(_CLASS.replace("Snippet", name))) if name else self.style

    def imports(self, outline: Outline) -> str:
        wanted = outline.all("used") - outline.all("defined")
        meant = [name for name in _MEANT.split() if name.rpartition(".")[2] in wanted]
        return " ".join(f"import {name};" for name in (*meant, *(f"{one}.*" for one in _PACKAGES.split()))) + "\n"

    def compile(self, files: Sequence[base.Snippet], options: base.Options) -> list[base.Diagnostic]:
        words = [":".join(map(str, options.classpath))]
        for file in files:
            text = base.to_the_end(_ESCAPED_END.sub("\x1a", file.text), "\x1a")
            words += [file.name or _name(file), base64.b64encode(text.encode("utf-8", "replace")).decode()]
        answer = self._pool(options).ask("\t".join(words), options.seconds)
        if isinstance(answer, list):
            return answer
        if "limit" in answer:
            return [base.Diagnostic("error", "limit", "nested too deeply, or too large, for javac")]
        if "crash" in answer:
            raise CheckCrashed(f"javac broke: {answer['crash']}")
        return _diagnostics(answer["diagnostics"], files)

    def close(self) -> None:
        for pool in self._pools.values():
            pool.close()


def _name(file: base.Snippet) -> str:
    """The name that javac wants for a file: that of its public type."""
    outline = _outline(file) if "public" in file.text else Outline()
    return f"{next(iter(outline.names.get('public', ())), 'Snippet')}.java"


def _outline(file: base.Snippet) -> Outline:
    return read(file.text, "java") or Outline()


def _diagnostics(items: list[dict[str, Any]], files: Sequence[base.Snippet]) -> list[base.Diagnostic]:
    absent = {name for item in items if (name := _absent(item)) and not re.match(r"java\.|jdk\.", name)}
    lost: list[Missing] = []
    if absent:
        outlines = [_outline(file) for file in files]
        absent = {name for name in absent if is_of_others(name)} | (absent & set().union(*map(imported, outlines)))
        lost = [missing(outline, absent) for outline in outlines]
    everywhere = Missing(
        frozenset().union(*(one.names for one in lost)),
        any(one.everything for one in lost),
        any(one.statics for one in lost),
        frozenset().union(*(one.heirs for one in lost)),
        frozenset().union(*(one.marked for one in lost)),
        frozenset().union(*(one.used for one in lost)),
        frozenset().union(*(one.own for one in lost)),
    )
    found = [_diagnostic(item, files, absent, everywhere) for item in items if item["kind"] != "NOTE"]
    return base.bounded(found)


def _absent(item: dict[str, Any]) -> str:
    """The package that this error says does not exist, or not to hold a class; empty for other errors."""
    said = _NO_PACKAGE.search(item["message"])
    return next(filter(None, said.groups())) if said else ""


def _diagnostic(
    item: dict[str, Any], files: Sequence[base.Snippet], absent: set[str], lost: Missing
) -> base.Diagnostic:
    file = files[item["file"]]
    line, column = _place(file.text, item["position"]) if item["position"] >= 0 else (None, None)
    code = item["code"].removeprefix("compiler.")
    warning = "WARNING" in item["kind"]
    kind: base.Kind = "lint" if warning else "syntax" if item["parsing"] else "type"
    if kind == "type" and _UNDEFINED.search(code):
        kind = "undefined"
    if not warning and not item["parsing"]:
        follows = _FOLLOWS.search(code) and lost.explains(item["message"], bare=_bare(file.text, line, column))
        if _absent(item) in absent or follows:
            kind = "missing-dependency"
    found = base.Diagnostic(
        severity="warning" if warning else "error",
        kind=kind,
        message=_one_line(item["message"]),
        file=item["file"],
        line=line,
        column=column,
        code=code,
    )
    return base.inside(found, files)


def _bare(text: str, line: int | None, column: int | None) -> bool:
    """Whether a name stands here, and not the dot before one."""
    here = text.split("\n")[line - 1][column - 1 : column] if line and column else ""
    return here.isidentifier()


def _place(text: str, position: int) -> tuple[int, int]:
    """Line and column of a position counted in UTF-16 units."""
    before = text.encode("utf-16-le", "replace")[: position * 2].decode("utf-16-le", "ignore")
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def _one_line(message: str) -> str:
    return re.sub(r"\s*\n\s*", "; ", message.strip()).replace(";;", ";")
