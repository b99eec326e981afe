"""An answer as plain data, as records and stores hold it, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_llm.providers.base import Fingerprint, Response, ToolCall, Usage

_NUMBERS = ("first_token", "wall")


def response_plain(response: Response) -> dict[str, Any]:
    """JSON-ready; all numbers together under `numbers`."""
    said = shallow(response)
    numbers = {**shallow(said.pop("usage")), **{name: said.pop(name) for name in _NUMBERS}}
    parts = {
        "tool_calls": tuple(map(shallow, response.tool_calls)),
        "fingerprint": shallow(response.fingerprint),
        "numbers": {**numbers, "rate": response.usage.rate},
    }
    return {**said, **parts}


def response_from(data: Mapping[str, Any]) -> Response:
    """What `response_plain` made; what a later version added is left out. Raises KeyError, TypeError."""
    lists: dict[str, Any] = {key: tuple(data[key]) for key in ("notes", "retries")}
    calls = tuple(ToolCall(**known(ToolCall, call)) for call in data["tool_calls"])
    times = {name: data["numbers"][name] for name in _NUMBERS}
    usage = Usage(**known(Usage, data["numbers"]))
    rests_on = Fingerprint(**known(Fingerprint, data.get("fingerprint") or {}))
    made = {"tool_calls": calls, "usage": usage, "fingerprint": rests_on}
    return Response(**{**known(Response, data), **lists, **times, **made})


def shallow(value: Any) -> dict[str, Any]:
    """The fields of a dataclass by name, each as it is; `asdict` copies all that they hold."""
    return {name: getattr(value, name) for name in value.__match_args__}


def known(kind: type[Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """Of some data what a dataclass has a field for."""
    return {name: data[name] for name in kind.__match_args__ if name in data}
