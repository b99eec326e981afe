"""Prompt files and cells as pytest sees them."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain, filterfalse
from pathlib import Path
from typing import Any

import pytest

from pytest_llm.cases import casefile
from pytest_llm.cases.matrix import Cell, expand
from pytest_llm.cases.paths import spelled
from pytest_llm.cases.request import examine
from pytest_llm.engine.jobs import Job
from pytest_llm.engine.order import key
from pytest_llm.errors import Complaints, InputError, RunStopped
from pytest_llm.models.reference import ModelRef
from pytest_llm.plugin import marks, options
from pytest_llm.plugin.files import OwnFile
from pytest_llm.plugin.judging import judging
from pytest_llm.plugin.session import session
from pytest_llm.plugin.skipping import skipped
from pytest_llm.plugin.telling import CellFault, ChecksFailed, NotJudged, longrepr, told, warn_of_collected
from pytest_llm.plugin.values import apart
from pytest_llm.providers.wire.secrets import cleaned
from pytest_llm.reports import numbers, terminal
from pytest_llm.reports.plain import plain
from pytest_llm.reports.properties import is_ours
from pytest_llm.verdicts import plan as planning
from pytest_llm.verdicts.identity import identity
from pytest_llm.verdicts.pipeline import first_jobs
from pytest_llm.verdicts.plan import Plan, StagePlan
from pytest_llm.verdicts.redaction import redacted
from pytest_llm.verdicts.verdict import Verdict

SELF = "the model {!r} is judged by itself: models grade their own answers better than others do"
ONCE = "this case is asked as it says, whatever --llm-samples: it escalates, and a pass would be of two kinds"


class PromptFile(OwnFile):
    """A `*.prompt.yaml` file."""

    def collect(self) -> Iterator[PromptItem]:
        try:
            yield from self._items()
        except InputError as error:
            raise self.CollectError(plain(told(error, self.config.rootpath))) from None

    def _items(self) -> list[PromptItem]:
        wrong = Complaints()
        cases = casefile.read(self.path, session(self.config).settings.root, wrong)
        items = [item for loaded in cases for item in self._cells(loaded, wrong)]
        wrong.tell()
        collected(self.config)[self.nodeid] = items
        return items

    def _cells(self, loaded: casefile.LoadedCase, wrong: Complaints) -> Iterator[PromptItem]:
        state = session(self.config)
        settings = state.settings
        models = settings.models_for(loaded.case.models)
        thinks = settings.thinks or (() if "think" in loaded.case.model_fields_set else settings.default_thinks)
        stages: dict[str, tuple[StagePlan, ...] | None] = {}
        differ = planning.differ(loaded.case)
        with wrong.gather():
            found = list(marks.marks(self.config, loaded))
            if settings.samples and loaded.case.escalate:
                warn_of_collected(self.config, ONCE, self.nodeid, loaded.line("escalate"))
            for cell in expand(loaded, models, thinks, settings.samples):
                with wrong.gather():
                    row = cell.row.id if differ else ""
                    if row not in stages:
                        stages[row] = None  # what is wrong with them is told once
                        stages[row] = planning.stages(cell, state.parse_check)
                    if (made := stages[row]) is not None:
                        yield self._item(cell, self._plan(cell, made), found)

    def _plan(self, cell: Cell, stages: tuple[StagePlan, ...]) -> Plan:
        try:
            model = session(self.config).models.ref(cell.model, self._warn)
        except InputError as error:
            if error.path is not None:
                raise
            if said_by := session(self.config).settings.models_said_by(cell.loaded.case.models):
                hint = apart(said_by, cell.model) or error.hint
                raise InputError(f"{said_by}: {error.message}", hint=hint) from None
            raise cell.loaded.error(("models",), error.message, error.hint) from None
        examine(cell)
        asks = {name: session(self.config).models.ref(name, self._warn) for name in planning.models(stages)}
        if any(_is(one, model) for one in asks.values()):
            warn_of_collected(
                self.config, SELF.format(model.written), f"{self.nodeid}::{cell.name}", cell.loaded.line()
            )
        early = session(self.config).settings.stop_early
        return planning.plan(cell, model, stages, early=early, asks=asks)

    def _warn(self, text: str) -> None:
        warn_of_collected(self.config, text, self.nodeid)

    def _item(self, cell: Cell, plan: Plan, marks: list[pytest.MarkDecorator]) -> PromptItem:
        node_id = f"{self.nodeid}::{cell.name}"
        item: PromptItem = PromptItem.from_parent(self, name=cell.name, nodeid=node_id, plan=plan)
        for mark in marks:
            item.add_marker(mark)
        item.extra_keyword_matches.update((cell.model, f"think-{cell.think}"))
        return item


def _is(one: ModelRef, other: ModelRef) -> bool:
    """Whether two names are one model's; a tag that is left out is `latest`."""
    named, named_too = (replace(model, name=model.name.removesuffix(":latest")) for model in (one, other))
    return key(named) == key(named_too)


