"""Real servers' ways: what is loaded, restarts, full disks, other Modelfiles; on an old Ollama and on a new one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby

import pytest

from pytest_llm.cases.request import ChatRequest
from pytest_llm.models.reference import ModelRef
from pytest_llm.providers.ollama.client import OllamaProvider
from tests.acceptance.conftest import Bench
from tests.fake_ollama import Ask, FakeOllama
from tests.helpers.tiny_gguf import write_gguf

MODES = pytest.mark.parametrize("mode", [["-p", "no:xdist"], ["-n2"]])
HELLO = "checks: [{contains: hello}]"


@pytest.fixture(params=["0.24.0", "0.33.0"])
def served(request: pytest.FixtureRequest, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """A bench whose server is of some version, has a model `m`, and says hello."""
    with FakeOllama(request.param) as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        server.add_model("m")
        server.answer("", "hello world")
        bench.server = server
        yield bench


# What is loaded


@MODES
def test_tags_of_one_file_with_another_num_ctx_are_two_groups(served: Bench, mode: list[str]) -> None:
    for name, size in (("short", 1024), ("long", 2048), ("same", 2048)):
        served.server.add_model(name, blob="one", parameters={"num_ctx": size})
    for name in "abcd":
        served.case(f"models: [short, long, same]\nprompt: {name}\n{HELLO}", name)
    served.process(*mode).assert_outcomes(passed=12)
    assert len(served.server.loads) == 2


THREE = "parametrize: [{n: 1}, {n: 2}, {n: 3}]"


@MODES
def test_the_load_of_a_group_is_that_of_each_of_its_cells(served: Bench, mode: list[str]) -> None:
    limits = served.server.scheduler.limits
    served.server.scheduler.limits = replace(limits, load_time=0.6)
    served.case(f"prompt: hi {{{{ n }}}}\n{THREE}\nchecks: [{{time: {{load: 500ms}}}}]")
    result = served.process(*mode)
    result.assert_outcomes(failed=3)
    assert result.stdout.str().count("loading took 0.") >= 3
    assert "the answer took" not in result.stdout.str()
    assert len(served.server.asked("/api/generate")) == len(served.server.loads) == 1


@MODES
def test_what_is_loaded_goes_first_and_what_is_displaced_goes(served: Bench, mode: list[str]) -> None:
    server = served.server
    server.scheduler.limits = replace(server.scheduler.limits, max_loaded=9)
    for name in ("one", "two", "resident", "theirs"):
        server.add_model(name)
        served.case(f"models: {name}\nprompt: hi {{{{ n }}}}\noptions: {{num_ctx: 512}}\n{THREE}\n{HELLO}", name)
    (served.path / "theirs.prompt.yaml").unlink()
    (served.path / "t.prompt.yaml").unlink(missing_ok=True)
    user = OllamaProvider(server.url)
    for name in ("theirs", "resident"):
        wanted = ChatRequest(ModelRef(name, "ollama", name), (), options={"num_ctx": 512})
        asyncio.run(_loaded(user, wanted))
    server.answering.order.clear()
    served.process(*mode).assert_outcomes(passed=9)
    assert [name for name, _ in groupby(server.answering.order)] == ["resident:latest", "one:latest", "two:latest"]
    assert server.loads_of() == {"theirs:latest": 1, "resident:latest": 1, "one:latest": 1, "two:latest": 1}
    there = sorted(runner.model.name.short for runner in server.scheduler.resident())
    assert there == ["resident:latest", "theirs:latest", "two:latest"]
    (run,) = (served.path / ".pytest_llm/runs").glob("*/cells.jsonl")
    cells = json.loads(run.read_text().splitlines()[0])["cells"]
    assert [key for key, _ in groupby(cells, lambda id_: id_.partition(".")[0])] == ["resident", "one", "two"]


async def _loaded(provider: OllamaProvider, request: ChatRequest) -> None:
    await provider.prepare(request.model)
    await provider.load(request)
    await provider.close()


@MODES
def test_a_cell_whose_first_byte_never_comes_costs_itself(bench: Bench, mode: list[str]) -> None:
    bench.server.scheduler.limits = replace(bench.server.scheduler.limits, slots=2)
    bench.server.fault("silent", path="/api/chat")
    bench.case(f"prompt: hi {{{{ n }}}}\nparametrize: [{{n: 1}}, {{n: 2}}, {{n: 3}}, {{n: 4}}]\n{HELLO}")
    result = bench.process("--llm-first-byte-timeout=5s", "--llm-slots=2", *mode)
    result.assert_outcomes(errors=1, passed=3)
    told_once(result, "/api/chat took the request and sent nothing for 5 s")


def test_two_in_a_row_are_the_models(bench: Bench) -> None:
    bench.server.add_model("other")
    bench.server.fault("silent", times=2, path="/api/chat")
    bench.case(f"models: [m, other]\nprompt: hi {{{{ n }}}}\n{THREE}\n{HELLO}")
    result = bench.run("--llm-first-byte-timeout=2s")
    result.assert_outcomes(errors=3, passed=3)
    told_once(result, "2 cells: ", "two in a row")
    chats = [request for request in bench.server.requests if request.path == "/api/chat"]
    assert len(chats) == 5


def test_a_load_that_fails_is_told_once_and_costs_its_group(served: Bench) -> None:
    served.server.fault("load-oom", model="big")
    for name in ("big", "small"):
        served.server.add_model(name)
        served.case(f"models: {name}\nprompt: hi {{{{ n }}}}\n{THREE}\n{HELLO}", name)
    result = served.run("--llm-slots=2")
    result.assert_outcomes(errors=3, passed=3)
    told_once(result, "3 cells: the server could not load 'big'", "a smaller num_ctx")
    assert {body["model"] for body in served.server.asked()} == {"small"}
    assert [body["model"] for body in served.server.asked("/api/generate")] == ["big", "small"]


@pytest.mark.parametrize(("fault", "slots"), [("truncated", 1), ("reset", 3)])
def test_a_retry_at_a_groups_end_loads_no_group_twice(served: Bench, fault: str, slots: int) -> None:
    server, broken = served.server, list[str]()
    server.scheduler.limits = replace(server.scheduler.limits, max_loaded=1, slots=slots)

    def break_once(ask: Ask) -> str:
        if not broken:
            broken.append(ask.prompt)
            server.fault(fault)
        return "hello world"

    for name in ("one", "two"):
        server.add_model(name)
        served.case(
            f"models: {name}\nprompt: '{name} {{{{ n }}}}'\nparametrize: [{{n: 1}}, {{n: 2}}, {{n: 3}}]\n{HELLO}",
            name,
        )
    server.answer("one 3", break_once)
    served.run(f"--llm-slots={slots}").assert_outcomes(passed=6)
    assert broken
    assert server.loads_of() == {"one:latest": 1, "two:latest": 1}


# What is built


def coder(served: Bench, text: str, *more: str) -> None:
    """A Modelfile `coder` with this text, and a case of two cells that asks it."""
    served.file("modelfiles/coder.Modelfile", text)
    served.case(f"models: coder\nprompt: hi {{{{ n }}}}\nparametrize: [{{n: 1}}, {{n: 2}}]\n{HELLO}", "coder")
    for extra in more:
        served.case(f"prompt: '{extra}'\n{HELLO}", extra)


def told_once(result: pytest.RunResult, *words: str) -> str:
    said = result.stdout.str()
    assert "Traceback" not in said
    for word in words:
        assert word in said
    return said


def test_a_full_disk_is_told_as_such(served: Bench) -> None:
    coder(served, "FROM ./big.gguf\n", "other")
    (served.path / "modelfiles/big.gguf").write_bytes(b"GGUF" + bytes(40_000_000))
    served.server.fault("disk-full", times=None)
    result = served.run()
    result.assert_outcomes(errors=2, passed=1)
    told_once(result, "no space left on device", "make room")


def test_a_create_that_lost_a_race_is_asked_once_more(served: Bench) -> None:
    coder(served, "FROM ./tiny.gguf\n")
    write_gguf(served.path / "modelfiles/tiny.gguf")
    served.server.fault("create-race")
    served.run().assert_outcomes(passed=2)
    assert len(served.server.asked("/api/create")) == 2
    coder(served, "FROM ./tiny.gguf\nSYSTEM x\n")
    served.server.fault("create-race", times=None)
    result = served.run()
    result.assert_outcomes(errors=2)
    told_once(result, "no such file or directory")
    assert len(served.server.asked("/api/create")) == 4


def test_a_built_model_that_is_deleted_in_mid_run_is_built_again(served: Bench) -> None:
    coder(served, "FROM m\nSYSTEM Be brief.\n")
    gone = list[str]()

    def delete(ask: Ask) -> str:
        if not gone:
            gone.append(ask.model)
            del served.server.library.models[served.server.models[ask.model].name.key]
        return "hello world"

    served.server.answer("hi", delete)
    served.run().assert_outcomes(passed=2)
    assert gone
    assert gone[0].startswith("pytest-llm/coder:")
    assert len(served.server.asked("/api/create")) == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# mine\nFROM nobody:1b\n", "coder.Modelfile:2: the model 'nobody:1b' is not on"),
        ("SYSTEM x\nFROM ./no.gguf\n", "coder.Modelfile:2: FROM ./no.gguf: there is no such file"),
        ("FROM m\nADAPTER ./no.gguf\n", "coder.Modelfile:2: ADAPTER ./no.gguf: there is no such file"),
        ("FROM base\n", "base.Modelfile:1: the model 'gone:7b' is not on"),
    ],
)
def test_what_is_missing_is_told_with_the_modelfile_and_its_line(served: Bench, text: str, words: str) -> None:
    served.file("modelfiles/base.Modelfile", "FROM gone:7b\n")
    coder(served, text, "other")
    result = served.run()
    result.assert_outcomes(errors=2, passed=1)
    told_once(result, words)
    assert f"\n2 cells: {words}" in result.stdout.str()


def test_from_another_modelfile_is_built_after_it(served: Bench) -> None:
    served.file("modelfiles/root.Modelfile", "FROM ./tiny.gguf\nSYSTEM Root.\nPARAMETER num_ctx 1024\n")
    write_gguf(served.path / "modelfiles/tiny.gguf")
    served.file("modelfiles/base.Modelfile", "FROM root\nPARAMETER temperature 0.5\n")
    coder(served, "FROM base\nSYSTEM Coder.\n")
    served.run().assert_outcomes(passed=2)
    built = {name.split("/")[1].split(":")[0]: model for name, model in served.server.models.items() if "/" in name}
    assert list(built) == ["root", "base", "coder"]
    assert (built["coder"].system, built["base"].system) == ("Coder.", "Root.")
    assert built["coder"].parameters == {"num_ctx": 1024, "temperature": 0.5}
    served.file("modelfiles/root.Modelfile", "FROM ./tiny.gguf\nSYSTEM Another root.\n")
    served.run().assert_outcomes(passed=2)
    assert len([name for name in served.server.models if "/coder:" in name]) == 2


def test_from_its_own_name_is_the_servers_model(served: Bench) -> None:
    served.server.add_model("coder")
    coder(served, "FROM coder\n")
    served.run().assert_outcomes(passed=2)


@pytest.mark.parametrize("others", [{"b": "coder"}, {"b": "c", "c": "b"}, {"b": "c", "c": "coder"}])
def test_modelfiles_in_a_circle_are_an_error(served: Bench, others: dict[str, str]) -> None:
    for name, base in others.items():
        served.file(f"modelfiles/{name}.Modelfile", f"FROM {base}\n")
    coder(served, "FROM b\n", "other")
    result = served.run()
    result.assert_outcomes(errors=2, passed=1)
    told_once(result, "leads back to where it began", "Modelfile:1")


@pytest.mark.parametrize(
    ("text", "words", "asked"),
    [
        ("FROM m\nRENDERER nosuch\n", 'unknown renderer "nosuch"', 1),
        ("FROM m\nTEMPLATE {{ index .Messages 9 }} {{ .Prompt }}\n", "index out of range: 9", 1),
        ("FROM m\nTEMPLATE {{ .Prompt }} {{ if }}\n", "missing value for if", 0),
        ("FROM m\nTEMPLATE {{ nosuch }} {{ .Prompt }}\n", 'function "nosuch" not defined', 0),
        ("FROM ./tiny.gguf\nTEMPLATE {{ .Prompt }} {{ .Messages\n", "unclosed action", 0),
    ],
)
def test_what_cannot_be_rendered_is_told_at_once(served: Bench, text: str, words: str, asked: int) -> None:
    coder(served, text, "other")
    write_gguf(served.path / "modelfiles/tiny.gguf")
    result = served.run()
    result.assert_outcomes(errors=2, passed=1)
    told_once(result, words, "mend the TEMPLATE")
    assert len(served.server.asked()) == asked + 1


def test_a_server_without_models_says_so(served: Bench) -> None:
    served.server.library.models.clear()
    served.case(f"models: qwen3:8b\nprompt: hi\n{HELLO}")
    result = served.run()
    result.assert_outcomes(errors=1)
    told_once(result, "it has no models", "ollama pull qwen3:8b")


def test_a_file_that_the_server_dies_of_costs_its_own_cells(served: Bench) -> None:
    coder(served, "FROM ./evil.gguf\n", "other")
    head = b"GGUF" + (3).to_bytes(4, "little") + (0).to_bytes(8, "little") + (1).to_bytes(8, "little")
    (served.path / "modelfiles/evil.gguf").write_bytes(head + b"\xff" * 64)
    served.run("--llm-restart-timeout=20s").assert_outcomes(errors=2, passed=1)


def test_a_server_that_is_started_again_costs_seconds(served: Bench) -> None:
    served.case(f"prompt: hi {{{{ n }}}}\nparametrize: [{{n: 1}}, {{n: 2}}, {{n: 3}}]\n{HELLO}")
    served.server.fault("restarted", seconds=0.6)
    served.run().assert_outcomes(passed=3)
