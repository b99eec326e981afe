"""How much memory a model needs: its weights, and the keys and values of every token in its context.

An estimate from the header of its GGUF file. The computation itself needs some hundred megabytes more.
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pytest_llm.models.gguf import Gguf

F16 = 2  # bytes of a value in the cache, as servers keep it where nothing else is said
GIB = 2**30
LONGEST = 2**24  # tokens: no model has a longer context

_BATCH, _STEP = 512, 256  # tokens: what a sliding window is kept beside, and what caches are rounded up to
# Every how many layers one sees the whole context, where the header does not say it (llama.cpp, by architecture).
_PATTERNS = {"gemma2": 2, "gemma3": 6, "gemma3n": 5, "gpt-oss": 2, "cohere2": 4}
# Ollama's default context by the memory it finds: up to so many bytes so many tokens.
_DEFAULTS = ((23 * GIB, 4096), (47 * GIB, 32_768))
_LARGE = 262_144


@dataclass(frozen=True)
class Layer:
    """token: the bytes that its cache holds for a token. window: of so many tokens at most; None for all."""

    token: int
    window: int | None = None

    def cache(self, context: int) -> int:
        """Bytes for a context of so many tokens."""
        return self.token * (context if self.window is None else min(context, self.window))


@dataclass(frozen=True)
class Need:
    """What a model needs. weights: bytes. layers: of the model and its draft. share: of it that goes to the GPU."""

    weights: int
    layers: tuple[Layer, ...]
    share: float = 1.0

    def cache(self, context: int) -> int:
        """Bytes of the keys and values of so many tokens."""
        return int(self.share * sum(layer.cache(context) for layer in self.layers))

    def whole(self, context: int) -> int:
        return int(self.share * self.weights) + self.cache(context)

    def largest(self, memory: int) -> int:
        """The longest context that fits into so many bytes; 0 where none does."""
        return bisect.bisect_right(range(LONGEST + 1), memory, key=self.whole) - 1 if self.whole(0) <= memory else 0


def need(files: Sequence[Gguf], num_gpu: int | None = None) -> Need:
    """What the model of these files needs: its own, adapters, projectors, a draft.

    num_gpu: how many layers go to the GPU, the output among them; None or a negative number for all.
    """
    layers = tuple(layer for file in files for layer in layers_of(file))
    count = len(layers) + 1
    share = 1.0 if num_gpu is None or num_gpu < 0 else min(num_gpu, count) / count
    return Need(sum(file.weights for file in files), layers, share)


def layers_of(file: Gguf) -> list[Layer]:
    """The layers of a model; none of a file that says nothing of them, as an adapter's."""
    count = _number(file.told("block_count"))
    if not 0 < count <= 10_000:
        return []
    shared = _number(file.told("attention.shared_kv_layers"))
    return [_layer(file, index) if index < count - shared else Layer(0) for index in range(count)]


def default_context(memory: int) -> int:
    """The context that Ollama takes on a GPU of so many bytes where nobody names one."""
    return next((context for limit, context in _DEFAULTS if memory < limit), _LARGE)


def _layer(file: Gguf, index: int) -> Layer:
    heads = _number(_each(file.told("attention.head_count"), index))
    of_keys = file.told("attention.head_count_kv")
    kv_heads = heads if of_keys is None else _number(_each(of_keys, index))
    interval = _number(file.told("full_attention_interval"))  # the other layers keep a state and no cache
    if not heads or (interval > 1 and (index + 1) % interval):
        return Layer(0)
    width = _number(file.told("embedding_length")) // heads
    sliding = _slides(file, index)
    suffix = "_swa" if sliding and file.told("attention.key_length_swa") else ""
    sizes = (_number(file.told(f"attention.{part}_length{suffix}")) or width for part in ("key", "value"))
    return Layer(kv_heads * sum(sizes) * F16, _window(file) if sliding else None)


def _slides(file: Gguf, index: int) -> bool:
    if not _number(file.told("attention.sliding_window")):
        return False
    pattern = file.told("attention.sliding_window_pattern")
    if isinstance(pattern, tuple):
        return bool(_each(pattern, index))
    every = _number(pattern) or _PATTERNS.get(str(file.metadata.get("general.architecture")), 1)
    return every > 1 and (index + 1) % every != 0


def _window(file: Gguf) -> int:
    kept = _number(file.told("attention.sliding_window")) + _BATCH
    return -(-kept // _STEP) * _STEP


def _each(value: Any, index: int) -> Any:
    """What is said of one layer: a list holds one entry for each, anything else is said of all."""
    if not isinstance(value, tuple):
        return value
    return value[index] if index < len(value) else None


def _number(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**32 else 0
