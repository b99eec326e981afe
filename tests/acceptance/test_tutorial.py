"""docs/tutorial.md, walked word for word: in a new virtual environment, with the wheel of this checkout."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIMIT = 1200  # seconds for all of it: pip asks a registry
END = "end of the command"


@dataclass
class Step:
    """A command, and what the page shows of its output: `…` stands for anything."""

    command: str
    shown: list[str] = field(default_factory=list)

    @property
    def patterns(self) -> list[str]:
        lines = (line.replace("[", "[[]").replace("…", "*") for line in self.shown)
        return [line for line in lines if line.strip("* ")]


def steps(page: str) -> list[Step]:
    found: list[Step] = []
    for block in re.findall(r"```console\n(.*?)```", page, re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append(Step(line.removeprefix("$ ")))
            else:
                found[-1].shown.append(line)
    return found


def test_the_tutorial(tmp_path: Path) -> None:
    wheels, home = tmp_path / "wheels", tmp_path / "home"
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", wheels, ROOT], check=True, timeout=LIMIT
    )
    home.mkdir()
    own = ("PYTHON", "VIRTUAL_ENV", "PYTEST", "TOX", "LLM", "OLLAMA", "OPENAI", "GITHUB", "CI")
    env = {key: value for key, value in os.environ.items() if not key.startswith(own)}
    base = os.path.dirname(os.path.realpath(sys.executable))
    env |= {"PIP_FIND_LINKS": str(wheels), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    env["PIP_NO_COMPILE"] = "0"  # pip's way to say yes: what is never imported is not compiled
    env["PATH"] = os.pathsep.join([base, env["PATH"]])
    walked = steps((ROOT / "docs/tutorial.md").read_text("utf-8"))
    assert len(walked) > 10
    script = "\n".join(f"{step.command}\necho; echo '{END}'" for step in walked)
    done = subprocess.run(
        ["bash"], input=script, cwd=home, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, timeout=LIMIT,
    )  # fmt: skip
    said = done.stdout.split(f"{END}\n")
    assert len(said) == len(walked) + 1, done.stdout[-3000:]
    for step, output in zip(walked, said, strict=False):
        lines = output.rstrip("\n").split("\n")
        try:
            pytest.LineMatcher(lines).fnmatch_lines(step.patterns)
        except pytest.fail.Exception as error:
            raise AssertionError(f"after `{step.command}`:\n{output}\n{error}") from None
