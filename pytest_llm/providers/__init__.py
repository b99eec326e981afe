"""The engines: which provider stands behind which name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pytest_llm.errors import ServerDown, nearest

if TYPE_CHECKING:
    from pytest_llm.providers.base import Limits, Provider
    from pytest_llm.settings import Settings

ENGINES = ("ollama", "openai", "embedded", "scripted")


def connect(engine: str, settings: Settings, progress: Callable[[str], None]) -> list[Provider]:
    """The providers for an engine's name, one a server; nothing is asked yet. Raises ServerDown where it is none.

    progress takes a line on what takes long: a model that is built or pulled, in the server's words.
    """
    match engine:
        case "ollama":
            return _ollama(settings, progress)
        case "openai":
            return _openai(settings)
        case "embedded":
            from pytest_llm.providers.embedded.client import EmbeddedProvider

            return [EmbeddedProvider(_limits(settings), slots=settings.side_by_side)]
        case "scripted":
            from pytest_llm.providers.scripted import ScriptedProvider

            return [ScriptedProvider()]
    raise ServerDown(
        f"there is no engine called {engine!r}{nearest(engine, list(ENGINES))}",
        hint=f"the engines are {', '.join(ENGINES)}",
    )


def _limits(settings: Settings) -> Limits:
    from pytest_llm.providers.base import Limits

    s = settings
    return Limits(s.connect_timeout, s.first_byte_timeout, s.silence_timeout, s.restart_timeout, s.answer_size)


def _ollama(settings: Settings, progress: Callable[[str], None]) -> list[Provider]:
    from pytest_llm.providers.ollama.client import OllamaProvider
    from pytest_llm.providers.ollama.host import distinct, extra_headers, ollama_url

    headers = extra_headers() if settings.host_trusted else {}
    known = [file.stem for folder in settings.modelfiles for file in sorted(folder.glob("*.Modelfile"))]
    return [
        OllamaProvider(
            host,
            _limits(settings),
            pull=settings.pull,
            progress=progress,
            headers=headers,
            modelfiles=known,
            trusted=settings.host_trusted,
        )
        for host in distinct(settings.hosts or ("",), ollama_url)
    ]


def _openai(settings: Settings) -> list[Provider]:
    from pytest_llm.providers.ollama.host import distinct, extra_headers, openai_key, openai_url
    from pytest_llm.providers.openai.client import OpenAIProvider

    if not settings.openai_urls:
        hint = "give it by --llm-openai-url, in the ini option llm_openai_url, or in OPENAI_BASE_URL"
        raise ServerDown("an openai: model is asked, but no server's URL is given", hint=hint)
    key, headers = (openai_key(), extra_headers()) if settings.openai_trusted else (None, {})
    trusted = settings.openai_trusted
    return [
        OpenAIProvider(url, _limits(settings), key=key, headers=headers, trusted=trusted)
        for url in distinct(settings.openai_urls, openai_url)
    ]
