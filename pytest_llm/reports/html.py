"""Extras for pytest-html: prompt, answer and findings of a cell, everything escaped."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from pytest_llm.reports.numbers import remarks, summary
from pytest_llm.verdict import Verdict


def extras(verdict: Verdict) -> Iterator[dict[str, Any]]:
    """One HTML extra for a cell. What a model wrote appears as text only."""
    yield {"name": None, "format_type": "html", "content": _page(verdict), "mime_type": None, "extension": None}


def _page(verdict: Verdict) -> str:
    parts = [f"<p><b>{_text(verdict.outcome)}</b></p>"]
    for asked in verdict.asked:
        if asked.stage:
            parts.append(f"<h3>{_text(asked.stage)}</h3>")
        rows = "".join(
            f"<tr><td>{_text(f.severity)}</td><td>{_text(f.check)}</td><td>{f.line or ''}</td>"
            f"<td>{_text(f.message)}</td><td><code>{_text(f.source)}</code></td></tr>"
            for f in asked.findings
        )
        if rows:
            head = "<tr><th></th><th>check</th><th>line</th><th>finding</th><th>the model's line</th></tr>"
            parts.append(f"<table>{head}{rows}</table>")
        parts += [_fold(f"prompt ({m['role']})", m["content"]) for m in asked.request["messages"]]
        if asked.response:
            if asked.response.thinking:
                parts.append(_fold("thinking", asked.response.thinking))
            parts.append(_fold("answer", asked.response.text, opened=True))
            parts.append(f"<p>{_text(summary(asked.response))}</p>")
            parts += [f"<p>{_text(remark)}</p>" for remark in remarks(asked.response)]
    return f"<div class='llm-cell'>{''.join(parts)}</div>"


def _fold(title: str, text: str, *, opened: bool = False) -> str:
    state = " open" if opened else ""
    return f"<details{state}><summary>{_text(title)}</summary><pre>{_text(text)}</pre></details>"


def _text(text: str) -> str:
    return escape(text, quote=True)
