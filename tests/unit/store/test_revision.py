from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pytest_llm.store.revision import SYSTEMS, Revision, of_ci, of_git, revision

GIT = ["git", "-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "init.defaultBranch=trunk"]


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("GIT_DIR", raising=False)
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "first")
    return tmp_path


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run([*GIT, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        ({}, Revision()),
        ({"GITHUB_REF_NAME": "main"}, Revision()),
        ({"GITHUB_SHA": "a", "GITHUB_REF_NAME": "main"}, Revision("a", "main")),
        ({"GITHUB_SHA": "a", "GITHUB_REF_NAME": "7/merge", "GITHUB_HEAD_REF": "fix"}, Revision("a", "fix")),
        ({"GITHUB_SHA": "a", "GITHUB_HEAD_REF": "", "GITHUB_REF": "refs/heads/a/b"}, Revision("a", "a/b")),
        ({"CI_COMMIT_SHA": "a", "CI_COMMIT_BRANCH": "main"}, Revision("a", "main")),
        (
            {"CI_COMMIT_SHA": "a", "CI_COMMIT_REF_NAME": "x", "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "fix"},
            Revision("a", "fix"),
        ),
        ({"BUILDKITE_COMMIT": "a", "BUILDKITE_BRANCH": "main"}, Revision("a", "main")),
        ({"BUILDKITE_COMMIT": "HEAD", "BUILDKITE_BRANCH": "main"}, Revision("", "main")),
        ({"GIT_COMMIT": "a", "GIT_BRANCH": "origin/main"}, Revision("a", "main")),
        ({"GIT_COMMIT": "a", "GIT_BRANCH": "origin/x", "CHANGE_BRANCH": "fix"}, Revision("a", "fix")),
        ({"BUILD_SOURCEVERSION": "a", "BUILD_SOURCEBRANCH": "refs/heads/feature/x"}, Revision("a", "feature/x")),
        (
            {"BUILD_SOURCEVERSION": "a", "SYSTEM_PULLREQUEST_SOURCEBRANCH": "refs/heads/fix"},
            Revision("a", "fix"),
        ),
        ({"CIRCLE_SHA1": "a", "CIRCLE_BRANCH": "main"}, Revision("a", "main")),
        ({"BITBUCKET_COMMIT": "a", "BITBUCKET_BRANCH": "main"}, Revision("a", "main")),
        ({"DRONE_COMMIT_SHA": "a", "DRONE_SOURCE_BRANCH": "fix", "DRONE_BRANCH": "main"}, Revision("a", "fix")),
        ({"TRAVIS_COMMIT": "a", "TRAVIS_PULL_REQUEST_BRANCH": "", "TRAVIS_BRANCH": "main"}, Revision("a", "main")),
    ],
)
def test_what_a_ci_system_says(environ: dict[str, str], found: Revision) -> None:
    assert of_ci(environ) == found


def test_every_system_says_it_by_variables_of_its_own() -> None:
    names = [name for system in SYSTEMS for name in (system.commit, *system.branches)]
    assert len(names) == len(set(names))


def test_what_git_says(repository: Path) -> None:
    commit = git(repository, "rev-parse", "HEAD")
    (repository / "below").mkdir()
    assert of_git(repository) == of_git(repository / "below") == Revision(commit, "trunk")
    git(repository, "checkout", "-q", "--detach")
    assert of_git(repository) == Revision(commit)


def test_a_detached_head_takes_its_branch_from_ci(repository: Path) -> None:
    git(repository, "checkout", "-q", "--detach")
    commit = git(repository, "rev-parse", "HEAD")
    ci = {"GITHUB_SHA": commit, "GITHUB_REF_NAME": "main"}
    assert revision(repository, ci) == Revision(commit, "main")
    assert revision(repository, {**ci, "GITHUB_SHA": "another"}) == Revision(commit)


def test_without_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ci = {"CI_COMMIT_SHA": "a", "CI_COMMIT_BRANCH": "main"}
    assert of_git(tmp_path / "none") == Revision()
    git(tmp_path, "init", "-q")
    assert of_git(tmp_path) == Revision()  # nothing is committed yet
    monkeypatch.setenv("PATH", "")
    assert revision(tmp_path, ci) == Revision("a", "main")
    assert revision(tmp_path, {}) == Revision()
