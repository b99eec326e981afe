"""What of a work tree differs from a commit, in every state that a file can be in; git runs nothing else."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from pytest_llm.store.git import GitError, compared, git, shown

WHO = ["-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "init.defaultBranch=main"]


def run(folder: Path, *arguments: str) -> str:
    command = ["git", *WHO, "-c", "protocol.file.allow=always", *arguments]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return os.fsdecode(done.stdout).strip()


def commit(folder: Path, **files: str) -> str:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    run(folder, "add", "-A")
    run(folder, "commit", "-q", "--allow-empty", "-m", "x")
    return run(folder, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """On a branch that left main at its first commit; main has gone on."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "none"))
    root = (tmp_path / "r").resolve()
    root.mkdir()
    run(root, "init", "-q")
    kept = {name: name for name in ("same", "edited", "staged", "committed", "gone", "renamed", "sub/deep", "back")}
    commit(root, **kept, **{".gitignore": "*.gguf\nbuild/\n"})
    run(root, "checkout", "-q", "-b", "work")
    run(root, "checkout", "-q", "main")
    commit(root, same="main went on")
    run(root, "checkout", "-q", "work")
    return root


def names(root: Path, ref: str = "main", folder: str = ".") -> set[str]:
    found = compared(root / folder, ref)
    return {os.path.relpath(path, found.top) for path in found.changed}


def test_a_work_tree_in_every_state(repository: Path) -> None:
    assert names(repository) == set()
    commit(repository, committed="new", back="other")
    run(repository, "mv", "renamed", "moved")
    (repository / "edited").write_text("new")
    (repository / "staged").write_text("new")
    run(repository, "add", "staged")
    (repository / "gone").unlink()
    (repository / "back").write_text("back")
    (repository / "same").touch()
    os.utime(repository / "same", (1, 1))
    (repository / "sub/deep").write_text("new")
    (repository / "new dir").mkdir()
    (repository / "new dir/a\nb\tc'\"").write_text("x")
    odd = os.fsdecode(b"\xff\xfe odd \xc3\xa9")
    (repository / odd).write_text("x")
    (repository / "later").write_text("x")
    run(repository, "add", "-N", "later")
    (repository / "w.gguf").write_text("x")
    (repository / "build").mkdir()
    (repository / "build/x").write_text("x")
    expected = {"committed", "renamed", "moved", "edited", "staged", "gone", "sub/deep", odd, "later"}
    expected |= {"new dir/a\nb\tc'\""}
    assert names(repository) == expected
    assert names(repository, folder="sub") == expected
    found = compared(repository, "main")
    assert {os.path.relpath(path, found.top) for path in found.ignored} == {"w.gguf", "build"}
    assert found.base == run(repository, "merge-base", "main", "HEAD")


@pytest.mark.parametrize("ref", ["main", "refs/heads/main", "main~0", "v1", "HEAD~1", "@~1"])
def test_names_of_a_commit(repository: Path, ref: str) -> None:
    run(repository, "tag", "-a", "v1", "-m", "v1", "main")
    commit(repository, edited="new")
    assert names(repository, ref) == {"edited"}
    assert names(repository, "HEAD") == set()
    assert names(repository, run(repository, "rev-parse", "--short", "HEAD")) == set()


@pytest.mark.parametrize(
    "ref", ["none", "origin/main", "", "-h", "--all", "--output=x", "a b", "HEAD:edited", "\u2028"]
)
def test_what_is_no_commit(repository: Path, ref: str) -> None:
    with pytest.raises(GitError, match="git knows no commit") as raised:
        compared(repository, ref)
    assert "git fetch" in raised.value.hint
    assert not (repository / "x").exists()


def test_outside_of_git(tmp_path: Path, repository: Path) -> None:
    with pytest.raises(GitError, match="is in no git work tree"):
        compared(tmp_path, "main")
    with pytest.raises(GitError, match="is in no git work tree"):
        compared(repository / ".git", "main")
    with pytest.raises(GitError, match="git cannot be run"):
        compared(tmp_path / "none", "main")
    empty = tmp_path / "empty"
    empty.mkdir()
    run(empty, "init", "-q")
    with pytest.raises(GitError, match="has no commit yet"):
        compared(empty, "main")


