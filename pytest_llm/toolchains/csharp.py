"""C#: the compiler of the .NET SDK, which writes an assembly that nobody runs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import islice
from time import monotonic

from pytest_llm.sandbox import sandbox, scratch
from pytest_llm.sandbox.walls import Walls
from pytest_llm.syntax.outline import Outline, read
from pytest_llm.toolchains import base, dotnet
from pytest_llm.toolchains.completed import Around, Completed
from pytest_llm.toolchains.csharp_conditions import kept
from pytest_llm.toolchains.csharp_missing import (
    UNKNOWN,
    Missing,
    is_of_library,
    missing,
    stand_ins,
    without_parents,
)
from pytest_llm.toolchains.csharp_names import IMPLICIT, usings
from pytest_llm.toolchains.scaffold import Scaffolded, Style, completions, errors

_SAID = re.compile(r"^(?:([^():\n]+)\((\d+),(\d+)\+?\): )?(?:fatal )?(error|warning) (CS\d+): (.*)$")
_ALWAYS = ("-nologo", "-noconfig", "-nostdlib+", "-unsafe+", "-out:.out.dll")
_USINGS, _STAND_INS = ".usings.cs", ".missing.cs"  # no file of an answer begins with a point
_ROUNDS = 6  # times that stand-ins are made for what is missing: types of the third file show behind the second's
# Of the parser: https://learn.microsoft.com/dotnet/csharp/language-reference/compiler-messages, by their numbers.
_SYNTAX = (
    *(range(1001, 1045), range(1055, 1058), range(1073, 1074), range(1513, 1527), range(1528, 1536)),
    *(range(1547, 1548), range(1551, 1554), range(1576, 1579), range(1585, 1586), range(1597, 1598)),
    *(range(1646, 1647), range(1733, 1734), range(8025, 8026), range(8076, 8077), range(8086, 8090)),
    *(range(8124, 8125), range(8180, 8181), range(8300, 8301), range(8635, 8636), range(8803, 8804)),
    *(range(8997, 9010),),
)
_UNDEFINED = UNKNOWN | {"CS0117", "CS0432", "CS1061"}
_UNUSED = frozenset({"CS0067", "CS0164", "CS0168", "CS0169", "CS0219", "CS0414", "CS0649", "CS8019"})
_TOO_DEEP = frozenset({"CS8078", "CS8103"})  # an expression too long to compile, too many texts
_NO_MAIN, _NO_LIBRARY = "CS5001", "CS8805"  # what is said of a program without an entry, and of a library with one
# Where no place is told: of the compiler's own files, or of the words that it is called with.
_OWN = re.compile(r"CS(?:0006|0009|0016|0518|1705|2\d\d\d)$")
_LINE = re.compile(r"^[ \t]*#[ \t]*line\b[^\n]*", re.MULTILINE)
_AT_TOP = frozenset({"statement", "either", "function", "error"})
_NAME = "Statements{}"


class CSharp(Scaffolded):
    name = "C#"
    languages = ("csharp",)
    program = "dotnet"
    sound = "using System;\nclass A { double x = Math.Abs(1.5); }\n"
    install = dotnet.INSTALL
    style = Style()

    def __init__(self, given: dotnet.Compiler | None = None) -> None:
        """given: the compiler; None: that of the newest SDK."""
        self._given = given

    @property
    def compiler(self) -> dotnet.Compiler:
        """Raises Unsupported where none is new enough."""
        return self._given or self._found

    @cached_property
    def _found(self) -> dotnet.Compiler:
        return dotnet.find(IMPLICIT.split())

    def find(self) -> str:
        return self.compiler.version

    def forget(self) -> None:
        super().forget()
        self.__dict__.pop("_found", None)

    def whole(self, outline: Outline) -> bool:
        return "Main" in outline.all("method")

    def style_for(self, outline: Outline) -> Style:
        """The class around members is named as their constructor is, and static where a method extends a type.

        What the grammar explains stands where its pieces say.
        """
        static = "static " if "this" in outline.all("of_first") else ""
        name = next(iter(outline.all("constructor")), "Snippet")
        members = Around(f"{static}class {name} {{\n")
        kind = "async System.Threading.Tasks.Task" if outline.all("await") else "void"
        others = (members,) if outline.broken else ()
        return Style(Around(f"{static}{kind} {_NAME}() {{\n"), members, others=others)

    def tries(self, text: str, outline: Outline) -> Iterator[Completed]:
        """Functions among statements are members, or stand in a function with them and see their variables. Where
        something is given back, the function around gives back anything."""
        imports, style = "" if outline.all("import") else self.imports(outline), self.style_for(outline)
        styles = [style]
        if {"statement", "function"} <= outline.kinds:
            styles.append(replace(style, inner=True))
        if returning := _returning(outline):
            styles.append(replace(style, function=returning))
        made = (one for style in styles for one in completions(text, outline, style, imports))
        yield from {one.text: one for one in made}.values()

    def imports(self, outline: Outline) -> str:
        return usings(outline)

    def lacking(self, found: Sequence[base.Diagnostic]) -> bool:
        return any(one.kind != "missing-dependency" for one in errors(found))

    def distance(self, found: Sequence[base.Diagnostic]) -> tuple[int, ...]:
        """What .NET brings is known before anything else counts: behind a declaration with an unknown name the
        compiler does not read on."""
        broken, wrong, *rest = super().distance(found)
        return (broken, wrong, sum(map(is_of_library, errors(found))), *rest)

    def compile(self, files: Sequence[base.Snippet], options: base.Options) -> list[base.Diagnostic]:
        """What is wrong as it stands; and behind what is missing, with something in its place."""
        named = [
            replace(file, name=file.name or f"snippet{index or ''}.cs", text=_LINE.sub(_blank, file.text))
            for index, file in enumerate(files)
        ]
        outlines = [read(file.text, "csharp") or Outline() for file in named]
        limits, lost, made, owed = sandbox.Limits(seconds=options.seconds), Missing(), "", list[base.Diagnostic]()
        started = monotonic()
        for _ in range(_ROUNDS):
            found = self._built(named, outlines, made, limits)
            lost = missing(errors(found), named, outlines, lost)
            found = [_explained(one, lost, named) for one in found]
            before, made = (named, made), stand_ins(lost, named, outlines)
            named = without_parents(found, named)
            if (named, made) == before:
                break
            owed += [one for one in found if one.kind == "missing-dependency"]
            limits = replace(limits, seconds=base.remaining(options, started).seconds)
        return base.bounded(base.inside(one, named) for one in (*owed, *found))

    def left(self, snippets: Sequence[base.Snippet], options: base.Options) -> Sequence[base.Snippet]:
        """What conditions leave."""
        defined = (flag.removeprefix("-define:") for flag in self.compiler.flags if flag.startswith("-define:"))
        symbols = frozenset(symbol for flag in defined for symbol in flag.split(";"))
        return [replace(one, text=kept(base.clean(one).text, symbols)) for one in snippets]

    def _built(
        self,
        files: Sequence[base.Snippet],
        outlines: Sequence[Outline],
        more: str,
        limits: sandbox.Limits,
    ) -> list[base.Diagnostic]:
        """What is said of a program, or a library, as the files are one. more: a file of ours beside them."""
        target = "exe" if any(map(_starts, outlines)) else "library"
        found = self._said(files, more, target, limits)
        codes = {one.code for one in found}
        if _NO_MAIN in codes or _NO_LIBRARY in codes:
            return self._said(files, more, "library" if _NO_MAIN in codes else "exe", limits)
        return found

    def _said(
        self, files: Sequence[base.Snippet], more: str, target: str, limits: sandbox.Limits
    ) -> list[base.Diagnostic]:
        compiler = self.compiler
        own = {_USINGS: "".join(f"global using {name};\n" for name in compiler.implicit), _STAND_INS: more}
        ours = [base.Snippet(text, name) for name, text in own.items() if text]
        walls = Walls(readonly=compiler.shown, env=compiler.env)
        with scratch.folder() as folder:
            base.write([*files, *ours], folder)
            references = [f"-r:{path}" for path in compiler.references]
            names = [file.name for file in (*files, *ours)]
            argv = [*compiler.command, *_ALWAYS, *compiler.flags, f"-target:{target}", *references, *names]
            result = sandbox.run(argv, folder=folder, walls=walls, limits=limits)
        found = self._parsed(result, files)
        if result.killed_by:
            return [*found, *base.stopped(result, limits)]
        if result.returncode and not base.fails(found):
            return base.gave_up("the C# compiler", result, files)
        return found

    def _parsed(self, result: sandbox.Result, files: Sequence[base.Snippet]) -> list[base.Diagnostic]:
        """Raises Damaged where the compiler, or .NET's library, is not whole."""
        places = {file.name: index for index, file in enumerate(files)}
        found = list[base.Diagnostic]()
        for said in filter(None, map(_SAID.match, result.text.splitlines())):
            if said[4] == "error" and (said[1] == _USINGS or (not said[1] and _OWN.match(said[5]))):
                raise base.Damaged(f"{self.find()} is not whole: {said[6]}", hint=self.install)
            if not said[1] or said[1] in places:
                found.append(_diagnostic(said, places.get(said[1] or "", 0), files))
            elif said[4] == "error":  # in what stands in for what is missing
                found.append(base.Diagnostic("error", "missing-dependency", said[6], code=said[5]))
        return list(islice(found, base.READ))


