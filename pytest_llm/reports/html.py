"""Extras for pytest-html: prompt, answer, findings and pictures of a cell, everything escaped."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

from pytest_llm.reports.numbers import remarks, summary
from pytest_llm.verdict import Verdict

PICTURES = {".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp"}
MAX_PICTURE = 512 * 1024


def extras(verdict: Verdict) -> Iterator[dict[str, Any]]:
    """The HTML of a cell, then its pictures. What a model wrote appears as text only."""
    yield {"name": None, "format_type": "html", "content": _page(verdict), "mime_type": None, "extension": None}
    for label, file in (pair for asked in verdict.asked for pair in asked.attachments):
        path = Path(file)
        if (kind := PICTURES.get(path.suffix)) and path.is_file() and path.stat().st_size <= MAX_PICTURE:
            picture = b64encode(path.read_bytes()).decode()
            extension = path.suffix.removeprefix(".")
            yield {
                "name": label,
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
        parts += [f"<p>{_text(label)}: <code>{_text(path)}</code></p>" for label, path in asked.attachments]
    return f"<div class='llm-cell'>{''.join(parts)}</div>"


def _fold(title: str, text: str, *, opened: bool = False) -> str:
    state = " open" if opened else ""
    return f"<details{state}><summary>{_text(title)}</summary><pre>{_text(text)}</pre></details>"


def _text(text: str) -> str:
    return escape(text, quote=True)
