"""Real servers' ways: what is loaded, restarts, full disks, other Modelfiles; on an old Ollama and on a new one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.acceptance.conftest import Bench
from tests.fake_ollama import Ask, FakeOllama

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
