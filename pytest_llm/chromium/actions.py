"""What a visitor does: clicks, keys, mouse moves. Playwright does them; the frames go on meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pytest_llm.chromium.frames import Projector

if TYPE_CHECKING:
    from playwright.async_api import Page as PlaywrightPage

    from pytest_llm.chromium.page import Page

KINDS = ("click", "press", "type", "move", "drag", "wait")


async def act(page: Page, projector: Projector, action: Mapping[str, Any]) -> None:
    raise NotImplementedError
