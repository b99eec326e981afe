"""The header of a GGUF file, read as far as `show` and `create` need it, and written for tests."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

from tests.fake_ollama.errors import ApiError

_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_TENSORS = {0: ("F32", 4), 1: ("F16", 2)}
_ALIGNMENT = 32


@dataclass(frozen=True)
class Tensor:
    name: str
    type: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Gguf:
    """What a model file says of itself."""

    metadata: Mapping[str, Any] = field(default_factory=dict)
    tensors: tuple[Tensor, ...] = ()

    @property
    def architecture(self) -> str:
        return str(self.metadata.get("general.architecture", "llama"))

    @property
    def context_length(self) -> int:
        return int(self.metadata.get(f"{self.architecture}.context_length", 4096))

    @property
    def embedding_length(self) -> int:
        return int(self.metadata.get(f"{self.architecture}.embedding_length", 128))

    @property
    def chat_template(self) -> str:
        return str(self.metadata.get("tokenizer.chat_template", ""))

    @property
    def parameters(self) -> int:
        return sum(prod(tensor.shape) for tensor in self.tensors) or int(
            self.metadata.get("general.parameter_count", 8_000_000_000)
        )

    @property
    def quantization(self) -> str:
        names = {0: "F32", 1: "F16", 7: "Q8_0", 15: "Q4_K_M"}
        return names.get(int(self.metadata.get("general.file_type", 15)), "unknown")


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def scalar(self, code: str) -> Any:
        (value,) = struct.unpack_from("<" + code, self.data, self.at)
        self.at += struct.calcsize("<" + code)
        return value

    def string(self) -> str:
        length = self.scalar("Q")
        if self.at + length > len(self.data):
            raise struct.error("string past the end")
        self.at += length
        return self.data[self.at - length : self.at].decode()

    def value(self, kind: int) -> Any:
        if kind == _STRING:
            return self.string()
        if kind == _ARRAY:
            inner = self.scalar("I")
            return [self.value(inner) for _ in range(self.scalar("Q"))]
        return self.scalar(_SCALARS[kind])


def read(data: bytes) -> Gguf:
    """Parse a file; ApiError with the server's own words where it is no GGUF file, or one cut short."""
    if data[:4] != b"GGUF":
        raise ApiError(400, "supplied file was not in GGUF format")
    reader = _Reader(data)
    reader.at = 8
    try:
        count, keys = reader.scalar("Q"), reader.scalar("Q")
        metadata = {reader.string(): reader.value(reader.scalar("I")) for _ in range(keys)}
        entries = [_entry(reader) for _ in range(count)]
    except (struct.error, UnicodeDecodeError, KeyError):
        raise ApiError(500, "unexpected EOF") from None
    start = -(-reader.at // _ALIGNMENT) * _ALIGNMENT
    for tensor, width, offset in entries:
        end = start + offset + prod(tensor.shape) * width
        if end > len(data):
            text = f'tensor "{tensor.name}" offset+size ({end}) exceeds file size ({len(data)})'
            raise ApiError(500, text)
    return Gguf(metadata, tuple(tensor for tensor, _, _ in entries))


def _entry(reader: _Reader) -> tuple[Tensor, int, int]:
    name = reader.string()
    shape = tuple(reader.scalar("Q") for _ in range(reader.scalar("I")))
    kind, width = _TENSORS[reader.scalar("I")]
    return Tensor(name, kind, shape), width, reader.scalar("Q")


def write(metadata: Mapping[str, Any], tensors: Sequence[Tensor]) -> bytes:
    """A GGUF file with these tensors, all of them zeros."""
    body = b"".join(_string(key) + _value(value) for key, value in metadata.items())
    offset, data = 0, bytearray()
    widths = {name: (code, width) for code, (name, width) in _TENSORS.items()}
    for tensor in tensors:
        code, width = widths[tensor.type]
        shape = struct.pack(f"<I{len(tensor.shape)}Q", len(tensor.shape), *tensor.shape)
        body += _string(tensor.name) + shape + struct.pack("<IQ", code, offset)
        size = prod(tensor.shape) * width
        data += bytes(-(-size // _ALIGNMENT) * _ALIGNMENT)
        offset = len(data)
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata)) + body
    return head + bytes(-len(head) % _ALIGNMENT) + bytes(data)


def negative_length(data: bytes) -> bool:
    """Whether the first key says that it is longer than any text can be: less than nothing, as a signed number."""
    return data[:4] == b"GGUF" and len(data) >= 32 and data[31] >= 0x80


def _string(text: str) -> bytes:
    return struct.pack("<Q", len(text.encode())) + text.encode()


def _value(value: Any) -> bytes:
    match value:
        case bool():
            return struct.pack("<I?", 7, value)
        case int():
            return struct.pack("<II", 4, value)
        case float():
            return struct.pack("<If", 6, value)
        case str():
            return struct.pack("<I", _STRING) + _string(value)
        case _:
            return struct.pack("<IIQ", _ARRAY, _STRING, len(value)) + b"".join(_string(item) for item in value)
