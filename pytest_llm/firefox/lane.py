"""A lane with Firefox: see `pytest_llm.chromium.lane`."""

from __future__ import annotations

import asyncio

from pytest_llm.chromium.lane import main
from pytest_llm.firefox.browser import Firefox
from pytest_llm.firefox.judge import judge

if __name__ == "__main__":
    asyncio.run(main(Firefox, judge))
