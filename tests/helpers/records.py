"""Records of runs that never were, for what reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_llm.store.line import CellLine, End, Header, to_line
from pytest_llm.store.record import RunRecord
from pytest_llm.store.runs import FILE

RUN = "20260101-000000-1aa"


def finding(message: str, severity: str = "failure", check: str = "compile", **more: Any) -> dict[str, Any]:
    return {"check": check, "message": message, "severity": severity, **more}


def answer(text: str = "hello", **more: Any) -> dict[str, Any]:
    """One entry of a cell's `answers`, as a run writes it."""
    numbers = {"prompt_tokens": 9, "answer_tokens": 100, "answer_seconds": 2.0, "load_seconds": 0.5}
    request = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "think": False, "options": {}}
    whole = {
        "stage": "",
        "sample": 0,
        "attempt": 1,
        "outcome": "failed" if more.get("findings") else "passed",
        "request": request,
        "text": text,
        "thinking": "",
        "finish": "stop",
        "model": "m:built",
        "digest": "abc",
        "server": "http://127.0.0.1:11434",
        "version": "0.33.0",
        "tool_calls": [],
        "notes": [],
        "retries": [],
        "fingerprint": {"answers": {"server": "ollama", "version": "0.33.0"}, "speed": {"slots": 1}},
        "numbers": {**numbers, "first_token": 0.7, "wall": 3.0, "rate": 50.0},
        "findings": [],
        "files": [],
    }
    return {**whole, **more}


def cell(
    case: str = "a", model: str = "m", think: str = "off", answers: Sequence[Any] | None = None, **more: Any
) -> CellLine:
    """A cell of one answer; it failed where the answer has a finding."""
    asked = (answer(),) if answers is None else tuple(answers)
    found = any(one.get("findings") for one in asked)
    outcome = str(more.get("outcome", "failed" if found else "passed"))
    reason = next((f["message"] for one in asked for f in one.get("findings", ())), "")
    given: dict[str, Any] = {
        "nodeid": f"cases/{case}.prompt.yaml::{case}[{model}-think-{think}]",
        "outcome": outcome,
        "reported": outcome,
        "reason": reason,
        "case": case,
        "file": f"cases/{case}.prompt.yaml",
        "line": 1,
        "model": model,
        "engine": "ollama",
        "think": think,
        "markers": ("backend",),
        "outcomes": (outcome,),
        "started": "2026-01-01T00:00:01.000+00:00",
        "seconds": 3.5,
        "answers": asked,
    }
    return CellLine(**{**given, **more})


def record(*lines: CellLine, path: Path = Path("run/cells.jsonl"), run: str = RUN, **header: Any) -> RunRecord:
    """A finished run of these cells."""
    names = tuple(line.nodeid for line in lines)
    files = tuple(dict.fromkeys(line.file for line in lines))
    given: Mapping[str, Any] = {
        "started": "2026-01-01T00:00:00.000+00:00",
        "cells": names,
        "files": files,
        **header,
    }
    return RunRecord.of(path, Header(run, **given), lines, End(True, 0, {}, "2026-01-01T00:01:00.000+00:00"))


def kept(root: Path, run: str, *lines: CellLine, **header: Any) -> RunRecord:
    """The same, written where a project keeps its runs."""
    path = root / ".pytest_llm" / "runs" / run / FILE
    path.parent.mkdir(parents=True)
    made = record(*lines, path=path, run=run, **header)
    assert made.end
    told: tuple[Header | CellLine | End, ...] = (made.header, *lines, made.end)
    path.write_text("".join(map(to_line, told)), "ascii")
    return made
