"""What can go wrong between two machines, in words that name neither address nor library."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

RESET = "reset by the server"


class NetworkFault(Exception):
    """Something happened on the way to a server or back; its text says what.

    proxy: `host:port` of the one at which it happened; "" where there is none before the server.
    """

    proxy = ""


class ConnectTimeout(NetworkFault):
    """Nobody took the connection in time."""


class NoConnection(NetworkFault):
    """The connection was refused, or there is no way, or no such name."""


class NotSecure(NoConnection):
    """The two do not agree on a secure connection."""


class BrokeOff(NetworkFault):
    """The connection ended before the answer did, or what came over it is none."""


@contextmanager
def connecting(*, secure: bool = False, proxy: str = "") -> Iterator[None]:
    """Turns what the system says of a connection that is not made into faults. secure: by TLS. proxy: if at one."""
    try:
        yield
    except (OSError, UnicodeError) as error:
        fault = _fault(error, secure=secure)
        fault.proxy = proxy
        raise fault from None


def _fault(error: OSError | UnicodeError, *, secure: bool) -> NetworkFault:
    if isinstance(error, TimeoutError):
        return ConnectTimeout()
    if isinstance(error, UnicodeError):  # of `a..b`, which no resolver is asked for
        return NoConnection("getaddrinfo takes it for no host name")
    if secure and isinstance(error, ssl.SSLError | ConnectionResetError | ConnectionAbortedError):
        return NotSecure(words(error))
    return NoConnection(words(error))


def words(error: OSError) -> str:
    """What the system says of it: asyncio's own words repeat the address."""
    if isinstance(error, ConnectionResetError | BrokenPipeError | ssl.SSLEOFError):
        return RESET
    if isinstance(error, ssl.SSLError) or not error.errno or error.errno < 0:
        return error.strerror or str(error) or type(error).__name__
    return os.strerror(error.errno)
