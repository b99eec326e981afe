"""What the plugin costs a pytest run: plain pytest against pytest with the plugin, in turn.

    python bench/startup.py [--runs 25] [--most 1.15]

Three folders: one without any prompt file, one with a single Python test, one with a single prompt file (collected
only). No other plugin is loaded. The median of the paired ratios counts: a pair shares its moment of the machine.
`--most` makes a check of it: exit code 1 where a run without any prompt file takes more than that ratio, in wall
or in processor time. What is above it is compared once more, for a busy moment of the machine may outlast all
pairs.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ON = ["-p", "pytest_llm.plugin.hooks"]
ENV = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


def once(folder: Path, arguments: list[str]) -> tuple[float, float]:
    """(wall, processor) seconds of one pytest run."""
    before, start = os.times(), time.perf_counter()
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments, str(folder)]
    subprocess.run(command, cwd=folder, env=ENV, capture_output=True, check=False)
    wall, after = time.perf_counter() - start, os.times()
    return wall, after.children_user + after.children_system - before.children_user - before.children_system


def compare(name: str, folder: Path, arguments: list[str], runs: int) -> float:
    """The larger of the two median ratios, of wall and of processor time; prints both, with the least times."""
    once(folder, [*ON, *arguments])  # the first run writes what Python compiles
    pairs = [(once(folder, arguments), once(folder, [*ON, *arguments])) for _ in range(runs)]
    columns, ratios = [], []
    for index in (0, 1):
        plain, ours = (min(pair[side][index] for pair in pairs) * 1000 for side in (0, 1))
        ratios.append(statistics.median(pair[1][index] / pair[0][index] for pair in pairs))
        columns.append(f"{plain:7.0f} {ours:7.0f} {ratios[-1]:7.3f}")
    print(f"{name:<26} {columns[0]}   {columns[1]}")
    return max(ratios)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=25)
    parser.add_argument("--most", type=float, default=float("inf"))
    given = parser.parse_args()
    print(f"{given.runs} pairs, least ms, median ratio  wall: off on ratio     cpu: off on ratio")
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        for name in ("empty", "python", "prompt"):
            (root / name).mkdir()
            (root / name / "pytest.ini").write_text("[pytest]\n")
        (root / "python" / "test_one.py").write_text("def test_one():\n    pass\n")
        case = "prompt: hi\nmodels: m\nchecks: [{contains: x}]\n"
        (root / "prompt" / "one.prompt.yaml").write_text(case)
        unasked = []
        for name, folder in (("no test at all", "empty"), ("one Python test", "python")):
            ratio = compare(name, root / folder, [], given.runs)
            unasked.append(
                ratio if ratio <= given.most else min(ratio, compare(name, root / folder, [], given.runs))
            )
        compare("one prompt file, collected", root / "prompt", ["--collect-only"], given.runs)
    if max(unasked) <= given.most:
        return 0
    print(f"start-up costs {max(unasked):.3f} times plain pytest's, at most {given.most} is right", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
