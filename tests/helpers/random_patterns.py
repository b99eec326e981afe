"""Random regular expressions and texts that are near to them, the same for the same seed."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

CHARACTERS = "abcAks4_-. \t\n\r\x85\u2028éßſKİı４中😀Σςǆ\ud800"
_WAYS = r"a b c k S é 4 中 \. \d \D \w \W \s \S . [a-c] [^a-c] [\d_] [^\w\n] [A-ZÀ-Þ] \n Σ ı ſ [é-ü] ǆ [^é] \x2e"
ATOMS = (" ", *_WAYS.split())
ANCHORS = ("^", "$", r"\b", r"\B", r"\A", r"\Z")
TIMES = ("*", "+", "?", "*?", "+?", "??", "{2}", "{0,2}", "{1,3}", "{2,}", "{0}")
SCOPES = ("i", "s", "m", "a", "i-s", "-m", "-i")
FLAGS = (0, re.M, re.M | re.I, re.I, re.S, re.A | re.M | re.I)


def pairs(seed: int) -> Iterator[tuple[str, int, str]]:
    """(a pattern, its flags, a text), without an end."""
    dice = random.Random(seed)
    while True:
        pattern, flags = _pattern(dice, 4), int(dice.choice(FLAGS))
        try:
            re.compile(pattern, flags)
        except re.error:
            continue
        yield pattern, flags, "".join(dice.choices(CHARACTERS, k=dice.randint(0, 14)))


def _pattern(dice: random.Random, depth: int) -> str:
    inner = depth - 1
    throw = dice.random()
    if depth == 0 or throw < 0.4:
        return dice.choice(ATOMS)
    if throw < 0.47:
        return dice.choice(ANCHORS)
    if throw < 0.65:
        return "".join(_pattern(dice, inner) for _ in range(dice.randint(1, 3)))
    if throw < 0.77:
        ways = [_pattern(dice, inner) if dice.random() < 0.9 else "" for _ in range(dice.randint(1, 3))]
        return f"({dice.choice(('', '?:'))}{'|'.join(ways)})"
    if throw < 0.8:
        return f"(?{dice.choice(SCOPES)}:{_pattern(dice, inner)})"
    return f"(?:{_pattern(dice, inner)}){dice.choice(TIMES)}"
