"""Where a server is, and what to send it besides the question: OLLAMA_HOST, and headers for a proxy.

`PYTEST_LLM_HEADERS` holds one `Name: value` a line. They go, like any key, only to an address that the command line
or the environment gave; that is for the caller to see to. Values are never shown.
"""

from __future__ import annotations

import base64
import ipaddress
import os
import re
from collections.abc import Mapping
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from pytest_llm.errors import InputError

HEADERS_ENV = "PYTEST_LLM_HEADERS"
OLLAMA_PORT = 11434
_PORTS = {"http": 80, "https": 443}
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HOST = re.compile(r"[A-Za-z0-9._:%-]+")
_VERSION = re.compile(r"v\d+\w*")


def ollama_url(value: str) -> str:
    """The URL that a value of OLLAMA_HOST means, as the `ollama` program reads it.

    An unspecified address (`0.0.0.0`, `[::]`, a port alone), which a server binds to, becomes loopback. Raises
    InputError where no address can be made of it.
    """
    text = value.strip().strip("\"'").strip()
    scheme, found, rest = text.partition("://")
    if not found:
        scheme, rest = ("https", text) if text == "ollama.com" else ("http", text)
    if scheme not in _PORTS:
        raise InputError(f"{_no_url(scheme)} is no address of an Ollama server", hint="write host:port or a URL")
    default = _PORTS[scheme] if found or text == "ollama.com" else OLLAMA_PORT
    place, slash, path = rest.partition("/")
    user, at, place = place.rpartition("@")
    host, port = _host_and_port(place)
    return f"{scheme}://{user}{at}{_reachable(host)}:{default if port is None else port}{slash}{path}".rstrip("/")


def openai_url(value: str) -> str:
    """The base URL of a server that speaks the OpenAI dialect, up to and with `/v1`. Raises InputError."""
    text = value.strip()
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or parts.scheme not in _PORTS:
        raise InputError("the address of the OpenAI-compatible server is no URL", hint="write http://host:port/v1")
    user, at, _ = parts.netloc.rpartition("@")
    place = f"{user}{at}{_reachable(host)}" + ("" if port is None else f":{port}")
    path = parts.path.rstrip("/")
    versioned = any(_VERSION.fullmatch(part) for part in path.split("/"))
    return urlunsplit((parts.scheme, place, path if versioned else f"{path}/v1", "", ""))


def without_credentials(url: str) -> tuple[str, dict[str, str]]:
    """The URL as it may be shown, and the header that its `user:password@` stands for."""
    parts = urlsplit(url)
    user, at, place = parts.netloc.rpartition("@")
    if not at:
        return url, {}
    name, _, password = user.partition(":")
    pair = f"{unquote(name)}:{unquote(password)}".encode()
    return urlunsplit(parts._replace(netloc=place)), {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}


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


def _host_and_port(place: str) -> tuple[str, int | None]:
    """A port that is none is left out, as the `ollama` program does."""
    host, colon, port = place.rpartition(":")
    if not colon or (":" in host and not (host.startswith("[") and host.endswith("]"))):
        host, port = place, ""
    good = port.isascii() and port.isdecimal() and int(port) < 65536
    return host.strip("[]"), int(port) if good else None


def _reachable(host: str) -> str:
    """The host as a client writes it in a URL."""
    if not host:
        return "127.0.0.1"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        if not _HOST.fullmatch(host):
            raise InputError("the server's address is no host name", hint="write host:port or a URL") from None
        return host
    if address.is_unspecified:
        return "127.0.0.1" if address.version == 4 else "[::1]"
    return host if address.version == 4 else f"[{host}]"


def _hostname(parts: SplitResult) -> str:
    return (parts.hostname or "").lower()


def _no_url(scheme: str) -> str:
    return f"{scheme}://…"
