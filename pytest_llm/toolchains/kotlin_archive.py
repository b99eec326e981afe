"""The Kotlin compiler's classes as the JVM has them in memory, kept in a file beside the compiler.

Of the processor time until a first answer, more than half goes into reading and checking classes, and into
compiling the server's own source. The JVM holds an archive against itself and the class path (names, sizes and
dates of the jars), and without a word reads the jars where it does not fit.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pytest_llm.sandbox import sandbox, scratch
from pytest_llm.sandbox.walls import Walls
from pytest_llm.toolchains import base

_ARCHIVE, _SERVER = "classes.jsa", "server.jar"
_SILENT = ("-Xlog:disable", "-XX:+DisplayVMOutputToStderr")  # what it would say goes between the answers
_LIMITS = sandbox.Limits(seconds=120, memory=3 << 30, processes=32)
# What is compiled meanwhile, so that what compiling takes is there: much of the language, and errors of each kind.
_TEXTS = (
    "val x = listOf(1)\nfun main() { println(x) }\n",
    """import kotlinx.coroutines.*

sealed interface Shape
data class Circle(val r: Double) : Shape
class Box<T : Comparable<T>>(private val items: MutableList<T> = mutableListOf()) {
    fun add(x: T) = apply { items.add(x) }
    val size: Int get() = items.size
    operator fun get(i: Int) = items[i]
    companion object { const val MAX = 3 }
}
enum class E { A, B }
suspend fun f(s: Shape?): String = when (s) { is Circle -> "c ${s.r}"; null -> "none" }
fun main() = runBlocking {
    val all = (1..10).filter { it % 2 == 0 }.map { it to it.toString() }.toMap()
    for ((k, v) in all) println("$k $v")
    launch { delay(1); println(f(Circle(1.0))) }
    try { error("x") } catch (e: IllegalStateException) { println(e.message?.length ?: 0) }
    val l: (Int) -> Int = { a -> a + 1 }
    var i = 0
    while (i < 3) { i += l(i) }
}
""",
    'fun f(): Int = "x"\nfun g() { y.z(; }\nval a: String = null\n',
    "import org.koin.core.Koin\nclass A : Foo() { override fun x() = q }\n",
)


@dataclass(frozen=True)
class Archive:
    """An archive that is there, or may be made.

    javac: the program; its `java` lies beside it. jars: the compiler's. server: the source of what asks it. kept:
    where each archive has a folder.
    """

    javac: Path
    jars: tuple[Path, ...]
    server: Path
    kept: Path

    @cached_property
    def folder(self) -> Path:
        """Where this one lies: another compiler, JVM or server has another name."""
        java = self.javac.with_name("java").resolve()
        said = [self.server.read_bytes(), *(_identity(file) for file in (java, *self.jars))]
        return self.kept / f"archive-{hashlib.sha256(bytes(1).join(said)).hexdigest()[:16]}"

    @property
    def ready(self) -> bool:
        return (self.folder / _ARCHIVE).exists()

    def shown(self) -> tuple[Path, ...]:
        """What must be seen of it."""
        return (self.folder,) if self.ready else ()

    def words(self) -> list[str]:
        """What `java` is told: with an archive the server's class, else its source."""
        if not self.ready:
            return ["-cp", _path(self.jars), "SERVER"]
        return [f"-XX:SharedArchiveFile={self.folder / _ARCHIVE}", *self._compiled()]

    def _compiled(self) -> list[str]:
        return [*_SILENT, "-cp", _path((*self.jars, self.folder / _SERVER)), self.server.stem]

    def make(self, java: Sequence[str], libraries: str, walls: Walls) -> None:
        """Make it, and take those of other compilers away. Raises CheckCrashed and OSError where it does not work.

        java: the program with its options. libraries: a class path. walls: show the compiler and `kept`.
        """
        others = [path for path in self.kept.glob("archive-*") if path != self.folder]
        self.folder.mkdir(exist_ok=True)
        with scratch.folder() as folder:
            self._compile(folder, walls)
            lines = "".join(f"T\t{line}\n" for line in _requests(libraries)).encode()
            argv = [*java, f"-XX:ArchiveClassesAtExit={_ARCHIVE}", *self._compiled()]
            _run(argv, folder, walls, lines)
            shutil.copyfile(folder / _ARCHIVE, self.folder / f"{_ARCHIVE}.part")
        os.replace(self.folder / f"{_ARCHIVE}.part", self.folder / _ARCHIVE)
        for path in others:
            shutil.rmtree(path, ignore_errors=True)

    def _compile(self, folder: Path, walls: Walls) -> None:
        """The server's classes, as a jar: an archive knows no folders of classes."""
        copy = folder / self.server.name
        shutil.copyfile(self.server, copy)
        _run([str(self.javac), "-cp", _path(self.jars), "-d", "classes", copy.name], folder, walls)
        with zipfile.ZipFile(self.folder / _SERVER, "w") as jar:
            for path in sorted((folder / "classes").glob("*.class")):
                jar.write(path, path.name)


def _run(argv: Sequence[str], folder: Path, walls: Walls, stdin: bytes = b"") -> None:
    done = sandbox.run(argv, folder=folder, walls=walls, limits=_LIMITS, stdin=stdin)
    if done.returncode:
        raise base.crashed(Path(argv[0]).name, done)


def _requests(libraries: str) -> Iterator[str]:
    for text in _TEXTS:
        yield f"{libraries}\tsnippet.kt\t{base64.b64encode(text.encode()).decode()}"


def _identity(file: Path) -> bytes:
    there = file.stat() if file.exists() else None
    return f"{file} {there and (there.st_size, there.st_mtime_ns)}".encode()


def _path(jars: Sequence[Path]) -> str:
    return ":".join(map(str, jars))
