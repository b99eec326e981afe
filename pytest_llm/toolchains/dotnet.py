"""The .NET SDK: which one is here, how its C# compiler is called, and what a program may refer to."""

from __future__ import annotations

import os
import re
import struct
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pytest_llm.errors import Unsupported
from pytest_llm.sandbox import programs
from pytest_llm.toolchains.base import version
from pytest_llm.toolchains.newer import Version, number

OLDEST = (8,)  # C# 12, whose constructors of classes and lists in brackets models write
INSTALL = "install the .NET SDK from 8 on: `sudo apt-get install dotnet-sdk-8.0`, or as https://dot.net tells"
_LISTED = re.compile(r"^(\d\S*) \[(.+)\]$", re.MULTILINE)
# What a new project of the SDK is compiled with; no warning of an assembly's version, nor of a function that is
# never called, as one is that stands alone.
_FLAGS = (
    *("-langversion:latest", "-nullable:enable", "-preferreduilang:en", "-utf8output", "-deterministic"),
    "-nowarn:1701,1702,8321",
)
# No message of its own, no file outside of its folder, as little memory as its text needs.
_ENVIRONMENT = {
    "DOTNET_CLI_TELEMETRY_OPTOUT": "1",
    "DOTNET_NOLOGO": "1",
    "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1",  # else it wants a library of Unicode's
    "DOTNET_EnableDiagnostics": "0",
    "DOTNET_EnableWriteXorExecute": "0",
    "DOTNET_TieredPGO": "0",
    "DOTNET_gcServer": "0",
    "DOTNET_GCHeapHardLimit": f"{1 << 30:x}",
    "DOTNET_PROCESSOR_COUNT": "2",
}
_HEAD = 4096  # bytes of a library, within which its headers lie
_OTHERS = ("mcs", "csc")  # what else compiles C# on such a machine


@dataclass(frozen=True)
class Compiler:
    """A compiler of C#: how it is called.

    command: the words before the options. version: in one line. references: the assemblies that a program may refer
    to. flags: the options beside those that every such compiler knows. shown: what must be seen for it to run,
    beside the system. implicit: namespaces that every file has imported, by a file of `global using`. env: its
    environment.
    """

    command: tuple[str, ...]
    version: str
    references: tuple[Path, ...]
    flags: tuple[str, ...] = ()
    shown: tuple[Path, ...] = ()
    implicit: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Sdk:
    """One SDK. root: the folder with `dotnet`, `sdk`, `packs` and `shared`."""

    version: str
    root: Path

    @property
    def number(self) -> Version:
        return number(self.version)

    @property
    def compiler(self) -> Path:
        return self.root / "sdk" / self.version / "Roslyn" / "bincore" / "csc.dll"

    @property
    def shown(self) -> tuple[Path, ...]:
        """What the compiler needs of the folder, in which all else may lie."""
        names = ("dotnet", "host", "shared", "packs/Microsoft.NETCore.App.Ref")
        needed = (self.compiler.parents[1], *(self.root / name for name in names))
        return tuple(path for path in needed if path.exists())

    def references(self) -> tuple[Path, ...]:
        """The assemblies to refer to of its major version, else those that its programs run with; else none."""
        major = self.number[0]
        packs = _of_major(self.root / "packs" / "Microsoft.NETCore.App.Ref", major)
        for pack in packs:
            if found := sorted((pack / "ref" / f"net{major}.0").glob("*.dll")):
                return tuple(found)
        for runtime in _of_major(self.root / "shared" / "Microsoft.NETCore.App", major):
            if found := sorted(filter(managed, runtime.glob("*.dll"))):
                return tuple(found)
        return ()


def find(implicit: Sequence[str]) -> Compiler:
    """The compiler of the newest SDK. implicit: what every file has imported.

    Raises Unsupported where there is none that is new enough, with what there is.
    """
    there = sorted({sdk for dotnet in _programs() for sdk in installed(dotnet)}, key=lambda sdk: sdk.number)
    for sdk in reversed(there):
        if sdk.number >= OLDEST and sdk.compiler.is_file() and (references := sdk.references()):
            return Compiler(
                (str(sdk.root / "dotnet"), str(sdk.compiler)),
                f".NET SDK {sdk.version}",
                references,
                (*_FLAGS, f"-define:{';'.join(_symbols(sdk.number[0]))}"),
                sdk.shown,
                tuple(implicit),
                _ENVIRONMENT,
            )
    raise Unsupported(_why(there), INSTALL)


def installed(dotnet: Path) -> list[Sdk]:
    """The SDKs that this `dotnet` knows; none where it does not run."""
    try:
        said = programs.ask([dotnet, "--list-sdks"], env=_ENVIRONMENT)
    except (OSError, subprocess.SubprocessError):
        return []
    return [Sdk(version, Path(folder).parent) for version, folder in _LISTED.findall(said)]


def managed(path: Path) -> bool:
    """Whether a library is made of .NET's code: its header tells where that begins."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
        start = struct.unpack_from("<I", head, 0x3C)[0]
        wide = struct.unpack_from("<H", head, start + 24)[0] == 0x20B
        begins = struct.unpack_from("<I", head, start + 24 + (112 if wide else 96) + 14 * 8)[0]
    except (OSError, struct.error):
        return False
    return head[:2] == b"MZ" and bool(begins)


def _programs() -> Iterator[Path]:
    """Where `dotnet` may be: on the PATH, where DOTNET_ROOT says, where its installer puts it for one user."""
    places = [os.environ.get("DOTNET_ROOT", ""), str(Path.home() / ".dotnet")]
    paths = ["dotnet", *(os.path.join(place, "dotnet") for place in places if os.path.isabs(place))]
    yield from dict.fromkeys(found for path in paths if (found := programs.which(path)))


def _symbols(major: int) -> list[str]:
    """What the SDK defines for conditions in a new project."""
    since = (f"NET{number}_0_OR_GREATER" for number in range(5, major + 1))
    return ["TRACE", "DEBUG", "NET", "NETCOREAPP", f"NET{major}_0", *since]


def _of_major(folder: Path, major: int) -> list[Path]:
    """The folders of this major version, the newest first."""
    there = [path for path in folder.glob("*") if number(path.name)[:1] == (major,)]
    return sorted(there, key=lambda path: number(path.name), reverse=True)


def _why(there: Sequence[Sdk]) -> str:
    oldest = ".".join(map(str, OLDEST))
    if there and there[-1].number >= OLDEST:
        return f"the .NET SDK {there[-1].version} in {there[-1].root} lacks its compiler or its assemblies"
    if there:
        return f"the .NET SDK {there[-1].version} is too old for C# (from {oldest} on)"
    others = ", ".join(_told(path) for path in map(programs.which, _OTHERS) if path)
    no_sdk = f"there is no .NET SDK (from {oldest} on), so C# cannot be compiled"
    return f"{no_sdk}; too old: {others}" if others else no_sdk


def _told(path: Path) -> str:
    try:
        return f"{path.name} ({version(path)})"
    except Unsupported:
        return path.name
