"""What one pytest run holds: settings, checks, models, the engine, the folder of its files."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import pytest

from pytest_llm.errors import InputError
from pytest_llm.plugin.options import HAS_CELLS, SETTINGS

if TYPE_CHECKING:
    from pytest_llm.cases.matrix import Cell
    from pytest_llm.checks.base import Check
    from pytest_llm.engine.engine import Engine
    from pytest_llm.engine.events import Stream
    from pytest_llm.engine.memory import Keeper
    from pytest_llm.engine.remote import RemoteEngine
    from pytest_llm.plugin.modelrefs import ModelRefs
    from pytest_llm.plugin.registries import Registries
    from pytest_llm.providers.base import Provider

ADDRESS = "pytest_llm_engine"
RUN_ID = "pytest_llm_run"
CHANGES = "pytest_llm_changes"


class LlmSession:
    """The state of a run, made when its first prompt file is met (or, under xdist, when it starts)."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.settings = config.stash[SETTINGS]
        self.troubles: list[str] = []  # with servers, of which the run tells when it ends
        self._recorded = False
        self.lively = False  # a live line shows what is said
        self._aside: TextIO | None = sys.__stderr__
        self._engine: Engine | RemoteEngine | None = None
        worker: dict[str, Any] = getattr(config, "workerinput", {})
        self.is_worker = bool(worker)
        self._address = worker.get(ADDRESS)
        self._worker = str(worker.get("workerid", ""))
        self.run_id = str(worker.get(RUN_ID) or _new_id())
        self.deselected: list[str] = []
        self.tests: list[pytest.Item] = []  # Python tests that ask, the deselected ones among them
        self.at_end: list[Callable[[], None]] = []  # when the engine is closed

    @property
    def engine(self) -> Engine | RemoteEngine:
        """The engine of the run; in a worker, the way to it."""
        if self._engine is None:
            self._engine = self._reach() if self._address else self.start_engine()
            self.config.add_cleanup(self.close)
        return self._engine

    @property
    def own_engine(self) -> Engine:
        """The engine, in the process that it lives in."""
        from pytest_llm.engine.engine import Engine

        engine = self.engine
        assert isinstance(engine, Engine)
        return engine

    def _reach(self) -> RemoteEngine:
        from pytest_llm.engine.remote import RemoteEngine

        return RemoteEngine(tuple(self._address or ()), self._worker)

    @cached_property
    def secrets(self) -> tuple[str, ...]:
        """The keys and passwords that nothing of this run may show."""
        from pytest_llm.providers.wire.secrets import secrets

        return secrets((*self.settings.hosts, *self.settings.openai_urls))

    def progress(self, line: str) -> None:
        """Tell something while the run goes on, whatever is captured."""
        from pytest_llm.engine.events import Event
        from pytest_llm.providers.wire.secrets import cleaned
        from pytest_llm.reports.plain import one_line

        text = cleaned(one_line(line), self.secrets)
        self.events.tell(Event("said", text=text))
        if not self.lively:
            print(text, file=self._aside, flush=True)

    def keep_stderr(self) -> None:
        """For `progress`: to be called where pytest does not capture."""
        with suppress(AttributeError, OSError, ValueError):  # there is none, or it is no file
            real = os.dup(sys.__stderr__.fileno())  # type: ignore[union-attr]
            self._aside = aside = os.fdopen(real, "w", errors="replace")
            self.config.add_cleanup(aside.close)

    def start_engine(self) -> Engine:
        """A new engine: once a run, in the process that settles the order."""
        from pytest_llm.engine.budget import Budget
        from pytest_llm.engine.dispatch import Dispatch
        from pytest_llm.engine.engine import Engine

        budget = Budget(*self.settings.budget)
        dispatch = Dispatch(
            self._connect,
            slots=self.settings.slots,
            memory=self.memory,
            events=self.events,
            budget=budget,
            troubles=self.troubles,
            said=self.progress,
        )
        return Engine(dispatch)

    @cached_property
    def models(self) -> ModelRefs:
        """What the names of models mean in this run."""
        from pytest_llm.plugin.modelrefs import ModelRefs

        return ModelRefs(self.settings)

    @cached_property
    def registries(self) -> Registries:
        """The checks that cases may name, folder by folder."""
        from pytest_llm.plugin.registries import Registries

        return Registries(self.config)

    @cached_property
    def events(self) -> Stream:
        """What happens in this run."""
        from pytest_llm.engine.events import Stream

        return Stream()

    @cached_property
    def memory(self) -> Keeper | None:
        """What earlier runs were answered, and what this one is; None without a store."""
        from pytest_llm.plugin.opening import keeper

        if memory := keeper(self.settings, self.secrets, self.progress):
            self.config.add_cleanup(memory.close)
            self.at_end.append(memory.hasten)
        return memory

    def _connect(self, engine: str) -> list[Provider]:
        from pytest_llm.providers import connect

        hook = self.config.hook.pytest_llm_provider
        theirs: Provider | None = hook(engine=engine, settings=self.settings)
        return [theirs] if theirs else connect(engine, self.settings, self.progress)

    def close(self) -> None:
        if self._engine is not None:
            self._engine.close()
            for end in self.at_end:
                end()

    def parse_check(self, cell: Cell, entry: Any) -> Check:
        """The check that an entry of a case file stands for. Raises InputError."""
        from pytest_llm.checks.registry import EntryError

        folder = cell.loaded.folder
        check = self.registries.of(folder).parse(entry, folder=folder, root=self.settings.root)
        for name in check.models:
            try:
                self.models.ref(name, lambda text: None)
            except InputError as error:
                if error.path is not None:
                    raise
                raise EntryError(f"{check.name}: {error.message}", at=_where(entry), hint=error.hint) from None
        return check

    def artifacts(self, item_id: str) -> Path:
        """The folder for a cell's files; not made yet."""
        return self.folder / folder_name(item_id)

    @property
    def shows_all(self) -> bool:
        """Whether the terminal shows prompts and answers whole, not as much of them as fits."""
        return bool(self.config.getoption("llm_show_answer", None)) or self.config.getoption("verbose", 0) >= 2

    @cached_property
    def shows_passes(self) -> bool:
        """Whether the terminal shows what belongs to passing tests (`-rA`, `-rP`); else it is kept for nobody."""
        return not {"A", "P"}.isdisjoint(self.config.getoption("reportchars", None) or "")

    def kept(self, item_id: str) -> str:
        """The command that shows a whole cell, "" where no record is kept."""
        return shlex.join(["pytest-llm", "show", self.run_id, item_id]) if self._is_recorded() else ""

    def _is_recorded(self) -> bool:
        """Looked for until the record is there."""
        from pytest_llm.store.runs import FILE

        self._recorded = self._recorded or (self.folder / FILE).exists()
        return self._recorded

    @cached_property
    def record(self) -> Path:
        """The file of the run's record; elsewhere than in its folder where nothing can be written there."""
        from pytest_llm.store.runs import FILE

        return self.folder / FILE

    @cached_property
    def folder(self) -> Path:
        """The folder of the run; not made yet."""
        from pytest_llm.store.runs import folder_of

        return folder_of(self.settings.root, self.run_id)


def folder_name(item_id: str) -> str:
    """A name for a cell's folder that people can read, that every file system takes, and that no other cell has."""
    safe = _UNSAFE.sub("_", item_id)[-100:]
    mark = hashlib.sha256(item_id.encode(errors="replace")).hexdigest()[:8]
    return f"{safe.lstrip('._-')}-{mark}"


def _new_id() -> str:
    from pytest_llm.store.runs import new_id

    return new_id()


def _where(entry: Any) -> tuple[str, ...]:
    """The way from an entry of `checks` to its arguments."""
    return tuple(map(str, entry)) if isinstance(entry, dict) else ()


_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
SESSION = pytest.StashKey[LlmSession]()


def session(config: pytest.Config) -> LlmSession:
    """The state of this run, made on demand."""
    state = config.stash.get(SESSION, None)
    if state is None:
        config.stash[SESSION] = state = LlmSession(config)
        config.stash[HAS_CELLS] = True
    return state
