"""Extras for pytest-html: prompt, answer, findings and pictures of a cell, everything escaped."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

from pytest_llm.checks.base import Finding
from pytest_llm.reports.numbers import remarks, summary
from pytest_llm.reports.plain import visible
from pytest_llm.verdicts.verdict import Verdict

PICTURES = {".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp"}
MAX_PICTURE = 512 * 1024  # bytes: hundreds of cells stay a file that can be mailed
_CELL = "color:#222"
_WRITTEN = "white-space:pre-wrap;overflow-wrap:anywhere;max-height:40em;overflow:auto"
_HEAD = "<tr><th></th><th>check</th><th>line</th><th>finding</th><th>the model's line</th></tr>"


def extras(verdict: Verdict) -> Iterator[dict[str, Any]]:
    """The HTML of a cell, then its pictures. What a model wrote appears as text only."""
    yield {"name": None, "format_type": "html", "content": _page(verdict), "mime_type": None, "extension": None}
    for label, file in (pair for asked in verdict.asked for pair in asked.attachments):
        path = Path(file)
        if (kind := PICTURES.get(path.suffix)) and path.is_file() and path.stat().st_size <= MAX_PICTURE:
            picture = b64encode(path.read_bytes()).decode()
            extension = path.suffix.removeprefix(".")
            yield {
                "name": visible(label),
                "format_type": "image",
                "content": picture,
                "mime_type": kind,
                "extension": extension,
            }


def _page(verdict: Verdict) -> str:
    parts = [f"<p><b>{_text(verdict.outcome)}</b></p>"]
    for asked in verdict.asked:
        if asked.stage:
            parts.append(f"<h3>{_text(asked.stage)}</h3>")
        if asked.findings:
            parts.append(f"<table>{_HEAD}{''.join(_row(finding) for finding in asked.findings)}</table>")
        parts += [_fold(f"prompt ({m['role']})", m["content"]) for m in asked.request["messages"]]
        if asked.response:
            if asked.response.thinking:
                parts.append(_fold("thinking", asked.response.thinking))
            parts.append(_fold("answer", asked.response.text, opened=True))
            parts.append(f"<p>{_text(summary(asked.response))}</p>")
            parts += [f"<p>{_text(remark)}</p>" for remark in remarks(asked.response)]
        parts += [f"<p>{_text(label)}: <code>{_text(path)}</code></p>" for label, path in asked.attachments]
    return f"<div class='llm-cell' style='{_CELL}'>{''.join(parts)}</div>"


def _row(finding: Finding) -> str:
    place = f"{finding.line}:{finding.column}" if finding.line and finding.column else finding.line or ""
    more = _written(finding.details) if finding.details else ""
    source = f"<code style='{_WRITTEN}'>{_text(finding.source)}</code>"
    return (
        f"<tr><td>{_text(finding.severity)}</td><td>{_text(finding.check)}</td><td>{place}</td>"
        f"<td>{_text(finding.message)}{more}</td><td>{source}</td></tr>"
    )


def _fold(title: str, text: str, *, opened: bool = False) -> str:
    state = " open" if opened else ""
    return f"<details{state}><summary>{_text(title)}</summary>{_written(text)}</details>"


def _written(text: str) -> str:
    return f"<pre style='{_WRITTEN}'>{_text(text)}</pre>"


def _text(text: str) -> str:
    return escape(visible(text), quote=True)
