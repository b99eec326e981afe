"""Which modules that a Python text imports are here. Nothing is imported."""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from importlib.util import find_spec

from pytest_llm.toolchains.base import Kind

_SHORT = 6  # letters: shorter names that differ in one are names of other libraries (`typer`, `types`)


def absent(name: str) -> tuple[Kind, str] | None:
    """What is wrong with the name of a module, dots and all; None where it is here.

    What looks like one of Python's own is misspelt, and no dependency.
    """
    root = name.partition(".")[0]
    if not _is_here(root):
        meant = min((known for known in sys.stdlib_module_names if _slipped(root, known)), default="")
        if meant:
            return "undefined", f"no module {root!r}: {meant!r} may be meant"
        return "missing-dependency", f"the module {root!r} is not installed"
    if "." in name and root in sys.stdlib_module_names and not _holds(name):
        return "undefined", f"no module {name!r} in Python's library"
    return None


def _is_here(root: str) -> bool:
    try:
        return find_spec(root) is not None
    except (ImportError, ValueError):  # ValueError: a module that was made by hand
        return True


def _holds(name: str) -> bool:
    """Whether a package of the library holds a module. Its files are looked at: to import it may do anything."""
    root, *rest = name.split(".")
    spec = find_spec(root)
    for end, _ in enumerate(rest, 2):
        if ".".join(name.split(".")[:end]) in sys.modules:
            continue
        if spec is None or spec.submodule_search_locations is None:
            return spec is not None and spec.origin == "built-in"  # `sys.monitoring`: a newer Python may have it
        spec = PathFinder.find_spec(".".join(name.split(".")[:end]), list(spec.submodule_search_locations))
    return spec is not None


def _slipped(name: str, known: str) -> bool:
    """Whether a name is another with two letters exchanged, one wrong, one left out or one doubled."""
    if name == known or name[:1] != known[:1] or known.startswith("_"):
        return False
    at = next(
        (at for at, pair in enumerate(zip(name, known, strict=False)) if pair[0] != pair[1]),
        min(len(name), len(known)),
    )
    rest, right = name[at:], known[at:]
    if len(name) == len(known):
        exchanged = rest[:2] == right[1::-1] and rest[2:] == right[2:]
        return exchanged or (len(known) >= _SHORT and rest[1:] == right[1:])
    left_out = len(known) >= _SHORT and rest == right[1:]
    return left_out or (rest[1:] == right and name[at : at + 1] == name[at - 1 : at])
