"""A baseline as a file: what is written is read again, and what is none is said to be none."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_llm.errors import InputError
from pytest_llm.gates.baseline import Baseline, BaselineCell, digits, dumps, read, write

CELL = BaselineCell("", "0123456789abcdef", "m-1", 4, 5, 41.2, 0.125)
BASELINE = Baseline(
    "c0ffee",
    {"m-1": {"server": "ollama 0.30.1", "digest": "sha256:1"}},
    {"b.prompt.yaml::b[m]": CELL, "a.prompt.yaml::größe[m]": replace(CELL, rate=None, first_token=None)},
)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    write(tmp_path / "new" / "folder" / "b.json", BASELINE)
    write(tmp_path / "new" / "folder" / "b.json", BASELINE)
    assert read(tmp_path / "new" / "folder" / "b.json") == BASELINE
    assert os.listdir(tmp_path / "new" / "folder") == ["b.json"]


def test_the_text_is_sorted_and_a_line_a_cell() -> None:
    text = dumps(BASELINE)
    lines = text.splitlines()
    assert [line.strip().partition("[m]")[0] for line in lines if "[m]" in line] == [
        '"a.prompt.yaml::größe',
        '"b.prompt.yaml::b',
    ]
    assert list(json.loads(text)) == ["format", "commit", "fingerprints", "cells"]
    assert list(json.loads(text)["cells"]["b.prompt.yaml::b[m]"]) == [
        *("row", "inputs", "fingerprint", "passed", "asked", "rate", "first_token")
    ]
    assert json.loads(dumps(Baseline())) == {"format": 1, "commit": "", "fingerprints": {}, "cells": {}}


@pytest.mark.parametrize(
    ("number", "written"),
    [(None, None), (41.2345, 41.2), (0.0123456, 0.0123), (1234.5, 1230), (40, 40), (0.0, 0), (99.96, 100)],
)
def test_rates_have_three_digits(number: float | None, written: float | None) -> None:
    assert digits(number) == written


def test_cells_that_ran_replace_their_own_alone() -> None:
    newer = Baseline("beef", {"m-2": {"x": 1}}, {"b.prompt.yaml::b[m]": replace(CELL, fingerprint="m-2", passed=5)})
    both = BASELINE.updated(newer)
    assert both.commit == "beef"
    assert both.cells == {**BASELINE.cells, **newer.cells}
    assert set(both.fingerprints) == {"m-1", "m-2"}
    alone = BASELINE.updated(newer, gone={"a.prompt.yaml::größe[m]"})
    assert alone.cells == newer.cells
    assert set(alone.fingerprints) == {"m-2"}


def plain(**changed: Any) -> dict[str, Any]:
    return {**json.loads(dumps(Baseline("c", {}, {"id": CELL}))), **changed}


def cell(**changed: Any) -> dict[str, Any]:
    return plain(cells={"id": {**plain()["cells"]["id"], **changed}})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "no JSON"),
        ("", "no JSON"),
        ('<<<<<<< HEAD\n{"format": 1}', "git left its marks"),
        ("[" * 100_000, "no JSON"),
        ("[]", "lacks the key `format`"),
        ({"cells": {}}, "lacks the key `format`"),
        (plain(format=True), "lacks the key `format`"),
        (plain(format=2), "newer pytest-llm"),
        ({"format": 7, "shards": []}, "newer pytest-llm"),
        (plain(format="1"), "lacks the key `format`"),
        (plain(cells=[]), "`cells` is no mapping"),
        (plain(commit=None), "`commit` is no text"),
        (plain(fingerprints={"m": 1}), "`fingerprints` holds something that is none"),
        (plain(cells={"id": 3}), "the cell 'id' is no mapping"),
        (cell(passed=6), "passed 6 of 5"),
        (cell(passed=-1), "passed -1 of 5"),
        (cell(passed=0, asked=0), "passed 0 of 0"),
        (cell(asked=10**9), "passed 4 of 1000000000"),
        (cell(passed=True), "`passed` of 'id' is True"),
        (cell(passed=0.5), "`passed` of 'id' is 0.5"),
        (cell(row=None), "`row` of 'id' is None"),
        (cell(rate="fast"), "`rate` of 'id' is 'fast'"),
        (cell(rate=float("nan")), "no JSON"),
        ({**plain(), "cells": {"id": {"row": ""}}}, "`inputs` of 'id' is missing"),
    ],
)
def test_what_is_none_is_one_sentence(tmp_path: Path, content: Any, said: str) -> None:
    file = tmp_path / "b.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    with pytest.raises(InputError) as caught:
        read(file)
    assert said in str(caught.value)
    assert str(file) in str(caught.value)


def test_keys_that_a_later_version_adds_are_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "b.json"
    file.write_text(json.dumps({**cell(colour="red"), "more": 1}), "utf-8")
    assert read(file).cells == {"id": CELL}


def test_one_that_is_not_there_names_the_option(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"--llm-write-baseline b\.json writes one"):
        read(tmp_path / "b.json")
    with pytest.raises(InputError, match="cannot be read"):
        read(tmp_path)


def test_what_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    folder = tmp_path / "b.json"
    folder.mkdir()
    with pytest.raises(InputError, match="cannot be written"):
        write(folder, BASELINE)
    assert os.listdir(tmp_path) == ["b.json"]


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "link.json").symlink_to("real.json")
    write(tmp_path / "link.json", BASELINE)
    assert (tmp_path / "link.json").is_symlink()
    assert read(tmp_path / "real.json") == BASELINE
