"""When what was asked: spans by server, those at the same time in lanes of their own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from pytest_llm.reports.viewer import document
from pytest_llm.reports.viewer.timeline import Timeline
from tests.helpers.records import answer, cell


def asked(began: float, wall: float, server: str = "a", load: float = 0.0, **more: Any) -> dict[str, Any]:
    numbers = {**answer()["numbers"], "wall": wall, "load_seconds": load}
    return answer(began=began, server=server, numbers=numbers, **more)


TABLE: dict[str, tuple[list[dict[str, Any]], dict[str, list[list[float]]]]] = {
    "none": ([], {}),
    "not known when": ([answer()], {}),
    "a stored one": ([asked(5.0, 1.0, stored="2026-01-01")], {}),
    "one after the other": ([asked(10.0, 2.0), asked(12.0, 1.0)], {"a": [[0, 0, 2, 0, 0], [0, 2, 1, 0, 1]]}),
    "two at a time": (
        [asked(10.0, 2.0), asked(11.0, 3.0), asked(12.5, 1.0)],
        {"a": [[0, 0, 2, 0, 0], [1, 1, 3, 0, 1], [0, 2.5, 1, 0, 2]]},
    ),
    "in the order of time": ([asked(12.0, 1.0), asked(10.0, 2.0)], {"a": [[0, 0, 2, 0, 1], [0, 2, 1, 0, 0]]}),
    "two servers": ([asked(10.0, 2.0), asked(9.0, 4.0, "b")], {"a": [[0, 1, 2, 0, 0]], "b": [[0, 0, 4, 0, 1]]}),
    "the load": (
        [asked(10.0, 2.0, load=0.5), asked(12.0, 1.0, load=0.5), asked(16.0, 1.0, load=3.0)],
        {"a": [[0, 0, 2.5, 0.5, 0], [0, 2.5, 1, 0, 1], [0, 3.5, 4, 3, 2]]},
    ),
    "the load of several at a time": (
        [asked(10.0, 2.0, load=0.5), asked(10.1, 1.0, load=0.5), asked(10.0, 1.0, "b", load=0.5)],
        {"a": [[0, 0, 2.5, 0.5, 0], [1, 0.6, 1, 0, 1]], "b": [[0, 0, 1.5, 0.5, 2]]},
    ),
    "checks": (
        [asked(10.0, 2.0, checked=[12.0, 1.0]), asked(12.0, 1.0, checked=[12.5, 0.004])],
        {"a": [[0, 0, 2, 0, 0], [0, 2, 1, 0, 1]], "checks": [[0, 2, 1, 0, 0]]},
    ),
    "checks of several at a time, of stored answers too": (
        [asked(1.0, 1.0, stored="2026-01-01", checked=[10.0, 3.0]), asked(8.0, 1.0, checked=[11.0, 1.0])],
        {"a": [[0, 0, 1, 0, 1]], "checks": [[0, 2, 3, 0, 0], [1, 3, 1, 0, 1]]},
    ),
}


@pytest.mark.parametrize("name", TABLE)
def test_spans(name: str) -> None:
    answers, wanted = TABLE[name]
    spans = Timeline()
    for number, one in enumerate(answers):
        spans.add(number, cell(str(number), answers=[one]))
    assert {one["server"]: one["spans"] for one in spans.plain()} == wanted


def test_each_kind_of_span_has_a_colour_of_its_own() -> None:
    style = (Path(document.__file__).parent / "page" / "style.css").read_text("utf-8")
    fills = dict(re.findall(r"rect\.((?:arc\.)?\w+) \{ fill: var\((--[\w-]+)\)", style))
    kinds = ["load", *(f"arc.{word}" for word in ("passed", "failed", "error", "skipped", "xfailed"))]
    assert len({fills[kind] for kind in kinds}) == len(kinds)
