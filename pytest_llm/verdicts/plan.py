"""What can be settled of a cell before anything is asked: its model, its stages with their checks, its jobs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pytest_llm.cases.case import Case
from pytest_llm.cases.matrix import Cell
from pytest_llm.cases.request import ChatRequest, build
from pytest_llm.cases.sampling import passes
from pytest_llm.cases.yamlfile import KeyPath
from pytest_llm.checks.base import Check
from pytest_llm.engine.jobs import Job
from pytest_llm.errors import Complaints, InputError
from pytest_llm.models.reference import ModelRef


@dataclass(frozen=True, eq=False)
class StagePlan:
    """One question of a cell: its stage's name ("" where there are no stages) and its checks.

    Many cells share one, and what is found out of it is found once: it is equal to itself alone.
    """

    name: str
    checks: tuple[Check, ...]
    goes_on: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """A cell, the model it asks, and all that can be settled before anything is asked.

    schema: what `format: schema` stands for. exclusive: its numbers are measured with the server alone.
    samples: how often it is asked; min_pass: how many of these must pass. early: no longer than that is open.
    escalate: the think mode in which it is asked once more where it fails, "" for none. asks: what the names of the
    models mean that its checks ask.
    """

    cell: Cell
    model: ModelRef
    stages: tuple[StagePlan, ...]
    schema: Mapping[str, Any] | None
    exclusive: bool
    samples: int = 1
    min_pass: int = 1
    early: bool = False
    escalate: str = ""
    asks: Mapping[str, ModelRef] = field(default_factory=dict)

    @property
    def main_thread(self) -> bool:
        """Whether some of its checks are to run where the test runs."""
        return any(check.main_thread for stage in self.stages for check in _made_of(stage.checks))

    @property
    def must_pass(self) -> bool:
        return self.cell.case.must_pass

    @property
    def load(self) -> ChatRequest:
        """What says how its model is loaded: its first question without messages, which may be long."""
        return build(self.cell, self.model, schema=self.schema, told=False)

    def job(
        self,
        id_: str,
        stage: int = 0,
        written: Mapping[str, Any] | None = None,
        *,
        sample: int | None = 0,
        attempt: int = 1,
    ) -> Job:
        """The question of a stage; `written` is what earlier stages of this sample (from 0) wrote.

        sample: None leaves out the seed that samples are counted by. attempt: from 1; those after the first are
        asked in the think mode `escalate`.
        """
        request = build(
            self.cell,
            self.model,
            stage=stage,
            written=written,
            schema=self.schema,
            sample=sample,
            think=self.escalate if attempt > 1 else "",
        )
        name = f"{id_}#{sample}.{attempt}.{stage}"
        return Job(name, request, self.exclusive, if_able=attempt > 1, kept=bool(self.asks))


ParseCheck = Callable[[Cell, Any], Check]


def stages(cell: Cell, parse: ParseCheck) -> tuple[StagePlan, ...]:
    """The stages of a case with their checks; one without a name where it has no stages.

    parse makes a check of an entry of the case file. Checks of the case itself judge the last stage. Raises
    InputError: all that is wrong with the checks.
    """
    wrong = Complaints()
    own = tuple(_checks(cell, cell.case.checks, ("checks",), parse, wrong))
    found = []
    for number, stage in enumerate(cell.case.stages or ()):
        checks = tuple(_checks(cell, stage.checks, ("stages", number, "checks"), parse, wrong))
        found.append(StagePlan(stage.name, checks, stage.continue_on_failure))
    wrong.tell()
    *before, last = found or [StagePlan("", ())]
    return (*before, replace(last, checks=last.checks + own))


def differ(case: Case) -> bool:
    """Whether its checks differ from row to row: some of them hold templates."""
    entries = [case.checks, *(stage.checks for stage in case.stages or ())]
    return case.is_template and any(mark in str(entries) for mark in ("{{", "{%", "{#"))


def models(stages: Iterable[StagePlan]) -> tuple[str, ...]:
    """The models that checks ask, as they name them."""
    return tuple(dict.fromkeys(name for stage in stages for check in stage.checks for name in check.models))


def plan(
    cell: Cell,
    model: ModelRef,
    stages: tuple[StagePlan, ...],
    *,
    early: bool = False,
    asks: Mapping[str, ModelRef] | None = None,
) -> Plan:
    """Settle a cell. early: its samples end once its verdict cannot change. asks: what the names of `models` mean.

    An exclusive cell is measured as often as it says all the same: its rate is the median of all. Raises InputError
    where `format: schema` finds no schema check, where no number of passes could be enough, and where `samples` and
    `escalate` are both given.
    """
    every = [check for stage in stages for check in stage.checks]
    exclusive = any(c.measures for c in every) if cell.case.exclusive is None else cell.case.exclusive
    samples = cell.case.samples or 1
    return Plan(
        cell,
        model,
        stages,
        _schema(cell, every),
        exclusive,
        samples,
        _min_pass(cell, samples),
        early and not exclusive,
        _escalation(cell),
        asks or {},
    )


def _min_pass(cell: Cell, samples: int) -> int:
    wanted = passes(cell.case.min_pass, samples)
    if wanted > samples:
        hint = "a share (80%) or `all` goes with any number of samples"
        message = f"min_pass wants {wanted} passes of {samples} sample{'s' if samples > 1 else ''}: none could pass"
        raise cell.loaded.error(("min_pass",), message, hint)
    return wanted


def _escalation(cell: Cell) -> str:
    escalate = cell.case.escalate
    if escalate and cell.case.samples:
        hint = "`escalate: null` or `samples: null` takes back what a defaults file gave"
        message = "`escalate` does not go together with `samples`: a pass would be of two kinds"
        raise cell.loaded.error(("escalate",), message, hint)
    return escalate.think if escalate and escalate.think != cell.think else ""


def _checks(
    cell: Cell, entries: Iterable[Any], where: KeyPath, parse: ParseCheck, wrong: Complaints
) -> Iterator[Check]:
    for number, entry in enumerate(entries):
        with wrong.gather():
            try:
                yield _check(cell, entry, parse)
            except InputError as error:
                if error.path is not None:
                    raise
                at = (*where, number, *getattr(error, "at", ()))
                raise cell.loaded.error(at, error.message, error.hint) from None


def _check(cell: Cell, entry: Any, parse: ParseCheck) -> Check:
    """The check of an entry, its templates filled in: a number as such where the check takes one, else as text."""
    if not cell.case.is_template:
        return parse(cell, entry)
    from pytest_llm.cases.templating import render_all, worded

    try:
        filled = render_all(entry, cell.values)
    except ValueError as error:
        raise InputError(str(error)) from None
    refused: list[InputError] = []
    while True:
        try:
            return parse(cell, filled)
        except InputError as error:
            refused.append(error)
        again = worded(entry, filled, getattr(refused[-1], "at", ()))
        if again == filled:
            raise refused[0]
        filled = again


def _schema(cell: Cell, checks: Iterable[Check]) -> Mapping[str, Any] | None:
    if cell.case.format != "schema":
        return None
    for check in _with_parts(checks):
        if document := getattr(check, "document", None):
            found: Mapping[str, Any] = document()
            return found
    raise cell.loaded.error(("format",), "`format: schema` needs a schema check, and there is none")


def _made_of(checks: Iterable[Check]) -> Iterator[Check]:
    for check in checks:
        yield check
        yield from _made_of(check.made_of)


def _with_parts(checks: Iterable[Check]) -> Iterator[Check]:
    for check in checks:
        yield check
        yield from _with_parts(check.parts)
