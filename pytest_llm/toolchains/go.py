"""Go: the compiler and vet, asked directly. `go build` would link, and look up every import anew, for each file."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from pytest_llm.errors import CheckCrashed, Unsupported
from pytest_llm.sandbox import environment, programs, sandbox, scratch
from pytest_llm.sandbox.walls import Walls
from pytest_llm.toolchains import base
from pytest_llm.toolchains.go_source import File, prepare

_PLACE = re.compile(r"^(?:vet: )?(.+?\.go):(\d+)(?::(\d+))?: (.*)$")
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


@dataclass(frozen=True)
class _Package:
    """The files of one folder that say the same package name. name: the path it is compiled under."""

    directory: str
    name: str
    files: tuple[File, ...]

    @property
    def imports(self) -> list[str]:
        return list(dict.fromkeys(path for file in self.files for path in file.imports))

    def is_meant_by(self, path: str) -> bool:
        return not self.name.endswith("_test") and _leads_to(self.directory, path)


class Go(base.Toolchain):
    name = "Go"
    languages = ("go",)
    program = "go"
    sound = "package a\n"
    install = "sudo apt-get install golang-go"

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

    def check(self, snippets: Sequence[base.Snippet], options: base.Options) -> list[base.Diagnostic]:
        files = [base.clean(snippet) for snippet in snippets]
        sources = [
            prepare(index, file, file.name or f"snippet{index or ''}.go")
            for index, file in enumerate(files)
            if file.name.endswith(".go") or not file.name
        ]
        packages, found = _ordered(_grouped(sources))
        if found:
            return found
        exports = self._exports_for(packages, options.module)
        with scratch.folder() as folder:
            base.write([base.Snippet(source.text, source.path) for source in sources], folder)
            script = "\n".join(self._commands(number, packages, exports, folder) for number in range(len(packages)))
            limits = sandbox.Limits(seconds=options.seconds)
            walls = Walls(readonly=(Path(self._places["GOROOT"]), _cache()), env={"GOMAXPROCS": "2"})
            result = sandbox.run(["/bin/sh", "-c", script + "\nwait"], folder=folder, walls=walls, limits=limits)
            found = self._parse(result, folder, sources, files)
        return [*found, *base.stopped(result, limits)]

    def _commands(self, number: int, packages: list[_Package], exports: dict[str, str], folder: Path) -> str:
        """Compile one package; vet it meanwhile, for it needs only what was compiled before."""
        package, tools = packages[number], Path(self._places["GOTOOLDIR"])
        known = dict(exports)
        for path in package.imports:
            for earlier, other in enumerate(packages[:number]):
                if other.is_meant_by(path):
                    known[path] = str(folder / f"{earlier}.a")
        config = "".join(f"packagefile {path}={file}\n" for path, file in known.items())
        (folder / f"{number}.imports").write_text(config)
        names = [file.path for file in package.files]
        vet = {
            "ID": package.name, "Compiler": "gc", "Dir": str(folder), "ImportPath": package.name,
            "GoFiles": [str(folder / name) for name in names], "ImportMap": {path: path for path in known},
            "PackageFile": known, "Standard": dict.fromkeys(exports, True), "PackageVetx": {},
            "VetxOnly": False, "VetxOutput": str(folder / f"{number}.vetx"),
            "GoVersion": self._places["GOVERSION"].partition("-")[0].partition(" ")[0],
            "SucceedOnTypecheckFailure": True,
        }  # fmt: skip
        (folder / f"{number}.cfg").write_text(json.dumps(vet))
        flags = ["-e", "-complete", "-p", package.name, "-importcfg", f"{number}.imports", "-o", f"{number}.a"]
        compile_ = shlex.join([str(tools / "compile"), *flags, "--", *names])
        return f"{shlex.join([str(tools / 'vet'), f'{number}.cfg'])} >&2 &\n{compile_} || echo exit: $?"

    def _exports_for(self, packages: Iterable[_Package], module: Path | None) -> dict[str, str]:
        """Where the compiled form of each package of the standard library (or the module) lies that is imported."""
        wanted = {path for package in packages for path in package.imports} - {"C", "unsafe"}
        wanted = {path for path in wanted if re.fullmatch(r"[\w./~-]+", path) and path[0] not in "./-"}
        if module is None:
            wanted &= self._standard
        found: dict[str, str] = {}
        with self._lock:
            for path in sorted(wanted):
                if (module, path) not in self._exports:
                    self._load(sorted(wanted), module)
                found |= self._exports[module, path]
        return found

    def _load(self, wanted: list[str], module: Path | None) -> None:
        form = '{{.ImportPath}}={{.Export}}={{join .Deps " "}}'
        arguments = ["list", "-e", "-export", "-deps", "-f", form, "--", *wanted]
        rows = [line.split("=", 2) for line in self._go(arguments, module).splitlines()]
        files = {path: file for path, file, _ in rows if file}
        for path, _, needs in rows:
            self._exports[module, path] = {p: files[p] for p in (path, *needs.split()) if p in files}
        for path in wanted:
            self._exports.setdefault((module, path), {})

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
        self, result: sandbox.Result, folder: Path, sources: list[File], files: list[base.Snippet]
    ) -> list[base.Diagnostic]:
        said = result.stdout.decode("utf-8", "replace").replace(f"{folder}/", "")
        if "internal compiler error" in said or "goroutine stack exceeds" in said:
            return base.gave_up("the Go compiler", result, files)
        places = {source.path: source for source in sources}
        found = self._diagnostics(said, places, files, "error")
        if not found and "exit: " in said and not result.killed_by:
            return base.gave_up("the Go compiler", result, files)
        if not found and not result.killed_by:
            found = _without_main(sources)
        if not found:
            said = result.stderr.decode("utf-8", "replace").replace(f"{folder}/", "")
            found = self._diagnostics(said, places, files, "warning")
        return found

    def _diagnostics(
        self, said: str, places: dict[str, File], files: list[base.Snippet], severity: base.Severity
    ) -> list[base.Diagnostic]:
        found = (_diagnostic(line, places, files, severity, self._standard) for line in said.splitlines())
        return base.bounded(filter(None, found))


def _leads_to(directory: str, path: str) -> bool:
    """Whether an import path means this folder of the answer."""
    return bool(directory) and (path == directory or path.endswith("/" + directory))


def _environment() -> dict[str, str]:
    """Of the go command where it prepares what snippets import: its own cache, no network, no C."""
    return {
        "GOCACHE": str(_cache()), "GO111MODULE": "off", "GOPROXY": "off", "GOFLAGS": "", "GOTOOLCHAIN": "local",
        "CGO_ENABLED": "0", "GOENV": "off", "GOWORK": "off", "GOTELEMETRY": "off",
    }  # fmt: skip


def _cache() -> Path:
    return programs.kept("go-build")


def _grouped(sources: Iterable[File]) -> list[_Package]:
    groups: dict[tuple[str, str], list[File]] = {}
    for source in sources:
        groups.setdefault((source.directory, source.package), []).append(source)
    packages = [_Package(directory, name, tuple(files)) for (directory, name), files in groups.items()]
    wanted = [path for package in packages for path in package.imports]
    return [replace(p, name=next(filter(p.is_meant_by, wanted), p.name)) for p in packages]


def _ordered(packages: list[_Package]) -> tuple[list[_Package], list[base.Diagnostic]]:
    """What is imported before what imports it; a cycle is an error."""
    order: list[_Package] = []
    found: list[base.Diagnostic] = []

    def visit(package: _Package, above: tuple[_Package, ...]) -> None:
        if package in above:
            message = "import cycle: " + " imports ".join(p.directory or p.name for p in (*above, package))
            found.append(base.Diagnostic("error", "type", message, package.files[0].index, 1))
        elif package not in order:
            for path in package.imports:
                for other in packages:
                    if other is not package and other.is_meant_by(path) and not (found and other in above):
                        visit(other, (*above, package))
            order.append(package)

    for package in packages:
        visit(package, ())
    return order, found


def _without_main(sources: list[File]) -> list[base.Diagnostic]:
    """What only the linker would say: a program needs a main function."""
    mains = [source for source in sources if source.package == "main"]
    if not mains or any(source.has_main for source in mains):
        return []
    message = "function main is undeclared in the main package"
    return [base.Diagnostic("error", "undefined", message, mains[0].index, 1)]


def _diagnostic(
    text: str, places: dict[str, File], files: list[base.Snippet], severity: base.Severity, standard: frozenset[str]
) -> base.Diagnostic | None:
    place = _PLACE.match(text)
    if not place or place[1] not in places:
        return None
    source = places[place[1]]
    line, message = int(place[2]) - source.shift, place[4]
    if missing := re.match(r"could not import (\S+)", message):
        if any(_leads_to(file.directory, missing[1]) for file in places.values()):
            return None  # a package of the answer itself, which has errors of its own
        return _not_there(missing[1], source, line, standard)
    kind: base.Kind = "lint" if severity == "warning" else _kind(message)
    if line < 1 and kind == "unused":
        return None  # an import that the scaffold brought
    column = base.character_column(base.line_of(files[source.index], line), int(place[3] or 1))
    found = base.Diagnostic(severity, kind, message, source.index, line, column)
    return base.inside(found, files)


def _kind(message: str) -> base.Kind:
    return next((kind for pattern, kind in _KINDS if re.search(pattern, message)), "type")


def _not_there(path: str, source: File, line: int, standard: frozenset[str]) -> base.Diagnostic:
    """An import that cannot be had: a module of others, or a name that the standard library never had."""
    first = path.partition("/")[0]
    own = "." not in first and ("/" not in path or any(name.partition("/")[0] == first for name in standard))
    if path == "C":
        message = 'import "C" needs cgo, which is never run on a model\'s code'
    elif own:
        return base.Diagnostic("error", "undefined", f'no package "{path}" in Go\'s library', source.index, line)
    else:
        message = f'the package "{path}" is not here'
    return base.Diagnostic("error", "missing-dependency", message, source.index, line)
