"""Files on their way to a server.

By a blocking client, since only that reads an answer which came before the connection was reset: where the disk is
full, a server says so and closes while the file is still being sent.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import httpcore

from pytest_llm.providers.wire.connections import Head, Way, named
from pytest_llm.providers.wire.stream import plain_body

CHUNK = 2**20  # bytes of an upload at a time
MAX_ANSWER = 64 * 2**10


def _chunks(data: BinaryIO, left: threading.Event, end: threading.Timer) -> Iterator[bytes]:
    while chunk := data.read(CHUNK):
        if left.is_set():
            raise httpcore.ProtocolError("nobody waits for it any more")
        yield chunk
    end.start()


@contextmanager
def _ending(pool: httpcore.ConnectionPool, patience: float) -> Iterator[threading.Timer]:
    """Started, it takes the connection away after `patience` seconds, whatever the server still sends."""
    end = threading.Timer(patience, pool.close)
    end.daemon = True
    try:
        yield end
    finally:
        end.cancel()


def post(way: Way, url: str, file: Path, left: threading.Event, patience: float) -> tuple[Head, str]:
    """Send a file; blocks. The answer, and the beginning of its body. Raises what the network does (FAULTS).

    left: set where nobody waits for it any more. patience: seconds from the file's last byte to the end of the
    answer.
    """
    length = {"Content-Length": str(file.stat().st_size)}
    with (
        httpcore.ConnectionPool(ssl_context=way.tls, proxy=way.proxy) as pool,
        file.open("rb") as data,
        _ending(pool, patience) as end,
    ):
        request = way.request("POST", url, _chunks(data, left, end), length)
        response = pool.handle_request(request)
        try:
            head = Head(response.status, named(response.headers))
            plain = plain_body(head.headers.get("content-encoding", ""))
            return head, _beginning(response.iter_stream() if plain else (), MAX_ANSWER)
        finally:
            response.close()


def _beginning(parts: Iterable[bytes], limit: int) -> str:
    text = b""
    for part in parts:
        text += part
        if len(text) > limit:
            break
    return text[:limit].decode(errors="replace")
