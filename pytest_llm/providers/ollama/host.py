"""Where a server is, and what to send it besides the question: OLLAMA_HOST, and headers for a proxy.

`PYTEST_LLM_HEADERS` holds one `Name: value` a line. They go, like any key, only to an address that the command line
or the environment gave; that is for the caller to see to. Values are never shown.
"""

from __future__ import annotations

import base64
import ipaddress
import os
import re
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from pytest_llm.errors import InputError
from pytest_llm.providers.wire.secrets import HEADERS_ENV, KEY_ENV

OLLAMA_PORT = 11434
WRITE = "write host:port or a URL"
_PORTS = {"http": 80, "https": 443}
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST = re.compile(rf"(?!.*(?:^|\.)[0-9]+\.?$)(?=.{{1,253}}$){_LABEL}(?:\.{_LABEL})*\.?")
_VERSION = re.compile(r"v\d+\w*")


def ollama_url(value: str) -> str:
    """The URL that a value of OLLAMA_HOST means; the first of `ollama_urls`."""
    return ollama_urls(value)[0]


def ollama_urls(value: str, *, strict: bool = False) -> tuple[str, ...]:
    """The URLs at which the server of an OLLAMA_HOST may be reached, as the `ollama` program reads that value.

    An unspecified address (`0.0.0.0`, `[::]`, a port alone), which a server binds to, becomes loopback; that of
    version 6 becomes both loopbacks, since such a server may be reachable at one of them only. strict: a port that
    is none is refused, where the program takes the default. Raises InputError where no address can be made of it.
    """
    text = value.strip().strip("\"'").strip()
    scheme, found, rest = text.partition("://")
    if not found:
        scheme, rest = ("https", text) if text == "ollama.com" else ("http", text)
    if (scheme := scheme.lower()) not in _PORTS:
        shown = f"{scheme}://…" if re.fullmatch(r"[a-z][a-z0-9+-]{0,20}", scheme) else "this"
        raise InputError(f"{shown} is no address of an Ollama server", hint=WRITE)
    default = _PORTS[scheme] if found or text == "ollama.com" else OLLAMA_PORT
    place, slash, path = rest.partition("/")
    user, at, place = place.rpartition("@")
    host, port = _host_and_port(place, strict=strict)
    return tuple(
        _checked(f"{scheme}://{user}{at}{name}:{default if port is None else port}{slash}{path}".rstrip("/"))
        for name in _reachable(host)
    )


def openai_url(value: str) -> str:
    """The base URL of a server that speaks the OpenAI dialect, up to and with `/v1`. Raises InputError."""
    text = value.strip()
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or parts.scheme not in _PORTS or parts.query or parts.fragment:
        hint = "write http://host:port/v1; a key goes into OPENAI_API_KEY, another header into PYTEST_LLM_HEADERS"
        raise InputError("the address of the OpenAI-compatible server is no URL", hint=hint)
    user, at, _ = parts.netloc.rpartition("@")
    place = f"{user}{at}{_reachable(host)[0]}" + ("" if port is None else f":{port}")
    path = parts.path.rstrip("/")
    versioned = any(_VERSION.fullmatch(part) for part in path.split("/"))
    return _checked(urlunsplit((parts.scheme, place, path if versioned else f"{path}/v1", "", "")))


def without_credentials(url: str) -> tuple[str, dict[str, str]]:
    """The URL as it may be shown, and the header that its `user:password@` stands for."""
    parts = urlsplit(url)
    user, at, place = parts.netloc.rpartition("@")
    if not at:
        return url, {}
    name, _, password = user.partition(":")
    pair = f"{unquote(name)}:{unquote(password)}".encode()
    return urlunsplit(parts._replace(netloc=place)), {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}


def distinct(addresses: Iterable[str], read: Callable[[str], str]) -> list[str]:
    """The addresses, each server once, as it was written first: two names of one would be asked for twice as much.

    read: the URL that an address means.
    """
    found: dict[tuple[str, int, str], str] = {}
    for address in addresses:
        found.setdefault(_place(read(address)), address)
    return list(found.values())


def _place(url: str) -> tuple[str, int, str]:
    """Where a URL leads: neither its scheme, its password nor another name of this machine makes another server."""
    parts = urlsplit(url)
    host = _hostname(parts).rstrip(".")
    port = parts.port or _PORTS[parts.scheme]
    return "this machine" if host in _LOOPBACK else host, port, parts.path.rstrip("/")


def is_loopback(url: str) -> bool:
    """Whether the server runs on this very machine, and shares its processors."""
    host = _hostname(urlsplit(url))
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def extra_headers(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The extra headers of PYTEST_LLM_HEADERS. Raises InputError, which names the line and shows no value."""
    found = {}
    for at, line in enumerate(environ.get(HEADERS_ENV, "").splitlines(), 1):
        name, colon, value = (part.strip() for part in line.partition(":"))
        if not line.strip():
            continue
        if not colon or not _TOKEN.fullmatch(name) or not (value.isascii() and value.isprintable()):
            raise InputError(f"line {at} of {HEADERS_ENV} is no header", hint="write one `Name: value` a line")
        found[name] = value
    return found


def openai_key(environ: Mapping[str, str] = os.environ) -> str | None:
    """The key for an OpenAI-compatible server. Raises InputError, which names the variable and shows no value."""
    for name in KEY_ENV:
        if key := environ.get(name, "").strip():
            if not (key.isascii() and key.isprintable()):
                raise InputError(f"{name} holds characters that no key has", hint="copy the key anew")
            return key
    return None


def _host_and_port(place: str, *, strict: bool) -> tuple[str, int | None]:
    """A port that is none is left out, as the `ollama` program does; `strict` refuses it."""
    host, colon, port = place.rpartition(":")
    if not colon or (":" in host and not (host.startswith("[") and host.endswith("]"))):
        return _unbracketed(place), None
    good = port.isascii() and port.isdecimal() and int(port) < 65536
    if strict and not good:
        raise InputError(f"{port[:20]!r} is no port of a server's address", hint=WRITE)
    return _unbracketed(host), int(port) if good else None


def _unbracketed(host: str) -> str:
    return host[1:-1] if host.startswith("[") and host.endswith("]") else host


def _reachable(host: str) -> tuple[str, ...]:
    """The host as a client writes it in a URL, and where else it may be."""
    if host in ("", "0"):
        return ("127.0.0.1",)
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        if not _HOST.fullmatch(host):
            raise InputError("the server's address is no host name", hint=WRITE) from None
        return (host,)
    address = getattr(address, "ipv4_mapped", None) or address
    if address.is_unspecified:
        return ("127.0.0.1",) if address.version == 4 else ("[::1]", "127.0.0.1")
    return (str(address),) if address.version == 4 else (f"[{host}]",)


def _checked(url: str) -> str:
    """The URL, if it is one all through: no blank, no query, nothing that only looks like a part of it."""
    try:
        whole = urlsplit(url).hostname and not re.search(r"[^!-~]|[?#\\]", url)
    except ValueError:
        whole = False
    if not whole:
        hint = f"{WRITE}; of a password, what is no letter or digit is written as %XX"
        raise InputError("the server's address is no URL", hint=hint)
    return url


def _hostname(parts: SplitResult) -> str:
    return (parts.hostname or "").lower()
