"""The one HTTP client behind the engines that are servers: requests, streams, and what can go wrong with them.

A status other than 200 is raised as BadStatus, for the dialect to read; everything else that can happen on the way
(nothing listens, silence, a cut connection) is an error of the plugin's own here already.
"""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import httpcore

from pytest_llm.errors import (
    AnswerTooLarge,
    BrokenAnswer,
    GenerationTimeout,
    ProviderError,
    ServerDown,
    Unanswered,
)
from pytest_llm.providers.base import Limits
from pytest_llm.providers.ollama.host import without_credentials
from pytest_llm.providers.wire.connections import FAULTS, Connections, Head, Reply, way
from pytest_llm.providers.wire.faults import foreign
from pytest_llm.providers.wire.retry_after import retry_after
from pytest_llm.providers.wire.secrets import LEAST, cleaned, of_header
from pytest_llm.providers.wire.stream import (
    Lines,
    NotJson,
    Patience,
    Sink,
    Strange,
    Watch,
    first_words,
    parse_object,
    plain_body,
    quoted,
)
from pytest_llm.providers.wire.upload import post

MAX_ERROR_BODY = 64 * 2**10  # bytes: an error page is longer than anybody reads
DRAIN_SECONDS = 1.0  # a connection whose end is read may be used again; not worth a longer wait
PING_SECONDS = 0.25
MOMENT = 0.5  # seconds in which a process that ends lets its ports go, on a busy machine too
# Of a name that is not resolved, and of an address without a route, by the words of the C libraries.
_NO_HOST = re.compile(
    r"name or service|name resolution|nodename nor servname|no address|getaddrinfo|unreachable|no route to|is down",
    re.IGNORECASE,
)
T = TypeVar("T")


class BadStatus(Exception):
    """The server answered, but not with 200: its status, the beginning of its body, where a redirect leads.

    wait: the seconds after which it wants to be asked again; None where it does not say.
    """

    def __init__(self, status: int, body: str, location: str = "", wait: float | None = None) -> None:
        self.status, self.body, self.location, self.wait = status, body, location, wait
        super().__init__(status)


