"""Which inputs a change touches, and which settings differ: tables on lists of files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from pytest_llm.gates.changed import Changes, Touched, deleted_cases, differing
from pytest_llm.gates.inifile import ini_values


@pytest.fixture
def top(tmp_path: Path) -> Path:
    root = (tmp_path / "top").resolve()
    (root / "cases/project/.hidden").mkdir(parents=True)
    (root / "schemas").mkdir()
    for name in ("cases/a.prompt.yaml", "schemas/s.json", "weights.gguf", "cases/project/go.mod"):
        (root / name).write_text("x")
    (root / "cases/link").symlink_to("../schemas")
    (root / "cases/s.json").symlink_to("../schemas/s.json")
    return root


def changes(top: Path, *paths: str, ignored: tuple[str, ...] = ()) -> Changes:
    paths, ignored = (tuple(str(top / path) for path in some) for some in (paths, ignored))
    return Changes("c0ffee", str(top), frozenset(paths), frozenset(ignored))


@pytest.mark.parametrize(
    ("path", "changed", "said"),
    [
        ("schemas/s.json", ["schemas/s.json"], "schemas/s.json"),
        ("schemas/s.json", ["schemas/t.json", "schemas/s.json2", "s.json"], ""),
        ("cases/../schemas/s.json", ["schemas/s.json"], "schemas/s.json"),
        ("schemas/gone.json", ["schemas/gone.json"], "schemas/gone.json"),
        # A link, and what it leads to.
        ("cases/link/s.json", ["schemas/s.json"], "schemas/s.json"),
        ("cases/link/s.json", ["cases/link"], "cases/link"),
        ("cases/s.json", ["cases/s.json"], "cases/s.json"),
        ("cases/s.json", ["schemas/s.json"], "schemas/s.json"),
        ("cases/s.json", ["cases/link"], ""),
        # A folder that stands for what is in it: a submodule, another repository.
        ("schemas/s.json", ["schemas"], "schemas"),
        ("schemas/s.json", ["schema"], ""),
        # A folder that a check reads.
        ("cases/project", ["cases/project/deep/x.go"], "cases/project/deep/x.go"),
        ("cases/project", ["cases/project"], "cases/project"),
        ("cases/project", ["cases/project2/x.go", "cases/x.go"], ""),
        ("cases/project", ["cases/project/.hidden/x", "cases/project/node_modules/y", "cases/project/z.pyc"], ""),
        ("cases", ["cases/b.prompt.yaml"], ""),
        ("cases/link", ["schemas/s.json"], "schemas/s.json"),
    ],
)
def test_what_touches_an_input(top: Path, path: str, changed: list[str], said: str) -> None:
    touched = Touched(changes(top, *changed))
    assert touched.first([top / "other", top / path]) == said
    assert touched.first([]) == ""


def test_the_first_changed_input_is_named(top: Path) -> None:
    touched = Touched(changes(top, "b", "c"))
    assert touched.first([top / "a", top / "c", top / "b"]) == "c"


def test_what_git_does_not_know(top: Path, tmp_path: Path) -> None:
    (tmp_path / "out.gguf").write_text("x")
    touched = Touched(changes(top, ignored=("weights.gguf", "schemas")))
    paths = [top / "weights.gguf", top / "cases/s.json", top / "cases/a.prompt.yaml", top / "none.gguf"]
    assert touched.unknown([*paths, tmp_path / "out.gguf"]) == [
        str(top / "weights.gguf"),
        str(top / "schemas/s.json"),
        str(tmp_path / "out.gguf"),
    ]


@pytest.mark.parametrize(
    ("roots", "found"),
    [
        (["."], ["b.prompt.yaml", "cases/gone.prompt.yaml"]),
        (["cases"], ["cases/gone.prompt.yaml"]),
        (["cases/gone.prompt.yaml"], ["cases/gone.prompt.yaml"]),
        (["schemas", "cases/a.prompt.yaml"], []),
    ],
)
def test_cases_that_are_gone(top: Path, roots: list[str], found: list[str]) -> None:
    paths = ("cases/a.prompt.yaml", "cases/gone.prompt.yaml", "b.prompt.yaml", "schemas/gone.json")
    assert deleted_cases(changes(top, *paths), [top / root for root in roots]) == found


def test_paths_with_odd_bytes(top: Path) -> None:
    odd = os.fsdecode(b"cases/\xff\n.json")
    assert Touched(changes(top, odd)).first([top / odd]) == odd


@pytest.mark.parametrize(
    ("before", "now", "names"),
    [
        ({}, {}, []),
        ({"llm_models": "a"}, {"llm_models": "a"}, []),
        ({"llm_models": "a"}, {"llm_models": "b"}, ["llm_models"]),
        ({}, {"llm_slots": "2", "llm_models": "b"}, ["llm_models", "llm_slots"]),
        ({"llm_models": "a"}, {}, ["llm_models"]),
        ({"testpaths": "a", "markers": "x"}, {"testpaths": "b"}, []),
        ({"addopts": "-q"}, {"addopts": "-v"}, []),
        ({"addopts": "-q"}, {"addopts": "-q --llm-think on"}, ["addopts"]),
        ({"addopts": "--llm-model=a"}, {"addopts": ["--llm-model=a"]}, []),
        ({"addopts": "--llm-model a"}, {"addopts": "--llm-model b"}, ["addopts"]),
        ({"addopts": "--llm-model 'a"}, {}, ["addopts"]),
    ],
)
def test_settings_that_differ(before: dict[str, Any], now: dict[str, Any], names: list[str]) -> None:
    assert differing(before, now) == names


SETTINGS = {"llm_models": "a"}


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("pytest.ini", "[pytest]\nllm_models = a\n", SETTINGS),
        ("pytest.ini", "", {}),
        (".pytest.ini", "[other]\nx = 1\n", {}),
        ("tox.ini", "[pytest]\nllm_models = a\n", SETTINGS),
        ("tox.ini", "[tox]\nx = 1\n", None),
        ("setup.cfg", "[tool:pytest]\nllm_models = a\n", SETTINGS),
        ("setup.cfg", "[pytest]\nllm_models = a\n", None),
        ("pyproject.toml", "[tool.pytest.ini_options]\nllm_models = 'a'\n", SETTINGS),
        ("pyproject.toml", "[tool.pytest]\nllm_models = 'a'\n", SETTINGS),
        ("pyproject.toml", "[project]\nname = 'a'\n", None),
        ("pyproject.toml", "tool = 1\n", None),
        ("pytest.toml", "[pytest]\nllm_models = 'a'\n", SETTINGS),
        ("pytest.toml", "", {}),
        ("other.ini", "[pytest]\nllm_models = a\n", SETTINGS),
        ("other.cfg", "[tool:pytest]\nllm_models = a\n", SETTINGS),
        ("other.toml", "[tool.pytest.ini_options]\nllm_models = 'a'\n", SETTINGS),
        ("pytest.ini", "llm_models = a\n", None),
        ("pyproject.toml", "[", None),
    ],
)
def test_what_pytest_reads_there(name: str, text: str, found: dict[str, Any] | None) -> None:
    assert ini_values(name, text) == found
