"""The way from a run's settings to the servers that it would ask."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pytest_llm.providers.wire.http import Http


def addresses(settings: Mapping[str, Any], key: Literal["hosts", "openai_urls"]) -> tuple[str, ...]:
    """The servers of these settings. They never hold a password; the environment, which comes before the ini file,
    may.
    """
    said = os.environ.get({"hosts": "OLLAMA_HOST", "openai_urls": "OPENAI_BASE_URL"}[key])
    return (said,) if said else tuple(settings[key])


def ollama(settings: Mapping[str, Any]) -> list[Http]:
    """The Ollama servers of these settings. Raises InputError where a header for it is none."""
    from pytest_llm.providers.base import Limits
    from pytest_llm.providers.ollama.client import START
    from pytest_llm.providers.ollama.host import distinct, extra_headers, ollama_url, ollama_urls
    from pytest_llm.providers.wire.http import Http

    hosts = addresses(settings, "hosts") or ("",)
    trusted = settings["host_trusted"]
    headers = extra_headers() if trusted else {}
    limits = Limits(settings["connect_timeout"])
    return [
        Http(url, limits, headers, start=START, elsewhere=others, trusted=trusted)
        for url, *others in map(ollama_urls, distinct(hosts, ollama_url))
    ]
