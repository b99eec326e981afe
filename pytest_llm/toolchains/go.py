"""Go: the compiler and vet, asked directly. `go build` would link, and look up every import anew, for each file."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import islice
from pathlib import Path

from pytest_llm.errors import CheckCrashed, Unsupported
from pytest_llm.sandbox import environment, programs, sandbox, scratch
from pytest_llm.sandbox.walls import Walls
from pytest_llm.syntax.outline import Outline
from pytest_llm.toolchains import base
from pytest_llm.toolchains.completed import Around, Completed
from pytest_llm.toolchains.go_missing import UNDEFINED, missing
from pytest_llm.toolchains.go_packages import File, Package, grouped, leads_to, name_of, ordered, prepare
from pytest_llm.toolchains.scaffold import Scaffolded, Style, completions

_PLACE = re.compile(r"^(?:vet: )?(.+?\.go):(\d+)(?::(\d+))?: (.*)$")
_NOT_HERE = 'the package "{}" is not here'
_ABSENT = re.compile(_NOT_HERE.replace("{}", "(.+)"))
_UNREAD = re.compile(r"could not import (\S+) \(")
_RETURNS = (3, 2, 1)
_KINDS: tuple[tuple[str, base.Kind], ...] = (
    (
        r"declared (?:and|but) not used|imported and not used|imported as .* and not used"
        r"|label .* defined and not used",
        "unused",
    ),
    (r"could not import|no required module|go:embed|cgo", "missing-dependency"),
    (
        r"^syntax error|^invalid (NUL )?character|^invalid (UTF-8|BOM)|not terminated|illegal|has no digits",
        "syntax",
    ),
    (r"\bundefined\b|is undeclared|label .* not defined|unexported|not exported", "undefined"),
)


class Go(Scaffolded):
    name = "Go"
    languages = ("go",)
    program = "go"
    sound = 'package a\n\nimport "fmt"\n\nvar X = fmt.Sprint(1)\n'
    install = "sudo apt-get install golang-go"
    style = Style(Around("func _() {\n"), outside=True)

    def __init__(self) -> None:
        self._exports: dict[tuple[Path | None, str], dict[str, str]] = {}
        self._lock = threading.Lock()

    def find(self) -> str:
        return base.version(self.path, "version")

    @cached_property
    def _places(self) -> dict[str, str]:
        argv = [str(self.path), "env", "-json", "GOROOT", "GOTOOLDIR", "GOMODCACHE", "GOVERSION"]
        try:
            places: dict[str, str] = json.loads(programs.ask(argv, env=_environment()))
        except (OSError, subprocess.SubprocessError) as error:
            said = str(getattr(error, "stderr", None) or error).strip()
            raise Unsupported(f"{self.path} does not run: {said}", self.install) from None
        return places

    @cached_property
    def _standard(self) -> frozenset[str]:
        """The packages of the standard library that a program may import."""
        names = self._go(["list", "std"]).split()
        return frozenset(n for n in names if not re.search(r"(^|/)(internal|vendor)(/|$)", n)) | {"unsafe"}

    def whole(self, outline: Outline) -> bool:
        """A text with a package clause is a file."""
        return bool(outline.all("package"))

    def style_for(self, outline: Outline) -> Style:
        """The function around statements gives back as many values as they do; in it none need be given back."""
        counts = (n for name in ("own_return", "return") for n in _RETURNS if outline.all(f"{name}_{n}"))
        number = next(counts, 0)
        return replace(self.style, function=_returning(number)) if number else self.style

    def tries(self, text: str, outline: Outline) -> Iterator[Completed]:
        """Where a call is given back, it may bring two values: mostly one and an error."""
        yield from super().tries(text, outline)
        if outline.all("return_call"):
            yield from completions(text, outline, replace(self.style, function=_returning(2)), "")

    def compile(self, files: Sequence[base.Snippet], options: base.Options) -> list[base.Diagnostic]:
        sources = [
            prepare(index, file, file.name or f"snippet{index or ''}.go", self._standard)
            for index, file in enumerate(files)
            if file.name.endswith(".go") or not file.name
        ]
        packages, found = ordered(grouped(sources))
        if found:
            return found
        try:
            return self._compiled(packages, sources, files, options)
        except base.Damaged:
            self.forget()
        return self._compiled(packages, sources, files, options)

    def forget(self) -> None:
        """Where the toolchain and what it has built lie is asked anew."""
        super().forget()
        with self._lock:
            self._exports.clear()
            for name in ("_places", "_standard"):
                self.__dict__.pop(name, None)

    def _compiled(
        self, packages: list[Package], sources: list[File], files: Sequence[base.Snippet], options: base.Options
    ) -> list[base.Diagnostic]:
        exports = self._exports_for(packages, options.module)
        with scratch.folder() as folder:
            base.write([source.whole for source in sources], folder)
            script = "\n".join(self._commands(number, packages, exports, folder) for number in range(len(packages)))
            limits = sandbox.Limits(seconds=options.seconds)
            walls = Walls(readonly=(Path(self._places["GOROOT"]), _cache()), env={"GOMAXPROCS": "2"})
            result = sandbox.run(["/bin/sh", "-c", script + "\nwait"], folder=folder, walls=walls, limits=limits)
            self._expect_whole(result, exports)
            found = self._parse(result, folder, sources, files)
        return [*found, *base.stopped(result, limits)]

    def _commands(self, number: int, packages: list[Package], exports: dict[str, str], folder: Path) -> str:
        """Compile one package; vet it meanwhile, for it needs only what was compiled before.

        Our own files begin with a point, as no file of an answer does.
        """
        package, tools = packages[number], Path(self._places["GOTOOLDIR"])
        known = dict(exports)
        for path in package.imports:
            for earlier, other in enumerate(packages[:number]):
                if other.is_meant_by(path):
                    known[path] = str(folder / f".{earlier}.a")
        config = "".join(f"packagefile {path}={file}\n" for path, file in known.items())
        (folder / f".{number}.imports").write_text(config)
        names = [file.path for file in package.files]
        vet = {
            "ID": package.name, "Compiler": "gc", "Dir": str(folder), "ImportPath": package.name,
            "GoFiles": [str(folder / name) for name in names], "ImportMap": {path: path for path in known},
            "PackageFile": known, "Standard": dict.fromkeys(exports, True), "PackageVetx": {},
            "VetxOnly": False, "VetxOutput": str(folder / f".{number}.vetx"),
            "GoVersion": self._places["GOVERSION"].partition("-")[0].partition(" ")[0],
            "SucceedOnTypecheckFailure": True,
        }  # fmt: skip
        (folder / f".{number}.cfg").write_text(json.dumps(vet))
        flags = ["-e", "-complete", "-p", package.name, "-importcfg", f".{number}.imports", "-o", f".{number}.a"]
        compile_ = shlex.join([str(tools / "compile"), *flags, "--", *names])
        return f"{shlex.join([str(tools / 'vet'), f'.{number}.cfg'])} >&2 &\n{compile_} || echo exit: $?"

    def _expect_whole(self, result: sandbox.Result, exports: Mapping[str, str]) -> None:
        """Raises Damaged where the compiler could not read what it was given: others share that cache."""
        for path in _UNREAD.findall(result.text):
            if path in exports:
                hint = f"the cache {_cache()} may be damaged: remove it"
                raise base.Damaged(f"Go's compiled package {path!r} cannot be read", hint=hint)

    def _exports_for(self, packages: Iterable[Package], module: Path | None) -> dict[str, str]:
        """Where the compiled form of each package of the standard library (or the module) lies that is imported."""
        wanted = {path for package in packages for path in package.imports} - {"C", "unsafe"}
        wanted = {path for path in wanted if re.fullmatch(r"[\w./~-]+", path) and path[0] not in "./-"}
        if module is None:
            wanted &= self._standard
        found: dict[str, str] = {}
        with self._lock:
            for path in sorted(wanted):
                if not _all_there(self._exports.get((module, path))):
                    self._load(sorted(wanted), module)
                found |= self._exports[module, path]
        return found

    def _load(self, wanted: list[str], module: Path | None) -> None:
        form = '{{.ImportPath}}={{.Export}}={{join .Deps " "}}'
        errors = [] if module is None else ["-e"]  # which hides what could not be built
        arguments = ["list", *errors, "-export", "-deps", "-f", form, "--", *wanted]
        rows = [line.split("=", 2) for line in self._go(arguments, module).splitlines()]
        files = {path: file for path, file, _ in rows if file}
        found = {path: {p: files[p] for p in (path, *needs.split()) if p in files} for path, _, needs in rows}
        for path in wanted:
            if not _all_there(found.setdefault(path, {})) or (path in self._standard and path not in files):
                raise base.Damaged(f"go could not build {path!r} in {_cache()}")
        self._exports |= {(module, path): needed for path, needed in found.items()}

    def _go(self, arguments: list[str], module: Path | None = None) -> str:
        """What the go command prints; about the user's module it is asked in the sandbox, offline."""
        argv = [str(self.path), *arguments]
        if module is None:
            try:
                return programs.ask(argv, seconds=600, env=_environment())
            except (OSError, subprocess.SubprocessError) as error:
                said = str(getattr(error, "stderr", None) or error).strip()
                raise CheckCrashed("go could not list its standard library", hint=said[-2000:]) from None
        places = [Path(self._places[name]) for name in ("GOROOT", "GOMODCACHE")]
        walls = Walls(
            readonly=(*(place for place in places if place.exists()), module),
            writable=(_cache(),),
            env=environment.allowed("tool")
            | _environment()
            | {"GO111MODULE": "on", "GOMODCACHE": self._places["GOMODCACHE"]},
        )
        limits = sandbox.Limits(seconds=600, output=16 << 20)
        with scratch.folder() as work:
            argv = ["/bin/sh", "-c", 'cd "$0" && exec "$@"', str(module), *argv]
            result = sandbox.run(argv, folder=work, walls=walls, limits=limits)
        if result.returncode:
            raise CheckCrashed(f"go could not read the module {module}", hint=result.text.strip()[-2000:])
        return result.stdout.decode("utf-8", "replace")

    def _parse(
        self, result: sandbox.Result, folder: Path, sources: list[File], files: Sequence[base.Snippet]
    ) -> list[base.Diagnostic]:
        output, notes = (
            raw.decode("utf-8", "replace").replace(f"{folder}/", "") for raw in (result.stdout, result.stderr)
        )
        broke = "internal compiler error" in output or "goroutine stack exceeds" in output
        said = self._explained(self._diagnostics(output, sources, "error"), sources)
        failed = result.returncode or "exit: " in output
        if broke or (not said and failed and not result.killed_by):
            return base.gave_up("the Go compiler", result, files)
        if not said:
            said = self._diagnostics(notes, sources, "warning")
        of_files = {source.index: source.completed for source in sources}
        told = (one for index in of_files for one in of_files[index].told(d for d in said if d.file == index))
        return base.bounded(base.inside(one, files) for one in told)

    def _explained(self, said: list[base.Diagnostic], sources: Sequence[File]) -> list[base.Diagnostic]:
        """What follows from a package that is not here is called so."""
        absent = {path[1] for one in said if (path := _ABSENT.fullmatch(one.message))}
        if not absent:
            return said
        undefined = {name[1] for one in said if (name := UNDEFINED.fullmatch(one.message))}
        outlines = [source.outline for source in sources]
        lost = missing(outlines, absent, undefined, set(map(name_of, self._standard)))
        return [replace(one, kind="missing-dependency") if lost.explains(one.message) else one for one in said]

    def _diagnostics(self, said: str, sources: Sequence[File], severity: base.Severity) -> list[base.Diagnostic]:
        """The first of what was said, in the places of what was compiled."""
        places = {source.path: source for source in sources}
        found = (_diagnostic(line, places, severity, self._standard) for line in dict.fromkeys(said.splitlines()))
        return list(islice(filter(None, found), base.READ))


