"""A GGUF file of a few kilobytes with random weights: llama.cpp loads it, and it writes nonsense."""

from __future__ import annotations

import random
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

WIDTH, LAYERS, HEADS, INNER = 32, 1, 2, 32
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
CHATML = (
    "{%- for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
THINKING = (
    "{%- for m in messages %}<|im_start|>{{ m.role }}\n"
    "{% if m.role == 'assistant' and m.reasoning_content is defined and m.reasoning_content %}"
    "<think>\n{{ m.reasoning_content }}\n</think>\n\n{% endif %}{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n"
    "{% if enable_thinking is defined and enable_thinking is false %}<think>\n\n</think>\n\n{% endif %}{% endif %}"
)


def write_gguf(path: Path, *, context: int = 4096, template: str = CHATML, layers: int = LAYERS) -> Path:
    """Write the file; `context` is the length it says it was trained for, in tokens."""
    vocabulary = [*SPECIAL, *_byte_letters()]
    metadata: dict[str, Any] = {
        "general.architecture": "llama",
        "llama.context_length": context,
        "llama.embedding_length": WIDTH,
        "llama.block_count": layers,
        "llama.feed_forward_length": INNER,
        "llama.attention.head_count": HEADS,
        "llama.attention.head_count_kv": HEADS,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "llama.rope.dimension_count": WIDTH // HEADS,
        "llama.vocab_size": len(vocabulary),
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "gpt-2",
        "tokenizer.ggml.tokens": vocabulary,
        "tokenizer.ggml.token_type": [3] * len(SPECIAL) + [1] * (len(vocabulary) - len(SPECIAL)),
        "tokenizer.ggml.merges": ["a b"],
        "tokenizer.ggml.bos_token_id": 0,
        "tokenizer.ggml.eos_token_id": 2,
        "tokenizer.ggml.add_bos_token": False,
    }
    if template:
        metadata["tokenizer.chat_template"] = template
    tensors = _tensors(len(vocabulary), layers)
    head = struct.pack("<4sIQQ", b"GGUF", 3, len(tensors), len(metadata))
    head += b"".join(_text(name) + _value(value) for name, value in metadata.items())
    data = b""
    for name, shape, numbers in tensors:
        head += _text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, 0, len(data))
        data += _padded(struct.pack(f"<{len(numbers)}f", *numbers))
    path.write_bytes(_padded(head) + data)
    return path


def write_header(path: Path, size: int, architecture: str = "llama", **metadata: Any) -> Path:
    """A file of `size` bytes, all but its header a hole. metadata: of the architecture, `__` for a dot."""
    entries = {"general.architecture": architecture}
    entries |= {f"{architecture}.{key.replace('__', '.')}": value for key, value in metadata.items()}
    head = struct.pack("<4sIQQ", b"GGUF", 3, 0, len(entries))
    head += b"".join(_text(name) + _value(value) for name, value in entries.items())
    with path.open("wb") as file:
        file.write(_padded(head))
        file.truncate(len(_padded(head)) + size)
    return path


def _tensors(vocabulary: int, layers: int) -> list[tuple[str, tuple[int, ...], list[float]]]:
    weights = random.Random(1)

    def matrix(name: str, *shape: int) -> tuple[str, tuple[int, ...], list[float]]:
        return name, shape, [weights.gauss(0, 0.3) for _ in range(shape[0] * shape[1])]

    def ones(name: str) -> tuple[str, tuple[int, ...], list[float]]:
        return name, (WIDTH,), [1.0] * WIDTH

    found = [matrix("token_embd.weight", WIDTH, vocabulary), ones("output_norm.weight")]
    for layer in range(layers):
        block = f"blk.{layer}."
        found += [matrix(f"{block}attn_{part}.weight", WIDTH, WIDTH) for part in ("q", "k", "v", "output")]
        found += [matrix(f"{block}ffn_{part}.weight", WIDTH, INNER) for part in ("gate", "up")]
        found += [matrix(f"{block}ffn_down.weight", INNER, WIDTH)]
        found += [ones(f"{block}attn_norm.weight"), ones(f"{block}ffn_norm.weight")]
    return found


def _byte_letters() -> list[str]:
    """The letters that stand for the 256 bytes in a byte-level vocabulary."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in plain]
    return [chr(b) for b in plain] + [chr(256 + i) for i in range(len(others))]


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 32)


def _text(text: str) -> bytes:
    return struct.pack("<Q", len(text.encode())) + text.encode()


def _value(value: Any) -> bytes:
    kind, body = _body(value)
    return struct.pack("<I", kind) + body


def _body(value: Any) -> tuple[int, bytes]:
    if isinstance(value, bool):
        return 7, struct.pack("<?", value)
    if isinstance(value, int):
        return 4, struct.pack("<I", value)
    if isinstance(value, float):
        return 6, struct.pack("<f", value)
    if isinstance(value, str):
        return 8, _text(value)
    return 9, _list(value)


def _list(values: Sequence[Any]) -> bytes:
    if isinstance(values[0], int):
        return struct.pack(f"<IQ{len(values)}i", 5, len(values), *values)
    return struct.pack("<IQ", 8, len(values)) + b"".join(map(_text, values))
