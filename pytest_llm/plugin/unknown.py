"""Names in the ini file that look like ours and are none: pytest says that it does not know them, and no more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress

import pytest

from pytest_llm.gates.inifile import ini_values
from pytest_llm.plugin.option_table import TABLE
from pytest_llm.plugin.telling import warn
from pytest_llm.plugin.values import nearest_of_ours

PREFIX = "llm_"


def tell(config: pytest.Config) -> None:
    """A warning for each name that no plugin has declared."""
    for name, line in _written(config):
        try:
            config.getini(name)
        except ValueError:
            warn(config, f"{name} is no option of the ini file{_meant(name)}", str(config.inipath or ""), line)


def _written(config: pytest.Config) -> Iterator[tuple[str, int]]:
    """The names like ours in the ini file, each with its line; those of `-o`."""
    text = ""
    with suppress(OSError):  # pytest has read it, which may be a while ago
        text = config.inipath.read_text("utf-8", errors="replace") if config.inipath else ""
    found = ini_values(config.inipath.name, text) if config.inipath else None
    lines = [line.strip(" \t\"'") for line in text.splitlines()]
    for name in sorted(found or {}):
        if name.startswith(PREFIX):
            begins = re.compile(rf"{re.escape(name)}(?![\w.-])")
            yield name, next((number for number, line in enumerate(lines, 1) if begins.match(line)), 1)
    given = (said.partition("=")[0] for said in config.getoption("override_ini", None) or ())
    yield from ((name, 1) for name in given if name.startswith(PREFIX))


def _meant(name: str) -> str:
    if flag := next((option.flag for option in TABLE if option.dest == name and not option.ini), ""):
        return f": give {flag} on the command line, or in addopts"
    known = [option.ini_name for option in TABLE if option.ini or option.ini_only]
    return nearest_of_ours(name, PREFIX, known)
