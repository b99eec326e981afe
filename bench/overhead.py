"""What a cell costs beyond its answer: processor time and memory, beside as many trivial pytest items.

    python bench/overhead.py [--cells 1000] [--runs 5] [--most 3]

The tests' fake server answers at once, in a process of its own that is not counted; a case file has 100 cells, each
with a text check. Processor time is user and system time of pytest and all its processes, the least of several:
that of `--cells` less that of a tenth, so that no start is in it (`start` is what is left over). MiB: the peak of
the largest process. With `-n2` both are run by pytest-xdist. `own`: milliseconds a cell beyond an item's. `paced`:
those beyond an item that waits 1 ms, as a cell waits for its answer: who waits is woken, and pytest-xdist too costs
more where reports come one by one. Exit code 1 where a cell costs more than `--most` milliseconds of our own.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
IN_A_FILE = 100
PLAIN = """\
import time
import pytest

@pytest.mark.parametrize('n', range({count}))
def test_one(n):
    {body}
"""
CASE = """\
models: m
parametrize: [{rows}]
prompt: 'Write {{{{ what }}}}.'
checks:
  - contains: This
"""
ITEMS = {"items": "pass", "waiting": "time.sleep(0.001)"}
WAYS = {"plain": (), "-n2": ("-p", "xdist", "-n2")}


@dataclass(frozen=True)
class Cost:
    """Seconds of processor time, MiB of the largest process."""

    seconds: float
    mib: float


def lay_out(folder: Path, cells: int) -> None:
    """A folder of case files, and one of each kind of Python tests."""
    for kind in (*ITEMS, "cells"):
        (folder / kind).mkdir(parents=True)
        (folder / kind / "pytest.ini").write_text("[pytest]\n")
    for begin in range(0, cells, IN_A_FILE):
        numbers = range(begin, min(cells, begin + IN_A_FILE))
        rows = ", ".join(f"{{id: r{number}, what: thing {number}}}" for number in numbers)
        for kind, body in ITEMS.items():
            (folder / kind / f"test_{begin}.py").write_text(PLAIN.format(count=len(numbers), body=body))
        (folder / "cells" / f"c{begin}.prompt.yaml").write_text(CASE.format(rows=rows))


@contextmanager
def server() -> Iterator[str]:
    """The address of a fake Ollama."""
    command = [sys.executable, "-m", "tests.fake_ollama", "--model", "m"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield process.stdout.readline().strip()
        process.kill()


def once(folder: Path, way: str, host: str, cells: int) -> Cost:
    """One run in a process of its own, its record and its store begun anew."""
    env = os.environ | {"OLLAMA_HOST": host, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    env["PYTHONPATH"] = os.pathsep.join([str(ROOT), env.get("PYTHONPATH", "")])
    plugin = ("-p", "pytest_llm.plugin.hooks") if folder.name == "cells" else ()
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *WAYS[way], *plugin]
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryDirectory() as place:
        store = ("--llm-store", f"{place}/store.sqlite") if plugin else ()
        process = subprocess.Popen([*command, *store], cwd=folder, env=env, stdout=output, stderr=output)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        said = output.read()
    if process.returncode or f"{cells} passed" not in said:
        raise SystemExit(said[-2000:])
    return Cost(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def least(costs: list[Cost]) -> Cost:
    return Cost(min(cost.seconds for cost in costs), min(cost.mib for cost in costs))


def measure(root: Path, host: str, cells: int, runs: int) -> dict[tuple[str, str, int], Cost]:
    """The least cost of each kind of folder, way and number; all are run in turn."""
    found: dict[tuple[str, str, int], list[Cost]] = {}
    for count in (cells, cells // 10):
        lay_out(root / str(count), count)
    for _ in range(runs):
        for count in (cells, cells // 10):
            for way in WAYS:
                for kind in (*ITEMS, "cells"):
                    cost = once(root / str(count) / kind, way, host, count)
                    found.setdefault((kind, way, count), []).append(cost)
    return {key: least(costs) for key, costs in found.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--most", type=float, default=float("inf"))
    given = parser.parse_args()
    cells, few = given.cells, given.cells // 10
    with tempfile.TemporaryDirectory() as temporary, server() as host:
        found = measure(Path(temporary), host, cells, given.runs)
    worst = 0.0
    print(f"{cells} cells, the least of {given.runs} runs; ms of processor time, MiB\n")
    print(f"{'':<6}  an item  waiting  a cell     own   paced   start: items cells   MiB: items cells  times")
    for way in WAYS:
        each, start = {}, {}
        for kind in (*ITEMS, "cells"):
            each[kind] = 1000 * (found[kind, way, cells].seconds - found[kind, way, few].seconds) / (cells - few)
            start[kind] = 1000 * found[kind, way, few].seconds - few * each[kind]
        own, paced = (each["cells"] - each[kind] for kind in ITEMS)
        worst = max(worst, own)
        items, ours = (found[kind, way, cells].mib for kind in ("items", "cells"))
        print(
            f"{way:<6}  {each['items']:7.2f} {each['waiting']:8.2f} {each['cells']:7.2f} {own:7.2f} {paced:7.2f}   "
            f"{start['items']:12.0f} {start['cells']:5.0f}   {items:10.0f} {ours:5.0f} {ours / items:6.2f}"
        )
    if worst <= given.most:
        return 0
    print(f"a cell costs {worst:.2f} ms of our own, at most {given.most} is right", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
