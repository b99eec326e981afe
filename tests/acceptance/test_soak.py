"""Hundreds of cells through faults drawn at random: each gets its verdict, and nothing is left.

PYTEST_LLM_SOAK=20000 makes it thousands.
"""

from __future__ import annotations

import gc
import os
import random
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from pytest_llm.engine.engine import new_loop
from pytest_llm.engine.jobs import checking
from pytest_llm.providers.base import Limits
from pytest_llm.verdicts import pipeline
from pytest_llm.verdicts.judge import Place
from pytest_llm.verdicts.plan import Plan
from tests.fake_ollama import FakeOllama, VirtualClock
from tests.helpers.asking import desk
from tests.helpers.faulty import equip

CELLS = int(os.environ.get("PYTEST_LLM_SOAK", "800"))
AT_A_TIME = 8
LIMITS = Limits(connect=10, first_byte=60, silence=60)
CASE = """
    models: {models}
    prompt: say hello
    think: [on, off]
    options: {{num_ctx: 4096}}
    checks: [{{contains: hello}}, {{not_contains: <think>}}]
    """


@contextmanager
def server() -> Iterator[tuple[FakeOllama, dict[str, str]]]:
    """A server, and the outcome of each of its models."""
    with FakeOllama(clock=VirtualClock(), slots=AT_A_TIME, max_loaded=1000) as fake:
        yield fake, equip(fake, copies=10)


def ours() -> Counter[str]:
    """How many objects of ours there are, by type."""
    gc.collect()
    kinds = (type(thing) for thing in gc.get_objects())
    return Counter(kind.__name__ for kind in kinds if str(kind.__module__).startswith("pytest_llm"))


def held() -> tuple[int, set[threading.Thread]]:
    return len(os.listdir("/proc/self/fd")), set(threading.enumerate())


@pytest.mark.parametrize("seed", [1])
def test_every_cell_gets_its_verdict_and_nothing_is_left(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    new_loop().close()  # libuv opens a pipe of its own, once a process
    with server() as (fake, expected):
        before = held()
        with desk(tmp_path, fake.url, limits=LIMITS, slots=AT_A_TIME) as asking:
            plans = asking.plans(CASE.format(models=list(expected)))

            def judge(numbered: tuple[int, Plan]) -> str:
                number, plan = numbered
                place = Place(tmp_path, tmp_path / "files", busy=partial(checking, asking.engine))
                verdict = pipeline.verdict(plan, f"cell {number}", asking.engine, place)
                outcome = verdict.outcome
                wanted = expected[plan.model.name]
                return (
                    ""
                    if outcome == wanted
                    else f"{plan.cell.name}: {outcome} instead of {wanted}: {verdict.reasons}"
                )

            with ThreadPoolExecutor(AT_A_TIME) as pool:
                warm = list(pool.map(judge, enumerate(plans)))
                held_then = ours()
                drawn = enumerate(draw.choices(plans, k=CELLS - len(plans)), len(plans))
                wrong = [complaint for complaint in (*warm, *pool.map(judge, drawn)) if complaint]
                grown = ours() - held_then
        assert wrong == []
        assert sum(grown.values()) < 50, grown
        after = held()
    assert after[0] <= before[0] + 1
    assert {thread.name for thread in after[1] - before[1]} == set()
    assert fake.crashes == []
