"""What hosts of modules send: a package's file whose imports name addresses at the same host."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from typing import Any

_IMPORTS = re.compile(
    r"""((?<![\w$.])(?:import\s*\(|(?:import|export)\b(?:[^"'`;=]*\bfrom(?![\w$]))?)\s*)(["'])([^"'\s]+)\2"""
)


def exported(manifest: Mapping[str, Any], path: str) -> str:
    """The file that a manifest means by a path of its package (`auto`); "" where it names none."""
    exports = manifest.get("exports")
    found: Any = exports.get(f"./{path}") if isinstance(exports, dict) else None
    while isinstance(found, dict):
        found = found.get("import", found.get("default"))
    return found if isinstance(found, str) else ""


def alone(text: str, name: str) -> bool:
    """Whether a module asks for no other package than its own, by the name of that."""
    asked = (found[3] for found in _IMPORTS.finditer(text))
    return all("://" in one or _path(one, "", name) is not None for one in asked)


def linked(text: str, at: str, name: str, address: tuple[str, str]) -> str:
    """A module with the addresses of what it imports. at: its path; address: what stands around one."""

    def put(found: re.Match[str]) -> str:
        path = _path(found[3], at, name)
        if path is None:
            return found[0]
        return f"{found[1]}{found[2]}{address[0]}{f'/{path}' if path else ''}{address[1]}{found[2]}"

    return _IMPORTS.sub(put, text)


def _path(imported: str, at: str, name: str) -> str | None:
    """Within the package, "" for the package itself; None for anything else."""
    if imported.startswith("."):
        return posixpath.normpath(posixpath.join(posixpath.dirname(at), imported))
    inner = imported.removeprefix(name)
    return inner.lstrip("/") if inner != imported and inner[:1] in ("", "/") else None
