"""Addresses and headers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm.errors import InputError, RequestRefused, ServerDown
from pytest_llm.models.reference import ModelRef
from pytest_llm.providers.base import Limits
from pytest_llm.providers.ollama.client import OllamaProvider
from pytest_llm.providers.ollama.host import (
    distinct,
    extra_headers,
    is_loopback,
    ollama_url,
    ollama_urls,
    openai_key,
    openai_url,
    without_credentials,
)
from pytest_llm.providers.openai.client import OpenAIProvider
from tests.helpers.replay import Play, Replay, Seen, replay


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("", "http://127.0.0.1:11434"),
        ("1.2.3.4", "http://1.2.3.4:11434"),
        ("example.com", "http://example.com:11434"),
        ("example.com:56789", "http://example.com:56789"),
        (":1234", "http://127.0.0.1:1234"),
        (":66000", "http://127.0.0.1:11434"),
        (":-1", "http://127.0.0.1:11434"),
        ("1.2.3.4:nonsense", "http://1.2.3.4:11434"),
        ("::1", "http://[::1]:11434"),
        ("[::1]", "http://[::1]:11434"),
        ("[::1]:1337", "http://[::1]:1337"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("0.0.0.0:8080", "http://127.0.0.1:8080"),
        ("0", "http://127.0.0.1:11434"),
        ("http://0.0.0.0:8080/ollama", "http://127.0.0.1:8080/ollama"),
        ("HTTP://h:1", "http://h:1"),
        ("::ffff:0.0.0.0", "http://127.0.0.1:11434"),
        ("[::ffff:127.0.0.1]:1", "http://127.0.0.1:1"),
        ("fe80::1%eth0", "http://[fe80::1%eth0]:11434"),
        ("my_host.example.:1", "http://my_host.example.:1"),
        ("http://1.2.3.4", "http://1.2.3.4:80"),
        ("https://1.2.3.4", "https://1.2.3.4:443"),
        ("https://h:66000", "https://h:443"),
        ("https://example.com/ollama", "https://example.com:443/ollama"),
        ("https://example.com/ollama/", "https://example.com:443/ollama"),
        ("example.com/ollama", "http://example.com:11434/ollama"),
        ("ollama.com", "https://ollama.com:443"),
        ('"1.2.3.4"', "http://1.2.3.4:11434"),
        ("' 1.2.3.4 '", "http://1.2.3.4:11434"),
        ("user:pa@ss@h:1", "http://user:pa@ss@h:1"),
    ],
)
def test_ollama_host_in_all_its_forms(value: str, url: str) -> None:
    assert ollama_url(value) == url
    assert ollama_url(url) == url


@pytest.mark.parametrize(
    "value", ["::", "[::]", "[::]:11434", "0:0:0:0:0:0:0:0", "[::0]:11434", "http://[::]:11434"]
)
def test_an_unspecified_address_of_version_6_is_both_loopbacks(value: str) -> None:
    assert ollama_urls(value) == ("http://[::1]:11434", "http://127.0.0.1:11434")


NO_ADDRESS = (
    *(
        "ftp://h",
        "a b",
        "http://a b",
        "h\nx",
        "http://?x",
        "://h",
        "h:1:2",
        "a..b",
        ".a",
        "-a",
        "a-.b",
        "1.2.3.400",
    ),
    *(
        "1.2.3",
        "11434",
        "h/ö",
        "h/a b",
        "h/ollama?x=1",
        "h/#",
        "[::1",
        "::1]",
        "u:p#w@h",
        "u[:p@h",
        "\\\\h",
        "h\\x",
    ),
    "user:secret@ftp://h",
)


@pytest.mark.parametrize("value", [*NO_ADDRESS, "a" * 64])
def test_an_address_that_is_none(value: str) -> None:
    with pytest.raises(InputError, match="address") as caught:
        ollama_url(value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "value", ["h:66000", "h:-1", "h:x", "h:", "http:/h", "https://h:1a", "http://http://h", "[::1]:x"]
)
def test_a_port_that_is_none_is_refused_where_that_is_asked_for(value: str) -> None:
    assert ollama_url(value)
    with pytest.raises(InputError, match="port"):
        ollama_urls(value, strict=True)


@given(st.text() | st.text("http:/[]@.:%?#0127lfa_- \\\n", max_size=20))
def test_an_address_is_read_or_refused(value: str) -> None:
    for read in (ollama_url, openai_url):
        try:
            url = read(value)
        except InputError:
            continue
        assert url.startswith(("http://", "https://"))
        assert httpx.URL(url).host
        without_credentials(url)


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("http://h:8000", "http://h:8000/v1"),
        ("http://h:8000/", "http://h:8000/v1"),
        ("http://h:8000/v1/", "http://h:8000/v1"),
        ("h:8000", "http://h:8000/v1"),
        ("0.0.0.0:8000", "http://127.0.0.1:8000/v1"),
        ("http://[::1]:8000", "http://[::1]:8000/v1"),
        ("https://h/v1beta/openai", "https://h/v1beta/openai"),
        ("https://h/serve", "https://h/serve/v1"),
    ],
)
def test_the_base_of_an_openai_server(value: str, url: str) -> None:
    assert openai_url(value) == url


@pytest.mark.parametrize("value", ["", "ftp://h", "http://", "http://h:99999", "http://[::1"])
def test_a_base_that_is_none(value: str) -> None:
    with pytest.raises(InputError, match="URL"):
        openai_url(value)


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:11434", True),
        ("http://127.8.0.1", True),
        ("http://[::1]:1", True),
        ("http://localhost:1", True),
        ("http://a.localhost", True),
        ("http://192.168.0.2", False),
        ("http://example.com", False),
    ],
)
def test_what_is_this_machine(url: str, here: bool) -> None:
    assert is_loopback(url) is here


def test_headers_from_the_environment() -> None:
    assert extra_headers({}) == {}
    text = "CF-Access-Client-Id: abc\n\n  X-Key:  a: b \n"
    assert extra_headers({"PYTEST_LLM_HEADERS": text}) == {"CF-Access-Client-Id": "abc", "X-Key": "a: b"}


@pytest.mark.parametrize("line", ["no colon", "a b: secret", ": secret", "X: sécret", "X: a\x07"])
def test_a_header_that_is_none_is_refused_and_not_shown(line: str) -> None:
    with pytest.raises(InputError) as caught:
        extra_headers({"PYTEST_LLM_HEADERS": f"A: b\n{line}"})
    assert "line 2 of PYTEST_LLM_HEADERS" in str(caught.value)
    assert "cret" not in str(caught.value)


def test_the_key_from_the_environment() -> None:
    assert openai_key({}) is None
    assert openai_key({"OPENAI_API_KEY": "b", "PYTEST_LLM_OPENAI_KEY": " a\n"}) == "a"
    assert openai_key({"OPENAI_API_KEY": "b", "PYTEST_LLM_OPENAI_KEY": " "}) == "b"
    for wrong in ("sécret", "sec\nret"):
        with pytest.raises(InputError, match="OPENAI_API_KEY") as caught:
            openai_key({"OPENAI_API_KEY": wrong})
        assert "ret" not in str(caught.value)


def test_the_second_loopback_is_asked_where_nothing_listens_at_the_first() -> None:
    async def main() -> str:
        async with replay(lambda _: Play((b'{"version":"1","models":[]}',), length=True)) as server:
            provider = OllamaProvider(server.url.replace("127.0.0.1", "[::]"), Limits(20, 60, 60))
            info = await provider.prepare(ModelRef("m", "x", "m"))
            await provider.close()
            assert info.server == server.url
            return info.version

    assert asyncio.run(main()) == "1"


def test_credentials_leave_the_address() -> None:
    url, headers = without_credentials("https://me:pa%40ss@h:1/x")
    assert url == "https://h:1/x"
    assert headers == {"Authorization": "Basic bWU6cGFAc3M="}


@pytest.mark.parametrize("openai", [False, True])
def test_keys_are_sent_and_never_shown(openai: bool) -> None:
    secrets = ["tok-12345", "bWU6aHVudGVyMjI=", *(["sk-12345"] if openai else [])]
    refusal = Play((f'{{"error":"no entry with {secrets}"}}'.encode(),), status="401 Unauthorized", length=True)

    async def main() -> tuple[str, Replay]:
        async with replay(lambda _: refusal) as server:
            address = server.url.replace("http://", "http://me:hunter22@")
            token = {"X-Token": "tok-12345", **({"X-Basic": "bWU6aHVudGVyMjI="} if openai else {})}
            provider: Any = (
                OpenAIProvider(address, Limits(20, 60, 60), key="sk-12345", headers=token)
                if openai
                else OllamaProvider(address, Limits(20, 60, 60), headers=token)
            )
            with pytest.raises(RequestRefused) as caught:
                await provider.prepare(ModelRef("m", "x", "m"))
            await provider.close()
            return f"{caught.value} {caught.value!r} {provider!r} {vars(provider)} {provider.url}", server

    shown, server = asyncio.run(main())
    sent = server.seen[0].headers
    assert sent["authorization"] == ("Bearer sk-12345" if openai else "Basic bWU6aHVudGVyMjI=")
    assert sent["x-token"] == "tok-12345"
    assert "***" in shown
    for secret in (*secrets, "hunter22"):
        assert secret not in shown


def test_loopback_is_not_asked_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> str:
        async with replay(lambda _: Play((b'{"version":"1","models":[]}',), length=True)) as server:
            monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
            monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
            provider = OllamaProvider(server.url, Limits(20, 60, 60))
            try:
                return (await provider.prepare(ModelRef("m", "x", "m"))).version
            finally:
                await provider.close()

    assert asyncio.run(main()) == "1"


def test_a_proxy_that_cannot_be_used_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        await OllamaProvider("example.invalid").prepare(ModelRef("m", "x", "m"))

    monkeypatch.setenv("ALL_PROXY", "gopher://127.0.0.1:9")
    with pytest.raises(ServerDown, match="proxy"):
        asyncio.run(main())


def test_a_server_that_lets_nobody_in_is_down() -> None:
    async def main() -> None:
        provider = OllamaProvider("nowhere.invalid", Limits(connect=2))
        try:
            await provider.prepare(ModelRef("m", "x", "m"))
        finally:
            await provider.close()

    with pytest.raises(ServerDown, match=r"nowhere\.invalid") as caught:
        asyncio.run(main())
    assert caught.value.reach == "server"


def test_what_is_asked_says_who_asks() -> None:
    seen: list[Seen] = []

    async def main() -> None:
        async with replay(lambda s: seen.append(s) or Play((b"{}",), length=True)) as server:
            provider = OllamaProvider(server.url, Limits(20, 60, 60))
            await provider.prepare(ModelRef("m", "x", "m"))
            await provider.close()

    asyncio.run(main())
    assert seen[0].headers["user-agent"] == "pytest-llm"
    assert seen[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("read", "first", "others"),
    [
        (ollama_url, "127.0.0.1:11434", ["", "localhost", "http://LOCALHOST:11434/", "[::1]", "0.0.0.0", ":11434"]),
        (ollama_url, "gpu-box", ["GPU-Box:11434", "gpu-box.", "http://gpu-box:11434//", "me:secret@gpu-box"]),
        (ollama_url, "https://gpu-box", ["https://gpu-box:443", "https://u:p@gpu-box/", "http://gpu-box:443"]),
        (ollama_url, "http://[fd00::1]", ["http://[FD00::1]:80/"]),
        (openai_url, "http://127.0.0.1:8000", ["localhost:8000/v1", "http://localhost:8000/v1/", "127.0.0.1:8000"]),
        (openai_url, "http://gpu-box/v1", ["gpu-box", "http://gpu-box:80", "http://Gpu-Box/v1/"]),
    ],
)
def test_a_server_that_is_named_twice_counts_once(
    read: Callable[[str], str], first: str, others: list[str]
) -> None:
    assert distinct([first, *others], read) == [first]
    assert distinct([*others, first], read) == [others[0]]


def test_servers_that_are_several() -> None:
    several = [
        "gpu-box",
        "gpu-box:11435",
        "gpu-box2",
        "127.0.0.2",
        "gpu-box/behind",
        "https://gpu-box",
        "[fd00::1]",
    ]
    assert distinct(several, ollama_url) == several