def _all_there(exports: Mapping[str, str] | None) -> bool:
    """Whether a package was asked for, and all that it needs still lies there: the cache is trimmed at times."""
    return exports is not None and all(map(os.path.exists, exports.values()))


def _environment() -> dict[str, str]:
    """Of the go command where it prepares what snippets import: its own cache, no network, no C."""
    return {
        "GOCACHE": str(_cache()), "GO111MODULE": "off", "GOPROXY": "off", "GOFLAGS": "", "GOTOOLCHAIN": "local",
        "CGO_ENABLED": "0", "GOENV": "off", "GOWORK": "off", "GOTELEMETRY": "off",
    }  # fmt: skip


def _cache() -> Path:
    return programs.kept("go-build")


def _diagnostic(
    text: str, places: dict[str, File], severity: base.Severity, standard: frozenset[str]
) -> base.Diagnostic | None:
    place = _PLACE.match(text)
    if not place or place[1] not in places:
        return None
    source, line, message = places[place[1]], int(place[2]), place[4]
    kind: base.Kind = "lint" if severity == "warning" else _kind(message)
    column = base.character_column(base.line_of(source.whole, line), int(place[3] or 1))
    found = base.Diagnostic(severity, kind, message, source.index, line, column)
    missing = re.match(r"could not import (\S+)", message)
    if missing is None:
        return found
    if any(leads_to(file.directory, missing[1]) for file in places.values()):
        return None  # a package of the answer itself, which has errors of its own
    return _not_there(missing[1], found, standard)


def _kind(message: str) -> base.Kind:
    return next((kind for pattern, kind in _KINDS if re.search(pattern, message)), "type")


def _not_there(path: str, found: base.Diagnostic, standard: frozenset[str]) -> base.Diagnostic:
    """An import that cannot be had: a module of others, or a name that the standard library never had."""
    first = path.partition("/")[0]
    own = "." not in first and ("/" not in path or any(name.partition("/")[0] == first for name in standard))
    if path == "C":
        message = 'import "C" needs cgo, which is never run on a model\'s code'
    elif own:
        return replace(found, kind="undefined", message=f'no package "{path}" in Go\'s library', column=None)
    else:
        message = _NOT_HERE.format(path)
    return replace(found, kind="missing-dependency", message=message, column=None)


def _returning(number: int) -> Around:
    """A function with so many results of any kind. They have names, so that a bare return is right too."""
    return Around(f"func _() ({', '.join('_' * number)} any) {{\n", "\npanic(0)\n}\n")
