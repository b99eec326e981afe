"""One page in Firefox from its opening to its report: Chromium's way, in real time."""

from __future__ import annotations

import base64
from typing import cast

from pytest_llm.browsers import judge as chromium
from pytest_llm.browsers.chromium.cdp import ProtocolError
from pytest_llm.browsers.chromium.frames import RealTime
from pytest_llm.browsers.firefox.browser import Firefox
from pytest_llm.browsers.firefox.hand import FirefoxHand
from pytest_llm.browsers.firefox.page import FirefoxPage
from pytest_llm.browsers.report import PageOptions, PageReport
from pytest_llm.errors import Unsupported


class Waiting(RealTime):
    """Shows a page for as long as it takes."""

    def __init__(self, page: FirefoxPage) -> None:
        super().__init__(page.session)
        self._page = page

    async def _beat(self) -> None:
        await self._page.evaluate("0")

    async def _picture(self) -> bytes:
        await self._page.frame()
        try:
            answer = await self._session.send("browsingContext.captureScreenshot", context=self._page.context)
        except ProtocolError:
            return b""
        return base64.b64decode(answer["data"])


FIREFOX = chromium.Kind(
    FirefoxPage,
    lambda page, *_: Waiting(cast(FirefoxPage, page)),
    lambda page, projector: FirefoxHand(page.session, projector, cast(FirefoxPage, page).context),
)


async def judge(browser: Firefox, html: str, options: PageOptions, stepping: bool) -> PageReport:
    """As Chromium's. Raises Unsupported where the page needs WebGL and this machine has none."""
    browser.said, browser.no_webgl = "", False
    report = await chromium.judge(browser, html, options, stepping, FIREFOX)
    if browser.no_webgl:
        raise Unsupported("the page needs WebGL, which Firefox has not here", "use Chromium: it brings its own")
    return report
