"""What the header of a GGUF file tells: read without loading the model."""

from __future__ import annotations

import errno
import re
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from pytest_llm.errors import ModelUnavailable

MAX_ITEMS = 10_000_000  # entries: a vocabulary has some 300,000, a broken header says anything
MAX_TEXT = 64 * 2**20  # bytes: far beyond any chat template or tokenizer

_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_TEXT, _ARRAY = 8, 9
_VERSIONS = (2, 3)
_KEPT = 2048  # entries: lists that say something of each layer are kept, vocabularies are not
_ALIGNMENT = 32

# Of each kind of tensor, by its number: how many values a block holds, and in how many bytes (ggml.h).
_BLOCKS = {
    **{0: (1, 4), 1: (1, 2), 30: (1, 2), 24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8)},
    **{2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 36), 20: (32, 18), 39: (32, 17)},
    **{10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292)},
    **{16: (256, 66), 17: (256, 74), 18: (256, 98), 19: (256, 50), 21: (256, 110), 22: (256, 82)},
    **{23: (256, 136), 29: (256, 56), 34: (256, 54), 35: (256, 66)},
}


@dataclass(frozen=True)
class Gguf:
    """A GGUF file. parameters: how many numbers its tensors hold. context: the tokens it was trained for, or None.

    template: its chat template, "" where it has none. size: in bytes. weights: the bytes of its tensors. missing:
    the bytes at its end that are not there. metadata: what else its header says, without long lists and texts.
    """

    path: Path
    parameters: int
    context: int | None
    template: str
    size: int
    weights: int = 0
    missing: int = 0
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def told(self, key: str) -> Any:
        """What the header says of its architecture under this key; None where it says nothing."""
        return self.metadata.get(f"{self.metadata.get('general.architecture')}.{key}")

    @property
    def capabilities(self) -> frozenset[str]:
        """By Ollama's names, as far as the template tells."""
        found = {"completion"}
        if re.search(r"think|reasoning", self.template):
            found.add("thinking")
        if re.search(r"\btools\b", self.template):
            found.add("tools")
        return frozenset(found)


class _Broken(ValueError):
    pass


class _Tensor(NamedTuple):
    """size: in bytes, 0 of a kind that is newer than our table. offset: from where the data begins."""

    elements: int
    size: int
    offset: int


def _aligned(at: int, alignment: Any) -> int:
    step = alignment if isinstance(alignment, int) and 0 < alignment <= 2**20 else _ALIGNMENT
    return -(-at // step) * step


def read(path: Path) -> Gguf:
    """The header of a GGUF file. Raises ModelUnavailable where the file is not there, or is none."""
    try:
        if path.exists() and not path.is_file():  # a pipe would be waited for
            raise OSError(errno.EINVAL, "it is no regular file")
        with path.open("rb") as file:
            return _Reader(file).gguf(path, path.stat().st_size)
    except OSError as error:
        raise ModelUnavailable(
            f"the model file {path} cannot be read: {error.strerror}",
            hint="build it, download it, or mend the name",
        ) from None
    except (_Broken, struct.error, UnicodeDecodeError, RecursionError) as error:
        raise ModelUnavailable(
            f"{path} is no whole GGUF file: {error}", hint="download or build it anew (with Git LFS: git lfs pull)"
        ) from None


class _Reader:
    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def gguf(self, path: Path, size: int) -> Gguf:
        if (magic := self._file.read(4)) != b"GGUF":
            raise _Broken(f"it begins with {magic!r} instead of b'GGUF'")
        if (version := self._one("I")) not in _VERSIONS:
            raise _Broken(f"its version is {version}")
        tensors, entries = self._count(), self._count()
        values = dict(self._entry() for _ in range(entries))
        found = [self._tensor() for _ in range(tensors)]
        if self._file.tell() > size:
            raise _Broken("it is cut off within its header")
        context = values.get(f"{values.get('general.architecture')}.context_length")
        template = values.pop("tokenizer.chat_template", "")
        start = _aligned(self._file.tell(), values.get("general.alignment"))
        return Gguf(
            path,
            sum(tensor.elements for tensor in found),
            context if isinstance(context, int) and context > 0 else None,
            template if isinstance(template, str) else "",
            size,
            max(sum(tensor.size for tensor in found), size - start),
            max(0, *(start + tensor.offset + tensor.size - size for tensor in found if tensor.size), 0),
            {name: value for name, value in values.items() if value is not None and len(str(value)) <= _KEPT * 8},
        )

    def _entry(self) -> tuple[str, Any]:
        name = self._text()
        return name, self._value(self._one("I"))

    def _tensor(self) -> _Tensor:
        self._text()
        elements = 1
        for _ in range(min(self._one("I"), 8)):
            elements *= self._one("Q")
        block, size = _BLOCKS.get(self._one("I"), (1, 0))
        return _Tensor(elements, -(-elements // block) * size, self._one("Q"))

    def _value(self, kind: int) -> Any:
        if kind == _TEXT:
            return self._text()
        if kind == _ARRAY:
            return self._array()
        if kind not in _SCALARS:
            raise _Broken(f"it holds a value of the unknown kind {kind}")
        return self._one(_SCALARS[kind])

    def _array(self) -> tuple[Any, ...] | None:
        """A list of numbers where it is short, else None."""
        kind, count = self._one("I"), self._count()
        if kind in _SCALARS and count <= _KEPT:
            return tuple(self._one(_SCALARS[kind]) for _ in range(count))
        self._skip_entries(kind, count)
        return None

    def _skip_array(self) -> None:
        self._skip_entries(self._one("I"), self._count())

    def _skip_entries(self, kind: int, count: int) -> None:
        if kind in _SCALARS:
            self._skip(count * struct.calcsize(_SCALARS[kind]))
            return
        each: dict[int, Callable[[], object]] = {_TEXT: self._skip_text, _ARRAY: self._skip_array}
        if kind not in each:
            raise _Broken(f"it holds a list of the unknown kind {kind}")
        for _ in range(count):
            each[kind]()

    def _one(self, code: str) -> Any:
        size = struct.calcsize(code)
        return struct.unpack(f"<{code}", self._exactly(size))[0]

    def _count(self) -> int:
        count: int = self._one("Q")
        if count > MAX_ITEMS:
            raise _Broken(f"it says that it holds {count} entries")
        return count

    def _text(self) -> str:
        return self._exactly(self._length()).decode()

    def _skip_text(self) -> None:
        self._skip(self._length())

    def _length(self) -> int:
        length: int = self._one("Q")
        if length > MAX_TEXT:
            raise _Broken(f"it says that it holds a text of {length} bytes")
        return length

    def _exactly(self, size: int) -> bytes:
        data = self._file.read(size)
        if len(data) < size:
            raise _Broken("it is cut off within its header")
        return data

    def _skip(self, size: int) -> None:
        self._file.seek(size, 1)
