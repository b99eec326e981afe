"""Modelfiles as items: each that the command line names is linted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from pytest_llm.cases.paths import spelled
from pytest_llm.errors import Complaints, InputError
from pytest_llm.models.contents import examine
from pytest_llm.models.lint import Complaint, lint
from pytest_llm.models.modelfile import read
from pytest_llm.models.reference import with_parents
from pytest_llm.plugin.files import OwnFile
from pytest_llm.plugin.options import SETTINGS
from pytest_llm.plugin.telling import CellFault, ChecksFailed, longrepr, told, warn
from pytest_llm.reports.plain import plain

MARK = "modelfile"


class ModelfileFile(OwnFile):
    """A Modelfile."""

    def collect(self) -> Iterator[ModelfileItem]:
        name = spelled(self.path.name.removesuffix(".Modelfile"))
        yield ModelfileItem.from_parent(self, name=name, nodeid=f"{self.nodeid}::{name}")


class ModelfileItem(pytest.Item):
    """FAILED by what Ollama refuses; the rest is a warning each, or a failure where `--llm-strict` is given."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.add_marker(MARK)
        self.refused: list[InputError] = []
        self.complaints: list[Complaint] = []

    def setup(self) -> None:
        settings = self.config.stash[SETTINGS]
        wrong = Complaints()
        self.complaints = []
        with wrong.gather():
            spec = with_parents(read(self.path, wrong), settings.modelfiles, settings.root, wrong)
            self.complaints = lint(spec, system_tokens=settings.system_tokens)
            self.complaints += examine(spec, settings.vram, wrong)
        self.refused = wrong.errors
        if not (self._strict or self.refused):
            for complaint in self.complaints:
                warn(self.config, complaint.text, self.nodeid, complaint.line)

    def runtest(self) -> None:
        """What is refused comes first, then all else that is to be said of the file."""
        if not (self.refused or (self._strict and self.complaints)):
            return
        kind = "" if self._strict else "warning: "
        wrong = [*self.refused, *(_as_error(complaint, kind) for complaint in self.complaints)]
        raise ChecksFailed(_story([plain(told(error, self.config.rootpath)) for error in wrong]))

    @property
    def _strict(self) -> bool:
        return self.config.stash[SETTINGS].strict

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, CellFault):
            lines = [*(e.line for e in self.refused), *(c.line for c in self.complaints)]
            return longrepr(excinfo, excinfo.value, self.path, next(filter(None, lines), 1))
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, self.name


def _as_error(complaint: Complaint, kind: str) -> InputError:
    text, _, hint = complaint.text.partition("\n")
    return InputError(f"{kind}{text}", path=complaint.path, line=complaint.line, hint=hint.strip())


def _story(complaints: Sequence[str]) -> str:
    """The first complaint is the headline; where there are more, all follow."""
    if len(complaints) == 1:
        return complaints[0]
    head = complaints[0].partition("\n")[0]
    indented = ("  " + text.replace("\n", "\n  ") for text in complaints)
    return "\n".join([f"{head} (and {len(complaints) - 1} more)", "", *indented])