def _diagnostic(said: re.Match[str], index: int, files: Sequence[base.Snippet]) -> base.Diagnostic:
    """One of the compiler's lines. Its columns count UTF-16 units."""
    severity: base.Severity = "error" if said[4] == "error" else "warning"
    line = int(said[2]) if said[1] else None
    text = base.line_of(files[index], line or 0)
    column = base.character_column(text, int(said[3]), "utf-16-le") if said[1] else None
    return base.Diagnostic(severity, _kind(said[5], severity), said[6], index, line, column, said[5])


def _kind(code: str, severity: base.Severity) -> base.Kind:
    if severity == "warning":
        return "unused" if code in _UNUSED else "lint"
    if code in _TOO_DEEP:
        return "limit"
    if any(int(code[2:]) in numbers for numbers in _SYNTAX):
        return "syntax"
    return "undefined" if code in _UNDEFINED else "type"


def _explained(found: base.Diagnostic, lost: Missing, files: Sequence[base.Snippet]) -> base.Diagnostic:
    """What follows from a package that is not here is called so."""
    line = base.line_of(files[found.file], found.line or 0)
    owed = found.severity == "error" and found.kind != "syntax" and lost.explains(found, line)
    return replace(found, kind="missing-dependency") if owed else found


def _starts(outline: Outline) -> bool:
    """Whether a file is where a program begins: with a `Main`, or with statements at its top."""
    return "Main" in outline.all("static") or bool(outline.kinds & _AT_TOP)


def _returning(outline: Outline) -> Around | None:
    """A function that gives back anything; None where nothing is given back, or no statement could be what does."""
    if not outline.kinds & {"statement", "either"}:
        return None
    if outline.all("yield"):
        return Around(f"System.Collections.Generic.IEnumerable<object> {_NAME}() {{\n")
    if not outline.all("return"):
        return None
    kind = "async System.Threading.Tasks.Task<object>" if outline.all("await") else "object"
    return Around(f"{kind} {_NAME}() {{\n", "\nreturn null;\n}\n")


def _blank(found: re.Match[str]) -> str:
    """As many characters that say nothing."""
    return " " * len(found[0])
