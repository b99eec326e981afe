"""What an Ollama server has: finding, pulling and building models."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pytest_llm.cases.request import ChatRequest, Message
from pytest_llm.errors import ModelUnavailable
from pytest_llm.models.modelfile import load
from pytest_llm.models.reference import ModelRef
from pytest_llm.providers.base import Fingerprint, Limits, ModelInfo
from pytest_llm.providers.ollama.building import built_name
from pytest_llm.providers.ollama.client import OllamaProvider
from pytest_llm.providers.ollama.models import full_name, read_show
from tests.helpers.replay import Play, Replay, Seen, error, lines, played, replay
from tests.helpers.wire import exchange

NEW = "0.33.0-rc2"
DONE = lines({"message": {"content": "hi"}, "done": True, "done_reason": "stop"})
SUCCESS = lines({"status": "writing manifest"}, {"status": "success"})


def reply(data: Any) -> Play:
    return Play((json.dumps(data).encode(),), length=True)


@dataclass
class Shelf:
    """A server's models (name -> digest) and blobs, and what to answer to a pull or a create."""

    models: dict[str, str] = field(default_factory=lambda: {"plain:latest": "d1"})
    blobs: set[str] = field(default_factory=set)
    create: Play = SUCCESS
    pull: Play = SUCCESS
    blob: Play = field(default_factory=lambda: Play(status="201 Created"))

    def __call__(self, seen: Seen) -> Play:
        if seen.path.startswith("/api/blobs/"):
            return self._blob(seen)
        match seen.path:
            case "/api/version":
                return reply({"version": "0.33.0"})
            case "/api/tags":
                return reply({"models": [{"name": n, "digest": d} for n, d in self.models.items()]})
            case "/api/show":
                there = full_name(seen.json["model"]) in self.models
                return played(NEW, "show-plain" if there else "show-unknown")
            case "/api/create" | "/api/pull":
                play = self.create if seen.path == "/api/create" else self.pull
                if play is SUCCESS:
                    self.models[full_name(seen.json["model"])] = f"d{len(self.models) + 1}"
                return play
            case "/api/chat":
                return DONE
        return error("404 Not Found", "404 page not found")

    def _blob(self, seen: Seen) -> Play:
        name = seen.path.rpartition("/")[2]
        if seen.method == "HEAD":
            return Play(status="200 OK" if name in self.blobs else "404 Not Found")
        if not self.blob.chunks:
            self.blobs.add(name)
        return self.blob


def visit(
    shelf: Shelf, do: Callable[[OllamaProvider], Awaitable[Any]], progress: list[str] | None = None, **more: Any
) -> tuple[Any, Replay]:
    async def main() -> tuple[Any, Replay]:
        async with replay(shelf) as server:
            tell = progress.append if progress is not None else None
            provider = OllamaProvider(server.url, Limits(20, 60, 60), progress=tell, **more)
            try:
                return await do(provider), server
            finally:
                await provider.close()

    return asyncio.run(main())


def modelfile(folder: Path, text: str, name: str = "my-coder") -> ModelRef:
    path = folder / f"{name}.Modelfile"
    path.write_text(text)
    return ModelRef(name, "ollama", name, load(path))


def test_a_model_that_is_there() -> None:
    info, server = visit(Shelf(), lambda p: p.prepare(ModelRef("plain", "ollama", "plain")))
    assert info == ModelInfo(
        server=server.url,
        blob="e5127d15453b69cce952eb14378b0c6f968f2020a0b437de55603dbd89e54807",
        digest="d1",
        local=True,
        capabilities=frozenset({"completion", "thinking"}),
        version="0.33.0",
        parameters={"num_ctx": 2048},
        trained=4096,
        fingerprint=Fingerprint({"digest": "d1", "quantisation": "F16"}),
    )


