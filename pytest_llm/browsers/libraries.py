"""Libraries that pages load from well-known addresses: served from npm packages that are installed here."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from pytest_llm.browsers import modules
from pytest_llm.sandbox import programs

# Name -> npm packages that `pytest-llm doctor --install libraries` brings, of the hashes in _LOCK; of several
# versions those that differ in what they bring: three's global scripts ended with 0.160, React's with 18,
# Tailwind's own host serves 3, of which its authors have no package for browsers: it is a copy by others.
PACKAGES: dict[str, tuple[str, ...]] = {
    "three": ("three@0.128.0", "three@0.160.1", "three@0.180.0"),
    "p5": ("p5@1.11.10",),
    "react": ("react@18.3.1",),
    "react-dom": ("react-dom@18.3.1",),
    "babel": ("@babel/standalone@7.28.4",),
    "vue": ("vue@3.5.22",),
    "d3": ("d3@7.9.0",),
    "chart.js": ("chart.js@4.5.0", "chart.js@2.9.4"),
    "tailwind": ("@tailwindcss/browser@4.1.14", "tailwindcss-cdn@3.4.10"),
    "jquery": ("jquery@3.7.1",),
    "lodash": ("lodash@4.17.21",),
    "gsap": ("gsap@3.13.0",),
    "matter-js": ("matter-js@0.20.0",),
    "pixi.js": ("pixi.js@7.4.3",),
    "alpinejs": ("alpinejs@3.15.0",),
    "bootstrap": ("bootstrap@5.3.8",),
    "animejs": ("animejs@3.2.2",),
    "marked": ("marked@15.0.12",),
}
INSTALL = "pytest-llm doctor --install libraries"
_LOCK = Path(__file__).with_name("libraries.lock")  # a package and its `integrity` a line, as npm has it

_NAMES = {  # as some hosts call them
    "three.js": "three",
    "threejs": "three",
    "p5.js": "p5",
    "babel-standalone": "@babel/standalone",
    "lodash.js": "lodash",
    "Chart.js": "chart.js",
    "anime": "animejs",
    "twitter-bootstrap": "bootstrap",
    "pixi": "pixi.js",
}
_SERVED = {"tailwind": "3"}  # by a host of its own, where no version is named
_NPM = r"(?P<name>(?:@[\w.-]+/)?[\w.-]+)(?:@(?P<version>[^/?]+))?(?:/(?P<path>[^?]*))?(?:\?.*)?$"
_ADDRESSES = tuple(
    re.compile(rf"https?://{host}{rest}")
    for host, rest in (
        (r"(?:www\.)?unpkg\.com/", _NPM),
        (r"(?:cdn|fastly)\.jsdelivr\.net/npm/", _NPM),
        (r"cdn\.skypack\.dev/", _NPM),
        (r"esm\.(?:sh|run)/", _NPM),
        (r"cdnjs\.cloudflare\.com/ajax/libs/", r"(?P<name>[\w.-]+)/(?P<version>[^/]+)/(?P<path>[^?]+)"),
        (r"ajax\.googleapis\.com/ajax/libs/", r"(?P<name>[\w.-]+)/(?P<version>[^/]+)/(?P<path>[^?]+)"),
        (r"(?:stackpath|maxcdn)\.bootstrapcdn\.com/", r"(?P<name>bootstrap)/(?P<version>[^/]+)/(?P<path>[^?]+)"),
        (r"cdn\.(?P<name>tailwind)css\.com", r"/?(?P<version>\d[\w.]*)?(?P<path>)(?:\?.*)?$"),
        (r"(?:www\.)?(?P<name>d3)js\.org/", r"(?P<path>d3\.v(?P<version>\d+)(?:\.min)?\.js)"),
        (r"code\.(?P<name>jquery)\.com/", r"(?P<path>jquery-(?P<version>\d[\d.]*\d|latest)[\w.]*?\.js)"),
        (r"(?P<name>threejs)\.org/", r"(?P<path>(?:build|examples)/[^?]+)(?P<version>)"),
    )
)
_MODULES = re.compile(r"https?://(?:esm\.(?:sh|run)|cdn\.skypack\.dev)/")
_IS_MODULE = re.compile(r"(?:.*&)?module\b")
_WORDS = re.compile(
    r"[.-](?:min|umd|global|prod|production|development|slim|browser|module|esm|v?\d[\d.]*)(?=[.-]|$)"
)
_SKIPPED = ("src", "test", "docs", "node_modules")
_KINDS = {
    **dict.fromkeys((".js", ".cjs", ".mjs"), "text/javascript"),
    ".css": "text/css",
    ".json": "application/json",
}
_BINARY = {".woff2": "font/woff2", ".woff": "font/woff", ".wasm": "application/wasm", ".svg": "image/svg+xml"}


@dataclass(frozen=True)
class Asked:
    """What an address asks for. library: by its name in PACKAGES; path: within the package, or "". module: as one
    file to import, whatever the package has; address: what stands around a path of the package there. plugins: of
    Tailwind."""

    library: str
    version: str = ""
    path: str = ""
    module: bool = False
    plugins: str = ""
    address: tuple[str, str] = field(default=("", ""), compare=False)


@dataclass(frozen=True)
class Served:
    """What is sent for it. note: what a reader must know, or ""."""

    body: bytes
    kind: str
    note: str = ""


@dataclass(frozen=True)
class Package:
    """An installed version of a package. integrity: the hash of the archive that it was taken from."""

    name: str
    version: str
    folder: Path
    integrity: str

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"


def asked(url: str) -> Asked | None:
    """The known library that a URL asks for; None where it asks for anything else."""
    for address in _ADDRESSES:
        if found := address.match(url):
            name = _NAMES.get(found["name"], found["name"])
            library = _LIBRARIES.get(name)
            version = re.sub(r"^[\^~v]|^r(?=\d)", "", found["version"] or _SERVED.get(found["name"], ""))
            version = f"0.{version}" if library == "three" and version.isdecimal() else version
            path, query = found["path"] or "", url.partition("?")[2]
            tail = "/+esm" if f"/{path}".endswith("/+esm") else "?module" if _IS_MODULE.match(query) else ""
            module = bool(tail) or _MODULES.match(url) is not None
            head = url[: found.end("version" if found["version"] else "name")]
            plugins = query.removeprefix("plugins=") if query.startswith("plugins=") else ""
            path = path.removesuffix("+esm").rstrip("/") if module else path
            return Asked(library, version, path, module, plugins, (head, tail)) if library else None
    return None


_LIBRARIES = {package.rpartition("@")[0]: library for library, some in PACKAGES.items() for package in some} | {
    "tailwind": "tailwind"
}


def folder() -> Path:
    """Where they are installed."""
    try:
        return programs.kept("libraries")
    except (OSError, RuntimeError):  # no home, or one that cannot be written
        return programs.empty()


def installed(where: Path) -> tuple[Package, ...]:
    """The packages that are there, with the very content that is pinned."""
    return tuple(package for package in _present(where) if _pinned().get(str(package)) == package.integrity)


def differing(where: Path) -> str:
    """What is there by the name of a pinned package and has another content, so that no page is given it; or ""."""
    others = [
        package
        for package in _present(where)
        if package.integrity != _pinned().get(str(package), package.integrity)
    ]
    said = [f"{p} has the hash {p.integrity or 'of none'}, pinned is {_pinned()[str(p)]}" for p in others]
    return f"{'; '.join(said)}: remove {where} and install from a registry that has the original" if said else ""


def missing(where: Path) -> list[str]:
    """The packages that are not there, as npm names them."""
    there = {str(package) for package in installed(where)}
    return [package for some in PACKAGES.values() for package in some if package not in there]


def installation(where: Path) -> list[str]:
    """The command that brings them all, each version in a folder of its own."""
    aliases = [f"{name.strip('@').replace('/', '-')}--{v}@npm:{name}@{v}" for name, v in _all()]
    return ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(where), *aliases]


def serve(wanted: Asked, where: Path) -> Served | None:
    """The file that was asked for, of the nearest version that has it; None where there is none."""
    names = {package.rpartition("@")[0] for package in PACKAGES[wanted.library]}
    some = sorted(
        (package for package in _known(where) if package.name in names),
        key=lambda package: _distance(package.version, wanted.version),
    )
    for package in some[:1] if wanted.module else some:  # of one version are all that import each other
        if (path := _file(package, wanted)) is not None:
            kind = _KINDS.get(path.suffix) or _BINARY.get(path.suffix, "application/octet-stream")
            return Served(_body(path, wanted, package), kind, _note(wanted, package))
    return None


def has(wanted: Asked, where: Path) -> bool:
    """Whether any version of the library is installed."""
    names = {package.rpartition("@")[0] for package in PACKAGES[wanted.library]}
    return any(package.name in names for package in _known(where))


def _all() -> Iterator[tuple[str, str]]:
    for some in PACKAGES.values():
        for package in some:
            name, _, version = package.rpartition("@")
            yield name, version


def _present(where: Path) -> Iterator[Package]:
    """What npm says that it has installed, and of which archive: it has held that against the hash it tells."""
    lock = where / "node_modules" / ".package-lock.json"
    try:
        packages = json.loads(lock.read_text("utf-8"))["packages"]
    except (OSError, ValueError, KeyError):  # npm was ended before it had written it: nothing is known to be there
        return
    for path, entry in packages.items():
        if "--" in path and "name" in entry:  # under the name that `installation` gives it
            yield Package(entry["name"], entry["version"], where / path, entry.get("integrity", ""))


@cache
def _pinned() -> Mapping[str, str]:
    lines = (line.partition(" ") for line in _LOCK.read_text("utf-8").splitlines())
    return {package: integrity for package, _, integrity in lines}


_known = cache(installed)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d{1,9}", version)[:3])


def _distance(version: str, wanted: str) -> tuple[int, ...]:
    """How far a version is from the wanted one: 0.128 and 0.160 are as different as 1 and 2. None: the newest."""
    have, want = _numbers(version), _numbers(wanted)
    if not want:
        return tuple(-number for number in have)
    return tuple(abs(a - b) for a, b in zip(have, (*want, *have[len(want) :]), strict=False))


def _note(wanted: Asked, package: Package) -> str:
    exact = _numbers(package.version)[: len(_numbers(wanted.version))] == _numbers(wanted.version)
    notes = [] if exact else [f"{package.name} {wanted.version} is served as {package.version}, the nearest here"]
    if wanted.plugins:
        notes.append(f"{package.name} is served without its plugins ({wanted.plugins}): their classes do nothing")
    return "; ".join(notes)


def _body(path: Path, wanted: Asked, package: Package) -> bytes:
    if not wanted.module:
        return path.read_bytes()
    at = path.relative_to(package.folder.resolve()).as_posix()
    return modules.linked(path.read_text("utf-8", "replace"), at, package.name, wanted.address).encode()


def _file(package: Package, wanted: Asked) -> Path | None:
    """The file at a path of the package, else one of the same name wherever it is, else what its manifest names."""
    folder = package.folder
    manifest = json.loads((folder / "package.json").read_text("utf-8"))
    if wanted.path:
        names = (wanted.path, *_meant(manifest, wanted)) if wanted.module else (wanted.path,)
        path = next(filter(None, (_inside(folder, name) for name in names)), None) or _like(folder, wanted.path)
    else:
        keys = ("module",) if wanted.module else ("jsdelivr", "unpkg", "browser", "main")
        path = _inside(folder, next((manifest[key] for key in keys if isinstance(manifest.get(key), str)), ""))
    foreign = path and wanted.module and not modules.alone(path.read_text("utf-8", "replace"), package.name)
    return None if foreign else path


def _meant(manifest: Mapping[str, Any], wanted: Asked) -> Iterator[str]:
    """What a path without an ending means to a host of modules."""
    yield modules.exported(manifest, wanted.path)
    yield f"{wanted.path}.js"


def _inside(package: Path, name: str) -> Path | None:
    """The file of that name, which neither a page nor a manifest may take from outside the package."""
    path = (package / name).resolve()
    return path if path.is_relative_to(package.resolve()) and path.is_file() else None


def _like(package: Path, path: str) -> Path | None:
    """A file whose name differs in no more than words such as "min", the likest one; a module is no script."""
    name, folder = Path(path).name, Path(path).parent.name
    fits = [p for p in _files(package) if p.suffix == Path(name).suffix and _plain(p.name) == _plain(name)]
    return min(
        (p for p in fits if _is_module(p.name) == _is_module(name)),
        key=lambda p: (p.name != name, p.parent.name != folder, ".min" not in p.name, str(p)),
        default=None,
    )


def _is_module(name: str) -> bool:
    return "module" in name or "esm" in name or name.endswith(".mjs")


def _plain(name: str) -> str:
    return _WORDS.sub("", name.rpartition(".")[0]).lower()


@cache
def _files(package: Path) -> Collection[Path]:
    files = (path for path in package.rglob("*") if path.suffix in (*_KINDS, *_BINARY) and path.is_file())
    return tuple(path for path in files if not set(path.relative_to(package).parts[:-1]) & set(_SKIPPED))
