"""Objects that a case names as `module:Name`, from the code of the repository itself."""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib import import_module, invalidate_caches
from pathlib import Path
from typing import Any

from pytest_llm.cases.paths import above
from pytest_llm.errors import InputError, nearest

_INSTALLED = {"site-packages", "dist-packages"}
_OURS = Path(__file__).parents[1]


def load_object(spec: str, root: Path) -> Any:
    """What `module:Name` names; `root` leads `sys.path` while it is imported. Raises InputError."""
    module_name, _, name = spec.partition(":")
    if not module_name or not name:
        raise InputError(f"{spec!r} is not of the form module:Name")
    try:
        with _on_path(root):
            module = import_module(module_name)
    except ModuleNotFoundError as error:
        hint = f"looked in the rootdir {root} and in what is installed"
        raise InputError(f"{spec!r}: there is no module {error.name!r}", hint=hint) from None
    except Exception as error:
        raise InputError(f"{spec!r} cannot be imported: {type(error).__name__}: {error}") from error
    found: Any = module
    for part in name.split("."):
        if not hasattr(found, part):
            known = [known for known in vars(found) if not known.startswith("_")]
            raise InputError(f"the module {module_name!r} has no {part!r}{nearest(part, known)}")
        found = getattr(found, part)
    return found


@contextmanager
def _on_path(root: Path) -> Iterator[None]:
    invalidate_caches()
    entry = str(root)
    sys.path.insert(0, entry)
    try:
        yield
    finally:
        sys.path.remove(entry)


def sources(file: Path, root: Path, search: tuple[str, ...] = ()) -> tuple[Path, ...]:
    """A file of code under `root`, and those there that it imports, and so on, as far as their text says.

    search: more folders that modules are looked for in (`sys.path`). What is installed is left out, and so are we.
    """
    places = _own(search, root)
    found: dict[Path, None] = {}
    todo = [file]
    while todo:
        path = todo.pop()
        if path not in found and _is_own(path, root):
            found[path] = None
            todo += _imported(path, dict.fromkeys([*above(path.parent, root), *places]))
    return tuple(found)


@lru_cache(maxsize=16)
def _own(search: tuple[str, ...], root: Path) -> tuple[Path, ...]:
    return tuple(path for path in map(Path, search) if _is_own(path, root))


def _is_own(path: Path, root: Path) -> bool:
    return path.is_relative_to(root) and not path.is_relative_to(_OURS) and not _INSTALLED & {*path.parts}


def _imported(file: Path, places: Iterable[Path]) -> Iterator[Path]:
    """The files there are of the modules that a file imports; a package's own file is one of a module's in it."""
    try:
        stat = file.stat()
        names = _modules(file, stat.st_mtime_ns, stat.st_size)
    except (OSError, SyntaxError, ValueError, RecursionError):
        return
    for level, name in names:
        parts = name.split(".") if name else []
        if 0 < level <= len(file.parents):
            package = file.parents[level - 1]
            yield from _module(str(package.parent), [package.name, *parts])
        else:
            yield from (path for place in places for path in _module(str(place), parts))


def _module(place: str, parts: list[str]) -> Iterator[Path]:
    """The files of a module, and of the packages that it is in."""
    for part in parts:
        place = os.path.join(place, part)
        package = os.path.join(place, "__init__.py")
        yield from (Path(path) for path in (package, f"{place}.py") if os.path.isfile(path))
        if not os.path.isdir(place):
            return


@lru_cache(maxsize=1024)
def _modules(file: Path, _mtime: int, _size: int) -> tuple[tuple[int, str], ...]:
    """(how many folders up, the module's name) of each import; of `from a import b` b may be a module too."""
    found: dict[tuple[int, str], None] = {}
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            found |= {(0, alias.name): None for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {(node.level, ".".join(filter(None, (node.module, alias.name)))): None for alias in node.names}
    return tuple(found)