class PromptItem(pytest.Item):
    """One cell. Its setup obtains the whole verdict; its call only raises what the model did wrong."""

    def __init__(self, *, plan: Plan, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.plan = plan
        self.verdict: Verdict | None = None
        self._identity: Mapping[str, Any] | None = None
        self._jobs: Sequence[Job] = ()
        self.started = 0.0
        self.confirmations: tuple[Mapping[str, Any], ...] = ()

    def setup(self) -> None:
        state = session(self.config)
        self._begin()  # a cell that is run again begins anew
        self.started = time.time()
        with self._stoppable():
            verdict = judging(state).verdict(self)
        self.verdict = redacted(verdict, state.secrets)
        self.user_properties += numbers.properties(self.verdict, self.identity)
        if self.verdict.outcome == "error":
            raise NotJudged(terminal.complaint(self.verdict, self.again))
        if self.verdict.outcome == "skipped":
            raise skipped(self.verdict, strict=state.settings.strict, at_item=True)
        if self.verdict.outcome == "failed" and state.settings.gate.baseline:
            self._confirm(self.verdict)
        if self.verdict.outcome == "failed" or state.shows_passes or self.get_closest_marker("xfail"):
            for title, text in terminal.sections(self.verdict, self.kept, whole=state.shows_all):
                self.add_report_section("call", title, text)

    def _confirm(self, verdict: Verdict) -> None:
        from pytest_llm.plugin.confirming import confirmer

        with self._stoppable():
            if one := confirmer(session(self.config), chain.from_iterable(collected(self.config).values())):
                self.confirmations = one.answers(self, verdict)

    @property
    def identity(self) -> Mapping[str, Any]:
        """Which cell it is, found out once while it runs."""
        self._identity = self._identity or identity(self.plan, self.jobs[0].request)
        return self._identity

    @property
    def jobs(self) -> Sequence[Job]:
        """What it is sure to ask first; made once, when it is asked ahead."""
        self._jobs = self._jobs or first_jobs(self.plan, self.nodeid)
        return self._jobs

    def forget(self) -> None:
        """Let go of what is known of the answers: the cell is done, its reports, record and store have it."""
        self._begin()
        self._jobs = ()

    def _begin(self) -> None:
        self.verdict, self._identity, self.confirmations = None, None, ()
        self.user_properties[:] = filterfalse(is_ours, self.user_properties)

    @contextmanager
    def _stoppable(self) -> Iterator[None]:
        """While the engine is asked: where the run is stopped, the cell is not judged."""
        try:
            yield
        except RunStopped as stopped:
            if isinstance(stopped.__cause__, pytest.exit.Exception):
                raise stopped.__cause__ from None
            self.session.shouldstop = str(stopped)
            raise NotJudged(str(stopped)) from None

    def iter_markers_with_node(self, name: str | None = None) -> Iterator[tuple[Any, pytest.Mark]]:
        found = super().iter_markers_with_node(name)
        return found if name not in (None, "xfail") else ((n, marks.expecting_failures(m)) for n, m in found)

    def runtest(self) -> None:
        if self.verdict and self.verdict.outcome == "failed":
            style = self.config.getoption("tbstyle", "long")
            raise ChecksFailed(terminal.story(self.verdict, self.again, style, self.kept))
        if not self.verdict or self.verdict.outcome != "passed":  # who runs items in his own way may come here too
            raise NotJudged("the cell was not judged: its setup did not end well")

    def _initrequest(self) -> None:
        """pytest-retry calls this before it runs an item once more, as if every item had fixtures."""

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, CellFault):
            return longrepr(excinfo, excinfo.value, self.path, self.plan.cell.loaded.line())
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        loaded = self.plan.cell.loaded
        return self.path, loaded.line() - 1, self.name

    @property
    def kept(self) -> str:
        """The command that shows the whole cell, "" where no record is kept."""
        return session(self.config).kept(self.nodeid)

    @property
    def again(self) -> str:
        """The command that runs this one cell again."""
        invocation = self.config.invocation_params
        where = os.path.relpath(self.path, invocation.dir)
        words = ["pytest", *options.again(list(map(str, invocation.args))), f"{where}::{self.name}"]
        return cleaned(spelled(shlex.join(words)), session(self.config).secrets)


_COLLECTED = pytest.StashKey[dict[str, list[PromptItem]]]()


def collected(config: pytest.Config) -> dict[str, list[PromptItem]]:
    """The cells of each case file that was collected whole, by its node id."""
    return config.stash.setdefault(_COLLECTED, {})
