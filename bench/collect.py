"""Collecting 10,000 cells: seconds and peak memory, beside plain pytest's 10,000 parametrized tests.

python bench/collect.py [--cells 10000] [--runs 3]
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

CASE = """\
description: case {number}
models: [a, b, c, d, e]
think: [off, on]
parametrize: [{rows}]
prompt: 'Write {{{{ what }}}}.'
checks:
  - contains: x
  - token_rate: 40
"""


def lay_out(root: Path, cells: int) -> None:
    """A folder of parametrized Python tests, one of case files of a hundred cells each."""
    for name in ("plain", "cases"):
        (root / name).mkdir()
        (root / name / "pytest.ini").write_text("[pytest]\n")
    body = "import pytest\n\n@pytest.mark.parametrize('n', range(100))\ndef test_one(n):\n    pass\n"
    rows = ", ".join(f"{{id: r{n}, what: thing {n}}}" for n in range(10))
    for number in range(cells // 100):
        (root / "plain" / f"test_{number}.py").write_text(body)
        (root / "cases" / f"c{number}.prompt.yaml").write_text(CASE.format(number=number, rows=rows))


def measure(folder: Path) -> dict[str, float]:
    """Seconds and peak MiB of one collection, in a process of its own."""
    program = (
        "import json, resource, sys, time, pytest; start = time.perf_counter();"
        "code = pytest.main(['--collect-only', '-q', '-q', '-p', 'no:cacheprovider', sys.argv[1]]);"
        "peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024;"
        "print('\\n' + json.dumps({'code': int(code), 'seconds': time.perf_counter() - start, 'mib': peak}))"
    )
    done = subprocess.run([sys.executable, "-c", program, str(folder)], cwd=folder, capture_output=True, text=True)
    result: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    if result["code"]:
        raise SystemExit(done.stdout[-2000:] + done.stderr[-2000:])
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        lay_out(root, given.cells)
        found: dict[str, list[dict[str, float]]] = {"plain": [], "cases": []}
        for _ in range(given.runs):
            for name, runs in found.items():
                runs.append(measure(root / name))
    median = {
        n: {k: statistics.median(r[k] for r in runs) for k in ("seconds", "mib")} for n, runs in found.items()
    }
    for name, m in median.items():
        print(f"{name:<6} {given.cells} items: {m['seconds']:6.2f} s   {m['mib']:6.0f} MiB")
    ratio = {key: median["cases"][key] / median["plain"][key] for key in ("seconds", "mib")}
    print(f"ratio: {ratio['seconds']:.2f} times the time, {ratio['mib']:.2f} times the memory")


if __name__ == "__main__":
    main()