class Unreachable(ServerDown):
    """Nothing listens, or nobody lets us in: what another address or a restart may mend."""


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
        self._hidden = [w for pair in self._headers.items() for w in of_header(*pair) if len(w) >= LEAST]
        self._connections: Connections | None = None

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
                error.hint = f"{told}\n  {error.hint}"
                raise
        return await exchange()

    async def _is_back(self) -> bool:
        """Wait for a server that may be starting anew."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self.limits.restart):
                while True:
                    await asyncio.sleep(PING_SECONDS)
                    with suppress(*FAULTS):
                        if await self._pinged():
                            return True
        return False

    async def _is_there(self) -> bool:
        """Whether a server answers others; taken for granted where it is not known what to ask it."""
        with suppress(TimeoutError, *FAULTS):
            async with asyncio.timeout(self.limits.connect):
                return not self._ping or await self._pinged()
        return False

    async def _pinged(self) -> bool:
        async with self._request("GET", self._ping, None) as response:
            return response.status < 500

    async def _json(self, method: str, path: str, body: Any) -> dict[str, Any]:
        what = f"{self.url}{path}"
        with self._spoken(what):
            try:
                async with asyncio.timeout(self.limits.silence):
                    async with self._request(method, path, _encoded(body)) as response:
                        text = await self._text(what, response)
            except TimeoutError:
                raise self._silent(what) from None
        if response.status != 200:
            raise self._bad(response, text)
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
        what, content = f"{self.url}{path}", _encoded(body)
        with self._spoken(what):
            try:
                async with asyncio.timeout(self.limits.silence):
                    async with self._request(method, path, content) as response:
                        if response.status < 300 or response.status == 404:
                            return response.status
                        raise self._bad(response, "" if method == "HEAD" else await self._text(what, response))
            except TimeoutError:
                raise self._silent(what) from None

    async def _upload(self, path: str, file: Path) -> None:
        """In a thread: there an answer that came before a reset (the disk is full) can still be read."""
        what, left = f"{self.url}{path}", threading.Event()
        try:
            with self._spoken(what):
                response, text = await asyncio.to_thread(
                    post, self._found().way, what, file, left, self.limits.first_byte
                )
        finally:
            left.set()
        if response.status >= 300:
            raise self._bad(response, text)

    async def _stream(self, path: str, body: Any, sink: Sink, patience: Patience) -> None:
        what = f"{self.url}{path}"
        watch = Watch(patience, asyncio.get_running_loop().time())
        with self._spoken(what, sink):
            try:
                async with asyncio.timeout_at(watch.deadline) as timer:
                    async with self._request("POST", path, _encoded(body)) as response:
                        if response.status != 200:
                            raise self._bad(response, await self._text(what, response))
                        self._check_plain(what, response)
                        strange = await _pour(response, sink, watch, timer)
            except TimeoutError:
                raise await self._too_silent(what, watch, sink) from None
        if strange:
            raise foreign(what, self.clean(strange))

    def clean(self, text: str) -> str:
        """The text without any of the keys, which some servers send back in their complaints."""
        return cleaned(text, self._hidden)

    @asynccontextmanager
    async def _request(self, method: str, path: str, content: bytes | None) -> AsyncIterator[Reply]:
        async with self._found().asked(method, f"{self.url}{path}", content) as response:
            self._met = True
            yield response

    def _found(self) -> Connections:
        if self._connections is None:
            found = way(self.url, self._headers, self.limits, trusted=self._trusted)
            self._connections = Connections(found)
        return self._connections

    async def _text(self, what: str, response: Reply) -> str:
        """The body as it came; of a complaint the beginning. Raises ProviderError where it is too large."""
        good, limit = response.status == 200, self.limits.answer
        if not good:
            plain = plain_body(response.headers.get("content-encoding", ""))
            return (await _body(response, MAX_ERROR_BODY)).decode(errors="replace") if plain else ""
        self._check_plain(what, response)
        data = await _body(response, limit + 1)
        if len(data) > limit:
            raise ProviderError(
                f"{what} answered with more than {limit} bytes",
                hint="is this the address of a model server? --llm-answer-size takes more",
                reach="server",
            )
        return data.decode(errors="replace")

    def _check_plain(self, what: str, response: Head) -> None:
        coding = response.headers.get("content-encoding", "")
        if not plain_body(coding):
            raise ProviderError(
                f"{what} answered in the encoding {self.clean(quoted(coding))!r}, which was not asked for",
                hint="a proxy before the server may compress what it was told not to: switch that off there",
                reach="server",
            )

    def _bad(self, response: Head, body: str) -> BadStatus:
        headers = response.headers
        return BadStatus(
            response.status,
            self.clean(body),
            self.clean(quoted(headers.get("location", ""))),
            retry_after(headers, time.time()),
        )

    @contextmanager
    def _spoken(self, what: str, sink: Sink | None = None) -> Iterator[None]:
        """Turn what the network did into words."""
        try:
            yield
        except httpcore.ConnectTimeout:
            raise Unreachable(
                f"nothing answered at {self.url} within {self.limits.connect:g} s", hint=self.start
            ) from None
        except httpcore.ConnectError as error:
            raise self._no_connection(error) from None
        except FAULTS as error:
            raise self._broke_off(what, sink, error) from None

    def _broke_off(self, what: str, sink: Sink | None, error: Exception) -> BrokenAnswer:
        """Asked again after a moment: a server that is going down still takes a connection, and breaks it too."""
        broken = BrokenAnswer(
            f"the connection to {what} broke off {_where(sink)}: {_reason(error)}",
            hint="see the server's log; a proxy or a restart cuts connections too",
            partial=sink.text if sink else "",
        )
        broken.pause, broken.wait = True, MOMENT
        return broken

    def _no_connection(self, error: httpcore.ConnectError) -> ServerDown:
        reason = self.clean(str(error)) or type(error).__name__
        if "SSL" in reason or "certificate" in reason.lower():
            return ServerDown(f"no secure connection to {self.url}: {reason}", hint="is it https that it speaks?")
        if _NO_HOST.search(reason):
            return Unreachable(
                f"there is no way to {self.url}: {reason}", hint="is its name right, and the network up?"
            )
        return Unreachable(f"nothing listens at {self.url}: {reason}", hint=self.start)

    def _silent(self, what: str) -> ServerDown:
        seconds = self.limits.silence
        return ServerDown(f"{what} gave no whole answer within {seconds:g} s", hint="see the server's log")

    async def _too_silent(self, what: str, watch: Watch, sink: Sink) -> ProviderError:
        limit = watch.patience.silence
        if watch.flowing:
            return BrokenAnswer(
                f"{what} fell silent: no line for {limit:g} s, {_where(sink)}",
                hint="see the server's log; --llm-silence-timeout waits longer",
                retry=0,
                partial=sink.text,
            )
        if watch.began is not None:
            return BrokenAnswer(f"{what} sent bytes for {limit:g} s that never ended a line", retry=0)
        told = f"{what} took the request and sent nothing for {watch.patience.first:g} s"
        if await self._is_there():
            return Unanswered(told, hint="it may be loading or queueing; --llm-first-byte-timeout waits longer")
        return ServerDown(f"{told}; it does not answer {self._ping} either", hint="see the server's log")


async def _body(response: Reply, limit: int) -> bytes:
    """The first `limit` bytes, never decoded."""
    data = bytearray()
    async for chunk in response.chunks:
        data += chunk
        if len(data) >= limit:
            break
    return bytes(data[:limit])


async def _pour(response: Reply, sink: Sink, watch: Watch, timer: asyncio.Timeout) -> str:
    """Feed the lines to the sink; a body that is none of the protocol is given back, its beginning at least."""
    loop, lines, strange, left = asyncio.get_running_loop(), Lines(), Strange(), watch.patience.size
    async for chunk in response.chunks:
        left = None if left is None else left - len(chunk)
        if left is not None and left < 0:
            raise AnswerTooLarge(watch.patience.size or 0, sink.text, sink.thinking)
        for line in lines.feed(chunk):
            if strange.take(line):
                continue
            if sink.take(line) and watch.progress(loop.time()):
                raise GenerationTimeout(watch.patience.whole or 0.0, sink.text, sink.thinking)
            if sink.done:
                timer.reschedule(None)
                await _drain(response.chunks)
                return ""
        if strange.full:
            return strange.text
        watch.heard(loop.time(), pending=lines.pending)
        timer.reschedule(watch.deadline)
    rest = lines.rest()
    if strange.take(rest) or strange.text:
        return strange.text
    if rest:
        sink.take(rest, cut=True)
    sink.end()
    return ""


async def _drain(chunks: AsyncIterator[bytes]) -> None:
    """Read what is left, so that the server sees no client go before the end.

    A connection that breaks even now is told as any other: what came may not be all.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_SECONDS):
            async for _ in chunks:
                pass


def _encoded(body: Any) -> bytes | None:
    """As ASCII JSON: half a surrogate pair in a prompt is sent as it is, and not refused here."""
    return None if body is None else json.dumps(body).encode()


def _where(sink: Sink | None) -> str:
    written = len(sink.text) + len(sink.thinking) if sink else 0
    return f"after {written} characters" if written else "before anything was written"


def _reason(error: Exception) -> str:
    return str(error) or ("reset by the server" if isinstance(error, httpcore.ReadError) else type(error).__name__)
