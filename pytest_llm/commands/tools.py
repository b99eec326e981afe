"""The tools that checks and engines use: where they are here, and what would bring those that are not."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from pytest_llm.errors import Unsupported
from pytest_llm.sandbox import programs

_PATIENCE = 20  # seconds for a program to tell its version


@dataclass(frozen=True)
class Tool:
    """Something a check or an engine uses.

    programs: any one of them will do; locate: looks elsewhere instead. packages: the system's, that bring it;
    remedy: the command that does where they cannot. optional: only those who name it want it. asks: how its program
    is asked for its version; empty where it has none. distribution: the name of a Python package. quicken: has it
    start quicker from then on, and says whether it did not yet. fault: why what is there is not taken, or "".
    """

    name: str
    purpose: str
    programs: tuple[str, ...] = ()
    locate: Callable[[], str] | None = None
    packages: tuple[str, ...] = ()
    remedy: Callable[[], list[str]] = list
    optional: bool = False
    asks: tuple[str, ...] = ("--version",)
    distribution: str = ""
    quicken: Callable[[], bool] | None = None
    fault: Callable[[], str] = str

    def found(self) -> str:
        """Where it is; "" where it is not."""
        if self.locate is not None:
            return self.locate()
        return next((path for path in map(_which, self.programs) if path), "")

    def version(self, where: str) -> str:
        """Of what was found; "" where it does not tell."""
        if self.distribution:
            return metadata.version(self.distribution)
        return (
            _told([where, *self.asks]) if self.asks and os.access(where, os.X_OK) and Path(where).is_file() else ""
        )


def _told(command: Sequence[str]) -> str:
    """The first version number in what a program says of itself."""
    try:
        said = programs.ask(command, seconds=_PATIENCE)
    except (OSError, subprocess.SubprocessError):
        return ""
    number = re.search(r"\d+(?:\.\d+)+", said[:1000])
    return number[0] if number else ""


def _package(name: str, purpose: str, module: str, extra: str, *, optional: bool = False) -> Tool:
    """A Python package, which comes with an extra of ours."""
    return Tool(
        name,
        purpose,
        locate=lambda: _module(module),
        remedy=lambda: ["pip", "install", f"pytest-llm-cases[{extra}]"],
        distribution=name,
        optional=optional,
    )


def _module(name: str) -> str:
    spec = find_spec(name)
    return str(spec.origin or name) if spec else ""


def _browser() -> str:
    from pytest_llm.browsers import find

    return str(find.locate(os.environ.get(find.VARIABLE)) or "")


def _firefox() -> str:
    from pytest_llm.browsers import find

    return str(find.locate("firefox") or "")


def _libraries() -> str:
    from pytest_llm.browsers import libraries

    where = libraries.folder()
    return "" if libraries.missing(where) else str(where)


def _other_libraries() -> str:
    from pytest_llm.browsers import libraries

    return libraries.differing(libraries.folder())


def _npm_libraries() -> list[str]:
    from pytest_llm.browsers import libraries

    return libraries.installation(libraries.folder())


def _postgresql() -> str:
    """Debian keeps the server's programs off the PATH, in a folder for each version."""
    kept = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: path.parts[-3].zfill(3))
    return _which("initdb") or (str(kept[-1]) if kept else "")


def _download() -> list[str]:
    deps = [] if privilege() is None else ["--with-deps"]
    return [sys.executable, "-m", "playwright", "install", *deps, "chromium-headless-shell"]


def _typescript() -> str:
    from pytest_llm.toolchains.typescript import TypeScript

    try:
        return str(TypeScript().package())
    except Unsupported:
        return ""


def _csharp() -> str:
    from pytest_llm.toolchains.csharp import CSharp

    try:
        return CSharp().compiler.command[-1]
    except Unsupported:
        return ""


def _kotlin() -> str:
    from pytest_llm.toolchains.kotlin import Kotlin

    try:
        return str(Kotlin().folder)
    except Unsupported:
        return ""


def _maven() -> list[str]:
    from pytest_llm.toolchains.kotlin import Kotlin

    return Kotlin().installation


def _quick_kotlin() -> bool:
    from pytest_llm.toolchains.kotlin import Kotlin

    return Kotlin().quicken()


def _npm() -> list[str]:
    from pytest_llm.toolchains.typescript import TypeScript

    return TypeScript().installation


TOOLS = (
    Tool("bubblewrap", "keeps compilers and pages away from everything else", ("bwrap",), packages=("bubblewrap",)),
    Tool("go", "compile: go", ("go",), packages=("golang-go",), asks=("version",)),
    Tool("java", "compile: java", ("javac",), packages=("default-jdk-headless",)),
    Tool(
        "kotlin",
        "compile: kotlin",
        locate=_kotlin,
        packages=("default-jdk-headless", "maven"),
        remedy=_maven,
        asks=(),
        quicken=_quick_kotlin,
    ),
    Tool("csharp", "compile: csharp", locate=_csharp, packages=("dotnet-sdk-8.0",), optional=True, asks=()),
    Tool("node", "compile: javascript, typescript", ("node", "nodejs"), packages=("nodejs",)),
    Tool("npm", "installs typescript", ("npm",), packages=("npm",)),
    Tool("typescript", "compile: typescript", locate=_typescript, remedy=_npm, asks=()),
    Tool("c", "compile: c", ("gcc", "clang", "cc"), packages=("gcc", "libc6-dev")),
    Tool("c++", "compile: cpp", ("g++", "clang++", "c++"), packages=("g++",)),
    Tool("rust", "compile: rust", ("rustc",), packages=("rustc",)),
    Tool("php", "compile: php", ("php",), packages=("php-cli",)),
    Tool("ruby", "compile: ruby", ("ruby",), packages=("ruby",)),
    Tool("bash", "compile: shell", ("bash",), packages=("bash",)),
    Tool("shellcheck", "lint for shell", ("shellcheck",), packages=("shellcheck",)),
    Tool(
        "chromium",
        "the browser check",
        locate=_browser,
        packages=("chromium-headless-shell",),
        remedy=_download,
    ),
    Tool(
        "libraries",
        "pages that load them from well-known addresses",
        locate=_libraries,
        remedy=_npm_libraries,
        optional=True,
        fault=_other_libraries,
    ),
    Tool("firefox", "--llm-browser firefox", locate=_firefox, packages=("firefox-esr",), optional=True),
    Tool(
        "postgresql",
        "a server for this project's own tests",
        locate=_postgresql,
        packages=("postgresql",),
        optional=True,
    ),
    Tool("mono", "C# in this project's own tests", ("mcs",), packages=("mono-mcs",), optional=True),
    _package("psycopg", "--llm-store postgresql+psycopg://", "psycopg", "postgres", optional=True),
    _package("xllamacpp", "the embedded engine", "xllamacpp", "embedded", optional=True),
    _package("playwright", "actions in a page", "playwright", "browser"),
    _package("pillow", "the browser check", "PIL", "browser"),
    _package("pytest-html", "--html", "pytest_html", "html", optional=True),
)


def privilege() -> list[str] | None:
    """What goes before a command that installs; None where this user may not."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return []
    sudo = ["sudo", "-n"]
    if shutil.which("sudo") and subprocess.run([*sudo, "true"], capture_output=True).returncode == 0:
        return sudo
    return None


def _which(program: str) -> str:
    """On the PATH, or in the folders of toolchains that are often left out of it."""
    home = Path.home()
    extra = ("/usr/local/go/bin", str(home / ".cargo/bin"), str(home / "go/bin"))
    return str(programs.which(program, extra) or "")
