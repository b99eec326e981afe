"""A verdict in words, for the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_llm.checks.base import Finding
from pytest_llm.reports.numbers import remarks, summary
from pytest_llm.reports.plain import one_line, plain
from pytest_llm.verdicts.verdict import Verdict

MAX_SECTION = 8000  # characters of an answer in the terminal
_LABEL = {"failure": "failed", "error": "error", "skip": "skipped", "warning": "warning", "note": "note"}


def headline(verdict: Verdict) -> str:
    """What is wrong, in one line."""
    first, *others = verdict.reasons
    more = f" (and {len(others)} more)" if others else ""
    return one_line(first.message) + more


def story(verdict: Verdict, again: str, style: str = "long") -> str:
    """The headline; below it every finding with the model's line, the numbers, and how to run the cell again.

    style is that of `--tb`: "line" leaves nothing but the headline, "short" leaves out numbers, remarks and files.
    """
    if style == "line":
        return headline(verdict)
    lines = [headline(verdict), ""]
    for finding in sorted(verdict.findings, key=lambda f: list(_LABEL).index(f.severity)):
        lines += _finding(finding)
    lines.append("")
    for asked in () if style == "short" else verdict.asked:
        stage = f" ({asked.stage})" if asked.stage else ""
        if asked.response:
            lines.append(f"  numbers{stage}: {summary(asked.response)}")
            lines += [f"  note{stage}: {one_line(remark)}" for remark in remarks(asked.response)]
        lines += [f"  {one_line(label)}{stage}: {plain(path)}" for label, path in asked.attachments]
    return "\n".join([*lines, f"  again: {again}"])


def complaint(verdict: Verdict, again: str) -> str:
    """What an ERROR says: who is told again is told briefly."""
    first = verdict.reasons[0]
    if first.kind == "repeated":
        return f"{one_line(first.message)}\n  (told in full where it was met first)"
    details = [f"  {line}" for line in plain(first.details).splitlines()]
    partial = verdict.response
    had = [f"  what had come: {len(partial.text) + len(partial.thinking)} characters"] if partial else []
    return "\n".join([one_line(first.message), *details, *had, f"  again: {again}"])


def shared(verdict: Verdict) -> list[str] | None:
    """What other cells meet too, for it is the server's or the model's: the headline, and what it says more."""
    first = verdict.reasons[0]
    if first.kind not in ("server", "model", "repeated"):
        return None
    message = first.message.removeprefix(f"stage {verdict.asked[-1].stage!r}: ")
    return [one_line(message), "\n".join(f"  {line}" for line in plain(first.details).splitlines())]


def warnings(verdict: Verdict) -> list[str]:
    """The findings that do not fail a cell and are to be seen all the same, a line each."""
    found = [finding for finding in verdict.findings if finding.severity == "warning"]
    return [one_line(f"{finding.check}{_place(finding)}: {finding.message}") for finding in found]


def skip_reason(verdict: Verdict) -> str:
    """Why a cell was skipped, and what mends it."""
    first = verdict.reasons[0]
    return one_line(first.message) + (f" ({one_line(first.details)})" if first.details else "")


def sections(verdict: Verdict) -> Iterator[tuple[str, str]]:
    """What was asked and what was answered, to print with a failure: (title, text)."""
    for asked in verdict.asked:
        stage = f" of {asked.stage}" if asked.stage else ""
        yield f"prompt{stage}", _cut(asked.request["messages"][-1]["content"])
        if asked.response and asked.response.thinking:
            yield f"thinking{stage}", _cut(asked.response.thinking)
        if asked.response:
            yield f"answer{stage}", _cut(asked.response.text)


def _finding(finding: Finding) -> Iterator[str]:
    head, *rest = plain(finding.message).splitlines() or [""]
    yield f"  {_LABEL[finding.severity]}: {one_line(finding.check)}{_place(finding)}: {head}"
    yield from (f"      {line}" for line in rest)
    if finding.source:
        number = f"{finding.line:>5} | " if finding.line else "      | "
        for offset, line in enumerate(plain(finding.source).splitlines()):
            yield f"    {number if not offset else '      | '}{line}"
    yield from (f"      {line}" for line in plain(finding.details).splitlines())


def _place(finding: Finding) -> str:
    column = f", column {finding.column}" if finding.line and finding.column else ""
    return f", line {finding.line}{column}" if finding.line else ""


def _cut(text: str) -> str:
    text = plain(text)
    return (
        text
        if len(text) <= MAX_SECTION
        else f"{text[:MAX_SECTION]}\n… and {len(text) - MAX_SECTION} more characters"
    )