def test_a_repository_of_another_user(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container, which runs as another user than the one who checked out."""
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(GitError, match="belongs to another user") as raised:
        compared(repository, "main")
    assert f"safe.directory {repository}" in raised.value.hint


def test_no_git(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(GitError, match="git cannot be run") as raised:
        compared(repository, "main")
    assert raised.value.hint == "install git"


def test_nothing_in_common(repository: Path) -> None:
    run(repository, "checkout", "-q", "--orphan", "alone")
    commit(repository, edited="x")
    with pytest.raises(GitError, match="'main' and HEAD have no commit in common") as raised:
        compared(repository, "main")
    assert "fetch-depth" not in raised.value.hint


def test_a_shallow_clone_says_how_to_mend_it(repository: Path, tmp_path: Path) -> None:
    commit(repository, edited="new")
    shallow = tmp_path / "shallow"
    run(tmp_path, "clone", "-q", "--depth", "1", "--branch", "work", f"file://{repository}", str(shallow))
    with pytest.raises(GitError, match="git knows no commit 'origin/main'") as raised:
        compared(shallow, "origin/main")
    assert "fetch-depth: 0" in raised.value.hint
    run(shallow, "fetch", "-q", "--depth", "1", "origin", "main:refs/remotes/origin/main")
    with pytest.raises(GitError, match="no commit in common") as raised:
        compared(shallow, "origin/main")
    assert "fetch-depth: 0" in raised.value.hint
    run(shallow, "fetch", "-q", "--unshallow", "origin", "main:refs/remotes/origin/main")
    assert names(shallow, "origin/main") == {"edited"}


def test_another_work_tree_of_the_repository(repository: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    run(repository, "worktree", "add", "-q", "-b", "side", str(other), "main")
    (other / "edited").write_text("new")
    (repository / "gone").unlink()
    assert names(other) == {"edited"}
    assert names(repository) == {"gone"}


def test_submodules(repository: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    run(library, "init", "-q")
    commit(library, a="1", b="1")
    run(repository, "submodule", "add", "-q", str(library), "lib")
    run(repository, "submodule", "add", "-q", str(library), "other")
    commit(repository)
    run(repository, "branch", "-f", "base")
    assert names(repository, "base") == set()
    commit(repository / "lib", a="2")
    assert names(repository, "base") == {"lib/a"}
    commit(repository)
    (repository / "lib/b").unlink()
    (repository / "lib/new").write_text("x")
    assert names(repository, "base") == {"lib/a", "lib/b", "lib/new"}
    run(repository, "rm", "-q", "-f", "other")
    assert names(repository, "base") == {"lib/a", "lib/b", "lib/new", "other", ".gitmodules"}
    assert {"lib", "other", ".gitmodules"} - names(repository, "main") == {"other"}


def test_a_repository_within_is_a_folder_of_which_git_knows_nothing(repository: Path) -> None:
    inner = repository / "inner"
    inner.mkdir()
    run(inner, "init", "-q")
    commit(inner, a="1")
    assert names(repository) == {"inner"}


def test_where_a_hook_stands_is_no_matter(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repository / "edited").write_text("new")
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_OBJECT_DIRECTORY"):
        monkeypatch.setenv(name, str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", f"touch {tmp_path}/ran")
    assert names(repository) == {"edited"}
    assert not (tmp_path / "ran").exists()


def test_nothing_of_the_configuration_is_run(repository: Path, tmp_path: Path) -> None:
    """What is marked by the files it makes."""
    evil = tmp_path / "evil.sh"
    evil.write_text(f'#!/bin/sh\ntouch "{tmp_path}/ran-$1"\ncat\n')
    evil.chmod(0o755)
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for hook in ("post-index-change", "pre-auto-gc", "fsmonitor-watchman", "reference-transaction"):
        (hooks / hook).write_text(f'#!/bin/sh\ntouch "{tmp_path}/ran-{hook}"\n')
        (hooks / hook).chmod(0o755)
    commit(repository, **{".gitattributes": "edited filter=a=b diff=d\nsame filter=plain\n"})
    run(repository, "branch", "-f", "base")
    for key, value in {
        "core.fsmonitor": f"{evil} fsmonitor",
        "core.hooksPath": str(hooks),
        "core.pager": f"{evil} pager",
        "core.sshCommand": f"{evil} ssh",
        "diff.external": f"{evil} external",
        "diff.d.command": f"{evil} driver",
        "diff.d.textconv": f"{evil} textconv",
        "filter.a=b.clean": f"{evil} clean",
        "filter.a=b.required": "true",
        "filter.plain.process": f"{evil} process",
        "filter.plain.clean": f"{evil} plain",
        "diff.relative": "true",
        "diff.renames": "copies",
        "diff.noprefix": "true",
        "diff.ignoreSubmodules": "all",
        "status.showUntrackedFiles": "no",
        "core.quotePath": "true",
    }.items():
        run(repository, "config", key, value)
    for name in ("edited", "same"):
        os.utime(repository / name, (1, 1))
    (repository / "sub/deep").write_text("new")
    assert names(repository, "base", folder="sub") == {"sub/deep"}
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("ran")] == []
    (repository / "edited").write_text("new")
    assert names(repository, "base") == {"sub/deep", "edited"}
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("ran")] == []


def test_an_edit_in_the_same_moment_and_of_the_same_length(repository: Path) -> None:
    """The index cannot tell it by time and size: its own time says that it must be looked into."""
    run(repository, "config", "core.trustctime", "false")
    moment = (1000, 1000)
    os.utime(repository / "edited", moment)
    run(repository, "update-index", "--refresh")
    (repository / "edited").write_text("EDITED")
    os.utime(repository / "edited", moment)
    os.utime(repository / ".git/index", moment)
    assert names(repository) == {"edited"}


def test_the_index_is_not_written(repository: Path) -> None:
    os.utime(repository / "same", (1, 1))
    before = (repository / ".git/index").read_bytes()
    names(repository)
    assert (repository / ".git/index").read_bytes() == before


def test_what_a_file_said(repository: Path) -> None:
    base = run(repository, "rev-parse", "HEAD")
    (repository / "edited").write_text("new")
    assert shown(str(repository), base, str(repository / "edited")) == "edited"
    assert shown(str(repository), base, str(repository / "sub/deep")) == "sub/deep"
    assert shown(str(repository), base, str(repository / "none")) is None
    assert shown(str(repository), base, str(repository.parent / "out")) is None


def test_settings_of_the_environment_are_kept(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "user.name")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "mine")
    assert git(repository, "config", "user.name", config={"a.b": "c"}) == b"mine\n"
    assert git(repository, "config", "a.b", config={"a.b": "c"}) == b"c\n"
