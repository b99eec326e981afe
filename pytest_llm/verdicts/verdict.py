"""What is said of a cell in the end, and how it becomes plain data and comes back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from pytest_llm.checks.base import Finding
from pytest_llm.providers.base import Fingerprint, Response, ToolCall, Usage

Outcome = Literal["passed", "failed", "error", "skipped"]
_RANK: dict[str, Outcome] = {"failure": "failed", "error": "error", "skip": "skipped"}


@dataclass(frozen=True)
class Asked:
    """One question and its answer: the request as plain data, the response (None where none came), the files.

    sample counts from 0, attempt from 1: of the same question of the same stage.
    """

    request: Mapping[str, Any]
    response: Response | None = None
    stage: str = ""
    findings: tuple[Finding, ...] = ()
    attachments: tuple[tuple[str, str], ...] = ()
    sample: int = 0
    attempt: int = 1

    @property
    def outcome(self) -> Outcome:
        return _worst(self.findings)


@dataclass(frozen=True)
class Verdict:
    """Everything that is known of a cell. `asked` holds one entry for each stage that was asked."""

    asked: tuple[Asked, ...] = field(default_factory=tuple)

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(finding for asked in self.asked for finding in asked.findings)

    @property
    def outcome(self) -> Outcome:
        return _worst(self.findings)

    @property
    def reasons(self) -> tuple[Finding, ...]:
        """The findings that decided the outcome; for a pass, none."""
        return tuple(f for f in self.findings if _RANK.get(f.severity) == self.outcome)

    @property
    def response(self) -> Response | None:
        """The last answer that came."""
        return next((a.response for a in reversed(self.asked) if a.response), None)

    def to_plain(self, folder: Path | None = None) -> dict[str, Any]:
        """As JSON-ready data, the way a run's record holds it; files in `folder` are relative to it."""
        return {"outcome": self.outcome, "answers": [_plain(asked, folder) for asked in self.asked]}

    @classmethod
    def from_plain(cls, data: Mapping[str, Any], folder: Path | None = None) -> Verdict:
        """What `to_plain` made, and what a later plugin added is left out."""
        return cls(tuple(_asked(item, folder) for item in data["answers"]))


def _worst(findings: Iterable[Finding]) -> Outcome:
    """FAILED counts before ERROR before SKIPPED."""
    severities = {finding.severity for finding in findings}
    return next((outcome for severity, outcome in _RANK.items() if severity in severities), "passed")


_NUMBERS = ("first_token", "wall")


def _plain(asked: Asked, folder: Path | None) -> dict[str, Any]:
    said = asdict(asked.response) if asked.response else {}
    numbers = {**said.pop("usage", {}), **{name: said.pop(name, None) for name in _NUMBERS}}
    if asked.response:
        said["numbers"] = {**numbers, "rate": asked.response.usage.rate}
    return {
        "stage": asked.stage,
        "sample": asked.sample,
        "attempt": asked.attempt,
        "request": asked.request,
        **said,
        "findings": [asdict(finding) for finding in asked.findings],
        "files": [[label, _relative(path, folder)] for label, path in asked.attachments],
    }


def _relative(path: str, folder: Path | None) -> str:
    inside = folder is not None and Path(path).is_relative_to(folder)
    return Path(path).relative_to(folder).as_posix() if folder is not None and inside else path


def _asked(data: Mapping[str, Any], folder: Path | None) -> Asked:
    return Asked(
        request=data["request"],
        response=_response(data) if "text" in data else None,
        stage=data["stage"],
        findings=tuple(Finding(**_known(Finding, finding)) for finding in data["findings"]),
        attachments=tuple((label, str(folder / path) if folder else path) for label, path in data["files"]),
        sample=data["sample"],
        attempt=data["attempt"],
    )


def _response(data: Mapping[str, Any]) -> Response:
    lists: dict[str, Any] = {key: tuple(data[key]) for key in ("notes", "retries")}
    calls = tuple(ToolCall(**_known(ToolCall, call)) for call in data["tool_calls"])
    times = {name: data["numbers"][name] for name in _NUMBERS}
    usage = Usage(**_known(Usage, data["numbers"]))
    rests_on = Fingerprint(**_known(Fingerprint, data.get("fingerprint") or {}))
    made = {"tool_calls": calls, "usage": usage, "fingerprint": rests_on}
    return Response(**{**_known(Response, data), **lists, **times, **made})


def _known(kind: type[Any], data: Mapping[str, Any]) -> dict[str, Any]:
    return {f.name: data[f.name] for f in fields(kind) if f.name in data}
