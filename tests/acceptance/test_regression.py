"""A real model, made worse: the gate stops it, and leaves alone what only looks like a change."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.acceptance.conftest import Bench

ROOT = Path(__file__).parents[2]
MODELFILES = ROOT / "modelfiles"
SAME = ("# The demo model", "# The same demo model")
WORSE = ("temperature 0", "temperature 5\nPARAMETER top_p 1\nPARAMETER min_p 0\nPARAMETER num_predict 200")


def word(bench: Bench, edit: tuple[str, str]) -> tuple[str, int]:
    """What the gate says of the demo model after this edit of its Modelfile, and the exit code."""
    text = (MODELFILES / "demo.Modelfile").read_text("utf-8")
    assert edit[0] in text
    bench.file("modelfiles/demo.Modelfile", text.replace(*edit))
    result = bench.run("cases", "--llm-engine=embedded", "--llm-baseline=baseline.json", "--llm-confirm=0")
    words = [line.partition(":")[0] for line in result.outlines]
    return next(said for said in words if said in ("PASS", "WARN", "BLOCK", "INCONCLUSIVE")), int(result.ret)


def test_a_modelfile_made_worse_is_blocked_and_a_comment_is_not(bench: Bench) -> None:
    shutil.copytree(ROOT / "cases" / "structured", bench.path / "cases")
    shutil.copytree(MODELFILES, bench.path / "modelfiles")
    bench.file("pytest.ini", "[pytest]\nllm_embedded_models = demo\n")
    first = bench.run("cases", "--llm-engine=embedded", "--llm-write-baseline=baseline.json")
    assert first.ret == 0, first.stdout.str()
    assert word(bench, SAME) == ("PASS", 0)
    assert word(bench, WORSE) == ("BLOCK", 1)
