"""The pictures that a report holds, made small enough that the file can be mailed."""

from __future__ import annotations

import io
from base64 import b64encode
from contextlib import suppress
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import Any

BUDGET = 15 * 2**20  # bytes of all pictures together, before base64 makes four of three
SMALL = 24 * 1024  # bytes that one may have however many there are
LARGEST = 32 * 2**20  # bytes of a file that is looked at
_KINDS = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"RIFF": "image/webp"}
QUALITY = 78  # of WebP, of 100
TRIES = 4  # to make one small enough by leaving out pixels


@dataclass(frozen=True)
class Picture:
    """kind: its media type. data: base64."""

    kind: str
    data: str


def room(number: int) -> int:
    """The bytes that each of so many pictures may have."""
    return max(SMALL, BUDGET // max(1, number))


def picture(path: Path, most: int) -> Picture | None:
    """A picture of at most `most` bytes; None where the file is none, or cannot be made that small."""
    data = b""
    with suppress(OSError):
        data = path.read_bytes() if path.stat().st_size <= LARGEST else b""
    kind = next((kind for magic, kind in _KINDS.items() if data.startswith(magic)), "")
    if not kind:
        return None
    smaller = data if len(data) <= min(most, SMALL) else _smaller(data, most) or data
    if len(smaller) > most:
        return None
    return Picture(kind if smaller is data else "image/webp", b64encode(smaller).decode("ascii"))


def _smaller(data: bytes, most: int) -> bytes:
    """As WebP, with fewer pixels where it is too large else; b"" where Pillow is not there or cannot read it."""
    try:
        from PIL import Image

        with Image.open(io.BytesIO(data)) as opened:
            image = opened.convert("RGB")
    except Exception:
        return b""
    made = _webp(image, QUALITY)
    for _ in range(TRIES):
        if len(made) <= most:
            return made
        scale = 0.9 * sqrt(most / len(made))
        image = image.resize((max(1, int(image.width * scale)), max(1, int(image.height * scale))))
        made = _webp(image, QUALITY)
    return b""


def _webp(image: Any, quality: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "WEBP", quality=quality, method=2)
    return out.getvalue()
