"""The pictures of a report: those that are none are left out, the others made to fit."""

from __future__ import annotations

from base64 import b64decode
from pathlib import Path
from random import Random

import pytest
from PIL import Image

from pytest_llm.reports.viewer.document import write_file
from pytest_llm.reports.viewer.overview import Story
from pytest_llm.reports.viewer.pictures import picture, room
from tests.helpers.records import answer, cell, record

MIB = 2**20


def noise(path: Path, width: int = 800, height: int = 600) -> Path:
    """The worst that a page can look like: nothing packs it."""
    data = Random(width).randbytes(width * height * 3)
    Image.frombytes("RGB", (width, height), data).save(path)
    return path


def test_two_hundred_cells_with_a_screenshot_and_a_filmstrip_can_be_mailed(tmp_path: Path) -> None:
    assert 400 * room(400) * 4 / 3 < 22 * MIB
    for size in ((800, 600), (2000, 300)):
        found = picture(noise(tmp_path / "a.png", *size), room(400))
        assert found
        assert len(b64decode(found.data)) <= room(400)
        assert found.kind == "image/webp"


def test_a_small_picture_stays_as_it_is(tmp_path: Path) -> None:
    path = noise(tmp_path / "a.png", 20, 20)
    found = picture(path, room(400))
    assert found
    assert (found.kind, b64decode(found.data)) == ("image/png", path.read_bytes())


NONE = {
    "a page": b"<!doctype html><script>alert(1)</script>",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    "empty": b"",
    "a torn one that is too large": b"\x89PNG\r\n\x1a\n" + bytes(MIB),
}


@pytest.mark.parametrize("name", NONE)
def test_what_is_no_picture_is_left_out(name: str, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(NONE[name])
    assert picture(tmp_path / "a.png", room(400)) is None


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert picture(tmp_path / "a.png", room(1)) is None
    assert picture(tmp_path, room(1)) is None


def test_a_picture_is_written_once(tmp_path: Path) -> None:
    noise(tmp_path / "a.png", 20, 20)
    asked = answer(files=[["screenshot", "a.png"], ["again", "a.png"], ["gone", "b.png"]])
    file = tmp_path / "report.html"
    write_file(file, Story(record(cell(answers=[asked]), path=tmp_path / "cells.jsonl")), None)
    text = file.read_text("ascii", errors="replace")
    assert text.count('id="picture-') == 1
    assert not list(tmp_path.glob("*.new"))
