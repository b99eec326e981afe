"""How a server is reached: what is sent, through which proxy, by which certificates."""

from __future__ import annotations

import asyncio
import gc
import socket
import ssl
import subprocess
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from pytest_llm.engine.engine import new_loop
from pytest_llm.errors import ProviderError, ServerDown
from pytest_llm.providers.base import Limits
from pytest_llm.providers.wire.answers import named
from pytest_llm.providers.wire.connections import way
from pytest_llm.providers.wire.exchange import Exchange
from pytest_llm.providers.wire.http import Http
from pytest_llm.providers.wire.network import NoConnection
from pytest_llm.providers.wire.saying import no_connection
from tests.helpers.replay import Play, Seen, replay

LIMITS = Limits(5, 10, 10, restart=0)
LOOPS = (asyncio.new_event_loop, new_loop)
FINE = Play((b'{"fine": true}',), length=True)
VARIABLES = [f"{name}_proxy" for name in ("http", "https", "all", "no")]


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*VARIABLES, *map(str.upper, VARIABLES), "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("url", "target", "host"),
    [
        ("http://a.b/api/chat", "/api/chat", "a.b"),
        ("http://a.b", "/", "a.b"),
        ("http://a.b:80/x", "/x", "a.b"),
        ("https://a.b:443/x", "/x", "a.b"),
        ("https://a.b:80/x", "/x", "a.b:80"),
        ("http://a.b:11434/x", "/x", "a.b:11434"),
        ("http://[::1]:11434/x", "/x", "[::1]:11434"),
        ("http://A.b/Under/x?a=1&b=%20", "/Under/x?a=1&b=%20", "a.b"),
        ('http://a.b/api/"blobs"/sha256:0', "/api/%22blobs%22/sha256:0", "a.b"),
    ],
)
def test_what_is_asked(url: str, target: str, host: str) -> None:
    request = way(url, {}, LIMITS, trusted=True).request("GET", url, {}).decode().split("\r\n")
    assert request[:2] == [f"GET {target} HTTP/1.1", f"Host: {host}"]


def test_own_headers_take_the_place_of_ours_however_they_are_written() -> None:
    found = way("http://a.b", {"user-agent": "me", "X-Key": "k", "HOST": "c"}, LIMITS, trusted=True)
    sent = found.request("POST", "http://a.b/x", {"Content-Length": "2"})
    assert sent.decode().split("\r\n") == [
        "POST /x HTTP/1.1",
        "HOST: c",
        "Accept: */*",
        "user-agent: me",
        "Accept-Encoding: identity",
        "X-Key: k",
        "Content-Length: 2",
        "",
        "",
    ]


def test_headers_by_name() -> None:
    came = [(b"Retry-After", b"1"), (b"VIA", b"a"), (b"via", b"b"), (b"x", "ü".encode()), (b"y", b"\xfc")]
    assert named(came) == {"retry-after": "1", "via": "a, b", "x": "ü", "y": "ü"}


@pytest.mark.parametrize(
    ("url", "environ", "wanted"),
    [
        ("http://a.b", {}, ""),
        ("http://a.b", {"HTTP_PROXY": "http://p:1"}, "http://p:1"),
        ("http://a.b", {"http_proxy": "p:1"}, "http://p:1"),
        ("http://a.b", {"HTTPS_PROXY": "http://p:1"}, ""),
        ("https://a.b", {"HTTPS_PROXY": "http://p:1", "ALL_PROXY": "http://q:1"}, "http://p:1"),
        ("https://a.b", {"HTTP_PROXY": "https://p:1", "ALL_PROXY": "socks5h://q"}, "socks5h://q:1080"),
        ("http://a.b", {"HTTP_PROXY": "https://p"}, "https://p:443"),
        ("http://a.b:11434", {"ALL_PROXY": "http://p:1", "NO_PROXY": "x,b"}, ""),
        ("http://a.b:11434", {"ALL_PROXY": "http://p:1", "NO_PROXY": ".a.b"}, ""),
        ("http://a.b:11434", {"ALL_PROXY": "http://p:1", "NO_PROXY": "ba.b"}, "http://p:1"),
        ("http://10.0.0.1:1", {"ALL_PROXY": "http://p:1", "NO_PROXY": "10.0.0.1"}, ""),
        ("http://a.b", {"ALL_PROXY": "http://p:1", "NO_PROXY": "*"}, ""),
        ("http://127.0.0.1:1", {"ALL_PROXY": "http://p:1"}, ""),
        ("http://[::1]:1", {"ALL_PROXY": "gopher://p:1"}, ""),
        ("http://localhost:1", {"ALL_PROXY": "http://p:1"}, ""),
    ],
)
def test_which_proxy(monkeypatch: pytest.MonkeyPatch, url: str, environ: dict[str, str], wanted: str) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert way(url, {}, LIMITS, trusted=False).proxy is None
    found = way(url, {}, LIMITS, trusted=True).proxy
    assert (f"{found.scheme}://{found.host}:{found.port}" if found else "") == wanted


