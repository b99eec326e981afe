"""What a toolchain is: it takes the files a model wrote and says what the compiler finds wrong in them."""

from __future__ import annotations

import re
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from time import monotonic
from typing import ClassVar, Literal

from pytest_llm.errors import CheckCrashed, Unsupported
from pytest_llm.sandbox import programs, sandbox
from pytest_llm.sandbox.walls import Walls

Severity = Literal["error", "warning"]
Kind = Literal["syntax", "type", "undefined", "unused", "missing-dependency", "lint", "timeout", "limit", "crash"]
# An error that a compiler tells, wherever it believes to be: "z.go:1:2: undefined: x", "a:b:1:18: error: …".
_COMPLAINT = re.compile(
    r"^(?:[^\n]{1,500}?:\d+(?::\d+)?: (?:fatal )?(?:error: )?|error[^\n:]{0,20}: )([^\n]+)", re.MULTILINE
)
_BROKE = re.compile(
    r"internal compiler error|compiler unexpectedly panicked|goroutine stack exceeds|interrupted by SIG"
)
# What the system says where it has no more of something; an answer may say so too, with `#error`.
_OF_MACHINES = re.compile(
    r"(?i)no space left on device|disk quota exceeded|cannot allocate memory|too many open files|input/output error"
    r"|read-only file system|resource temporarily unavailable|cannot fork|stale file handle"
)
_REFUSED = "\x01"  # a sign that no language knows outside of a literal
_LONGEST_NAME = 200  # characters: file systems take 255 bytes a part
_SOUND_SECONDS = 30.0  # for the sound program: a compiler may have to start anew
ALLOWABLE: tuple[Kind, ...] = ("unused", "missing-dependency")  # kinds of errors that a case may allow
READ = 1000  # errors of one compiler that are looked at: those that a case may allow may come before the others
MOST = 100  # diagnostics of one check, errors before warnings; what comes after them helps nobody


class Damaged(CheckCrashed):
    """What the compiler needs is gone, or broken, whatever the text."""


@dataclass(frozen=True)
class Snippet:
    """One file as the model wrote it. name: where the answer names it ("util/list.go"), else empty."""

    text: str
    name: str = ""

    @cached_property
    def lines(self) -> list[str]:
        return self.text.split("\n")


@dataclass(frozen=True)
class Options:
    """What a case may say about compiling; each toolchain takes what concerns it.

    standard: of C and C++ ("c++20"). edition: of Rust. strict, lib, target: TypeScript. classpath: jars or
    folders of classes. imports: "installed" asks for Python's. module: a folder with go.mod, package.json or
    Cargo.toml. root: pytest's rootdir, which no program may see as a whole and above which no module is looked
    for. seconds: for the whole check.
    """

    standard: str = ""
    edition: str = ""
    strict: bool = False
    lib: tuple[str, ...] = ()
    imports: str = ""
    target: str = ""
    classpath: tuple[Path, ...] = ()
    module: Path | None = None
    root: Path | None = None
    seconds: float = 30.0


@dataclass(frozen=True)
class Diagnostic:
    """One thing a compiler says. file: index of the snippet; line, column: in its text, from 1, in characters.

    parsed: it is a rule about syntax that is looked at only where the parser took the text.
    """

    severity: Severity
    kind: Kind
    message: str
    file: int = 0
    line: int | None = None
    column: int | None = None
    code: str = ""
    parsed: bool = False


TOO_DEEP = Diagnostic("error", "limit", "nested too deeply for the compiler")


