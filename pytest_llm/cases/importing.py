"""Objects that a case names as `module:Name`, from the code of the repository itself."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from importlib import import_module, invalidate_caches
from pathlib import Path
from typing import Any

from pytest_llm.cases.paths import above
from pytest_llm.errors import InputError, nearest

_INSTALLED = {"site-packages", "dist-packages"}


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


def sources(file: Path, root: Path, search: Sequence[str] = ()) -> tuple[Path, ...]:
    """A file of code under `root`, and those there that it imports, and so on, as far as their text says.

    search: more folders that modules are looked for in (`sys.path`). What is installed is left out.
    """
    places = [Path(entry) for entry in search]
    found: dict[Path, None] = {}
    todo = [file]
    while todo:
        path = todo.pop()
        if path not in found and path.is_relative_to(root) and not _INSTALLED & {*path.parts}:
            found[path] = None
            todo += _imported(path, [*above(path.parent, root), *places])
    return tuple(found)


def _imported(file: Path, places: Sequence[Path]) -> Iterator[Path]:
    """The files there are of the modules that a file imports; a package's own file is one of a module's in it."""
    try:
        stat = file.stat()
        names = _modules(file, stat.st_mtime_ns, stat.st_size)
    except (OSError, SyntaxError, ValueError, RecursionError):
        return
    for level, name in names:
        parts = name.split(".") if name else []
        for place in [file.parents[level - 1]] if 0 < level <= len(file.parents) else places:
            for depth in range(len(parts) + 1):
                module = place.joinpath(*parts[:depth])
                tried = [module / "__init__.py", *([module.with_name(f"{module.name}.py")] if depth else [])]
                yield from (path for path in tried if (depth or level) and path.is_file())


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
