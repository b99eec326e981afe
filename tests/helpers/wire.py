"""What real servers sent, as recorded: `tests/data/wire/<version>/<name>.json`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "data" / "wire"
OLD, NEW, LLAMA = "0.24.0", "0.33.0-rc2", "llama-server"


@dataclass(frozen=True)
class Exchange:
    """One request and what came back.

    sent: the request's body, decoded. chunks: the body as the server framed it. ended: "complete", "cut" or
    "client closed".
    """

    version: str
    name: str
    method: str
    path: str
    sent: Any
    status: int
    headers: tuple[tuple[str, str], ...]
    chunks: tuple[str, ...]
    ended: str

    @cached_property
    def body(self) -> str:
        return "".join(self.chunks)

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The body's JSON lines (or events, without `[DONE]`), decoded."""
        rows = (row.removeprefix("data: ") for row in self.body.splitlines())
        return [json.loads(row) for row in rows if row and row != "[DONE]"]


def exchange(version: str, name: str) -> Exchange:
    return _read(FOLDER / version / f"{name}.json")


def exchanges(version: str) -> list[Exchange]:
    """All of one server, by name."""
    return [_read(path) for path in sorted((FOLDER / version).glob("*.json"))]


def _read(path: Path) -> Exchange:
    data = json.loads(path.read_text("utf-8"))
    request, response = data["request"], data["response"]
    return Exchange(
        path.parent.name,
        data["name"],
        request["method"],
        request["path"],
        request["body"],
        int(response["status"].split()[1]),
        tuple((name, value) for name, value in response["headers"]),
        tuple(chunk["text"] for chunk in response["chunks"]),
        response["ended"],
    )
