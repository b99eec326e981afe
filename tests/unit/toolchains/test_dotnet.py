"""The .NET SDK: which one is taken, how its compiler is called, and what is made of what it says.

Its part is played by a program that answers as `dotnet` does.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from pytest_llm.errors import CheckCrashed, Unsupported
from pytest_llm.sandbox import programs
from pytest_llm.sandbox.walls import missing
from pytest_llm.toolchains import dotnet
from pytest_llm.toolchains.base import Damaged, Diagnostic, Options, Snippet
from pytest_llm.toolchains.csharp import CSharp
from pytest_llm.toolchains.csharp_names import IMPLICIT
from tests.helpers.compiling import errors

OPTIONS = Options(seconds=120)
PROGRAM = "class A { static void Main() { } }\n"
SDK = """#!/bin/sh
if [ "$1" = --list-sdks ]; then
{listed}
exit 0
fi
{says}
"""


def _sdks(
    root: Path, *versions: str, packs: Sequence[str] = (), shared: Sequence[str] = (), says: str = ""
) -> Path:
    """A folder as that of .NET, with what these versions bring. says: what the compiler does."""
    for version in versions:
        (root / "sdk" / version / "Roslyn" / "bincore").mkdir(parents=True)
        (root / "sdk" / version / "Roslyn" / "bincore" / "csc.dll").touch()
    for version in packs:
        folder = (
            root / "packs" / "Microsoft.NETCore.App.Ref" / version / "ref" / f"net{version.partition('.')[0]}.0"
        )
        folder.mkdir(parents=True)
        (folder / "System.Runtime.dll").touch()
    for version in shared:
        folder = root / "shared" / "Microsoft.NETCore.App" / version
        folder.mkdir(parents=True)
        (folder / "System.Runtime.dll").write_bytes(_library(managed=True))
        (folder / "native.dll").write_bytes(_library(managed=False))
    listed = "\n".join(f"echo '{version} [{root}/sdk]'" for version in versions)
    root.mkdir(parents=True, exist_ok=True)
    (root / "dotnet").write_text(SDK.format(listed=listed, says=says))
    (root / "dotnet").chmod(0o755)
    return root


def _library(*, managed: bool) -> bytes:
    """The head of a library, with or without .NET's header."""
    head = bytearray(512)
    head[:2], head[0x3C], head[0x98:0x9A] = b"MZ", 0x80, b"\x0b\x02"
    head[0x98 + 112 + 14 * 8] = managed
    return bytes(head)


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without any compiler of C#, with walls."""
    for name in ("bin", "home"):
        (tmp_path / name).mkdir()
    if bwrap := programs.which("bwrap"):
        (tmp_path / "bin" / "bwrap").symlink_to(bwrap)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DOTNET_ROOT", raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("versions", "packs", "shared", "found", "library"),
    [
        (["8.0.404"], ["8.0.11"], [], "8.0.404", "packs/Microsoft.NETCore.App.Ref/8.0.11"),
        (
            ["6.0.400", "8.0.100", "10.0.100"],
            ["8.0.0", "10.0.0"],
            [],
            "10.0.100",
            "packs/Microsoft.NETCore.App.Ref/10.0.0",
        ),
        (["8.0.404", "9.0.100-rc.1.24452.12"], ["8.0.11"], ["9.0.0-rc.1"], "9.0.100-rc.1.24452.12", "shared/"),
        (["8.0.100", "9.0.100"], ["8.0.0"], [], "8.0.100", "packs/Microsoft.NETCore.App.Ref/8.0.0"),
        (["8.0.404"], ["8.0.2", "8.0.11", "9.0.0"], [], "8.0.404", "packs/Microsoft.NETCore.App.Ref/8.0.11"),
    ],
)
def test_the_newest_that_is_whole(
    versions: list[str], packs: list[str], shared: list[str], found: str, library: str, nowhere: Path
) -> None:
    root = _sdks(nowhere / "dotnet", *versions, packs=packs, shared=shared)
    (nowhere / "bin" / "dotnet").symlink_to(root / "dotnet")
    compiler = dotnet.find(())
    assert compiler.version == f".NET SDK {found}"
    assert compiler.command == (str(root / "dotnet"), str(root / "sdk" / found / "Roslyn/bincore/csc.dll"))
    assert [path.name for path in compiler.references] == ["System.Runtime.dll"]
    assert all(str(path).startswith(str(root / library)) for path in compiler.references)


