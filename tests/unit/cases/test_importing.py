"""Which files of code a file rests on, by what its text imports."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_llm.cases.importing import sources

FILES = {
    "a/main.py": "",
    "a/beside.py": "import json, os.path\nimport top",
    "a/__init__.py": "",
    "a/deep/__init__.py": "from ..beside import x",
    "a/deep/inner.py": "from . import other",
    "a/deep/other.py": "",
    "top.py": "import a.main",  # a circle
    "json.py": "",  # hides the library's
    "src/lib/__init__.py": "",
    "src/lib/part.py": "from .more.most import x",
    "src/lib/more/__init__.py": "",
    "src/lib/more/most.py": "",
    "broken.py": "import top\ndef (",
    "bytes.py": "\x00",
    "venv/site-packages/installed.py": "import top",
}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("import nothing.at.all, sys", []),
        ("import beside", ["a/__init__.py", "a/beside.py", "json.py", "top.py"]),
        ("from a import beside", ["a/__init__.py", "a/beside.py", "json.py", "top.py"]),
        (
            "import a.deep.inner",
            [
                "a/__init__.py",
                "a/beside.py",
                "a/deep/__init__.py",
                "a/deep/inner.py",
                "a/deep/other.py",
                "json.py",
                "top.py",
            ],
        ),
        (
            "def late():\n    from a.deep import other as o",
            ["a/__init__.py", "a/beside.py", "a/deep/__init__.py", "a/deep/other.py", "json.py", "top.py"],
        ),
        (
            "from lib.part import x",
            ["src/lib/__init__.py", "src/lib/more/__init__.py", "src/lib/more/most.py", "src/lib/part.py"],
        ),
        ("from lib import *", ["src/lib/__init__.py"]),
        ("import broken, bytes", ["broken.py", "bytes.py"]),
        ("from ..... import x", []),
        ("import installed", []),
        ("import (", []),
        ("try:\n    import top\nexcept ImportError:\n    pass", ["a/__init__.py", "top.py"]),
    ],
)
def test_what_a_file_imports(tmp_path: Path, text: str, found: list[str]) -> None:
    for name, content in {**FILES, "a/main.py": text}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    search = (str(tmp_path / "src"), str(tmp_path / "venv/site-packages"), "", "/")
    names = {path.relative_to(tmp_path).as_posix() for path in sources(tmp_path / "a/main.py", tmp_path, search)}
    assert sorted(names) == sorted({"a/main.py", *found})


def test_what_is_outside_of_the_root_is_not_looked_at(tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text("")
    assert sources(tmp_path / "x.py", tmp_path / "root") == ()
    assert sources(tmp_path / "none.py", tmp_path) == (tmp_path / "none.py",)
