"""The one HTTP client behind the engines that are servers: requests, streams, and what can go wrong with them.

A status other than 200 is raised as BadStatus, for the dialect to read; everything else that can happen on the way
(nothing listens, silence, a cut connection) is an error of the plugin's own here already.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from pytest_llm.errors import BrokenAnswer, ProviderError, PytestLlmError, ServerDown, Unanswered
from pytest_llm.providers.base import Limits
from pytest_llm.providers.ollama.host import without_credentials
from pytest_llm.providers.wire.answers import Head
from pytest_llm.providers.wire.complaint import Asked
from pytest_llm.providers.wire.connections import Way, way
from pytest_llm.providers.wire.exchange import Reader
from pytest_llm.providers.wire.faults import fault, foreign
from pytest_llm.providers.wire.network import NetworkFault
from pytest_llm.providers.wire.patience import Patience
from pytest_llm.providers.wire.reading import Body, Status, Stream
from pytest_llm.providers.wire.retry_after import retry_after
from pytest_llm.providers.wire.saying import SERVER_LOG, Unreachable, encoded, fell_silent, not_whole, said
from pytest_llm.providers.wire.secrets import cleaned, hidden, of_header
from pytest_llm.providers.wire.stream import NotJson, Sink, first_words, parse_object, plain_body, quoted
from pytest_llm.providers.wire.upload import post

PING_SECONDS = 0.25
T = TypeVar("T")


class BadStatus(Exception):
    """The server answered, but not with 200: its status, the beginning of its body, where a redirect leads.

    wait: the seconds after which it wants to be asked again; None where it does not say.
    """

    def __init__(self, status: int, body: str, location: str = "", wait: float | None = None) -> None:
        self.status, self.body, self.location, self.wait = status, body, location, wait
        super().__init__(status)

    def fault(self, asked: Asked) -> PytestLlmError:
        """What it means for the one who asked."""
        return fault(asked, self.status, self.body, location=self.location, wait=self.wait)


class Http:
    """A client of one server. `headers` may hold keys: they are sent and never shown.

    start: what to do when nothing listens there. elsewhere: further addresses of the same server, tried in turn.
    ping: what is asked to see whether a server that was there is back; "" where it is not waited for.
    trusted: the user chose the address, so that proxies and certificates of the environment may be used for it.
    """

    def __init__(
        self,
        url: str,
        limits: Limits,
        headers: Mapping[str, str] | None = None,
        *,
        start: str = "",
        elsewhere: Sequence[str] = (),
        ping: str = "",
        trusted: bool = True,
    ) -> None:
        self.url, credentials = without_credentials(url.rstrip("/"))
        self.limits, self.start = limits, start
        self._elsewhere = [without_credentials(other.rstrip("/"))[0] for other in elsewhere]
        self._ping, self._met, self._trusted = ping, False, trusted
        self._headers = {**credentials, **(headers or {})}
        self._hidden = hidden(word for pair in self._headers.items() for word in of_header(*pair))
        self._way: Way | None = None

    async def json(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """A small exchange: the object in the answer. Raises BadStatus and ProviderErrors."""
        return await self._reached(lambda: self._json(method, path, body))

    async def head(self, path: str) -> int:
        """Ask whether something is there; the status. Raises BadStatus from 300 on, 404 aside."""
        return await self._reached(lambda: self._status("HEAD", path, None))

    async def delete(self, path: str, body: Any) -> int:
        """Have something deleted; the status, 404 where it was not there. Raises BadStatus and ProviderErrors."""
        return await self._reached(lambda: self._status("DELETE", path, body))

    async def upload(self, path: str, file: Path) -> None:
        """Send a file. Raises BadStatus and ProviderErrors."""
        await self._reached(lambda: self._upload(path, file))

    async def stream(self, path: str, body: Any, sink: Sink, patience: Patience) -> None:
        """Feed the lines of an answer to the sink until it is done.

        Raises BadStatus, GenerationTimeout, AnswerTooLarge, ProviderErrors, and whatever the sink raises.
        """
        await self._reached(lambda: self._stream(path, body, sink, patience))

    async def _reached(self, exchange: Callable[[], Awaitable[T]]) -> T:
        """Do it at the address that answers; where a server was before, once more when it is back."""
        self._found()  # reading the certificates takes its time, which is none of the server's
        while self._elsewhere and not self._met:
            try:
                return await exchange()
            except Unreachable:
                self.url = self._elsewhere.pop(0) if self._elsewhere else self.url
        try:
            return await exchange()
        except Unreachable as error:
            if not (self._met and self._ping and self.limits.restart):
                raise
            if not await self._is_back():
                told = f"it was there before, and not back within {self.limits.restart:g} s (--llm-restart-timeout)"
                error.hint = f"{told}\n{error.hint}"
                raise
        return await exchange()

    async def _is_back(self) -> bool:
        """Wait for a server that may be starting anew."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self.limits.restart):
                while not await self._is_there(PING_SECONDS):
                    pass
                return True
        return False

    async def _is_there(self, pause: float = 0.0) -> bool:
        """Whether a server answers others; taken for granted where it is not known what to ask it."""
        await asyncio.sleep(pause)
        ping = Status(self.limits.connect)
        with suppress(TimeoutError, NetworkFault):
            if self._ping:
                await self._ask("GET", self._ping, None, ping)
            return ping.head is None or ping.head.status < 500
        return False

    async def _json(self, method: str, path: str, body: Any) -> dict[str, Any]:
        what, answer = f"{self.url}{path}", Body(self.limits.silence, self.limits.answer + 1)
        head = await self._small(method, path, body, answer)
        text = answer.text
        if head.status != 200:
            raise self._bad(head, text)
        self._check_plain(what, head)
        if answer.size > self.limits.answer:
            raise ProviderError(
                f"{what} answered with more than {self.limits.answer} bytes",
                hint="is this the address of a model server? --llm-answer-size takes more",
                reach="server",
            )
        if not text.strip():
            raise BrokenAnswer(f"{what} answered with nothing", hint="look into the server's log")
        try:
            return parse_object(text)
        except NotJson:
            raise ProviderError(
                f"{what} did not answer in JSON but with: {self.clean(first_words(text))}",
                hint="is this the address of the server itself, or of something before it?",
                reach="server",
            ) from None

    async def _status(self, method: str, path: str, body: Any) -> int:
        answer = Status(self.limits.silence)
        head = await self._small(method, path, body, answer)
        if answer.complains:
            raise self._bad(head, answer.text)
        return head.status

    async def _small(self, method: str, path: str, body: Any, answer: Body) -> Head:
        what = f"{self.url}{path}"
        with self._spoken(what):
            try:
                await self._ask(method, path, body, answer)
            except TimeoutError:
                raise not_whole(what, self.limits.silence) from None
        assert answer.head is not None
        return answer.head

    async def _upload(self, path: str, file: Path) -> None:
        what = f"{self.url}{path}"
        with self._spoken(what):
            try:
                head, text = await post(self._found(), what, file, self.limits.first_byte)
            except TimeoutError:
                raise not_whole(what, self.limits.first_byte) from None
        self._met = True
        if head.status >= 300:
            raise self._bad(head, text)

    async def _stream(self, path: str, body: Any, sink: Sink, patience: Patience) -> None:
        what, answer = f"{self.url}{path}", Stream(sink, patience)
        with self._spoken(what, sink):
            try:
                await self._ask("POST", path, body, answer)
            except TimeoutError:
                if not sink.done:
                    raise await self._too_silent(what, answer, sink) from None
        assert answer.head is not None
        if answer.complaint:
            raise self._bad(answer.head, answer.complaint.text)
        self._check_plain(what, answer.head)
        if strange := answer.end():
            raise foreign(what, self.clean(strange))

    async def _ask(self, method: str, path: str, body: Any, reader: Reader) -> None:
        try:
            await self._found().ask(method, f"{self.url}{path}", _encoded(body), reader)
        finally:
            self._met = self._met or reader.head is not None

    def clean(self, text: str) -> str:
        """The text without any of the keys, which some servers send back in their complaints."""
        return cleaned(text, self._hidden)

    def _found(self) -> Way:
        if self._way is None:
            self._way = way(self.url, self._headers, self.limits, trusted=self._trusted)
        return self._way

    def _check_plain(self, what: str, head: Head) -> None:
        coding = head.headers.get("content-encoding", "")
        if not plain_body(coding):
            raise encoded(what, self.clean(quoted(coding)))

    def _bad(self, head: Head, body: str) -> BadStatus:
        location = self.clean(quoted(head.headers.get("location", "")))
        return BadStatus(head.status, self.clean(body), location, retry_after(head.headers, time.time()))

    @contextmanager
    def _spoken(self, what: str, sink: Sink | None = None) -> Iterator[None]:
        """Turn what the network did into words."""
        try:
            yield
        except NetworkFault as error:
            error.args = (quoted(self.clean(str(error))),)
            raise said(error, self.url, what, self.limits, self.start, sink) from None

    async def _too_silent(self, what: str, answer: Stream, sink: Sink) -> ProviderError:
        if silent := fell_silent(what, answer.watch, sink):
            return silent
        told = f"{what} took the request and sent nothing for {answer.watch.patience.first:g} s"
        if await self._is_there():
            return Unanswered(told, hint="it may be loading or queueing; --llm-first-byte-timeout waits longer")
        return ServerDown(f"{told}; it does not answer {self._ping} either", hint=SERVER_LOG)


def _encoded(body: Any) -> bytes | None:
    """As ASCII JSON: half a surrogate pair in a prompt is sent as it is, and not refused here."""
    return None if body is None else json.dumps(body).encode()
