"""One page: opened in a context of its own, cut off from everything, and listened to."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from typing import Any
from urllib.parse import urlsplit

from pytest_llm.browsers.chromium import clock, witness
from pytest_llm.browsers.chromium.browser import Browser
from pytest_llm.browsers.chromium.cdp import PageBroken, ProtocolError, Session
from pytest_llm.browsers.chromium.workers import ATTACH, ENDING, Workers
from pytest_llm.browsers.events import EventLog, blocked, initiator, listen
from pytest_llm.browsers.libraries import Served
from pytest_llm.browsers.places import NOWHERE, PAGE_URL, Place
from pytest_llm.browsers.report import PageOptions
from pytest_llm.browsers.shelf import Shelf

SEEDED = """(() => { let s = 0x5eed; Math.random = () => {
  s = (s + 0x6d2b79f5) | 0; let t = Math.imul(s ^ (s >>> 15), 1 | s);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t; return ((t ^ (t >>> 14)) >>> 0) / 4294967296; }; })()"""

ONLINE = 'Object.defineProperty(Navigator.prototype, "onLine", { get: () => true, configurable: true });'
DATED = """(() => { const Real = Date, shift = %d - Real.now(), now = () => Real.now() + shift;
  Date = Real.prototype.constructor = new Proxy(Real, {
  construct: (target, given, made) => Reflect.construct(target, given.length ? given : [now()], made),
  apply: () => new Date().toString(), get: (target, name) => name === "now" ? now : target[name] }); })()"""
_LOADED = 'document.readyState === "complete" || performance.timing.loadEventStart > 0'  # it may be opened again
_ALLOWED = ["clipboardSanitizedWrite", "wakeLockScreen"]  # what a browser does without asking anybody
_OURS = "pytest-llm"  # the world, beside the page's own, in which we look at it
_BEGINNINGS = 5  # a clock off the millisecond is rare: five in a row would be another fault


class Page:
    """A page in a browser. `stepped`: its frames are made one by one, on demand."""

    def __init__(self, browser: Browser, html: str, options: PageOptions, log: EventLog, *, stepped: bool) -> None:
        self._browser, self._html, self._options, self._log = browser, html, options, log
        self._stepped = stepped
        self._served = False
        self._left_for = PAGE_URL  # until it says where it goes
        self._leaving_by = ""  # the request of it
        self._shelf = Shelf(options.libraries, log)
        self._requests: dict[str, tuple[str, Place]] = {}
        self._workers = Workers(browser.connection, log, stepped=stepped)
        self._scripts: dict[str, str] = {}
        self._pausing: asyncio.Future[Place] | None = None
        self._glancing, self._glanced = False, NOWHERE
        self._context = ""
        self._target = ""
        self.session: Session = browser.connection.browser
        self._loaded = False

    @property
    def workers(self) -> set[str]:
        """Kinds of workers that it has had."""
        return self._workers.kinds & {"worker", "shared_worker"}

    async def open(self) -> None:
        """A blank page, with everything that listens to it in place."""
        root = self._browser.connection.browser
        self._context = (await root.send("Target.createBrowserContext"))["browserContextId"]
        root.on("Target.targetCreated", self._target_created)
        root.on("Browser.downloadWillBegin", self._download)
        root.on("Target.attachedToTarget", self._workers.attached)
        root.on("Target.detachedFromTarget", self._workers.detached)
        root.post("Target.setDiscoverTargets", discover=True)
        root.post(  # what belongs to no page alone
            "Target.setAutoAttach",
            **ATTACH,
            filter=[{"type": "shared_worker"}, {"type": "service_worker"}],
        )
        root.post("Browser.grantPermissions", permissions=_ALLOWED, browserContextId=self._context)
        root.post(
            "Browser.setDownloadBehavior", behavior="deny", browserContextId=self._context, eventsEnabled=True
        )
        made = await root.send(
            "Target.createTarget",
            url="about:blank",
            browserContextId=self._context,
            enableBeginFrameControl=self._stepped,
            width=self._options.width,
            height=self._options.height,
        )
        self._target = made["targetId"]
        attached = await root.send("Target.attachToTarget", targetId=self._target, flatten=True)
        self.session = self._browser.connection.session(attached["sessionId"])
        await self._listen()

    async def _listen(self) -> None:
        page, log = self.session, self._log
        listen(page, log)
        page.on("Fetch.requestPaused", self._request)
        page.on("Network.requestWillBeSent", self._request_starts)
        page.on("Network.responseReceived", self._response)
        page.on("Network.loadingFailed", self._loading_failed)
        page.on("Page.frameStoppedLoading", self._stopped_loading)
        page.on("Page.javascriptDialogOpening", self._dialog)
        page.on("Page.frameNavigated", self._navigated)
        page.on("Page.frameRequestedNavigation", self._leaving)
        page.on("Page.windowOpen", self._window)
        page.on("Target.attachedToTarget", self._workers.attached)
        page.on("Debugger.scriptParsed", self._script)
        page.on("Debugger.paused", self._paused)
        page.on("Debugger.resumed", self._resumed)
        page.on("Inspector.targetCrashed", lambda _: page.fail(PageBroken("crash", "the page's process crashed")))
        page.on("Inspector.detached", lambda _: page.fail(PageBroken("navigation", "the page closed itself")))
        size = {"width": self._options.width, "height": self._options.height}
        commands = [
            page.send("Page.enable"),
            page.send("Runtime.enable"),
            page.send("Log.enable"),
            page.send("Network.enable"),
            page.send("Debugger.enable"),  # only so that a page that hangs can say where
            page.send("Inspector.enable"),
            page.send("Fetch.enable", patterns=[{"urlPattern": "*"}]),
            page.send("Runtime.addBinding", name=witness.BINDING),
            page.send("Runtime.addBinding", name=clock.BINDING),
            page.send("Page.addScriptToEvaluateOnNewDocument", source=f"{witness.SOURCE}; {SEEDED}; {ONLINE}"),
            page.send("Target.setAutoAttach", **ATTACH),
        ]
        if any("tap" in action for action in self._options.actions):
            commands.append(page.send("Emulation.setTouchEmulationEnabled", enabled=True))
        if self._stepped:
            commands.append(page.send("Page.addScriptToEvaluateOnNewDocument", source=f"{clock.SOURCE}; {ENDING}"))
        if not self._stepped and self._options.date is not None:
            dated = DATED % (self._options.date * 1000)
            commands.append(page.send("Page.addScriptToEvaluateOnNewDocument", source=dated))
        if not self._stepped:
            commands.append(
                page.send("Emulation.setDeviceMetricsOverride", **size, deviceScaleFactor=1, mobile=False)
            )
        await asyncio.gather(*commands)

    async def load(self) -> None:
        """Go to the page; returns when it has begun. Under virtual time none of it has run yet.

        Now and then its clock starts a fraction of a millisecond off, and would go on so: then it is begun again.
        """
        for _ in range(_BEGINNINGS):
            self._served = False
            answer = await self.session.send("Page.navigate", url=PAGE_URL)
            if answer.get("errorText"):
                raise PageBroken("navigation", f"the page did not open: {answer['errorText']}")
            if not self._stepped or await self.evaluate("performance.now() % 1") == 0:
                return

    async def is_loaded(self) -> bool:
        """Whether everything that it began with is there, or given up.

        What steps time is the page's process: it is asked, for the browser's word may come before or after.
        """
        if self._stepped:
            return self._served and bool(await self.inspect(_LOADED))
        return self._loaded and not self._workers.beginning

    async def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, which must be plain data; None where it throws."""
        answer = await self.session.send(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=False, silent=True
        )
        return None if "exceptionDetails" in answer else answer["result"].get("value")

    async def inspect(self, expression: str) -> Any:
        """The same, where the page's own scripts cannot change what it calls."""
        world = await self.session.send("Page.createIsolatedWorld", frameId=self._target, worldName=_OURS)
        answer = await self.session.send(
            "Runtime.evaluate",
            expression=expression,
            returnByValue=True,
            contextId=world["executionContextId"],
            silent=True,
        )
        return answer["result"].get("value")

    def glance(self) -> None:
        """Have a script that does not yield tell where it is, and go on.

        Meanwhile its browser gets through what the script has told it: a flood of titles, messages, entries in a
        store, behind which a later answer would be too late.
        """
        self._glancing, self._glanced = True, NOWHERE
        self.session.interrupt("Debugger.pause")

    async def pause(self) -> Place:
        """Stop a script that does not yield; where it was, or where it was glanced at."""
        self._pausing = asyncio.get_running_loop().create_future()
        self.session.revive()
        self.session.interrupt("Debugger.pause")
        with contextlib.suppress(TimeoutError):
            return await asyncio.wait_for(self._pausing, 1.0)
        return self._glanced

    async def close(self) -> None:
        """Throw the context away; a renderer that spins is ended with it."""
        connection = self._browser.connection
        for event in ("Target.targetCreated", "Target.detachedFromTarget"):  # what ends now has done nothing wrong
            connection.browser.on(event, lambda _: None)
        with contextlib.suppress(TimeoutError, ProtocolError):
            await asyncio.wait_for(
                connection.browser.send("Target.disposeBrowserContext", browserContextId=self._context), 5
            )
        connection.forget(self.session)
        self._workers.forget()

    def _stopped_loading(self, event: dict[str, Any]) -> None:
        self._loaded = self._loaded or (self._served and event["frameId"] == self._target)

    def _request_starts(self, event: dict[str, Any]) -> None:
        if event.get("type") == "Document" and event.get("frameId") == self._target:
            self._leaving_by = event["requestId"]
        self._requests[event["requestId"]] = (event["request"]["url"], initiator(event, self._log))
        self._log.place(event["requestId"], initiator(event, self._log))

    def _request(self, event: dict[str, Any]) -> None:
        url, kind, number = event["request"]["url"], event["resourceType"], event["requestId"]
        _, place = self._requests.get(event.get("networkId", ""), (url, NOWHERE))
        if kind == "Document" and event["frameId"] == self._target:
            self._document(url, number, place)
        elif url.startswith(("data:", "blob:")) or (self._options.network == "allow" and not is_local(url)):
            self.session.post("Fetch.continueRequest", requestId=number)
        elif url.endswith("/favicon.ico"):
            self.session.post("Fetch.fulfillRequest", requestId=number, responseCode=204)
        elif (served := self._shelf.serve(url)) is not None:
            self._fulfil(number, served)
        else:
            self.session.post("Fetch.failRequest", requestId=number, errorReason="BlockedByClient")
            self._block(url, kind, event.get("networkId", ""), place)

    def _fulfil(self, number: str, served: Served) -> None:
        headers = {"Content-Type": served.kind, "Access-Control-Allow-Origin": "*"}
        self.session.post(
            "Fetch.fulfillRequest",
            requestId=number,
            responseCode=200,
            responseHeaders=[{"name": name, "value": value} for name, value in headers.items()],
            body=base64.b64encode(served.body).decode(),
        )

    def _block(self, url: str, kind: str, id_: str, place: Place) -> None:
        message = self._shelf.refused(url) or blocked(url)
        if id_ and id_ not in self._requests:
            self._log.expect_place(id_, url, kind, message)
        else:
            self._log.add_request(url, kind, message, place)

    def _document(self, url: str, number: str, place: Place) -> None:
        """The page itself, once; then it may go nowhere else."""
        if url == PAGE_URL and not self._served:
            self._served = True
            self.session.post(
                "Fetch.fulfillRequest",
                requestId=number,
                responseCode=200,
                responseHeaders=[{"name": "Content-Type", "value": "text/html; charset=utf-8"}],
                body=base64.b64encode(self._shelf.open(self._html).encode(errors="replace")).decode(),
            )
            return
        self.session.post("Fetch.failRequest", requestId=number, errorReason="Aborted")
        self._log.leaves(url, place)

    def _navigated(self, event: dict[str, Any]) -> None:
        frame = event["frame"]
        if not frame.get("parentId") and self._served and frame["url"] != PAGE_URL:
            self.session.fail(PageBroken("navigation", f"the page left for {frame['url']}"))

    def _leaving(self, event: dict[str, Any]) -> None:
        if event["frameId"] == self._target:
            self._left_for = event["url"]

    def _response(self, event: dict[str, Any]) -> None:
        response = event["response"]
        if response["status"] >= 400:
            url, place = self._requests.get(event["requestId"], (response["url"], NOWHERE))
            self._log.add_request(url, event["type"], f"{url} answered {response['status']}", place)

    def _loading_failed(self, event: dict[str, Any]) -> None:
        """A request that was let through and came to nothing."""
        if self._loaded and event["requestId"] == self._leaving_by:  # it stays
            self.session.post("Page.stopLoading")  # if an input made it leave, its time stood still until now
        if event["requestId"] in self._requests and not event.get("blockedReason") and not event.get("canceled"):
            url, place = self._requests[event["requestId"]]
            self._log.add_request(url, event["type"], f"{url} failed: {event['errorText']}", place)

    def _dialog(self, event: dict[str, Any]) -> None:
        accept, text = self._log.dialog(event["type"], event["message"], self._options.dialogs)
        if event["type"] == "beforeunload":
            self._log.leaves(self._left_for)
            accept = False  # where it may leave, nothing is drawn for half a minute
        self.session.post("Page.handleJavaScriptDialog", accept=accept, promptText=text)

    def _download(self, event: dict[str, Any]) -> None:
        self._log.add("download", f"the page tried to download {event.get('suggestedFilename') or event['url']}")

    def _window(self, event: dict[str, Any]) -> None:
        self._log.add("popup", f"the page opened a window ({event['url'] or 'about:blank'}); it was closed")

    def _target_created(self, event: dict[str, Any]) -> None:
        info = event["targetInfo"]
        if info["type"] == "page" and info.get("openerId") == self._target:
            self._browser.connection.browser.post("Target.closeTarget", targetId=info["targetId"])

    def _script(self, event: dict[str, Any]) -> None:
        self._scripts[event["scriptId"]] = event["url"]
        self._log.places.learn(event["scriptId"], event.get("sourceMapURL", ""))

    def _paused(self, event: dict[str, Any]) -> None:
        """It was asked to, or it is out of memory, or it says `debugger` and shall go on."""
        at = [frame["location"] for frame in event["callFrames"]]
        frames = [{"columnNumber": 0, "url": self._scripts.get(a["scriptId"], ""), **a} for a in at]
        place = self._log.places.stack({"callFrames": frames})
        if event["reason"] == "OOM":
            self.session.fail(PageBroken("crash", "the page ran out of memory", place))
        elif self._pausing is not None and not self._pausing.done():
            self._pausing.set_result(place)
        else:
            if self._glancing:
                self._glancing, self._glanced = False, place
            self.session.held = True
            self.session.interrupt("Debugger.resume")

    def _resumed(self, _: dict[str, Any]) -> None:
        self.session.held = False


def is_local(url: str) -> bool:
    return (urlsplit(url).hostname or "localhost").endswith("localhost")
