"""Sockets of asyncio's own streams for httpcore, at a fraction of the processor time of those that it brings."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore
from aiohappyeyeballs import start_connection
from httpcore import AsyncNetworkBackend, AsyncNetworkStream

BOTH = 0.25  # seconds after which a name's second address is tried beside the first (RFC 8305)


class Sockets(AsyncNetworkBackend):
    """Connects by TCP; every wait for a connection has its limit in seconds."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> AsyncNetworkStream:
        with _connecting():
            async with asyncio.timeout(timeout):
                if _is_address(host):
                    return Socket(*await asyncio.open_connection(host, port))
                return Socket(*await _to_a_name(host, port))


class Socket(AsyncNetworkStream):
    """One connection. What reads waits as long as the timer around it says: only that knows what may take long."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            return await self._reader.read(max_bytes)
        except OSError as error:
            raise httpcore.ReadError(_words(error)) from None

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._writer.write(buffer)
        if self._writer.transport.get_write_buffer_size():
            await self._drained(timeout)

    async def _drained(self, timeout: float | None) -> None:
        try:
            async with asyncio.timeout(timeout):
                await self._writer.drain()
        except TimeoutError:
            raise httpcore.WriteTimeout from None
        except OSError as error:
            raise httpcore.WriteError(_words(error)) from None

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> AsyncNetworkStream:
        try:
            with _connecting():
                async with asyncio.timeout(timeout):
                    await self._writer.start_tls(ssl_context, server_hostname=server_hostname)
        except BaseException:
            await self.aclose()
            raise
        return self

    async def aclose(self) -> None:
        """At once, without a wait: nothing that was written is still wanted, and the server sees the client go."""
        self._writer.transport.abort()

    def get_extra_info(self, info: str) -> Any:
        return self._writer.get_extra_info(info)


def _is_address(host: str) -> bool:
    """Of an address there is no second one to try, and no tasks are needed to do so."""
    return ":" in host or host.rpartition(".")[2].isdecimal()


async def _to_a_name(host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Whichever of its addresses takes the connection first."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    connected = await start_connection(found, happy_eyeballs_delay=BOTH)
    try:
        return await asyncio.open_connection(sock=connected)
    except BaseException:
        connected.close()
        raise


@contextmanager
def _connecting() -> Iterator[None]:
    try:
        yield
    except TimeoutError:
        raise httpcore.ConnectTimeout from None
    except OSError as error:
        raise httpcore.ConnectError(_words(error)) from None


def _words(error: OSError) -> str:
    """What the system says of it: asyncio's own words repeat the address; "" for a reset."""
    if isinstance(error, ConnectionResetError | BrokenPipeError):
        return ""
    if isinstance(error, ssl.SSLError) or not error.errno or error.errno < 0:
        return error.strerror or str(error)
    return os.strerror(error.errno)
