"""Files of ours as pytest sees them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Self

import pytest

from pytest_llm.plugin.options import SETTINGS

NAMED = "pytest_llm_named"  # of a worker's input: xdist hands on the paths, and not who named them


class OwnFile(pytest.File):
    """A file that pytest would not collect by itself."""

    @classmethod
    def at(cls, parent: pytest.Collector, path: Path) -> Self:
        """Its node id is the path, what does not print spelled out: pytest shows it as it is, everywhere."""
        from pytest_llm.cases.paths import spelled

        root = parent.config.rootpath
        name = path.relative_to(root).as_posix() if path.is_relative_to(root) else ""
        own: dict[str, Any] = {} if name.isprintable() else {"nodeid": spelled(name)}
        found: Self = cls.from_parent(parent, path=path, **own)
        return found


def named(config: pytest.Config) -> list[str]:
    """The paths of the command line, absolute; none where testpaths or the working folder stand in for them."""
    if (theirs := getattr(config, "workerinput", {}).get(NAMED)) is not None:
        return list(theirs)
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        return []
    return [os.path.abspath(config.invocation_params.dir / arg.partition("::")[0]) for arg in config.args]


def not_there(config: pytest.Config) -> list[str]:
    """What is to be said of folders of `llm_modelfiles` that are none."""
    said = bool(config.getini("llm_modelfiles"))
    missing = [folder for folder in config.stash[SETTINGS].modelfiles if said and not folder.is_dir()]
    return [
        f"{folder} {'is no folder' if folder.exists() else 'is not there'}: name a folder of NAME.Modelfile files"
        for folder in missing
    ]


def names(config: pytest.Config, modelfile: Path) -> bool:
    """Whether the command line names a Modelfile, its folder, or a folder of `llm_modelfiles` above it.

    A plain `pytest` does not, whatever `testpaths` says: who runs it gets the tests that he got before.
    """
    folders = {os.path.abspath(folder) for folder in config.stash[SETTINGS].modelfiles}
    above = {str(folder) for folder in modelfile.parents} & folders
    return not {str(modelfile), str(modelfile.parent), *above}.isdisjoint(named(config))
