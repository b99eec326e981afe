"""What must never be shown: the keys and passwords that a run may send, in every form in which they come back."""

from __future__ import annotations

import base64
import html
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import quote, unquote

HEADERS_ENV = "PYTEST_LLM_HEADERS"
KEY_ENV = ("PYTEST_LLM_OPENAI_KEY", "OPENAI_API_KEY")
ADDRESS_ENV = ("OLLAMA_HOST", "OPENAI_BASE_URL")
LEAST = 4  # characters: shorter words are no keys, and would blank out half of a message
_LEAST_COOKIE = 8  # as above: one may say `dark`, or a language
HIDDEN = "***"
CUT = "…"  # stands where a text was shortened


def secrets(addresses: Iterable[str] = (), environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """The keys and passwords of the environment and of these addresses, the longest first."""
    said = [*addresses, *(environ.get(name, "") for name in ADDRESS_ENV)]
    lines = environ.get(HEADERS_ENV, "").splitlines()
    found = {
        *(environ.get(name, "").strip() for name in KEY_ENV),
        *(form for address in said for form in _of_address(address)),
        *(form for line in lines for form in of_header(*_named(line))),
    }
    return hidden(found)


def hidden(words: Iterable[str]) -> tuple[str, ...]:
    """Whatever these words may come back as, the longest first."""
    return tuple(
        sorted({form for word in words if len(word) >= LEAST for form in _written(word)}, key=len, reverse=True)
    )


def _written(word: str) -> Iterator[str]:
    """A word as it is, in JSON (of those who escape a slash, too), in a page and in an address."""
    for text in (word, json.dumps(word)[1:-1], json.dumps(word, ensure_ascii=False)[1:-1]):
        yield from (text, text.replace("/", r"\/"))
    yield from (html.escape(word), quote(word, safe=""))


def of_header(name: str, value: str) -> tuple[str, ...]:
    """The forms of a header's value: the whole, what follows a scheme such as Bearer, what Basic says in base64,
    and each cookie that is long enough to be a key.
    """
    last = value.rpartition(" ")[2]
    cookies = [part.partition("=")[2].strip() for part in value.split(";")] if name.lower() == "cookie" else []
    return value, last, *_of_basic(value, last), *(cookie for cookie in cookies if len(cookie) >= _LEAST_COOKIE)


def _named(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.strip(), value.strip()


def _of_basic(value: str, last: str) -> Iterator[str]:
    if value.lower().startswith("basic "):
        with suppress(ValueError):
            pair = base64.b64decode(last, validate=True).decode()
            yield from {pair, pair.partition(":")[2]}


def cleaned(text: str, hidden: Iterable[str]) -> str:
    """The text without any of these words, and without the beginning of one where the text was cut (`…`)."""
    for word in hidden:
        text = text.replace(word, HIDDEN)
        if word[:LEAST] in text:
            *before, last = text.split(CUT)
            text = CUT.join([*(_uncut(piece, word) for piece in before), last])
    return text


def _uncut(piece: str, word: str) -> str:
    """What stands before the mark of a cut, without the word's beginning at its end."""
    at = piece.rfind(word[:LEAST], -len(word))
    return piece[:at] + HIDDEN if at >= 0 and word.startswith(piece[at:]) else piece


def begun(text: str, hidden: Sequence[str]) -> int:
    """Where one of these words may begin that goes on after the text's end; its length where none does."""
    longest = max(map(len, hidden), default=0)
    ends = range(max(0, len(text) - longest + 1), len(text))
    return next((at for at in ends if any(word.startswith(text[at:]) for word in hidden)), len(text))


def without(value: Any, hidden: Sequence[str]) -> Any:
    """Plain data without any of these words, in whatever depth; keys of mappings too."""
    if not hidden:
        return value
    if isinstance(value, str):
        return cleaned(value, hidden)
    if isinstance(value, dict):
        return {without(key, hidden): without(item, hidden) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(without(item, hidden) for item in value)
    return value


def _of_address(address: str) -> Iterator[str]:
    """The password of an address as it is written, read and sent; of one without a colon, the user is the key."""
    place = address.rpartition("://")[2].partition("/")[0]
    user, at, _ = place.rpartition("@")
    if not at:
        return
    name, colon, password = user.partition(":")
    word = password if colon else name
    yield from {word, unquote(word), quote(unquote(word), safe="")}
    pair = f"{unquote(name)}:{unquote(password)}".encode()
    yield base64.b64encode(pair).decode()
