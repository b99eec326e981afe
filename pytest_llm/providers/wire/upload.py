"""Files on their way to a server.

Over a blocking socket, since only that reads an answer which came before the connection was reset: where the disk
is full, a server says so and closes while the file is still being sent.
"""

from __future__ import annotations

import asyncio
import socket
import time
from contextlib import suppress
from pathlib import Path

from pytest_llm.providers.wire.answers import Answer, Head
from pytest_llm.providers.wire.connections import Way, target
from pytest_llm.providers.wire.network import BrokeOff, words
from pytest_llm.providers.wire.stream import plain_body

CHUNK = 2**20  # bytes of an upload at a time
MAX_ANSWER = 64 * 2**10
_MOMENT = 1.0  # seconds: what a server said before it took no more has come by then


async def post(way: Way, url: str, file: Path, patience: float) -> tuple[Head, str]:
    """Send a file. The answer, and the beginning of its body. Raises NetworkFault, and TimeoutError in a proxy.

    patience: seconds from the file's last byte to the end of the answer.
    """
    async with asyncio.timeout(patience):
        sock = await way.socket(target(url))
    upload = Upload(way, url, sock)
    try:
        return await asyncio.to_thread(upload.post, file, patience)
    finally:
        upload.leave()


class Upload:
    """Sends over a socket that is connected, and closes it."""

    def __init__(self, way: Way, url: str, sock: socket.socket) -> None:
        self._way, self._url, self._sock, self._left = way, url, sock, False

    def leave(self) -> None:
        """Nobody waits for it any more: whatever blocks on the socket is woken. From any thread."""
        self._left = True
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def post(self, file: Path, patience: float) -> tuple[Head, str]:
        """Blocks."""
        self._secure()
        with self._sock, file.open("rb") as data:
            size = file.stat().st_size
            self._sock.settimeout(self._way.write)
            reason = self._send(self._way.request("POST", self._url, {"Content-Length": str(size)}))
            while size and not reason and not self._left:
                chunk = data.read(min(CHUNK, size))
                if not chunk:
                    raise BrokeOff("the file became shorter while it was sent")
                reason, size = self._send(chunk), size - len(chunk)
            return self._answer(time.monotonic() + (_MOMENT if reason else patience), reason)

    def _secure(self) -> None:
        if self._way.tls is None:
            return
        self._sock.settimeout(self._way.connect)
        name = self._way.secure(target(self._url))
        with self._way.securing():
            self._sock = self._way.tls.wrap_socket(self._sock, server_hostname=name)

    def _send(self, data: bytes) -> str:
        """Why it could not be sent; "" where it was."""
        try:
            self._sock.sendall(data)
        except TimeoutError:
            return f"it took no more of the file for {self._way.write:g} s"
        except OSError as error:
            return words(error)
        return ""

    def _answer(self, until: float, reason: str) -> tuple[Head, str]:
        """reason: why nothing more can come than what has come already."""
        answer, text, wanted = Answer("POST"), b"", True
        while wanted and not (answer.whole or answer.fault):
            if data := self._received(until - time.monotonic(), answer, reason):
                text += answer.feed(data)
            head = answer.head
            plain = head is None or plain_body(head.headers.get("content-encoding", ""))
            wanted = plain and len(text) <= MAX_ANSWER
        if answer.head is None or (answer.fault and answer.head.status < 300):
            raise answer.fault or BrokeOff(reason)
        return answer.head, text[:MAX_ANSWER].decode(errors="replace") if plain else ""

    def _received(self, seconds: float, answer: Answer, reason: str) -> bytes:
        """b"" where the answer has ended."""
        try:
            self._sock.settimeout(max(seconds, 0.001))
            data = self._sock.recv(2**16)
        except OSError as error:
            late = isinstance(error, TimeoutError)
            answer.end(reason or ("no answer came in time" if late else words(error)))
            return b""
        if not data:
            answer.end(reason)
        return data
