"""Where pytest's settings stand, and what they are there: text in, values out."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

# What pytest reads its settings from: the first in a folder that has the section. (name, section)
INI_FILES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "pytest.toml": (("pytest",),),
    ".pytest.toml": (("pytest",),),
    "pytest.ini": (("pytest",),),
    ".pytest.ini": (("pytest",),),
    "pyproject.toml": (("tool", "pytest", "ini_options"), ("tool", "pytest")),
    "tox.ini": (("pytest",),),
    "setup.cfg": (("tool:pytest",),),
}


def ini_values(name: str, text: str) -> dict[str, Any] | None:
    """What pytest would read in a file of this name; None where it reads no settings of its own there."""
    kind = {".toml": "pyproject.toml", ".cfg": "setup.cfg"}.get(PurePath(name).suffix, "tox.ini")
    sections = INI_FILES.get(name) or INI_FILES[kind]
    try:
        data: Any = tomllib.loads(text) if name.endswith(".toml") else _ini(text)
    except (ValueError, KeyError):
        return None
    for section in sections:
        found = data
        for part in section:
            found = found.get(part) if isinstance(found, dict) else None
        if isinstance(found, dict):
            return found
    return {} if name in ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini") else None


def _ini(text: str) -> dict[str, dict[str, str]]:
    from iniconfig import IniConfig, ParseError  # pytest's own reader

    try:
        return {section.name: dict(section.items()) for section in IniConfig("", data=text)}
    except ParseError as error:
        raise ValueError(str(error)) from None
