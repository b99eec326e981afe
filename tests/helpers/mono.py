"""Mono's compiler in place of the SDK's: the same options, the same form of messages, mostly the same codes."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_llm.sandbox import programs
from pytest_llm.toolchains.base import version
from pytest_llm.toolchains.dotnet import Compiler

_LIBRARY, _CONFIGURATION = Path("/usr/lib/mono/4.5"), Path("/etc/mono")


def mono() -> Compiler:
    """The compiler; the test is skipped where this machine has none."""
    mcs = programs.which("mcs")
    if mcs is None:
        pytest.skip("no mcs: pytest-llm doctor --install mono")
    return Compiler(
        command=(str(mcs),),
        version=version(mcs),
        shown=(_CONFIGURATION,),
        references=tuple(_LIBRARY / f"{name}.dll" for name in ("mscorlib", "System", "System.Core")),
        flags=("-langversion:latest",),
    )
