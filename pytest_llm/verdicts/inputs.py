"""What a cell depends on that files of the repository say: which files these are, and a hash of what they say."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from pytest_llm.cases import files as case_files
from pytest_llm.cases.importing import sources
from pytest_llm.cases.paths import content
from pytest_llm.cases.request import ChatRequest, as_said
from pytest_llm.checks.base import Check
from pytest_llm.checks.function import FunctionCheck
from pytest_llm.verdicts.plan import Plan, StagePlan

_OURS = Path(__file__).parents[1]
_PARTS = {"check", "checks"}


def files(plan: Plan) -> tuple[Path, ...]:
    """Every file, or folder, that a cell's request, model or checks are read from, as it is named; there or not."""
    loaded = plan.cell.loaded
    checks = [path for stage in plan.stages for path in _of_checks(stage.checks, loaded.folder, loaded.root)]
    models = [path for model in (plan.model, *plan.asks.values()) for path in model.files]
    return tuple(dict.fromkeys((*case_files.files(loaded), *models, *checks)))


def _of_checks(checks: Iterable[Check], folder: Path, root: Path) -> Iterator[Path]:
    for check in checks:
        yield from _of_check(check, folder, root)
        yield from _of_checks(check.made_of, folder, root)


def _of_check(check: Check, folder: Path, root: Path) -> Iterator[Path]:
    """What it reads, and of what is the repository's own the code."""
    read = check.files_read(folder)
    yield from read
    written = _written(check.function if isinstance(check, FunctionCheck) else type(check))
    for path in (*(path for path in read if path.suffix == ".py"), *written):
        yield from sources(path, root, tuple(sys.path))


@lru_cache(maxsize=1024)
def _written(check: type[Check] | Callable[..., Any]) -> tuple[Path, ...]:
    """The files in which a check was written that is none of ours."""
    kinds = [kind for kind in check.__mro__ if issubclass(kind, Check)] if isinstance(check, type) else []
    functions = [value for kind in kinds for value in vars(kind).values()] or [check]
    codes = (getattr(inspect.unwrap(one), "__code__", None) for one in functions if inspect.isroutine(one))
    files = dict.fromkeys(Path(code.co_filename) for code in codes if code)
    return tuple(file for file in files if not file.is_relative_to(_OURS))


def inputs(plan: Plan, first: ChatRequest | None = None) -> list[Any]:
    """What the answer and its verdict depend on, as far as files of the repository say it: plain data.

    first: the first request of the cell, where it has been made.
    """
    stages = [_stage(plan, number, stage) for number, stage in enumerate(plan.stages)]
    asked = [[name, model.fingerprint, *map(content, model.files)] for name, model in plan.asks.items()]
    own = [content(path) for path in plan.model.files]
    asks = as_said(first, plan.cell) if first else plan.job("", sample=None).request
    return [asks.key, own, stages, *([asked] if asked else [])]


def _stage(plan: Plan, number: int, stage: StagePlan) -> list[Any]:
    said = plan.cell.case.stages[number] if plan.cell.case.stages else None
    question = [said.name, said.options.plain(), str(said.prompt)] if said else []
    loaded = plan.cell.loaded
    return [*question, stage.goes_on, _checks(stage, loaded.folder, loaded.root)]


@lru_cache(maxsize=256)
def _checks(stage: StagePlan, folder: Path, root: Path) -> list[Any]:
    return [_check(check, folder, root) for check in stage.checks]


def _check(check: Check, folder: Path, root: Path) -> list[Any]:
    """A check with its arguments, what the files hold that it reads, and the checks that it is made of."""
    arguments = check.model_dump(
        mode="python", exclude={"function", "check", "checks"} if check.made_of else {"function"}
    )
    read = [content(path) for path in _of_check(check, folder, root)]
    return [check.name, arguments, read, [_check(one, folder, root) for one in check.made_of]]
