"""HTTP/1.1 as bytes (RFC 9112): how a request is written, and what an answer's bytes mean. Pure code: no socket.

Whatever a server sends that is no HTTP is an httpcore.RemoteProtocolError, as it is where httpcore itself reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Protocol

import httpcore

LONGEST_HEAD = 100 * 2**10  # bytes of a status line and its headers, as httpcore takes them
_LONGEST_LINE = 16 * 2**10  # bytes of one that tells a chunk's size, its extensions among them
_QUOTED = 100
_END = re.compile(rb"\n\r?\n")
_STATUS = re.compile(rb"HTTP/1\.[0-9] ([1-9][0-9]{2})(?: [^\x00]*)?")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00\r]*)")
_VALUE = re.compile(rb"[^\x00\r\n]*")
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;.*)?", re.DOTALL)
_LENGTH = re.compile(rb"[0-9]{1,18}")

Header = tuple[bytes, bytes]


def written(method: bytes, target: bytes, headers: Iterable[Header]) -> bytes:
    """The head of a request. Raises httpcore.LocalProtocolError for a header that would end its line."""
    lines = [b"%b %b HTTP/1.1" % (method, target)]
    for name, value in headers:
        if not _VALUE.fullmatch(value):
            raise httpcore.LocalProtocolError(f"the header {name.decode('ascii')} holds a line end")
        lines.append(b"%b: %b" % (name, value))
    return b"\r\n".join(lines) + b"\r\n\r\n"


def head(data: bytes | bytearray) -> tuple[int, list[Header], int] | None:
    """(status, headers, where the body begins) of an answer; None where more of it must come first."""
    end = _END.search(data)
    if end is None:
        if len(data) > LONGEST_HEAD:
            raise httpcore.RemoteProtocolError(f"the head of the answer has more than {LONGEST_HEAD} bytes")
        return None
    first, *lines = bytes(data[: end.start()]).replace(b"\r\n", b"\n").removesuffix(b"\r").split(b"\n")
    status = _STATUS.fullmatch(first)
    if status is None:
        raise httpcore.RemoteProtocolError(f"illegal status line: {first[:_QUOTED]!r}")
    return int(status[1]), [_header(line) for line in _unfolded(lines)], end.end()


def _unfolded(lines: Iterable[bytes]) -> list[bytes]:
    """A line that begins with a blank goes on with the header before it, as old servers write long ones."""
    found: list[bytes] = []
    for line in lines:
        if line[:1] in (b" ", b"\t") and found:
            found[-1] += b" " + line.strip(b" \t")
        else:
            found.append(line)
    return found


def _header(line: bytes) -> Header:
    found = _HEADER.fullmatch(line)
    if found is None:
        raise httpcore.RemoteProtocolError(f"illegal header line: {line[:_QUOTED]!r}")
    return found[1], found[2].rstrip(b" \t")


class Body(Protocol):
    """What the bytes after a head mean. done: whether all of it has come."""

    done: bool

    def feed(self, data: bytes) -> bytes:
        """What the body gets of these bytes."""
        ...

    def end(self) -> None:
        """No more bytes will come. Raises httpcore.RemoteProtocolError where they should."""
        ...


def body(method: bytes, status: int, headers: Sequence[Header]) -> Body:
    """How the body of an answer is told from what comes after it (RFC 9112, section 6.3)."""
    if method == b"HEAD" or status in (204, 304):
        return Counted(0)
    of_name = {name: _values(headers, name) for name in (b"transfer-encoding", b"content-length")}
    if codings := of_name[b"transfer-encoding"]:
        if [coding.lower() for coding in codings] != [b"chunked"]:
            raise httpcore.RemoteProtocolError(f"the body comes as {b', '.join(codings)[:_QUOTED]!r}")
        return Chunked()
    lengths = set(of_name[b"content-length"])
    if not lengths:
        return Open()
    length = lengths.pop()
    if lengths or not _LENGTH.fullmatch(length):
        raise httpcore.RemoteProtocolError(f"bad Content-Length: {length[:_QUOTED]!r}")
    return Counted(int(length))


def _values(headers: Sequence[Header], wanted: bytes) -> list[bytes]:
    return [part.strip() for name, value in headers if name.lower() == wanted for part in value.split(b",")]


class Open:
    """A body that ends where the connection does."""

    done = False

    def feed(self, data: bytes) -> bytes:
        return data

    def end(self) -> None:
        self.done = True


class Counted:
    """A body of a length that was told, in bytes."""

    def __init__(self, length: int) -> None:
        self._length = self._left = length
        self.done = not length

    def feed(self, data: bytes) -> bytes:
        found = data[: self._left]
        self._left -= len(found)
        self.done = not self._left
        return found

    def end(self) -> None:
        raise _incomplete(f"received {self._length - self._left} bytes, expected {self._length}")


class Chunked:
    """A body in chunks: each its size in a line, its bytes and a line end; after the last one come trailers."""

    def __init__(self) -> None:
        self._rest = b""
        self._left = 0  # bytes of the chunk that has begun
        self._ended, self._last = False, False  # its line end comes next; only trailers do
        self.done = False

    def feed(self, data: bytes) -> bytes:
        data, at, found = self._rest + data, 0, list[bytes]()
        while not self.done:
            if self._left:
                found.append(piece := data[at : at + self._left])
                at, self._left = at + len(piece), self._left - len(piece)
                if self._left:
                    break
            end = data.find(b"\n", at)
            if end < 0:
                break
            self._line(data[at:end].removesuffix(b"\r"))
            at = end + 1
        self._rest = data[at:]
        if len(self._rest) > _LONGEST_LINE and not self.done:
            raise _illegal(self._rest)
        return b"".join(found)

    def _line(self, line: bytes) -> None:
        if self._last:
            self.done = not line
        elif self._ended:
            if line:
                raise _illegal(line)
            self._ended = False
        elif size := _SIZE.fullmatch(line):
            self._left = int(size[1], 16)
            self._ended, self._last = self._left > 0, self._left == 0
        else:
            raise _illegal(line)

    def end(self) -> None:
        raise _incomplete("incomplete chunked read")


def _illegal(line: bytes) -> httpcore.RemoteProtocolError:
    return httpcore.RemoteProtocolError(f"illegal chunk header: {line[:_QUOTED]!r}")


def _incomplete(how: str) -> httpcore.RemoteProtocolError:
    told = f"peer closed connection without sending complete message body ({how})"
    return httpcore.RemoteProtocolError(told)
