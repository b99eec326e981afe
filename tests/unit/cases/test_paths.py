"""Paths: the links on the way to one, what a file or folder holds, the folders above."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from pytest_llm.cases.paths import above, content, inside, trail
from pytest_llm.errors import InputError


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path.resolve()
    (root / "real/deep").mkdir(parents=True)
    (root / "real/deep/a.json").write_text("a")
    for link, target in {
        "link": "real",
        "real/file": "deep/a.json",
        "real/up": "../link/deep",
        "absolute": str(root / "real"),
        "chain": "link/file",
        "circle": "circle",
        "gone": "nowhere/at/all",
    }.items():
        (root / link).symlink_to(target)
    return root


@pytest.mark.parametrize(
    ("path", "way"),
    [
        ("real/deep/a.json", ["real/deep/a.json"]),
        ("real/deep/none.json", ["real/deep/none.json"]),
        ("none/at/all", ["none/at/all"]),
        ("real/../real/deep/./a.json", ["real/deep/a.json"]),
        ("link/deep/a.json", ["link", "real/deep/a.json"]),
        ("absolute/deep/a.json", ["absolute", "real/deep/a.json"]),
        ("real/file", ["real/file", "real/deep/a.json"]),
        ("chain", ["chain", "link", "real/file", "real/deep/a.json"]),
        ("real/up/a.json", ["real/up", "link", "real/deep/a.json"]),
        ("link/../real/file", ["link", "real/file", "real/deep/a.json"]),
        ("gone", ["gone", "nowhere/at/all"]),
        ("link/deep/none", ["link", "real/deep/none"]),
    ],
)
def test_every_link_on_the_way(tree: Path, path: str, way: list[str]) -> None:
    assert [str(step.relative_to(tree)) for step in trail(tree / path)] == way


def test_a_circle_of_links_ends(tree: Path) -> None:
    assert len(trail(tree / "circle")) < 50


def test_what_a_file_and_a_folder_hold(tree: Path) -> None:
    known = {
        name: content(tree / name) for name in ("real/deep/a.json", "real/file", "link/deep/a.json", "real/deep")
    }
    assert len(set(known.values())) == 2
    assert [content(tree / name) for name in ("none", "gone", "circle", "none\0")] == [""] * 4
    (tree / "real/deep/a.json").write_text("b")
    assert not {content(tree / name) for name in known} & set(known.values())
    before = content(tree / "real/deep")
    (tree / "real/deep/a.json").rename(tree / "real/deep/b.json")
    assert content(tree / "real/deep") not in ("", before)


def test_large_files_are_read_in_samples(tmp_path: Path) -> None:
    """Their size, the beginning, the end, and whatever differs everywhere."""
    size = 65 * 2**20
    hashes = set()
    for number, (where, change) in enumerate(
        ((0, b""), (0, b"x"), (size - 1, b"x"), (size, b"x"), (2**20 + 5, b"x" * 2**18))
    ):
        weights = tmp_path / f"{number}.gguf"
        with weights.open("wb") as file:
            file.truncate(size)
            file.seek(where)
            file.write(change)
        hashes.add(content(weights))
        assert content(weights) in hashes
    assert len(hashes) == 5


def test_a_pipe_is_not_waited_for(tree: Path) -> None:
    os.mkfifo(tree / "pipe")
    assert content(tree / "pipe") == ""
    assert content(tree) != ""


@pytest.mark.parametrize(
    ("folder", "root", "folders"),
    [
        ("/a/b/c", "/a", ["/a/b/c", "/a/b", "/a"]),
        ("/a", "/a", ["/a"]),
        ("/a/b", "/c", ["/a/b", "/a", "/"]),
    ],
)
def test_the_folders_above(folder: str, root: str, folders: list[str]) -> None:
    assert [str(one) for one in above(Path(folder), Path(root))] == folders


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("n" * 300, "cannot be looked for: File name too long"),
        ("a\0b", "cannot be looked for: embedded null byte"),
        ("circle", "cannot be looked for: Symlink loop|is not there"),  # the latter from Python 3.13 on
        ("gone", "is not there"),
        ("texts\\a.md", r"looked for .*; write it as texts/a\.md"),
        ("file://a.md", r"looked for .*; write it as a\.md"),
        ("/etc/passwd", "absolute"),
        ("../x", "leaves the rootdir"),
    ],
)
def test_a_name_that_leads_nowhere_is_told(tree: Path, name: str, words: str) -> None:
    with pytest.raises(InputError) as told:
        inside(name, tree, tree)
    assert re.search(words, str(told.value))
