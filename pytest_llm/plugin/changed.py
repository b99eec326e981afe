"""`--llm-changed REF`: only the cells whose inputs differ from the merge base with REF."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from pytest_llm.errors import InputError
from pytest_llm.gates import weakened
from pytest_llm.gates.changed import Changes, Touched, deleted_cases, differing, inputs_of
from pytest_llm.gates.inifile import INI_FILES, ini_values
from pytest_llm.plugin.nodes import PromptItem
from pytest_llm.plugin.options import SETTINGS, SUFFIX
from pytest_llm.plugin.session import CHANGES
from pytest_llm.plugin.telling import left_out
from pytest_llm.reports.plain import plain
from pytest_llm.store.git import WorkTree, compared, shown

FOUND = "pytest_llm_changed"  # what a worker tells
_SHORT = 12  # digits of a commit
_NAMED = 3  # paths in one line


class Changed:
    """Deselects the cells that a change does not touch. git is asked once, in the process that began the run.

    cells: how many were collected. selected: the changed input of each that is left. missed: that of a cell, or a
    case, that is not asked though it is changed. unknown: what git cannot compare.
    """

    def __init__(self, config: pytest.Config, ref: str) -> None:
        """Raises pytest.UsageError where git cannot say it."""
        self.config, self.ref = config, ref
        told = getattr(config, "workerinput", {}).get(CHANGES)
        self.changes = _from_plain(told) if told else _asked(config, ref)
        self.cells, self.selected, self.missed = 0, dict[str, str](), ""
        self.unknown: list[str] = []
        self._others: list[PromptItem] = []

    def handed_on(self) -> dict[str, Any]:
        """What git said, as builtins: pytest-xdist carries no other."""
        c = self.changes
        paths = {"paths": [os.fsencode(p) for p in c.paths], "ignored": [os.fsencode(p) for p in c.ignored]}
        return {"base": c.base, "top": os.fsencode(c.top), "settings": list(c.settings), **paths}

    @pytest.hookimpl(tryfirst=True)
    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        self._others += [item for item in items if isinstance(item, PromptItem)]

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """After `-k` and `-m`, before `--llm-limit`."""
        others, touched = list(self._others), Touched(self.changes)
        unknown: dict[str, None] = {}
        kept: list[pytest.Item] = []
        out: list[pytest.Item] = []
        for item in items:
            if not isinstance(item, PromptItem):
                kept.append(item)
                continue
            paths = self._inputs(item)
            unknown |= dict.fromkeys(touched.unknown(paths))
            if changed := self._why(touched, paths):
                self.selected[item.nodeid] = changed
            (kept if changed else out).append(item)
        self.cells, self.unknown = len(self.selected) + len(out), list(unknown)
        self.missed = next(filter(None, (self._why(touched, self._inputs(item)) for item in others)), "")
        if out:
            config.hook.pytest_deselected(items=out)
            items[:] = kept

    def _inputs(self, item: PromptItem) -> tuple[Path, ...]:
        return inputs_of(item.plan, self.config.stash[SETTINGS].modelfiles)

    def _why(self, touched: Touched, paths: tuple[Path, ...]) -> str:
        return next(iter(self.changes.settings), "") or touched.first(paths)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if hasattr(session.config, "workerinput"):
            found = [self.cells, self.selected, self.missed, self.unknown]
            session.config.workeroutput[FOUND] = json.dumps(found)  # type: ignore[attr-defined]

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        if told := getattr(node, "workeroutput", {}).get(FOUND):
            self.cells, self.selected, self.missed, self.unknown = json.loads(told)

    @property
    def gone(self) -> list[str]:
        """The case files that were deleted, of those that the command line names."""
        named = [self.config.invocation_params.dir / arg.partition("::")[0] for arg in self.config.args]
        return deleted_cases(self.changes, named)

    @property
    def untested(self) -> str:
        """A changed input that no cell of the run stands for, though no cell is left; "" where none is changed."""
        return "" if self.selected else self.missed or next(iter(self.gone), "")

    @property
    def why_untested(self) -> str:
        return f"{self.untested} is changed, and no cell that rests on it was selected"

    @property
    def counted(self) -> str:
        """All the cells there were, in words."""
        return "the one cell" if self.cells == 1 else f"the {self.cells} cells"

    def weakened(self) -> list[str]:
        """What the change made easier for itself, a sentence each: bars of the ini file, `min_pass` of cases."""
        c = self.changes
        before, now = _ini_values(self.config, c.top, c.base) if c.settings else ({}, {})
        said = list(weakened.bars(weakened.bars_of(before), weakened.bars_of(now)))
        for path in sorted(c.paths):
            if path.endswith((SUFFIX, weakened.DEFAULTS)) and Path(path).is_file():
                then = shown(c.top, c.base, path) or ""
                said += weakened.cases(c.shown(path), then, Path(path).read_text("utf-8", errors="replace"))
        return said

    @property
    def unchanged(self) -> bool:
        """Whether there is nothing to ask because nothing is changed."""
        return bool(self.cells) and not self.selected and not self.untested

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        left_out(terminalreporter, self.cells - len(self.selected))
        for line in self.lines(terminalreporter.verbosity > 0):
            terminalreporter.write_line(plain(line))

    def lines(self, verbose: bool) -> list[str]:
        """What is said at the run's end. verbose: also the changed input of each cell."""
        since = f"--llm-changed {self.ref}: "
        base = self.changes.base[:_SHORT]
        out = self.cells - len(self.selected)
        told = [f"{since}{self._counted(out)} left out: no input of theirs differs from {base}"] if out else []
        if self.selected and not out:
            told = [f"{since}all {self._counted(self.cells)} selected: an input of each differs from {base}"]
        if self.changes.settings and self.selected:
            told = [f"{since}all {self._counted(self.cells)} selected: {self.changes.settings[0]}"]
        if self.unknown:
            more = f" and {len(self.unknown) - _NAMED} more" if len(self.unknown) > _NAMED else ""
            names = ", ".join(self.changes.shown(path) for path in self.unknown[:_NAMED])
            told.append(f"{since}git does not know {names}{more}: what changed there is not seen")
        return told + ([f"  {id_}: {path}" for id_, path in self.selected.items()] if verbose else [])

    def _counted(self, cells: int) -> str:
        of = "" if cells == self.cells else f" of {self.cells}"
        return f"{cells}{of} cell was" if cells == self.cells == 1 else f"{cells}{of} cells were"


