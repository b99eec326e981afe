"""`/v1`: the OpenAI view that Ollama gives of its own chat."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.fake_ollama import gojson
from tests.fake_ollama.errors import ApiError
from tests.fake_ollama.gojson import BOOL, FLOAT, INT, LIST, MAP, RAW, STRING, Struct
from tests.fake_ollama.profiles import Profile

COMPLETION = Struct(
    "ChatCompletionRequest",
    {
        "model": STRING,
        "messages": LIST,
        "stream": BOOL,
        "stream_options": MAP,
        "max_tokens": INT,
        "seed": INT,
        "stop": RAW,
        "temperature": FLOAT,
        "top_p": FLOAT,
        "frequency_penalty": FLOAT,
        "presence_penalty": FLOAT,
        "response_format": MAP,
        "tools": LIST,
        "reasoning": MAP,
        "reasoning_effort": STRING,
        "logprobs": BOOL,
        "top_logprobs": INT,
    },
)
_TYPES = {400: "invalid_request_error", 404: "not_found_error"}


def error_object(error: ApiError) -> dict[str, Any]:
    kind = _TYPES.get(error.status, "api_error")
    return {"error": {"message": error.text, "type": kind, "param": None, "code": None}}


def native_request(body: bytes, profile: Profile) -> tuple[dict[str, Any], dict[str, Any]]:
    """(the request as `/api/chat` takes it, the OpenAI request)."""
    asked = gojson.loads(body, COMPLETION)
    if not asked.get("messages"):
        raise ApiError(400, "[] is too short - 'messages'")
    options = {"temperature": asked.get("temperature", 1.0), "top_p": asked.get("top_p", 1.0)}
    options |= {name: asked[name] for name in ("seed", "frequency_penalty", "presence_penalty") if name in asked}
    if "max_tokens" in asked:
        options["num_predict"] = asked["max_tokens"]
    if asked.get("stop"):
        options["stop"] = [asked["stop"]] if isinstance(asked["stop"], str) else asked["stop"]
    native: dict[str, Any] = {
        "model": asked.get("model", ""),
        "messages": [part for message in asked["messages"] for part in _messages(message)],
        "stream": bool(asked.get("stream", False)),
        "options": options,
    }
    native |= {name: asked[name] for name in ("tools", "logprobs", "top_logprobs") if name in asked}
    if (effort := asked.get("reasoning", {}).get("effort") or asked.get("reasoning_effort")) is not None:
        if effort not in profile.efforts:
            raise ApiError(400, profile.bad_effort(effort))
        native["think"] = profile.efforts[effort]
    if (form := _format(asked.get("response_format", {}))) is not None:
        native["format"] = form
    return native, asked


def _messages(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    content = message.get("content") or ""
    role = str(message.get("role", ""))
    if isinstance(content, str):
        return [{"role": role, "content": content}]
    return [_part(role, part) for part in content]


def _part(role: str, part: Mapping[str, Any]) -> dict[str, Any]:
    if part.get("type") == "text":
        return {"role": role, "content": part["text"]}
    url = str(part.get("image_url", {}).get("url", ""))
    if not url.startswith("data:"):
        raise ApiError(400, "invalid image input")
    return {"role": role, "content": "", "images": gojson.images([url.partition(",")[2]], "images")}


def _format(form: Mapping[str, Any]) -> Any:
    if form.get("type") == "json_object":
        return "json"
    return form.get("json_schema", {}).get("schema") if form.get("type") == "json_schema" else None


@dataclass
class View:
    """One answer, seen as OpenAI's."""

    profile: Profile
    number: int
    created: int
    usage: bool = False
    spoken: bool = False

    def _head(self, model: str, kind: str) -> dict[str, Any]:
        return {
            "id": f"chatcmpl-{self.number}",
            "object": kind,
            "created": self.created,
            "model": model,
            "system_fingerprint": "fp_ollama",
        }

    def whole(self, line: Mapping[str, Any]) -> dict[str, Any]:
        message = line["message"]
        shown = {"role": "assistant", "content": message["content"]}
        if message.get("thinking"):
            shown["reasoning"] = message["thinking"]
        reason = line.get("done_reason")
        if message.get("tool_calls"):
            shown["tool_calls"] = message["tool_calls"]
            reason = "tool_calls"
        choice = {"index": 0, "message": shown, "finish_reason": reason}
        return {**self._head(line["model"], "chat.completion"), "choices": [choice], "usage": _usage(line)}

    async def stream(self, lines: AsyncIterator[dict[str, Any]]) -> AsyncIterator[bytes]:
        """Chunks as they are written; a broken answer shows as an empty one, without `[DONE]`."""
        try:
            async for line in lines:
                yield self._final(line) if line["done"] else self._chunk(line["model"], line["message"], None)
        except ApiError:
            if not self.spoken:
                raise
            yield self._chunk("", {"content": ""}, None)

    def _chunk(self, model: str, message: Mapping[str, Any], reason: str | None) -> bytes:
        delta: dict[str, Any] = {"content": message["content"]}
        if not (self.profile.role_once and self.spoken):
            delta = {"role": "assistant", **delta}
        if message.get("thinking"):
            delta["reasoning"] = message["thinking"]
        if message.get("tool_calls"):
            delta["tool_calls"] = message["tool_calls"]
        self.spoken = True
        return self._event(model, [{"index": 0, "delta": delta, "finish_reason": reason}])

    def _event(self, model: str, choices: list[dict[str, Any]], **more: Any) -> bytes:
        chunk = {**self._head(model, "chat.completion.chunk"), "choices": choices, **more}
        return b"data: " + gojson.dumps(chunk) + b"\n\n"

    def _final(self, line: Mapping[str, Any]) -> bytes:
        model, reason = line["model"], line.get("done_reason")
        if self.profile.role_once:
            last = self._event(model, [{"index": 0, "delta": {}, "finish_reason": reason}])
        else:
            last = self._chunk(model, line["message"], reason)
        if self.usage:
            last += self._event(model, [], usage=_usage(line))
        return last + b"data: [DONE]\n\n"


def _usage(line: Mapping[str, Any]) -> dict[str, int]:
    prompt, answer = line.get("prompt_eval_count", 0), line.get("eval_count", 0)
    return {"prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer}
