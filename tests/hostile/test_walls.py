"""From within the walls: what of the machine can be written, read or reached."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest

from pytest_llm.browsers import jail
from pytest_llm.browsers.find import BrowserFound
from pytest_llm.errors import Unsupported
from pytest_llm.sandbox import cgroup, programs, sandbox, scratch, walls
from pytest_llm.sandbox.sandbox import Limits
from pytest_llm.sandbox.walls import Walls
from pytest_llm.toolchains import toolchain
from pytest_llm.toolchains.base import Options, Snippet

walled = pytest.mark.skipif(bool(walls.missing()), reason=walls.missing() or "-")

# Everything of the kernel's that opens for writing, and every folder that takes a file; nothing is written.
PROBE = """
import json, os
def opens(path):
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
    except OSError:
        return False
    return True
def takes(folder):
    try:
        os.close(os.open(folder + "/new", os.O_WRONLY | os.O_CREAT))
    except OSError:
        return False
    return True
own = ("self", "thread-self", "net", "mounts")
tops = ["/proc/" + top for top in os.listdir("/proc") if not top.isdigit() and top not in own]
files = [top for top in tops if not os.path.isdir(top)]
files += [os.path.join(where, name) for top in tops for where, _, names in os.walk(top) for name in names]
folders = ["/", "/dev", "/dev/shm", "/etc", "/proc", "/run", "/sys", "/tmp", "/usr", "/usr/bin", "/var"]
readable = ["/proc/kcore", "/proc/keys", "/proc/kmsg", "/proc/kpagecount", "/etc/passwd", "/root/.ssh"]
def tells(path):
    try:
        return bool(os.listdir(path) if os.path.isdir(path) else os.read(os.open(path, os.O_NONBLOCK), 1))
    except OSError:
        return False
print(json.dumps({
    "kernel": [path for path in files if opens(path)],
    "folders": [folder for folder in folders if takes(folder)],
    "tells": [path for path in readable if tells(path)],
    "environment": sorted(os.environ),
    "seen": len(files) > 100,
}))
"""


def compiler(folder: Path) -> str:
    return sandbox.run([sys.executable, "-c", PROBE], folder=folder, walls=Walls(seen())).text


def compiler_in_shared_walls(folder: Path) -> str:
    """The kernel's files are not there at all."""
    with scratch.folder() as place:
        return sandbox.run([sys.executable, "-c", PROBE], folder=place, walls=Walls(seen())).text


def page(name: str, *, network: bool = False) -> Callable[[Path], str]:
    """As a lane of this browser is started, but for the program."""

    def run(folder: Path) -> str:
        browser = BrowserFound(Path("/usr/bin") / name, stepping=False)
        made = jail.walls(browser, "allow" if network else "block")
        command = walls.within([str(programs.python()), "-c", PROBE], made, walls.TMP)
        done = subprocess.run(sandbox.launched(command, None), capture_output=True, text=True, check=False)
        return done.stdout or done.stderr

    return run


def seen() -> tuple[Path, ...]:
    return Path(sys.prefix), Path(sys.prefix).resolve(), Path(sys.base_prefix).resolve()


# who looks, the folders that it may write, and whether it sees any of the kernel's files
INSIDE: dict[str, tuple[Callable[[Path], str], list[str], bool]] = {
    "a compiler": (compiler, [], True),
    "a compiler in shared walls": (compiler_in_shared_walls, [], False),
    "Chromium": (page("chromium-headless-shell"), ["/tmp"], True),
    "Firefox": (page("firefox"), ["/tmp"], True),
    "a page with network": (page("chromium-headless-shell", network=True), ["/tmp"], True),
}


@walled
@pytest.mark.parametrize("who", INSIDE)
def test_nothing_of_the_machine_can_be_written(who: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    look, writable, kernel = INSIDE[who]
    found = json.loads(look(tmp_path))
    assert found["seen"] == kernel
    assert (found["kernel"], found["folders"], found["tells"]) == ([], writable, [])
    assert "OPENAI_API_KEY" not in found["environment"]


# what a program does with its disk, and whether that ends it
DISK = {
    "many files": ("for i in $(seq 100); do head -c 2000000 /dev/zero > f$i; done; sleep 120", "disk"),
    "deep down": (
        "mkdir -p a/b/c; for i in 1 2 3; do head -c 9M /dev/zero > a/b/c/$i; done; sleep 120",
        "disk",
    ),
    "one large file": ("head -c 90000000 /dev/zero > big", "disk"),
    "more names than can be counted": ("seq 30000 | xargs touch; sleep 120", "disk"),
    "a file with a hole": ("head -c 0 /dev/null > hole; truncate -s 30M hole", ""),
    "a link to what is large": ("ln -s /usr/bin b; sleep 0.3", ""),
    "little": ("head -c 5000000 /dev/zero > f; sleep 0.3", ""),
}


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("what", DISK)
def test_the_disk_is_bounded(what: str, shared: bool, tmp_path: Path) -> None:
    script, killed_by = DISK[what]
    limits = Limits(seconds=120, disk=20 << 20, file=50 << 20)
    with scratch.folder() if shared else nullcontext(tmp_path) as folder:
        assert sandbox.run(["/bin/sh", "-c", script], folder=folder, limits=limits).killed_by == killed_by


def test_many_packages_of_one_answer_do_not_fill_the_disk() -> None:
    large = "package p{0}\n\nvar X = [150 << 20]byte{{1, 150<<20 - 1: 2}}\n"
    files = [Snippet(large.format(number), f"p{number}/x.go") for number in range(8)]
    try:
        (found,) = toolchain("go").check(files, Options(seconds=120))
    except Unsupported as reason:
        pytest.skip(str(reason))
    assert (found.kind, found.severity, found.message) == (
        "limit",
        "error",
        "the compiler wrote more than 256 MB of files",
    )


@walled
@pytest.mark.parametrize("path", [Path.home(), Path("/"), Path.home().parent, Path("/usr/..")])
def test_no_walls_show_the_home(path: Path, tmp_path: Path) -> None:
    with pytest.raises(Exception, match="holds the home"):
        sandbox.run(["/bin/true"], folder=tmp_path, walls=Walls(readonly=(path,)))


@walled
def test_a_project_under_usr_is_no_part_of_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = Path("/usr/src/pytest-llm-project")
    if not os.access(project.parent, os.W_OK):
        pytest.skip(f"{project.parent} cannot be written")
    (project / "jars").mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(project)
    try:
        (project / "secret").write_text("secret")
        look = ["/bin/sh", "-c", f"ls {project}; touch {project}/new"]
        seen = sandbox.run(look, folder=tmp_path, walls=Walls(readonly=(project / "jars",)))
    finally:
        shutil.rmtree(project)
    assert (seen.stdout, seen.returncode) == (b"jars\n", 1)


def test_groups_of_a_run_that_was_killed_are_swept() -> None:
    made = cgroup.create(1 << 30, 8)
    if made is None:
        pytest.skip("no control group can be made here")
    with subprocess.Popen(["/bin/true"]) as gone:
        pass
    left = [folder.with_name(f"pytest-llm-{gone.pid}-1") for folder in made.folders]
    for folder in left:
        folder.mkdir()
    cgroup.sweep()
    assert [folder.exists() for folder in (*left, *made.folders)] == [False] * len(left) + [True] * len(left)
    made.remove()
