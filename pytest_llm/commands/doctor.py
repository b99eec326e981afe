"""`pytest-llm doctor`: what is there of what the cases here need, and what mends the rest."""

from __future__ import annotations

import json
import platform
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Literal

from pytest_llm.commands import diagnosis, installing, models, tools
from pytest_llm.commands.collected import Collected, NotCollected, collected
from pytest_llm.commands.diagnosis import Line
from pytest_llm.commands.stored import of_settings
from pytest_llm.errors import InputError
from pytest_llm.providers.wire.secrets import secrets, without
from pytest_llm.sandbox import walls

Say = Callable[[str], object]
DISTRIBUTION, NAMESAKE = "pytest-llm-cases", "pytest-llm"
TOOLS = "Tools"
LEAST_DISK = 2**30  # bytes: below it, answers and screenshots of a long run may not fit


def examine(say: Say = print, arguments: Sequence[str] = (), form: Literal["text", "json"] = "text") -> int:
    """Tell what is there and what is not: of Python, the tools, the store, servers and models of the cases here.

    arguments: for pytest, which collects the cases. Returns the exit code: 0 all there, 1 there is a problem, 2
    pytest could not collect the cases.
    """
    lines = [*_python(), *_tools()]
    try:
        found = collected(arguments)
    except NotCollected as error:
        lines.append(Line("Cases", "problem", "pytest", str(error)))
        code = 2
    else:
        lines += [*_store(found), *models.lines(found)]
        code = diagnosis.code(lines)
    hidden = secrets(arguments)  # a server may send back what it was sent
    lines = [Line(**without(asdict(line), hidden)) for line in lines]
    say(
        json.dumps(diagnosis.as_data(lines), indent=2)
        if form == "json"
        else diagnosis.as_text(lines, _mends(lines))
    )
    return code


def _mends(lines: Sequence[Line]) -> Iterator[str]:
    """What mends them, each once; what the system's packages bring by one command."""
    missing = {line.name for line in lines if line.part == TOOLS and line.state == "problem"}
    yield from installing.remedies(tool for tool in tools.TOOLS if tool.name in missing)
    yield from dict.fromkeys(line.remedy for line in lines if line.remedy and line.part != TOOLS)


def _python() -> Iterator[Line]:
    yield Line("Python", "ok", "python", version=platform.python_version())
    yield Line("Python", "ok", "pytest", version=metadata.version("pytest"))
    yield Line("Python", "ok", DISTRIBUTION, version=metadata.version(DISTRIBUTION))
    try:
        other = metadata.version(NAMESAKE)
    except metadata.PackageNotFoundError:
        return
    yield Line(
        "Python",
        "problem",
        NAMESAKE,
        "another distribution, which is a package pytest_llm too",
        version=other,
        remedy=f"pip uninstall -y {NAMESAKE} && pip install --force-reinstall --no-deps {DISTRIBUTION}",
    )


def _tools() -> Iterator[Line]:
    with ThreadPoolExecutor(8) as pool:
        for tool, where, version in pool.map(_looked, tools.TOOLS):
            state: diagnosis.State = "ok" if where else "optional" if tool.optional else "problem"
            remedy = "" if where else "; ".join(installing.remedies([tool]))
            yield Line(
                TOOLS, state, tool.name, where or tool.fault() or "is not here", tool.purpose, version, remedy
            )
            if tool.name == "bubblewrap" and where and (broken := walls.missing()):
                yield Line(TOOLS, "problem", "sandbox", broken)


def _looked(tool: tools.Tool) -> tuple[tools.Tool, str, str]:
    where = tool.found()
    return tool, where, tool.version(where) if where else ""


def _store(found: Collected) -> Iterator[Line]:
    try:
        place = of_settings(found)
    except InputError as error:
        yield Line("Store", "problem", "store", str(error))
        return
    if place is None or place.path is None:
        yield Line("Store", "ok", "store", str(place or "none: answers are not kept"))
        return
    folder = next(path for path in place.path.parents if path.is_dir())
    free = shutil.disk_usage(folder).free
    size = place.path.stat().st_size if place.path.is_file() else 0
    said = f"{_shown(place.path, found.root)}, {size / 2**20:.1f} MiB, {free / 2**30:.1f} GiB free"
    remedy = "pytest-llm store gc; or free some space" if free < LEAST_DISK else ""
    yield Line("Store", "warning" if remedy else "ok", "store", said, "answers and runs", remedy=remedy)


def _shown(path: Path, root: Path) -> str:
    return str(path.relative_to(root) if path.is_relative_to(root) else path)
