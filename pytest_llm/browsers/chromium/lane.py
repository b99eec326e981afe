"""A lane: one browser and its pages, in a process of its own.

It is started as `python -m pytest_llm.browsers.chromium.lane` with its settings as JSON in the first line of its
standard input, then reads one page a line and answers each with one line. It ends when its input does.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, BinaryIO

from pytest_llm.browsers.chromium import proxy
from pytest_llm.browsers.chromium.browser import Browser
from pytest_llm.browsers.chromium.cdp import BrowserGone
from pytest_llm.browsers.judge import judge
from pytest_llm.browsers.report import PageOptions, PageReport
from pytest_llm.errors import Unsupported

Judge = Callable[[Any, str, PageOptions, bool], Awaitable[PageReport]]  # the last: whether frames can be stepped


async def serve(
    requests: asyncio.Queue[dict[str, Any]], out: BinaryIO, browser: Browser, judge: Judge, stepping: bool
) -> None:
    """Answer until the process ends. Where the browser cannot be started any more, say so and return."""
    try:
        await browser.start()
    except BrowserGone as error:
        _say(out, {"failed": str(error)})
        return
    _say(out, {"product": browser.product, "sandboxed": browser.sandboxed})
    while True:
        request = await requests.get()
        options = PageOptions(**request["options"])
        try:
            report = await judge(browser, request["html"], options, stepping)
            _say(out, {"report": report.plain()})
        except Unsupported as missing:
            _say(out, {"unsupported": [missing.reason, missing.remedy]})
        except BrowserGone as error:
            _say(out, {"failed": str(error)})
            return


def _say(out: BinaryIO, message: dict[str, Any]) -> None:
    out.write(json.dumps(message).encode() + b"\n")
    out.flush()


def _listen(
    loop: asyncio.AbstractEventLoop, requests: asyncio.Queue[dict[str, Any]], serving: asyncio.Task[None]
) -> None:
    """Hand on what comes in. Its own thread, so that the end of the input ends even a lane that is busy."""
    for line in sys.stdin.buffer:
        loop.call_soon_threadsafe(requests.put_nowait, json.loads(line))
    with contextlib.suppress(RuntimeError):  # the loop is closed: all is done
        while True:  # code on its way out may swallow one
            loop.call_soon_threadsafe(serving.cancel)
            time.sleep(0.5)


async def main(browser_at: Callable[[Path], Browser], judge: Judge) -> None:
    """Serve the browser that the first line names."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints by accident does not get among the answers
    settings = json.loads(sys.stdin.buffer.readline())
    browser = browser_at(Path(settings["browser"]))
    requests: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    if settings["network"] == "allow":
        browser.proxy = f"http://127.0.0.1:{proxy.port(await proxy.start())}"
    serving = asyncio.create_task(serve(requests, out, browser, judge, bool(settings["stepping"])))
    listening = (asyncio.get_running_loop(), requests, serving)
    threading.Thread(target=_listen, args=listening, daemon=True).start()
    with contextlib.suppress(asyncio.CancelledError, BrokenPipeError):
        await serving
    await browser.stop()


if __name__ == "__main__":
    asyncio.run(main(Browser, judge))
