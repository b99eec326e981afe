"""Finding a browser on this machine."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from pytest_llm.errors import Unsupported, nearest
from pytest_llm.sandbox import programs

VARIABLE = "PYTEST_LLM_BROWSER"
REMEDY = (
    "install one: `apt-get install chromium-headless-shell` (Debian 12), or "
    "`playwright install --with-deps chromium-headless-shell`; or name one by --llm-browser"
)
FIREFOX_REMEDY = "install it: `apt-get install firefox-esr` (Debian 12)"

_CHOICES = ("chromium", "chrome", "firefox")  # any other is a program

_SHELL_NAMES = ("chromium-headless-shell", "chrome-headless-shell", "headless_shell")
_FULL_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_FIREFOX_NAMES = ("firefox", "firefox-esr")
_SHELL_DOWNLOADS = (  # below Playwright's folder; the shell alone can step frames
    "chromium_headless_shell-*/chrome-*/headless_shell",
    "chromium_headless_shell-*/chrome-*/chrome-headless-shell",
    "chromium_headless_shell-*/*/chrome-headless-shell",
)
_FULL_DOWNLOADS = (
    "chromium-*/chrome-*/chrome",
    "chromium-*/chrome-mac*/Chromium.app/Contents/MacOS/Chromium",
)


@dataclass(frozen=True)
class BrowserFound:
    """A browser. `stepping`: it is a headless shell, which can be asked for single frames."""

    path: Path
    stepping: bool

    @property
    def kind(self) -> Literal["chromium", "firefox"]:
        """The package that drives it."""
        return "firefox" if _is_firefox(self.path.name) else "chromium"


def find(choice: str | None = None) -> BrowserFound:
    """The browser to use: `choice` (a path or a command), the environment, Playwright's download, the PATH.

    Raises Unsupported, with the commands that install one, where there is none.
    """
    choice = choice or os.environ.get(VARIABLE)
    firefox = _is_firefox(choice or "")
    if any(find_spec(name) is None for name in ("PIL", "psutil", *(["websockets"] if firefox else []))):
        raise Unsupported(
            "the browser check's libraries are not installed", "pip install 'pytest-llm-cases[browser]'"
        )
    path = locate(choice)
    if path is None:
        meant = nearest(choice, list(_CHOICES)) if choice and choice not in _CHOICES else ""
        what = f"the browser {choice!r} was not found{meant}" if choice else "no Chromium was found"
        raise Unsupported(what, FIREFOX_REMEDY if firefox else REMEDY)
    return BrowserFound(path, stepping="headless" in path.name.lower())


def locate(choice: str | None) -> Path | None:
    """The program of the browser that is asked for; None where it is not here."""
    if choice in ("chromium", "chrome"):  # the ordinary one: it shows its pages in real time
        return _downloaded(_FULL_DOWNLOADS) or _on_path(_FULL_NAMES)
    if choice == "firefox":
        return _on_path(_FIREFOX_NAMES)
    if choice:
        return _on_path((choice,))
    shell = _downloaded(_SHELL_DOWNLOADS) or _on_path(_SHELL_NAMES)
    return shell or _downloaded(_FULL_DOWNLOADS) or _on_path(_FULL_NAMES)


def _is_firefox(name: str) -> bool:
    return "firefox" in Path(name).name.lower()


def _on_path(names: tuple[str, ...]) -> Path | None:
    return next((where for name in names if (where := programs.which(name))), None)


def _downloaded(patterns: tuple[str, ...]) -> Path | None:
    """The newest build in the folder where `playwright install` puts them."""
    named = os.environ.get("PLAYWRIGHT_BROWSERS_PATH")
    cache = {"darwin": "Library/Caches", "win32": "AppData/Local"}.get(sys.platform, ".cache")
    folder = Path(named) if named and named != "0" else Path.home() / cache / "ms-playwright"
    for pattern in patterns:
        builds = sorted(folder.glob(pattern), key=lambda path: path.stat().st_mtime)
        if builds:
            return builds[-1]
    return None
