"""Checks made of checks: `not`, `any_of`, `warn`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from pydantic import Field, SerializeAsAny

from pytest_llm.answers.extract import Artifact
from pytest_llm.checks.base import Check, CheckContext, Finding, Severity, look
from pytest_llm.errors import HarnessError, Unsupported

_UNDECIDED = ("error", "skip")


class Not(Check):
    """Passes where its check finds a failure; not where that is that there was nothing to look at."""

    name: ClassVar[str] = "not"
    file_fields: ClassVar[tuple[str, ...] | None] = ()
    check: SerializeAsAny[Check]

    @property
    def measures(self) -> bool:  # type: ignore[override]
        return self.check.measures

    @property
    def label(self) -> str:
        return f"not {self.check.label}"

    @property
    def made_of(self) -> tuple[Check, ...]:
        return (self.check,)

    def prepare(self, folder: Path, root: Path) -> None:
        self.check.prepare(folder, root)

    def run(self, artifact: Artifact, context: CheckContext) -> Iterable[Finding]:
        found = look(self.check, artifact, context)
        if undecided := [f for f in found if f.severity in _UNDECIDED]:
            return undecided
        failures = [f for f in found if f.severity == "failure"]
        if failures and all(f.unseen for f in failures):
            message = f"`{self.check.label}` had nothing to look at: {failures[0].message}"
            return [replace(failures[0], check=self.label, message=message)]
        if failures:
            return [f for f in found if f.severity == "note"]
        return [Finding(self.label, f"`{self.check.label}` holds, and it must not", kind="not")]


class AnyOf(Check):
    """Passes where at least one of its checks does."""

    name: ClassVar[str] = "any_of"
    file_fields: ClassVar[tuple[str, ...] | None] = ()
    checks: tuple[SerializeAsAny[Check], ...] = Field(min_length=1)

    @property
    def measures(self) -> bool:  # type: ignore[override]
        return any(check.measures for check in self.checks)

    @property
    def label(self) -> str:
        return f"any_of {' | '.join(check.label for check in self.checks)}"

    @property
    def parts(self) -> tuple[Check, ...]:
        return self.checks

    def prepare(self, folder: Path, root: Path) -> None:
        for check in self.checks:
            check.prepare(folder, root)

    def run(self, artifact: Artifact, context: CheckContext) -> Iterable[Finding]:
        failures: list[Finding] = []
        undecided: list[Finding] = []
        stopped: list[Unsupported | HarnessError] = []
        for check in self.checks:
            try:
                found = look(check, artifact, context)
            except (Unsupported, HarnessError) as error:
                stopped.append(error)
                continue
            bad = [f for f in found if f.severity == "failure"]
            open_ = [f for f in found if f.severity in _UNDECIDED]
            if not bad and not open_:
                return found
            failures += bad
            undecided += [] if bad else open_
        if stopped:  # had it been able to look, it might have passed
            raise min(stopped, key=lambda error: isinstance(error, Unsupported))
        return undecided or [self._none_of(failures)]

    def _none_of(self, failures: list[Finding]) -> Finding:
        lines = [f"{f.check}: {f.message}" + (f" (line {f.line})" if f.line else "") for f in failures]
        message, unseen = f"none of the {len(self.checks)} checks passed", any(f.unseen for f in failures)
        return Finding(self.name, message, kind="any_of", details="\n".join(lines), unseen=unseen)


class Warn(Check):
    """Shows what its check finds, and never fails for it."""

    name: ClassVar[str] = "warn"
    file_fields: ClassVar[tuple[str, ...] | None] = ()
    check: SerializeAsAny[Check]

    @property
    def measures(self) -> bool:  # type: ignore[override]
        return self.check.measures

    @property
    def models(self) -> tuple[str, ...]:
        return self.check.models

    @property
    def asks(self) -> int:
        return self.check.asks

    @property
    def label(self) -> str:
        return f"warn {self.check.label}"

    @property
    def parts(self) -> tuple[Check, ...]:
        return (self.check,)

    def prepare(self, folder: Path, root: Path) -> None:
        self.check.prepare(folder, root)

    def run(self, artifact: Artifact, context: CheckContext) -> Iterable[Finding]:
        try:
            found = look(self.check, artifact, context)
        except Unsupported as reason:
            return [Finding(self.check.label, f"not looked at: {reason}", "note", "unsupported")]
        severities: dict[Severity, Severity] = {"failure": "warning", "skip": "note"}
        return [replace(f, severity=severities.get(f.severity, f.severity)) for f in found]
