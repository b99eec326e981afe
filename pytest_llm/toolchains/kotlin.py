"""Kotlin: its compiler by its own API, in one JVM that stays; nothing that was compiled is run."""

from __future__ import annotations

import base64
import re
import threading
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from pytest_llm.errors import CheckCrashed, Unsupported
from pytest_llm.sandbox import programs, sandbox
from pytest_llm.syntax.outline import Outline, read
from pytest_llm.toolchains import base, warm
from pytest_llm.toolchains.completed import Around, Completed
from pytest_llm.toolchains.java import FLAGS
from pytest_llm.toolchains.kotlin_archive import Archive
from pytest_llm.toolchains.kotlin_missing import Missing, missing
from pytest_llm.toolchains.newer import number
from pytest_llm.toolchains.scaffold import Scaffolded, Style, completions

OLDEST = (2, 0)  # its compiler speaks of errors in other words before that
_NAME = re.compile(r"\[([A-Z][A-Z_\d]*)\] (?:Syntax error: )?")
_OURS = re.compile(r"/\S*/request\d+/(?:out/)?")  # the folder of one request
_UNDEFINED = re.compile(r"UNRESOLVED|INVISIBLE|MISSING_DEPENDENCY")
_PACKAGES = """
java.io java.math java.nio.charset java.nio.file java.text java.time java.time.format java.time.temporal java.util
java.util.concurrent java.util.concurrent.atomic java.util.concurrent.locks java.util.regex kotlin.concurrent
kotlin.coroutines kotlin.io.path kotlin.math kotlin.properties kotlin.random kotlin.reflect kotlin.system
kotlin.time kotlinx.coroutines kotlinx.coroutines.channels kotlinx.coroutines.flow kotlinx.coroutines.sync
"""
# What is in two of them: the one that is meant, and that which is tried after it.
_MEANT = (
    "kotlin.random.Random kotlin.time.Duration java.time.Instant kotlinx.coroutines.channels.Channel "
    "kotlinx.coroutines.CancellationException kotlinx.coroutines.flow.Flow kotlinx.coroutines.sync.Semaphore",
    "java.util.Random java.time.Duration kotlin.time.Instant java.util.concurrent.CancellationException "
    "java.util.concurrent.Flow java.util.concurrent.Semaphore",
)
# `@Suppress("NAME")` hides errors too: in its place, an annotation of the same length that hides nothing.
_SUPPRESS = re.compile(r"\bSuppress\b")
_HARMLESS = "Suppresz"
_TARGETS = """
CLASS ANNOTATION_CLASS PROPERTY FIELD LOCAL_VARIABLE VALUE_PARAMETER CONSTRUCTOR FUNCTION PROPERTY_GETTER
PROPERTY_SETTER TYPE EXPRESSION FILE TYPEALIAS
"""
_DECLARED = f"""package kotlin
@Target({", ".join(f"AnnotationTarget.{target}" for target in _TARGETS.split())})
@Retention(AnnotationRetention.SOURCE)
annotation class {_HARMLESS}(vararg val names: String)
"""
_MAIN, _CLASS = "fun main{}() {\n", "class Snippet {\n"
_WAITING = "fun main{}() = kotlinx.coroutines.runBlocking<Unit> {\n"
_WAITS = frozenset({"async", "await", "awaitAll", "collect", "delay", "emit", "join", "launch", "receive", "send"})


