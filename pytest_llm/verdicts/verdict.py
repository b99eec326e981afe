"""What is said of a cell in the end, and how it becomes plain data and comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any

from pytest_llm.checks.base import Finding
from pytest_llm.providers.base import Response
from pytest_llm.providers.plain import known, response_from, response_plain, shallow
from pytest_llm.verdicts.combine import RANK, Outcome, combine, worst


@dataclass(frozen=True)
class Asked:
    """One question and its answer: the request as plain data, the response (None where none came), the files.

    sample counts from 0, attempt from 1: of the same question of the same stage. judged: what checks asked other
    models of the answer, and what these said, as plain data. checked: when its checks began (seconds since the
    epoch), and how long they took; () where there were none.
    """

    request: Mapping[str, Any]
    response: Response | None = None
    stage: str = ""
    findings: tuple[Finding, ...] = ()
    attachments: tuple[tuple[str, str], ...] = ()
    sample: int = 0
    attempt: int = 1
    judged: tuple[Mapping[str, Any], ...] = ()
    checked: tuple[float, ...] = ()

    @cached_property
    def outcome(self) -> Outcome:
        return worst(self.findings)


@dataclass(frozen=True)
class Try:
    """One sample asked once: each stage of it that was asked."""

    asked: tuple[Asked, ...]

    @property
    def sample(self) -> int:
        """From 0."""
        return self.asked[0].sample

    @property
    def attempt(self) -> int:
        """From 1; later ones are escalated."""
        return self.asked[0].attempt

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(finding for asked in self.asked for finding in asked.findings)

    @cached_property
    def outcome(self) -> Outcome:
        return worst(self.findings)


@dataclass(frozen=True)
class Verdict:
    """Everything that is known of a cell. `asked` holds one entry for each stage that was asked, in order.

    samples: how many were to be asked; min_pass: how many of these must pass.
    """

    asked: tuple[Asked, ...] = field(default_factory=tuple)
    samples: int = 1
    min_pass: int = 1

    @cached_property
    def tries(self) -> tuple[Try, ...]:
        """The questions by sample and attempt."""
        groups = groupby(self.asked, key=lambda asked: (asked.sample, asked.attempt))
        return tuple(Try(tuple(asked)) for _, asked in groups)

    @cached_property
    def outcomes(self) -> tuple[Outcome, ...]:
        """One for each sample that was asked. Of one that was escalated: its pass, else what it was at first."""
        first: dict[int, Outcome] = {}
        for one in self.tries:
            if one.outcome == "passed":
                first[one.sample] = "passed"
            first.setdefault(one.sample, one.outcome)
        return tuple(first.values())

    @property
    def escalated(self) -> bool:
        """Whether it passed only when it was asked once more."""
        return self.outcome == "passed" and any(asked.attempt > 1 for asked in self.asked)

    @property
    def stopped(self) -> bool:
        """Whether its samples ended before all were asked, because none could change the outcome any more."""
        return len(self.outcomes) < self.samples

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(finding for asked in self.asked for finding in asked.findings)

    @cached_property
    def outcome(self) -> Outcome:
        return combine(self.outcomes or ("passed",), self.samples, self.min_pass)

    @property
    def reasons(self) -> tuple[Finding, ...]:
        """The findings that decided the outcome; for a pass, none."""
        found = (f for one in self.tries if one.outcome == self.outcome for f in one.findings)
        return tuple(finding for finding in found if RANK.get(finding.severity) == self.outcome)

    @property
    def size(self) -> int:
        """Characters of all that it holds: what was asked, answered and thought, and what checks said and asked."""
        return _characters(self.to_plain())

    @property
    def response(self) -> Response | None:
        """The last answer that came."""
        return next((a.response for a in reversed(self.asked) if a.response), None)

    def to_plain(self, folder: Path | None = None) -> dict[str, Any]:
        """As JSON-ready data, the way a run's record holds it; files in `folder` are relative to it."""
        return {
            "outcome": self.outcome,
            "samples": self.samples,
            "min_pass": self.min_pass,
            "outcomes": list(self.outcomes),
            "stopped": self.stopped,
            "escalated": self.escalated,
            "answers": [_plain(asked, folder) for asked in self.asked],
        }

    @classmethod
    def from_plain(cls, data: Mapping[str, Any], folder: Path | None = None) -> Verdict:
        """What `to_plain` made, and what a later plugin added is left out."""
        asked = tuple(_asked(item, folder) for item in data["answers"])
        return cls(asked, data.get("samples", 1), data.get("min_pass", 1))


def _characters(data: Any) -> int:
    """Those of all texts in plain data."""
    if isinstance(data, str):
        return len(data)
    inner = data.values() if isinstance(data, Mapping) else data if isinstance(data, (list, tuple)) else ()
    return sum(map(_characters, inner))


def _plain(asked: Asked, folder: Path | None) -> dict[str, Any]:
    said = response_plain(asked.response) if asked.response else {}
    said |= {"judged": list(asked.judged)} if asked.judged else {}
    said |= {"checked": [round(seconds, 3) for seconds in asked.checked]} if asked.checked else {}
    return {
        "stage": asked.stage,
        "sample": asked.sample,
        "attempt": asked.attempt,
        "outcome": asked.outcome,
        "request": asked.request,
        **said,
        "findings": [shallow(finding) for finding in asked.findings],
        "files": [[label, _relative(path, folder)] for label, path in asked.attachments],
    }


def _relative(path: str, folder: Path | None) -> str:
    inside = folder is not None and Path(path).is_relative_to(folder)
    return Path(path).relative_to(folder).as_posix() if folder is not None and inside else path


def _asked(data: Mapping[str, Any], folder: Path | None) -> Asked:
    return Asked(
        request=data["request"],
        response=response_from(data) if "text" in data else None,
        stage=data["stage"],
        findings=tuple(Finding(**known(Finding, finding)) for finding in data["findings"]),
        attachments=tuple((label, str(folder / path) if folder else path) for label, path in data["files"]),
        sample=data["sample"],
        attempt=data["attempt"],
        judged=tuple(data.get("judged", ())),
        checked=tuple(data.get("checked", ())),
    )
