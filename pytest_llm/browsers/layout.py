"""What a page shows where, as it says itself: canvases, whether there is more than these, a caret that blinks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pytest_llm.browsers.pixels import Box
from pytest_llm.browsers.report import PageOptions

_LEAST = 24  # pixels: a canvas of which less is in the window is not judged by itself
# Evaluated where the page's own scripts cannot change what it calls. Of the elements, the first few thousands.
SOURCE = r"""(() => {
  const n = word => parseFloat(word) || 0, style = e => getComputedStyle(e);
  const inside = c => {
    const r = c.getBoundingClientRect(), s = style(c);
    const round = 0.3 * Math.max(n(s.borderTopLeftRadius), n(s.borderBottomRightRadius));
    const cut = side => n(s["border" + side + "Width"]) + n(s["padding" + side]) + round + 1;
    return s.visibility === "hidden" || s.display === "none" ? [0, 0, 0, 0]
      : [r.left + cut("Left"), r.top + cut("Top"), r.right - cut("Right"), r.bottom - cut("Bottom")];
  };
  const in_window = e => {
    const r = e.getBoundingClientRect();
    return r.width > 1 && r.height > 1 && r.right > 0 && r.bottom > 0 && r.left < innerWidth && r.top < innerHeight
      && e.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  };
  const drawn = /^(img|svg|video|button|input|select|textarea|iframe|progress|meter|object|embed)$/;
  const silent = "canvas, script, style, template, noscript, title, head";
  const text = e => [...e.childNodes].some(child => child.nodeType === 3 && child.data.trim());
  const painted = e => {
    const s = style(e);
    const filled = s.backgroundImage !== "none" || !/^transparent$|, 0\)$/.test(s.backgroundColor);
    return filled && !e.querySelector("canvas");
  };
  const shows = e => !e.closest(silent) && (drawn.test(e.localName) || text(e) || painted(e)) && in_window(e);
  const active = document.activeElement;
  return [
    [...document.querySelectorAll("canvas")].map(inside),
    document.body ? [document.body, ...document.body.querySelectorAll("*")].slice(0, 4000)
      .some((e, at) => at ? shows(e) : text(e)) : false,
    !!active && (active.isContentEditable || /^(input|textarea)$/.test(active.localName)),
  ];
})()"""


@dataclass(frozen=True)
class Layout:
    """canvases: the insides of those in the window, in pixels. more: something else is there to be seen. caret: one
    blinks in a field."""

    canvases: tuple[Box, ...] = ()
    more: bool = False
    caret: bool = False


def read(found: Any, options: PageOptions) -> Layout:
    """What SOURCE found; nothing where it could not look."""
    if not found:
        return Layout()
    width, height = options.width, options.height
    boxes = (
        (max(0, round(x)), max(0, round(y)), min(width, round(r)), min(height, round(b))) for x, y, r, b in found[0]
    )
    large = (box for box in boxes if box[2] - box[0] >= _LEAST and box[3] - box[1] >= _LEAST)
    return Layout(tuple(large), bool(found[1]), bool(found[2]))