class Kotlin(Scaffolded):
    name = "Kotlin"
    languages = ("kotlin",)
    program = "javac"
    sound = "val x = listOf(1)\n"
    install = "pytest-llm doctor --install kotlin"
    style = Style(function=Around(_MAIN), outside=True, others=(Around(_MAIN), Around(_CLASS)))
    one_pass = True

    def __init__(self) -> None:
        self._pools: dict[tuple[Path, ...], warm.Pool] = {}
        self._lock = threading.Lock()

    @cached_property
    def prefix(self) -> Path:
        """The folder that `installation` puts the compiler in."""
        return programs.kept("kotlin")

    @property
    def installation(self) -> list[str]:
        """The command that brings the compiler."""
        copy = ["dependency:copy-dependencies", f"-DoutputDirectory={self.prefix}"]
        return ["mvn", "-q", "-B", "-f", str(warm.SERVERS / "kotlin.xml"), *copy]

    def find(self) -> str:
        return f"Kotlin {self._compiler[1]} on {base.version(self.path)}"

    @property
    def folder(self) -> Path:
        """Where the compiler's jars lie. Raises Unsupported where they are not here, or too old."""
        return self._compiler[0].parent

    @cached_property
    def _compiler(self) -> tuple[Path, str]:
        """The jar of the first compiler that is new enough, and its version."""
        there = [(jar, _version(jar)) for folder in _folders(self.prefix) for jar in _compilers(folder)]
        for jar, version in there:
            if number(version) >= OLDEST:
                return jar, version
        oldest = ".".join(map(str, OLDEST))
        known = (
            f"Kotlin {there[0][1]} is too old (from {oldest} on)" if there else "the Kotlin compiler is not here"
        )
        raise Unsupported(known, self.install)

    def _classpath(self, *more: Path) -> str:
        """What a program may use: Kotlin's own library and coroutines, which the compiler brings, and `more`."""
        names = ("kotlin-stdlib*.jar", "annotations-*.jar", "kotlinx-coroutines-core-jvm*.jar")
        jars = [jar for name in names for jar in sorted(self.folder.glob(name)) if "sources" not in jar.name]
        if not any(jar.name.startswith("kotlin-stdlib") for jar in jars):
            raise base.Damaged(f"{self.folder} does not hold Kotlin's library any more", hint=self.install)
        return ":".join(map(str, (*jars, *more)))

    def _pool(self, options: base.Options) -> warm.Pool:
        with self._lock:
            if options.classpath not in self._pools:
                archive = self._archive
                walls = base.walls(self.path, options, self.folder, *archive.shown(), *options.classpath)
                limits = sandbox.Limits(memory=1536 << 20, processes=32)
                argv = [*self._java, *archive.words()]
                self._pools[options.classpath] = warm.Pool(argv, archive.server, walls, limits)
            return self._pools[options.classpath]

    @property
    def _java(self) -> list[str]:
        return [str(self.path.with_name("java")), *FLAGS, "-Dkotlin.environment.keepalive=true"]

    @cached_property
    def _archive(self) -> Archive:
        jars = tuple(sorted(self.folder.glob("*.jar")))
        return Archive(self.path, jars, warm.SERVERS / "CheckKotlin.java", self.prefix)

    def quicken(self) -> bool:
        """Have it start in half the time from now on; whether it did not yet.

        Raises Unsupported, and CheckCrashed or OSError where this JVM makes no archive.
        """
        if self._archive.ready:
            return False
        walls = base.walls(self.path, base.Options(), self.folder, self.prefix)
        self._archive.make(self._java, self._classpath(), walls)
        return True

    def tries(self, text: str, outline: Outline) -> Iterator[Completed]:
        """With what either of two libraries means by a name; in a main that may wait, where something may."""
        heads = [""] if outline.all("import") else dict.fromkeys(_imports(outline, meant) for meant in _MEANT)
        waiting = replace(self.style, function=Around(_WAITING), others=())
        styles = (self.style, waiting) if outline.all("used") & _WAITS else (self.style,)
        for style in styles:
            for head in heads:
                yield from completions(text, outline, style, head)

    def imports(self, outline: Outline) -> str:
        return _imports(outline, _MEANT[0])

    def compile(self, files: Sequence[base.Snippet], options: base.Options) -> list[base.Diagnostic]:
        """What is wrong without any word that hides it; where nothing is, warnings may be hidden."""
        if any(_SUPPRESS.search(file.text) for file in files):
            plain = [replace(file, text=_SUPPRESS.sub(_HARMLESS, file.text)) for file in files]
            found = self._said([*plain, base.Snippet(_DECLARED, ".kotlin.kt")], options)
            if base.fails(found):
                return [replace(one, message=one.message.replace(_HARMLESS, "Suppress")) for one in found]
        return self._said(files, options)

    def _said(self, files: Sequence[base.Snippet], options: base.Options) -> list[base.Diagnostic]:
        words = [self._classpath(*options.classpath)]
        for file in files:
            words += [file.name or "snippet.kt", base64.b64encode(file.text.encode("utf-8", "replace")).decode()]
        answer = self._pool(options).ask("\t".join(words), options.seconds)
        if isinstance(answer, list):
            return answer
        if "limit" in answer:
            return [base.Diagnostic("error", "limit", "nested too deeply, or too large, for Kotlin's compiler")]
        found = [] if "crash" in answer else _diagnostics(answer["diagnostics"], files)
        if "crash" in answer or (answer["failed"] and not base.fails(found)):
            raise CheckCrashed("Kotlin's compiler broke", hint=str(answer.get("crash", ""))[:2000])
        return found

    def close(self) -> None:
        for pool in self._pools.values():
            pool.close()


