"""What a change made easier for itself: bars and `min_pass` that are lower than before. Texts in, sentences out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

from pytest_llm.cases.casefile import SUFFIX
from pytest_llm.cases.sampling import passes
from pytest_llm.cases.yamlfile import parse
from pytest_llm.errors import InputError
from pytest_llm.gates import bars as barring
from pytest_llm.gates.changed import listed, options

DEFAULTS = "_defaults.yaml"
_FLAG, _INI, _OVERRIDES = "--llm-gate", "llm_gate", ("-o", "--override-ini")


def bars_of(ini: Mapping[str, Any]) -> list[str]:
    """The bars that the values of an ini file set: `llm_gate`, by itself and within `addopts`."""
    words = options(ini)
    pairs = [*pairwise(words), *(word.partition("=")[::2] for word in words)]
    overriding = [value.partition("=") for flag, value in pairs if flag in _OVERRIDES]
    own = [listed(text) for name, equals, text in overriding if equals and name.strip() == _INI]
    given = [value for flag, value in pairs if flag == _FLAG and value]
    return given + (own[-1] if own else listed(ini.get(_INI)))


def bars(before: Iterable[str], now: Iterable[str]) -> Iterator[str]:
    """A sentence for each bar that is lower than it was, or gone."""
    left = {(bar.is_rate, bar.marker, bar.model): bar for bar in _bars(now)}
    for bar in _bars(before):
        new = left.get((bar.is_rate, bar.marker, bar.model))
        if new is None:
            yield f"this change takes out the bar {bar.text}"
        elif new.least < bar.least:
            yield f"this change lowers the bar {bar.text} to {new.text}"


def _bars(written: Iterable[str]) -> Iterator[barring.Spec]:
    for text in written:
        try:
            yield barring.parse(text)
        except InputError:
            continue


def cases(file: str, before: str, now: str) -> Iterator[str]:
    """A sentence for each case of a file, or its `_defaults.yaml`, of which fewer samples must pass than before."""
    then, today = _needs(file, before), _needs(file, now)
    for name in then.keys() & today.keys():
        (old, share), (new, least) = then[name], today[name]
        where = f"{file}::{name}" if name else file
        if least < share:
            yield f"this change lowers min_pass of {where} from {old} to {new}"


def _needs(file: str, text: str) -> dict[str, tuple[str, Fraction]]:
    """Of each case what must pass, in words and as a share; nothing of a file that is none."""
    try:
        documents = [document.value for document in parse(text, Path(file))]
    except InputError:
        return {}
    name = Path(file).name
    own = "" if name == DEFAULTS else name.removesuffix(SUFFIX)
    found: dict[str, tuple[str, Fraction]] = {}
    for number, data in enumerate(documents, 1):
        if isinstance(data, Mapping) and (need := _need(data)):
            found.setdefault(str(data.get("id", own if number == 1 else f"{own}-{number}")), need)
    return found


def _need(data: Mapping[str, Any]) -> tuple[str, Fraction] | None:
    """min_pass of a case that says it, or says how often it is asked."""
    samples, least = data.get("samples") or 1, data.get("min_pass", "all")
    if type(samples) is not int or not isinstance(least, int | str) or samples < 1:
        return None
    try:
        return f"{least} of {samples}", Fraction(passes(least, samples), samples)
    except (ValueError, ZeroDivisionError):
        return None
