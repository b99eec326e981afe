"""Bytes -> lines -> JSON objects and server-sent events, whatever a server or the network does to them.

Pure code: no clock, no socket.
"""

from __future__ import annotations

import codecs
import html
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from pytest_llm.errors import BrokenAnswer

MAX_LINE = 64 * 2**20  # bytes: a whole answer without streaming is one line
MAX_VALUES = (
    2**20
)  # of one JSON text: each takes up to 200 bytes, and `[[],[],…` of a whole line would take gigabytes
QUOTED = 200
MOST = 2**53  # of anything that is counted: 9 petabytes, 104 days in nanoseconds; floats are whole up to it
MAX_STRANGE = 64 * 2**10
_DECODER = json.JSONDecoder()
_PROTOCOL = re.compile(rb"\{|(?:data|event|id|retry)?:")
_TITLE = re.compile(r"<title[^<>]*>([^<]*)<", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")


class NotJson(ValueError):
    """A line that is no JSON object; its message quotes the beginning."""


class Lines:
    """Splits a byte stream at line ends, LF or CRLF, wherever its chunks happen to be cut."""

    def __init__(self, limit: int = MAX_LINE) -> None:
        self._limit = limit
        self._begun = bytearray()

    @property
    def pending(self) -> bool:
        """Whether a line has begun that has not ended."""
        return bool(self._begun)

    def feed(self, chunk: bytes) -> list[bytes]:
        """The lines that this chunk completes. Raises BrokenAnswer where a line grows beyond the limit (bytes)."""
        *ended, rest = chunk.split(b"\n")
        if ended and self._begun:
            self._begun += ended[0]
            ended[0], self._begun = bytes(self._begun), bytearray()
        self._begun += rest
        if max(map(len, (*ended, self._begun))) > self._limit:
            self._begun = bytearray()
            raise BrokenAnswer(f"the server sent a line of more than {self._limit} bytes without an end")
        return [line.removesuffix(b"\r") for line in ended]

    def rest(self) -> bytes:
        """What has come of the line that has not ended; it is taken out."""
        line, self._begun = bytes(self._begun), bytearray()
        return line.removesuffix(b"\r")


class Strange:
    """A body that is none of the protocol (its first line is neither an object nor an event): its beginning."""

    def __init__(self) -> None:
        self._foreign: bool | None = None
        self._parts: list[str] = []
        self._size = 0

    def take(self, line: bytes) -> bool:
        """Whether the line belongs to such a body; it is kept then."""
        if self._foreign is None and line.strip():
            self._foreign = _PROTOCOL.match(line.removeprefix(codecs.BOM_UTF8).lstrip()) is None
        if self._foreign and not self.full:
            self._parts.append(line[:MAX_STRANGE].decode(errors="replace"))
            self._size += len(line) + 1
        return bool(self._foreign)

    @property
    def full(self) -> bool:
        return self._size > MAX_STRANGE

    @property
    def text(self) -> str:
        return "\n".join(self._parts)


@dataclass
class Events:
    """The data of server-sent events. A line that is JSON by itself counts too: some servers send errors so.

    A body that is one JSON document over several lines is collected, and `rest` gives it at the end.
    """

    _data: io.StringIO = field(default_factory=io.StringIO)
    _document: io.StringIO = field(default_factory=io.StringIO)
    _begun: bool = False

    @property
    def collecting(self) -> bool:
        return self._document.tell() > 0

    def rest(self) -> str:
        """The document that was collected, "" where there is none; it is taken out."""
        whole, self._document = self._document.getvalue(), io.StringIO()
        return whole.rstrip("\n")

    def feed(self, line: bytes) -> str | None:
        """The data that this line completes: a JSON document or a word such as `[DONE]`; else None.

        Raises NotJson for data that is neither, and for a line that belongs to no event.
        """
        text = _decoded(line)
        name, _, value = text.partition(":")
        if not text:
            return self._complete()
        if self.collecting or (not self._begun and text.startswith("{") and not _is_json(text)):
            self._document.write(f"{text}\n")
            return None
        self._begun = True
        if text.startswith("{"):
            return text
        if name == "data":
            return self._more(value.removeprefix(" "))
        if name in ("", "event", "id", "retry"):
            return None
        raise NotJson(quoted(text))

    def _more(self, value: str) -> str | None:
        """An event may spread its data over several lines; nearly all send one, so that is tried at once."""
        if not self._data.tell() and (value.startswith("[DONE]") or _is_json(value)):
            return value
        self._data.write(f"{value}\n")
        return None

    def _complete(self) -> str | None:
        """An event has ended, with the data of several lines. Some servers send one without data, as a ping."""
        whole, self._data = self._data.getvalue().removesuffix("\n"), io.StringIO()
        if whole.strip() and not _is_json(whole):
            raise NotJson(quoted(whole))
        return whole if whole.strip() else None


def parse_object(text: bytes | str) -> dict[str, Any]:
    """The JSON object in a line. Raises NotJson. Of duplicate keys the last counts."""
    decoded = _decoded(text) if isinstance(text, bytes) else text.strip()
    try:
        data = _loaded(decoded)
    except (ValueError, RecursionError):
        raise NotJson(quoted(decoded)) from None
    if not isinstance(data, dict):
        raise NotJson(quoted(decoded))
    return data


def _is_json(text: str) -> bool:
    try:
        _loaded(text.strip())
    except (ValueError, RecursionError):
        return False
    return True


def _loaded(text: str) -> Any:
    """Of a text that is stripped. Raises ValueError, RecursionError, also for more values than any answer has."""
    if len(text) > MAX_VALUES and sum(map(text.count, "[{,")) > MAX_VALUES:
        raise ValueError
    value, end = _DECODER.raw_decode(text)
    if end < len(text):
        raise ValueError
    return value


def _decoded(line: bytes) -> str:
    try:
        return line.removeprefix(codecs.BOM_UTF8).decode().strip()
    except UnicodeDecodeError as error:
        raise NotJson(f"bytes that are not UTF-8 ({error.reason})") from None


def quoted(text: str) -> str:
    """The beginning of a text, printable, for a message."""
    short = " ".join(text.lstrip()[:MAX_STRANGE].split())
    short = short if len(short) <= QUOTED else short[:QUOTED] + "…"
    return "".join(c if c.isprintable() else "�" for c in short)


def first_words(text: str) -> str:
    """The beginning of what a server said, for a message; of a page its title, else its text without the tags."""
    text = text.lstrip("\ufeff \t\r\n")[:MAX_STRANGE]
    if not text.startswith("<"):
        return quoted(text)
    titles = (found[1] for found in _TITLE.finditer(text) if found[1].strip())
    words = html.unescape(next(titles, "") or _TAG.sub(" ", text)).strip()
    return f"a page, {quoted(words)!r}" if words else quoted(text)


def number(data: Mapping[str, Any], key: str) -> float | None:
    """A count or a duration: a number from 0 on, also where it was sent as a string; else None."""
    value = data.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if 0 <= found <= MOST else None


def count(data: Mapping[str, Any], key: str) -> int | None:
    found = number(data, key)
    return None if found is None else int(found)


def string(data: Mapping[str, Any], key: str) -> str:
    """A piece of text; "" where there is none. Raises NotJson where something else stands there."""
    value = data.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise NotJson(f"{key!r} is no text: {quoted(repr(value))}")
    return value


def mapping(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """An object within an object; empty where there is none."""
    value = data.get(key)
    return value if isinstance(value, dict) else {}


def objects(data: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """The objects in a list; what else stands there is left out."""
    value = data.get(key)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def whole_characters(text: str) -> str:
    """Surrogate pairs that were sent apart are joined; lone halves, which no file can hold, become U+FFFD."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


class Sink(Protocol):
    """What takes the lines of an answer."""

    @property
    def done(self) -> bool: ...

    @property
    def text(self) -> str:
        """What has been written so far."""
        ...

    @property
    def thinking(self) -> str: ...

    def take(self, line: bytes, *, cut: bool = False) -> bool:
        """Take a line; says whether it was a sign of progress. cut: the stream ended within it."""
        ...

    def end(self) -> None:
        """The stream has ended: raises BrokenAnswer where the answer has not."""
        ...


def plain_body(coding: str) -> bool:
    """Whether a body of this Content-Encoding is as it was written. No other is asked for, and none is decoded:

    300 bytes of `gzip, gzip, gzip` unfold to gigabytes.
    """
    return all(word.strip().lower() in ("", "identity") for word in coding.split(","))