@pytest.mark.parametrize(
    "proxy", ["gopher://p:1", "socks4://p:1", "://", "http://", "http://p:port", "http://p:99999"]
)
def test_a_proxy_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(ServerDown, match="the proxy that the environment names cannot be used"):
        way("http://a.b", {}, LIMITS, trusted=True)


def test_asked_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> Seen:
        async with replay(lambda _: FINE) as proxy:
            monkeypatch.setenv("HTTP_PROXY", proxy.url.replace("://", "://me:p%40ss@"))
            assert await Http("http://models.test:8000", LIMITS).json("POST", "/x", {}) == {"fine": True}
            return proxy.seen[0]

    seen = asyncio.run(main())
    assert seen.path == "http://models.test:8000/x"
    assert seen.headers["host"] == "models.test:8000"
    assert seen.headers["proxy-authorization"] == "Basic bWU6cEBzcw=="


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of models.test, signed by itself, with its key."""
    folder = tmp_path_factory.mktemp("certificate")
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=models.test -keyout k.pem -out c.pem"
    subprocess.run(
        [*command.split(), "-addext", "subjectAltName=DNS:models.test"], cwd=folder, check=True, capture_output=True
    )
    (folder / "both.pem").write_text((folder / "k.pem").read_text() + (folder / "c.pem").read_text())
    return folder / "both.pem"


@asynccontextmanager
async def secure(certificate: Path, came: list[bytes]) -> AsyncIterator[int]:
    """A server that speaks TLS; its port."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
        came.append(head.partition(b" ")[0] + b" " + await reader.readexactly(length))
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{"fine": true}')
        await writer.drain()
        writer.close()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context) as server:
        yield server.sockets[0].getsockname()[1]


@asynccontextmanager
async def tunnel(port: int, asked: list[bytes]) -> AsyncIterator[int]:
    """A proxy that leads every CONNECT to this port; its own port."""

    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).partition(b"\r\n")[0])
        there, back = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            await asyncio.gather(pour(reader, back), pour(there, writer))
        except ConnectionError:
            pass
        finally:
            writer.close()
            back.close()

    async with await asyncio.start_server(accept, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


def test_a_secure_server_through_a_tunnel(
    certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its certificate is known from SSL_CERT_FILE. A question, and a file."""
    came: list[bytes] = []
    asked: list[bytes] = []
    file = tmp_path / "file"
    file.write_bytes(b"x" * 1000)

    async def main() -> None:
        async with secure(certificate, came) as port, tunnel(port, asked) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy}")
            monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
            http = Http("https://models.test:8443", LIMITS)
            assert await http.json("POST", "/x", {"a": 1}) == {"fine": True}
            await http.upload("/blob", file)

    asyncio.run(main())
    assert came == [b'POST {"a": 1}', b"POST " + b"x" * 1000]
    assert asked == [b"CONNECT models.test:8443 HTTP/1.1"] * 2


@pytest.mark.parametrize("trusted", [True, False])
def test_a_certificate_that_nobody_knows(certificate: Path, monkeypatch: pytest.MonkeyPatch, trusted: bool) -> None:
    """For this machine the environment's certificates are not looked at."""

    async def main() -> None:
        async with secure(certificate, []) as port:
            monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
            await Http(f"https://127.0.0.1:{port}", LIMITS, trusted=trusted).json("GET", "/x")

    with pytest.raises(ServerDown, match="no secure connection to https://127") as caught:
        asyncio.run(main())
    assert "certificate" in caught.value.message.lower()


def test_a_plain_server_where_a_secure_one_is_looked_for() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async def main() -> None:
        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            await Http(f"https://127.0.0.1:{port}", LIMITS).json("GET", "/x")

    with pytest.raises(ServerDown, match="no secure connection"):
        asyncio.run(main())


@pytest.mark.parametrize("status", ["407 Proxy Authentication Required", "502 Bad Gateway"])
def test_a_tunnel_that_is_refused(monkeypatch: pytest.MonkeyPatch, status: str) -> None:
    async def main() -> None:
        async with replay(lambda _: Play(status=status)) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", proxy.url)
            await Http("https://models.test", LIMITS).json("GET", "/x")

    with pytest.raises(ProviderError, match=status):
        asyncio.run(main())


def test_what_nothing_listens_at_says_so_in_the_words_of_the_system() -> None:
    with pytest.raises(ServerDown, match=r"nothing listens at http://127\.0\.0\.1:9: Connection refused"):
        asyncio.run(Http("http://127.0.0.1:9", LIMITS).json("GET", "/x"))


def test_the_connection_ends_with_the_answer() -> None:
    """Whoever leaves in its middle has the server see it at once."""

    async def main() -> None:
        play = Play((b'{"a":1}\n',), end="silent")
        async with replay(lambda _: play) as server:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await Http(server.url, LIMITS).json("GET", "/x")
            async with asyncio.timeout(1):
                await server.gone.wait()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("reason", "says"),
    [
        ("[Errno -2] Name or service not known", "there is no way to http://gpu:11434: "),
        ("[Errno -3] Temporary failure in name resolution", "there is no way to"),
        ("[Errno -5] No address associated with hostname", "there is no way to"),
        ("[Errno 8] nodename nor servname provided, or not known", "there is no way to"),
        ("[Errno 11001] getaddrinfo failed", "there is no way to"),
        ("[Errno 113] No route to host", "there is no way to"),
        ("[Errno 101] Network is unreachable", "there is no way to"),
        ("[Errno 111] Connection refused", "nothing listens at http://gpu:11434: "),
        ("All connection attempts failed", "nothing listens at"),
    ],
)
def test_a_name_or_a_way_that_is_none_is_no_server_to_start(reason: str, says: str) -> None:
    error = no_connection(NoConnection(reason), "http://gpu:11434", "start it")
    assert says in str(error)
    assert ("start it" in str(error)) == ("nothing listens" in says)


@pytest.mark.parametrize("pad", [0, 60, 150, 180])
def test_a_key_that_comes_back_in_what_is_no_answer_is_not_shown(pad: int) -> None:
    key = "sk-" + "0123456789" * 5

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"x" * pad + head.partition(b"Authorization: ")[2].replace(b"\r\n", b" ") + head)
        writer.close()

    async def main() -> None:
        async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            await Http(url, LIMITS, {"Authorization": f"Bearer {key}"}).json("GET", "/x")

    with pytest.raises(ProviderError, match="what came is no HTTP but ") as caught:
        asyncio.run(main())
    assert "sk-" not in str(caught.value)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Every name under `.test` is this machine's, and the lookup of `hang.test` takes until this is set."""
    real, found = socket.getaddrinfo, threading.Event()

    def look(host: str, port: int, **how: Any) -> Any:
        if host == "hang.test":
            found.wait(60)
        return real("127.0.0.1" if host.endswith(".test") else host, port, **how)

    monkeypatch.setattr(socket, "getaddrinfo", look)
    return found


