from __future__ import annotations

import json
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm.errors import InputError
from pytest_llm.store.line import CellLine, End, Header, to_line
from pytest_llm.store.record import read

HEADER = Header("r", "2026-01-01", "c0ffee", "main", "abc", ("a", "b"), 3, versions={"python": "3.13"})
CELL = CellLine("a", "failed", "xfailed", "no", case="a", axes={"format": "off"}, seed=4, answers=({"text": "x"},))
END = End(True, 1, {"passed": 1}, "2026-01-02")


def written(tmp_path: Path, *lines: str) -> Path:
    file = tmp_path / "cells.jsonl"
    file.write_text("".join(lines), "utf-8")
    return file


def test_to_lines_and_back(tmp_path: Path) -> None:
    record = read(written(tmp_path, *(to_line(line) for line in (HEADER, CELL, END))))
    assert (record.header, record.cells, record.end) == (HEADER, {"a": CELL}, END)
    assert record.complete


@given(text=st.text(), number=st.floats())
def test_any_text_is_one_line_of_ascii_json(text: str, number: float) -> None:
    line = to_line(CellLine(text, "passed", answers=({"text": text, text: [number, {"x": number}]},)))
    assert line.count("\n") == 1
    assert line.isascii()
    assert json.loads(line, parse_constant=pytest.fail)["nodeid"] == text


def test_of_a_cell_that_was_run_again_the_last_counts(tmp_path: Path) -> None:
    again = CellLine("a", "passed")
    record = read(written(tmp_path, *(to_line(line) for line in (HEADER, CELL, again))))
    assert record.cells == {"a": again}
    assert not record.complete


def test_cells_stand_in_the_runs_order_whoever_was_finished_first(tmp_path: Path) -> None:
    come: list[Header | CellLine] = [HEADER]
    come += [CellLine(nodeid, "passed") for nodeid in ("b", "not foreseen", "a")]
    assert list(read(written(tmp_path, *map(to_line, come))).cells) == ["a", "b", "not foreseen"]


def test_cells_are_read_when_they_are_asked_for(tmp_path: Path) -> None:
    file = written(tmp_path, *(to_line(line) for line in (HEADER, CELL, CellLine("b", "passed"))))
    cells = read(file).cells
    assert (cells.get("a"), cells.get("c"), "b" in cells, "c" in cells, len(cells)) == (CELL, None, True, False, 2)
    file.write_text("{", "ascii")
    for name in cells:
        with pytest.raises(InputError, match="written anew"):
            cells[name]
    file.unlink()
    assert "a" in cells
    with pytest.raises(InputError, match="cannot be read"):
        list(cells.items())


def test_a_torn_last_line_is_none(tmp_path: Path) -> None:
    other = to_line(CellLine("b", "passed"))
    for cut in range(len(other) - 1):
        record = read(written(tmp_path, to_line(HEADER), to_line(CELL), other[:cut]))
        assert set(record.cells) == {"a"}
        assert record.end is None


def test_what_a_later_plugin_adds_is_passed_over(tmp_path: Path) -> None:
    new = json.dumps({**json.loads(to_line(CELL)), "mood": "good"}) + "\n"
    record = read(written(tmp_path, to_line(HEADER), new, '{"kind": "load", "seconds": 3}\n', "\n", to_line(END)))
    assert record.cells == {"a": CELL}
    assert record.end == END


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], ["no record"]),
        (["\n"], ["no record"]),
        ([to_line(CELL)], ["no record", "header"]),
        ([to_line(HEADER)[:40]], ["no record"]),
        (['{"kind":"run","run":"r"}\n'], ["no record", "format", "None"]),
        (['{"kind":"run","run":"r","format":"1"}\n'], ["no record", "'1'"]),
        (['{"kind":"run","run":"r","format":0}\n'], ["no record"]),
        (['{"kind":"run","format":1}\n'], ["lacks", "run"]),
        (['{"kind":"run","format":2,"cells":7}\n', "what is this\n"], ["format 2", "newer", "update pytest-llm"]),
        ([to_line(HEADER), "{torn\n", to_line(CELL)], [":2:", "JSON"]),
        ([to_line(HEADER), '{"kind":"cell"}\n'], ["lacks", "nodeid"]),
        (["[" * 100_000 + "\n"], [":1:", "JSON"]),
        (["\ufffd\u2028"], ["no record"]),
    ],
)
def test_what_is_no_record_is_told_in_a_sentence(tmp_path: Path, lines: list[str], words: list[str]) -> None:
    with pytest.raises(InputError) as raised:
        read(written(tmp_path, *lines))
    said = str(raised.value)
    assert all(word in said for word in ["cells.jsonl", *words]), said


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "none"):
        with pytest.raises(InputError, match="cannot be read"):
            read(place)


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        ({"tuple": (1, 2), "set": {1}, 3: 4}, {"tuple": [1, 2], "set": "{1}", "3": 4}),
        ({"path": Path("a/b"), "mapping": MappingProxyType({"a": {1}})}, {"path": "a/b", "mapping": {"a": "{1}"}}),
        ({"inf": [float("inf")], "nan": float("nan"), 3: {1}}, {"inf": [None], "nan": None, "3": "{1}"}),
        ({("a", 1): 2, "inf": {"x": -float("inf")}}, {"('a', 1)": 2, "inf": {"x": None}}),
    ],
)
def test_what_json_does_not_know(odd: Any, said: Any, tmp_path: Path) -> None:
    (line,) = read(written(tmp_path, to_line(HEADER), to_line(CellLine("a", "passed", axes=odd)))).cells.values()
    assert line.axes == said
