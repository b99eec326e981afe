"""A file that is there whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO


@contextmanager
def whole(file: Path, errors: str = "strict") -> Iterator[IO[str]]:
    """Take its text, and put it in place once all of it is written; what was there stays so long. Raises OSError.

    A link stays one. What is no regular file, a pipe say, takes the text as it comes. errors: as `open` has it.
    """
    if os.path.exists(file) and not os.path.isfile(file):
        with open(file, "w", encoding="utf-8", errors=errors) as text:
            yield text
        return
    target = file.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    new = target.with_name(f".{os.urandom(6).hex()}.new")  # short: the name itself may be as long as names may be
    try:
        with open(new, "x", encoding="utf-8", errors=errors, newline="\n") as text:
            yield text
            text.flush()
            os.fsync(text.fileno())
        os.replace(new, target)
    finally:
        with suppress(OSError):
            new.unlink(missing_ok=True)
