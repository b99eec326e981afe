"""The store's times, and that nothing is lost: on SQLite, and on PostgreSQL where a database is named.

    python bench/store.py [--postgres URL] [--sizes 1000,100000] [--together 8,10000] [--kills 20]

For each size: the time to open the store, and the median and the slowest of 200 hits by the exact key, of 200 by
the key of a replay, and of 200 writes of one answer, in milliseconds; the size of the file. `--together
ENGINES,ANSWERS`: so many processes write so many answers in all at once; exit code 1 where one is missing or
damaged. `--kills N`: runs of pytest on scripted answers, plain and with -n2, are killed at random moments and
resumed with --llm-reuse; exit code 1 where more than one answer for each kill was asked again, or an outcome is
another than that of a run that nobody killed. URL:
postgresql+psycopg://USER@HOST/DATABASE; its tables are emptied first.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from pytest_llm.cases.request import ChatRequest, Message
from pytest_llm.models.reference import ModelRef
from pytest_llm.providers.base import Response, Usage
from pytest_llm.store.address import Address, parse
from pytest_llm.store.answers import Answer, made
from pytest_llm.store.keys import Wanted, question
from pytest_llm.store.schema import metadata
from pytest_llm.store.store import Store

REQUEST = ChatRequest(ModelRef("m", "ollama", "m"), (Message("user", "a question of some length " * 20),))
TEXT = 'func main() { fmt.Println("an answer") }\n' * 50  # 2 kB
WANTED = Wanted(timeout=300, size=2**26)
BATCH = 5000


def answer(number: int) -> Answer:
    """The answer to a question of its own, which can be told by its number."""
    asked = question(replace(REQUEST, sample=number), digest="sha256:1", server="http://here", version="1")
    return made(asked, Response(f"{number} {TEXT}", usage=Usage(10, 0.1, 500, 5.0)), alone=False)


def timed(work: Callable[[], object]) -> float:
    """Milliseconds."""
    start = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - start)


def times(address: Address, root: Path, size: int) -> None:
    store = Store.open(address, root)
    for begin in range(0, size, BATCH):
        store.add([answer(number) for number in range(begin, min(size, begin + BATCH))])
    store.close()
    opened: list[Store] = []
    opening = timed(lambda: opened.append(Store.open(address, root)))
    store = opened[0]
    hits: list[float] = []
    replays: list[float] = []
    writes: list[float] = []
    for _ in range(200):
        asked = answer(random.randrange(size)).question
        hits.append(timed(partial(store.newest, asked, WANTED)))
        replays.append(timed(partial(store.replayed, asked, WANTED)))
        new = answer(random.randrange(size, 10**9))
        writes.append(timed(partial(store.add, [new])))
    store.close()
    shown = "  ".join(f"{statistics.median(some):6.2f} {max(some):7.2f}" for some in (hits, replays, writes))
    room = f"{address.path.stat().st_size / 2**20:6.0f} MiB" if address.path else ""
    print(f"{size:>8} answers  open {opening:7.1f}  hit, replay, write: {shown}  {room}")


def write(address: Address, root: Path, numbers: range) -> None:
    """What one engine does: an answer at a time, each in its own transaction."""
    store = Store.open(address, root)
    for number in numbers:
        store.add([answer(number)])
    store.close()


def together(address: Address, root: Path, engines: int, answers: int) -> bool:
    """Whether all are there, each as it was written."""
    context = multiprocessing.get_context("spawn")
    parts = [range(number, answers, engines) for number in range(engines)]
    processes = [context.Process(target=write, args=(address, root, part)) for part in parts]
    start = time.perf_counter()
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    seconds = time.perf_counter() - start
    store = Store.open(address, root)
    found = {str(one.answer["text"]).partition(" ")[0]: one for one in store.newest_of_each()}
    good = sum(found[str(n)].answer["text"] == f"{n} {TEXT}" for n in range(answers) if str(n) in found)
    store.close()
    print(f"{engines} engines at once: {good} of {answers} answers are there, whole, after {seconds:.1f} s")
    return good == answers and all(process.exitcode == 0 for process in processes)


def killed(root: Path, kills: int, *options: str, cells: int = 100) -> bool:
    """Whether runs that are killed at random moments, and resumed, ask one answer again for each kill at most, and
    end as if nobody had killed them: every seventh cell fails.
    """
    log = root / "asked"
    (root / "pytest.ini").write_text("[pytest]\n")
    (root / "conftest.py").write_text(
        "import pytest_llm.providers.scripted as s\n"
        "chat = s.ScriptedProvider.chat\n"
        "async def counted(self, request):\n"
        f"    open({str(log)!r}, 'a').write(request.messages[-1].content + '\\n')\n"
        "    return await chat(self, request)\n"
        "s.ScriptedProvider.chat = counted\n"
    )
    (root / "answers.yaml").write_text("- {text: hello, delay: 100ms}\n")
    for number in range(cells):
        word = "hello" if number % 7 else "bye"
        case = f"models: ['scripted:answers.yaml']\nprompt: question {number}\nchecks: [{{contains: {word}}}]\n"
        (root / f"t{number:03}.prompt.yaml").write_text(case)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--llm-reuse", "--tb=no", *options]
    quiet: dict[str, Any] = {"cwd": root, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    log.touch()
    for _ in range(kills):
        before = log.stat().st_size
        run = subprocess.Popen(command, start_new_session=True, **quiet)
        while log.stat().st_size == before and run.poll() is None:
            time.sleep(0.01)
        time.sleep(random.uniform(0, 0.5))
        with suppress(ProcessLookupError):  # it had nothing more to ask
            os.killpg(run.pid, signal.SIGKILL)
        run.wait()
    last = subprocess.run(command, cwd=root, capture_output=True, text=True)
    asked = log.read_text().split("\n")[:-1]
    again = len(asked) - len(set(asked))
    said = last.stdout.strip().splitlines()[-1]
    print(f"{' '.join(['pytest', *options])}, {kills} kills: {again} of {cells} questions asked again; {said}")
    failures = len(range(0, cells, 7))
    return (
        again <= kills
        and len(set(asked)) == cells
        and said.startswith(f"{failures} failed, {cells - failures} passed")
    )


def empty(address: Address) -> None:
    engine = sa.create_engine(address.url)
    metadata.drop_all(engine)
    engine.dispose()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--postgres", default="")
    parser.add_argument("--sizes", default="1000,100000")
    parser.add_argument("--together", default="8,10000")
    parser.add_argument("--kills", type=int, default=20)
    given = parser.parse_args()
    server = parse(given.postgres, Path()) if given.postgres else None
    engines, answers = map(int, given.together.split(","))
    good = True
    for kind in ("SQLite", *(["PostgreSQL"] if server else [])):
        print(kind)
        for size in [*map(int, given.sizes.split(",")), 0]:
            with tempfile.TemporaryDirectory() as folder:
                root = Path(folder)
                address = Address(root / "store.sqlite") if kind == "SQLite" or server is None else server
                if address.url:
                    empty(address)
                if size:
                    times(address, root, size)
                elif answers:
                    good &= together(address, root, engines, answers)
    for options in [(), ("-n2",)] if given.kills else []:
        with tempfile.TemporaryDirectory() as folder:
            good &= killed(Path(folder), given.kills, *options)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
