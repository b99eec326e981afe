"""One page in Firefox: opened in a context of its own, cut off from everything, and listened to."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import re
from collections.abc import Callable
from secrets import token_hex
from typing import Any

from pytest_llm.browsers.chromium.cdp import PageBroken, ProtocolError, Session
from pytest_llm.browsers.chromium.page import DATED, ONLINE, SEEDED, is_local
from pytest_llm.browsers.events import EventLog, blocked
from pytest_llm.browsers.firefox.browser import Firefox
from pytest_llm.browsers.firefox.witness import CHANNEL, WITNESS, WORKERS, Witness
from pytest_llm.browsers.places import NOWHERE, PAGE_URL, Place
from pytest_llm.browsers.report import PageOptions
from pytest_llm.browsers.shelf import Shelf

_STAYS = "window.close = () => undefined;"  # as in Chromium; Firefox would go by what is in the page's history
_NAMED = "\n//# sourceURL=pytest-llm\n"  # what has no name of its own has its page's, and errors lines of that
_STOPPED = re.compile(r"Script terminated by timeout at:\s+(\S+:\d+:\d+)")
_STOP_LIMIT = 2.0  # seconds
_FRAME = "new Promise(done => { requestAnimationFrame(() => done(0)); setTimeout(() => done(0), 1000); })"
_RESOURCES = {"style": "Stylesheet", "audio": "Media", "video": "Media"}


class FirefoxPage:
    """A page in a browser, as `pytest_llm.browsers.chromium.page.Page`; its frames make themselves."""

    def __init__(
        self, browser: Firefox, html: str, options: PageOptions, log: EventLog, *, stepped: bool = False
    ) -> None:
        self._browser, self._html, self._options, self._log = browser, html, options, log
        self._witness = Witness(log)
        self._shelf = Shelf(options.libraries, log)
        self._user = ""
        self._contexts: set[str] = set()  # the page's and its frames'
        self._navigation: str | None = None
        self._refused: set[str] = set()
        self._over = False
        self.context = ""
        self.session: Session = browser.connection.browser
        self._loaded = False
        self.workers = set[str]()

    async def open(self) -> None:
        """A blank page, with everything that listens to it in place."""
        send = self.session.send
        self._listen()
        self._user = (await send("browser.createUserContext"))["userContext"]
        dated = "" if self._options.date is None else DATED % (self._options.date * 1000)
        air, known = token_hex(16), f"() => {{ {SEEDED}; {ONLINE} {_STAYS} {dated} {WORKERS} }}"
        for function, sandbox in ((known, {}), (WITNESS, {"sandbox": CHANNEL})):
            channel = [{"type": "channel", "value": {"channel": CHANNEL}}] if sandbox else []
            await send(
                "script.addPreloadScript",
                functionDeclaration=function.replace("CHANNEL", air) + _NAMED,
                arguments=channel,
                userContexts=[self._user],
                **sandbox,
            )
        denied = {"type": "denied"}
        self.session.post("browser.setDownloadBehavior", downloadBehavior=denied, userContexts=[self._user])
        self.context = (await send("browsingContext.create", type="tab", userContext=self._user))["context"]
        self._contexts.add(self.context)
        size = {"width": self._options.width, "height": self._options.height}
        await send("browsingContext.setViewport", context=self.context, viewport=size, devicePixelRatio=1)

    def _listen(self) -> None:
        handlers = {
            "network.beforeRequestSent": self._request,
            "network.responseStarted": self._response,
            "network.fetchError": self._request_failed,
            "browsingContext.contextCreated": self._created,
            "browsingContext.contextDestroyed": self._destroyed,
            "browsingContext.load": self._load,
            "browsingContext.navigationCommitted": self._navigated,
            "browsingContext.downloadWillBegin": self._download,
            "browsingContext.userPromptOpened": self._dialog,
            "log.entryAdded": self._witness.entry,
            "script.message": self._witness.message,
            "script.realmCreated": self._witness.realm,
        }
        for method, handler in handlers.items():
            self.session.on(method, self._while_open(handler))

    def _while_open(self, handler: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any]], None]:
        def handle(event: dict[str, Any]) -> None:
            if not self._over:
                handler(event)

        return handle

    async def load(self) -> None:
        """Go to the page; returns when it has begun."""
        try:
            await self.session.send("browsingContext.navigate", context=self.context, url=PAGE_URL, wait="none")
        except ProtocolError as error:
            raise PageBroken("navigation", f"the page did not open: {error}") from None

    async def is_loaded(self) -> bool:
        """Whether everything that it began with is there, or given up."""
        return self._loaded

    async def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, which must be plain data; None where it throws."""
        return await self._evaluate(expression, {"context": self.context})

    async def inspect(self, expression: str) -> Any:
        """The same, where the page's own scripts cannot change what it calls."""
        return await self._evaluate(expression, {"context": self.context, "sandbox": CHANNEL})

    async def frame(self) -> None:
        """Until the page has made its next frame, or a second has gone by: a busy machine makes few."""
        await self._evaluate(_FRAME, {"context": self.context, "sandbox": CHANNEL}, wait=True)

    async def _evaluate(self, expression: str, target: dict[str, str], *, wait: bool = False) -> Any:
        try:
            answer = await self.session.send(
                "script.evaluate", expression=expression, target=target, awaitPromise=wait
            )
        except ProtocolError:  # the page is on its way to another
            return None
        return _plain(answer.get("result", {}))

    def glance(self) -> None:
        """Nothing: it tells where it is when it is closed."""

    async def pause(self) -> Place:
        """Stop a script that does not yield, which closing its page does; where it was."""
        self._over = True
        self.session.revive()
        self.session.post("browser.removeUserContext", userContext=self._user)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_STOP_LIMIT):
                while not (found := _STOPPED.search(self._browser.said)):
                    await asyncio.sleep(0.05)
                return self._log.places.written(found[1])
        return NOWHERE

    async def close(self) -> None:
        """Throw the context away, with all windows of it."""
        self._over = True
        with contextlib.suppress(TimeoutError, ProtocolError):
            await asyncio.wait_for(self.session.send("browser.removeUserContext", userContext=self._user), 5)

    def _request(self, event: dict[str, Any]) -> None:
        request, context = event["request"], event["context"]
        if not event["isBlocked"]:  # data: for an image, say
            return
        url, number = _address(request), request["request"]
        if context == self.context and event["navigation"] is not None:
            self._document(url, number, event["navigation"])
        elif url.startswith(("data:", "blob:")) or (self._options.network == "allow" and not is_local(url)):
            self.session.post("network.continueRequest", request=number)
        elif (served := self._shelf.serve(url)) is not None:
            self._provide(number, served.body, {"Content-Type": served.kind, "Access-Control-Allow-Origin": "*"})
        else:
            self._refuse(number)
            if context in self._contexts and not url.endswith("/favicon.ico"):
                message = self._shelf.refused(url) or blocked(url)
                self._log.add_request(url, _kind(request), message, NOWHERE)

    def _provide(self, number: str, body: bytes, headers: dict[str, str]) -> None:
        self.session.post(
            "network.provideResponse",
            request=number,
            statusCode=200,
            reasonPhrase="OK",
            headers=[{"name": name, "value": {"type": "string", "value": text}} for name, text in headers.items()],
            body={"type": "base64", "value": base64.b64encode(body).decode()},
        )

    def _refuse(self, number: str) -> None:
        self._refused.add(number)
        self.session.post("network.failRequest", request=number)

    def _document(self, url: str, number: str, navigation: str) -> None:
        """The page itself, once; then it may go nowhere else."""
        if url == PAGE_URL and self._navigation is None:
            self._navigation = navigation
            body = self._shelf.open(self._html).encode(errors="replace")
            self._provide(number, body, {"Content-Type": "text/html; charset=utf-8"})
        elif navigation == self._navigation and url.startswith(("data:", "blob:")):
            self.session.post("network.continueRequest", request=number)  # a download
        else:
            self._refuse(number)
            self._loaded = True  # as far as it will
            self._log.leaves(url)

    def _response(self, event: dict[str, Any]) -> None:
        request, status = event["request"], event["response"]["status"]
        if event["context"] in self._contexts and status >= 400:
            url = _address(request)
            self._log.add_request(url, _kind(request), f"{url} answered {status}", NOWHERE)

    def _request_failed(self, event: dict[str, Any]) -> None:
        """A request that was let through and came to nothing."""
        request, error = event["request"], event["errorText"]
        mine = event["context"] in self._contexts and request["request"] not in self._refused
        if mine and error != "NS_BINDING_ABORTED":
            url = _address(request)
            self._log.add_request(url, _kind(request), f"{url} failed: {error}", NOWHERE)

    def _created(self, event: dict[str, Any]) -> None:
        """A frame of the page, or a window that it opened."""
        context, parent = event["context"], event["parent"]
        if parent in self._contexts:
            self._contexts.add(context)
        elif parent is None and self._navigation is not None and event["userContext"] == self._user:
            self._log.add("popup", "the page opened a window; it was closed")
            self.session.post("browsingContext.close", context=context)

    def _destroyed(self, event: dict[str, Any]) -> None:
        if event["context"] == self.context:
            self.session.fail(PageBroken("navigation", "the page closed itself"))

    def _load(self, event: dict[str, Any]) -> None:
        self._loaded = self._loaded or (event["context"] == self.context and event["url"] != "about:blank")

    def _navigated(self, event: dict[str, Any]) -> None:
        """To where no request is needed; the very navigation of the page ends anew where its process did."""
        if event["context"] != self.context or self._navigation is None or event["url"] == PAGE_URL:
            return
        if event["navigation"] == self._navigation:
            self.session.fail(PageBroken("crash", "the page's process crashed"))
        else:
            self._loaded = True
            self._log.add("navigation", f"the page left for {event['url']}")

    def _download(self, event: dict[str, Any]) -> None:
        if event["context"] in self._contexts:
            self._log.add("download", f"the page tried to download {event['suggestedFilename'] or event['url']}")

    def _dialog(self, event: dict[str, Any]) -> None:
        accept, text = True, ""
        if event["context"] in self._contexts:
            accept, text = self._log.dialog(event["type"], event["message"], self._options.dialogs)
        given = {"userText": text} if event["type"] == "prompt" and accept else {}
        self.session.post("browsingContext.handleUserPrompt", context=event["context"], accept=accept, **given)


def _plain(value: dict[str, Any]) -> Any:
    """What a value of the page is here: simple ones and lists of them."""
    inner = value.get("value")
    return [_plain(item) for item in inner or ()] if value.get("type") == "array" else inner


def _address(request: dict[str, Any]) -> str:
    """The URL; of a websocket as the page says it."""
    names = {header["name"].lower() for header in request["headers"]}
    url = str(request["url"])
    return url.replace("http", "ws", 1) if "sec-websocket-key" in names else url


def _kind(request: dict[str, Any]) -> str:
    """The kind of resource, by Chromium's name."""
    kind = request.get("destination") or ""
    return _RESOURCES.get(kind, kind.capitalize())
