"""Configurations as people write them: each word becomes a case, or a line that says what to do instead."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from pytest_llm.commands.promptfoo import config, write
from pytest_llm.errors import InputError


def made(folder: Path, given: str, **files: str) -> tuple[dict[str, Any], list[str], list[str]]:
    """(cases by file and id, what was left out, what is of no use) of a configuration beside some files."""
    for name, text in {"c.yaml": given, **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    found = config.read(folder / "c.yaml")
    written = {
        f"{file.name.removesuffix('.prompt.yaml')}/{case['id']}": case
        for file, text in write.case_files(found, folder, folder / "cases")
        for case in yaml.safe_load_all(text)
    }
    return written, found.left.lines, found.left.idle


ASSERT = "assert: [{type: contains, value: x}]"


def short(**keys: str) -> str:
    """A configuration with one prompt, one model and one test, but for what is given as YAML."""
    given = {"prompts": "['say {{q}}']", "providers": "[ollama:m]", "tests": f"[{{vars: {{q: 1}}, {ASSERT}}}]"}
    return "\n".join(f"{key}: {value}" for key, value in (given | keys).items())


@pytest.mark.parametrize(
    ("prompts", "files", "wanted"),
    [
        ("file://p/*.txt", {"p/a.txt": "A {{q}}", "p/b.txt": "B {{q}}"}, ["a/a", "b/b"]),
        ("p/*.txt", {"p/a.txt": "A {{q}}"}, ["a/a"]),
        ("p.txt", {"p.txt": "one\n---\ntwo"}, ["p-1/p-1", "p-2/p-2"]),
        ("p.md", {"p.md": "# one\n---\ntwo"}, ["p/p"]),
        ("[{id: 'file://p.txt', label: My own}]", {"p.txt": "A"}, ["my-own/my-own"]),
        ("{'file://p.txt': first}", {"p.txt": "A"}, ["first/first"]),
        ("chat.yaml", {"chat.yaml": "- {role: user, content: 'hi {{q}}'}"}, ["chat/chat"]),
        ("c.jsonl", {"c.jsonl": '[{"role": "user", "content": "a"}]\nplain {{q}}\n'}, ["c-1/c-1", "c-2/c-2"]),
        ("p.csv", {"p.csv": "prompt,label\nask {{q}},one\nbeg {{q}},\n"}, ["one/one", "p-2/p-2"]),
        ("[[{role: user, content: hi}]]", {}, ["prompt-1/prompt-1"]),
        ("['Is a/b more than {{q}}*2?']", {}, ["prompt-1/prompt-1"]),
    ],
)
def test_prompts(tmp_path: Path, prompts: str, files: Mapping[str, str], wanted: list[str]) -> None:
    written, left, _ = made(tmp_path, short(prompts=prompts), **files)
    assert (list(written), left) == (wanted, [])


@pytest.mark.parametrize(
    ("key", "value", "files", "words"),
    [
        ("prompts", "file://p.js:make", {}, "p.js is code"),
        ("prompts", "exec:./p.sh", {}, "made by a program"),
        ("prompts", "langfuse://a:1", {}, "comes from a service"),
        ("prompts", "file://{{env.A}}.txt", {}, "a template in a file's name"),
        ("prompts", "no.txt", {}, "there is no file no.txt"),
        ("prompts", "bad.yaml", {"bad.yaml": "a: ["}, "bad.yaml cannot be read"),
        ("prompts", "bad.json", {"bad.json": "{% for %}"}, "bad.json cannot be read"),
        ("prompts", """'[{"role": "user", "content": {{q}} }]'""", {}, "a template makes its messages"),
        ("prompts", "[{raw: a, function: b}]", {}, "its `function` has no counterpart"),
        ("providers", "[5, ollama:m]", {}, "provider 5: it is no name"),
        ("providers", "['ollama:embeddings:e', ollama:m]", {}, "answer in text"),
        ("providers", "['ollama:{{env.M}}', ollama:m]", {}, "a template in its name"),
        ("providers", "[file://p.py, ollama:m]", {}, "p.py is code"),
        ("providers", "[file://p.yaml, ollama:m]", {}, "there is no file p.yaml"),
        ("providers", "[{id: ollama:m, config: 5}]", {}, "its `config` is no mapping"),
        ("providers", "[{id: ollama:m, delay: 5}]", {}, "its `delay` has no counterpart"),
        ("providers", "[{id: ollama:m, config: {reasoning_effort: minimal}}]", {}, "its effort 'minimal'"),
        ("providers", "[ollama:m, {id: ollama:n, prompts: [other]}]", {}, "provider ollama:n: no prompt"),
        ("tests", "file://t.py", {}, "t.py is code"),
        ("tests", "[{path: 'file://t.py:make', config: {}}]", {}, "t.py is code"),
        ("tests", "huggingface://datasets/x", {}, "comes from a service"),
        ("tests", "file://t.xlsx", {"t.xlsx": ""}, "save it as CSV"),
        ("tests", "file://t.jsonl", {"t.jsonl": "{"}, "t.jsonl is no JSON"),
        ("tests", "[null]", {}, "tests[1]: it is no test"),
        ("tests", "[{vars: 5}]", {}, "its `vars` is no mapping"),
        ("tests", "[{options: 5}]", {}, "its `options` is no mapping"),
        ("tests", "[{vars: {q: '{{w}}'}}]", {}, "the variable q is a template"),
        ("tests", "[{vars: {q: file://q.png}}]", {"q.png": ""}, "`images: [q.png]`"),
        ("tests", f"[{{vars: {{q: 1}}, providerOutput: x, {ASSERT}}}]", {}, "its `providerOutput`"),
        ("tests", f"[{{vars: {{q: 1}}, options: {{prefix: x}}, {ASSERT}}}]", {}, "its `options.prefix`"),
        ("tests", f"[{{vars: {{q: 1}}, providers: [x*], {ASSERT}}}]", {}, "no prompt and provider that it names"),
        ("tests", f"[{{vars: {{q: 1}}, prompts: [x*], {ASSERT}}}]", {}, "no prompt and provider that it names"),
        ("tests", f"[{{{ASSERT}}}]", {}, "gives no variables to a prompt that is a template"),
        ("tests", "[{vars: {q: 1}, assert: [{$ref: '#/a/b'}]}]", {}, "its `$ref` names nothing"),
        ("tests", "[{vars: {q: 1}, assert: [{type: word-count, value: few}]}]", {}, "as promptfoo documents it"),
        ("tests", "[{vars: {q: 1}, assert: [{type: contains-any, value: []}]}]", {}, "names no text"),
        ("tests", "[{vars: {q: 1}, assert: [{type: is-json, value: '['}]}]", {}, "as promptfoo documents it"),
        ("tests", "[{vars: {q: 1}, assert: [{type: contains, value: x, weight: 2}]}]", {}, "its `weight`"),
        ("defaultTest", "5", {}, "defaultTest: its value is no mapping"),
        ("defaultTest", "file://d.yaml", {}, "defaultTest: there is no file d.yaml"),
        ("scenarios", "[{config: [{vars: {}}], extra: 1}]", {}, "its `extra` has no counterpart"),
        ("evaluateOptions", "{repeat: two}", {}, "'two' is no number"),
        ("derivedMetrics", "[]", {}, "derivedMetrics: has no counterpart"),
    ],
)
def test_what_has_none_is_told(tmp_path: Path, key: str, value: str, files: Mapping[str, str], words: str) -> None:
    _, left, _ = made(tmp_path, short(**{key: value}), **files)
    assert any(words in line for line in left), left


def test_what_changes_no_verdict_is_told_apart(tmp_path: Path) -> None:
    more = {"outputPath": "o.html", "sharing": "true", "env": "{A: 1}", "commandLineOptions": "{maxConcurrency: 2}"}
    _, left, idle = made(tmp_path, short(**more))
    assert left == []
    assert [line.partition(" ")[0] for line in idle] == [
        "outputPath",
        "sharing",
        "env",
        "commandLineOptions.maxConcurrency",
    ]


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("llama:q", "openai:q"),
        ("openrouter:meta/llama", "openai:meta/llama"),
        ("ollama:chat:hf.co/o/r-GGUF:Q4_K_M", "hf.co/o/r-GGUF:Q4_K_M"),
        ("ollama:completion:m", "m"),
        ("vllm:q", "openai:q"),
        ("ollama:{{env.NAME}}", "small"),
    ],
)
def test_models(tmp_path: Path, given: str, wanted: str) -> None:
    written, left, _ = made(tmp_path, short(providers=f"['{given}']", env="{NAME: small}"))
    assert [case["models"] for case in written.values()] == [[wanted]]
    assert left == []


def test_references_scenarios_and_tables(tmp_path: Path) -> None:
    given = """
