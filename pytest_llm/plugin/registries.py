"""Which checks the cases of a folder may name: built in, from hooks, from the conftest.py files above it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pytest_llm.checks.registry import Registry
from pytest_llm.plugin.own import own


class Registries:
    """The registries of a run, made when a case of their folder is met."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self._registries: dict[Path, Registry] = {}

    def of(self, folder: Path) -> Registry:
        """The checks that cases in a folder may name: built in, from hooks, from the conftest.py files above it."""
        if folder not in self._registries:
            registry = Registry()
            for level, plugin in sorted(self._sources(folder), key=lambda source: source[0]):
                for check in [*self._hooked(plugin), *_marked(plugin)]:
                    registry.add(own(check), level)
            self._registries[folder] = registry
        return self._registries[folder]

    def _sources(self, folder: Path) -> Iterator[tuple[int, Any]]:
        """The plugins, then the conftest.py files above a folder; a deeper one has a higher level."""
        for plugin in self.config.pluginmanager.get_plugins():
            file = Path(getattr(plugin, "__file__", None) or "")
            if file.name != "conftest.py":
                yield 0, plugin
            elif file.parent in (folder, *folder.parents):
                yield len(file.parts), plugin

    def _hooked(self, plugin: Any) -> Iterator[Any]:
        """What a plugin gives by the hook."""
        giving = {impl.plugin for impl in self.config.hook.pytest_llm_checks.get_hookimpls()}
        if plugin in giving:
            hook = self.config.pluginmanager.subset_hook_caller("pytest_llm_checks", giving - {plugin})
            yield from (check for checks in hook(config=self.config) for check in checks)


def _marked(plugin: object) -> Iterator[Any]:
    """The functions of a conftest.py or a plugin's module that `check` marked."""
    if isinstance(plugin, ModuleType):
        yield from (value for value in list(vars(plugin).values()) if _is_marked(value))


def _is_marked(value: object) -> bool:
    """Whether `check` marked it. Objects of other plugins' may answer to every name, or raise what they like."""
    try:
        return isinstance(getattr(value, "__llm_check__", None), str)
    except Exception:
        return False
