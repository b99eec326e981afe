"""What counts as blank, and what as movement."""

from __future__ import annotations

import io

import pytest

pytest.importorskip("PIL")
from PIL import Image, ImageDraw

from pytest_llm.browsers.pixels import blank, changed, decode, filmstrip


def picture(*rectangles: tuple[int, int, int, int], colour: str = "red") -> Image.Image:
    image = Image.new("RGB", (200, 100), "white")
    for rectangle in rectangles:
        ImageDraw.Draw(image).rectangle(rectangle, fill=colour)
    return image


@pytest.mark.parametrize(
    ("image", "boxes", "expected"),
    [
        (picture(), (), True),
        (picture((10, 10, 20, 20)), (), False),
        (picture((10, 10, 12, 12)), (), True),  # nine pixels: a speck
        (picture((10, 10, 90, 90), colour="#fdfdfd"), (), True),  # a shade that nobody sees
        (picture((0, 0, 50, 20)), [(100, 50, 200, 100)], True),  # a heading above an empty canvas
        (picture((0, 0, 50, 20), (120, 60, 150, 90)), [(100, 50, 200, 100)], False),
        (picture((120, 60, 150, 90)), [(0, 0, 50, 50), (100, 50, 200, 100)], False),
    ],
)
def test_blank(image: Image.Image, boxes: list[tuple[int, int, int, int]], expected: bool) -> None:
    assert blank(image, boxes) is expected


def test_movement_is_more_than_a_speck() -> None:
    assert changed(picture((10, 10, 30, 30)), picture((14, 10, 34, 30)))
    assert not changed(picture((10, 10, 30, 30)), picture((10, 10, 30, 30)))
    assert not changed(picture(), picture((5, 5, 6, 6)))


@pytest.mark.parametrize(("width", "caret", "expected"), [(1, True, False), (1, False, True), (9, True, True)])
def test_a_caret_that_blinks_is_no_movement(width: int, caret: bool, expected: bool) -> None:
    assert changed(picture(), picture((50, 10, 49 + width, 30)), caret) is expected


def test_the_filmstrip_holds_every_picture() -> None:
    strip = decode(filmstrip([picture(), picture((0, 0, 199, 99))], width=100))
    assert strip.size == (204, 50)
    assert strip.getpixel((50, 25)) == (255, 255, 255)
    assert strip.getpixel((150, 25)) == (255, 0, 0)


def test_a_picture_is_decoded_without_its_alpha() -> None:
    raw = io.BytesIO()
    Image.new("RGBA", (4, 4), "blue").save(raw, "PNG")
    assert decode(raw.getvalue()).getpixel((0, 0)) == (0, 0, 255)
