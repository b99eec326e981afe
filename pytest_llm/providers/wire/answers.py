"""The bytes of an HTTP answer -> its head and its body, which is never decoded. Pure code: no clock, no socket."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from pytest_llm.providers.wire.network import BrokeOff

MAX_FRAMING = 128 * 2**10  # bytes in a row that are no body: headers, interim answers, sizes of chunks
_SHOWN = 1000  # bytes of what is no answer; whoever tells it takes the keys out, and shortens it


@dataclass(frozen=True)
class Head:
    """What an answer begins with; the names of its headers in small letters."""

    status: int
    headers: Mapping[str, str]


class Answer:
    """One answer, to a request of this method, fed as it comes. Its `on_` methods are the parser's.

    whole: all of it has come. fault: what came is no answer, or cannot be one any more.
    """

    def __init__(self, method: str) -> None:
        self.head: Head | None = None
        self.whole = False
        self.fault: BrokeOff | None = None
        self._bodiless = method == "HEAD"
        self._headers: list[tuple[bytes, bytes]] = []
        self._parts: list[bytes] = []
        self._framing = 0
        self._endless = False
        self._last: int | None = None  # of the parts
        self.on_body = self._parts.append
        self._parser = HttpResponseParser(self)
        self._parser.set_dangerous_leniencies(
            lenient_headers=True,
            lenient_version=True,
            lenient_chunked_length=True,
            lenient_data_after_close=True,
            lenient_optional_cr_before_lf=True,
            lenient_spaces_after_chunk_size=True,
        )

    def feed(self, data: bytes) -> bytes:
        """What this brings of the body."""
        try:
            self._parser.feed_data(data)
        except HttpParserError as error:
            self._broken(f"what came is no HTTP{self._seen(data) or f' ({error})'}")
        except HttpParserUpgrade:
            self._broken("it went over to another protocol than HTTP")
        body = b"".join(self._parts[: self._last])
        self._parts.clear()
        self._framing = 0 if body else self._framing + len(data)
        if self._framing > MAX_FRAMING:
            self._broken(f"{MAX_FRAMING} bytes came that are no answer")
        return body

    def end(self, reason: str = "") -> None:
        """Nothing more comes, for this reason; "" where the server ended the connection in good order."""
        if self._endless and not reason:
            self.whole = True
        elif self.head is None:
            self._broken(reason or "the server closed it without an answer")
        else:
            self._broken(reason or "the server closed it before the end of the answer")

    def close(self) -> None:
        """Let go of the parser, which holds this object."""
        del self._parser, self.on_body

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.head is None:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if self.head or 100 <= status < 200:
            self._headers.clear()
            return
        headers = named(self._headers)
        coding = headers.get("transfer-encoding", "")
        if coding and coding.lower() != "chunked":
            self._broken(f"its Transfer-Encoding {coding[:_SHOWN]!r} is not that of HTTP/1.1")
        self._endless = not coding and "content-length" not in headers
        self.head = Head(status, headers)
        if self._bodiless:
            self.on_message_complete()

    def on_message_complete(self) -> None:
        """Of an interim answer too; whatever comes after the answer is none of it."""
        if self.head and not self.whole:
            self.whole, self._last = True, len(self._parts)

    def _seen(self, data: bytes) -> str:
        """What stands where an answer's first line should."""
        if self.head or self._headers or self._framing or data.startswith(b"HTTP/"):
            return ""
        if data.startswith(b"\x15\x03"):
            return " but TLS: it speaks https"
        first = data[:_SHOWN].strip().splitlines()[:1]
        return f" but '{b''.join(first).decode(errors='replace')}'"

    def _broken(self, reason: str) -> None:
        if not (self.whole or self.fault):
            self.fault = BrokeOff(reason)


def named(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by their names in small letters; those of one name are joined by commas."""
    found: dict[str, str] = {}
    for name, value in headers:
        key, text = name.decode("latin-1").lower(), _text(value)
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
