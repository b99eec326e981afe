"""`--llm-dry-run`: each cell's request, then what a run would cost: requests, loads, time where it is known."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

import pytest

from pytest_llm.cases.durations import in_words
from pytest_llm.cases.request import ChatRequest
from pytest_llm.engine.order import Group, group
from pytest_llm.errors import InputError, StoreError
from pytest_llm.gates.decide import number
from pytest_llm.plugin import storing
from pytest_llm.plugin.marks import keeps_from_asking
from pytest_llm.plugin.nodes import PromptItem
from pytest_llm.plugin.session import LlmSession, session
from pytest_llm.providers.base import ModelInfo
from pytest_llm.reports.plain import plain
from pytest_llm.store.line import CellLine
from pytest_llm.verdicts.plan import Plan


def show(config: pytest.Config, cells: Sequence[PromptItem], tests: int = 0) -> None:
    """Print it. tests: how many Python tests ask too."""
    write = config.get_terminal_writer().line
    for item in cells:
        for line in _request(item):
            write(plain(line))
    write(f"\n{number(len(cells), 'request')} shown, none asked")
    asked = [item for item in cells if not item.plan.model.fault and not keeps_from_asking(item)]
    write(foreseen([item.plan for item in asked]))
    if said := _time(asked, session(config)):
        write(said)
    if tests:
        noun = "1 Python test asks when it runs" if tests == 1 else f"{tests} Python tests ask when they run"
        write(f"{noun}: what, is not known before")


def _request(item: PromptItem) -> list[str]:
    job, fault = item.plan.job(item.nodeid), item.plan.model.fault
    lines = [f"\n{item.nodeid}", *([f"cannot be asked: {fault.message}"] if fault else [])]
    lines.append(json.dumps(job.request.plain(), indent=2, ensure_ascii=False))
    if item.plan.samples > 1:
        first = job.request.options["seed"]
        lines.append(f"{item.plan.samples} samples, seeds {first} to {first + item.plan.samples - 1}")
    return lines


def foreseen(plans: Sequence[Plan]) -> str:
    """How many requests a run of these would send, and how many models it would load, in words."""
    bounds = [requests(plan) for plan in plans]
    least, most = (sum(bound[end] for bound in bounds) for end in (0, 1))
    loads = len({loaded for plan in plans for loaded in _loaded(plan)})
    count = f"{least}" if least == most else f"{least} to {most}"
    return f"a run would send {count} request{'s' * (most != 1)} and load {loads} model{'s' * (loads != 1)}"


def requests(plan: Plan) -> tuple[int, int]:
    """How many questions a cell asks at least and at most, each answered at the first time."""
    sure = next((number for number, stage in enumerate(plan.stages, 1) if not stage.goes_on), len(plan.stages))
    least = min(plan.min_pass, plan.samples - plan.min_pass + 1) if plan.early else plan.samples
    of_checks = sum(check.asks for stage in plan.stages for check in stage.checks)
    return least * sure, plan.samples * (len(plan.stages) + of_checks) * (2 if plan.escalate else 1)


def _loaded(plan: Plan) -> Iterator[Group]:
    """What must be loaded, as far as files tell it: Modelfiles FROM the same share it."""
    for request in (plan.job("").request, *(ChatRequest(model, ()) for model in plan.asks.values())):
        model, spec = request.model, request.model.spec
        blob = " ".join([str(spec.origin.gguf or spec.origin.base), *spec.adapters]) if spec else model.name
        yield group(ModelInfo(model.engine, blob), request)


def _time(cells: Sequence[PromptItem], state: LlmSession) -> str:
    """How long it takes by the last run of each cell, "" where the store knows none."""
    try:
        last = storing.last_lines(state, [item.nodeid for item in cells])
    except (InputError, StoreError):
        return ""
    if not last:
        return ""
    known = "" if len(last) == len(cells) else f" of {len(last)} of {len(cells)} cells"
    took = in_words(seconds(last, state.settings.side_by_side))
    return f"by the last run{known}, that takes some {took}, loads not counted"


def seconds(last: Mapping[str, CellLine], slots: int) -> float:
    """How long the answers of these took, side by side where they may be."""
    lines = list(last.values())
    alone, beside = (sum(map(wall, (line for line in lines if line.exclusive is way))) for way in (True, False))
    return alone + beside / slots


def wall(line: CellLine) -> float:
    """Seconds of a cell's answers, loads left out."""
    numbers = [answer.get("numbers") or {} for answer in line.answers]
    return sum(one.get("wall") or 0.0 for one in numbers)
