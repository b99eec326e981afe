"""Which cells a change touches: pure functions on lists of files (docs/changed.md)."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePath
from typing import Any

from pytest_llm.cases.casefile import SUFFIX
from pytest_llm.cases.importing import sources
from pytest_llm.cases.paths import above, is_content, trail
from pytest_llm.verdicts import inputs
from pytest_llm.verdicts.plan import Plan

CONFTEST = "conftest.py"


@dataclass(frozen=True)
class Changes:
    """What differs between a commit and the work tree.

    base: the commit, hex. top: the work tree's folder. paths: absolute, links resolved, a folder for all that is in
    it; ignored: those of which git knows nothing. settings: which ini values differ, a phrase each.
    """

    base: str
    top: str
    paths: frozenset[str]
    ignored: frozenset[str] = frozenset()
    settings: tuple[str, ...] = ()

    def within(self, folder: str) -> Iterator[str]:
        """The changed paths in a folder, relative to it."""
        start = folder.rstrip("/") + "/"
        return (path[len(start) :] for path in self.paths if path.startswith(start))

    def shown(self, path: str) -> str:
        """A path as people write it: relative to the top."""
        return path.removeprefix(self.top.rstrip("/") + "/")


def inputs_of(plan: Plan, modelfiles: Sequence[Path]) -> tuple[Path, ...]:
    """Every path that a cell rests on, there or not: its files, the conftest.py files above with what they import.

    modelfiles: the folders of Modelfiles. One that was deleted, or that an earlier folder has now, counts too.
    """
    loaded, model = plan.cell.loaded, plan.model
    conftests = [folder / CONFTEST for folder in above(loaded.folder, loaded.root)]
    code = [path for file in conftests for path in sources(file, loaded.root, tuple(sys.path))]
    names = [model.written, *(spec.base for spec in model.modelfiles)] if model.engine != "openai" else []
    of_names = [folder / f"{name}.Modelfile" for name in names if "/" not in name for folder in modelfiles]
    broken = [model.fault.path] if model.fault else []
    return tuple(dict.fromkeys((*inputs.files(plan), *conftests, *code, *of_names, *broken)))


class Touched:
    """Looks at the inputs of cells; at each path once, whatever number of cells rest on it."""

    def __init__(self, changes: Changes) -> None:
        self._changed = cache(lambda path: next(_changed(path, changes), ""))
        self._unknown = cache(lambda path: os.path.exists(path) and _is_unknown(path, changes))

    def first(self, paths: Iterable[Path]) -> str:
        """The first of these that is changed, relative to the top; "" where none is."""
        return next(filter(None, map(self._changed, paths)), "")

    def unknown(self, paths: Iterable[Path]) -> list[str]:
        """Those that are there, and that git cannot compare: ignored, or outside of its work tree."""
        return [str(trail(path)[-1]) for path in paths if self._unknown(path)]


def _changed(path: Path, changes: Changes) -> Iterator[str]:
    """The path itself, a link on the way to it, a folder that it is in, or what is in it."""
    way = trail(path)
    for step in way:
        yield from (changes.shown(str(one)) for one in (step, *step.parents) if str(one) in changes.paths)
    if os.path.isdir(way[-1]):
        found = (name for name in changes.within(str(way[-1])) if is_content(PurePath(name)))
        yield from (changes.shown(f"{way[-1]}/{name}") for name in sorted(found))


def _is_unknown(path: Path, changes: Changes) -> bool:
    end = trail(path)[-1]
    return not end.is_relative_to(changes.top) or any(str(one) in changes.ignored for one in (end, *end.parents))


def deleted_cases(changes: Changes, roots: Sequence[Path]) -> list[str]:
    """The case files under these paths that are not there any more: no cell is left that could be selected."""
    ends = [trail(root)[-1] for root in roots]
    gone = [Path(path) for path in changes.paths if path.endswith(SUFFIX)]
    found = [path for path in gone if not os.path.lexists(path) and any(path.is_relative_to(end) for end in ends)]
    return sorted(changes.shown(str(path)) for path in found)


def differing(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """The names of the settings that concern prompts and differ; `addopts` where options of ours in it do."""
    names = sorted({name for name in (*before, *now) if name.startswith("llm_")})
    found = [name for name in names if before.get(name) != now.get(name)]
    return found + (["addopts"] if _ours(before) != _ours(now) else [])


def _ours(ini: Mapping[str, Any]) -> list[str]:
    """The options of an ini file where one of ours is among them."""
    words = options(ini)
    return words if any(word.startswith("--llm-") or "llm_" in word for word in words) else []


def options(ini: Mapping[str, Any]) -> list[str]:
    """The words of `addopts`."""
    said = ini.get("addopts") or ""
    if isinstance(said, list):
        return list(map(str, said))
    try:
        return shlex.split(str(said))
    except ValueError:
        return str(said).split()


def listed(value: Any) -> list[str]:
    """The entries of an ini value that is a list, or has one a line."""
    lines = value.splitlines() if isinstance(value, str) else map(str, value or ())
    return [line.strip() for line in lines if line.strip()]
