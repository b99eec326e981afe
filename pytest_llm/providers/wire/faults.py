"""What a server's complaint means: whose fault it is, whom it concerns, and whether to ask again.

A complaint comes as a status with a body, or as a line within a good answer. The texts are those that Ollama,
llama.cpp, vLLM and proxies before them send; an unknown one is an answer that broke, and is asked for once more.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pytest_llm.errors import (
    BrokenAnswer,
    GenerationLoop,
    ModelUnavailable,
    PromptTooLong,
    ProviderError,
    PytestLlmError,
    RequestRefused,
    ServerBusy,
    Unsupported,
)
from pytest_llm.providers.wire import toolong
from pytest_llm.providers.wire.stream import MAX_STRANGE, count, first_words

SERVER_LOG = "see the server's log"


@dataclass(frozen=True)
class Asked:
    """What the complaint is about. url: of the very request, as it may be shown.

    key: where a key for this server comes from. cloud: the server is an Ollama, which hands some models on.
    """

    url: str
    model: str
    key: str = ""
    cloud: bool = False


@dataclass(frozen=True)
class Said:
    """A complaint, taken out of its wrapping. status: None for a line within an answer that began well."""

    status: int | None
    text: str
    details: Mapping[str, Any] = field(default_factory=dict)
    is_json: bool = True
    wait: float | None = None

    @property
    def summary(self) -> str:
        return first_words(self.text) or "no word"


def fault(
    asked: Asked,
    status: int | None,
    body: str,
    *,
    location: str = "",
    wait: float | None = None,
    partial: str = "",
) -> PytestLlmError:
    """The error to raise for this status and body, or (status None) for this text of an error line.

    location: where a redirect leads. wait: the seconds after which the server wants to be asked again.
    """
    said = replace(unwrap(status, body), wait=wait)
    for pattern, make in _BY_TEXT:
        if pattern.search(said.text):
            return _with_partial(make(asked, said), partial)
    if said.status is not None:
        return _with_partial(_by_status(asked, said, location), partial)
    return BrokenAnswer(f"{_told(asked, said)}", hint=SERVER_LOG, partial=partial)


def junk(asked: Asked, what: str, partial: str = "") -> ProviderError:
    """A line that is no JSON, within an answer that began well."""
    return ProviderError(
        f"{asked.url} sent a line that is no JSON: {what}",
        hint="something before the server may have written it (a proxy, a login page)",
        partial=partial,
    )


def foreign(url: str, text: str, partial: str = "") -> ProviderError:
    """An answer that began well by its status, and is none of a chat at all: a page, plain text, other JSON."""
    return ProviderError(
        f"{url} answered, but not as a chat server does: {first_words(text)}",
        hint="is this the server's own address, and not that of a login page, a proxy or another service?",
        partial=partial,
    )


def unwrap(status: int | None, body: str) -> Said:
    """Take a complaint out of `{"error": …}`, also where that holds another JSON document as a string."""
    text, is_json = body.strip(), False
    details: dict[str, Any] = {}
    for _ in range(4):
        found = _object(text)
        if found is None:
            break
        is_json = True
        inner = found.get("error", found.get("message", found.get("detail", "")))
        details = inner if isinstance(inner, dict) else {**details, **found}
        text = inner if isinstance(inner, str) else str(details.get("message", "") or json.dumps(inner))
    code = count(details, "code")
    if status is None and code is not None and 400 <= code < 600:
        status = code
    return Said(status, text[:MAX_STRANGE], details, is_json or status is None)


def _object(text: str) -> dict[str, Any] | None:
    if not text.startswith("{"):
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _with_partial(error: PytestLlmError, partial: str) -> PytestLlmError:
    if isinstance(error, ProviderError):
        error.partial = partial
    return error


def _told(asked: Asked, said: Said) -> str:
    status = f" {said.status}" if said.status else ""
    return f"{asked.url} answered{status} for {asked.model!r}: {said.summary}"


# By the text, whatever the status.


def _too_long(asked: Asked, said: Said) -> PytestLlmError:
    told = toolong.sizes(said.text)
    prompt, context = count(said.details, "n_prompt_tokens"), count(said.details, "n_ctx")
    return PromptTooLong(said.summary, prompt or told.prompt, context or told.context, told.answer)


def _cannot_think(asked: Asked, said: Said) -> PytestLlmError:
    return Unsupported(f"the model {asked.model!r} cannot think", "ask it with `think: off` or `think: default`")


def _cannot(asked: Asked, said: Said) -> PytestLlmError:
    return Unsupported(f"the model {asked.model!r} cannot do this: {said.summary}", "ask another model")


def _no_chat(asked: Asked, said: Said) -> PytestLlmError:
    return ModelUnavailable(f"the model {asked.model!r} does not chat: {said.summary}", hint="name one that does")


def _not_loaded(asked: Asked, said: Said) -> PytestLlmError:
    return ModelUnavailable(
        f"the server could not load {asked.model!r}: {said.summary}",
        hint=f"{SERVER_LOG}; a smaller num_ctx or quantization needs less memory",
    )


def _refused(asked: Asked, said: Said) -> PytestLlmError:
    return RequestRefused(_told(asked, said), hint="mend the field of the case or the Modelfile that it names")


def _looped(asked: Asked, said: Said) -> PytestLlmError:
    return GenerationLoop()


def _disk_full(asked: Asked, said: Said) -> PytestLlmError:
    return ModelUnavailable(
        f"the disk of {asked.url} is full: {said.summary}", hint="make room where the server keeps its models"
    )


def _not_rendered(asked: Asked, said: Said) -> PytestLlmError:
    return ModelUnavailable(
        f"the server cannot render a prompt for {asked.model!r}: {said.summary}",
        hint="mend the TEMPLATE, RENDERER or PARSER of its Modelfile",
    )


_Make = Callable[[Asked, Said], PytestLlmError]
_BY_TEXT: tuple[tuple[re.Pattern[str], _Make], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), make)
    for pattern, make in (
        (toolong.PATTERN, _too_long),
        (r"token repeat limit reached", _looped),
        (r"does not support thinking", _cannot_think),
        (r"does not support (tools|insert|vision|images)|image input is not supported", _cannot),
        (r"does not support (chat|generate|completion)", _no_chat),
        (r"(llama-server|llama runner) process has terminated", _not_loaded),
        (r"error starting llama-server|llama-server binary not found|out-of-memory during startup", _not_loaded),
        (r"timed out waiting for (llama-server|llama runner) to start", _not_loaded),
        (r"requires more system memory|unable to load full model on GPU", _not_loaded),
        (r"no space left on device|disk quota exceeded|not enough (disk )?space", _disk_full),
        (r"unknown (renderer|parser)|^template(: | error)|\bjinja\b", _not_rendered),
        (r"may be incompatible with your version of Ollama", _not_loaded),
        (r'^option "|^invalid format:|invalid JSON schema in format', _refused),
    )
)


# By the status.


def _by_status(asked: Asked, said: Said, location: str) -> PytestLlmError:
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
    if status == 401:
        return _unauthorized(asked, said)
    if status == 403:
        return _forbidden(asked, said)
    if status == 404:
        return _not_found(asked, said)
    if status in (429, 503):
        return _busy(asked, said)
    if status < 500:
        return _refused(asked, said)
    return _server_error(asked, said)


def _unauthorized(asked: Asked, said: Said) -> PytestLlmError:
    if "signin_url" in said.details:
        return ModelUnavailable(
            f"{asked.model!r} is a cloud model, and {asked.url} is not signed in", hint="run `ollama signin`"
        )
    hint = f"the key comes from {asked.key}" if asked.key else "PYTEST_LLM_HEADERS holds headers for a proxy"
    return RequestRefused(_told(asked, said), hint=hint, reach="server")


def _forbidden(asked: Asked, said: Said) -> PytestLlmError:
    if said.text:
        return RequestRefused(_told(asked, said), reach="model" if asked.cloud else "server")
    return RequestRefused(
        f"{asked.url} answered 403 without a word",
        hint="an Ollama does so where the Host or Origin header is foreign to it: reach it by a local name or its "
        "address, or set OLLAMA_HOST and OLLAMA_ORIGINS where it runs",
        reach="server",
    )


def _not_found(asked: Asked, said: Said) -> PytestLlmError:
    if said.is_json and re.search(r"model|adapter", said.text, re.IGNORECASE):
        return ModelUnavailable(f"the model {asked.model!r} is not there: {said.summary}")
    return RequestRefused(_told(asked, said), hint="is this the server's address?", reach="server")


def _busy(asked: Asked, said: Said) -> PytestLlmError:
    if said.status == 429 and asked.cloud and said.is_json and said.wait is None:
        return ModelUnavailable(
            f"{asked.model!r} is over its limit: {said.summary}", hint="wait, or ask another model"
        )
    if "insufficient_quota" in (said.details.get("type"), said.details.get("code")):
        return RequestRefused(_told(asked, said), hint="the account has no quota left", reach="server")
    busy = ServerBusy(_told(asked, said), hint="fewer slots (--llm-slots) or a longer queue at the server")
    busy.wait = said.wait
    return busy


def _server_error(asked: Asked, said: Said) -> PytestLlmError:
    if not said.is_json:
        return ProviderError(_told(asked, said), hint="this is no answer of the server itself: a proxy before it?")
    if said.status == 502 and asked.cloud:
        return ModelUnavailable(_told(asked, said), hint="the cloud behind this model is out of reach")
    return BrokenAnswer(_told(asked, said), hint=SERVER_LOG)
