"""What a Modelfile's parameters and its SYSTEM are warned of, and what they are not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_llm.models.lint import lint
from pytest_llm.models.modelfile import parse
from pytest_llm.models.parameters import PARAMETERS, RANGES
from pytest_llm.models.system import tokens

HERE = Path("modelfiles/x.Modelfile")


def said(text: str, base: str = "m", **limits: Any) -> list[tuple[int, str]]:
    return [(found.line, found.text) for found in lint(parse(f"FROM {base}\n{text}\n", HERE), **limits)]


def test_every_number_has_a_range() -> None:
    assert set(RANGES) == {name for name, kind in PARAMETERS.items() if kind in (int, float)}


@pytest.mark.parametrize(
    ("name", "within", "outside"),
    [
        ("num_ctx", ["4", "131072"], ["3", "0", "-1", "99999999999"]),
        ("num_predict", ["-2", "-1", "1"], ["-3"]),
        ("temperature", ["0", "0.7", "2", "2.0"], ["-0.1", "2.1", "70"]),
        ("top_p", ["0", "1", "0.95"], ["1.01", "95", "-1"]),
        ("min_p", ["0.05"], ["5"]),
        ("typical_p", ["1"], ["1.5"]),
        ("top_k", ["0", "40"], ["-1"]),
        ("repeat_penalty", ["1.1", "2"], ["0", "-1", "11"]),
        ("presence_penalty", ["-2", "2"], ["2.5"]),
        ("frequency_penalty", ["0"], ["-3"]),
        ("repeat_last_n", ["-1", "64"], ["-2"]),
        ("seed", ["-1", "0", "4294967295"], ["-2", "4294967296"]),
        ("num_gpu", ["-1", "0", "99"], ["-2"]),
        ("num_batch", ["512"], ["0"]),
    ],
)
def test_ranges(name: str, within: list[str], outside: list[str]) -> None:
    for value in within:
        assert said(f"PARAMETER {name} {value}") == [], value
    for value in outside:
        ((line, text),) = said(f"PARAMETER {name} {value}")
        assert (line, text.startswith(f"PARAMETER {name} {value} is out of range, ")) == (2, True), text


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "temprature",
            "did you mean 'temperature'?\n  the server keeps it and ignores it, and `ollama create`",
        ),
        ("Temperature", "written small"),
        ("mirostat", "deprecated and dropped"),
        ("use_mlock", "deprecated and dropped"),
        ("num_gqa", "gone from Ollama"),
        ("tfs_z", "gone from Ollama"),
        ("frobnicate", "unknown PARAMETER 'frobnicate' has no effect\n  the server"),
    ],
)
def test_parameters_without_effect(name: str, words: str) -> None:
    ((line, text),) = said(f"PARAMETER {name} 1")
    assert line == 2
    assert words in text


@pytest.mark.parametrize(
    ("text", "count"),
    [("", 0), ("hi", 1), ("word " * 300, 375), ("a " * 250, 250), ("日本語" * 40, 90), ("Grüße", 2)],
)
def test_tokens_about(text: str, count: int) -> None:
    assert tokens(text) == count


def test_a_long_system() -> None:
    text = f'SYSTEM """{"word " * 200}"""'
    ((line, told),) = said(text)
    assert (line, told.startswith("SYSTEM has some 250 tokens, more than 200 (llm_system_tokens)")) == (2, True)
    assert said(text, system_tokens=250) == []
    assert said("SYSTEM be brief", system_tokens=1)


@pytest.mark.parametrize(
    "system",
    [
        "Always use comments.\nNever use comments.",
        "Use comments.\nDo not use any comments.",
        "You must answer in rhymes.\nYou must never answer in rhymes.",
        "Avoid using semicolons.\nUse semicolons.",
        "- Include tests.\n- Don't include tests.",
        "1. Please cite sources.\n2. You should not cite sources.",
        "**Write comments.**\nYou can't write comments.",
        "Be brief.\nGive detailed answers.",
        "Keep your answers short.\nAnswer in detail.",
        "Answer in English.\nAlways reply in German.",
        "Answer only in JSON.\nOutput only YAML.",
        "JSON only.\nReturn nothing but valid XML.",
        "No explanations.\nExplain each step.",
        "No emojis.\nUse emojis.",
        "Include comments.\nNo comments!",
        "Respond only with JSON.\nUse Markdown formatting.",
        "Format answers as markdown.\nOutput nothing but XML.",
        "Be concise.\nExplain everything in great detail.",
        "Be as detailed as possible.\nAnswer in one sentence.",
        "Write in all capitals.\nAnswer in lower case.",
        "Use at most 50 words.\nWrite at least 200 words.",
        "Answer in no fewer than three sentences.\nUse up to two sentences.",
    ],
)
def test_what_contradicts_itself(system: str) -> None:
    ((line, text),) = said(f'SYSTEM """\n{system}\n"""')
    assert (line, text.startswith("SYSTEM contradicts itself: ")) == (4, True), text
    assert text.endswith(" in line 3")


@pytest.mark.parametrize(
    "system",
    [
        "Always use comments.\nNever use global variables.",
        "Never use comments in HTML.\nUse comments.",
        "Be brief.\nIf asked, give detailed answers.",
        "Write short functions.\nGive each error a detailed message text.",
        "Answer in English.\nWhen the user writes German, answer in German.",
        "Answer in English.\nThe user may write in German.",
        "Code: only JSON.\nData: only YAML.",
        "Answer only in JSON.\nNever answer only in YAML.",
        "Do not explain.\nNever explain.",
        "Be kind. Be brief. Be kind.",
        "No.\nYes.",
        "No comments.\nComments are bad.",
        "Output only JSON.\nUse HTML entities within strings.",
        "Output only JSON.\nReturn valid JSON.",
        "Use at most 50 words.\nWrite at least 20 words.",
        "Use at most 50 words.\nWrite at least 60 characters.",
        "Reply in French.\nReply in French only.",
    ],
)
def test_what_does_not(system: str) -> None:
    assert said(f'SYSTEM """\n{system}\n"""') == []


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('SYSTEM ""', 2, "the value of SYSTEM is empty: Ollama keeps the SYSTEM of FROM"),
        ('SYSTEM """ \n\t"""', 2, "the value of SYSTEM is empty"),
        ("SYSTEM a\nSYSTEM b", 3, "already given in line 2"),
        ("SYSTEM a\nMESSAGE system b", 3, "MESSAGE system stands beside the SYSTEM of line 2"),
        ("SYSTEM a\nTEMPLATE {{ .Prompt }}", 2, "this SYSTEM never reaches the model"),
    ],
)
def test_what_else_is_wrong_with_a_system(text: str, line: int, words: str) -> None:
    ((found, told),) = said(text)
    assert (found, words in told) == (line, True), told


@pytest.mark.parametrize(
    ("text", "base", "warned"),
    [
        ("", "./own.gguf", True),
        ("SYSTEM hi", "/models/own.gguf", True),
        ('TEMPLATE ""', "./own.gguf", True),
        ("TEMPLATE {{ .System }}{{ .Prompt }}", "./own.gguf", False),
        ("RENDERER qwen3\nPARSER qwen3", "./own.gguf", False),
        ("", "qwen3:8b", False),
    ],
)
def test_a_file_of_ones_own_needs_a_template(text: str, base: str, warned: bool) -> None:
    assert any("there is no TEMPLATE" in told for _, told in said(text, base)) == warned


def test_an_engine_that_uses_no_template_needs_none() -> None:
    spec = parse("FROM ./own.gguf\nSYSTEM hi\n", HERE)
    assert [len(lint(spec, templates=templates)) for templates in (True, False)] == [1, 0]


def test_a_huge_system_is_read_in_no_time() -> None:
    assert said(f'SYSTEM """{"Be brief. " * 100_000}"""', system_tokens=10**9) == []
