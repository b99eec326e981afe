"""A cell's item as those see it who ask and judge for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from pytest_llm.engine.jobs import Job
    from pytest_llm.verdicts.plan import Plan


class CellItem(Protocol):
    """jobs: what it is sure to ask first. identity: which cell it is."""

    plan: Plan

    @property
    def nodeid(self) -> str: ...
    @property
    def jobs(self) -> Sequence[Job]: ...
    @property
    def identity(self) -> Mapping[str, Any]: ...
    def iter_markers(self, name: str | None = None) -> Iterator[pytest.Mark]: ...
