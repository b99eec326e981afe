"""Models that fail, each in its own way."""

from __future__ import annotations

from collections.abc import Iterable

from tests.fake_ollama import FakeOllama
from tests.fake_ollama.script import Script

# What a model that always fails in one way does to each of its cells.
OUTCOMES = {
    "error": (
        *("unknown-model", "not-chat", "load-crash", "load-start", "load-oom", "gpu-only", "incompatible"),
        *("unauthorized", "too-many-requests", "bad-gateway", "queue-full"),
        *("runner-stopped", "runner-died", "cuda-error", "runner-loading", "no-slots", "runner-gone", "nested"),
        *("parser", "no-done", "empty-body", "truncated", "reset", "bad-chunk", "html-line"),
    ),
    "failed": ("empty", "only-thinking", "repeats", "trimmed", "loops", "loops-told"),
    "passed": ("slow-load", "no-metrics", "think-in-content"),
}
ONCE = ("runner-stopped", "cuda-error", "no-done", "empty-body", "truncated", "reset", "bad-chunk", "queue-full")


def equip(server: FakeOllama, copies: int = 1, without: Iterable[str] = ()) -> dict[str, str]:
    """Put them on a server, with `copies` of those that recover; the outcome of a cell of each."""
    always = {name: outcome for outcome, names in OUTCOMES.items() for name in names if name not in without}
    once = {f"once-{name}-{number}": name for name in ONCE for number in range(copies)}
    healthy = {f"healthy-{number}": "passed" for number in range(copies)}
    expected = {**always, **dict.fromkeys(once, "passed"), **healthy}
    for name in expected:
        server.add_model(name, capabilities=("completion", "thinking"))
    for name in always:
        server.fault(name, times=None, model=name, seconds=1)
    for model, name in once.items():
        server.fault(name, times=1, model=model)
    server.answer("", Script("hello to all who are here", "They want a greeting."))
    return expected
