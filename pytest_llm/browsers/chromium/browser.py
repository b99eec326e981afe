"""One browser process of a lane: started, restarted, watched."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from pytest_llm.browsers.chromium.cdp import BrowserGone, Connection, Pipe
from pytest_llm.sandbox import scratch, usage

_ARGUMENTS = (
    "--remote-debugging-pipe",
    "--run-all-compositor-stages-before-draw",  # beginFrame draws what the page has just done
    "--js-flags=--max-old-space-size=512",
    # Painted by a thread of its own, for which a frame of ours may wait for ever.
    "--disable-blink-features=CompositeBGColorAnimation,CompositeClipPathAnimation,CompositeBoxShadowAnimation",
    "--enable-unsafe-swiftshader",  # WebGL without a GPU
    *("--no-first-run", "--no-default-browser-check", "--no-pings", "--mute-audio", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions"),
    *("--disable-breakpad", "--disable-crash-reporter", "--disable-dev-shm-usage", "--force-color-profile=srgb"),
    *(
        "--disable-popup-blocking",
        "--block-new-web-contents",  # a page whose clock stands still would wait for its window for ever
        "--disable-domain-reliability",
        "--disable-client-side-phishing-detection",
        "--password-store=basic",
    ),
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--proxy-bypass-list=<-loopback>",  # loopback goes to the proxy as well
)
_NOWHERE = "http://127.0.0.1:9"  # the discard port: whatever slips through the interception ends here
# Chromium reads commands from descriptor 3 and answers on 4; a shell cannot move the ones above 9 there.
_EXEC = """import os, sys
_, read, write, *command = sys.argv
os.dup2(int(read), 3), os.dup2(int(write), 4), os.execv(command[0], command)"""
_START_LIMIT = 90.0  # seconds: ten browsers may start at once


class Browser:
    """A browser under our pipe. `sandboxed`: Chromium's own sandbox is on."""

    def __init__(self, path: Path, *, proxy: str | None = None) -> None:
        self.path = path
        self.proxy = proxy
        self.sandboxed = True
        self.product = ""
        self._process: asyncio.subprocess.Process | None = None
        self._profile: Path | None = None
        self._connection: Connection | None = None
        self._family: list[int] = []
        self._written = 0.0

    @property
    def connection(self) -> Connection:
        if self._connection is None:
            raise BrowserGone("the browser is not running")
        return self._connection

    async def start(self, *arguments: str) -> None:
        """Start it; without Chromium's own sandbox where it cannot be had. Raises BrowserGone with the reason."""
        attempts = (True, False) if self.sandboxed and hasattr(os, "getuid") and os.getuid() != 0 else (False,)
        reason = ""
        for self.sandboxed in attempts:
            try:
                await self._launch(arguments)
            except (BrowserGone, TimeoutError):
                reason = self._last_words()
                await self.stop()
            else:
                return
        raise BrowserGone(f"{self.path} did not start: {reason or 'it said nothing'}")

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    async def stop(self) -> None:
        if self._connection is not None:
            self._connection.close()
        await asyncio.to_thread(self.kill)
        if self._process is not None:
            await self._process.wait()
        self._connection = self._process = self._profile = None

    def kill(self) -> None:
        """End its processes and take its files away; from any thread."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        for _ in range(40):  # processes on their way out may still write
            if self._profile is None or not self._profile.exists():
                return
            shutil.rmtree(self._profile, ignore_errors=True)
            time.sleep(0.05)

    async def _launch(self, extra: tuple[str, ...]) -> None:
        self._profile = scratch.make()
        to_child, our_out = os.pipe()
        our_in, from_child = os.pipe()
        arguments = [
            *_ARGUMENTS,
            *extra,
            f"--user-data-dir={self._profile}",
            f"--proxy-server={self.proxy or _NOWHERE}",
            *([] if "headless" in self.path.name else ["--headless=new"]),
            *([] if self.sandboxed else ["--no-sandbox"]),
        ]
        with (self._profile / "stderr").open("wb") as stderr:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-ISc", _EXEC, str(to_child), str(from_child), str(self.path), *arguments),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=stderr,
                pass_fds=(to_child, from_child),
                start_new_session=True,
            )
        os.close(to_child)
        os.close(from_child)
        self._connection = pipe = Pipe(our_in, our_out)
        await pipe.open()
        async with asyncio.timeout(_START_LIMIT):
            self.product = (await self.connection.browser.send("Browser.getVersion"))["product"]

    def _last_words(self) -> str:
        if self._profile is None:
            return ""
        with contextlib.suppress(OSError):
            return (self._profile / "stderr").read_text(errors="replace")[-600:].strip()
        return ""

    async def processes(self) -> list[tuple[str, int, float]]:
        """(kind, process id, seconds of processor time) of the browser's processes."""
        answer = await self.connection.browser.send("SystemInfo.getProcessInfo")
        return [(p["type"], p["id"], p["cpuTime"]) for p in answer["processInfo"]]

    def memory(self, *, anew: bool = True) -> float:
        """Bytes that all its processes hold, and the files that it has written; `anew`: look for new ones of both,
        which takes ten times as long."""
        if self._process is None or self._profile is None:
            return 0.0
        if anew:
            self._family, self._written = usage.family(self._process.pid), usage.written(self._profile)
        return held(self._family) + self._written


def held(pids: Iterable[int]) -> int:
    """Bytes that processes hold, what they share counted once."""
    private, shared = 0, 0
    for resident, common in map(usage.memory, pids):
        private, shared = private + resident - common, max(shared, common)
    return private + shared
