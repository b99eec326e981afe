"""What the model says, and how its tokens become lines: stop words, thinking tags, limits."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

OPEN_TAG, CLOSE_TAG = ("<", "think", ">", "\n"), ("</", "think", ">", "\n", "\n")
_PIECES = re.compile(r"\s*\w+|\s*[^\w\s]+|\s+", re.DOTALL)


def pieces(text: str | Sequence[str]) -> tuple[str, ...]:
    """Text in pieces of about a token each; a list of pieces stays as it is."""
    return tuple(_PIECES.findall(text)) if isinstance(text, str) else tuple(text)


@dataclass(frozen=True)
class Script:
    """One answer of the model.

    content, thinking: text, or the tokens themselves. Whether the thinking is spoken, split off or left in the
    content depends on the model, the request and the version.
    done_reason: instead of the one that follows from the request; "" leaves it out.
    usage: numbers of the final line to replace (None leaves one out), such as {"eval_count": 1}.
    seconds: the time that the whole answer takes, instead of the server's time for each token.
    verbatim: the tokens as they are, whatever is asked: no tags added, no schema obeyed.
    """

    content: str | Sequence[str] = ""
    thinking: str | Sequence[str] = ""
    done_reason: str | None = None
    usage: Mapping[str, int | None] = field(default_factory=dict)
    seconds: float | None = None
    verbatim: bool = False
    tool_calls: Sequence[Mapping[str, Any]] = ()

    def tokens(self, *, think: bool) -> tuple[str, ...]:
        """What the model writes, its thinking between tags first."""
        thought = pieces(self.thinking)
        if self.verbatim or not think or not thought:
            return pieces(self.content)
        return (*OPEN_TAG, *thought, *CLOSE_TAG, *pieces(self.content))

    def constrained(self, schema: Any) -> tuple[str, ...]:
        """What the model writes under a grammar: its content where that is JSON, else an example of the schema."""
        written = pieces(self.content)
        if self.verbatim or _is_json("".join(written)):
            return written
        return pieces(json.dumps(example(schema) if isinstance(schema, dict) else {}))


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def example(schema: Mapping[str, Any]) -> Any:
    """A value that a plain schema accepts."""
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    if schema.get("enum"):
        return schema["enum"][0]
    for key in ("anyOf", "oneOf", "allOf"):
        if schema.get(key):
            return example(schema[key][0])
    kind = schema.get("type", "object" if "properties" in schema else "string")
    match kind[0] if isinstance(kind, list) else kind:
        case "object":
            known = schema.get("properties", {})
            return {name: example(known.get(name, {})) for name in schema.get("required", known)}
        case "array":
            return [example(schema.get("items", {}))] * max(int(schema.get("minItems", 1)), 1)
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
        case "null":
            return None
        case _:
            return "text".ljust(int(schema.get("minLength", 0)), "x")


def unusable(schema: Any) -> Any:
    """The first part of a schema that names no known type; None where all is well."""
    if not isinstance(schema, dict):
        return None
    kinds = {"object", "array", "string", "number", "integer", "boolean", "null"}
    kind = schema.get("type", "object")
    if not (isinstance(kind, list) or kind in kinds):
        return schema
    inner = [*schema.get("properties", {}).values(), schema.get("items")]
    return next((bad for part in inner if (bad := unusable(part)) is not None), None)


@dataclass
class Step:
    """One token: `text` is what may be sent now, None while it could still be the start of a stop word."""

    token: str
    text: str | None


@dataclass
class Sampler:
    """Runs tokens through the stop words and the limit of tokens; `count` and `reason` are right at the end."""

    stops: Sequence[str]
    limit: int | None
    count: int = 0
    reason: str = "stop"

    def run(self, tokens: Sequence[str]) -> Iterator[Step]:
        held = ""
        for token in tokens:
            if self.limit is not None and self.count >= self.limit:
                self.reason = "length"
                break
            self.count += 1
            held += token
            found = min((held.find(stop) for stop in self.stops if stop in held), default=-1)
            if found >= 0:
                yield Step(token, held[:found])
                return
            if any(_overlap(held, stop) for stop in self.stops):
                yield Step(token, None)
                continue
            yield Step(token, held)
            held = ""
        else:
            if self.limit is not None and self.count >= self.limit:
                self.reason = "length"
            else:
                self.count += 1  # the token that ends the turn
        if held:
            yield Step("", held)


def _overlap(text: str, word: str) -> int:
    """How many characters at the end of `text` begin `word`."""
    return next((size for size in range(min(len(word) - 1, len(text)), 0, -1) if text.endswith(word[:size])), 0)


@dataclass
class ThinkParser:
    """Splits a stream into thinking and content, as it arrives."""

    state: str = "before"
    held: str = ""

    def feed(self, text: str) -> tuple[str, str]:
        """(thinking, content) that this text completes; both empty while a tag or white space is swallowed."""
        self.held += text
        thinking = ""
        if self.state == "before":
            start = self.held.lstrip()
            if not start or "<think>".startswith(start):
                return "", ""
            if not start.startswith("<think>"):
                self.state = "content"
                return "", self._take(self.held)
            self.state, self.held = "opened", start.removeprefix("<think>")
        if self.state in ("opened", "thinking"):
            thinking = self._thinking()
        if self.state == "closed":
            self.held = self.held.lstrip()
            if self.held:
                self.state = "content"
        content = self._take(self.held) if self.state == "content" else ""
        return thinking, content

    def _thinking(self) -> str:
        if self.state == "opened":
            self.held = self.held.lstrip()
            if not self.held:
                return ""
            self.state = "thinking"
        thought, tag, rest = self.held.partition("</think>")
        if tag:
            self.state, self.held = "closed", rest
            return thought
        cut = len(thought) - _overlap(thought, "</think>")
        self.held = thought[cut:]
        return thought[:cut]

    def _take(self, text: str) -> str:
        self.held = ""
        return text

    def rest(self) -> tuple[str, str]:
        """What was still held back at the end."""
        held = self._take(self.held)
        return (held, "") if self.state == "thinking" else ("", held)
