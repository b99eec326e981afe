"""A host's name -> its addresses."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import suppress
from typing import Any


async def addresses(name: str, port: int) -> list[Any]:
    """As `socket.getaddrinfo` gives them, and raising what it does.

    Each in a thread that nobody waits for: the resolver of the system may hang for minutes, and the threads of the
    event loops are waited for at the end of a run.
    """
    loop = asyncio.get_running_loop()
    found: asyncio.Future[list[Any] | Exception] = loop.create_future()

    def told(result: list[Any] | Exception) -> None:
        if not found.done():
            found.set_result(result)

    def look() -> None:
        result = _looked_up(name, port)
        with suppress(RuntimeError):  # the loop has been closed
            loop.call_soon_threadsafe(told, result)

    threading.Thread(target=look, daemon=True, name="pytest-llm-names").start()
    result = await found
    if isinstance(result, Exception):
        raise result
    return result


def _looked_up(name: str, port: int) -> list[Any] | Exception:
    try:
        return list(socket.getaddrinfo(name, port, type=socket.SOCK_STREAM))
    except (OSError, UnicodeError) as error:
        return error