class Toolchain(ABC):
    """A language's compiler: where it is, and what it says about some files.

    languages: the normalised names it answers to. install: the command that brings it. sound: a program in which
    nothing is wrong, and which uses the library.
    """

    name: ClassVar[str]
    languages: ClassVar[tuple[str, ...]]
    program: ClassVar[str]
    install: ClassVar[str]
    sound: ClassVar[str]
    _proven = False  # whether a sound program has passed since the process began, as it must before one is failed

    @cached_property
    def path(self) -> Path:
        """The compiler's real path, not that of a link. Raises Unsupported where it is not on the PATH."""
        return self._on_path().resolve()

    def _on_path(self) -> Path:
        found = programs.which(self.program)
        if found is None:
            raise Unsupported(f"{self.program} is not on the PATH, so {self.name} cannot be compiled", self.install)
        return found

    def find(self) -> str:
        """The compiler's version in one line. Raises Unsupported with the command that installs it."""
        return version(self.path)

    def examine(self, snippets: Sequence[Snippet], options: Options) -> list[Diagnostic]:
        """What `check` says. Where the compiler breaks on these files, and on no others, they are what is wrong.

        What it remembers of earlier files, or misses of its own, is never theirs: with a doubt it is asked anew.
        Raises Unsupported, and CheckCrashed where the compiler breaks on a sound program too.
        """
        found, crash = self._attempt(snippets, options)
        if self._doubtful(found, crash):
            self.forget()
            found, crash = self._attempt(snippets, options)
        if self._doubtful(found, crash) or (fails(found) and not self._proven):
            self._expect_sound(options, crash)
            self._proven = True
        if crash is None:
            return found
        reason = (crash.hint or crash.message).strip().partition("\n")[0]
        return [Diagnostic("error", "crash", f"the compiler breaks on this text: {reason[:300]}")]

    def _attempt(
        self, snippets: Sequence[Snippet], options: Options
    ) -> tuple[list[Diagnostic], CheckCrashed | None]:
        try:
            return self.check(snippets, options), None
        except CheckCrashed as crash:
            return [], crash

    def _doubtful(self, found: Sequence[Diagnostic], crash: CheckCrashed | None) -> bool:
        """Whether what was said may be the fault of the machine."""
        said = [one.message for one in found if one.severity == "error"]
        return crash is not None or any(_OF_MACHINES.search(one) or self.misses_own(one) for one in said)

    def _expect_sound(self, options: Options, crash: CheckCrashed | None) -> None:
        """Raises CheckCrashed where a sound program fails too."""
        seconds = max(options.seconds, _SOUND_SECONDS)
        found = self.check([Snippet(self.sound)], Options(seconds=seconds, root=options.root))
        if crash and (fails(found) or isinstance(crash, Damaged)):
            raise crash
        if fails(found):
            message = f"the compiler of {self.name} fails a program in which nothing is wrong: {found[0].message}"
            raise CheckCrashed(message, hint=self.install)

    @abstractmethod
    def check(self, snippets: Sequence[Snippet], options: Options) -> list[Diagnostic]:
        """What is wrong in these files, taken as one program. Raises Unsupported and CheckCrashed."""

    def left(self, snippets: Sequence[Snippet], options: Options) -> Sequence[Snippet]:
        """What is compiled of files in which nothing is wrong: all of it, where the language has no conditions."""
        return snippets

    def misses_own(self, message: str) -> bool:
        """Whether this may be said because a part of the compiler, or of its library, is not there."""
        return False

    def forget(self) -> None:
        """Let go of what earlier files have left here: a compiler that stays, what was found or made for it."""
        self.close()

    def close(self) -> None:  # noqa: B027 (only the warm ones hold something)
        """End what stays running."""


def walls(program: Path, options: Options, *more: Path) -> Walls:
    """Walls that show a program, what came with it, and `more`."""
    roots = [options.root] if options.root else []
    return Walls(readonly=(programs.installation(program, *roots), *more))


@lru_cache
def version(path: Path, argument: str = "--version") -> str:
    """The first line a tool prints about itself. Raises Unsupported where it does not run."""
    try:
        said = programs.ask([path, argument])
    except (OSError, subprocess.SubprocessError) as error:
        raise Unsupported(f"{path} does not run: {error}") from error
    return said.strip().partition("\n")[0]


def clean(snippet: Snippet) -> Snippet:
    """Without a byte order mark, and with plain line ends."""
    return replace(snippet, text=snippet.text.removeprefix("\ufeff").replace("\r\n", "\n"))


def remaining(options: Options, started: float) -> Options:
    """What is left of the time after other tries; started: by `time.monotonic`. Wall time counts as it does for one
    program, so that a busy machine takes none of it away.
    """
    return replace(options, seconds=max(options.seconds - (monotonic() - started) / sandbox.BUSY, 1.0))


def to_the_end(text: str, ends: str) -> str:
    """With a sign that is refused for each at which a compiler stops reading, but for the last: nothing follows."""
    read = text.rstrip(ends + " \t\r\n")
    return re.sub(f"[{ends}]", _REFUSED, read) + text[len(read) :]


