"""How much memory a model needs, and what a Modelfile is told of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_llm.errors import Complaints, InputError
from pytest_llm.models.contents import examine
from pytest_llm.models.gguf import read
from pytest_llm.models.memory import GIB, default_context, need
from pytest_llm.models.reference import at
from tests.helpers.tiny_gguf import WIDTH, write_gguf, write_header

EIGHT: dict[str, Any] = {
    "block_count": 32,
    "context_length": 131072,
    "embedding_length": 4096,
    "attention__head_count": 32,
    "attention__head_count_kv": 8,
}
KIB = 2**10


@pytest.mark.parametrize(
    ("architecture", "metadata", "context", "cache"),
    [
        ("llama", EIGHT, 8192, 8192 * 128 * KIB),  # Llama 3 8B: 1 GiB
        ("llama", EIGHT, 0, 0),
        ("llama", EIGHT | {"attention__head_count_kv": 32}, 4096, 2 * GIB),  # Llama 2 7B, no groups
        ("llama", {k: v for k, v in EIGHT.items() if "kv" not in k}, 4096, 2 * GIB),
        (
            "qwen3",
            EIGHT | {"block_count": 36, "attention__key_length": 128, "attention__value_length": 128},
            1,
            147456,
        ),
        ("llama", EIGHT | {"attention__key_length": 192, "attention__value_length": 64}, 1, 32 * 8 * 256 * 2),
        ("jamba", EIGHT | {"block_count": 4, "attention__head_count_kv": [0, 8, 0, 8]}, 1, 2 * 8 * 256 * 2),
        ("openelm", EIGHT | {"block_count": 2, "attention__head_count": [16, 32]}, 1, 8 * 512 * 2 + 8 * 256 * 2),
        ("qwen35", EIGHT | {"full_attention_interval": 4}, 1, 8 * 8 * 256 * 2),
        ("mamba", {"block_count": 48, "embedding_length": 2048, "attention__head_count": 0}, 4096, 0),
        ("gemma3", EIGHT | {"attention__sliding_window": 1024}, 8192, 4096 * (5 * 8192 + 27 * 1536)),
        ("gemma3", EIGHT | {"attention__sliding_window": 1024}, 1000, 4096 * 32 * 1000),
        ("llama", EIGHT | {"attention__sliding_window": 1024}, 8192, 4096 * 32 * 8192),
        (
            "gemma4",
            EIGHT
            | {
                "block_count": 3,
                "attention__sliding_window": 512,
                "attention__sliding_window_pattern": [1, 0, 1],
                "attention__shared_kv_layers": 1,
            },
            8192,
            4096 * (8192 + 1024),
        ),
        ("clip", {"vision__block_count": 24}, 4096, 0),
        ("llama", {}, 4096, 0),
        ("llama", EIGHT | {"block_count": 2**31}, 4096, 0),
        ("llama", EIGHT | {"embedding_length": "wide", "attention__key_length": "long"}, 4096, 0),
    ],
)
def test_the_cache(tmp_path: Path, architecture: str, metadata: dict[str, Any], context: int, cache: int) -> None:
    file = read(write_header(tmp_path / "x.gguf", 1000, architecture, **metadata))
    assert need([file]).cache(context) == cache


def test_the_weights_are_those_of_the_tensors(tmp_path: Path) -> None:
    file = read(write_gguf(tmp_path / "x.gguf"))
    assert file.weights == 4 * file.parameters
    assert read(write_header(tmp_path / "y.gguf", 5 * GIB, **EIGHT)).weights == 5 * GIB
    assert need([file]).cache(1) == 2 * 2 * WIDTH


@pytest.mark.parametrize("memory", [5 * GIB, 5 * GIB + 1, 6 * GIB, 6 * GIB - 1, 8 * GIB + 12345])
@pytest.mark.parametrize("architecture", ["llama", "gemma3"])
def test_the_largest_context_fits_and_one_more_does_not(tmp_path: Path, architecture: str, memory: int) -> None:
    header = write_header(tmp_path / "x.gguf", 5 * GIB, architecture, **EIGHT, attention__sliding_window=1024)
    needed = need([read(header)])
    most = needed.largest(memory)
    assert needed.whole(most) <= memory < needed.whole(most + 1)


def test_layers_that_stay_on_the_cpu_need_no_gpu(tmp_path: Path) -> None:
    file = read(write_header(tmp_path / "x.gguf", 33 * GIB, **EIGHT))
    whole = need([file]).whole(8192)
    assert [round(need([file], n).whole(8192) * 33 / whole) for n in (0, 11, 33, 99, -1)] == [0, 11, 33, 33, 33]
    assert need([file]).largest(GIB) == 0


def test_the_default_context_follows_the_memory() -> None:
    assert [default_context(n * GIB) for n in (8, 22, 24, 46, 48)] == [4096, 4096, 32768, 32768, 262144]


def told(folder: Path, text: str, vram: int = 0) -> list[tuple[int, str]]:
    (folder / "x.Modelfile").write_text(text)
    wrong = Complaints()
    spec = at(folder / "x.Modelfile", [folder], folder)
    found = [(one.line, one.text) for one in examine(spec, vram, wrong)]
    wrong.tell()
    return found


@pytest.mark.parametrize(
    ("text", "vram", "line", "words"),
    [
        ("FROM ./8b.gguf\nPARAMETER num_ctx 32768\n", 8, 2, "num_ctx of 24576 would fit"),
        ("FROM ./8b.gguf\nPARAMETER num_ctx 32768\n", 8, 2, "needs 9 GiB (weights 5 GiB, KV cache 4 GiB at f16)"),
        ("FROM ./8b.gguf\nPARAMETER num_ctx 32768\n", 9, 0, ""),
        ("FROM ./8b.gguf\nPARAMETER num_ctx 32769\n", 9, 2, "num_ctx of 32768 would fit"),
        ("FROM ./8b.gguf\nPARAMETER num_ctx 32768\n", 0, 0, ""),
        ("FROM ./8b.gguf\nPARAMETER num_ctx 32768\nPARAMETER num_ctx 65536\n", 8, 3, "with num_ctx 65536"),
        ("# own\nFROM ./8b.gguf\n", 5, 2, "num_ctx 4096 (Ollama's default there)"),
        ("FROM ./8b.gguf\n", 4, 1, "no num_ctx would fit"),
        ("FROM ./8b.gguf\nPARAMETER num_ctx 32768\nPARAMETER num_gpu 0\n", 4, 0, ""),
        ("FROM ./8b.gguf\nADAPTER a.gguf\nPARAMETER num_ctx 32768\n", 9, 3, "weights 6 GiB"),
        (
            "FROM ./8b.gguf\nPARAMETER num_ctx 200000\n",
            0,
            2,
            "is more than the model was trained with, and it gets 131072",
        ),
        ("FROM ./8b.gguf\nPARAMETER num_ctx 200000\n", 22, 2, "it gets 131072"),
        ("FROM base\nPARAMETER num_ctx 32768\n", 8, 2, "num_ctx of 24576 would fit"),
        ("FROM base\nSYSTEM hi\n", 6, 1, "with num_ctx 16384 the model needs 7 GiB"),
        ("FROM qwen3:8b\nPARAMETER num_ctx 32768\n", 1, 0, ""),
        ("FROM ./no.gguf\n", 0, 1, "FROM ./no.gguf: there is no such file"),
        ("FROM m\nADAPTER no.gguf\n", 0, 2, "ADAPTER no.gguf: there is no such file"),
        ("FROM .\n", 0, 1, "is a folder"),
    ],
)
def test_what_is_told_of_it(tmp_path: Path, text: str, vram: int, line: int, words: str) -> None:
    write_header(tmp_path / "8b.gguf", 5 * GIB, **EIGHT)
    write_header(tmp_path / "a.gguf", GIB)
    (tmp_path / "base.Modelfile").write_text("FROM ./8b.gguf\nPARAMETER num_ctx 16384\n")
    found = told(tmp_path, text, vram * GIB)
    assert [(at, words in said) for at, said in found] == ([(line, True)] if line else []), found


def test_files_that_ollama_refuses(tmp_path: Path) -> None:
    whole = write_gguf(tmp_path / "whole.gguf").read_bytes()
    (tmp_path / "cut.gguf").write_bytes(whole[:-5000])
    (tmp_path / "pointer.gguf").write_text("version https://git-lfs.github.com/spec/v1\n")
    (tmp_path / "head.gguf").write_bytes(whole[:100])
    for name, words in {
        "cut.gguf": "cut.gguf is cut off: 4.88 KiB at its end are missing",
        "pointer.gguf": "begins with b'vers'",
        "head.gguf": "is cut off within its header",
    }.items():
        with pytest.raises(InputError, match=r"no whole GGUF|cut off") as caught:
            told(tmp_path, f"# first\nFROM ./{name}\n")
        assert (caught.value.line, words in caught.value.message) == (2, True), caught.value
    assert told(tmp_path, "FROM ./whole.gguf\n") == []
