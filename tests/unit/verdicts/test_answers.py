"""What an answer says beside its code, and the verdict on it: all real, from the case file on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fake_ollama import FakeOllama, Script, VirtualClock
from tests.helpers.asking import desk

FENCE = "```"
CASES = {
    "an end token behind the fence": (
        f'{FENCE}json\n{{"a": 1}}\n{FENCE}<|im_end|>',
        "schema: {type: object, required: [a]}",
        "passed",
        ["leaked"],
    ),
    "an end token behind the JSON": ('{"a": 1}</s>', "schema: {type: object, required: [a]}", "passed", ["leaked"]),
    "an end token behind a word": ("yes<|eot_id|>", "equals: yes", "passed", ["leaked"]),
    "nothing but an end token": ("<|eot_id|>", "not_contains: x", "failed", ["empty", "leaked"]),
    "the prompt's code again": (
        f"Here:\n{FENCE}python\ndef f(x): return x++1\n{FENCE}",
        "contains: {text: f, in: code}",
        "failed",
        ["echo"],
    ),
    "the prompt's code compiled": (
        f"Here:\n{FENCE}python\ndef f(x): return x++1\n{FENCE}",
        "compile: python",
        "failed",
        ["echo"],
    ),
    "the prompt's schema again": (
        f'{FENCE}json\n{{"type": "object", "properties": {{}}}}\n{FENCE}',
        "schema: {type: object}",
        "failed",
        ["echo"],
    ),
    "the prompt's page again": (
        f"{FENCE}html\n<html> <body>x</body></html>\n{FENCE}",
        "browser: {duration: 1ms}",
        "failed",
        ["echo"],
    ),
    "thinking in another markup": ("<thought>no</thought>yes", "equals: yes", "passed", []),
    "a markup that the prompt names": ("<reasoning>no</reasoning>yes", "contains: <reasoning>", "passed", []),
}


@pytest.mark.parametrize("name", CASES)
def test_what_an_answer_comes_to(tmp_path: Path, name: str) -> None:
    text, check, outcome, kinds = CASES[name]
    prompt = (
        "Say your <reasoning> first. Mend this:\n"
        f"{FENCE}python\ndef f(x):\n    return x ++ 1\n{FENCE}\n"
        f'{FENCE}json\n{{"type":"object","properties":{{}}}}\n{FENCE}\n'
        f"{FENCE}html\n<html><body>x</body></html>\n{FENCE}\n"
    )
    case = f"models: m\nprompt: {{file: ask.txt}}\nchecks: [{{{check}}}]\n"
    (tmp_path / "ask.txt").write_text(prompt)
    with FakeOllama("0.33.0", clock=VirtualClock()) as server, desk(tmp_path, server.url) as asking:
        server.add_model("m")
        server.answer("", Script(text, verbatim=True))
        (verdict,) = asking.verdicts(case)
    assert (verdict.outcome, [finding.kind for finding in verdict.findings]) == (outcome, kinds)


@pytest.mark.parametrize(("allow", "outcome"), [("[]", "failed"), ("echo", "passed"), ("[cut, echo]", "passed")])
def test_code_that_was_right_already(tmp_path: Path, allow: str, outcome: str) -> None:
    code = f"{FENCE}python\ndef f(x):\n    return x + 1\n{FENCE}\n"
    (tmp_path / "ask.txt").write_text(f"Correct it where needed:\n{code}")
    checks = "[{contains: {text: x + 1, in: code}}, {regex: {pattern: return, in: code}}]"
    case = f"models: m\nprompt: {{file: ask.txt}}\nallow: {allow}\nchecks: {checks}\n"
    with FakeOllama("0.33.0", clock=VirtualClock()) as server, desk(tmp_path, server.url) as asking:
        server.add_model("m")
        server.answer("", Script(f"It is fine:\n{code}", verbatim=True))
        (verdict,) = asking.verdicts(case)
    assert verdict.outcome == outcome
    assert all("allow: echo" in finding.details for finding in verdict.findings)
