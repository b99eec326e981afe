"""What README.md and docs/ say is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_llm.cases import casefile, matrix
from pytest_llm.checks.compile import Compile
from pytest_llm.checks.registry import Registry
from pytest_llm.plugin.option_table import TABLE
from pytest_llm.providers import scripted
from pytest_llm.verdicts import plan

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
CASES = [
    pytest.param(block, id=f"{page.name}-{number}")
    for page in PAGES
    for number, block in enumerate(re.findall(r"```yaml\n(.*?)```", page.read_text("utf-8"), re.DOTALL))
]


@pytest.mark.parametrize("text", CASES)
def test_every_case_shown_is_a_case(text: str, tmp_path: Path) -> None:
    file = tmp_path / "shown.prompt.yaml"
    file.write_text(text, encoding="utf-8")
    registry = Registry()
    for loaded in casefile.load(file, tmp_path):
        for cell in matrix.expand(loaded):
            stages = plan.stages(cell, lambda _, entry: registry.parse(entry))
            assert any(stage.checks for stage in stages)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_option_named_is_one(page: Path) -> None:
    flags = {option.flag for option in TABLE if not option.ini_only}
    inis = {option.ini_name for option in TABLE if option.ini or option.ini_only}
    text = page.read_text("utf-8")
    assert set(re.findall(r"--llm-[a-z-]+", text)) <= flags
    assert set(re.findall(r"`(llm_[a-z_]+)`", text)) - {"llm_cases"} <= inis


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", page.read_text("utf-8")) if "://" not in link]
    files = [link.partition("#")[0] for link in links if not link.startswith("#")]
    assert [file for file in files if not (page.parent / file).is_file()] == []
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    anchors = {"#" + re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
    assert {link for link in links if link.startswith("#")} <= anchors


def test_every_file_that_contributing_names_is_there() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    named = set(re.findall(r"[\w./]+/[\w.]*\w\.(?:py|md|json)", text))
    assert len(named) > 20
    there = [name for name in named if (ROOT / name).is_file() or (ROOT / "pytest_llm" / name).is_file()]
    assert sorted(there) == sorted(named)


def test_the_script_shown_is_one(tmp_path: Path) -> None:
    (text,) = re.findall(
        r"````yaml answers.yaml\n(.*?)````", (ROOT / "docs/engines.md").read_text("utf-8"), re.DOTALL
    )
    file = tmp_path / "answers.yaml"
    file.write_text(text, encoding="utf-8")
    script = scripted.load(file)
    assert {name for answer in script.answers for name in answer.model_fields_set} == set(
        scripted.Answer.model_fields
    )


def test_every_key_of_compile_is_told() -> None:
    page = (ROOT / "docs/checks.md").read_text("utf-8").partition("## What compile takes")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)`", page, re.MULTILINE) == list(Compile.model_fields)