def test_a_lookup_that_hangs_is_not_waited_for(names: threading.Event) -> None:
    """Neither by the loop, which goes on, nor at its end, nor at that of the process."""

    async def main() -> None:
        with pytest.raises(ServerDown, match=r"nothing answered at http://hang\.test:9 within 0\.1 s"):
            await Http("http://hang.test:9", Limits(connect=0.1, restart=0)).json("GET", "/x")

    asyncio.run(main())
    (thread,) = [thread for thread in threading.enumerate() if thread.name == "pytest-llm-names"]
    assert thread.daemon
    names.set()
    thread.join()  # its word comes to a loop that has been closed


@pytest.mark.usefixtures("names")
@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("https://models.test", ""),
        ("https://other.test", "no secure connection to https://other.test:.*Hostname mismatch"),
        (
            "http://models.test",
            "broke off before anything was written: (what came is no HTTP but TLS|reset|the server)",
        ),
    ],
)
def test_whom_a_certificate_names(certificate: Path, monkeypatch: pytest.MonkeyPatch, url: str, says: str) -> None:
    async def main() -> None:
        async with secure(certificate, []) as port:
            monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
            await Http(f"{url}:{port}", LIMITS).json("GET", "/x")

    if not says:
        asyncio.run(main())
        return
    with pytest.raises(ProviderError, match=says):
        asyncio.run(main())


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("loop", LOOPS)
def test_whoever_leaves_at_any_step_leaves_nothing_behind(loop: Callable[[], Any], name: str) -> None:
    """The server sees each connection end; a timer that still ran would hold its exchange."""

    async def main() -> None:
        async with replay(lambda _: Play((b"{",), end="silent")) as server:
            http = Http(server.url.replace("127.0.0.1", name), LIMITS)
            for steps in range(25):
                task = asyncio.create_task(http.json("GET", "/x"))
                for _ in range(steps):
                    await asyncio.sleep(0)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
            async with asyncio.timeout(60):
                while any("_serve" in str(task.get_coro()) for task in asyncio.all_tasks()):
                    await asyncio.sleep(0.001)

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(main())
    gc.collect()
    assert not [thing for thing in gc.get_objects() if isinstance(thing, Exchange)]
