"""One Firefox process of a lane: a stock Firefox, driven over WebDriver BiDi."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import sys
from urllib.parse import urlsplit

from pytest_llm.browsers.chromium.browser import Browser
from pytest_llm.browsers.chromium.cdp import BrowserGone, ProtocolError
from pytest_llm.browsers.firefox.bidi import Socket
from pytest_llm.sandbox import scratch

_DENIED = ("camera", "desktop-notification", "geo", "localhost", "local-network", "microphone", "screen", "xr")
_PREFERENCES: dict[str, bool | int | str] = {
    **{f"permissions.default.{name}": 2 for name in _DENIED},
    "app.update.auto": False,
    "app.update.disabledForTesting": True,
    "browser.dom.window.dump.enabled": True,  # where a script was stopped is said on stderr only
    "browser.link.open_newwindow": 3,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.disable_open_during_load": False,  # windows are opened, and told of
    "dom.ipc.processPrelaunch.enabled": False,
    "dom.serviceWorkers.enabled": False,
    "layout.css.devPixelsPerPx": "1.0",
    "media.peerconnection.ice.proxy_only": True,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.dns.disablePrefetch": True,
    "network.http.speculative-parallel-limit": 0,
    "network.proxy.allow_hijacking_localhost": True,  # loopback goes to the proxy as well
    "network.proxy.no_proxies_on": "",
    "network.proxy.type": 1,
    "print.enabled": False,
    "toolkit.telemetry.reportingpolicy.firstRun": False,
    "webgl.force-enabled": True,
    "webgl.forbid-software": False,
}
_NOWHERE = "http://127.0.0.1:9"
_EVENTS = ("log.entryAdded", "script.message", "script.realmCreated", "network", "browsingContext")
_LISTENING = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
_NO_WEBGL = "Failed to create WebGL context"
_KEPT = 20_000  # characters of what it said
_START_LIMIT = 90.0  # seconds: ten browsers may start at once
# A browser whose lane was killed goes with it. The lane's own pipe does as much for Chromium.
_EXEC = """import ctypes, os, sys
sys.platform == "linux" and ctypes.CDLL(None).prctl(1, 9)
os.execv(sys.argv[1], sys.argv[1:])"""


class Firefox(Browser):
    """A Firefox that answers over WebDriver BiDi. said: the end of what it wrote on its standard error.

    no_webgl: a page asked for WebGL and this machine had none.
    """

    said = ""
    no_webgl = False
    _listening: asyncio.Task[None] | None = None

    async def _launch(self, extra: tuple[str, ...]) -> None:
        self._profile = scratch.make()
        (self._profile / "user.js").write_text(_preferences(self.proxy or _NOWHERE))
        command = (str(self.path), "--headless", "--no-remote", "--remote-debugging-port=0", *extra)
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-ISc", _EXEC, *command, "--profile", str(self._profile)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "HOME": str(self._profile), "MOZ_CRASHREPORTER_DISABLE": "1"},
            start_new_session=True,
        )
        assert self._process.stderr is not None
        self.said = ""
        address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._listening = asyncio.create_task(self._listen(self._process.stderr, address))
        async with asyncio.timeout(_START_LIMIT):
            await self._connect(await address)

    async def _connect(self, address: str) -> None:
        self._connection = socket = Socket(f"{address}/session")
        try:
            await socket.open()
            root = socket.browser
            capabilities = {"alwaysMatch": {"unhandledPromptBehavior": {"default": "ignore"}}}
            session = await root.send("session.new", capabilities=capabilities)
            await root.send("session.subscribe", events=list(_EVENTS))
            await root.send("network.addIntercept", phases=["beforeRequestSent"])
        except (OSError, ProtocolError) as error:
            raise BrowserGone(f"no session: {error}") from None
        told = session["capabilities"]
        self.product = f"{told['browserName']}/{told['browserVersion']}"

    async def _listen(self, stream: asyncio.StreamReader, address: asyncio.Future[str]) -> None:
        while data := await stream.read(65536):
            self.said = (self.said + data.decode(errors="replace"))[-_KEPT:]
            self.no_webgl = self.no_webgl or _NO_WEBGL in self.said
            if not address.done() and (found := _LISTENING.search(self.said)):
                address.set_result(found[1])
        if not address.done():
            address.set_exception(BrowserGone("it ended"))

    async def stop(self) -> None:
        await super().stop()
        if self._listening is not None:
            self._listening.cancel()

    def _last_words(self) -> str:
        return self.said[-600:].strip()

    async def processes(self) -> list[tuple[str, int, float]]:
        import psutil

        if self._process is None:
            raise BrowserGone("the browser is not running")
        found = []
        with contextlib.suppress(psutil.Error):
            main = psutil.Process(self._process.pid)
            for process in [main, *main.children(recursive=True)]:
                with contextlib.suppress(psutil.Error, IndexError):
                    kind = "renderer" if process.cmdline()[-1] == "tab" else "other"
                    times = process.cpu_times()
                    found.append((kind, process.pid, times.user + times.system))
        return found


def _preferences(proxy: str) -> str:
    """The text of a user.js."""
    address = urlsplit(proxy)
    ways = {f"network.proxy.{kind}": address.hostname or "" for kind in ("http", "ssl")}
    ports = {f"network.proxy.{kind}_port": address.port or 0 for kind in ("http", "ssl")}
    values = {**_PREFERENCES, **ways, **ports}
    return "".join(f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in values.items())
