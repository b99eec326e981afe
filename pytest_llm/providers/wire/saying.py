"""What the network did, as errors of the plugin's own. Pure code.

url: of the server. what: of the very request. Both as they may be shown.
"""

from __future__ import annotations

import re

from pytest_llm.errors import BrokenAnswer, ProviderError, ServerDown
from pytest_llm.providers.base import Limits
from pytest_llm.providers.wire.network import ConnectTimeout, NetworkFault, NoConnection, NotSecure
from pytest_llm.providers.wire.patience import Watch
from pytest_llm.providers.wire.stream import Sink, quoted

MOMENT = 0.5  # seconds in which a process that ends lets its ports go, on a busy machine too
PROXY = "the environment names it: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, and NO_PROXY for what is reached without"
SERVER_LOG = "see the server's log"
# Of a name that is not resolved, and of an address without a route, by the words of the C libraries.
_NO_HOST = re.compile(
    r"name or service|name resolution|nodename nor servname|no address|getaddrinfo|unreachable|no route to|is down",
    re.IGNORECASE,
)


class Unreachable(ServerDown):
    """Nothing listens, or nobody lets us in: what another address or a restart may mend."""


def said(error: NetworkFault, url: str, what: str, limits: Limits, start: str, sink: Sink | None) -> ProviderError:
    """start: what to do when nothing listens there. sink: what the answer went to, if it was a stream."""
    if error.proxy:
        url, start = f"the proxy {error.proxy}", PROXY
    if isinstance(error, ConnectTimeout):
        return Unreachable(f"nothing answered at {url} within {limits.connect:g} s", hint=start)
    if isinstance(error, NoConnection):
        return no_connection(error, url, start)
    return _broke_off(error, what, sink)


def no_connection(error: NoConnection, url: str, start: str) -> ServerDown:
    reason = str(error)
    if isinstance(error, NotSecure):
        return ServerDown(f"no secure connection to {url}: {reason}", hint="is it https that it speaks?")
    if _NO_HOST.search(reason):
        return Unreachable(f"there is no way to {url}: {reason}", hint="is its name right, and the network up?")
    return Unreachable(f"nothing listens at {url}: {reason}", hint=start)


def _broke_off(error: NetworkFault, what: str, sink: Sink | None) -> BrokenAnswer:
    """Asked again after a moment: a server that is going down still takes a connection, and breaks it too."""
    broken = BrokenAnswer(
        f"the connection to {what} broke off {_where(sink)}: {error}",
        hint="see the server's log; a proxy or a restart cuts connections too",
        partial=sink.text if sink else "",
    )
    broken.pause, broken.wait = True, MOMENT
    return broken


def not_whole(what: str, seconds: float) -> ServerDown:
    return ServerDown(f"{what} gave no whole answer within {seconds:g} s", hint=SERVER_LOG)


def fell_silent(what: str, watch: Watch, sink: Sink) -> BrokenAnswer | None:
    """None where nothing had come at all."""
    limit = watch.patience.silence
    if watch.flowing:
        return BrokenAnswer(
            f"{what} fell silent: no line for {limit:g} s, {_where(sink)}",
            hint="see the server's log; --llm-silence-timeout waits longer",
            retry=0,
            partial=sink.text,
        )
    if watch.began is not None:
        return BrokenAnswer(f"{what} sent bytes for {limit:g} s that never ended a line", retry=0)
    return None


def encoded(what: str, coding: str) -> ProviderError:
    return ProviderError(
        f"{what} answered in the encoding {quoted(coding)!r}, which was not asked for",
        hint="a proxy before the server may compress what it was told not to: switch that off there",
        reach="server",
    )


def _where(sink: Sink | None) -> str:
    written = len(sink.text) + len(sink.thinking) if sink else 0
    return f"after {written} characters" if written else "before anything was written"