def test_where_it_is_looked_for(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest of all, wherever it is."""
    _sdks(nowhere / "home" / ".dotnet", "8.0.100", packs=["8.0.0"])
    assert dotnet.find(()).version == ".NET SDK 8.0.100"
    monkeypatch.setenv("DOTNET_ROOT", str(_sdks(nowhere / "other", "9.0.100", packs=["9.0.0"])))
    assert dotnet.find(()).version == ".NET SDK 9.0.100"
    monkeypatch.setenv("DOTNET_ROOT", os.path.relpath(nowhere / "other"))  # whatever lies in the working directory
    assert dotnet.find(()).version == ".NET SDK 8.0.100"


@pytest.mark.parametrize(
    ("versions", "said"),
    [
        ([], r"no \.NET SDK \(from 8 on\)"),
        (["6.0.428"], r"6\.0\.428 is too old for C# \(from 8 on\)"),
        (["8.0.100"], r"8\.0\.100 in /\S+ lacks its compiler or its assemblies"),
    ],
)
def test_none_that_will_do(versions: list[str], said: str, nowhere: Path) -> None:
    (nowhere / "bin" / "dotnet").symlink_to(_sdks(nowhere / "dotnet", *versions) / "dotnet")
    with pytest.raises(Unsupported, match=said) as caught:
        CSharp().find()
    assert "dotnet-sdk-8.0" in caught.value.remedy
    assert "mono" not in str(caught.value).lower()


def test_another_compiler_is_too_old(nowhere: Path) -> None:
    (nowhere / "bin" / "mcs").write_text("#!/bin/sh\necho Mono C# compiler version 6.8.0.105\n")
    (nowhere / "bin" / "mcs").chmod(0o755)
    with pytest.raises(Unsupported, match=r"too old: mcs \(Mono C# compiler version 6\.8\.0\.105\)"):
        CSharp().find()


def _asked(nowhere: Path, says: str, text: str = "Console.WriteLine(1);\n") -> list[Diagnostic]:
    """What is told of a text where the compiler does this."""
    (nowhere / "bin" / "dotnet").symlink_to(
        _sdks(nowhere / "net", "8.0.100", packs=["8.0.0"], says=says) / "dotnet"
    )
    return CSharp().compile([Snippet(text)], OPTIONS)


def test_how_it_is_called(nowhere: Path) -> None:
    """As a new project is compiled, with the SDK's own imports, without the home and in little memory."""
    root = nowhere / "net"
    says = """echo "snippet.cs(1,1): warning CS9999: $*"
        echo "snippet.cs(1,1): warning CS9998: $(env | tr '\\n' ' ')"
    """
    says += 'while read -r line; do echo "snippet.cs(1,1): warning CS9997: $line"; done < .usings.cs'
    words, env, *usings = (one.message for one in _asked(nowhere, says))
    assert words.split() == [
        f"{root}/sdk/8.0.100/Roslyn/bincore/csc.dll", "-nologo", "-noconfig", "-nostdlib+", "-unsafe+",
        "-out:.out.dll", "-langversion:latest", "-nullable:enable", "-preferreduilang:en", "-utf8output",
        "-deterministic", "-nowarn:1701,1702,8321", "-define:TRACE;DEBUG;NET;NETCOREAPP;NET8_0;NET5_0_OR_GREATER;"
        "NET6_0_OR_GREATER;NET7_0_OR_GREATER;NET8_0_OR_GREATER", "-target:exe",
        f"-r:{root}/packs/Microsoft.NETCore.App.Ref/8.0.0/ref/net8.0/System.Runtime.dll",
        "snippet.cs", ".usings.cs",
    ]  # fmt: skip
    assert usings == [f"global using {name};" for name in IMPLICIT.split()]
    told = dict(word.partition("=")[::2] for word in env.split())
    assert told["DOTNET_CLI_TELEMETRY_OPTOUT"] == told["DOTNET_NOLOGO"] == "1"
    assert told["HOME"] != str(nowhere / "home")
    assert int(told["DOTNET_GCHeapHardLimit"], 16) < 2 << 30


@pytest.mark.parametrize(
    ("text", "code", "targets"),
    [
        ("Console.WriteLine(1);\n", "", ["exe"]),
        ("class A { static async Task Main() { } }\n", "", ["exe"]),
        ("class A { }\n", "", ["library"]),
        (
            "class A { }\n",
            "error CS8805: Program using top-level statements must be an executable.",
            ["library", "exe"],
        ),
        (PROGRAM, "error CS5001: Program does not contain a static 'Main' method suitable", ["exe", "library"]),
    ],
)
def test_what_it_is_to_be(text: str, code: str, targets: list[str], nowhere: Path) -> None:
    """A program where one begins; what else it may be is tried where the compiler says so."""
    once = f'case "$*" in *target:{targets[0]}*) echo "{code}"; exit 1;; esac' if code else ""
    found = _asked(nowhere, f'{once}\necho "snippet.cs(1,1): warning CS9999: $*"', text)
    assert [f"-target:{targets[-1]}" in one.message for one in found] == [True]


SAID = {
    "snippet.cs(1,9): error CS1002: ; expected": ("syntax", 1),
    "snippet.cs(1,1): error CS0103: The name 'x' does not exist in the current context": ("undefined", 1),
    "snippet.cs(1,1): error CS0029: Cannot implicitly convert type 'string' to 'int'": ("type", 1),
    "snippet.cs(1,1): error CS8803: Top-level statements must precede namespace declarations.": ("syntax", 1),
    "snippet.cs(1,1): error CS8078: An expression is too long or complex to compile": ("limit", 1),
    "error CS0017: Program has more than one entry point defined.": ("type", None),
}


@pytest.mark.parametrize("said", SAID)
def test_what_it_says(said: str, nowhere: Path) -> None:
    assert errors(_asked(nowhere, f'echo "{said}"; exit 1')) == [SAID[said]]


@pytest.mark.parametrize(
    "said",
    [
        "error CS0006: Metadata file '/x/System.Runtime.dll' could not be found",
        "error CS0518: Predefined type 'System.Object' is not defined or imported",
        ".usings.cs(4,14): error CS0234: The type or namespace name 'Linq' does not exist in 'System'",
        "error CS2007: Unrecognized option: '-nullable:enable'",
    ],
)
def test_an_sdk_that_is_not_whole(said: str, nowhere: Path) -> None:
    with pytest.raises(Damaged, match=r"SDK 8\.0\.100 is not whole"):
        _asked(nowhere, f'echo "{said}"; exit 1')


def test_what_the_text_itself_brings_about(nowhere: Path) -> None:
    """With a place in the text it is the text's, whatever else such a message is about."""
    said = "error CS0518: Predefined type 'System.Object' is not defined or imported"
    assert errors(_asked(nowhere, f'echo "snippet.cs(1,7): {said}"; exit 1')) == [("type", 1)]


@pytest.mark.skipif(bool(missing()), reason=missing() or "-")
def test_what_it_sees(nowhere: Path) -> None:
    """Of the SDK's folder no more than it needs: others may lie beside it."""
    root = nowhere / "net"
    (root / "secret").mkdir(parents=True)
    (root / "shared").mkdir()
    says = f'for name in {root}/*; do echo "snippet.cs(1,1): warning CS9999: ${{name##*/}}"; done'
    assert {one.message for one in _asked(nowhere, says)} == {"dotnet", "packs", "sdk", "shared"}


def test_it_breaks(nowhere: Path) -> None:
    with pytest.raises(CheckCrashed, match="ended with 134"):
        _asked(nowhere, "echo 'Unhandled exception. System.OutOfMemoryException' >&2; exit 134")


MISSING = """using Newtonsoft.Json;
using Microsoft.EntityFrameworkCore;
class A : DbContext {
    DbSet<int> Xs = JsonConvert.Foo();
    string s = 1;
}
"""
UNKNOWN = """
at='The type or namespace name'
if [ ! -e .missing.cs ]; then
echo "snippet.cs(1,7): error CS0246: $at 'Newtonsoft' could not be found (are you missing a using directive?)"
echo "snippet.cs(2,17): error CS0234: $at 'EntityFrameworkCore' does not exist in the namespace 'Microsoft'"
echo "snippet.cs(3,11): error CS0246: $at 'DbContext' could not be found"
echo "snippet.cs(4,5): error CS0246: $at 'DbSet<>' could not be found"
exit 1
fi
while read -r line; do echo "snippet.cs(6,1): warning CS9999: $line"; done < .missing.cs
echo "snippet.cs(4,21): error CS0103: The name 'JsonConvert' does not exist in the current context"
echo "snippet.cs(5,16): error CS0029: Cannot implicitly convert type 'int' to 'string'"
echo ".missing.cs(1,1): error CS0101: The namespace already contains a definition for 'DbSet'"
exit 1
"""


def test_what_stands_in_for_what_is_missing(nowhere: Path) -> None:
    found = _asked(nowhere, UNKNOWN, MISSING)
    assert [one.message for one in found if one.severity == "warning"] == [
        "namespace Microsoft.EntityFrameworkCore { }",
        "namespace Newtonsoft.Json { }",
        "public class DbContext { }",
        "public class DbSet { }",
        "public class DbSet<T0> { }",
    ]
    assert errors(found) == [
        *(("missing-dependency", line) for line in (1, 2, 3, 4, 4)),
        ("type", 5),
        ("missing-dependency", None),
    ]
