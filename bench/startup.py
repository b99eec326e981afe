"""What the plugin costs a pytest run: plain pytest against pytest with the plugin, in turn.

    python bench/startup.py [--runs 15]

Three folders: one without any prompt file, one with a single Python test, one with a single prompt file (collected
only). No other plugin is loaded. The least of the runs counts, for whatever else the machine does only adds to it;
user + system seconds are beside the wall's.
"""

from __future__ import annotations

import argparse
import os
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


def compare(name: str, folder: Path, arguments: list[str], runs: int) -> None:
    plain, ours = [], []
    for _ in range(runs + 1):
        plain.append(once(folder, arguments))
        ours.append(once(folder, [*ON, *arguments]))
    columns = []
    for index in (0, 1):
        a, b = (min(run[index] for run in side[1:]) for side in (plain, ours))
        columns.append(f"{a * 1000:7.0f} {b * 1000:7.0f} {(b - a) * 1000:+7.1f}")
    print(f"{name:<26} {columns[0]}   {columns[1]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=25)
    runs = parser.parse_args().runs
    print(f"least of {runs} pairs, ms      wall: off      on    more   cpu: off      on    more")
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        for name in ("empty", "python", "prompt"):
            (root / name).mkdir()
            (root / name / "pytest.ini").write_text("[pytest]\n")
        (root / "python" / "test_one.py").write_text("def test_one():\n    pass\n")
        case = "prompt: hi\nmodels: m\nchecks: [{contains: x}]\n"
        (root / "prompt" / "one.prompt.yaml").write_text(case)
        compare("no test at all", root / "empty", [], runs)
        compare("one Python test", root / "python", [], runs)
        compare("one prompt file, collected", root / "prompt", ["--collect-only"], runs)


if __name__ == "__main__":
    main()
