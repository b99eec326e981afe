"""How close a run comes to what its model server needs: wall time beside a lower bound.

    python bench/engine.py [--scene N ...]

The tests' fake server simulates: `load` seconds for a model, `answer` seconds for an answer, so many slots,
room for one model at a time; with several servers each has all models. A check sleeps, in any thread. The bound is
what no order can beat:

    max(the least, for 1 to `servers` of them as n, of
            ceil(models / n) * (load + ceil(cells / slots) * answer)             each model on one server
            (answers * answer / slots + max(models + 1, n) * load) / n           one is loaded once more
        load + answer + answers * check / places)                                the checks are never idle
    + check                                                                      of the last answer

with the places for checks at once (`--llm-check-slots`, the workers with `-n`). `load` and `answer` are what they
take in this hour: such servers are asked by bench/bare.py just before the run and just after it, all at once.
`times` is the run beside that bound, `said` beside that of the seconds which the servers are told. The process's
own start, that of a run with one cell that costs nothing, is taken off. `full` is the run beside servers whose
slots are never idle, which a model's last answers and the load of a server that helps do not allow. `loads`: how
often a model was loaded, of how often it must be. Of a scene of a few seconds the least of three runs counts: a
process's start differs by more than the scene may.
Exit code 1 where a run takes more than 1.05 times its bound, with fewer than four models a server 1.2 times, or
loads a model twice on a server.
"""

from __future__ import annotations

import argparse
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.fake_ollama import FakeOllama, Script  # noqa: E402

CONFTEST = """\
import time
from typing import ClassVar
from pytest_llm import Check


class Sleeps(Check):
    name: ClassVar[str] = "sleeps"
    shorthand: ClassVar[str] = "seconds"
    main_thread: ClassVar[bool] = False
    seconds: float

    def run(self, artifact, context):
        time.sleep(self.seconds)
        return ()


def pytest_llm_checks(config):
    return [Sleeps]
"""


@dataclass(frozen=True)
class Scene:
    """A matrix of models and cells, and what each costs in seconds. workers: of pytest-xdist, 0 without."""

    models: int = 4
    cells: int = 25
    slots: int = 1
    load: float = 1.0
    answer: float = 0.2
    check: float = 0.0
    check_slots: int = 4
    workers: int = 0
    servers: int = 1

    @property
    def full(self) -> float:
        """Seconds that the servers need where no slot of theirs is idle."""
        answering = self.models * self.cells * self.answer / self.slots
        return (answering + self.models * self.load) / self.servers

    @property
    def bound(self) -> float:
        """Seconds that any order needs."""
        answers = self.models * self.cells
        whole = self.load + math.ceil(self.cells / self.slots) * self.answer
        shared = (
            (answers * self.answer / self.slots + max(self.models + 1, servers) * self.load) / servers
            for servers in range(2, self.servers + 1)
        )
        kept = (math.ceil(self.models / servers) * whole for servers in range(1, self.servers + 1))
        checking = self.load + self.answer + answers * self.check / (self.workers or self.check_slots)
        return max(min([*kept, *shared]), checking) + self.check

    @property
    def most(self) -> float:
        """Times the bound that a run may take."""
        return 1.05 if self.models >= 4 * self.servers else 1.2

    def arguments(self) -> list[str]:
        ways = ["-n", str(self.workers)] if self.workers else ["-p", "no:xdist"]
        return [f"--llm-slots={self.slots}", f"--llm-check-slots={self.check_slots}", *ways]


SCENES = (
    Scene(),
    Scene(slots=4),
    Scene(models=1, cells=50),
    Scene(models=8, cells=10),
    Scene(check=0.2),
    Scene(check=0.5),
    Scene(slots=4, check=0.1),
    Scene(check=0.2, workers=2),
    Scene(models=8, servers=2),
    Scene(models=4, servers=3),
    Scene(models=16, cells=10, servers=4),
    Scene(models=1, cells=100, servers=2),
    Scene(models=8, cells=10, servers=2, workers=2),
    Scene(models=1, cells=120, slots=4, servers=3, workers=2),
)


SHORT = 5.0  # seconds


