"""The one way out for a page with `network: allow`: the Internet, never this machine or its neighbours.

Names are looked up here and the connection goes to the very address that was judged, so that a name cannot mean one
thing when it is checked and another when it is used.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Callable
from urllib.parse import urlsplit

_HEAD_LIMIT = 64 * 1024  # bytes: a longer head is no browser's
_LIMIT = 15.0  # seconds to look a name up and to connect
_REFUSED = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_UNREACHED = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_TUNNEL = b"HTTP/1.1 200 Connection established\r\n\r\n"

_UNICAST = ipaddress.IPv6Network("2000::/3")
_TEREDO = ipaddress.IPv6Network("2001::/32")  # RFC 4380
# IPv6 networks whose addresses carry an IPv4 one, and how many bits to the right of it there are
_CARRIERS = (
    (ipaddress.IPv6Network("::ffff:0:0/96"), 0),  # RFC 4291, mapped
    (ipaddress.IPv6Network("::ffff:0:0:0/96"), 0),  # RFC 2765, translated
    (ipaddress.IPv6Network("::/96"), 0),  # RFC 4291, compatible
    (ipaddress.IPv6Network("64:ff9b::/96"), 0),  # RFC 6052, NAT64
    (ipaddress.IPv6Network("2002::/16"), 80),  # RFC 3056, 6to4
    (_TEREDO, 0),
)
_ISATAP = (0x00005EFE, 0x02005EFE)  # RFC 5214

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Allowed = Callable[[str], bool]


class Forbidden(Exception):
    """The address is not on the Internet."""


def public(address: str) -> bool:
    """Whether an IP address is on the Internet: not loopback, private, link-local, multicast, reserved or this
    machine's own, in none of the spellings that carry an IPv4 address within an IPv6 one."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if ip in _own():
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = _carried(ip)
        if inner is None and ip not in _UNICAST:
            return False
        ip = ip if inner is None else inner
    return ip.is_global and not ip.is_multicast


def _carried(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that a packet to this one would reach."""
    for network, shift in _CARRIERS:
        if ip in network:
            number = int(ip) >> shift & 0xFFFFFFFF
            return ipaddress.IPv4Address(number ^ 0xFFFFFFFF if network == _TEREDO else number)
    return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if int(ip) >> 32 & 0xFFFFFFFF in _ISATAP else None


def _own() -> set[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """The addresses of this machine, a public one among them, perhaps."""
    import psutil

    families = (socket.AF_INET, socket.AF_INET6)
    found = (a.address for some in psutil.net_if_addrs().values() for a in some if a.family in families)
    return {ipaddress.ip_address(address.partition("%")[0]) for address in found}


async def start(allowed: Allowed = public) -> asyncio.Server:
    """A proxy on loopback, running."""
    return await asyncio.start_server(lambda r, w: _Visit(allowed).run(r, w), "127.0.0.1", 0, limit=_HEAD_LIMIT)


def port(server: asyncio.Server) -> int:
    """The port that a server listens on."""
    return int(server.sockets[0].getsockname()[1])


class _Visit:
    """One connection of the browser's."""

    def __init__(self, allowed: Allowed) -> None:
        self._allowed = allowed

    async def run(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            head = await reader.readuntil(b"\r\n\r\n")
            try:
                first, target = await self._reach(head)
            except (Forbidden, ValueError):
                writer.write(_REFUSED)
            except (OSError, TimeoutError):
                writer.write(_UNREACHED)
            else:
                (target[1] if first else writer).write(first or _TUNNEL)
                await _both_ways((reader, writer), target)
            await writer.drain()
        writer.close()

    async def _reach(self, head: bytes) -> tuple[bytes, Streams]:
        """What is sent on first (nothing for a tunnel), and the connection to the other side."""
        line, _, rest = head.decode("latin-1").partition("\r\n")
        method, url, version = line.split(" ", 2)
        parts = urlsplit(f"//{url}" if method == "CONNECT" else url)
        async with asyncio.timeout(_LIMIT):
            target = await self._connect(parts.hostname or "", parts.port or 80)
        if method == "CONNECT":
            return b"", target
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        fields = [f for f in rest.split("\r\n") if f and not f.lower().startswith(("connection:", "proxy-"))]
        lines = [f"{method} {path} {version}", *fields, "Connection: close", "", ""]
        return "\r\n".join(lines).encode("latin-1"), target

    async def _connect(self, host: str, port: int) -> Streams:
        if not host:
            raise Forbidden("no host")
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        if not all(self._allowed(address) for address in addresses):
            raise Forbidden(host)
        return await asyncio.open_connection(addresses[0], port)


async def _both_ways(one: Streams, other: Streams) -> None:
    """Carry bytes until either side ends."""
    ways = [asyncio.create_task(_carry(one[0], other[1])), asyncio.create_task(_carry(other[0], one[1]))]
    await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    for way in ways:
        way.cancel()
    await asyncio.gather(*ways, return_exceptions=True)
    other[1].close()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
