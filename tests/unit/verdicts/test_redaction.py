"""Keys that come back are hidden in everything that shows a verdict."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_llm.checks.base import Finding
from pytest_llm.providers.base import Response, Usage
from pytest_llm.providers.wire.secrets import begun, cleaned, hidden, secrets
from pytest_llm.verdicts.redaction import redacted
from pytest_llm.verdicts.verdict import Asked, Verdict

KEY = "sk-0123456789"


def verdict(word: str, file: Path) -> Verdict:
    response = Response(f"text {word}", f"thinking {word}", notes=(f"note {word}",), retries=(f"again {word}",))
    finding = Finding("c", f"message {word}", source=f"source {word}", details=f"details {word}")
    request = {"messages": [{"role": "user", "content": f"content {word}"}], word: 1}
    return Verdict((Asked(request, response, "stage", (finding,), (("page", str(file)),)),))


def test_a_key_is_hidden_everywhere(tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text(f"<p>{KEY}</p>")
    shown = redacted(verdict(KEY, file), (KEY,))
    assert shown == verdict("***", file)
    assert file.read_text() == "<p>***</p>"


def test_a_verdict_without_a_key_stays_the_same(tmp_path: Path) -> None:
    one = verdict("word", tmp_path / "none.html")
    assert redacted(one, (KEY,)) is one
    assert redacted(one, ()) is one


def test_numbers_come_back_as_they_were(tmp_path: Path) -> None:
    response = Response(f"text {KEY}", usage=Usage(answer_tokens=3, answer_seconds=0.5), first_token=0.1, wall=2.0)
    shown = redacted(Verdict((Asked({}, response),)), (KEY,)).response
    assert shown == Response("text ***", usage=response.usage, first_token=0.1, wall=2.0)


@pytest.mark.parametrize(
    ("address", "environ", "hidden"),
    [
        ("http://ann:geheim@host:1/x", {}, ["geheim", "YW5uOmdlaGVpbQ=="]),
        ("ann:ge%2Fheim@host", {}, ["ge%2Fheim", "ge/heim"]),
        ("https://token@host", {}, ["token"]),
        ("http://host/a@b", {"OPENAI_API_KEY": KEY}, [KEY]),
        ("", {"PYTEST_LLM_OPENAI_KEY": f" {KEY}\n"}, [KEY]),
        ("", {"PYTEST_LLM_HEADERS": f"X-Key: {KEY}\nAuthorization: Bearer other-key"}, [KEY, "other-key"]),
        ("", {"OLLAMA_HOST": "http://u:from-env@h"}, ["from-env"]),
        ("", {"PYTEST_LLM_HEADERS": "Authorization: Basic YW5uOmdlaGVpbQ=="}, ["ann:geheim", "geheim"]),
        ("", {"PYTEST_LLM_HEADERS": "Cookie: session=geheim-1; token=geheim-2"}, ["geheim-1", "geheim-2"]),
        ("", {"PYTEST_LLM_HEADERS": "Authorization: Basic no-base-64"}, ["no-base-64"]),
    ],
)
def test_what_is_secret(address: str, environ: dict[str, str], hidden: list[str]) -> None:
    found = secrets((address,), environ)
    assert set(hidden) <= set(found)
    assert cleaned(" ".join(hidden), found) == " ".join(["***"] * len(hidden))
    assert "host" not in found


def test_words_that_headers_share_with_answers_are_no_secrets() -> None:
    headers = "Cookie: session=geheim-1; theme=dark\nContent-Type: text/html; charset=utf-8-strict"
    assert not {"dark", "utf-8-strict"} & set(secrets((), {"PYTEST_LLM_HEADERS": headers}))


def test_what_is_short_is_no_secret() -> None:
    assert secrets(("http://a:b@host",), {"OPENAI_API_KEY": "abc"}) == ("YTpi",)


ODD = 'pä"ss/w&rd'


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (ODD, "***"),
        ('p\\u00e4\\"ss/w&rd', "***"),  # Python's JSON
        ('p\\u00e4\\"ss\\/w&rd', "***"),  # PHP's
        ('pä\\"ss/w&rd', "***"),
        ("pä&quot;ss/w&amp;rd", "***"),
        ("p%C3%A4%22ss%2Fw%26rd", "***"),
        (f"{ODD[:7]}…", "***…"),  # where a text was cut
        (f"{ODD[:7]}… {ODD} {ODD[:5]}…, {ODD[:4]}", f"***… *** ***…, {ODD[:4]}"),
        (f"{ODD[:3]}…", f"{ODD[:3]}…"),
        ("other…", "other…"),
    ],
)
def test_whatever_a_word_comes_back_as(written: str, shown: str) -> None:
    assert cleaned(f"the key {written}", hidden([ODD])) == f"the key {shown}"


@pytest.mark.parametrize(
    ("text", "waits"),
    [
        ("the key", ""),
        ("the key sk", "sk"),
        (f"x{KEY[:-1]}", KEY[:-1]),
        (f"s{KEY[:3]}", KEY[:3]),
        ("sk-1", ""),
        ("", ""),
    ],
)
def test_the_beginning_of_a_word_waits_for_what_follows(text: str, waits: str) -> None:
    assert text[begun(text, (KEY,)) :] == waits
    assert begun(text, ()) == len(text)
