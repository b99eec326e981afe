"""A verdict without the keys that a server, or the model, may have sent back: made before anything shows it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pytest_llm.providers.wire.secrets import cleaned, without
from pytest_llm.verdicts.verdict import Verdict

_TEXTS = frozenset({".css", ".html", ".js", ".json", ".md", ".svg", ".txt"})


def redacted(verdict: Verdict, hidden: Sequence[str]) -> Verdict:
    """The verdict with each of these words hidden wherever it stands, in the files that checks made too."""
    if not hidden:
        return verdict
    plain = verdict.to_plain()
    shown = without(plain, hidden)
    for _, name in (pair for asked in verdict.asked for pair in asked.attachments):
        _rewrite(Path(name), hidden)
    return verdict if shown == plain else Verdict.from_plain(shown)


def _rewrite(path: Path, hidden: Sequence[str]) -> None:
    if path.suffix not in _TEXTS or not path.is_file():
        return
    text = path.read_text(encoding="utf-8", errors="surrogateescape")
    if (shown := cleaned(text, hidden)) != text:
        path.write_text(shown, encoding="utf-8", errors="surrogateescape")
