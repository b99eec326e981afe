"""The walls that a lane lives in: its own processes, its own network or none, and little of the file system."""

from __future__ import annotations

import sys
from pathlib import Path

from pytest_llm.browsers import libraries, shelf
from pytest_llm.browsers.find import BrowserFound
from pytest_llm.browsers.report import Network
from pytest_llm.sandbox import programs
from pytest_llm.sandbox.walls import TMP, Walls

PACKAGE = Path(__file__).parents[1]
_SYSTEM = (
    *("/var/cache/fontconfig", "/etc/fonts", "/etc/chromium", "/etc/chromium.d", "/etc/localtime"),
    *("/etc/firefox", "/etc/firefox-esr"),
)
_NETWORK = ("/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/ssl", "/etc/ca-certificates", "/etc/pki")
_UID = 1000  # any but 0: as root Chromium would refuse its own sandbox
_ENVIRONMENT = {"HOME": TMP, "TMPDIR": TMP, "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}


def walls(browser: BrowserFound, network: Network) -> Walls:
    """Of a lane: Python, this package and the browser are there to read, and a /tmp of its own to write."""
    shown = [*_SYSTEM, *(_NETWORK if network == "allow" else ())]
    present = [path for path in map(Path, shown) if path.exists()]
    return Walls(
        readonly=(*present, *_readable(browser), libraries.folder()),
        env={**_ENVIRONMENT, "PYTHONPATH": str(PACKAGE.parent), shelf.VARIABLE: str(libraries.folder())},
        network=network == "allow",
        uid=_UID,
        tmp=True,
    )


def _readable(browser: BrowserFound) -> list[Path]:
    """The folders without which neither Python nor the browser would start: as they are called, and as they are."""
    program = browser.path.resolve()
    folder = program if programs.too_wide(program.parent, Path.cwd()) else program.parent
    found = [programs.python().parents[1], Path(sys.prefix), Path(sys.base_prefix), PACKAGE]
    return list(dict.fromkeys([*found, *(path.resolve() for path in found), folder]))
