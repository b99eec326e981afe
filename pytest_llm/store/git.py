"""git, asked by its own words alone: nothing that a repository's configuration names is run."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pytest_llm.errors import InputError

SECONDS = 60.0
# Programs that a configuration may name, and settings that would change what the commands below say.
_SAFE = (
    *("core.fsmonitor=false", f"core.hooksPath={os.devnull}", "core.pager=cat", "diff.external="),
    *("protocol.allow=never", "submodule.recurse=false", "diff.relative=false", "core.quotePath=false"),
)
# Where a hook that runs pytest stands, and not the rootdir.
_ELSEWHERE = (
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_NAMESPACE"),
    *("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_EXTERNAL_DIFF", "GIT_DIFF_OPTS"),
    *("GIT_SHALLOW_FILE", "GIT_GRAFT_FILE", "GIT_REPLACE_REF_BASE", "GIT_LITERAL_PATHSPECS"),
)
_QUIET = {"GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
_DIFF = ("diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--no-textconv", "--ignore-submodules=dirty")
_LINK = b"160000"  # the mode of a submodule's entry
_SHALLOW = "this is a shallow clone: fetch the whole history (`fetch-depth: 0` of actions/checkout, `GIT_DEPTH: 0`)"


class GitError(InputError):
    """git could not say it."""


@dataclass(frozen=True)
class WorkTree:
    """How a work tree differs from a commit. base: the commit, hex. top: its folder, links resolved.

    changed: absolute paths of what was changed, added, deleted or is untracked; a folder or a submodule stands for
    all that is in it. ignored: those of which git knows nothing.
    """

    base: str
    top: str
    changed: frozenset[str]
    ignored: frozenset[str] = frozenset()


def git(
    folder: Path | str,
    *arguments: str,
    config: Mapping[str, str] | None = None,
    index: str = "",
    seconds: float = SECONDS,
) -> bytes:
    """What git says in a folder. config: more settings. index: instead of its own. Raises GitError in its words."""
    command = ["git", *(word for setting in _SAFE for word in ("-c", setting)), *arguments]
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=_environment(config or {}) | ({"GIT_INDEX_FILE": index} if index else {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        raise GitError(_last(error.stderr) or f"git {arguments[0]} failed") from None
    except subprocess.TimeoutExpired:
        raise GitError(f"git {arguments[0]} took more than {seconds:g} s") from None
    except (OSError, ValueError) as error:
        raise GitError(f"git cannot be run: {error}", hint="install git") from None
    return done.stdout


def _environment(config: Mapping[str, str]) -> dict[str, str]:
    """Settings go by the environment: a command line cannot say a name that holds a `=`."""
    own = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE} | _QUIET
    first = int(count) if (count := own.get("GIT_CONFIG_COUNT", "")).isdecimal() else 0
    for number, (key, value) in enumerate(config.items(), first):
        own |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return own | ({"GIT_CONFIG_COUNT": str(first + len(config))} if config else {})


def _last(said: bytes) -> str:
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return next((line for line in lines if line.startswith("fatal: ")), (lines or [""])[-1]).removeprefix("fatal: ")


def compared(root: Path, ref: str) -> WorkTree:
    """The work tree that `root` is in, against its merge base with `ref`. Raises GitError, in a sentence."""
    top = _top(root)
    base = _base(root, ref)
    ignored = _names(git(top, "ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory"))
    changed = frozenset(_changed(top, base))
    return WorkTree(base, top, changed, frozenset(os.path.join(top, name) for name in ignored))


def _top(root: Path) -> str:
    try:
        said = git(root, "rev-parse", "--show-toplevel")
    except GitError as error:
        if "not a git repository" in error.message or "work tree" in error.message:
            raise GitError(f"{root} is in no git work tree", hint="run it in a clone of the repository") from None
        if "dubious ownership" in error.message:
            hint = f"`git config --global --add safe.directory {root}` says that you trust it"
            raise GitError(f"{root} belongs to another user, and git does not read it", hint=hint) from None
        raise
    return os.fsdecode(said.removesuffix(b"\n"))


def _base(root: Path, ref: str) -> str:
    head, wanted = _commit(root, "HEAD"), _commit(root, ref)
    shallow = git(root, "rev-parse", "--is-shallow-repository").strip() == b"true"
    if not head:
        raise GitError("the repository has no commit yet", hint="there is nothing to compare with")
    if not wanted:
        hint = _SHALLOW if shallow else "name a branch, a tag or a commit that is here; `git fetch` brings others"
        raise GitError(f"git knows no commit {ref!r}", hint=hint)
    try:
        return git(root, "merge-base", wanted, head).decode().strip()
    except GitError:
        hint = _SHALLOW if shallow else "name a branch that this one began from"
        raise GitError(f"{ref!r} and HEAD have no commit in common", hint=hint) from None


def _commit(root: Path | str, name: str) -> str:
    """The commit of a name; "" where it is none."""
    if name.startswith("-") or not name:
        return ""
    try:
        return git(root, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}").decode().strip()
    except GitError:
        return ""


def _changed(top: str, base: str) -> Iterator[str]:
    """Absolute paths; of a submodule whose old commit is there those in it, else the submodule's own."""
    names = {*_differing(top, base), *_names(git(top, "ls-files", "-z", "--others", "--exclude-standard"))}
    before = dict(_links(git(top, "ls-tree", "-r", "-z", base)))
    for name in dict(_links(git(top, "ls-files", "-z", "--stage"))):
        inner = os.path.join(top, name)
        if os.path.exists(os.path.join(inner, ".git")) and _commit(inner, old := before.get(name, "")):
            names.discard(name)
            yield from _changed(inner, old)
    yield from (os.path.join(top, name) for name in names)


def _differing(top: str, base: str) -> Iterable[str]:
    """What git tracks now or did then; with a copy of its index, which it would bring up to date."""
    index = os.path.join(top, os.fsdecode(git(top, "rev-parse", "--git-path", "index").removesuffix(b"\n")))
    with tempfile.TemporaryDirectory(prefix="pytest-llm-") as folder:
        copy = os.path.join(folder, "index")
        with suppress(FileNotFoundError):
            shutil.copy2(index, copy)  # with its time: what is as young as the index, git looks into
        return _names(git(top, *_DIFF, base, "--", config=_unfiltered(top), index=copy))


def _links(entries: bytes) -> Iterator[tuple[str, str]]:
    """(path, commit) of each submodule among the entries of a tree or of the index."""
    for entry in entries.split(b"\0"):
        about, _, path = entry.partition(b"\t")
        if about.startswith(_LINK):
            yield os.fsdecode(path), next(word for word in about.decode().split() if len(word) >= 40)


def _unfiltered(top: str) -> dict[str, str]:
    """Settings that take away every program through which a file would go before it is compared."""
    try:
        keys = _names(git(top, "config", "--null", "--name-only", "--get-regexp", r"^filter\."))
    except GitError:  # there is none
        return {}
    filters = {key.rpartition(".")[0] for key in keys}
    off = {"clean": "", "process": "", "smudge": "", "required": "false"}
    return {f"{name}.{key}": value for name in filters for key, value in off.items()}


def _names(said: bytes) -> Iterable[str]:
    return [os.fsdecode(name).rstrip("/") for name in said.split(b"\0") if name]


def shown(top: str, commit: str, path: str) -> str | None:
    """The text that a file of the work tree had in a commit; None where it was not there, or is no text."""
    name = os.path.relpath(path, top)
    try:
        return git(top, "cat-file", "blob", f"{commit}:{Path(name).as_posix()}").decode("utf-8")
    except (GitError, UnicodeError):
        return None
