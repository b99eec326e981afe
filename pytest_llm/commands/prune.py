"""`pytest-llm prune`: removes from the server the models that were built here and stand for no Modelfile."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llm.commands.collected import NotCollected, collected
from pytest_llm.errors import InputError, PytestLlmError
from pytest_llm.reports.plain import one_line

if TYPE_CHECKING:
    from pytest_llm.models.modelfile import ModelSpec
    from pytest_llm.providers.wire.http import Http

    Modelfile = tuple[Path, ModelSpec | InputError]
    Modelfiles = Sequence[Modelfile]

Say = Callable[[str], object]
_NO_CASES = ("--ignore-glob=*",)  # pytest is asked for its settings alone


def prune(*, every: bool = False, dry_run: bool = False, say: Say = print) -> int:
    """Remove what no Modelfile here stands for; with `every` all that was built by us. Others are never touched.

    dry_run: only tell. Returns the exit code: 0 well, 1 one of them could not be removed, 2 nothing could be done.
    """
    try:
        found = collected(_NO_CASES)
        return asyncio.run(_prune(found.settings, every=every, dry_run=dry_run, say=say))
    except (NotCollected, PytestLlmError) as error:
        print(error, file=sys.stderr)
        return 2


async def _prune(settings: Mapping[str, Any], *, every: bool, dry_run: bool, say: Say) -> int:
    """At each server; one that cannot be asked keeps the others from nothing."""
    from pytest_llm.commands.servers import ollama

    modelfiles = () if every else list(_modelfiles(settings))
    codes = []
    for http in ollama(settings):
        try:
            codes.append(await _prune_at(http, modelfiles, dry_run=dry_run, say=say))
        except PytestLlmError as error:
            print(error, file=sys.stderr)
            codes.append(2)
    return max(codes)


async def _prune_at(http: Http, modelfiles: Modelfiles, *, dry_run: bool, say: Say) -> int:
    from pytest_llm.providers.ollama import pruning
    from pytest_llm.providers.ollama.models import Models

    models = Models(http, lambda _: None)
    there = await models.digests()
    sorted_ = pruning.sort(there, modelfiles)
    for name, reason in sorted_.unsure.items():
        say(one_line(f"kept      {name}: {reason}"))
    failed = 0 if dry_run else await _remove(models, sorted_.stale, say)
    for name in sorted_.stale if dry_run else ():
        say(f"to remove {name}")
    gone, kept = len(sorted_.stale) - failed, len(sorted_.kept) + len(sorted_.unsure)
    say(f"{gone} of {gone + failed + kept} models {'would be' if dry_run else 'were'} removed from {http.url}")
    return int(failed > 0)


async def _remove(models: Any, names: Iterable[str], say: Say) -> int:
    """Remove these; how many could not be."""
    failed = 0
    for name in names:
        try:
            await models.delete(name)
            say(f"removed   {name}")
        except PytestLlmError as error:
            failed += 1
            say(one_line(f"failed    {name}: {error}"))
    return failed


def _modelfiles(settings: Mapping[str, Any]) -> Iterator[Modelfile]:
    """The Modelfiles here, each with those that it is built on; of two with one name the first counts."""
    from pytest_llm.models.reference import at

    folders = [Path(folder) for folder in settings["modelfiles"]]
    found = {path.name: path for folder in reversed(folders) for path in sorted(folder.glob("*.Modelfile"))}
    for path in found.values():
        try:
            yield path, at(path, folders, Path(settings["root"]))
        except InputError as error:
            yield path, error
