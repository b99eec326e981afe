"""A lane with Firefox: see `pytest_llm.browsers.chromium.lane`."""

from __future__ import annotations

import asyncio

from pytest_llm.browsers.chromium.lane import main
from pytest_llm.browsers.firefox.browser import Firefox
from pytest_llm.browsers.firefox.judge import judge

if __name__ == "__main__":
    asyncio.run(main(Firefox, judge))
