"""What a server's complaint means: whose fault it is, whom it concerns, and whether to ask again.

A complaint comes as a status with a body, or as a line within a good answer. The texts are those that Ollama,
llama.cpp, vLLM and proxies before them send; an unknown one is an answer that broke, and is asked for once more.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from pytest_llm.errors import BrokenAnswer, ProviderError, PytestLlmError
from pytest_llm.providers.wire.by_status import by_status
from pytest_llm.providers.wire.by_text import SERVER_LOG, by_text
from pytest_llm.providers.wire.complaint import Asked, Said
from pytest_llm.providers.wire.stream import MAX_STRANGE, count, first_words


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
    if error := by_text(asked, said):
        return _with_partial(error, partial)
    if said.status is not None:
        return _with_partial(by_status(asked, said, location), partial)
    return BrokenAnswer(said.told(asked), hint=SERVER_LOG, partial=partial)


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
