from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path

import pytest

from pytest_llm.sandbox import sandbox
from pytest_llm.sandbox.sandbox import Limits, Result, Session
from pytest_llm.sandbox.walls import Walls, missing

walled = pytest.mark.skipif(bool(missing()), reason=missing() or "-")


def shell(script: str, folder: Path, limits: Limits | None = None, **walls: object) -> Result:
    return sandbox.run(
        ["/bin/sh", "-c", script], folder=folder, limits=limits or Limits(seconds=60), walls=Walls(**walls)
    )


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without bubblewrap."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "not installed" in missing()


def test_output_status_and_input(tmp_path: Path) -> None:
    result = sandbox.run(["/bin/sh", "-c", "cat; echo e >&2; exit 3"], folder=tmp_path, stdin=b"x" * 300_000)
    assert (result.returncode, len(result.stdout), result.stderr, result.killed_by) == (3, 300_000, b"e\n", "")


def test_the_folder_is_writable_and_the_working_directory(tmp_path: Path) -> None:
    shell("echo hi > there", tmp_path)
    assert (tmp_path / "there").read_text() == "hi\n"


def test_time_that_is_not_the_programs_own_does_not_count(tmp_path: Path) -> None:
    """Waiting, as for a processor that others use, is borne up to BUSY times the limit."""
    assert shell("sleep 1.5", tmp_path, Limits(seconds=1)).killed_by == ""
    assert shell("while :; do :; done", tmp_path, Limits(seconds=0.5)).killed_by == "timeout"
    children = "(while :; do :; done) & (while :; do :; done) & wait"
    assert shell(children, tmp_path, Limits(seconds=0.5)).killed_by == "timeout"


def test_a_session_counts_each_question_anew(tmp_path: Path) -> None:
    """Together they take more than the limit of one."""
    script = "while read n; do i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done; echo $n; done"
    limits = Limits(seconds=1)
    with contextlib.closing(Session(["/bin/sh", "-c", script], folder=tmp_path, limits=limits)) as session:
        for number in range(50):
            assert session.ask(b"%d" % number).stdout == b"%d\n" % number


def test_no_environment_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    said = shell("env", tmp_path, env={"GIVEN": "1"}).text
    assert "GIVEN=1" in said
    assert "secret" not in said


@walled
@pytest.mark.parametrize("path", [__file__, "/etc/passwd", "/etc/hostname", str(Path.home())])
def test_nothing_of_the_file_system(path: str, tmp_path: Path) -> None:
    result = shell(f"cat {path} || ls {path}", tmp_path)
    assert result.returncode != 0
    assert result.stdout == b""


@walled
def test_only_what_is_named_can_be_read_or_written(tmp_path: Path) -> None:
    for name in ("work", "read", "write", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    script = f"cd {tmp_path}; cat */file; for d in *; do echo x > $d/new; done"
    result = shell(script, tmp_path / "work", readonly=(tmp_path / "read",), writable=(tmp_path / "write",))
    assert result.stdout == b"readworkwrite"
    made = [name for name in ("work", "read", "write", "other") if (tmp_path / name / "new").exists()]
    assert made == ["work", "write"]


@walled
def test_no_network(tmp_path: Path) -> None:
    result = shell("cat /proc/net/dev | tail -n +3 | cut -d: -f1", tmp_path)
    assert result.stdout.split() == [b"lo"]


@walled
def test_none_of_our_processes(tmp_path: Path) -> None:
    assert shell(f"kill -9 -1; kill -0 {os.getpid()}", tmp_path).returncode != 0


LIMITS = {
    "timeout": ("sleep 60", Limits(seconds=0.3)),
    "output": ("yes", Limits(seconds=60, output=10_000)),
    "memory": ("exec python3 -c 'x = bytearray(400 << 20); input()'", Limits(seconds=60, memory=100 << 20)),
    "processes": ("for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 60 & done; wait", Limits(seconds=60, processes=8)),
}


@pytest.mark.parametrize("reason", LIMITS)
def test_limits(reason: str, tmp_path: Path) -> None:
    script, limits = LIMITS[reason]
    result = sandbox.run(
        ["/bin/sh", "-c", script], folder=tmp_path, limits=limits, walls=Walls(env={"PATH": os.environ["PATH"]})
    )
    assert result.killed_by == reason


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("reason", ["timeout", "output", "processes"])
def test_limits_without_walls(reason: str, tmp_path: Path) -> None:
    script, limits = LIMITS[reason]
    result = sandbox.run(["/bin/sh", "-c", script], folder=tmp_path, limits=limits)
    assert (result.killed_by, result.sandboxed) == (reason, False)


def test_a_file_is_bounded(tmp_path: Path) -> None:
    shell("head -c 3000000 /dev/zero > big", tmp_path, Limits(file=1 << 20))
    assert (tmp_path / "big").stat().st_size == 1 << 20


def test_what_it_started_ends_with_it(tmp_path: Path) -> None:
    shell("(while :; do echo x >> alive; sleep 0.01; done) & sleep 60", tmp_path, Limits(seconds=0.3))
    size = (tmp_path / "alive").stat().st_size
    threading.Event().wait(0.2)
    assert (tmp_path / "alive").stat().st_size == size


ECHO = [
    "/bin/sh",
    "-c",
    'while read line; do case $line in die) exit 3;; hang) sleep 60;; *) echo "<$line>";; esac; done',
]


def test_a_session_answers_line_by_line(tmp_path: Path) -> None:
    session = Session(ECHO, folder=tmp_path)
    assert [session.ask(line).stdout for line in (b"a", b"b" * 100_000)] == [b"<a>\n", b"<%s>\n" % (b"b" * 100_000)]
    assert session.alive
    session.close()
    assert not session.alive


@pytest.mark.parametrize(("line", "killed_by", "code"), [(b"die", "", 3), (b"hang", "timeout", -9)])
def test_a_session_that_ends(line: bytes, killed_by: str, code: int, tmp_path: Path) -> None:
    session = Session(ECHO, folder=tmp_path)
    result = session.ask(line, seconds=0.5)
    assert (result.stdout, result.killed_by, result.returncode) == (b"", killed_by, code)
    assert not session.alive
    session.close()


def test_a_session_outlives_the_thread_that_began_it(tmp_path: Path) -> None:
    made: list[Session] = []
    thread = threading.Thread(target=lambda: made.append(Session(ECHO, folder=tmp_path)))
    thread.start()
    thread.join()
    assert made[0].ask(b"still there").stdout == b"<still there>\n"
    made[0].close()
