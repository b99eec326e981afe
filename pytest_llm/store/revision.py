"""Which state of the repository a run tested: by git, and by what CI systems put into the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pytest_llm.errors import InputError
from pytest_llm.store.git import git

GIT_TIMEOUT = 5.0


@dataclass(frozen=True)
class Revision:
    """A commit (hex) and a branch, "" where unknown."""

    commit: str = ""
    branch: str = ""


@dataclass(frozen=True)
class _System:
    """A CI system: its variable for the commit, and those for the branch, of which the first that is set counts."""

    name: str
    commit: str
    branches: tuple[str, ...]


# Each from the system's own page on its predefined variables; the branch of a pull request comes first.
SYSTEMS = (
    _System("GitHub Actions, Gitea, Forgejo", "GITHUB_SHA", ("GITHUB_HEAD_REF", "GITHUB_REF_NAME", "GITHUB_REF")),
    _System(
        "GitLab, Woodpecker",
        "CI_COMMIT_SHA",
        (
            "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME",
            "CI_COMMIT_SOURCE_BRANCH",
            "CI_COMMIT_BRANCH",
            "CI_COMMIT_REF_NAME",
        ),
    ),
    _System("Buildkite", "BUILDKITE_COMMIT", ("BUILDKITE_BRANCH",)),
    _System("Azure Pipelines", "BUILD_SOURCEVERSION", ("SYSTEM_PULLREQUEST_SOURCEBRANCH", "BUILD_SOURCEBRANCH")),
    _System("CircleCI", "CIRCLE_SHA1", ("CIRCLE_BRANCH",)),
    _System("Bitbucket", "BITBUCKET_COMMIT", ("BITBUCKET_BRANCH",)),
    _System("Drone", "DRONE_COMMIT_SHA", ("DRONE_SOURCE_BRANCH", "DRONE_BRANCH")),
    _System("Travis", "TRAVIS_COMMIT", ("TRAVIS_PULL_REQUEST_BRANCH", "TRAVIS_BRANCH")),
    _System("Jenkins", "GIT_COMMIT", ("CHANGE_BRANCH", "BRANCH_NAME", "GIT_BRANCH")),
)
_PREFIXES = ("refs/heads/", "refs/remotes/origin/", "remotes/origin/", "origin/")


def revision(root: Path, environ: Mapping[str, str]) -> Revision:
    """What git says of `root`; what it does not know (a detached HEAD, no git) is taken from the CI system."""
    git, ci = of_git(root), of_ci(environ)
    if git.commit and ci.commit and git.commit != ci.commit:
        return git  # the variables speak of another repository, or of a commit that is not checked out
    return Revision(git.commit or ci.commit, git.branch or ci.branch)


def of_ci(environ: Mapping[str, str]) -> Revision:
    """What the variables of the first CI system say that names a commit."""
    for system in SYSTEMS:
        if commit := environ.get(system.commit, "").strip():
            branch = next((environ[name] for name in system.branches if environ.get(name)), "")
            return Revision("" if commit == "HEAD" else commit, _short(branch.strip()))
    return Revision()


def of_git(root: Path) -> Revision:
    """What is checked out, by one call; a detached HEAD has no branch."""
    try:
        said = git(root, "rev-parse", "HEAD", "--abbrev-ref", "HEAD", seconds=GIT_TIMEOUT)
    except InputError:
        return Revision()
    commit, _, branch = said.decode("utf-8", "replace").strip().partition("\n")
    return Revision(commit, "" if branch == "HEAD" else branch)


def tracked(path: Path) -> bool:
    """Whether git tracks this file: who changes the repository then changes what is in it, too."""
    if not path.is_file():
        return False
    try:
        git(path.parent, "ls-files", "--error-unmatch", "--", path.name, seconds=GIT_TIMEOUT)
    except InputError:
        return False
    return True


def _short(branch: str) -> str:
    for prefix in _PREFIXES:
        branch = branch.removeprefix(prefix)
    return branch
