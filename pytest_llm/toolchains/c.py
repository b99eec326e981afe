"""C and C++: gcc's front end alone, nothing assembled."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from time import monotonic
from typing import ClassVar

from pytest_llm.errors import CheckCrashed
from pytest_llm.sandbox import sandbox, scratch
from pytest_llm.sandbox.walls import Walls
from pytest_llm.syntax.outline import Outline, every, read
from pytest_llm.toolchains import base, c_files
from pytest_llm.toolchains.c_kinds import ABSENT, kind_of
from pytest_llm.toolchains.c_missing import told, unknown_types
from pytest_llm.toolchains.c_names import bare, headers_of
from pytest_llm.toolchains.c_stand_ins import stand_ins
from pytest_llm.toolchains.completed import Around
from pytest_llm.toolchains.precompiled import Precompiled
from pytest_llm.toolchains.scaffold import Scaffolded, Style

_SAID = re.compile(r"^([^:\n]+):(\d+):(?:(\d+):)? (fatal error|error|warning): (.*?)(?: \[(-W[^\]]*)\])?$")
_AT_LARGE = re.compile(r"^cc1(?:plus)?: (?:fatal )?error: (.*)$")
_HERE = re.compile(r"^([^:\n]+):(\d+):(\d+):\s+required from here")
_BROKE = re.compile(r"internal compiler error|Please submit a full bug report")
_UNREACHED = "no file includes this one: it is not compiled"
_HIDES = re.compile(r"^#pragma (?:GCC|clang) diagnostic[^\n]*", re.MULTILINE)
_MOST_WITHOUT = 500  # errors where headers are absent: those that are not owed to them may come late
_ROUNDS = 3  # of types that stand in: where one does, the compiler reads on, and meets the next
_EARLIER = "gnu++17"
_NEWER = re.compile(
    r"\b(?:concept|requires|co_\w+|consteval|constinit|char8_t|ranges|views|span|format|jthread)\b|<=>|\b__c(?:plusplus|pp_\w+)\b|\bmodule;"
)
_NAMED = {"c": "c", "cpp": "c++"}  # by gcc's option -x
_STUBS = "not-here"  # a folder of empty headers a round: one may be called as the folder of another is


@dataclass(frozen=True)
class _Asked:
    """What gcc is asked of: files in a folder. words: the options, and the names of those that are compiled."""

    folder: Path
    files: Sequence[base.Snippet]
    words: Sequence[str]
    walls: Walls
    limits: sandbox.Limits

    def after(self, result: sandbox.Result) -> _Asked:
        """The same, in the time that is left."""
        left = max(self.limits.seconds - result.seconds, 1)
        return replace(self, limits=replace(self.limits, seconds=left))


class C(Scaffolded):
    name: ClassVar[str] = "C"
    languages: ClassVar[tuple[str, ...]] = ("c",)
    program: ClassVar[str] = "gcc"
    sound: ClassVar[str] = '#include <stdio.h>\nint main(void) { puts(""); }\n'
    install: ClassVar[str] = "sudo apt-get install gcc libc6-dev"
    suffix: ClassVar[str] = ".c"
    preprocessed: ClassVar[str] = ".i"
    one_pass = True
    style: ClassVar[Style] = Style(Around("int main{}(void) {\n"), ordered=True)
    standard: ClassVar[str] = ""  # the compiler's own
    # What gcc 14 refuses is refused by the older ones too, so that a verdict does not depend on the machine.
    flags: ClassVar[tuple[str, ...]] = tuple(
        f"-Werror={name}"
        for name in (
            "implicit-function-declaration",
            "implicit-int",
            "int-conversion",
            "incompatible-pointer-types",
        )
    )

    def __init__(self) -> None:
        self._precompiled = Precompiled(f"{_NAMED[self.languages[0]]}-header")

    def misses_own(self, message: str) -> bool:
        absent = ABSENT.match(message)
        return absent is not None and absent[1] in headers_of(self.languages[0]).values()

    def forget(self) -> None:
        super().forget()
        self._precompiled.forget()

    def imports(self, outline: Outline) -> str:
        words = outline.all("used") | {word for macro in outline.all("macro") for word in re.findall(r"\w+", macro)}
        headers = headers_of(self.languages[0])
        used = {headers[word] for word in words - outline.all("defined") if word in headers}
        return "".join(f"#include <{header}>\n" for header in sorted(used))

    def compile(self, files: Sequence[base.Snippet], options: base.Options) -> list[base.Diagnostic]:
        files = [c_files.neutral(file) for file in files]
        named, flags = self._named(files), self._flags(options)
        flags += [f"-I{folder}" for folder in c_files.include_folders(named)]
        sources, left_out = c_files.parted(c_files.sources(named))
        if c_files.is_part(sources[0]):
            flags = [*flags, "-x", _NAMED[self.languages[0]]]
        begun = self._begun(files[0].text, flags, options) if len(files) == 1 else []
        with scratch.folder() as folder:
            base.write(named, folder)
            limits = sandbox.Limits(seconds=options.seconds)
            asked = _Asked(folder, named, [*flags, *begun, *sources], self._walls(options), limits)
            found = self._until_it_stops(asked)
            if not base.fails(found) and any("diagnostic" in c_files.joined(file.text) for file in files):
                names = [self._unhidden(folder, name, flags, options) for name in sources]
                found = self._until_it_stops(replace(asked, words=[*flags, *names]))
            told = [
                base.Diagnostic("warning", "lint", _UNREACHED, c_files.index_of(named, name), 1)
                for name in left_out
            ]
            return base.bounded([*found, *told])

    def left(self, snippets: Sequence[base.Snippet], options: base.Options) -> Sequence[base.Snippet]:
        """What the preprocessor leaves of the files' own lines, their macros among them."""
        files = self._named([c_files.neutral(base.clean(snippet)) for snippet in snippets])
        if not c_files.conditional(files):
            return snippets
        with scratch.folder() as folder:
            base.write(files, folder)
            flags = [*self._flags(options), *(f"-I{place}" for place in c_files.include_folders(files))]
            argv = [str(self.path), "-E", "-dD", *flags, "-I.", *c_files.sources(files)]
            limits = sandbox.Limits(seconds=options.seconds, output=64 << 20)
            result = sandbox.run(argv, folder=folder, walls=self._walls(options), limits=limits)
        if result.returncode:
            return snippets
        return [
            base.Snippet(
                "\n".join(
                    c_files.own_lines(result.stdout.decode("utf-8", "replace"), {file.name for file in files})
                )
            )
        ]

    def _named(self, files: Sequence[base.Snippet]) -> list[base.Snippet]:
        return [replace(f, name=f.name or f"snippet{index or ''}{self.suffix}") for index, f in enumerate(files)]

    def _flags(self, options: base.Options) -> list[str]:
        standard = options.standard or self.standard
        return [f"-std={standard}"] if standard else []

    def _begun(self, text: str, flags: list[str], options: base.Options) -> list[str]:
        """The words that bring the headers which the text begins with. clang names them otherwise."""
        if "clang" in self.find():
            return []
        argv = [str(self.path), "-Wall", *self.flags, *flags]
        library = frozenset(headers_of(self.languages[0]).values())
        return self._precompiled.words(text, argv, self._walls(options), library)

    def _walls(self, options: base.Options) -> Walls:
        return base.walls(self.path, options, scratch.shown())

    def _unhidden(self, folder: Path, name: str, flags: list[str], options: base.Options) -> str:
        """The file after the preprocessor, without the pragmas that would turn our errors off, if it has any.

        They may come out of macros, so the preprocessor has its turn first.
        """
        argv = [str(self.path), "-E", *flags, "-I.", name]
        limits = sandbox.Limits(output=64 << 20)
        result = sandbox.run(argv, folder=folder, walls=self._walls(options), limits=limits)
        text = result.stdout.decode("utf-8", "replace")
        if result.returncode or not _HIDES.search(text):
            return name
        out = f"{name}{self.preprocessed}"
        (folder / out).write_text(_HIDES.sub("#", text), encoding="utf-8")
        return out

    def _until_it_stops(self, asked: _Asked) -> list[base.Diagnostic]:
        """A missing header ends the compiler's work: an empty one takes its place, so that the rest is seen."""
        absent: list[base.Diagnostic] = []
        for number in range(20):
            result = self._run(asked)
            if _BROKE.search(result.text):
                return base.gave_up(self.name, result, asked.files)
            found = self._parse(result, asked.files)
            if result.killed_by:
                return [*absent, *found, *base.stopped(result, asked.limits)]
            lost = [one for one in found if ABSENT.match(one.message)]
            if not lost or not all(_stub(asked.folder / f"{_STUBS}-{number}", one) for one in lost):
                break
            absent += lost
            asked = asked.after(result)
        if result.returncode and not base.fails(found):
            return base.gave_up(self.name, result, asked.files)
        return [*absent, *self._without(asked, absent, found)] if absent else found

    def _without(
        self, asked: _Asked, absent: Sequence[base.Diagnostic], found: list[base.Diagnostic]
    ) -> list[base.Diagnostic]:
        """What is said without these headers. Where types are unknown the compiler passes over whole functions, so
        others stand in for them."""
        language, files, library = self.languages[0], asked.files, headers_of(self.languages[0])
        outlines = [read(file.text, language) or Outline() for file in files]
        project = any('"' in base.line_of(files[one.file], one.line or 0) for one in absent)
        judge = partial(told, files=files, outlines=outlines, library=library, project=project)
        found = judge(found)
        known: set[str] = set()
        own = every(outlines, "defined")
        header = asked.folder / f"{_STUBS}-0" / absent[0].message.partition(":")[0]
        text = ""
        for _ in range(_ROUNDS):
            known |= unknown_types(found, outlines, library)
            before, text = text, stand_ins(known, own, files, outlines, language)
            if text == before:
                break
            header.write_text(text, "utf-8")
            result = self._run(asked)
            if result.killed_by or _BROKE.search(result.text):  # by what stands in
                break
            asked, found = asked.after(result), judge(self._parse(result, files), types=known)
        return found

    def _run(self, asked: _Asked) -> sandbox.Result:
        stubs = [f"-I{stubs.name}" for stubs in sorted(asked.folder.glob(f"{_STUBS}-*"))]
        argv = [
            str(self.path), "-fsyntax-only", "-Wall", *self.flags, "-I.", *stubs,
            f"-fmax-errors={_MOST_WITHOUT if stubs else 50}",
            *(["-ftrack-macro-expansion=0"] if stubs else []),  # what a macro brings is where it is used
            "-fno-diagnostics-show-caret", "-fdiagnostics-color=never", "-fdiagnostics-column-unit=byte",
            *asked.words,
        ]  # fmt: skip
        result = sandbox.run(argv, folder=asked.folder, walls=asked.walls, limits=asked.limits)
        if "unrecognized command-line option" in result.text:
            raise CheckCrashed(f"{self.program} does not know an option", hint=result.text.strip()[:1000])
        return result

    def _parse(self, result: sandbox.Result, files: Sequence[base.Snippet]) -> list[base.Diagnostic]:
        places = {file.name: index for index, file in enumerate(files)}
        found: list[base.Diagnostic] = []
        here: re.Match[str] | None = None
        for line in result.text.splitlines():
            here = _HERE.match(line) or here
            said = _SAID.match(line)
            if not said:
                if at_large := _AT_LARGE.match(line):
                    found.append(base.Diagnostic("error", kind_of(at_large[1]), at_large[1]))
                continue
            if said[5] == "#pragma once in main file":
                continue
            place = said if said[1].removeprefix("./") in places else here
            if place is not None and place[1] in places:
                found.append(_diagnostic(said, place, places[place[1]], files))
            elif said[4] != "warning":
                found.append(base.Diagnostic("error", "type", f"{said[1]}:{said[2]}: {said[5]}"))
        return found


