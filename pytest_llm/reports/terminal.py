"""A verdict in words, for the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_llm.checks.base import Finding
from pytest_llm.reports import samples
from pytest_llm.reports.excerpt import excerpt
from pytest_llm.reports.numbers import remarks, summary, typical
from pytest_llm.reports.plain import one_line, plain
from pytest_llm.reports.samples import count, shown, tally, title
from pytest_llm.verdicts.verdict import Asked, Try, Verdict

MAX_SAMPLES = 3  # of a cell that are shown in the terminal
MAX_SECTION = 2000  # characters of an answer in the terminal, below the lines around each finding
_LABEL = {"failure": "failed", "error": "error", "skip": "skipped", "warning": "warning", "note": "note"}


def headline(verdict: Verdict) -> str:
    """What is wrong, in one line."""
    first, *others = verdict.reasons
    more = f" (and {len(others)} more)" if others else ""
    counted = count(verdict)
    return (f"{counted}: " if counted else "") + one_line(first.message) + more


def story(verdict: Verdict, again: str, style: str = "long", kept: str = "") -> str:
    """The headline; below it every finding with the lines around it, the numbers, and how to run the cell again.

    style is that of `--tb`: "line" leaves nothing but the headline, "short" leaves out numbers, remarks and files.
    kept: the command that shows the whole of it, "" where nothing is kept.
    """
    if style == "line":
        return headline(verdict)
    whole = [f"  whole: {kept}"] if kept else []
    told = details(verdict, style, MAX_SAMPLES)
    below = told[1:] if count(verdict) and told[0].strip() == count(verdict) else told  # the headline says it
    return "\n".join([headline(verdict), "", *below, *whole, f"  again: {again}"])


def details(verdict: Verdict, style: str = "long", most: int | None = None) -> list[str]:
    """Every finding with the lines around it, then numbers, remarks and files; of each sample that is shown.

    most: so many samples are shown, None for all.
    """
    tries = shown(verdict, most)
    above = [f"  {line}" for line in [*tally(verdict), *filter(None, [typical(verdict)])]]
    lines = [*above, ""] if above else []
    for one in tries:
        name = title(verdict, one)
        lines += [f"  {name}: {one.outcome}"] if name else []
        lines += [*_try(one, style), *([""] if one is not tries[-1] else [])]
    left = len(verdict.tries) - len(tries)
    return [*lines, *([f"  and {left} more sample{'s' if left > 1 else ''}"] if left else [])]


def _try(one: Try, style: str) -> list[str]:
    found = [(finding, asked.response) for asked in one.asked for finding in asked.findings]
    lines: list[str] = []
    for finding, response in sorted(found, key=lambda pair: list(_LABEL).index(pair[0].severity)):
        lines += _finding(finding, response.text if response else "")
    lines.append("")
    for asked in () if style == "short" else one.asked:
        stage = f" ({asked.stage})" if asked.stage else ""
        if asked.response:
            lines.append(f"  numbers{stage}: {summary(asked.response)}")
            lines += [f"  note{stage}: {one_line(remark)}" for remark in remarks(asked.response)]
        lines += [f"  {one_line(label)}{stage}: {plain(path)}" for label, path in asked.attachments]
    return lines


def complaint(verdict: Verdict, again: str) -> str:
    """What an ERROR says: who is told again is told briefly."""
    first = verdict.reasons[0]
    if first.kind == "repeated":
        return f"{one_line(first.message)}\n  (told in full where it was met first)"
    details = [f"  {line}" for line in plain(first.details).splitlines()]
    partial = verdict.response
    had = [f"  what had come: {len(partial.text) + len(partial.thinking)} characters"] if partial else []
    counted = [f"  {line}" for line in tally(verdict)[:1]]
    return "\n".join([one_line(first.message), *details, *counted, *had, f"  again: {again}"])


def shared(verdict: Verdict) -> list[str] | None:
    """What other cells meet too, for it is the server's or the model's: the headline, and what it says more."""
    first = verdict.reasons[0]
    if first.kind not in ("server", "model", "repeated"):
        return None
    stage = next(asked.stage for asked in verdict.asked if first in asked.findings)
    message = first.message.removeprefix(f"stage {stage!r}: ")
    return [one_line(message), "\n".join(f"  {line}" for line in plain(first.details).splitlines())]


def warnings(verdict: Verdict) -> list[str]:
    """The findings that do not fail a cell and are to be seen all the same, a line each."""
    found = [finding for finding in verdict.findings if finding.severity == "warning"]
    told = [one_line(f"{finding.check}{_place(finding)}: {finding.message}") for finding in found]
    return list(dict.fromkeys([*samples.warnings(verdict), *told]))


def skip_reason(verdict: Verdict) -> str:
    """Why a cell was skipped, and what mends it."""
    first = verdict.reasons[0]
    return one_line(first.message) + (f" ({one_line(first.details)})" if first.details else "")


def sections(verdict: Verdict, kept: str = "", *, whole: bool = False) -> Iterator[tuple[str, str]]:
    """What was asked and what was answered, to print with a failure: (title, text).

    kept: the command that shows what is cut off here. whole: nothing is cut off, as with `-vv`.
    """
    if above := tally(verdict):
        yield "samples", "\n".join([*above, *filter(None, [typical(verdict)])])
    for which, asked in _questions(verdict, None if whole else MAX_SAMPLES):
        parts = {"prompt": asked.request["messages"][-1]["content"]}
        if asked.response and asked.response.thinking:
            parts["thinking"] = asked.response.thinking
        if asked.response:
            parts["answer"] = asked.response.text
        for part, text in parts.items():
            yield f"{part}{which}", plain(text) if whole else _cut(text, kept)


def _questions(verdict: Verdict, most: int | None = None) -> Iterator[tuple[str, Asked]]:
    """The questions of the samples that are shown, each with which one it is: ` of sample 2, seed 2, draw`."""
    for one in shown(verdict, most):
        for asked in one.asked:
            names = [name for name in (title(verdict, one), one_line(asked.stage)) if name]
            yield (f" of {', '.join(names)}" if names else ""), asked


def every_word(verdict: Verdict) -> Iterator[str]:
    """All messages, thinking and answers, whole, then what was found: the lines of `pytest-llm show`."""
    for which, asked in _questions(verdict):
        parts = [(one_line(m["role"]), m["content"]) for m in asked.request["messages"]]
        if asked.response:
            parts += [("thinking", asked.response.thinking)] if asked.response.thinking else []
            parts.append(("answer", asked.response.text))
        for part, text in parts:
            yield from (f"--- {part}{which} ---", plain(text).rstrip("\n"), "")
    yield from details(verdict)


def _finding(finding: Finding, answer: str) -> Iterator[str]:
    head, *rest = plain(finding.message).splitlines() or [""]
    yield f"  {_LABEL[finding.severity]}: {one_line(finding.check)}{_place(finding)}: {head}"
    yield from (f"      {line}" for line in rest)
    yield from excerpt(finding, answer)
    yield from (f"      {line}" for line in plain(finding.details).splitlines())


def _place(finding: Finding) -> str:
    column = f", column {finding.column}" if finding.line and finding.column else ""
    return f", line {finding.line}{column}" if finding.line else ""


def _cut(text: str, kept: str) -> str:
    if len(text) <= MAX_SECTION:
        return plain(text)
    return (
        f"{plain(text[:MAX_SECTION])}\n… and {len(text) - MAX_SECTION} more characters: {kept or '-vv shows them'}"
    )
