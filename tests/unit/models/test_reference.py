from __future__ import annotations

from pathlib import Path

import pytest

from pytest_llm.errors import InputError
from pytest_llm.models.reference import ModelRef, resolve

MODELFILES = {
    "modelfiles/my-coder": "FROM qwen3:8b\n",
    "modelfiles/demo": "FROM ./demo.gguf\n",
    "modelfiles/lora": "FROM ./demo.gguf\nADAPTER ./lora.gguf\n",
    "modelfiles/outside": "# x\nFROM ../../secret.gguf\n",
    "modelfiles/absolute": "FROM /models/big.gguf\n",
    "modelfiles/broken": "FROM m\nSYTEM x\n",
    "modelfiles/child": "FROM demo\nSYSTEM hi\n",
    "modelfiles/grandchild": "FROM child\n",
    "modelfiles/of-tag": "FROM my-coder\n",
    "modelfiles/of-lora": "FROM lora\n",
    "more/extra": "FROM llama3\n",
    "more/demo": "FROM shadowed\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in MODELFILES.items():
        path = tmp_path / f"{name}.Modelfile"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return tmp_path


def resolved(written: str, root: Path, engine: str | None = None) -> ModelRef:
    return resolve(written, modelfiles=[root / "modelfiles", root / "more"], root=root, engine=engine)


@pytest.mark.parametrize(
    ("written", "engine", "where", "name", "base"),
    [
        ("my-coder", None, "ollama", "my-coder", "qwen3:8b"),
        ("my-coder", "ollama", "ollama", "my-coder", "qwen3:8b"),
        ("demo", None, "ollama", "demo", "./demo.gguf"),
        ("demo", "embedded", "embedded", "{root}/modelfiles/demo.gguf", "./demo.gguf"),
        ("child", "embedded", "embedded", "{root}/modelfiles/demo.gguf", "demo"),
        ("grandchild", "embedded", "embedded", "{root}/modelfiles/demo.gguf", "child"),
        ("grandchild", None, "ollama", "grandchild", "child"),
        ("absolute", "embedded", "embedded", "/models/big.gguf", "/models/big.gguf"),
        ("extra", None, "ollama", "extra", "llama3"),
        ("my-coder:latest", None, "ollama", "my-coder:latest", None),
        ("qwen3:8b", None, "ollama", "qwen3:8b", None),
        ("hf.co/org/repo:Q4_K_M", None, "ollama", "hf.co/org/repo:Q4_K_M", None),
        ("hf.co/org/repo:model-Q4.gguf", None, "ollama", "hf.co/org/repo:model-Q4.gguf", None),
        ("http://localhost:5000/ns/m:t", None, "ollama", "http://localhost:5000/ns/m:t", None),
        ("openai:Qwen/Qwen3-8B", None, "openai", "Qwen/Qwen3-8B", None),
        ("openai:a:b", "ollama", "openai", "a:b", None),
        ("Qwen/Qwen3 8B", "openai", "openai", "Qwen/Qwen3 8B", None),
        ("my-coder", "openai", "openai", "my-coder", None),
        ("gguf:models/a.gguf", None, "embedded", "{root}/models/a.gguf", None),
        ("gguf:models/a.gguf", "embedded", "embedded", "{root}/models/a.gguf", None),
        ("gguf:/models/a.gguf", None, "embedded", "/models/a.gguf", None),
        ("scripted:tests/answers.yaml", None, "scripted", "{root}/tests/answers.yaml", None),
        ("answers.yaml", "scripted", "scripted", "{root}/answers.yaml", None),
        ("anything at all", "acme", "acme", "anything at all", None),
        ("acme:gpt", "acme", "acme", "gpt", None),
        ("my-coder", "acme", "acme", "my-coder", "qwen3:8b"),
    ],
)
def test_what_a_name_means(
    root: Path, written: str, engine: str | None, where: str, name: str, base: str | None
) -> None:
    found = resolved(written, root, engine)
    assert (found.written, found.engine, found.name) == (written, where, name.format(root=root))
    assert (found.spec and found.spec.base) == base
    digests = [spec.digest for spec in found.modelfiles]
    assert found.fingerprint == "".join(digests)
    assert digests[:1] == ([found.spec.digest] if found.spec else [])


@pytest.mark.parametrize(
    ("written", "engine", "words"),
    [
        ("", None, "'' is no model's name"),
        ("./Modelfile", None, "keep it as modelfiles/NAME.Modelfile"),
        ("two words", None, "is no model's name"),
        ("model:", None, "is no model's name"),
        ("a/b/c/d:t", None, "is no model's name"),
        ("../m", None, "is no model's name"),
        ("./demo.gguf", None, "write gguf:./demo.gguf"),
        ("demo.gguf", None, "write gguf:demo.gguf"),
        ("modelfiles/demo.Modelfile", "ollama", "write demo, the file's name alone"),
        ("./modelfiles/demo.Modelfile", None, "write demo, the file's name alone"),
        ("gguf:", None, "has no name after gguf:"),
        ("openai: ", None, "has no name after openai:"),
        ("gguf:../secret.gguf", None, "leaves the rootdir"),
        ("scripted:a/../../b.yaml", None, "leaves the rootdir"),
        ("broken", None, "broken.Modelfile:2: unknown command 'SYTEM'"),
        ("outside", None, "outside.Modelfile:2: FROM ../../secret.gguf leaves the rootdir"),
        (
            "my-coder",
            "embedded",
            "my-coder.Modelfile:1: the embedded engine cannot run 'my-coder': FROM qwen3:8b is",
        ),
        (
            "of-tag",
            "embedded",
            "my-coder.Modelfile:1: the embedded engine cannot run 'of-tag': FROM qwen3:8b is",
        ),
        ("of-lora", "embedded", "lora.Modelfile:2: the embedded engine knows no ADAPTER"),
        ("qwen3:8b", "embedded", "there is no qwen3:8b.Modelfile in"),
        ("openai:x", "embedded", "the embedded engine cannot run 'openai:x'"),
        ("lora", "embedded", "lora.Modelfile:2: the embedded engine knows no ADAPTER"),
    ],
)
def test_what_is_no_model(root: Path, written: str, engine: str | None, words: str) -> None:
    with pytest.raises(InputError) as caught:
        resolved(written, root, engine)
    assert words in str(caught.value)


def test_a_link_may_lead_out(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    (root / "models").symlink_to(tmp_path_factory.mktemp("elsewhere"))
    assert resolved("gguf:models/a.gguf", root).name == str(root / "models/a.gguf")