def _asked(config: pytest.Config, ref: str) -> Changes:
    try:
        tree = compared(config.rootpath, ref)
    except InputError as error:
        hint = f"; {error.hint}" if error.hint else ""
        raise pytest.UsageError(f"--llm-changed: {error.message}{hint}") from None
    return Changes(tree.base, tree.top, tree.changed, tree.ignored, _settings(config, tree))


def _settings(config: pytest.Config, tree: WorkTree) -> tuple[str, ...]:
    """The settings that differ, each with the file that has it now."""
    ini = config.inipath
    folder = Path(os.path.realpath(ini.parent if ini else config.rootpath))
    names = [ini.name] if ini and ini.name not in INI_FILES else list(INI_FILES)
    if not any(str(folder / name) in tree.changed for name in names):
        return ()
    where = f" in {ini.name}" if ini else ""
    return tuple(f"{name} differs{where}" for name in differing(*_ini_values(config, tree.top, tree.base)))


def _ini_values(config: pytest.Config, top: str, base: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """What the ini file says at the merge base, and what it says now."""
    ini = config.inipath
    folder = Path(os.path.realpath(ini.parent if ini else config.rootpath))
    names = [ini.name] if ini and ini.name not in INI_FILES else list(INI_FILES)
    texts = ((name, shown(top, base, str(folder / name))) for name in names)
    read = (ini_values(name, text) for name, text in texts if text is not None)
    before: Mapping[str, Any] = next((values for values in read if values is not None), {})
    now = ini_values(ini.name, ini.read_text("utf-8", errors="replace")) if ini else None
    return before, now or {}


def _from_plain(told: Mapping[str, Any]) -> Changes:
    paths = {key: frozenset(os.fsdecode(p) for p in told[key]) for key in ("paths", "ignored")}
    return Changes(told["base"], os.fsdecode(told["top"]), settings=tuple(told["settings"]), **paths)
