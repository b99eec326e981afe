from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_llm.errors import InputError
from pytest_llm.store import runs
from pytest_llm.store.line import CellLine, End, Header, to_line
from pytest_llm.store.record import read


def finished(root: Path, run: str) -> Path:
    writer = runs.Writer(root, Header(run))
    writer.add(to_line(End(True, 0)))
    writer.close()
    return writer.folder


def names(root: Path) -> list[str]:
    return sorted(os.listdir(root / ".pytest_llm/runs"))


def test_ids_sort_by_time_and_never_clash() -> None:
    made = []
    for _ in range(50):
        made.append(runs.new_id())
        time.sleep(0.001)
    assert made == sorted(made)
    assert len({runs.new_id() for _ in range(1000)}) == 1000


def test_what_is_written_is_there_at_once(tmp_path: Path) -> None:
    writer = runs.Writer(tmp_path, Header("20260101-000000-1"))
    writer.add(to_line(CellLine("a", "passed")))
    assert set(read(writer.folder / runs.FILE).cells) == {"a"}
    assert (tmp_path / ".pytest_llm/.gitignore").read_text() == "*\n"
    assert os.listdir(writer.folder) == [runs.FILE]
    writer.close()


def test_the_newest_are_kept(tmp_path: Path) -> None:
    for number in range(5):
        finished(tmp_path, f"20260101-00000{number}-1")
    others = ["notes", "20260101", "latest"]
    for name in others:
        (tmp_path / ".pytest_llm/runs" / name).mkdir()
    (tmp_path / ".pytest_llm/runs/20250101-000000-1").symlink_to(tmp_path)
    runs.sweep(runs.home(tmp_path), 2)
    kept = ["20260101-000003-1", "20260101-000004-1"]
    assert names(tmp_path) == sorted([*kept, *others, "20250101-000000-1"])
    assert [folder.name for folder in runs.found(runs.home(tmp_path))] == kept[::-1]


WRITES = """
    import sys, time
    from pathlib import Path
    from pytest_llm.store import runs
    from pytest_llm.store.line import Header
    writer = runs.Writer(Path(sys.argv[1]), Header("20200101-000000-1"))
    print("written", flush=True)
    time.sleep(60)
"""


def test_a_run_that_goes_on_is_never_swept(tmp_path: Path) -> None:
    command = [sys.executable, "-c", textwrap.dedent(WRITES), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": os.getcwd()}) as other:
        assert other.stdout
        assert other.stdout.readline() == b"written\n"
        finished(tmp_path, "20260101-000000-1")
        runs.sweep(runs.home(tmp_path), 1)
        assert names(tmp_path) == ["20200101-000000-1", "20260101-000000-1"]
        other.kill()
    runs.sweep(runs.home(tmp_path), 1)
    assert names(tmp_path) == ["20260101-000000-1"]


def test_a_run_that_is_just_beginning_is_not_swept(tmp_path: Path) -> None:
    finished(tmp_path, "20260101-000000-1")
    born = tmp_path / ".pytest_llm/runs/20250101-000000-1"
    born.mkdir()
    runs.sweep(runs.home(tmp_path), 1)
    assert born.exists()
    os.utime(born, (0, 0))
    runs.sweep(runs.home(tmp_path), 1)
    assert not born.exists()


def test_where_there_are_no_locks_an_end_or_a_day_tells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)
    runs.Writer(tmp_path, Header("20200101-000000-1")).close()
    finished(tmp_path, "20200101-000000-2")
    old = runs.Writer(tmp_path, Header("20200101-000000-3"))
    old.close()
    os.utime(old.folder, (0, 0))
    finished(tmp_path, "20260101-000000-1")
    runs.sweep(runs.home(tmp_path), 1)
    assert names(tmp_path) == ["20200101-000000-1", "20260101-000000-1"]


@pytest.mark.parametrize("link", [".pytest_llm", ".pytest_llm/runs"])
@pytest.mark.parametrize("target", ["outside", "nowhere", "."])
def test_a_link_out_of_the_root_is_refused(tmp_path: Path, link: str, target: str) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    (root / link).parent.mkdir(parents=True)
    outside.mkdir()
    to = {"outside": outside, "nowhere": tmp_path / "nowhere", ".": Path(Path(link).name)}[target]
    (root / link).symlink_to(to)
    with pytest.raises((InputError, OSError)) as raised:
        runs.Writer(root, Header("20200101-000000-1"))
    assert not list(outside.iterdir())
    assert not (tmp_path / "nowhere").exists()
    assert target == "." or "leads out of the rootdir" in str(raised.value)


def test_a_link_within_the_root_is_fine_and_so_is_a_root_behind_one(tmp_path: Path) -> None:
    (tmp_path / "real/files").mkdir(parents=True)
    (tmp_path / "real/.pytest_llm").symlink_to("files")
    (tmp_path / "link").symlink_to("real")
    finished(tmp_path / "link", "20200101-000000-1")
    assert (tmp_path / "real/files/runs/20200101-000000-1" / runs.FILE).is_file()


def test_no_link_is_written_through(tmp_path: Path) -> None:
    home = tmp_path / "root/.pytest_llm"
    home.mkdir(parents=True)
    (home / ".gitignore").symlink_to(tmp_path / "profile")
    finished(tmp_path / "root", "20200101-000000-1")
    assert not (tmp_path / "profile").exists()


class FullDisk:
    """A file on a disk with room for so many bytes."""

    def __init__(self, path: Path, room: int) -> None:
        self._file, self.room = open(path, "r+b", buffering=0), room  # noqa: SIM115
        self._file.seek(0, os.SEEK_END)

    def write(self, data: bytes) -> int:
        if not self.room:
            raise OSError(28, "No space left on device")
        fits = data[: self.room]
        self.room -= len(fits)
        return self._file.write(fits) or 0

    def truncate(self, size: int) -> None:
        self.room += os.fstat(self._file.fileno()).st_size - size
        self._file.truncate(size)

    def seek(self, size: int) -> None:
        self._file.seek(size)

    def close(self) -> None:
        self._file.close()


def begun(root: Path) -> tuple[runs.Writer, Path]:
    writer = runs.Writer(root, Header("20200101-000000-1"))
    return writer, writer.folder / runs.FILE


def copied(root: Path) -> tuple[runs.Copy, Path]:
    file = root / "new" / "copy.jsonl"
    return runs.Copy(file, Header("20200101-000000-1")), file


@pytest.mark.parametrize("begin", [begun, copied])
def test_a_full_disk_leaves_whole_lines(
    tmp_path: Path, begin: Callable[[Path], tuple[runs.Writer | runs.Copy, Path]]
) -> None:
    writer, file = begin(tmp_path)
    small, large = to_line(CellLine("small", "passed")), to_line(CellLine("large" * 1000, "passed"))
    disk = FullDisk(file, 2 * len(small) + 10)
    writer._file.close()
    writer._file = disk  # type: ignore[assignment]
    for line, fits in [(small, True), (large, False), (small, True), (small, False)]:
        if fits:
            writer.add(line)
        else:
            with pytest.raises(OSError, match="No space left"):
                writer.add(line)
    writer.close()
    assert [json.loads(line)["kind"] for line in file.read_text().splitlines()] == ["run", "cell", "cell"]
