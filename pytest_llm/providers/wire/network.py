"""What can go wrong between two machines, in words that name neither address nor library."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

RESET = "reset by the server"


class NetworkFault(Exception):
    """Something happened on the way to a server or back; its text says what."""


class ConnectTimeout(NetworkFault):
    """Nobody took the connection in time."""


class NoConnection(NetworkFault):
    """The connection was refused, or there is no way, or no such name."""


class NotSecure(NoConnection):
    """The two do not agree on a secure connection."""


class BrokeOff(NetworkFault):
    """The connection ended before the answer did, or what came over it is none."""


@contextmanager
def connecting(*, secure: bool = False) -> Iterator[None]:
    """Turns what the system says of a connection that is not made into faults. secure: by TLS."""
    try:
        yield
    except TimeoutError:
        raise ConnectTimeout from None
    except UnicodeError:  # of `a..b`, which no resolver is asked for
        raise NoConnection("getaddrinfo takes it for no host name") from None
    except OSError as error:
        cut = secure and isinstance(error, ssl.SSLError | ConnectionResetError | ConnectionAbortedError)
        raise (NotSecure if cut else NoConnection)(words(error)) from None


def words(error: OSError) -> str:
    """What the system says of it: asyncio's own words repeat the address."""
    if isinstance(error, ConnectionResetError | BrokenPipeError):
        return RESET
    if isinstance(error, ssl.SSLError) or not error.errno or error.errno < 0:
        return error.strerror or str(error) or type(error).__name__
    return os.strerror(error.errno)
