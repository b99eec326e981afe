"""The parameters that a Modelfile can set: their types, what they may be, which are gone."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytest_llm.errors import nearest

PARAMETERS: Mapping[str, type] = {
    **dict.fromkeys(("num_ctx", "num_batch", "num_gpu", "main_gpu", "num_thread", "draft_num_predict"), int),
    **dict.fromkeys(("num_predict", "num_keep", "seed", "top_k", "repeat_last_n"), int),
    **dict.fromkeys(("temperature", "top_p", "min_p", "typical_p", "repeat_penalty"), float),
    **dict.fromkeys(("presence_penalty", "frequency_penalty"), float),
    "use_mmap": bool,
    "stop": tuple,
}
_DROPPED = ("penalize_newline", "low_vram", "f16_kv", "logits_all", "vocab_only", "use_mlock")
DEPRECATED = frozenset((*_DROPPED, "mirostat", "mirostat_tau", "mirostat_eta"))
_GONE = frozenset(("num_gqa", "tfs_z", "rope_frequency_base", "rope_frequency_scale", "embedding_only", "numa"))

_BOOLS = {
    **dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), True),
    **dict.fromkeys(("0", "f", "F", "FALSE", "false", "False"), False),
}
_IGNORED = "\n  the server keeps it and ignores it, and `ollama create` refuses the file"


@dataclass(frozen=True)
class Range:
    """What a number may be, both ends included. says: what becomes of one outside."""

    low: float
    high: float = 2**31 - 1
    says: str = "the server takes it as it is, and the sampler makes of it what it will"


_SHARE = Range(0, 1)
_PENALTY = Range(-2, 2)
RANGES: Mapping[str, Range] = {
    "num_ctx": Range(4, says="the server takes 4 tokens at least, and the model's own length at most"),
    "num_batch": Range(1, says="the model does not load with it"),
    "num_gpu": Range(-1, says="the server takes it for -1, as many layers as fit"),
    "main_gpu": Range(0, says="there is no such GPU"),
    "num_thread": Range(0, says="0 lets the server choose"),
    "draft_num_predict": Range(0, says="0 turns it off"),
    "num_predict": Range(-2, says="the server takes 10 times num_ctx for it"),
    "num_keep": Range(-1),
    "seed": Range(-1, 2**32 - 1, "-1 draws one, and others are cut to 32 bits"),
    "top_k": Range(0, says="0 takes the whole vocabulary"),
    "repeat_last_n": Range(-1, says="0 turns it off, -1 takes num_ctx"),
    "temperature": Range(0, 2, "what is negative counts as 0, and above 2 the answers are noise"),
    "top_p": _SHARE,
    "min_p": _SHARE,
    "typical_p": _SHARE,
    "repeat_penalty": Range(0.1, 2, "1 turns it off"),
    "presence_penalty": _PENALTY,
    "frequency_penalty": _PENALTY,
}


def typed(name: str, text: str) -> Any:
    """The value of a parameter; one that is unknown as text. Raises ValueError: what it takes instead."""
    kind = PARAMETERS.get(name, str)
    if kind is tuple:
        return (text,)
    if kind is int and re.fullmatch(r"[-+]?[0-9]{1,18}", text):
        return int(text)
    if (
        kind is float
        and re.fullmatch(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?", text)
        and math.isfinite(number := float(text))
    ):
        return number
    if kind is bool and text in _BOOLS:
        return _BOOLS[text]
    if kind is str:
        return text
    wanted = {int: "a whole number", float: "a number", bool: "true or false"}[kind]
    raise ValueError(f"PARAMETER {name} takes {wanted}, not {text[:60]!r}")


def unmeant(name: str) -> str:
    """Why a parameter of this name has no effect, and in a second line what becomes of it; "" where it has one."""
    if name in PARAMETERS:
        return ""
    if name in DEPRECATED:
        return f"PARAMETER {name} is deprecated and dropped by Ollama; remove the line"
    if name in _GONE:
        return f"PARAMETER {name} is gone from Ollama; remove the line{_IGNORED}"
    if name.lower() in PARAMETERS:
        return f"PARAMETER {name} has no effect: names of parameters are written small{_IGNORED}"
    return f"unknown PARAMETER {name!r} has no effect{nearest(name, list(PARAMETERS))}{_IGNORED}"


def out_of_range(name: str, text: str) -> str:
    """Why a number is none that this parameter may be, and what becomes of it; "" where it may."""
    try:
        value = typed(name, text)
    except ValueError:
        return ""
    allowed = RANGES.get(name)
    if allowed is None or allowed.low <= value <= allowed.high:
        return ""
    most = "" if allowed.high == Range.high else f" to {allowed.high:.10g}"
    return f"PARAMETER {name} {text} is out of range, {allowed.low:g}{most or ' or more'}: {allowed.says}"