prompts: ['{{greet}} in {{language}}']
targets: file://models.yaml
assertionTemplates: {brief: {type: word-count, value: {max: 9}}, loop: {$ref: '#/assertionTemplates/loop'}}
defaultTest: {assert: [{$ref: '#/assertionTemplates/brief'}]}
scenarios:
  - config: [{vars: {language: Latin}}, {vars: {language: Greek}}]
    tests: [{vars: {greet: hello}, assert: {type: icontains, value: '{{language}}'}}]
tests:
  - file://t.csv
  - {vars: {greet: ['{{language}} hi', bye], language: Dutch}, assert: [{$ref: 'other.yaml#/own'}]}
  - {vars: {greet: [a, b], language: Danish}, options: {disableVarExpansion: true}}
"""
    table = '\ufefflanguage,greet,__expected1,__expected2\nFrench,hi,is-json,"contains-any: a, b"\n,,,\n'
    written, left, _ = made(
        tmp_path,
        given,
        **{
            "models.yaml": "[{'ollama:chat:m': {config: {temperature: 0}, label: M}}]",
            "t.csv": table,
            "other.yaml": "own: {type: assert-set, assert: [{type: contains, value: k}, {type: equals, value: l}]}",
        },
    )
    assert left == []
    brief = {"length": {"words": {"max": 9}}}
    rows = {
        words(case["checks"][1:]): case.get("parametrize") or [case["vars"]]
        for case in written.values()
        if case["checks"][0] == brief
    }
    assert rows == {
        words(["json_path: $", "any_of"]): [{"language": "French", "greet": "hi"}],
        words(["contains: k", "equals: l"]): [
            {"greet": "Dutch hi", "language": "Dutch"},
            {"greet": "bye", "language": "Dutch"},
        ],
        words([]): [{"greet": ["a", "b"], "language": "Danish"}],
        words(["contains"]): [{"language": "Latin", "greet": "hello"}, {"language": "Greek", "greet": "hello"}],
    }
    assert {case["options"]["temperature"] for case in written.values()} == {0}


def words(checks: list[Any]) -> str:
    """Checks in a word each."""
    said = [
        one if isinstance(one, str) else next(f"{k}: {v}" if isinstance(v, str) else k for k, v in one.items())
        for one in checks
    ]
    return ", ".join(said)


def test_a_prompt_of_its_own_for_a_model(tmp_path: Path) -> None:
    given = short(
        prompts="[{id: a, raw: 'A {{q}}'}, {label: B, raw: 'B {{q}}'}]",
        providers="[ollama:m, {id: 'ollama:n', prompts: [a]}]",
    )
    written, left, _ = made(tmp_path, given)
    assert {name: case["models"] for name, case in written.items()} == {"a/a": ["m", "n"], "b/b": ["m"]}
    assert left == []


def test_words_of_nunjucks(tmp_path: Path) -> None:
    check = "assert: [{type: contains, value: '{{ q | dump }}'}]"
    given = short(prompts="file://p.txt", tests=f"[{{vars: {{q: 1}}, {check}}}]")
    written, _, _ = made(tmp_path, given, **{"p.txt": "{% if q === 1 %}{{ q|dump }}{% endif %} a === b | dump"})
    (case,) = written.values()
    assert case["prompt"] == "{% if q == 1 %}{{ q| tojson }}{% endif %} a === b | dump"
    assert case["checks"] == [{"contains": "{{ q | tojson }}"}]


@pytest.mark.parametrize(("name", "words"), [("c.js", "is code"), ("c.ts", "is code"), ("c.json", "no JSON")])
def test_what_is_no_file_of_data(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / name).write_text("module.exports = {}")
    with pytest.raises(InputError, match=words):
        config.read(tmp_path / name)
