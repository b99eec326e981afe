"""How a server is reached: a connection for each request, through the environment's proxy where that may be used.

No connection is kept: a server may close an idle one in the very moment of the next question.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any
from urllib.parse import quote, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import certifi
import httpcore

from pytest_llm.errors import ServerDown
from pytest_llm.providers.base import Limits
from pytest_llm.providers.ollama.host import is_loopback
from pytest_llm.providers.wire.sockets import Sockets

AGENT = "pytest-llm"
FAULTS = (
    httpcore.NetworkError,
    httpcore.TimeoutException,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
)
_PORTS = {"http": 80, "https": 443}
_PROXIES = ("http", "https", "socks5", "socks5h")
_PLAIN = "/%:@!$&'()*+,;=~?-._"  # what a path and a query hold as it is


@dataclass(frozen=True)
class Head:
    """What an answer begins with; the names of its headers in small letters."""

    status: int
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Reply(Head):
    """An answer; its body comes bit by bit and is never decoded."""

    chunks: AsyncIterator[bytes]


@dataclass(frozen=True)
class Way:
    """What all connections to a server share. headers: sent with every request, by their names in small letters.

    seconds: to connect, to write, to read.
    """

    headers: Mapping[str, tuple[str, str]]
    seconds: Mapping[str, float]
    proxy: httpcore.Proxy | None
    tls: ssl.SSLContext | None

    def request(self, method: str, url: str, content: Any, more: Mapping[str, str]) -> httpcore.Request:
        """more: headers of this request. content: bytes, None, or bytes in parts whose length `more` tells."""
        target, host = _target(url)
        headers = {"host": ("Host", host), **self.headers, **_by_name(more)}
        return httpcore.Request(
            method, target, headers=list(headers.values()), content=content, extensions={"timeout": self.seconds}
        )


def way(url: str, headers: Mapping[str, str], limits: Limits, *, trusted: bool) -> Way:
    """The way to a server. trusted: proxies and certificates of the environment may be used for it, which they are
    never for this machine.

    Raises ServerDown where the proxy cannot be used.
    """
    environ = os.environ if trusted and not is_loopback(url) else {}
    tls = _certificates(environ) if urlsplit(url).scheme == "https" else None
    sent = {**_by_name({"Accept": "*/*", "User-Agent": AGENT, "Accept-Encoding": "identity"}), **_by_name(headers)}
    slowest = max(limits.first_byte, limits.silence) + 1
    seconds = {"connect": limits.connect, "write": limits.silence, "read": slowest}
    return Way(sent, seconds, _proxy(url) if environ else None, tls)


class Connections:
    """Asks one server."""

    def __init__(self, way: Way) -> None:
        self.way = way
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=way.tls, proxy=way.proxy, network_backend=Sockets(), keepalive_expiry=0.0
        )

    @asynccontextmanager
    async def asked(self, method: str, url: str, content: bytes | None) -> AsyncIterator[Reply]:
        """The answer to a request. Its connection ends with the block, and so does what the server does for it."""
        request = self.way.request(method, url, content, _of_json(content))
        connection = self._pool.create_connection(request.url.origin)
        try:
            response = await connection.handle_async_request(request)
            async with aclosing(aiter(response.stream)) as chunks:  # type: ignore[arg-type, type-var]
                yield Reply(response.status, named(response.headers), chunks)
        finally:
            await connection.aclose()


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


def _by_name(headers: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    return {name.lower(): (name, value) for name, value in headers.items()}


def _of_json(content: bytes | None) -> dict[str, str]:
    if content is None:
        return {}
    return {"Content-Type": "application/json", "Content-Length": str(len(content))}


@lru_cache(maxsize=64)
def _target(url: str) -> tuple[httpcore.URL, str]:
    """What is asked, and the Host header."""
    parts = urlsplit(url)
    host, default = parts.hostname or "", _PORTS[parts.scheme]
    port = parts.port or default
    shown = f"[{host}]" if ":" in host else host
    path = quote(f"{parts.path or '/'}?{parts.query}".removesuffix("?"), safe=_PLAIN)
    found = httpcore.URL(scheme=parts.scheme, host=host, port=port, target=path)
    return found, shown if port == default else f"{shown}:{port}"


def _certificates(environ: Mapping[str, str]) -> ssl.SSLContext:
    if file := environ.get("SSL_CERT_FILE"):
        return ssl.create_default_context(cafile=file)
    if folder := environ.get("SSL_CERT_DIR"):
        return ssl.create_default_context(capath=folder)
    return ssl.create_default_context(cafile=certifi.where())


def _proxy(url: str) -> httpcore.Proxy | None:
    """The environment's proxy for this address. Raises ServerDown where it cannot be used."""
    parts, named = urlsplit(url), getproxies()
    said = named.get(parts.scheme) or named.get("all")
    if not said or proxy_bypass(parts.netloc):
        return None
    try:
        return _made(said if "://" in said else f"http://{said}")
    except (ImportError, ValueError) as error:
        raise ServerDown(f"the proxy that the environment names cannot be used: {error}") from None


def _made(said: str) -> httpcore.Proxy:
    parts = urlsplit(said)
    if parts.scheme not in _PROXIES:
        raise ValueError(f"{parts.scheme}:// is no scheme of a proxy")
    if parts.scheme.startswith("socks"):
        import_module("socksio")  # httpcore would miss it within the first request
    user, at, place = parts.netloc.rpartition("@")
    name, _, password = user.partition(":")
    auth = (unquote(name).encode(), unquote(password).encode()) if at else None
    return httpcore.Proxy(f"{parts.scheme}://{place}", auth=auth)