def lay_out(folder: Path, scene: Scene) -> None:
    """One case for each cell of the matrix, which crosses all models."""
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "pytest.ini").write_text("[pytest]\naddopts = -p no:hypothesispytest -p no:cacheprovider\n")
    models = ", ".join(f"m{n}" for n in range(scene.models))
    rows = ", ".join(f"{{n: {n}}}" for n in range(scene.cells))
    asked = f"models: [{models}]\nparametrize: [{rows}]\nprompt: Write {{{{ n }}}}.\n"
    (folder / "t.prompt.yaml").write_text(f"{asked}checks: [{{sleeps: {scene.check}}}]\n")


def served(scene: Scene) -> FakeOllama:
    """A server that has all models."""
    server = FakeOllama(load_time=scene.load, slots=scene.slots, max_loaded=1)
    for number in range(scene.models):
        server.add_model(f"m{number}")
    server.answer("", Script(("done",), seconds=scene.answer))
    return server


@contextmanager
def all_served(scene: Scene) -> Iterator[list[FakeOllama]]:
    with ExitStack() as stack:
        yield [stack.enter_context(served(scene)) for _ in range(scene.servers)]


def bare(scene: Scene) -> tuple[float, float]:
    """Seconds that a load and an answer take whoever asks."""
    with all_served(scene) as servers:
        command = [sys.executable, str(ROOT / "bench" / "bare.py"), f"--slots={scene.slots}"]
        urls = [server.url for server in servers]
        done = subprocess.run([*command, *urls], capture_output=True, text=True, timeout=60, check=True)
        load, answer = map(float, done.stdout.split())
        return load, answer


def run(scene: Scene) -> tuple[float, int, bool]:
    """Seconds of a run, how many models were loaded, and whether one was loaded twice on a server."""
    with tempfile.TemporaryDirectory() as temporary, all_served(scene) as servers:
        folder = Path(temporary)
        lay_out(folder, scene)
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        hosts = [f"--llm-host={server.url}" for server in servers]
        command = [sys.executable, "-m", "pytest", "-q", *hosts, *scene.arguments()]
        begun = time.monotonic()
        done = subprocess.run(
            command, cwd=folder, env=env, capture_output=True, text=True, timeout=600, check=False
        )
        seconds = time.monotonic() - begun
        if done.returncode:
            raise SystemExit(done.stdout + done.stderr)
        twice = any(max(server.loads_of().values(), default=0) > 1 for server in servers)
        return seconds, sum(len(server.loads) for server in servers), twice


@dataclass(frozen=True)
class Measured:
    """What came of a scene. seconds: its own start taken off. real: with the load and answer of a bare client."""

    scene: Scene
    real: Scene
    seconds: float
    loads: int
    twice: bool

    @property
    def times(self) -> float:
        return self.seconds / self.real.bound

    @property
    def bad(self) -> bool:
        return self.times > self.scene.most or self.twice

    def __str__(self) -> str:
        scene, real = self.scene, self.real
        return (
            f"{scene.models:6}  {scene.cells:5}  {scene.slots:5}  {scene.check:5}  {scene.workers:7}  "
            f"{scene.servers:7}  {real.load:5.2f}  {real.answer:6.3f}  {real.bound:6.1f}  {self.seconds:6.1f}  "
            f"{self.times:5.2f}  {self.seconds / scene.bound:5.2f}  {self.seconds / real.full:5.2f}  "
            f"{self.loads} of {scene.models}{'  too much' if self.bad else ''}"
        )


def measured(scene: Scene) -> Measured:
    nothing = Scene(1, 1, load=0, answer=0, workers=scene.workers, servers=scene.servers)
    start = min(run(nothing)[0] for _ in range(3))
    before = bare(scene)
    seconds, loads, twice = min(run(scene) for _ in range(3 if scene.bound < SHORT else 1))
    load, answer = ((one + other) / 2 for one, other in zip(before, bare(scene), strict=True))
    return Measured(scene, replace(scene, load=load, answer=answer), seconds - start, loads, twice)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scene", type=int, nargs="*", help="the numbers of the scenes, from 0 (default: all)")
    given = parser.parse_args()
    bad = False
    columns = (
        "models  cells  slots  check  workers  servers   load  answer   bound    wall  times   said   full  loads"
    )
    print(columns)
    for number in given.scene or range(len(SCENES)):
        found = measured(SCENES[number])
        print(found, flush=True)
        bad |= found.bad
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
