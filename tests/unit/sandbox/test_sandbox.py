from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_llm.sandbox import cgroup, sandbox, scratch
from pytest_llm.sandbox.sandbox import Limits, Result, Session
from pytest_llm.sandbox.walls import Walls, missing

walled = pytest.mark.skipif(bool(missing()), reason=missing() or "-")


def shell(script: str, folder: Path, limits: Limits | None = None, **walls: Any) -> Result:
    return sandbox.run(
        ["/bin/sh", "-c", script], folder=folder, limits=limits or Limits(seconds=60), walls=Walls(**walls)
    )


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without bubblewrap."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "not installed" in missing()


@pytest.fixture(params=["shared", "own"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A folder within the walls of a process that stays, and one that gets walls of its own."""
    if request.param == "own":
        yield tmp_path
    else:
        with scratch.folder() as made:
            yield made


def test_output_status_and_input(folder: Path) -> None:
    result = sandbox.run(["/bin/sh", "-c", "cat; echo e >&2; exit 3"], folder=folder, stdin=b"x" * 300_000)
    assert (result.returncode, len(result.stdout), result.stderr, result.killed_by) == (3, 300_000, b"e\n", "")


def test_the_folder_is_writable_and_the_working_directory(folder: Path) -> None:
    shell("echo hi > there", folder)
    assert (folder / "there").read_text() == "hi\n"


def test_time_that_is_not_the_programs_own_does_not_count(folder: Path) -> None:
    """Waiting, as for a processor that others use, is borne up to BUSY times the limit."""
    assert shell("sleep 1.5", folder, Limits(seconds=1)).killed_by == ""
    assert shell("while :; do :; done", folder, Limits(seconds=0.5)).killed_by == "timeout"
    children = "(while :; do :; done) & (while :; do :; done) & wait"
    assert shell(children, folder, Limits(seconds=0.5)).killed_by == "timeout"


def test_a_session_counts_each_question_anew(tmp_path: Path) -> None:
    """Together they take more than the limit of one."""
    script = "while read n; do i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done; echo $n; done"
    limits = Limits(seconds=1)
    with contextlib.closing(Session(["/bin/sh", "-c", script], folder=tmp_path, limits=limits)) as session:
        for number in range(50):
            assert session.ask(b"%d" % number).stdout == b"%d\n" % number


def test_no_environment_of_ours(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    said = shell("env", folder, env={"GIVEN": "1"}).text
    assert "GIVEN=1" in said
    assert "secret" not in said


@walled
@pytest.mark.parametrize("path", [__file__, "/etc/passwd", "/etc/hostname", str(Path.home())])
def test_nothing_of_the_file_system(path: str, folder: Path) -> None:
    result = shell(f"cat {path} || ls {path}", folder)
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
def test_no_network(folder: Path) -> None:
    result = shell("cat /proc/self/net/dev | tail -n +3 | cut -d: -f1", folder)
    assert result.stdout.split() == [b"lo"]


@walled
def test_none_of_our_processes(folder: Path) -> None:
    assert shell(f"kill -9 -1; kill -0 {os.getpid()}", folder).returncode != 0


@walled
def test_nothing_of_one_program_is_left_for_the_next() -> None:
    """Not its files, not its processes, not what it keeps in memory by a name, though the walls are the same."""
    leave = "sleep 60 & ipcmk -M 4096 >&2; for i in . .. /tmp /dev/shm; do echo secret > $i/file; done"
    look = "ls -A . .. /tmp /dev/shm; ipcs -m | grep -c 0x; ls /proc | grep -c '^[0-9]'; cat /proc/self/mounts"
    with scratch.folder() as first, scratch.folder() as second:
        shell(leave, first)
        said = shell(look, second).stdout.decode()
        assert first.name not in said
        assert second.name in said
        assert "file" not in said
        memory, processes = (int(line) for line in said.splitlines() if line.isdigit())
    assert (memory, processes <= 5) == (0, True)


@walled
def test_a_program_holds_no_descriptor_but_its_streams(tmp_path: Path) -> None:
    """However many are open here when its server is started: a walled folder of its own brings a new one."""
    held = [os.open(os.devnull, os.O_RDONLY) for _ in range(100)]
    try:
        with scratch.folder() as folder:
            said = shell("ls /proc/self/fd", folder, readonly=(tmp_path,)).stdout.split()
    finally:
        for fd in held:
            os.close(fd)
    assert said == [b"0", b"1", b"2", b"3"]  # the last is the folder that is listed


@walled
@walled
def test_each_program_has_a_control_group_of_its_own() -> None:
    """What a program leaves in its group (memory that is charged, a late thread) is not the next one's."""
    if (made := cgroup.create(1 << 30, 8)) is None:
        pytest.skip("no control group can be made here")
    made.remove()

    def group(script: str = "") -> tuple[str, str]:
        with scratch.folder() as folder:
            limits = Limits(seconds=60, memory=120 << 20, processes=9)
            said = shell(f"cat /proc/self/cgroup; {script}", folder, limits)
        return said.stdout.decode(), said.killed_by

    said = [group(), group(), group("exec tail /dev/zero"), group()]
    assert len({name for name, _ in said}) == 4
    assert [killed_by for _, killed_by in said] == ["", "", "memory", ""]


def test_a_program_that_kills_all_it_can_does_not_end_the_next(tmp_path: Path) -> None:
    with scratch.folder() as folder:
        for script in ("kill -9 -1", "kill -9 1", "kill -9 $PPID; sleep 0.1", "exec sleep 60"):
            shell(script, folder, Limits(seconds=0.2))
            assert shell("echo well", folder).stdout == b"well\n"


LIMITS = {
    "timeout": ("sleep 60", Limits(seconds=0.3)),
    "output": ("yes", Limits(seconds=60, output=10_000)),
    "memory": ("exec python3 -c 'x = bytearray(400 << 20); input()'", Limits(seconds=60, memory=100 << 20)),
    "processes": ("for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 60 & done; wait", Limits(seconds=60, processes=8)),
}


@pytest.mark.parametrize("reason", LIMITS)
def test_limits(reason: str, folder: Path) -> None:
    script, limits = LIMITS[reason]
    result = sandbox.run(
        ["/bin/sh", "-c", script], folder=folder, limits=limits, walls=Walls(env={"PATH": os.environ["PATH"]})
    )
    assert result.killed_by == reason


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("reason", ["timeout", "output", "processes"])
def test_limits_without_walls(reason: str, tmp_path: Path) -> None:
    script, limits = LIMITS[reason]
    result = sandbox.run(["/bin/sh", "-c", script], folder=tmp_path, limits=limits)
    assert (result.killed_by, result.sandboxed) == (reason, False)


def test_a_file_is_bounded(folder: Path) -> None:
    shell("head -c 3000000 /dev/zero > big", folder, Limits(file=1 << 20))
    assert (folder / "big").stat().st_size == 1 << 20


def test_what_it_started_ends_with_it(folder: Path) -> None:
    (folder / "alive").touch()  # on a slow machine nothing more may come of it
    shell("(while :; do echo x >> alive; sleep 0.01; done) & sleep 60", folder, Limits(seconds=0.3))
    size = (folder / "alive").stat().st_size
    threading.Event().wait(0.2)
    assert (folder / "alive").stat().st_size == size


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
