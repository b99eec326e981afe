from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from pytest_llm.commands.cli import main
from pytest_llm.commands.collected import collected

CONFIG = """
description: Translations
prompts:
  - 'Translate into {{language}}: {{text}}'
  - file://prompts/short.txt
  - file://chat.json
  - {label: Both ways, raw: "To {{language}} and back: {{text}} {{text | dump}}"}
  - file://make.py
providers:
  - ollama:chat:qwen3:8b
  - {id: 'ollama:llama3.2', label: small}
  - {id: 'openai:gpt-x', config: {temperature: 0, max_tokens: 200, apiKey: SECRET, apiBaseUrl: 'http://h/v1', n: 2}}
  - anthropic:messages:claude
defaultTest:
  assert: [{type: not-contains, value: sorry}]
tests:
  - {description: To French, vars: {language: French, text: Hello}, assert: [{type: icontains, value: bonjour}]}
  - {vars: {language: [German, Dutch], text: Hello}}
  - {vars: {language: Latin, text: Hello}, assert: [{type: llm-rubric, value: sounds Roman}], providers: [small]}
  - {vars: {language: Greek, text: 'file://missing.txt'}}
  - file://more.csv
  - file://gone.yaml
evaluateOptions: {repeat: 1}
redteam: {}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    files = {
        "promptfooconfig.yaml": CONFIG,
        "prompts/short.txt": "{{text}} in {{language}}, please\n",
        "chat.json": '[{"role": "system", "content": "Be short."}, {"role": "user", "content": "{{text}}"}]',
        "make.py": "print()",
        "more.csv": "language,text,__expected,__description\nItalian,Bye,contains: ciao,Leaving\nSpanish,Yes,Si,\n",
        "pytest.ini": "[pytest]\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def documents(file: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(file.read_text(encoding="utf-8")))


def test_a_configuration_becomes_cases_that_pytest_collects(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["import", "promptfooconfig.yaml"]) == 1
    said = capsys.readouterr().out
    names = ["both-ways", "chat", "prompt-1", "short"]
    assert [file.name for file in sorted((project / "cases").iterdir())] == [
        f"{name}.prompt.yaml" for name in names
    ]
    for words in (
        "prompts[5]: make.py is code",
        "provider anthropic:messages:claude: cases ask Ollama",
        "provider openai:gpt-x: its `n` has no counterpart",
        "provider openai:gpt-x: a key stays out of files",
        "tests[3]: the assertion 'llm-rubric' has no counterpart",
        "tests[4]: there is no file missing.txt",
        "tests[6]: there is no file gone.yaml",
        "redteam: has no counterpart",
    ):
        assert words in said, said
    assert "mend this by hand" not in said
    assert "SECRET" not in said + (project / "cases/prompt-1.prompt.yaml").read_text()
    found = collected(["cases"])
    assert not found.errors
    # (5 rows asked of all three models, one of small alone) for each of four prompts
    assert len(found.cells) == 4 * (5 * 3 + 1)


def test_what_is_written(project: Path) -> None:
    main(["import", "promptfooconfig.yaml", "--output", "out/deep"])
    first, *_ = documents(project / "out/deep/prompt-1.prompt.yaml")
    assert first == {
        "id": "to-french",
        "description": "To French",
        "models": ["qwen3:8b", "llama3.2"],
        "vars": {"language": "French", "text": "Hello"},
        "prompt": "Translate into {{language}}: {{text}}",
        "checks": [{"not_contains": "sorry"}, {"contains": {"text": "bonjour", "ignore_case": True}}],
    }
    short = documents(project / "out/deep/short.prompt.yaml")
    assert short[0]["prompt"] == {"file": "../../prompts/short.txt"}
    hosted = [document for document in short if document["models"] == ["openai:gpt-x"]]
    assert hosted[0]["options"] == {"temperature": 0, "num_predict": 200}
    rows = [document["parametrize"] for document in short if "parametrize" in document]
    assert [row["language"] for row in rows[0]] == ["German", "Dutch"]
    assert documents(project / "out/deep/chat.prompt.yaml")[0]["messages"][0] == {
        "role": "system",
        "content": "Be short.",
    }
    assert "{{text | tojson}}" in (project / "out/deep/both-ways.prompt.yaml").read_text()


def test_all_of_it(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "small.yaml").write_text(
        "prompts: [hi]\nproviders: [ollama:m]\ntests: [{assert: [{type: is-json}]}]\n"
    )
    assert main(["import", "small.yaml"]) == 0
    assert capsys.readouterr().out.split() == ["wrote", "cases/prompt-1.prompt.yaml"]
    assert main(["import", "small.yaml"]) == 2
    assert "is there already; nothing was written" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "words"),
    [("a: 1", "it has no `prompts`"), ("a: [", "this is not valid YAML"), ("", "it has no `prompts`")],
)
def test_what_is_none(project: Path, capsys: pytest.CaptureFixture[str], text: str, words: str) -> None:
    (project / "odd.yaml").write_text(text)
    assert main(["import", "odd.yaml"]) == 2
    assert words in capsys.readouterr().err
    assert main(["import", "nowhere.yaml"]) == 2
    assert not (project / "cases").exists()


def test_nothing_that_could_fail(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "bare.yaml").write_text("prompts: [hi]\nproviders: [ollama:m]\n")
    assert main(["import", "bare.yaml"]) == 1
    assert "nothing is left that could fail" in capsys.readouterr().out
    assert list((project / "cases").iterdir()) == []


def test_the_grader_of_all_tests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = """
prompts: ["Greet {{name}}"]
providers: [ollama:m]
defaultTest: {options: {provider: "ollama:chat:grader"}}
tests:
  - {vars: {name: Ann}, assert: [{type: llm-rubric, value: is kind}]}
  - {vars: {name: Bob}, options: {provider: "ollama:other"}, assert: [{type: llm-rubric, value: is short}]}
"""
    (tmp_path / "promptfooconfig.yaml").write_text(text)
    assert main(["import", "promptfooconfig.yaml"]) == 0
    written = "".join(file.read_text() for file in (tmp_path / "cases").glob("*.prompt.yaml"))
    assert "rubric: is kind\n    model: grader" in written
    assert "rubric: is short\n    model: other" in written
