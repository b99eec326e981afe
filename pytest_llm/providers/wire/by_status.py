"""What a server's complaint means by its status, where its words are none that is known."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from pytest_llm.errors import (
    BrokenAnswer,
    ModelUnavailable,
    ProviderError,
    PytestLlmError,
    RequestRefused,
    ServerBusy,
)
from pytest_llm.providers.wire.by_text import PROXY, SERVER_LOG, refused
from pytest_llm.providers.wire.complaint import Asked, Said
from pytest_llm.providers.wire.retry_after import told_wait


def by_status(asked: Asked, said: Said, location: str) -> PytestLlmError:
    """location: where a redirect leads."""
    status = said.status or 0
    if status < 300:
        return BrokenAnswer(
            f"{asked.url} answered {status}, and no answer with it", hint="is it a chat server's URL?"
        )
    if status < 400:
        where = f" to {location}" if location else ""
        return RequestRefused(
            f"{asked.url} sends elsewhere ({status}{where})", hint="give the server's own URL", reach="server"
        )
    return _BY_STATUS.get(status, refused if status < 500 else _server_error)(asked, said)


def _unauthorized(asked: Asked, said: Said) -> PytestLlmError:
    if "signin_url" in said.details:
        return ModelUnavailable(
            f"{asked.model!r} is a cloud model, and {asked.url} is not signed in", hint="run `ollama signin`"
        )
    hint = f"the key comes from {asked.key}" if asked.key else "PYTEST_LLM_HEADERS holds headers for a proxy"
    return RequestRefused(said.told(asked), hint=hint, reach="server")


def _forbidden(asked: Asked, said: Said) -> PytestLlmError:
    if said.text:
        return RequestRefused(said.told(asked), reach="model" if asked.cloud else "server")
    return RequestRefused(
        f"{asked.url} answered 403 without a word",
        hint="an Ollama does so where the Host or Origin header is foreign to it: reach it by a local name or its "
        "address, or set OLLAMA_HOST and OLLAMA_ORIGINS where it runs",
        reach="server",
    )


def _not_found(asked: Asked, said: Said) -> PytestLlmError:
    if said.is_json and re.search(r"model|adapter", said.text, re.IGNORECASE):
        return ModelUnavailable(f"the model {asked.model!r} is not there: {said.summary}")
    return RequestRefused(said.told(asked), hint="is this the server's address?", reach="server")


def _no_money(asked: Asked, said: Said) -> PytestLlmError:
    reach = "model" if asked.cloud else "server"
    return RequestRefused(said.told(asked), hint="the account there has nothing left to pay with", reach=reach)


def _foreign(asked: Asked, said: Said) -> PytestLlmError:
    return RequestRefused(said.told(asked), hint="is this the server's address?", reach="server")


def _proxy_wants_name(asked: Asked, said: Said) -> PytestLlmError:
    hint = (
        "write the proxy that the environment names with its user and password, or except this server in NO_PROXY"
    )
    return RequestRefused(said.told(asked), hint=hint, reach="server")


def _gone(asked: Asked, said: Said) -> PytestLlmError:
    return ModelUnavailable(f"the model {asked.model!r} is there no more: {said.summary}", hint="ask another model")


def _too_large(asked: Asked, said: Said) -> PytestLlmError:
    hint = "the server, or a proxy before it, takes no request as large: smaller images, or a higher limit there"
    return RequestRefused(said.told(asked), hint=hint)


def _busy(asked: Asked, said: Said) -> PytestLlmError:
    if said.status == 429 and asked.cloud and said.is_json and said.wait is None:
        return ModelUnavailable(
            f"{asked.model!r} is over its limit: {said.summary}", hint="wait, or ask another model"
        )
    if "insufficient_quota" in (said.details.get("type"), said.details.get("code")):
        return RequestRefused(said.told(asked), hint="the account has no quota left", reach="server")
    busy = ServerBusy(said.told(asked), hint="fewer slots (--llm-slots) or a longer queue at the server")
    busy.wait = told_wait(said.text) if said.wait is None else said.wait
    return busy


def _server_error(asked: Asked, said: Said) -> PytestLlmError:
    if not said.is_json:
        return ProviderError(said.told(asked), hint=PROXY)
    if said.status == 502 and asked.cloud:
        return ModelUnavailable(said.told(asked), hint="the cloud behind this model is out of reach")
    return BrokenAnswer(said.told(asked), hint=SERVER_LOG)


_BY_STATUS: Mapping[int, Callable[[Asked, Said], PytestLlmError]] = {
    401: _unauthorized,
    402: _no_money,
    403: _forbidden,
    404: _not_found,
    405: _foreign,
    407: _proxy_wants_name,
    408: _server_error,
    410: _gone,
    413: _too_large,
    421: _foreign,
    424: _server_error,
    425: _busy,
    429: _busy,
    503: _busy,
}
