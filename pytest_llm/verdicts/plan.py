"""What can be settled of a cell before anything is asked: its model, its stages with their checks, its jobs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pytest_llm.cases.matrix import Cell
from pytest_llm.cases.request import build
from pytest_llm.cases.yamlfile import KeyPath
from pytest_llm.checks.base import Check
from pytest_llm.engine.engine import Job
from pytest_llm.errors import Complaints, InputError
from pytest_llm.models.reference import ModelRef


@dataclass(frozen=True)
class StagePlan:
    """One question of a cell: its stage's name ("" where there are no stages) and its checks."""

    name: str
    checks: tuple[Check, ...]
    goes_on: bool = False


@dataclass(frozen=True)
class Plan:
    """A cell, the model it asks, and all that can be settled before anything is asked.

    schema: what `format: schema` stands for. exclusive: its numbers are measured with the server alone.
    """

    cell: Cell
    model: ModelRef
    stages: tuple[StagePlan, ...]
    schema: Mapping[str, Any] | None
    exclusive: bool

    def job(self, id_: str, stage: int = 0, written: Mapping[str, Any] | None = None) -> Job:
        """The question of a stage; `written` is what earlier stages wrote."""
        request = build(self.cell, self.model, stage=stage, written=written, schema=self.schema)
        return Job(f"{id_}#{stage}", request, self.exclusive)


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


def plan(cell: Cell, model: ModelRef, stages: tuple[StagePlan, ...]) -> Plan:
    """Settle a cell. Raises InputError where `format: schema` finds no schema check."""
    every = [check for stage in stages for check in stage.checks]
    exclusive = any(c.measures for c in every) if cell.case.exclusive is None else cell.case.exclusive
    return Plan(cell, model, stages, _schema(cell, every), exclusive)


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


def _with_parts(checks: Iterable[Check]) -> Iterator[Check]:
    for check in checks:
        yield check
        yield from _with_parts(check.parts)
