"""What is said of a cell in the end, and how it becomes plain data and comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from pytest_llm.checks.base import Finding
from pytest_llm.providers.base import Response, ToolCall, Usage

Outcome = Literal["passed", "failed", "error", "skipped"]
_RANK: dict[str, Outcome] = {"failure": "failed", "error": "error", "skip": "skipped"}


@dataclass(frozen=True)
class Asked:
    """One question and its answer: the request as plain data, the response (None where none came), the files."""

    request: Mapping[str, Any]
    response: Response | None = None
    stage: str = ""
    findings: tuple[Finding, ...] = ()
    attachments: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Verdict:
    """Everything that is known of a cell. `asked` holds one entry for each stage that was asked."""

    asked: tuple[Asked, ...] = field(default_factory=tuple)

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(finding for asked in self.asked for finding in asked.findings)

    @property
    def outcome(self) -> Outcome:
        """FAILED counts before ERROR before SKIPPED."""
        severities = {finding.severity for finding in self.findings}
        for severity, outcome in _RANK.items():
            if severity in severities:
                return outcome
        return "passed"

    @property
    def reasons(self) -> tuple[Finding, ...]:
        """The findings that decided the outcome; for a pass, none."""
        return tuple(f for f in self.findings if _RANK.get(f.severity) == self.outcome)

    @property
    def response(self) -> Response | None:
        """The last answer that came."""
        return next((a.response for a in reversed(self.asked) if a.response), None)

    def to_plain(self) -> dict[str, Any]:
        """As JSON-ready data."""
        return {"outcome": self.outcome, "asked": [asdict(asked) for asked in self.asked]}

    @classmethod
    def from_plain(cls, data: Mapping[str, Any]) -> Verdict:
        return cls(tuple(_asked(item) for item in data["asked"]))


def _asked(data: Mapping[str, Any]) -> Asked:
    response = data["response"]
    return Asked(
        request=data["request"],
        response=_response(response) if response else None,
        stage=data["stage"],
        findings=tuple(Finding(**finding) for finding in data["findings"]),
        attachments=tuple((label, path) for label, path in data["attachments"]),
    )


def _response(data: Mapping[str, Any]) -> Response:
    lists: dict[str, Any] = {key: tuple(data[key]) for key in ("notes", "retries")}
    calls = tuple(ToolCall(**call) for call in data["tool_calls"])
    return Response(**{**data, **lists, "tool_calls": calls, "usage": Usage(**data["usage"])})
