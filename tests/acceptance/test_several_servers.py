"""Several servers share the work of a run: a model is loaded once a server at most, and a dead one stops nobody."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from tests.acceptance.conftest import Bench
from tests.fake_ollama import Ask, FakeOllama, Script

MODES = pytest.mark.parametrize("mode", [["-p", "no:xdist"], ["-n2"]], ids=["plain", "n2"])


@dataclass
class Farm:
    """Two servers with room for one model each, which answer in no time that matters."""

    bench: Bench
    one: FakeOllama
    two: FakeOllama

    def models(self, *names: str, **settings: Any) -> None:
        for server in (self.one, self.two):
            for name in names:
                server.add_model(name, **settings)

    def cells(self, models: str, count: int, *, more: str = "") -> None:
        rows = ", ".join(f"{{n: {n}}}" for n in range(count))
        self.bench.case(
            f"models: [{models}]\nparametrize: [{rows}]\nprompt: 'cell {{{{ n }}}}'\n"
            f"{more}checks: [contains: hello]\n",
            models.replace(", ", "-"),
        )

    def dies(self, ask: Ask) -> str:
        """The last answer of the second server."""
        self.two.fault("refused")
        self.two.fault("reset", times=None)
        return "hello"

    @property
    def hosts(self) -> list[str]:
        return [f"--llm-host={server.url}" for server in (self.one, self.two)]

    def run(self, *arguments: str) -> pytest.RunResult:
        return self.bench.process(*self.hosts, "--llm-jsonl=run.jsonl", *arguments)

    def record(self) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in (self.bench.path / "run.jsonl").read_text().splitlines()]
        return [line for line in lines if "outcome" in line]

    def servers(self) -> Counter[str]:
        """How many answers the record has of each."""
        answers = [answer for line in self.record() for answer in line["answers"]]
        found = Counter(answer["server"] for answer in answers if "server" in answer)
        names = {self.one.url: "one", self.two.url: "two"}
        return Counter({names[url]: count for url, count in found.items()})

    def asked(self, server: FakeOllama) -> Counter[str]:
        return Counter(body["model"] for body in server.asked() if body["messages"])


@pytest.fixture
def farm(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Iterator[Farm]:
    monkeypatch.delenv("OLLAMA_HOST")
    with FakeOllama(max_loaded=1) as one, FakeOllama(max_loaded=1) as two:
        for server in (one, two):
            server.answer("", Script(("hello",), seconds=0.02))
        yield Farm(bench, one, two)
        assert one.crashes == two.crashes == []


@MODES
def test_the_work_is_shared_and_no_model_is_loaded_twice_on_a_server(farm: Farm, mode: list[str]) -> None:
    farm.models("a", "b", "c", "d")
    farm.cells("a, b, c, d", 6)
    farm.run(*mode).assert_outcomes(passed=24)
    for server in (farm.one, farm.two):
        assert sum(farm.asked(server).values()) >= 6
        assert max(server.loads_of().values()) == 1
    assert farm.asked(farm.one) + farm.asked(farm.two) == Counter(dict.fromkeys("abcd", 6))
    assert farm.servers() == {"one": len(farm.one.asked()), "two": len(farm.two.asked())}


@MODES
def test_one_model_is_asked_at_both(farm: Farm, mode: list[str]) -> None:
    farm.models("a")
    farm.cells("a", 30)
    farm.run(*mode).assert_outcomes(passed=30)
    assert min(farm.servers().values()) >= 8
    assert farm.one.loads_of() == farm.two.loads_of() == {"a:latest": 1}


def test_a_server_that_is_slower_hands_on_its_work(farm: Farm) -> None:
    farm.models("a", "b", "c", "d")
    farm.one.answer("", Script(("hello",), seconds=1.5))
    farm.cells("a, b, c, d", 6)
    farm.run("-p", "no:xdist").assert_outcomes(passed=24)
    assert farm.servers()["two"] >= 16
    for server in (farm.one, farm.two):
        assert max(server.loads_of().values()) == 1


@MODES
def test_a_server_that_dies_hands_its_cells_to_the_other(farm: Farm, mode: list[str]) -> None:
    farm.models("a", "b")
    farm.cells("a, b", 8)
    farm.two.answer("cell 2", farm.dies)
    result = farm.run(*mode, "--llm-restart-timeout=0.1s", "--llm-connect-timeout=1s")
    result.assert_outcomes(passed=16, warnings=1)
    result.stdout.fnmatch_lines([f"*{farm.two.url} is asked no more, the other servers do its work*"])
    moved = [answer for line in farm.record() for answer in line["answers"] if answer.get("retries")]
    assert moved
    assert {answer["server"] for answer in moved} == {farm.one.url}


def test_a_server_that_dies_and_no_other_has_its_model(farm: Farm) -> None:
    farm.one.add_model("a")
    farm.two.add_model("b")
    farm.cells("a, b", 4)
    farm.two.answer("cell 1", farm.dies)
    result = farm.run("-p", "no:xdist", "--llm-restart-timeout=0.1s", "--llm-connect-timeout=1s")
    outcomes = result.parseoutcomes()
    assert (outcomes["passed"] >= 4, outcomes["errors"] >= 2) == (True, True)
    assert farm.servers()["one"] == 4


def test_a_server_that_is_down_from_the_start(farm: Farm) -> None:
    farm.models("a")
    farm.two.fault("refused")
    farm.cells("a", 4)
    result = farm.run("-p", "no:xdist", "--llm-connect-timeout=1s")
    result.assert_outcomes(passed=4, warnings=1)
    result.stdout.fnmatch_lines(["*a server cannot be asked, the others do its work: *"])


@MODES
def test_another_model_of_the_same_name_is_not_asked(farm: Farm, mode: list[str]) -> None:
    farm.models("b")
    farm.one.add_model("a", blob="this")
    farm.two.add_model("a", blob="that")
    farm.cells("a", 12)
    farm.cells("b", 2)
    result = farm.run(*mode)
    result.assert_outcomes(passed=14, warnings=1)
    result.stdout.fnmatch_lines([f"*the model 'a' is another one at {farm.two.url} (its digest differs)*"])
    assert farm.asked(farm.one)["a"] == 12
    assert farm.asked(farm.two)["a"] == 0


def test_a_model_that_only_the_second_has_is_asked_there(farm: Farm) -> None:
    farm.models("b")
    farm.two.add_model("a")
    farm.cells("a", 6)
    farm.cells("b", 2)
    farm.run("-p", "no:xdist").assert_outcomes(passed=8)
    assert (farm.asked(farm.one)["a"], farm.asked(farm.two)["a"]) == (0, 6)


def test_a_model_that_none_has(farm: Farm) -> None:
    farm.models("b")
    farm.cells("a", 2)
    farm.cells("b", 2)
    result = farm.run("-p", "no:xdist")
    result.assert_outcomes(passed=2, errors=2)


def test_stored_answers_are_good_whichever_server_gave_them(farm: Farm) -> None:
    farm.models("a", "b", "c")
    farm.cells("a, b, c", 4)
    farm.run("-p", "no:xdist").assert_outcomes(passed=12)
    asked = len(farm.one.asked()) + len(farm.two.asked())
    swapped = [f"--llm-host={server.url}" for server in (farm.two, farm.one)]
    farm.bench.process(*swapped, "-p", "no:xdist", "--llm-reuse").assert_outcomes(passed=12)
    farm.bench.process(swapped[0], "-p", "no:xdist", "--llm-reuse").assert_outcomes(passed=12)
    assert len(farm.one.asked()) + len(farm.two.asked()) == asked


def test_the_ini_file_may_list_them_and_one_server_named_twice_is_one(farm: Farm) -> None:
    farm.models("a")
    farm.cells("a", 6)
    again = farm.one.url.replace("http://", "")
    farm.bench.file("pytest.ini", f"[pytest]\nllm_host =\n    {farm.one.url}\n    {again}/\n")
    farm.bench.run("-p", "no:xdist").assert_outcomes(passed=6)
    assert farm.one.loads_of() == {"a:latest": 1}
    farm.bench.file("pytest.ini", f"[pytest]\nllm_host =\n    {farm.one.url}\n    {farm.two.url}\n")
    farm.bench.run("-p", "no:xdist").assert_outcomes(passed=6)
    assert len(farm.two.asked()) > 0


def test_several_servers_that_speak_openais_dialect(farm: Farm) -> None:
    farm.models("a")
    farm.two.add_model("b")
    farm.cells("openai:a", 10)
    farm.cells("openai:b", 2)
    urls = [f"--llm-openai-url={server.url}/v1" for server in (farm.one, farm.two)]
    farm.bench.run("-p", "no:xdist", *urls).assert_outcomes(passed=12)
    counts = [len(server.asked("/v1/chat/completions")) for server in (farm.one, farm.two)]
    assert min(counts) >= 3
    assert farm.one.loads_of().keys() == {"a:latest"}


def test_a_server_that_is_busy_for_a_moment_is_asked_again(farm: Farm) -> None:
    farm.models("a")
    farm.two.fault("too-many-requests")
    farm.cells("openai:a", 6)
    urls = [f"--llm-openai-url={server.url}/v1" for server in (farm.one, farm.two)]
    result = farm.bench.run("-p", "no:xdist", *urls)
    result.assert_outcomes(passed=6)
    assert len(farm.two.asked("/v1/chat/completions")) > 1


@MODES
def test_while_one_wants_to_be_left_alone_the_other_does_its_work(farm: Farm, mode: list[str]) -> None:
    farm.models("a", "b")
    farm.two.fault("html-429", retry_after="60", path="/api/chat")
    farm.two.fault("load-oom", times=None, model="b")
    farm.cells("a, b", 8)
    farm.run(*mode).assert_outcomes(passed=16, warnings=farm.two.faults.seen.get("load-oom", 0))
    assert farm.servers() == {"one": 16}
    assert sum(farm.asked(farm.one).values()) == 16


def test_a_model_that_one_cannot_load_is_asked_at_the_other(farm: Farm) -> None:
    farm.models("a", "b")
    farm.two.fault("load-oom", times=None)
    farm.cells("a, b", 4)
    result = farm.bench.run("-p", "no:xdist", *farm.hosts)
    tried = farm.two.faults.seen["load-oom"]  # it has nothing else to do, and may be tried for the other model
    assert tried <= 2
    result.assert_outcomes(passed=8, warnings=tried)
    result.stdout.fnmatch_lines([f"*the model '?' is, at {farm.two.url}, asked no more, the other servers do*"])


@pytest.mark.parametrize("fault", ["html", "html-200"])
def test_servers_that_do_not_tell_what_is_loaded(farm: Farm, fault: str) -> None:
    farm.models("a", "b")
    for server in (farm.one, farm.two):
        server.fault(fault, times=None, path="/api/ps")
    farm.cells("a, b", 4)
    farm.bench.run("-p", "no:xdist", *farm.hosts).assert_outcomes(passed=8)
    assert sum((server.loads_of() for server in (farm.one, farm.two)), Counter()) == {"a:latest": 1, "b:latest": 1}


def test_a_model_that_somebody_else_displaces_costs_its_load_and_no_cell(farm: Farm) -> None:
    displaced = list[str]()

    def displace(ask: Ask) -> str:
        if not displaced:
            displaced.append(ask.model)
            farm.one.scheduler.runners.clear()
        return "hello"

    farm.one.add_model("a")
    farm.one.answer("cell 1", displace)
    farm.cells("a", 4)
    farm.bench.run("-p", "no:xdist", farm.hosts[0]).assert_outcomes(passed=4)
    assert displaced
    assert farm.one.loads_of() == {"a:latest": 2}


def made_anew(server: FakeOllama) -> Callable[[Ask], str]:
    """Its model is another one from its next answer on, which is loaded for it."""
    server.scheduler.limits = replace(server.scheduler.limits, load_time=0.2)

    def anew(ask: Ask) -> str:
        server.scheduler.runners.clear()
        server.add_model("a", blob="that")
        return "hello"

    return anew


def test_a_model_that_is_made_anew_meanwhile(farm: Farm) -> None:
    farm.one.add_model("a")
    farm.one.answer("cell 0", made_anew(farm.one))
    farm.cells("a", 4)
    result = farm.bench.run("-p", "no:xdist", farm.hosts[0], "--llm-jsonl=run.jsonl")
    result.assert_outcomes(passed=4, warnings=1)
    result.stdout.fnmatch_lines([f"*the model 'a' became another one at {farm.one.url} (its digest was *"])
    assert len({answer["digest"] for line in farm.record() for answer in line["answers"]}) == 2


def test_a_model_that_is_made_anew_meanwhile_on_one_of_two(farm: Farm) -> None:
    farm.models("a")
    farm.two.answer("cell 2", made_anew(farm.two))
    farm.two.answer("cell 4", made_anew(farm.two))
    farm.cells("a", 30)
    result = farm.bench.run("-p", "no:xdist", *farm.hosts, "--llm-jsonl=run.jsonl")
    result.assert_outcomes(passed=30, warnings=1)
    result.stdout.fnmatch_lines([f"*the model 'a' is, at {farm.two.url}, asked no more*"])
    assert len({answer["digest"] for line in farm.record() for answer in line["answers"]}) == 1


def test_pytests_order_on_two_servers(farm: Farm) -> None:
    farm.models("a", "b")
    farm.cells("a, b", 5)
    farm.bench.run("-p", "no:xdist", *farm.hosts, "--llm-order=pytest", "--llm-jsonl=run.jsonl").assert_outcomes(
        passed=10
    )
    ran = [line["nodeid"] for line in farm.record()]
    farm.bench.run("-p", "no:xdist", farm.hosts[0], "--llm-order=pytest", "--llm-jsonl=run.jsonl")
    assert ran == [line["nodeid"] for line in farm.record()]
    assert min(farm.servers().values()) >= 1


def test_what_a_budget_leaves_is_asked_at_neither(farm: Farm) -> None:
    farm.models("a", "b")
    farm.cells("a, b", 10)
    for server in (farm.one, farm.two):
        server.answer("", Script(("hello",), seconds=0.02, usage={"eval_count": 100}))
    result = farm.bench.run("-p", "no:xdist", *farm.hosts, "--llm-budget=1k")
    outcomes = result.parseoutcomes()
    assert outcomes["passed"] + outcomes["skipped"] == 20
    assert outcomes["passed"] == len(farm.one.asked()) + len(farm.two.asked())
    assert outcomes["skipped"] >= 5


def test_an_ollama_and_a_server_of_openais_dialect(farm: Farm) -> None:
    farm.one.add_model("a")
    farm.two.add_model("b")
    farm.cells("a", 4)
    farm.cells("openai:b", 4)
    result = farm.bench.run("-p", "no:xdist", farm.hosts[0], f"--llm-openai-url={farm.two.url}/v1")
    result.assert_outcomes(passed=8)
    assert (len(farm.one.asked()), len(farm.two.asked("/v1/chat/completions"))) == (4, 4)


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("unauthorized", "asked no more, the other servers do its work: *not signed in"),
        ("bad-gateway", "asked no more, the other servers do its work: *no such host"),
        ("forbidden", "a server cannot be asked, the others do its work: *403 without a word"),
        ("html-429", "a server cannot be asked, the others do its work: *429"),
        ("html-200", "a server cannot be asked, the others do its work: *did not answer in JSON"),
    ],
)
def test_a_server_that_refuses_all_is_told_of_and_the_other_does_its_work(
    farm: Farm, fault: str, says: str
) -> None:
    farm.models("a")
    farm.two.fault(fault, times=None, **({"retry_after": "0"} if fault == "html-429" else {}))
    farm.cells("a", 12)
    result = farm.bench.run("-p", "no:xdist", *farm.hosts)
    result.assert_outcomes(passed=12, warnings=1)
    result.stdout.fnmatch_lines([f"*{says}*"])


@pytest.mark.parametrize("option", ["--sw", "--ff", "--nf", "--llm-order=pytest"])
def test_where_pytests_order_matters_it_is_kept(farm: Farm, option: str) -> None:
    """However long the answers of one server wait for those of the other."""
    farm.one.add_model("a")
    farm.two.add_model("b")
    farm.one.answer("", Script(["hello"], seconds=0.05))
    farm.bench.file("pytest.ini", "[pytest]\naddopts = -p no:hypothesispytest\n")
    for number in range(4):
        for model in "ab":
            text = f"models: {model}\nprompt: cell {number}\nchecks: [contains: hello]"
            farm.bench.case(text, f"c{number}{model}")
    farm.bench.run(*farm.hosts, "--llm-jsonl=run.jsonl", option).assert_outcomes(passed=8)
    cells = [line["nodeid"] for line in farm.record()]
    assert cells == sorted(cells, reverse=option == "--nf")  # the newest file first
