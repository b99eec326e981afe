"""Who reads an answer: the whole of a small one, or the lines of one that comes by and by."""

from __future__ import annotations

import asyncio

from pytest_llm.errors import AnswerTooLarge, GenerationTimeout
from pytest_llm.providers.wire.answers import Head
from pytest_llm.providers.wire.patience import Patience, Watch
from pytest_llm.providers.wire.stream import Lines, Sink, Strange, plain_body

MAX_ERROR_BODY = 64 * 2**10  # bytes: an error page is longer than anybody reads
DRAIN_SECONDS = 1.0  # for what comes after an answer's last line; not worth a longer wait


class Body:
    """Keeps what came: of an answer with status 200 as much as `limit` bytes, of a complaint the beginning.

    seconds: for all of it.
    """

    def __init__(self, seconds: float, limit: int) -> None:
        self.deadline = asyncio.get_running_loop().time() + seconds
        self.head: Head | None = None
        self._limit, self._data = limit, bytearray()

    @property
    def size(self) -> int:
        return len(self._data)

    @property
    def text(self) -> str:
        return self._data[: self._limit].decode(errors="replace")

    def begin(self, head: Head) -> bool:
        self.head = head
        self._limit = self._limit if head.status == 200 else MAX_ERROR_BODY
        return plain_body(head.headers.get("content-encoding", ""))

    def feed(self, data: bytes) -> bool:
        self._data += data
        return len(self._data) < self._limit


class Status(Body):
    """Keeps the beginning of a complaint; no other body is waited for. That it is not there is none."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds, 0)

    @property
    def complains(self) -> bool:
        return self.head is not None and self.head.status >= 300 and self.head.status != 404

    def begin(self, head: Head) -> bool:
        return super().begin(head) and self.complains


class Stream:
    """Feeds the lines of an answer to a sink; a body that is none of the protocol, or a complaint, is kept instead.

    Raises AnswerTooLarge, GenerationTimeout, and what the sink raises.
    """

    def __init__(self, sink: Sink, patience: Patience) -> None:
        self._time = asyncio.get_running_loop().time
        self._sink, self._size = sink, patience.size
        self.watch = Watch(patience, self._time())
        self.strange = Strange()
        self.complaint: Body | None = None
        self.head: Head | None = None
        self._lines, self._came = Lines(), 0

    @property
    def deadline(self) -> float:
        return self.watch.deadline

    def begin(self, head: Head) -> bool:
        self.head = head
        if head.status == 200:
            return plain_body(head.headers.get("content-encoding", ""))
        self.complaint = Body(0.0, 0)
        return self.complaint.begin(head)

    def feed(self, data: bytes) -> bool:
        """What comes after the last line is read, so that the server sees no client go before the end."""
        sink, watch = self._sink, self.watch
        if self.complaint:
            return self.complaint.feed(data)
        if sink.done:
            return True
        self._count(len(data))
        now = self._time()
        for line in self._lines.feed(data):
            if self.strange.take(line):
                continue
            if sink.take(line) and watch.progress(now):
                raise GenerationTimeout(watch.patience.whole or 0.0, sink.text, sink.thinking)
            if sink.done:
                watch.deadline = now + DRAIN_SECONDS
                return True
        watch.heard(now, pending=self._lines.pending)
        return not self.strange.full

    def _count(self, size: int) -> None:
        self._came += size
        if self._size is not None and self._came > self._size:
            raise AnswerTooLarge(self._size, self._sink.text, self._sink.thinking)

    def end(self) -> str:
        """The answer has ended; the beginning of one that is none of the protocol, "" of any other."""
        if self._sink.done:
            return ""
        rest = self._lines.rest()
        if self.strange.take(rest) or self.strange.text:
            return self.strange.text
        if rest:
            self._sink.take(rest, cut=True)
        self._sink.end()
        return ""
