"""The proxy that the environment names, and the way through it."""

from __future__ import annotations

import asyncio
import base64
import re
import socket
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from pytest_llm.errors import ServerDown
from pytest_llm.providers.wire.network import BrokeOff

_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
_MAX_HEAD = 64 * 2**10  # bytes
_STATUS = re.compile(rb"HTTP/1\.[01] +(\d{3} ?[^\r\n]{0,200})")
# RFC 1928 and 1929: ways to say who one is, what is said of a connection, an address's length by its kind.
_OPEN, _BY_NAME = 0, 2
_SAID = {
    1: "general failure",
    2: "it is not allowed",
    3: "network unreachable",
    4: "host unreachable",
    5: "connection refused",
    6: "it took too long",
}
_LENGTHS = {1: 4, 4: 16}


@dataclass(frozen=True)
class Proxy:
    """scheme: http, https, socks5 or socks5h. user: `name:password`, read; None where the proxy is open to all."""

    scheme: str
    host: str
    port: int
    user: str | None = None

    @property
    def socks(self) -> bool:
        return self.scheme.startswith("socks")

    @property
    def headers(self) -> dict[str, str]:
        """What says who asks."""
        if self.user is None:
            return {}
        return {"Proxy-Authorization": f"Basic {base64.b64encode(self.user.encode()).decode()}"}


def proxy_for(url: str) -> Proxy | None:
    """The environment's proxy for this address. Raises ServerDown where it cannot be used."""
    parts, named = urlsplit(url), getproxies()
    said = named.get(parts.scheme) or named.get("all")
    if not said or proxy_bypass(parts.netloc):
        return None
    try:
        found = _read(said if "://" in said else f"http://{said}")
        if found.scheme == parts.scheme == "https":
            raise ValueError("one that is reached by https:// leads to no https:// server")
    except ValueError as error:
        raise ServerDown(f"the proxy that the environment names cannot be used: {error}") from None
    return found


def _read(said: str) -> Proxy:
    parts = urlsplit(said)
    if parts.scheme not in _PORTS:
        raise ValueError(f"{parts.scheme}:// is no scheme of a proxy")
    user, at, place = parts.netloc.rpartition("@")
    there = urlsplit(f"//{place}")
    if not there.hostname:
        raise ValueError("it has no host")
    return Proxy(parts.scheme, there.hostname, there.port or _PORTS[parts.scheme], unquote(user) if at else None)


async def through(proxy: Proxy, sock: socket.socket, host: str, port: int) -> None:
    """Have the proxy at the other end of this socket lead on to a server. Raises BrokeOff where it will not."""
    await (_socks(proxy, sock, host, port) if proxy.socks else _connect(proxy, sock, host, port))


async def _connect(proxy: Proxy, sock: socket.socket, host: str, port: int) -> None:
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    loop = asyncio.get_running_loop()
    headers = {"Host": place, "Accept": "*/*", **proxy.headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    await loop.sock_sendall(sock, f"CONNECT {place} HTTP/1.1\r\n{lines}\r\n".encode())
    came = b""
    while b"\n\r\n" not in came and b"\n\n" not in came and len(came) < _MAX_HEAD:
        if not (more := await loop.sock_recv(sock, 4096)):
            break
        came += more
    said = _STATUS.match(came)
    if said is None:
        raise BrokeOff("the proxy closed it without an answer" if not came else "the proxy does not answer in HTTP")
    if not said[1].startswith(b"2"):
        raise BrokeOff(f"the proxy refused: {said[1].decode('latin-1').strip()}")


async def _socks(proxy: Proxy, sock: socket.socket, host: str, port: int) -> None:
    """The name is the proxy's to look up, as in `socks5h://`."""
    loop = asyncio.get_running_loop()
    method = _OPEN if proxy.user is None else _BY_NAME
    await loop.sock_sendall(sock, bytes((5, 1, method)))
    if await _exactly(sock, 2) != bytes((5, method)):
        raise BrokeOff("the proxy refused: it wants another way to say who asks, or speaks no SOCKS5")
    if proxy.user is not None:
        name, _, password = proxy.user.partition(":")
        await loop.sock_sendall(sock, b"\x01" + _counted(name) + _counted(password))
        if (await _exactly(sock, 2))[1]:
            raise BrokeOff("the proxy refused: it does not know this name and password")
    await loop.sock_sendall(sock, b"\x05\x01\x00\x03" + _counted(host) + port.to_bytes(2, "big"))
    _, code, _, kind = await _exactly(sock, 4)
    if code:
        raise BrokeOff(f"the proxy has no connection: {_SAID.get(code, f'its code is {code}')}")
    length = _LENGTHS.get(kind) or (await _exactly(sock, 1))[0]
    await _exactly(sock, length + 2)


def _counted(text: str) -> bytes:
    data = text.encode()[:255]
    return bytes((len(data),)) + data


async def _exactly(sock: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        if not (more := await asyncio.get_running_loop().sock_recv(sock, size - len(data))):
            raise BrokeOff("the proxy closed it without an answer")
        data += more
    return data