def test_many_models_in_a_row_are_found_in_one_list_until_something_is_changed(tmp_path: Path) -> None:
    shelf = Shelf({"plain:latest": "d1", "other:latest": "d2"})

    async def all_of_them(provider: OllamaProvider) -> list[str]:
        names = ("plain", "other", "late", "plain")
        found = []
        for name in names:
            if name == "late":
                shelf.models["late:latest"] = "d3"
            found.append((await provider.prepare(ModelRef(name, "ollama", name))).digest)
        await provider.prepare(modelfile(tmp_path, "FROM plain"))
        return found

    digests, server = visit(shelf, all_of_them)
    assert digests == ["d1", "d2", "d3", "d1"]
    assert len(server.asked("/api/tags")) == 2 + 3, "the first, for what was not in it, and what building asks for"


@pytest.mark.parametrize(
    ("version", "name", "capabilities"),
    [
        ("0.24.0", "show-plain", {"completion"}),
        ("0.24.0", "show-thinker", {"completion", "thinking"}),
        (NEW, "show-thinker", {"completion", "thinking"}),
        (NEW, "show-child", {"completion", "thinking"}),
    ],
)
def test_what_show_says(version: str, name: str, capabilities: set[str]) -> None:
    text = exchange(version, name).body
    shown = read_show(json.loads(text))
    assert shown.capabilities == capabilities
    assert shown.parameters == {"num_ctx": 2048}
    assert shown.trained == 4096
    assert len(shown.blob) == 64


def test_two_models_of_one_file_share_a_blob() -> None:
    shown = [read_show(json.loads(exchange(NEW, name).body)) for name in ("show-plain", "show-child")]
    assert shown[0].blob == shown[1].blob


def test_adapters_are_part_of_the_blob_and_a_template_is_not() -> None:
    head = "# FROM x\nFROM /b/sha256-" + "a" * 64 + "\nADAPTER /b/sha256-" + "b" * 64 + "\n"
    assert read_show({"modelfile": head + 'TEMPLATE """\nFROM y\n"""'}).blob == "a" * 64 + "+" + "b" * 64
    assert read_show({"modelfile": "", "capabilities": None}).capabilities is None


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("llama3", "llama3:latest"),
        ("Llama3:8B", "llama3:8b"),
        ("registry.ollama.ai/library/llama3", "llama3:latest"),
        ("hf.co/Org/Repo:Q4_K_M", "hf.co/org/repo:q4_k_m"),
        ("localhost:5000/ns/m", "localhost:5000/ns/m:latest"),
    ],
)
def test_the_full_name(name: str, full: str) -> None:
    assert full_name(name) == full


def test_a_missing_model_tells_the_nearest_names_and_how_to_get_it() -> None:
    shelf = Shelf({"qwen3:4b": "a", "qwen3:8b": "b", "gemma3:latest": "c", "pytest-llm/x:1": "d"})
    with pytest.raises(ModelUnavailable) as caught:
        visit(shelf, lambda p: p.prepare(ModelRef("qwen3:14b", "ollama", "qwen3:14b")), modelfiles=["qwen3-14b"])
    assert "qwen3:4b" in caught.value.hint
    assert "qwen3-14b" in caught.value.hint
    assert "ollama pull qwen3:14b" in caught.value.hint
    assert "pytest-llm/x" not in caught.value.hint
    assert caught.value.reach == "model"


def test_a_missing_base_is_not_told_to_be_what_is_built_on_it(tmp_path: Path) -> None:
    file = tmp_path / "my-coder.Modelfile"
    file.write_text("FROM my-coder-base")
    model = ModelRef("my-coder", "ollama", "my-coder", load(file))
    shelf = Shelf({"my-coder:latest": "a", "my-coder-bose:latest": "b"})
    with pytest.raises(ModelUnavailable) as caught:
        visit(shelf, lambda p: p.prepare(model), modelfiles=["my-coder", "my-coder-2"])
    assert "nearest there: my-coder-bose\n" in caught.value.hint
    assert "Modelfile" not in caught.value.hint


