"""What the report says of a run: pure functions of its record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_llm.gates.past import of_runs
from pytest_llm.reports.ending import shown
from pytest_llm.reports.viewer.answer import pieces
from pytest_llm.reports.viewer.asking import as_json, body, curl
from pytest_llm.reports.viewer.cell import details, earlier
from pytest_llm.reports.viewer.columns import in_order
from pytest_llm.reports.viewer.grouping import checks_of
from pytest_llm.reports.viewer.highlight import CLASSES, coloured
from pytest_llm.reports.viewer.matrix import matrix
from pytest_llm.reports.viewer.overview import Story, overview
from pytest_llm.store.line import CellLine
from tests.helpers.records import answer, cell, finding, record


def failing(case: str, *messages: str, severity: str = "failure", **more: Any) -> CellLine:
    return cell(case, answers=[answer(findings=[finding(text, severity) for text in messages])], **more)


GROUPS: dict[str, tuple[list[CellLine], list[tuple[str, tuple[int, ...]]]]] = {
    "no failure": ([cell("a")], []),
    "a warning is none": ([cell("a", answers=[answer(findings=[finding("x", "warning")])], outcome="passed")], []),
    "numbers do not part": (
        [failing("a", "page error on frame 51: x"), failing("b", "page error on frame 7: x")],
        [("page error on frame 51: x", (0, 1))],
    ),
    "values do not part": (
        [failing("a", "amount: 'one' is no number"), failing("b", 'amount: "2" is no number')],
        [("amount: 'one' is no number", (0, 1))],
    ),
    "words do": (
        [failing("a", "unused: x"), failing("b", "undefined: x")],
        [("unused: x", (0,)), ("undefined: x", (1,))],
    ),
    "the most frequent first": (
        [failing("a", "rare"), failing("b", "often"), failing("c", "often")],
        [("often", (1, 2)), ("rare", (0,))],
    ),
    "an error that was told before": (
        [
            cell(name, answers=[answer(findings=[finding("down", "error", "model", kind=kind)])], outcome="error")
            for name, kind in (("a", "server"), ("b", "repeated"))
        ],
        [("down", (0, 1))],
    ),
    "a cell once in a group": ([failing("a", "line 3: bad", "line 9: bad")], [("line 3: bad", (0,))]),
    "a cell in several": ([failing("a", "bad", "worse")], [("bad", (0,)), ("worse", (0,))]),
    "no finding, a reason": (
        [CellLine("x::y", "error", "error", "worker 'gw0' crashed")],
        [("worker 'gw0' crashed", (0,))],
    ),
    "passed all the same": ([failing("a", "one of three", outcome="passed")], []),
}


@pytest.mark.parametrize("name", GROUPS)
def test_failures_are_grouped_by_what_they_say(name: str) -> None:
    lines, wanted = GROUPS[name]
    assert [(group.message, group.cells) for group in matrix(lines, shown).groups] == wanted


def test_the_checks_that_found_something() -> None:
    found = [finding("x", check="b"), finding("y", check="a"), finding("z", check="b"), finding("w", "note", "c")]
    assert checks_of(cell(answers=[answer(findings=found)])) == ["b", "a"]


COLUMNS = {
    "modes in their order": ([("m", "on"), ("m", "off"), ("m", "low")], [("m", "off"), ("m", "low"), ("m", "on")]),
    "models by name": ([("z", "off"), ("a", "on"), ("z", "on")], [("a", "on"), ("z", "off"), ("z", "on")]),
    "numbers in their order": ([("m-10:8b", "on"), ("m-2:8b", "on")], [("m-2:8b", "on"), ("m-10:8b", "on")]),
    "a mode that is none": ([("m", "odd"), ("m", "on")], [("m", "on"), ("m", "odd")]),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_columns(name: str) -> None:
    given, wanted = COLUMNS[name]
    assert in_order(given) == wanted


def test_the_numbers_of_a_column() -> None:
    floors = [{"name": "token_rate", "arguments": {"min": least}} for least in (30, 40)]
    slow = answer(numbers={**answer()["numbers"], "answer_seconds": 4.0, "load_seconds": 0.0, "first_token": 0.4})
    lines = [
        cell("a", checks=floors),
        cell("b", answers=[slow]),
        cell("c", answers=[answer(findings=[finding("bad")])]),
        cell("d", answers=[{"findings": [finding("down", "error")], "request": {}, "files": []}], outcome="error"),
        cell("e", model="another"),
    ]
    _, found = matrix(lines, shown).columns
    assert (found["asked"], found["passed"], found["judged"], found["tokens"]) == (4, 2, 3, 300)
    assert (found["rate"], found["floor"], found["load"]) == (50.0, 40.0, 0.5)
    assert found["first"] == 0.7


PIECES = {
    "nothing": ("", []),
    "prose": ("one\ntwo", [("one\ntwo", 1, False, "")]),
    "a fence": (
        "say\n```go\nx := 1\ny\n```\nend",
        [("say", 1, False, ""), ("x := 1\ny", 3, True, "go"), ("end", 6, False, "")],
    ),
    "an open fence": ("```python\nx = 1", [("x = 1", 2, True, "python")]),
    "two": ("```go\na\n```\n```c\nb\n```", [("a", 2, True, "go"), ("b", 5, True, "c")]),
    "an empty one": ("a\n```go\n```\nb", [("a", 1, False, ""), ("b", 4, False, "")]),
    "nul, windows lines": ("a\0\r\n```go\r\nx\r\n```", [("a\\x00", 1, False, ""), ("x", 3, True, "go")]),
    "prose behind a fence": (
        "```go\nx\n``` That is it.\n",
        [("x", 2, True, "go"), ("``` That is it.\n", 3, False, "")],
    ),
    "a label below its fence": (
        "say\n```\ngo\npackage a\n```\n",
        [("say", 1, False, ""), ("package a", 4, True, "go")],
    ),
    "a bare page": ("<!doctype html>\n<p>x", [("<!doctype html>\n<p>x", 1, True, "html")]),
}


@pytest.mark.parametrize("name", PIECES)
def test_pieces_of_an_answer(name: str) -> None:
    text, wanted = PIECES[name]
    assert [(one.text, one.line, one.code, one.language) for one in pieces(text)[1]] == wanted


def test_thinking_that_was_left_in_is_no_piece() -> None:
    thinking, parts = pieces("<think>hm</think>\nyes")
    assert thinking == "hm"
    assert [part.text.strip() for part in parts] == ["yes"]


def test_colours() -> None:
    code = 'func f() { x := "ß😀" } // end'
    go, none, long, wide, odd = coloured(
        [("go", code), ("", code), ("go", "x " * 200_000), ("go", "x" * 6000), ("klingon", code)]
    )
    assert none == long == wide == odd == []
    units = code.encode("utf-16-le")
    assert sum(go[::2]) == len(units) // 2
    at, named = 0, {}
    for length, kind in zip(go[::2], go[1::2], strict=True):
        named[units[2 * at : 2 * (at + length)].decode("utf-16-le")] = CLASSES[kind]
        at += length
    assert (named["func"], named['"ß😀"'], named["// end"]) == ("keyword", "string", "comment")
    assert coloured([]) == []


def test_the_request_and_its_command() -> None:
    wanted = {
        "model": "m",
        "think": False,
        "format": None,
        "options": {"seed": 7},
        "messages": [{"role": "user", "content": "it's \ud800"}],
    }
    asked = answer(request=wanted)
    assert body("ollama", asked) == {
        "model": "m:built",
        "messages": wanted["messages"],
        "stream": True,
        "think": False,
        "options": {"seed": 7},
    }
    assert body("openai", asked)["reasoning_effort"] == "none"
    assert body("embedded", asked) == wanted
    assert "it's \\ud800" in as_json(body("ollama", asked))
    assert curl("ollama", asked).startswith("curl -sN http://127.0.0.1:11434/api/chat -H")
    with_key = curl("openai", answer(server="https://a.example/v1"))
    assert with_key.startswith('curl -sN https://a.example/v1/chat/completions -H "Authorization: Bearer $OPENAI')
    assert curl("ollama", answer(server="http://x/;rm -rf ~'")).startswith(
        "curl -sN 'http://x/;rm -rf ~'\"'\"'/api"
    )
    for engine, server in (("embedded", "embedded"), ("ollama", ""), ("scripted", "http://x"), ("openai", "$(id)")):
        assert curl(engine, answer(server=server)) == ""


def test_the_first_page() -> None:
    was = record(cell("a"), cell("b", answers=[answer(findings=[finding("bad")])]), cell("gone"), run="20251231-1")
    now = record(
        cell("a", answers=[answer(findings=[finding("worse")])]),
        cell("b"),
        cell("b", think="on"),
        cell("c", row="r1", axes={"format": "format-off"}),
        files=tuple(f"cases/{case}.prompt.yaml" for case in ("a", "b", "c", "gone")),
    )
    top = overview(Story(now, of_runs("run 1", [was]), [was]))
    assert [(one["id"], one["row"], one["column"], one["change"]) for one in top["cells"]] == [
        ("a[m-think-off]", 0, 0, "regressed"),
        ("b[m-think-off]", 1, 0, "fixed"),
        ("b[m-think-on]", 1, 1, "new"),
        ("c[m-think-off]", 2, 0, "new"),
    ]
    assert [(row["case"], row["label"], row["group"]) for row in top["rows"]] == [
        ("a", "", "backend"),
        ("b", "", "backend"),
        ("c", "r1 · format-off", "backend"),
    ]
    assert [point["counts"] for point in top["trend"]] == [{"passed": 2, "failed": 1}, {"failed": 1, "passed": 3}]
    assert top["gone"] == [["cases/gone.prompt.yaml::gone[m-think-off]", "gone"]]
    assert top["compared"] == "run 1"
    assert overview(Story(now))["cells"][0]["change"] == ""


def test_rows_stand_as_in_the_files_whatever_was_asked_first() -> None:
    asked = [
        cell("b"),
        cell("c", markers=("xfail", "visual")),
        cell("a", line=9),
        cell("a2", file="cases/a.prompt.yaml"),
    ]
    rows = overview(Story(record(*asked)))["rows"]
    assert [(row["case"], row["group"]) for row in rows] == [
        ("a2", "backend"),
        ("a", "backend"),
        ("b", "backend"),
        ("c", "visual"),
    ]


def test_cells_of_one_name_are_told_apart() -> None:
    lines = [cell("a", nodeid=f"{folder}/a.prompt.yaml::a[m]", file=f"{folder}/a.prompt.yaml") for folder in "xy"]
    assert [one["id"] for one in overview(Story(record(*lines)))["cells"]] == [line.nodeid for line in lines]


def test_the_page_of_a_cell(tmp_path: Path) -> None:
    folder = tmp_path / "cell"
    folder.mkdir()
    (folder / "page.html").write_text("<p>hi")
    (folder / "screenshot.png").write_bytes(b"png")
    (folder / "log.txt").write_text("noted")
    files = [["page", "cell/page.html"], ["screenshot", "cell/screenshot.png"], ["log", "cell/log.txt"]]
    two = [answer("one", files=files), answer("two", sample=1, findings=[finding("bad", line=1)])]
    again = [answer("three")]
    line = cell(answers=two, samples=2, min_pass=2, confirmations=again, outcomes=("passed", "failed"))
    run = record(line, path=tmp_path / "cells.jsonl")
    found = details(run, line, lambda path: 5 if path.name == "screenshot.png" else None)
    assert [tab["title"] for tab in found["tabs"]] == ["sample 1", "sample 2", "again, sample 1"]
    assert [tab["text"] for tab in found["tabs"]] == ["one", "two", "three"]
    first = found["tabs"][0]
    assert (first["page"], first["pictures"]) == ("<p>hi", [["screenshot", 5]])
    assert first["files"] == [["log", str(folder / "log.txt")]]
    assert ["tokens a second", 50.0, "rate"] in first["numbers"]
    assert found["again"] == f"pytest '{line.nodeid}'"
    assert earlier(run, line, lambda path: None)["text"] == "one"


def test_a_cell_without_an_answer() -> None:
    died = CellLine("x.prompt.yaml::y", "error", "error", "worker crashed")
    assert details(record(died), died, lambda _: None)["tabs"] == []
    asked = {"stage": "", "sample": 0, "attempt": 1, "request": answer()["request"], "files": []}
    down = cell(answers=[{**asked, "findings": [finding("down", "error")]}], outcome="error")
    (tab,) = details(record(down), down, lambda _: None)["tabs"]
    assert (tab["answered"], tab["parts"], tab["numbers"]) == (False, [], [])
