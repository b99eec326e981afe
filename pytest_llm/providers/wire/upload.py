"""Files on their way to a server.

By a blocking client, since only that reads an answer which came before the connection was reset: where the disk is
full, a server says so and closes while the file is still being sent.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import httpx

from pytest_llm.providers.wire.stream import plain_body

CHUNK = 2**20  # bytes of an upload at a time
MAX_ANSWER = 64 * 2**10


def _chunks(data: BinaryIO, left: threading.Event) -> Iterator[bytes]:
    while chunk := data.read(CHUNK):
        if left.is_set():
            raise httpx.RequestError("nobody waits for it any more")
        yield chunk


def post(url: str, file: Path, settings: dict[str, Any], left: threading.Event) -> tuple[httpx.Response, str]:
    """Send a file; blocks. The answer, and the beginning of its body. Raises httpx.RequestError.

    settings: of the client. left: set where nobody waits for it any more.
    """
    length = {"Content-Length": str(file.stat().st_size)}
    with (
        httpx.Client(**settings) as client,
        file.open("rb") as data,
        client.stream("POST", url, content=_chunks(data, left), headers=length) as response,
    ):
        plain = plain_body(response.headers.get("content-encoding", ""))
        return response, _beginning(response.iter_raw() if plain else (), MAX_ANSWER)


def _beginning(parts: Iterable[bytes], limit: int) -> str:
    text = b""
    for part in parts:
        text += part
        if len(text) > limit:
            break
    return text[:limit].decode(errors="replace")
