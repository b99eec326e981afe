"""The committed JSON Schema of case files is fresh, and the shipped cases are valid against it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from pytest_llm.cases.yamlfile import load_documents
from pytest_llm.commands.schema import case_schema

ROOT = Path(__file__).parents[3]
FILE = ROOT / "cases" / "prompt.schema.json"
CASES = sorted((ROOT / "cases").rglob("*.prompt.yaml"))


@pytest.fixture(scope="module")
def validator() -> Any:
    jsonschema_rs.meta.validate(case_schema())
    return jsonschema_rs.validator_for(case_schema())


def test_the_committed_schema_is_fresh() -> None:
    assert json.loads(FILE.read_text("utf-8")) == case_schema(), (
        "run: pytest-llm schema --output cases/prompt.schema.json"
    )


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.name.removesuffix(".prompt.yaml"))
def test_every_shipped_case_is_valid(file: Path, validator: Any) -> None:
    for document in load_documents(file):
        assert [error.message for error in validator.iter_errors(document.value)] == []


@pytest.mark.parametrize(
    "case",
    [
        {"prompt": "x", "checks": ["compile"], "thinkk": "on"},
        {"prompt": "x", "checks": "compile"},
        {"prompt": "x", "checks": [{"contains": 3}]},
        {"prompt": "x", "checks": [{"token_rate": "fast"}]},
        {"prompt": "x", "checks": ["compile"], "options": {"temprature": 1}},
        {"prompt": "x", "messages": [{"role": "user", "content": "y"}], "checks": ["compile"]},
        {"checks": ["compile"]},
        {"prompt": "x", "checks": ["compile"], "think": "maybe"},
        {"prompt": "", "checks": ["compile"]},
        {"prompt": "x", "checks": []},
        {"prompt": "x", "checks": ["compile"], "think": []},
        {"prompt": "x", "checks": ["compile"], "matrix": {}},
        {"prompt": "x", "checks": ["compile"], "parametrize": [{}]},
        *[{"prompt": "x", "checks": ["compile"], "samples": wrong} for wrong in (0, "3", True, 1001)],
        *[{"prompt": "x", "checks": ["compile"], "min_pass": w} for w in (0, 0.8, "3", "0%", "0.0%", "101%", True)],
        *[{"prompt": "x", "checks": ["compile"], "escalate": wrong} for wrong in ("on", {}, {"think": "off"})],
        {"prompt": "x", "checks": ["compile"], "must_pass": "yes"},
    ],
)
def test_the_schema_refuses_what_the_loader_refuses(case: dict[str, Any], validator: Any) -> None:
    assert list(validator.iter_errors(case))


@pytest.mark.parametrize(
    "case",
    [
        {"prompt": {"file": "p.txt"}, "checks": [{"my_own": {"a": 1}}, "another"]},
        {"prompt": "x", "think": True, "tags": "a", "models": ["m"], "checks": [{"not": {"contains": "x"}}]},
        *[
            {"prompt": "x", "checks": ["compile"], "samples": 5, "min_pass": right}
            for right in ("all", 3, "80%", "0.5%", "100%", "100.0 %", "7%", "33.3%")
        ],
        {"prompt": "x", "checks": ["compile"], "samples": None, "escalate": {"think": True}, "must_pass": True},
        {"prompt": "x", "think": ["off", "on"], "options": {"x_foo": 1, "stop": "END"}, "timeout": "5m"},
        {"stages": [{"name": "a", "prompt": "p", "checks": [{"any_of": [{"regex": "x"}]}]}]},
    ],
)
def test_the_schema_takes_what_the_loader_takes(case: dict[str, Any], validator: Any) -> None:
    assert [error.message for error in validator.iter_errors(case)] == []
