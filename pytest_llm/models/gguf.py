"""What the header of a GGUF file tells: read without loading the model."""

from __future__ import annotations

import errno
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from pytest_llm.errors import ModelUnavailable

MAX_ITEMS = 10_000_000  # entries: a vocabulary has some 300,000, a broken header says anything
MAX_TEXT = 64 * 2**20  # bytes: far beyond any chat template or tokenizer

_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_TEXT, _ARRAY = 8, 9
_VERSIONS = (2, 3)


@dataclass(frozen=True)
class Gguf:
    """A GGUF file. parameters: how many numbers its tensors hold. context: the tokens it was trained for, or None.

    template: its chat template, "" where it has none. size: in bytes.
    """

    path: Path
    parameters: int
    context: int | None
    template: str
    size: int

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
        parameters = sum(self._tensor() for _ in range(tensors))
        if self._file.tell() > size:
            raise _Broken("it is cut off within its header")
        context = values.get(f"{values.get('general.architecture')}.context_length")
        template = values.get("tokenizer.chat_template", "")
        return Gguf(
            path,
            parameters,
            context if isinstance(context, int) and context > 0 else None,
            template if isinstance(template, str) else "",
            size,
        )

    def _entry(self) -> tuple[str, Any]:
        name = self._text()
        return name, self._value(self._one("I"))

    def _tensor(self) -> int:
        """The number of elements of the next tensor."""
        self._text()
        elements = 1
        for _ in range(min(self._one("I"), 8)):
            elements *= self._one("Q")
        self._skip(4 + 8)
        return elements

    def _value(self, kind: int) -> Any:
        if kind == _TEXT:
            return self._text()
        if kind == _ARRAY:
            return self._skip_array()
        if kind not in _SCALARS:
            raise _Broken(f"it holds a value of the unknown kind {kind}")
        return self._one(_SCALARS[kind])

    def _skip_array(self) -> None:
        kind, count = self._one("I"), self._count()
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
