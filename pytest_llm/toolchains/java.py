"""Java: javac by its own API, in one JVM that stays; no annotation processing, nothing written, nothing run."""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from pytest_llm.errors import CheckCrashed, Unsupported
from pytest_llm.sandbox import sandbox
from pytest_llm.syntax.outline import Outline, read
from pytest_llm.toolchains import base, warm
from pytest_llm.toolchains.completed import Around, Completed
from pytest_llm.toolchains.java_missing import Missing, imported, is_of_others, missing
from pytest_llm.toolchains.scaffold import Scaffolded, Style, completions

_UNDEFINED = re.compile(
    r"cant\.resolve|doesnt\.exist|cant\.ref|not\.def\.|undef\.label|cant\.apply\.symbol\b.*none"
)
_FOLLOWS = re.compile(
    r"cant\.resolve|cant\.apply|doesnt\.exist|override|static\.imp|not\.initialized|cant\.access|var\.might|incompatible|prob\.found"
)


_OF_FLOW = re.compile(
    r"var\.might|var\.not\.init|missing\.ret\.stmt|unreachable|unreported|initializer\.must|never\.thrown"
    r"|cant\.ref\.non\.effectively|final\.parameter"
)
_NO_PACKAGE = re.compile(r"^package (\S+) does not exist|symbol:\s+class \w+\s+location: package (\S+)")
_PACKAGES = """
com.sun.net.httpserver java.awt java.awt.event java.awt.geom java.awt.image java.beans java.io java.lang.annotation
java.lang.invoke java.lang.management java.lang.ref java.lang.reflect java.math java.net java.net.http java.nio
java.nio.channels java.nio.charset java.nio.file java.nio.file.attribute java.security java.security.cert
java.security.spec java.sql java.text java.time java.time.chrono java.time.format java.time.temporal java.time.zone
java.util java.util.concurrent java.util.concurrent.atomic java.util.concurrent.locks java.util.function
java.util.jar java.util.logging java.util.prefs java.util.random java.util.regex java.util.stream java.util.zip
javax.annotation.processing javax.crypto javax.crypto.spec javax.imageio javax.lang.model.element javax.management
javax.net.ssl javax.script javax.sound.sampled javax.sql javax.swing javax.swing.border javax.swing.event
javax.swing.table javax.swing.text javax.swing.tree javax.tools javax.xml.parsers javax.xml.stream
javax.xml.transform javax.xml.transform.dom javax.xml.transform.stream javax.xml.xpath org.w3c.dom org.xml.sax
org.xml.sax.helpers
"""
# What is in two of them: the one that is meant, and that which is tried after it.
_MEANT = (
    """
    java.beans.IntrospectionException java.lang.annotation.Annotation java.lang.reflect.Array
    java.lang.reflect.Modifier java.lang.reflect.Proxy java.net.Authenticator java.security.cert.Certificate
    java.sql.Statement java.sql.Timestamp java.util.Date java.util.Formatter java.util.List java.util.Timer
    java.util.jar.Attributes java.util.logging.Filter javax.xml.parsers.FactoryConfigurationError
    org.w3c.dom.Document org.w3c.dom.Element
    """,
    """
    com.sun.net.httpserver.Filter java.net.Proxy java.security.Timestamp java.sql.Array java.text.Annotation
    java.util.List java.util.logging.Formatter javax.lang.model.element.Element javax.lang.model.element.Modifier
    javax.management.IntrospectionException javax.swing.Timer javax.swing.text.Document org.xml.sax.Attributes
    """,
)
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

    def halted(self, found: Sequence[base.Diagnostic]) -> bool:
        """How values flow is looked at where all else is right."""
        return any(not _OF_FLOW.search(one.code) for one in found)

    def tries(self, text: str, outline: Outline) -> Iterator[Completed]:
        """With what either of two packages means by a name."""
        heads = [""] if outline.all("import") else dict.fromkeys(_imports(outline, meant) for meant in _MEANT)
        for head in heads:
            yield from completions(text, outline, self.style_for(outline), head)

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


def _imports(outline: Outline, meant: str) -> str:
    wanted = outline.all("used") - outline.all("defined")
    named = [name for name in meant.split() if name.rpartition(".")[2] in wanted]
    return " ".join(f"import {name};" for name in (*named, *(f"{one}.*" for one in _PACKAGES.split()))) + "\n"


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
