"""One cell as the report shows it when it is opened: plain data, a tab for each question."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pytest_llm.providers.plain import shallow
from pytest_llm.reports.numbers import measures, remarks
from pytest_llm.reports.samples import tally, title
from pytest_llm.reports.viewer import asking
from pytest_llm.reports.viewer.answer import pieces
from pytest_llm.reports.viewer.brief import VALUE, brief
from pytest_llm.store.line import CellLine
from pytest_llm.store.record import RunRecord
from pytest_llm.verdicts.verdict import Asked, Verdict

PICTURES = frozenset({".png", ".jpg", ".jpeg", ".webp"})
MAX_TABS = 60  # questions of one cell
MAX_PAGE = 4 * 2**20  # bytes of a page
Taken = Callable[[Path], int | None]  # a picture's place among the report's, None where it is not in it

_NUMBERS: tuple[tuple[str, str, str], ...] = (
    ("tokens_per_second", "tokens a second", "rate"),
    ("answer_tokens", "tokens", "count"),
    ("thinking_tokens", "of these thinking", "count"),
    ("first_token_seconds", "first token", "seconds"),
    ("load_seconds", "load", "seconds"),
    ("wall_seconds", "in all", "seconds"),
    ("prompt_tokens", "tokens of the prompt", "count"),
    ("prompt_tokens_per_second", "prompt tokens a second", "rate"),
    ("visible_chars_per_second", "characters a second", "rate"),
)


def details(record: RunRecord, line: CellLine, take: Taken) -> dict[str, Any]:
    """Everything of a cell. take: is given each picture's path, and says where the report has it."""
    folder = record.path.parent
    verdict = Verdict.from_plain(shallow(line), folder)
    confirmed = Verdict.from_plain({**shallow(line), "answers": line.confirmations}, folder)
    tabs = [*_tabs(verdict, line, line.answers, take), *_tabs(confirmed, line, line.confirmations, take, "again")]
    return {
        "tabs": tabs[:MAX_TABS],
        "more": max(0, len(tabs) - MAX_TABS),
        "said": tally(verdict),
        "facts": [
            [brief(name), brief(value, VALUE), *unit]
            for name, value, *unit in _facts(line)
            if value not in ("", None)
        ],
        "checks": [[brief(check.get(name, "")) for name in ("name", "label", "stage")] for check in line.checks],
        "again": shlex.join(["pytest", line.nodeid]),
        "show": shlex.join(["pytest-llm", "show", record.header.run, line.nodeid]),
    }


def earlier(record: RunRecord, line: CellLine, take: Taken) -> dict[str, Any]:
    """What a cell did in an earlier run: as much as is held beside today's, of its pictures the first."""
    asked = Verdict.from_plain(shallow(line), record.path.parent).asked if "request" in _first(line) else ()
    answers = [one.response for one in asked if one.response]
    return {
        "run": record.header.run,
        "outcome": line.outcome,
        "reason": brief(line.reason, VALUE),
        "text": answers[0].text if answers else "",
        "numbers": _numbers(measures(answers[0])) if answers else [],
        "pictures": _files(asked[0], take)["pictures"][:1] if asked else [],
    }


def _first(line: CellLine) -> Mapping[str, Any]:
    answer = line.answers[0] if line.answers else {}
    return answer if "messages" in answer.get("request", {}) else {}


def _tabs(
    verdict: Verdict, line: CellLine, plain: Sequence[Mapping[str, Any]], take: Taken, which: str = ""
) -> Iterator[dict[str, Any]]:
    said = iter(plain)
    for one in verdict.tries:
        for asked in one.asked:
            words = (which, title(verdict, one), asked.stage)
            yield {"title": brief(", ".join(filter(None, words))), **_asked(asked, line.engine, next(said), take)}


def _asked(asked: Asked, engine: str, plain: Mapping[str, Any], take: Taken) -> dict[str, Any]:
    response = asked.response
    left_in, parts = pieces(response.text) if response else ("", [])
    thinking = "\n\n".join(filter(None, (response.thinking if response else "", left_in)))
    return {
        "outcome": asked.outcome,
        "messages": [[brief(m["role"]), m["content"]] for m in asked.request["messages"]],
        "parts": [asdict(part) for part in parts],
        "text": response.text if response else "",
        "answered": response is not None,
        "thinking": thinking,
        "judges": list(_judges(plain)),
        "calls": [str(call) for call in response.tool_calls] if response else [],
        "findings": [{**asdict(finding), "check": brief(finding.check)} for finding in asked.findings],
        "numbers": _numbers(measures(response)) if response else [],
        "finish": brief(response.finish_word or response.finish) if response else "",
        "remarks": [brief(remark, VALUE) for remark in remarks(response)] if response else [],
        "made_by": list(_made_by(plain)),
        "request": asking.as_json(asking.body(engine, plain)),
        "curl": asking.curl(engine, plain),
        **_files(asked, take),
    }


def _judges(plain: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The votes of the models that graded the answer: (grade, reason), or (why there is none, "")."""
    for judge in plain.get("judged") or ():
        said = [_vote(vote) for vote in judge.get("votes") or ()]
        yield {"model": brief(judge.get("model", "")), "said": said}


def _vote(vote: Mapping[str, Any]) -> list[str]:
    if vote.get("error"):
        return ["no verdict", brief(vote["error"], VALUE)]
    return [brief(vote.get("grade", "")), brief(vote.get("reason", ""), VALUE)]


def _numbers(measured: Mapping[str, float | int | None]) -> list[list[Any]]:
    """(name, value, what it is a number of), of those that were measured."""
    return [[label, measured[name], unit] for name, label, unit in _NUMBERS if measured[name]]


def _made_by(plain: Mapping[str, Any]) -> Iterator[list[str]]:
    prints = plain.get("fingerprint") or {}
    known = {"server": plain.get("server"), "version": plain.get("version"), "model": plain.get("model")}
    known |= {"digest": plain.get("digest"), "context": plain.get("context_length"), "stored": plain.get("stored")}
    for name, value in {**known, **prints.get("answers", {}), **prints.get("speed", {})}.items():
        if value not in ("", None):
            yield [brief(name), brief(value, VALUE)]


def _facts(line: CellLine) -> Iterator[tuple[Any, ...]]:
    """(name, value), and what it is where the page has a form of its own for that."""
    yield from (("file", f"{line.file}:{line.line}"), ("model", line.model), ("engine", line.engine))
    yield from (("think", line.think), ("row", line.row), ("seed", line.seed), ("temperature", line.temperature))
    yield from ((name, str(value)) for name, value in {**line.axes, **line.options}.items())
    yield from (
        ("markers", ", ".join(line.markers)),
        ("began", line.started, "moment"),
        ("took", f"{line.seconds:.1f} s"),
    )


def _files(asked: Asked, take: Taken) -> dict[str, Any]:
    """Its pictures by their place, its page as text, and where the other files are."""
    found: dict[str, Any] = {"pictures": [], "page": None, "files": []}
    for label, name in asked.attachments:
        path = Path(name)
        if path.suffix in PICTURES and (place := take(path)) is not None:
            found["pictures"].append([brief(label), place])
        elif path.suffix == ".html" and found["page"] is None and (page := _page(path)) is not None:
            found["page"] = page
        else:
            found["files"].append([brief(label), brief(name, VALUE)])
    return found


def _page(path: Path) -> str | None:
    try:
        return path.read_text("utf-8", errors="replace") if path.stat().st_size <= MAX_PAGE else None
    except OSError:
        return None