class Cpp(C):
    name = "C++"
    languages = ("cpp",)
    program = "g++"
    sound = "#include <vector>\nstd::vector<int> x;\n"
    install = "sudo apt-get install g++"
    suffix = ".cpp"
    preprocessed = ".ii"
    standard = "gnu++2a"  # C++20: models write it without saying so, and the compilers of a few years take it
    flags = ()

    def _completed(self, files: Sequence[base.Snippet], options: base.Options) -> list[base.Diagnostic]:
        """By C++17 where nothing looks newer: of the same headers it has half as much to read. Else by C++20.

        Each tries every way to complete a text: the text as it stands lacks the same in both.
        """
        started = monotonic()
        if not options.standard and not any(_NEWER.search(file.text) for file in files):
            found = super()._completed(files, replace(options, standard=_EARLIER))
            if not base.fails(found) or any(one.kind in ("timeout", "limit") for one in found):
                return found
            options = base.remaining(options, started)
        return super()._completed(files, options)

    def imports(self, outline: Outline) -> str:
        """The headers; and `using namespace std` where its names stand bare, and never with it."""
        headers = super().imports(outline)
        return headers + "using namespace std;\n" if headers and bare(outline) else headers


def _diagnostic(
    said: re.Match[str], place: re.Match[str], index: int, files: Sequence[base.Snippet]
) -> base.Diagnostic:
    line, warning = int(place[2]), said[4] == "warning"
    message, option = said[5], said[6] or ""
    kind: base.Kind = "lint" if warning else kind_of(message)
    if warning and option.startswith("-Wunused"):
        kind = "unused"
    found = base.Diagnostic(
        severity="warning" if warning else "error",
        kind=kind,
        message=message,
        file=index,
        line=line,
        column=base.character_column(base.line_of(files[index], line), int(place[3] or 1)),
        code=option,
    )
    return base.inside(found, files)


def _stub(stubs: Path, lost: base.Diagnostic) -> bool:
    """Put an empty header where the missing one was looked for; False where that is no plain name."""
    found = ABSENT.match(lost.message)
    if not found or lost.kind != "missing-dependency" or not base.safe_name(found[1], ("",)):
        return False
    path = stubs / found[1]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    except OSError:  # a name too long for a file
        return False
    return True
