"""The engines: which provider stands behind which name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pytest_llm.errors import ServerDown

if TYPE_CHECKING:
    from pytest_llm.providers.base import Limits, Provider
    from pytest_llm.settings import Settings

ENGINES = ("ollama", "openai", "embedded", "scripted")


def connect(engine: str, settings: Settings, progress: Callable[[str], None]) -> Provider:
    """The provider for an engine's name; nothing is asked yet. Raises ServerDown for a name that is none.

    progress takes a line on what takes long: a model that is built or pulled, in the server's words.
    """
    match engine:
        case "ollama":
            return _ollama(settings, progress)
        case "openai":
            return _openai(settings)
        case "embedded":
            from pytest_llm.providers.embedded.client import EmbeddedProvider

            return EmbeddedProvider(_limits(settings), slots=settings.slots)
        case "scripted":
            from pytest_llm.providers.scripted import ScriptedProvider

            return ScriptedProvider()
    raise ServerDown(f"there is no engine called {engine!r}", hint=f"the engines are {', '.join(ENGINES)}")


def _limits(settings: Settings) -> Limits:
    from pytest_llm.providers.base import Limits

    s = settings
    return Limits(s.connect_timeout, s.first_byte_timeout, s.silence_timeout, s.restart_timeout, s.answer_size)


def _ollama(settings: Settings, progress: Callable[[str], None]) -> Provider:
    from pytest_llm.providers.ollama.client import OllamaProvider
    from pytest_llm.providers.ollama.host import extra_headers

    headers = extra_headers() if settings.host_trusted else {}
    known = [file.stem for folder in settings.modelfiles for file in sorted(folder.glob("*.Modelfile"))]
    return OllamaProvider(
        settings.host,
        _limits(settings),
        pull=settings.pull,
        progress=progress,
        headers=headers,
        modelfiles=known,
        trusted=settings.host_trusted,
    )


def _openai(settings: Settings) -> Provider:
    from pytest_llm.providers.ollama.host import extra_headers, openai_key
    from pytest_llm.providers.openai.client import OpenAIProvider

    if not settings.openai_url:
        hint = "give it by --llm-openai-url, in the ini option llm_openai_url, or in OPENAI_BASE_URL"
        raise ServerDown("an openai: model is asked, but no server's URL is given", hint=hint)
    key, headers = (openai_key(), extra_headers()) if settings.openai_trusted else (None, {})
    trusted = settings.openai_trusted
    return OpenAIProvider(settings.openai_url, _limits(settings), key=key, headers=headers, trusted=trusted)