def test_a_name_like_none_lists_what_is_there() -> None:
    with pytest.raises(ModelUnavailable, match="it has: plain"):
        visit(Shelf(), lambda p: p.prepare(ModelRef("zzzzzz", "ollama", "zzzzzz")))
    with pytest.raises(ModelUnavailable, match="no models at all"):
        visit(Shelf({}), lambda p: p.prepare(ModelRef("zzzzzz", "ollama", "zzzzzz")))


def test_a_missing_model_is_pulled_where_that_is_asked_for() -> None:
    pull = lines(
        {"status": "pulling manifest"},
        {"status": "pulling 00e1", "total": 200},
        {"status": "pulling 00e1", "total": 200, "completed": 100},
        {"status": "pulling 00e1", "total": 200, "completed": 101},
        {"status": "success"},
    )
    shelf = Shelf()

    def answer(seen: Seen) -> Play:
        if seen.path == "/api/pull":
            shelf.models["qwen3:8b"] = "d9"
            return pull
        return shelf(seen)

    progress: list[str] = []
    info, _ = visit(
        answer,  # type: ignore[arg-type]
        lambda p: p.prepare(ModelRef("qwen3:8b", "ollama", "qwen3:8b")),
        progress,
        pull=True,
    )
    assert info.digest == "d9"
    assert progress == [
        "pulling qwen3:8b: pulling manifest",
        "pulling qwen3:8b: pulling 00e1 0 %",
        "pulling qwen3:8b: pulling 00e1 50 %",
        "pulling qwen3:8b: success",
    ]


PULL_FAULTS = [
    ("25 a line", played(NEW, "pull-unreachable"), "no such host"),
    ("25 no success", lines({"status": "pulling manifest"}), "without `success`"),
    ("25 half a line", Play((b'{"status":"pul',)), "failed"),
]


@pytest.mark.parametrize(("fault", "play", "words"), PULL_FAULTS, ids=lambda x: x if isinstance(x, str) else "")
def test_a_pull_that_fails(fault: str, play: Play, words: str) -> None:
    with pytest.raises(ModelUnavailable, match=words) as caught:
        visit(Shelf(pull=play), lambda p: p.prepare(ModelRef("q", "ollama", "q")), pull=True)
    assert (caught.value.reach, caught.value.retry) == ("model", 0)


# Modelfiles.

FULL = '''FROM plain
TEMPLATE """{{ .Prompt }}"""
SYSTEM You write code.
PARAMETER temperature 0.3
PARAMETER num_ctx 1024
PARAMETER stop a
PARAMETER stop b
MESSAGE user hi
MESSAGE assistant hello
LICENSE MIT
'''


def test_a_modelfile_is_built_under_a_name_of_its_own(tmp_path: Path) -> None:
    model = modelfile(tmp_path, FULL)

    async def twice(provider: OllamaProvider) -> ModelInfo:
        await provider.prepare(model)
        return await provider.prepare(model)

    info, server = visit(Shelf(), twice)
    created = server.asked("/api/create")
    assert len(created) == 1
    name = created[0].json.pop("model")
    assert name.startswith("pytest-llm/my-coder:")
    assert {k: v for k, v in created[0].json.items() if k != "model"} == {
        "from": "plain",
        "template": "{{ .Prompt }}",
        "system": "You write code.",
        "parameters": {"temperature": 0.3, "num_ctx": 1024, "stop": ["a", "b"]},
        "messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}],
        "license": ["MIT"],
    }
    assert info.digest == "d2"


def test_the_built_model_is_the_one_that_is_asked(tmp_path: Path) -> None:
    model = modelfile(tmp_path, FULL)
    response, server = visit(Shelf(), lambda p: p.chat(ChatRequest(model, (Message("user", "hi"),))))
    assert server.asked("/api/chat")[0].json["model"] == server.asked("/api/create")[0].json["model"]
    assert response.digest == "d2"
    assert response.context_length == 2048  # as the server shows it


