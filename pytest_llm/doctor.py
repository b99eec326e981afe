"""What this machine has of what the checks use, and how to get the rest."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path


@dataclass(frozen=True)
class Tool:
    """Something a check or an engine uses. programs: any one of them will do; module: a Python package instead."""

    name: str
    purpose: str
    programs: tuple[str, ...] = ()
    module: str = ""
    packages: tuple[str, ...] = ()
    remedy: str = ""

    def found(self) -> str:
        """Where it is; "" where it is not."""
        if self.module:
            spec = find_spec(self.module)
            return str(spec.origin or self.module) if spec else ""
        return next((path for path in map(_which, self.programs) if path), "")


CHROMIUM = ("chromium-headless-shell", "chromium", "google-chrome", "chrome")
TOOLS = (
    Tool("bubblewrap", "keeps compilers and pages away from everything else", ("bwrap",), packages=("bubblewrap",)),
    Tool("go", "compile: go", ("go",), packages=("golang-go",)),
    Tool("java", "compile: java", ("javac",), packages=("default-jdk-headless",)),
    Tool("node", "compile: javascript, typescript", ("node", "nodejs"), packages=("nodejs",)),
    Tool("npm", "installs typescript", ("npm",), packages=("npm",)),
    Tool("c", "compile: c", ("gcc", "clang", "cc"), packages=("gcc", "libc6-dev")),
    Tool("c++", "compile: cpp", ("g++", "clang++", "c++"), packages=("g++",)),
    Tool("rust", "compile: rust", ("rustc",), packages=("rustc",)),
    Tool("bash", "compile: shell", ("bash",), packages=("bash",)),
    Tool("shellcheck", "lint for shell", ("shellcheck",), packages=("shellcheck",)),
    Tool("chromium", "the browser check", CHROMIUM, packages=("chromium-headless-shell",)),
    Tool("xllamacpp", "the embedded engine", module="xllamacpp", remedy="pip install 'pytest-llm-cases[embedded]'"),
    Tool("playwright", "the browser check", module="playwright", remedy="pip install 'pytest-llm-cases[browser]'"),
    Tool("pytest-html", "--html", module="pytest_html", remedy="pip install 'pytest-llm-cases[html]'"),
)

Say = Callable[[str], object]


def examine(say: Say = print) -> int:
    """Tell what is there and what is not. Returns the exit code: 0 all there, 1 something is missing."""
    missing = []
    for tool in TOOLS:
        where = tool.found()
        say(f"{'ok     ' if where else 'missing'}  {tool.name:<12} {tool.purpose:<48} {where}".rstrip())
        if not where:
            missing.append(tool)
    for line in remedies(missing):
        say(f"to mend: {line}")
    return 1 if missing else 0


def install(say: Say = print) -> int:
    """Install what is missing of the system's packages; print the commands where this may not be done."""
    missing = [tool for tool in TOOLS if tool.packages and not tool.found()]
    if missing:
        packages = sorted({package for tool in missing for package in tool.packages})
        commands = _apt(packages)
        if commands is None:
            for line in remedies(missing):
                say(f"to be run by hand: {line}")
            return 1
        if not all(_run(command, say) for command in commands):
            return 2
    return _typescript(say)


def remedies(missing: Iterable[Tool]) -> list[str]:
    """The commands that bring what is missing."""
    tools = list(missing)
    packages = sorted({package for tool in tools for package in tool.packages})
    lines = [f"sudo apt-get install -y {' '.join(packages)}"] if packages else []
    return lines + list(dict.fromkeys(tool.remedy for tool in tools if tool.remedy))


def _apt(packages: Sequence[str]) -> list[list[str]] | None:
    """The commands that install packages, None where this user may not or there is no apt."""
    if not shutil.which("apt-get"):
        return None
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if sudo and not (shutil.which("sudo") and subprocess.run([*sudo, "true"], capture_output=True).returncode == 0):
        return None
    install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages]
    return [[*sudo, "apt-get", "update", "-q"], [*sudo, *install]]


def _run(command: list[str], say: Say) -> bool:
    say(f"$ {' '.join(command)}")
    done = subprocess.run(command, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, capture_output=True)
    if done.returncode:
        say(done.stdout.decode(errors="replace")[-2000:] + done.stderr.decode(errors="replace")[-2000:])
    return done.returncode == 0


def _typescript(say: Say) -> int:
    """TypeScript comes from npm, into a folder of this user's, where the check looks for it."""
    from pytest_llm.errors import Unsupported
    from pytest_llm.toolchains.typescript import TypeScript

    compiler = TypeScript()
    try:
        compiler.package(None)
    except Unsupported:
        return 0 if shutil.which("npm") and _run(compiler.installation, say) else 1
    return 0


def _which(program: str) -> str:
    """On the PATH, or in the folders of toolchains that are often left out of it."""
    home = Path.home()
    extra = ("/usr/local/go/bin", str(home / ".cargo/bin"), str(home / "go/bin"))
    return shutil.which(program) or shutil.which(program, path=os.pathsep.join(extra)) or ""
