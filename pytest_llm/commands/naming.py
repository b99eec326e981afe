"""How a command is told which run, which cell: a name, a part of one, a path; and how it prints what it found."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from pytest_llm.errors import InputError, nearest
from pytest_llm.reports.plain import plain
from pytest_llm.store import runs

_SOME = 8  # names that are listed where none is meant


class NotFound(Exception):
    """No run or no cell goes by that name."""


def told(say: Callable[[], str]) -> int:
    """Print what it says. 0 it is printed, 1 there is none by a name (or several), 2 something cannot be read."""
    try:
        printed(say())
    except NotFound as error:
        print(plain(str(error)), file=sys.stderr)
        return 1
    except InputError as error:
        print(plain(str(error)), file=sys.stderr)
        return 2
    return 0


def printed(text: str) -> None:
    """Print it, whatever characters the terminal has not."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))


def kept(here: Path) -> list[Path]:
    """The runs of the rootdir that `here` is in, the newest first. Raises InputError where there is none."""
    for folder in (here, *here.parents):
        if found := runs.found(folder / runs.HOME / "runs"):
            return found
    raise InputError(f"no run is kept under {here} or above", hint="pytest keeps one of each run that asks models")


def record_file(word: str) -> Path | None:
    """A record that is named by its path, or by that of its folder."""
    path = Path(word)
    if (path / runs.FILE).is_file():
        return path / runs.FILE
    return path if path.name.endswith(".jsonl") and path.is_file() else None


def pick_run(word: str, kept: Sequence[Path]) -> Path:
    names = [folder.name for folder in kept]
    return kept[names.index(pick(word, names, [word], "run"))]


def pick(word: str, names: Sequence[str], tails: Sequence[str], what: str, where: str = "") -> str:
    """The name that is meant: itself, else the one that ends so, else the one that holds it."""
    ways = (
        lambda name: name == word,
        lambda name: name.endswith(tuple(tails)),
        lambda name: word in name,
        lambda name: word.casefold() in name.casefold(),
    )
    for way in ways:
        found = [name for name in names if way(name)]
        if len(found) == 1:
            return found[0]
        if found:
            shown = "\n  ".join(found[:20])
            raise NotFound(f"{len(found)} {what}s are called like {word!r}{where}, name one of them:\n  {shown}")
    raise NotFound(f"no {what} is called {word!r}{where}{nearest(word, _short(names)) or _listed(names)}")


def _listed(names: Sequence[str]) -> str:
    """Some of what there is, a line each."""
    more = [f"and {len(names) - _SOME} more"] if len(names) > _SOME else []
    return "".join(f"\n  {line}" for line in ["there are:", *names[:_SOME], *more]) if names else ""


def _short(names: Sequence[str]) -> list[str]:
    """What somebody may have meant to write of these names: all, the tail, the case's name."""
    tails = [name.rpartition("::")[2] for name in names]
    return list(dict.fromkeys([*names, *tails, *(tail.partition("[")[0] for tail in tails)]))
