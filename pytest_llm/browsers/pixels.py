"""What can be seen in the frames of a page."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

Box = tuple[int, int, int, int]  # left, top, right, bottom, in pixels

_CHANGE = 8  # of 255 levels: what an encoder or an antialiased edge does by itself is less
_SEEN = 12  # pixels: fewer are a speck
_CARET = 2  # pixels: the width of one


def decode(png: bytes) -> Image:
    """The picture as RGB."""
    from PIL import Image

    return Image.open(io.BytesIO(png)).convert("RGB")


def blank(picture: Image, boxes: Sequence[Box] = ()) -> bool:
    """Whether each of the `boxes` (the canvases; without any, the whole picture) shows one colour and no more."""
    return all(_one_colour(picture.crop(box)) for box in boxes) if boxes else _one_colour(picture)


def changed(before: Image, after: Image, caret: bool = False) -> bool:
    """Whether something moved between two pictures of the same size; `caret`: a thin line that blinks does not."""
    from PIL import ImageChops

    difference = _over(ImageChops.difference(before, after))
    box = difference.getbbox()
    thin = box is not None and box[2] - box[0] <= _CARET
    return difference.histogram()[255] >= _SEEN and not (caret and thin)


def filmstrip(pictures: Sequence[Image], width: int = 200) -> bytes:
    """The pictures side by side, each about `width` pixels wide, as PNG."""
    from PIL import Image

    different = {id(p): p for p in pictures}.items()
    reduced = {number: p.reduce(max(1, p.width // width)) for number, p in different}  # far cheaper than a resize
    small = [reduced[id(p)] for p in pictures]
    strip = Image.new("RGB", (sum(p.width + 4 for p in small) - 4, max(p.height for p in small)), "white")
    for number, picture in enumerate(small):
        strip.paste(picture, (number * (width + 4), 0))
    return encode(strip.quantize(64, Image.Quantize.FASTOCTREE))  # a fifth of the time of the default


def encode(picture: Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG", compress_level=6)
    return out.getvalue()


def _one_colour(picture: Image) -> bool:
    """Whether fewer than a handful of pixels differ from the most frequent colour."""
    from PIL import Image, ImageChops

    if picture.width < 1 or picture.height < 1:
        return True
    if _many_levels(picture):
        return False
    colours = picture.getcolors(maxcolors=picture.width * picture.height) or []
    _, most = max(colours, key=lambda entry: entry[0])
    flat = Image.new("RGB", picture.size, most)  # type: ignore[arg-type]
    return _over(ImageChops.difference(picture, flat)).histogram()[255] < _SEEN


def _many_levels(picture: Image) -> bool:
    """Whether no colour is near enough to all but a handful of pixels, by the levels of a channel: soon known."""
    levels, wide = picture.histogram(), 2 * _CHANGE + 1
    for channel in (levels[:256], levels[256:512], levels[512:]):
        sums = [0, *accumulate(channel)]
        most = max(sums[min(256, low + wide)] - sums[low] for low in range(256))
        if sums[-1] - most >= _SEEN:
            return True
    return False


def _over(difference: Image) -> Image:
    """Where pixels differ by more than the noise in any of their channels (255, elsewhere 0)."""
    from PIL import ImageChops

    red, green, blue = difference.split()
    most = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    return most.point([0] * (_CHANGE + 1) + [255] * (255 - _CHANGE))