def _folders(prefix: Path) -> Iterator[Path]:
    """Where its jars may lie: those of the program on the PATH, or ours."""
    if found := programs.which("kotlinc"):
        yield found.resolve().parent.parent / "lib"
    yield prefix


def _compilers(folder: Path) -> list[Path]:
    return [*folder.glob("kotlin-compiler.jar"), *folder.glob("kotlin-compiler-embeddable-*.jar")]


def _version(jar: Path) -> str:
    try:
        with zipfile.ZipFile(jar) as file:
            return file.read("META-INF/compiler.version").decode().strip()
    except (OSError, KeyError, zipfile.BadZipFile):
        return ""


def _imports(outline: Outline, meant: str) -> str:
    wanted = outline.all("used") - outline.all("defined")
    named = [name for name in meant.split() if name.rpartition(".")[2] in wanted]
    return "".join(f"import {name}; " for name in (*named, *(f"{one}.*" for one in _PACKAGES.split()))) + "\n"


def _diagnostics(told: Sequence[dict[str, Any]], files: Sequence[base.Snippet]) -> list[base.Diagnostic]:
    items = told[: base.READ]
    for item in items:
        name = _NAME.match(item["message"])
        item["code"] = name[1] if name else ""
        item["message"] = _OURS.sub("", _NAME.sub("", item["message"]).partition("\n")[0])
    lines = [base.line_of(files[max(item["file"], 0)], item["line"]) for item in items]
    lost = Missing()
    if any(item["code"] == "UNRESOLVED_IMPORT" for item in items):
        lost = missing([read(file.text, "kotlin") or Outline() for file in files], items, lines)
    found = [_diagnostic(item, line, lost) for item, line in zip(items, lines, strict=True)]
    return base.bounded(base.inside(one, files) for one in found)


def _diagnostic(item: dict[str, Any], line: str, lost: Missing) -> base.Diagnostic:
    code, message = item["code"], item["message"]
    kind = _kind(code) if item["error"] else _remark(code)
    if item["error"] and lost.explains(code, message, line):
        kind = "missing-dependency"
    return base.Diagnostic(
        "error" if item["error"] else "warning",
        kind,
        message.rstrip(":"),
        max(item["file"], 0),
        item["line"] or None,
        base.character_column(line, item["column"], "utf-16-le") if item["line"] else None,
        code,
    )


def _kind(code: str) -> base.Kind:
    if code in ("SYNTAX", ""):
        return "syntax"
    return "undefined" if _UNDEFINED.search(code) else "type"


def _remark(code: str) -> base.Kind:
    return "unused" if "UNUSED" in code else "lint"
