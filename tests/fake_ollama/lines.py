"""The shapes of an answer's lines."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.fake_ollama.admit import Kind

Line = dict[str, Any]


@dataclass
class Guard:
    """Ends an answer where one piece comes again and again, `most` times. None: it does not."""

    most: int | None
    last: str = ""
    count: int = 0

    def trips(self, line: Line) -> bool:
        piece = str(line["response"] if "response" in line else line["message"]["content"]).strip()
        piece = piece or str(line.get("thinking") or line.get("message", {}).get("thinking", "")).strip()
        self.count = self.count + 1 if piece == self.last else 0
        self.last = piece
        return self.most is not None and self.count > self.most


def nothing(kind: Kind) -> Line:
    """What `stream: false` gives where not one line came."""
    text: Line = {"message": {"role": "", "content": ""}} if kind == "chat" else {"response": ""}
    return {"model": "", "created_at": "0001-01-01T00:00:00Z", **text, "done": False}


def fold(lines: list[Line]) -> Line:
    """All lines as the one object of `stream: false`; without a final line it says `done: false`."""
    last = dict(lines[-1])
    logprobs = [item for line in lines for item in line.pop("logprobs", ())]
    if "message" in last:
        messages = [line["message"] for line in lines]
        whole = {"role": "assistant", "content": "".join(message["content"] for message in messages)}
        if thinking := "".join(message.get("thinking", "") for message in messages):
            whole["thinking"] = thinking
        calls = [call for message in messages for call in message.get("tool_calls", ())]
        last["message"] = {**whole, **({"tool_calls": calls} if calls else {})}
    else:
        last = _folded_response(last, lines)
    if logprobs:
        last = _before(last, "total_duration", "logprobs", logprobs)
    return last


def _folded_response(last: Line, lines: list[Line]) -> Line:
    text = "".join(line["response"] for line in lines)
    thinking = "".join(line.get("thinking", "") for line in lines)
    last["response"] = text
    last.pop("thinking", None)
    return _before(last, "done", "thinking", thinking) if thinking else last


def _before(line: Line, place: str, name: str, value: Any) -> Line:
    result: Line = {}
    for key, item in line.items():
        if key == place:
            result[name] = value
        result[key] = item
    return result if name in result else {**result, name: value}


def text_of(kind: Kind, content: str, thinking: str) -> Line:
    extra = {"thinking": thinking} if thinking else {}
    if kind == "generate":
        return {"response": content, **extra}
    return {"message": {"role": "assistant", "content": content, **extra}}


def logprob(token: str, value: float) -> Line:
    return {"token": token, "logprob": value, **({"bytes": list(token.encode())} if token else {})}


def limit_of(options: Mapping[str, Any]) -> int | None:
    limit = int(options.get("num_predict", -1))
    return limit if limit > 0 else None


def nanoseconds(seconds: float) -> int:
    return int(seconds * 1e9)


def context_of(prompt: str, count: int) -> list[int]:
    """Token numbers, made up but the same for the same prompt."""
    seed = zlib.crc32(prompt.encode("utf-8", "replace"))
    return [(seed >> (number % 16)) % 30_000 + number for number in range(count)]
