"""A file is there whole or not at all."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from pytest_llm.store.whole import whole


def test_what_was_there_stays_until_all_is_written(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("before")
    (tmp_path / "link").symlink_to("real")
    with pytest.raises(OSError, match="full"), whole(tmp_path / "link") as text:
        text.write("half")
        raise OSError("full")
    assert (tmp_path / "real").read_text() == "before"
    with whole(tmp_path / "link") as text:
        text.write("all")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "all"
    assert sorted(os.listdir(tmp_path)) == ["link", "real"]


def test_a_name_as_long_as_names_may_be(tmp_path: Path) -> None:
    with whole(tmp_path / "new" / ("n" * 255)) as text:
        text.write("all")
    assert len(os.listdir(tmp_path / "new")) == 1


def test_a_pipe_stays_one(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append((tmp_path / "pipe").read_text()), daemon=True)
    reader.start()
    with whole(tmp_path / "pipe") as text:
        text.write("all")
    reader.join(10)
    assert read == ["all"]
    assert (tmp_path / "pipe").is_fifo()


def test_a_folder_is_none(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError), whole(tmp_path) as text:
        text.write("all")
