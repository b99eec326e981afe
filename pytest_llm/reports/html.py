"""Extras for pytest-html: prompt, answer, findings and pictures of a cell, everything escaped."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from html import escape
from os.path import relpath
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pytest_llm.checks.base import Finding
from pytest_llm.reports.numbers import remarks, summary, typical
from pytest_llm.reports.plain import visible
from pytest_llm.reports.samples import shown, tally, title
from pytest_llm.verdicts.verdict import Try, Verdict

PICTURES = {".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp"}
MAX_SAMPLES = 50  # of a cell
MAX_PICTURE = 512 * 1024  # bytes: hundreds of cells stay a file that can be mailed
MAX_FILE = 512 * 1024  # bytes of a page or another file that is put into the report
_CELL = "color:#222;overflow-wrap:anywhere"
# The page runs when somebody asks for it, in a frame that may run scripts and nothing else: no origin, no network.
_POLICY = "default-src 'unsafe-inline' 'unsafe-eval' data: blob:"
_RUN = (
    "const f=document.createElement('iframe');f.sandbox='allow-scripts';f.srcdoc=this.dataset.page;"
    "f.style='width:100%;height:600px;border:1px solid #999;background:#fff';this.replaceWith(f)"
)
_WRITTEN = "white-space:pre-wrap;overflow-wrap:anywhere;max-height:40em;overflow:auto"
_HEAD = "<tr><th></th><th>check</th><th class='llm-short'>line</th><th>finding</th><th>the model's line</th></tr>"


def extras(verdict: Verdict, report: Path | None = None) -> Iterator[dict[str, Any]]:
    """The HTML of a cell, then its pictures. What a model wrote appears as text only.

    report: the file of the report, where files may be linked from it; None where it must hold them itself.
    """
    page = _page(verdict, report)
    yield {"name": None, "format_type": "html", "content": page, "mime_type": None, "extension": None}
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


def named(cells: list[str], node_id: str) -> list[str]:
    """The cells of a row of pytest-html, which writes the node id as it is: a file's name may be markup."""
    raw, shown = f'<td class="col-testId">{node_id}', f'<td class="col-testId">{_text(node_id)}'
    return [cell.replace(raw, shown, 1) for cell in cells]


def _page(verdict: Verdict, report: Path | None) -> str:
    word = f"{verdict.outcome}, escalated" if verdict.escalated else verdict.outcome
    parts = [f"<p><b>{_text(word)}</b></p>"]
    parts += [f"<p>{_text(line)}</p>" for line in [*tally(verdict), *filter(None, [typical(verdict)])]]
    telling = shown(verdict, 1)
    for one in shown(verdict, MAX_SAMPLES):
        name, body = title(verdict, one), "".join(_try(one, report))
        opened = " open" if one in telling else ""
        summary = f"<summary>{_text(f'{name}: {one.outcome}')}</summary>"
        parts.append(f"<details{opened}>{summary}{body}</details>" if name else body)
    if (left := len(verdict.tries) - MAX_SAMPLES) > 0:
        parts.append(f"<p>and {left} more: <code>pytest-llm show</code></p>")
    return f"<div class='llm-cell' style='{_CELL}'>{''.join(parts)}</div>"


def _try(one: Try, report: Path | None) -> list[str]:
    parts: list[str] = []
    for asked in one.asked:
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
        parts += [_file(label, Path(path), report) for label, path in asked.attachments]
    return parts


def _file(label: str, path: Path, report: Path | None) -> str:
    """A way to look at a file: a page in a frame, another file by a link that leads there or holds it."""
    shown = f"{_text(label)}: <code>{_text(str(path))}</code>"
    small = path.is_file() and path.stat().st_size <= MAX_FILE
    if small and path.suffix == ".html":
        document = f'<!doctype html><meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        document += path.read_text("utf-8", errors="replace").replace("\0", "\ufffd")
        page = escape(document, quote=True)
        return f'<p>{shown} <button type=\'button\' data-page="{page}" onclick="{_RUN}">show the page</button></p>'
    if path.suffix == ".html" or path.suffix in PICTURES:
        return f"<p>{shown}</p>"  # a page is not opened outside of its frame; pictures stand below
    if report is None and small:
        data = b64encode(path.read_bytes()).decode()
        name = escape(path.name, quote=True)
        link = f"data:application/octet-stream;base64,{data}"
        return f'<p>{_text(label)}: <a download="{name}" href="{link}">{_text(path.name)}</a></p>'
    if report is None or not path.is_file():
        return f"<p>{shown}</p>"
    link = escape(quote(relpath(path, report.parent)), quote=True)
    return f'<p>{_text(label)}: <a href="{link}">{_text(path.name)}</a></p>'


def _row(finding: Finding) -> str:
    place = f"{finding.line}:{finding.column}" if finding.line and finding.column else finding.line or ""
    more = _written(finding.details) if finding.details else ""
    source = f"<code style='{_WRITTEN}'>{_text(finding.source)}</code>"
    return (
        f"<tr><td class='llm-short'>{_text(finding.severity)}</td><td>{_text(finding.check)}</td>"
        f"<td class='llm-short'>{place}</td>"
        f"<td>{_text(finding.message)}{more}</td><td>{source}</td></tr>"
    )


def _fold(title: str, text: str, *, opened: bool = False) -> str:
    state = " open" if opened else ""
    return f"<details{state}><summary>{_text(title)}</summary>{_written(text)}</details>"


def _written(text: str) -> str:
    return f"<pre style='{_WRITTEN}'>{_text(text)}</pre>"


def _text(text: str) -> str:
    return escape(visible(text), quote=True)
