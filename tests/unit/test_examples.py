"""The CI files that users copy: they are YAML, their options are real, and they keep what docs/ci.md promises."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from pytest_llm.plugin.option_table import TABLE

EXAMPLES = Path(__file__).parents[2] / "examples"
FILES = sorted(EXAMPLES.glob("*.yml"))


def data(name: str) -> Any:
    return yaml.safe_load((EXAMPLES / name).read_text("utf-8"))


def runs(name: str) -> list[str]:
    """The pytest lines, in the order of the file: what a change touches, then everything."""
    text = re.sub(r"\n +", " ", (EXAMPLES / name).read_text("utf-8"))
    return re.findall(r">- (pytest [^\n]*?--self-contained-html)", text)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_option_is_one(file: Path) -> None:
    named = set(re.findall(r"--llm-[a-z-]+", file.read_text("utf-8")))
    assert {"--llm-changed", "--llm-reuse", "--llm-baseline", "--llm-store"} <= named
    assert named <= {option.flag for option in TABLE if not option.ini_only}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_change_reuses_and_everything_is_asked_anew(file: Path) -> None:
    change, everything = runs(file.name)
    assert "--llm-changed" in change
    assert "--llm-reuse" in change
    assert "--llm-reuse" not in everything
    for line in (change, everything):
        assert "modelfiles/" in line
        assert "--junitxml=junit.xml --html=report.html" in line


def test_github_keeps_its_promises() -> None:
    flow = data("github-actions.yml")
    events = flow[True]  # YAML 1.1 reads `on` as true
    assert set(events) == {"pull_request", "push", "schedule"}
    assert flow["permissions"] == {"contents": "read"}
    (job,) = flow["jobs"].values()
    steps = {step["uses"].partition("@")[0]: step for step in job["steps"] if "uses" in step}
    assert steps["actions/checkout"]["with"] == {"fetch-depth": 0, "persist-credentials": False}
    assert "refs/heads/main" in steps["actions/cache/save"]["if"]
    assert steps["actions/cache/save"]["with"]["path"] == steps["actions/cache/restore"]["with"]["path"]
    assert steps["actions/upload-artifact"]["if"] == "always()"
    assert "secrets." not in (EXAMPLES / "github-actions.yml").read_text("utf-8")


def test_gitlab_keeps_its_promises() -> None:
    flow = data("gitlab-ci.yml")
    assert flow[".prompts"]["variables"]["GIT_DEPTH"] == "0"
    assert flow["prompts-of-a-change"]["cache"]["policy"] == "pull"
    assert flow[".prompts"]["before_script"][0].startswith('test -z "$(git ls-files .llm')
    assert flow[".prompts"]["artifacts"]["reports"]["junit"] == "junit.xml"
