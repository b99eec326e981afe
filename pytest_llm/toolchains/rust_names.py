"""What a Rust text uses of the standard library without saying where it is from."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pytest_llm.syntax.outline import Outline

_TABLE = Path(__file__).parent / "names" / "rust.txt"
# A trait whose methods are called, or whose macros are written, though it is named nowhere.
_METHODS: Mapping[str, str] = {
    "std::io::Read": "read read_exact read_to_end read_to_string bytes",
    "std::io::Write": "flush write_all write_fmt by_ref write writeln",
    "std::io::BufRead": "lines read_line read_until fill_buf",
    "std::io::Seek": "rewind seek stream_position",
    "std::hash::Hash": "hash",
    "std::hash::Hasher": "finish",
    "std::fmt::Write as _": "write_str write_char write_fmt write writeln",
    "std::str::FromStr": "from_str",
    "std::pin::pin": "pin",
    "std::ptr::addr_of": "addr_of",
    "std::ptr::addr_of_mut": "addr_of_mut",
    "std::task::ready": "ready",
}
# Of names that stand in two places: this one where any of the others is used too.
_BESIDE: Mapping[str, tuple[str, str]] = {
    "Ordering": ("Atomic", "std::sync::atomic::Ordering"),
    "Weak": ("Arc", "std::sync::Weak"),
}


def uses(outline: Outline) -> str:
    """Lines that import what a text uses; what it defines itself is its own."""
    bare = _bare(outline)
    places = {name: place for name, place in standard().items() if name in bare}
    for name, (other, place) in _BESIDE.items():
        if name in places and any(word.startswith(other) for word in bare):
            places[name] = place
    called = outline.all("method") | outline.all("associated")
    traits = {trait for trait, methods in _METHODS.items() if not called.isdisjoint(methods.split())}
    return "".join(f"use {place};\n" for place in sorted(traits | set(places.values())))


@cache
def standard() -> Mapping[str, str]:
    """name -> its path in the standard library. Source: the library's index, doc.rust-lang.org/std/all.html."""
    rows = _TABLE.read_text("utf-8").replace("\n  ", " ").splitlines()
    return {
        name: f"{module}::{name}"
        for module, _, names in (row.partition(": ") for row in rows)
        for name in names.split()
    }


def _bare(outline: Outline) -> frozenset[str]:
    """What stands without its path; of modules only where something is taken from them, of functions where they are
    called.
    """
    qualified, own = outline.names.get("qualified", {}), outline.all("defined")
    used = {name for name, count in outline.names.get("used", {}).items() if count > qualified.get(name, 0)}
    lower = outline.all("path") | (outline.all("called") - outline.all("own"))
    return frozenset(name for name in used - own if not name[0].islower() or name in lower)
