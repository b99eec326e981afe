from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llm.errors import ModelUnavailable
from pytest_llm.models.gguf import read
from tests.helpers.tiny_gguf import CHATML, INNER, THINKING, WIDTH, write_gguf


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_gguf(tmp_path_factory.mktemp("gguf") / "tiny.gguf", context=1234)


def test_what_the_header_tells(tiny: Path) -> None:
    found = read(tiny)
    block = 4 * WIDTH**2 + 3 * WIDTH * INNER + 2 * WIDTH
    assert found.parameters == (3 + 256) * WIDTH + WIDTH + block
    assert (found.path, found.context, found.template, found.size) == (tiny, 1234, CHATML, tiny.stat().st_size)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        (CHATML, {"completion"}),
        ("", {"completion"}),
        (THINKING, {"completion", "thinking"}),
        ("{{ reasoning_effort }}", {"completion", "thinking"}),
        ("{% if tools %}", {"completion", "tools"}),
    ],
)
def test_capabilities(tmp_path: Path, template: str, expected: set[str]) -> None:
    assert read(write_gguf(tmp_path / "x.gguf", template=template)).capabilities == expected


def header(*entries: bytes, version: int = 3, tensors: int = 0, count: int | None = None) -> bytes:
    head = struct.pack("<4sIQQ", b"GGUF", version, tensors, len(entries) if count is None else count)
    return head + b"".join(entries)


def entry(name: str, kind: int, value: bytes) -> bytes:
    return struct.pack("<Q", len(name)) + name.encode() + struct.pack("<I", kind) + value


def test_every_kind_of_value(tmp_path: Path) -> None:
    numbers = [entry(f"n{kind}", kind, struct.pack(f"<{code}", 1)) for kind, code in enumerate("BbHhIif?")]
    numbers += [
        entry(f"n{kind}", kind, struct.pack(f"<{code}", 1)) for kind, code in ((10, "Q"), (11, "q"), (12, "d"))
    ]
    nested = struct.pack("<IQIQB", 9, 1, 0, 1, 7)
    texts = struct.pack("<IQQ1s", 8, 1, 1, b"x")
    lists = [entry("a", 9, nested), entry("b", 9, texts), entry("c", 9, struct.pack("<IQ2I", 4, 2, 1, 2))]
    name = entry("general.architecture", 8, struct.pack("<Q1s", 1, b"m"))
    (path := tmp_path / "x").write_bytes(
        header(*numbers, *lists, name, entry("m.context_length", 4, b"\x09\0\0\0"))
    )
    assert read(path).context == 9


DEEP = b"".join(struct.pack("<IQ", 9, 1) for _ in range(5000))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "begins with b''"),
        (b"GGUF", "cut off within its header"),
        (header(version=1), "its version is 1"),
        (header(version=0x03000000), "its version is 50331648"),
        (header(count=2**60), r"it holds 1152921504606846976 entries"),
        (header(count=1), "cut off within its header"),
        (header(struct.pack("<Q", 2**62)), "it holds a text of 4611686018427387904 bytes"),
        (header(entry("a", 99, b"")), "a value of the unknown kind 99"),
        (header(entry("a", 9, struct.pack("<IQ", 77, 1))), "a list of the unknown kind 77"),
        (header(entry("a", 9, struct.pack("<IQ", 4, 9_000_000))), "cut off within its header"),
        (header(entry("a", 9, DEEP)), "is no whole GGUF file"),
        (header(struct.pack("<Q2s", 2, b"\xff\xfe")), "is no whole GGUF file"),
    ],
)
def test_what_is_none(tmp_path: Path, data: bytes, words: str) -> None:
    (path := tmp_path / "x.gguf").write_bytes(data)
    with pytest.raises(ModelUnavailable, match=words):
        read(path)


@pytest.mark.parametrize("name", ["none.gguf", "."])
def test_what_cannot_be_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelUnavailable, match="cannot be read"):
        read(tmp_path / name)


@settings(deadline=None)
@given(st.data())
def test_any_bytes_are_read_or_refused(
    tiny: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    whole = bytearray(tiny.read_bytes()[:6000])
    for _ in range(data.draw(st.integers(0, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "changed.gguf"
    path.write_bytes(bytes(whole))
    try:
        found = read(path)
    except ModelUnavailable:
        return
    assert found.size == len(whole)
