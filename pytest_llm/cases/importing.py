"""Objects that a case names as `module:Name`, from the code of the repository itself."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module, invalidate_caches
from pathlib import Path
from typing import Any

from pytest_llm.errors import InputError, nearest


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
