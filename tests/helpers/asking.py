"""Case files asked and judged without pytest: the engine, the Ollama client and the checks, all real."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from pytest_llm.cases import casefile
from pytest_llm.cases.matrix import expand
from pytest_llm.checks.registry import Registry
from pytest_llm.engine.dispatch import Dispatch
from pytest_llm.engine.engine import Engine
from pytest_llm.engine.jobs import checking
from pytest_llm.models.reference import resolve
from pytest_llm.providers.base import Limits
from pytest_llm.providers.ollama.client import OllamaProvider
from pytest_llm.verdicts import pipeline
from pytest_llm.verdicts import plan as planning
from pytest_llm.verdicts.judge import Place
from pytest_llm.verdicts.plan import Plan
from pytest_llm.verdicts.verdict import Verdict

PATIENT = Limits(connect=5, first_byte=60, silence=60)


@dataclass
class Desk:
    """Asks one server. pauses: the seconds that the engine waited between retries; none of them really pass."""

    folder: Path
    engine: Engine
    pauses: list[float] = field(default_factory=list)
    count: int = 0

    def plans(self, text: str) -> list[Plan]:
        """The cells of a case file with this text, ready to be asked."""
        self.count += 1
        file = self.folder / f"case{self.count}.prompt.yaml"
        file.write_text(textwrap.dedent(text), encoding="utf-8")
        return [plan for loaded in casefile.load(file, self.folder) for plan in self._cells(loaded)]

    def _cells(self, loaded: casefile.LoadedCase) -> Iterator[Plan]:
        def parse(cell: Any, entry: Any) -> Any:
            return Registry().parse(entry, folder=self.folder, root=self.folder)

        for cell in expand(loaded, loaded.case.models, ()):
            model = resolve(cell.model, modelfiles=(self.folder,), root=self.folder, engine=None)
            yield planning.plan(cell, model, planning.stages(cell, parse))

    def judge(self, plan: Plan) -> Verdict:
        """Ask a cell, and judge it."""
        name = f"{plan.cell.loaded.path.name}::{plan.cell.name}"
        place = Place(self.folder, self.folder / "files", busy=partial(checking, self.engine))
        return pipeline.verdict(plan, name, self.engine, place)

    def verdicts(self, text: str) -> list[Verdict]:
        """One for each cell of a case file with this text."""
        return [self.judge(plan) for plan in self.plans(text)]


@contextmanager
def desk(
    folder: Path,
    url: str,
    *,
    limits: Limits = PATIENT,
    slots: int = 1,
    pull: bool = False,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[Desk]:
    """Everything between a case file and its verdict, for the server at this URL."""
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    engine = Engine(
        Dispatch(lambda name: [OllamaProvider(url, limits, pull=pull, clock=clock)], slots=slots, pause=pause)
    )
    try:
        yield Desk(folder, engine, pauses)
    finally:
        engine.close()
