"""What the committed GGUF knows, as a file beside it: each prompt's hash with the hash of its answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from tools.demo_model.data import ROOT, Question, fingerprint

GGUF = ROOT / "modelfiles" / "demo.gguf"
MANIFEST = GGUF.with_suffix(".json")


def write(questions: Sequence[Question], gguf: Path, path: Path = MANIFEST) -> None:
    data = {"gguf": _digest(gguf), "answers": {fingerprint(q.prompt): fingerprint(q.completion) for q in questions}}
    path.write_text(json.dumps(data, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def unknown(questions: Sequence[Question], gguf: Path = GGUF, path: Path = MANIFEST) -> list[str]:
    """One line for each question the committed model does not know, with what to do; none means it knows all."""
    data = json.loads(path.read_text(encoding="utf-8"))
    if data["gguf"] != _digest(gguf):
        return [f"{gguf.name} is not the file that {path.name} speaks of: build both again"]
    return [line for question in questions if (line := _unknown(question, data["answers"]))]


def _unknown(question: Question, known: dict[str, str]) -> str:
    if not question.path.is_file():
        return f"{question.label}: no answer, write {question.path.relative_to(ROOT)}"
    answer = known.get(fingerprint(question.prompt))
    if answer is None:
        return f"{question.label}: the prompt is new"
    return "" if answer == fingerprint(question.completion) else f"{question.label}: the answer has changed"


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
