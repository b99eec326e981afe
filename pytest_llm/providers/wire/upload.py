"""Files on their way to a server.

By a blocking client, since only that reads an answer which came before the connection was reset: where the disk is
full, a server says so and closes while the file is still being sent.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import httpx

from pytest_llm.providers.wire.stream import plain_body

CHUNK = 2**20  # bytes of an upload at a time
MAX_ANSWER = 64 * 2**10


def _chunks(data: BinaryIO, left: threading.Event, end: threading.Timer) -> Iterator[bytes]:
    while chunk := data.read(CHUNK):
        if left.is_set():
            raise httpx.RequestError("nobody waits for it any more")
        yield chunk
    end.start()


@contextmanager
def _ending(client: httpx.Client, patience: float) -> Iterator[threading.Timer]:
    """Started, it takes the connection away after `patience` seconds, whatever the server still sends."""
    end = threading.Timer(patience, client.close)
    end.daemon = True
    try:
        yield end
    finally:
        end.cancel()


def post(
    url: str, file: Path, settings: dict[str, Any], left: threading.Event, patience: float
) -> tuple[httpx.Response, str]:
    """Send a file; blocks. The answer, and the beginning of its body. Raises httpx.RequestError.

    settings: of the client. left: set where nobody waits for it any more. patience: seconds from the file's last
    byte to the end of the answer.
    """
    length = {"Content-Length": str(file.stat().st_size)}
    with (
        httpx.Client(**settings) as client,
        file.open("rb") as data,
        _ending(client, patience) as end,
        client.stream("POST", url, content=_chunks(data, left, end), headers=length) as response,
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