def test_the_name_changes_with_the_text_the_base_and_the_files(tmp_path: Path) -> None:
    gguf = tmp_path / "m.gguf"
    gguf.write_bytes(b"GGUF one")
    spec = modelfile(tmp_path, "FROM ./m.gguf").spec
    assert spec is not None
    first = built_name(spec, "")
    gguf.write_bytes(b"GGUF other")
    other = modelfile(tmp_path, "FROM ./m.gguf\nSYSTEM x").spec
    assert other is not None
    names = {first, built_name(spec, ""), built_name(spec, "base"), built_name(other, "")}
    assert len(names) == 4


@pytest.mark.parametrize("there", [False, True])
def test_a_local_file_is_uploaded_once(tmp_path: Path, there: bool) -> None:
    data = b"GGUF" + b"x" * 3_000_000
    (tmp_path / "m.gguf").write_bytes(data)
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    shelf = Shelf(blobs={digest} if there else set())
    _, server = visit(shelf, lambda p: p.prepare(modelfile(tmp_path, "FROM ./m.gguf\nSYSTEM x")))
    posts = [s for s in server.seen if s.path == f"/api/blobs/{digest}" and s.method == "POST"]
    assert [s.body for s in posts] == ([] if there else [data])
    assert server.asked("/api/create")[0].json["files"] == {"m.gguf": digest}
    assert "from" not in server.asked("/api/create")[0].json


@pytest.mark.parametrize(
    ("number", "shelf", "words"),
    [
        ("24", Shelf(blob=error("400 x", {"error": "digest mismatch, expected …"})), "digest mismatch"),
        ("25 not GGUF", Shelf(create=played(NEW, "create-gguf-not-gguf")), "not in GGUF format"),
        ("25 cut short", Shelf(create=played(NEW, "create-gguf-truncated")), "exceeds file size"),
        ("25 no blob", Shelf(create=played(NEW, "create-missing-blob")), "no such file"),
        ("25 no success", Shelf(create=lines({"status": "parsing GGUF"})), "without `success`"),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_a_build_that_fails(tmp_path: Path, number: str, shelf: Shelf, words: str) -> None:
    (tmp_path / "m.gguf").write_bytes(b"GGUF")
    with pytest.raises(ModelUnavailable, match=words) as caught:
        visit(shelf, lambda p: p.prepare(modelfile(tmp_path, "FROM ./m.gguf")))
    assert (caught.value.reach, caught.value.retry) == ("model", 0)


def test_a_template_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="missing value for if"):
        visit(
            Shelf(create=played(NEW, "create-bad-template")),
            lambda p: p.prepare(modelfile(tmp_path, "FROM plain\nTEMPLATE {{ if }}")),
        )


def test_a_base_that_is_missing(tmp_path: Path) -> None:
    model = modelfile(tmp_path, "FROM plainn")
    with pytest.raises(ModelUnavailable, match="ollama pull plainn"):
        visit(Shelf(), lambda p: p.prepare(model))
    info, server = visit(Shelf(), lambda p: p.prepare(model), pull=True)
    assert server.asked("/api/pull")[0].json == {"model": "plainn"}
    assert info.digest


def test_a_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"nobody\.gguf"):
        visit(Shelf(), lambda p: p.prepare(modelfile(tmp_path, "FROM ./nobody.gguf")))


@pytest.mark.parametrize(
    ("requires", "fits"), [("0.14.0", True), ("0.33.0", True), ("0.33.1", False), ("1.0", False)]
)
def test_the_version_that_a_modelfile_requires(tmp_path: Path, requires: str, fits: bool) -> None:
    model = modelfile(tmp_path, f"FROM plain\nREQUIRES {requires}\n")
    if fits:
        info, _ = visit(Shelf(), lambda p: p.prepare(model))
        assert info.digest
        return
    with pytest.raises(ModelUnavailable, match=f"requires Ollama {requires}"):
        visit(Shelf(), lambda p: p.prepare(model))