def write(snippets: Sequence[Snippet], where: Path) -> None:
    """Put the files into a folder. Surrogates, which no file can hold, become question marks."""
    for snippet in snippets:
        path = where / snippet.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(snippet.text.encode("utf-8", "replace"))


def safe_name(name: str, suffixes: Sequence[str]) -> bool:
    """Whether a file name from an answer may be used: plain words, relative, no way up."""
    parts = name.split("/")
    return (
        len(name) <= _LONGEST_NAME
        and name.endswith(tuple(suffixes))
        and all(re.fullmatch(r"[A-Za-z0-9_][\w.+-]*", part) for part in parts)
    )


def bounded(found: Iterable[Diagnostic]) -> list[Diagnostic]:
    """The first MOST of these, each once. What may not fail gives way to what does: warnings to errors, and
    errors that a case may allow to the others."""
    distinct = list(dict.fromkeys(found))
    kept = {id(one) for one in sorted(distinct, key=_patience)[:MOST]}
    return [one for one in distinct if id(one) in kept]


def _patience(found: Diagnostic) -> int:
    return 2 if found.severity != "error" else int(found.kind in ALLOWABLE)


def fails(found: Iterable[Diagnostic]) -> bool:
    """Whether an error is among these: where the compiler's exit code says failure, there must be one."""
    return any(one.severity == "error" for one in found)


def stopped(result: sandbox.Result, limits: sandbox.Limits) -> list[Diagnostic]:
    """The diagnostic for a compiler that ran into a limit; none where it ended by itself."""
    said: dict[str, tuple[Kind, str]] = {
        "timeout": ("timeout", f"the compiler was still busy after {limits.seconds:.3g} s of processor time"),
        "memory": ("limit", f"the compiler needed more than {limits.memory >> 20} MB of memory"),
        "processes": ("limit", f"the compiler started more than {limits.processes} processes"),
        "output": ("limit", f"the compiler wrote more than {limits.output >> 10} KB of messages"),
        "disk": ("limit", f"the compiler wrote more than {limits.disk >> 20} MB of files"),
    }
    if not result.killed_by:
        return []
    kind, message = said[result.killed_by]
    return [Diagnostic("error", kind, message)]


def crashed(what: str, result: sandbox.Result) -> CheckCrashed:
    """A compiler that failed and gave no reason that concerns the program."""
    tail = result.text.strip()[-2000:]
    return CheckCrashed(f"{what} ended with {result.returncode} and no diagnosis", hint=tail)


def gave_up(what: str, result: sandbox.Result, files: Sequence[Snippet]) -> list[Diagnostic]:
    """A compiler that failed without a place in the text: the program's fault where the compiler names an error, or
    where the text is nested beyond all reason. Else it broke: CheckCrashed.
    """
    if any(_endless(file.text) for file in files):
        return [TOO_DEEP]
    said = _COMPLAINT.search(result.text)
    if said and not _BROKE.search(result.text):
        return [Diagnostic("error", "type", said[1].strip()[:500])]
    raise crashed(what, result)


def _endless(text: str) -> bool:
    depth = deepest = 0
    for character in re.findall(r"[(\[{)\]}]", text):
        depth = depth + 1 if character in "([{" else max(depth - 1, 0)
        deepest = max(deepest, depth)
    return deepest > 250 or max(map(len, re.split(r"[\n;]", text))) > 20_000


def character_column(line: str, column: int, encoding: str = "utf-8") -> int:
    """From a column counted in code units of `encoding` (bytes, or UTF-16 units) to one counted in characters."""
    unit = 2 if encoding.startswith("utf-16") else 1
    raw = line.encode(encoding, "replace")[: max(column - 1, 0) * unit]
    return len(raw.decode(encoding, "ignore")) + 1


def line_of(snippet: Snippet, line: int) -> str:
    """A line of a snippet, from 1; empty where there is none."""
    return snippet.lines[line - 1] if 0 < line <= len(snippet.lines) else ""


def inside(diagnostic: Diagnostic, snippets: Sequence[Snippet], shift: int = 0) -> Diagnostic:
    """With `shift` lines before the model's text taken off, and the line held within that text."""
    if diagnostic.line is None:
        return diagnostic
    lines = snippets[diagnostic.file].lines
    last = max(len(lines) - (lines[-1] == ""), 1)
    line = diagnostic.line - shift
    return replace(diagnostic, line=min(max(line, 1), last), column=diagnostic.column if 0 < line <= last else None)
