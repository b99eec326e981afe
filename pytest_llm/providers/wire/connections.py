"""How a server is reached: a connection for each request, through the environment's proxy where that may be used.

No connection is kept: a server may close an idle one in the very moment of the next question.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

import certifi
from aiohappyeyeballs import start_connection

from pytest_llm.providers.base import Limits
from pytest_llm.providers.ollama.host import is_loopback
from pytest_llm.providers.wire.answers import Answer
from pytest_llm.providers.wire.exchange import Exchange, Reader
from pytest_llm.providers.wire.names import addresses
from pytest_llm.providers.wire.network import BrokeOff, connecting, words
from pytest_llm.providers.wire.proxies import Proxy, proxy_for, through

AGENT = "pytest-llm"
BOTH = 0.25  # seconds after which a name's second address is tried beside the first (RFC 8305)
_PORTS = {"http": 80, "https": 443}
_PLAIN = "/%:@!$&'()*+,;=~?-._"  # what a path and a query hold as it is


class Target(NamedTuple):
    """What is asked: where it is, what of it, and the Host header."""

    name: str
    port: int
    path: str
    host: str


@dataclass(frozen=True)
class Way:
    """What all connections to a server share. headers: sent with every request, by their names in small letters.

    connect, write: seconds to be connected, and without a byte of a request taken. forwards: the proxy is sent the
    requests themselves; any other leads on to the server. tls: None where the first hop is not secure. named: in
    its certificate; None where that is the server itself.
    """

    headers: Mapping[str, tuple[str, str]]
    connect: float
    write: float
    proxy: Proxy | None = None
    forwards: bool = False
    tls: ssl.SSLContext | None = None
    named: str | None = None

    def request(self, method: str, url: str, more: Mapping[str, str]) -> bytes:
        """The head of a request. more: headers of this one."""
        to = target(url)
        sent = {"host": ("Host", to.host), **self.headers, **_by_name(more)}
        lines = "".join(f"{name}: {value}\r\n" for name, value in sent.values())
        place = f"http://{to.host}{to.path}" if self.forwards else to.path
        return f"{method} {place} HTTP/1.1\r\n{lines}\r\n".encode()

    async def socket(self, to: Target) -> socket.socket:
        """A connection to the server, on which nothing has been said yet. Raises NetworkFault."""
        name, port = (self.proxy.host, self.proxy.port) if self.proxy else (to.name, to.port)
        with connecting(proxy=f"{name}:{port}" if self.proxy else ""):
            async with asyncio.timeout(self.connect):
                sock = await start_connection(await addresses(name, port), happy_eyeballs_delay=BOTH)
        try:
            if self.proxy and not self.forwards:
                await through(self.proxy, sock, to.name, to.port)
        except OSError as error:
            sock.close()
            raise BrokeOff(words(error)) from None
        except BaseException:
            sock.close()
            raise
        return sock

    def secure(self, to: Target) -> str | None:
        """The name that the certificate of the first hop must have; None where there is none."""
        return (self.named or to.name) if self.tls else None

    def securing(self) -> AbstractContextManager[None]:
        """Around what is said on the first hop before any request."""
        at = f"{self.proxy.host}:{self.proxy.port}" if self.proxy and self.named else ""
        return connecting(secure=self.tls is not None, proxy=at)

    async def ask(self, method: str, url: str, content: bytes | None, reader: Reader) -> None:
        """Ask, and feed the answer to the reader. The connection ends with it, and what the server does for it.

        Raises NetworkFault, TimeoutError at the reader's deadline, and what the reader raises.
        """
        to, head = target(url), self.request(method, url, _of_json(content))
        exchange = Exchange(head + (content or b""), Answer(method), reader, self.write)
        try:
            await self._connect(exchange, to, reader.deadline)
            await exchange.answered()
        finally:
            exchange.close()

    async def _connect(self, exchange: Exchange, to: Target, deadline: float) -> None:
        """An address is left to the loop: of it there is no second one to try."""
        loop: Any = asyncio.get_running_loop()
        name: dict[str, Any] = {"host": to.name, "port": to.port}
        if self.proxy or not _is_address(to.name):
            async with asyncio.timeout_at(deadline):
                name = {"sock": await self.socket(to)}
        with self.securing():
            async with asyncio.timeout(self.connect):
                await loop.create_connection(
                    lambda: exchange, **name, ssl=self.tls, server_hostname=self.secure(to)
                )


def way(url: str, headers: Mapping[str, str], limits: Limits, *, trusted: bool) -> Way:
    """The way to a server. trusted: proxies and certificates of the environment may be used for it, which they are
    never for this machine.

    Raises ServerDown where the proxy cannot be used.
    """
    environ = os.environ if trusted and not is_loopback(url) else {}
    proxy = proxy_for(url) if environ else None
    plain = urlsplit(url).scheme == "http"
    forwards = proxy is not None and plain and not proxy.socks
    named = proxy.host if proxy and forwards and proxy.scheme == "https" else None
    asks = proxy.headers if proxy and forwards else {}
    sent = {"Accept": "*/*", "User-Agent": AGENT, "Accept-Encoding": "identity", **asks}
    return Way(
        headers={**_by_name(sent), **_by_name(headers)},
        connect=limits.connect,
        write=limits.silence,
        proxy=proxy,
        forwards=forwards,
        tls=None if plain and not named else _certificates(environ),
        named=named,
    )


@lru_cache(maxsize=64)
def target(url: str) -> Target:
    """What a URL means."""
    parts = urlsplit(url)
    host, default = parts.hostname or "", _PORTS[parts.scheme]
    port = parts.port or default
    shown = f"[{host}]" if ":" in host else host
    path = quote(f"{parts.path or '/'}?{parts.query}".removesuffix("?"), safe=_PLAIN)
    return Target(host, port, path, shown if port == default else f"{shown}:{port}")


def _is_address(host: str) -> bool:
    return ":" in host or host.rpartition(".")[2].isdecimal()


def _by_name(headers: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    return {name.lower(): (name, value) for name, value in headers.items()}


def _of_json(content: bytes | None) -> dict[str, str]:
    if content is None:
        return {}
    return {"Content-Type": "application/json", "Content-Length": str(len(content))}


def _certificates(environ: Mapping[str, str]) -> ssl.SSLContext:
    if file := environ.get("SSL_CERT_FILE"):
        return ssl.create_default_context(cafile=file)
    if folder := environ.get("SSL_CERT_DIR"):
        return ssl.create_default_context(capath=folder)
    return ssl.create_default_context(cafile=certifi.where())
