"""The table of all options, from which the command line, the ini file, Settings and the reference are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pytest_llm.settings import HELD, cores

OPENAI_URL_ENV = "OPENAI_BASE_URL"
HOST_ENV = "OLLAMA_HOST"
STORE_ENV = "PYTEST_LLM_STORE"
THINKS = ("off", "on", "low", "medium", "high", "max", "default")


@dataclass(frozen=True)
class Option:
    """One option. kind: flag, list, seconds, count, slots, size, share, budget, text. ini: an ini file says it too.

    least, most: of a count. again: whether the command that runs one cell again repeats it: what changes the
    question or the verdict does, what is about the run as a whole (what it writes, how much of it is run) does not.
    """

    name: str
    kind: str
    help: str
    default: Any = None
    ini: bool = True
    ini_only: bool = False
    again: bool = True
    least: int = 1
    most: int | None = None

    @property
    def flag(self) -> str:
        return "--llm-" + self.name.replace("_", "-")

    @property
    def dest(self) -> str:
        return f"llm_{self.name}"

    @property
    def ini_name(self) -> str:
        return {"llm_model": "llm_models"}.get(self.dest, self.dest)


GATE = (
    Option(
        "baseline",
        "text",
        "hold the run against this baseline: a file, or store:BRANCH for the latest runs of a branch",
        again=False,
    ),
    Option("write_baseline", "text", "write what the cells did to this file, a baseline", ini=False, again=False),
    Option(
        "confirm", "count", "ask a newly failing cell again, N times at most (default: 12; 0: never)", 12, least=0
    ),
    Option("gate", "list", "a bar: '[MARKER][@MODEL]>=80%' of cells, 'rate@MODEL>=40' (repeatable)", again=False),
    Option("gate_alpha", "share", "of equal runs, how many may be blocked (default: 5%)", 0.05, ini_only=True),
    Option("gate_effect", "share", "the drop that is not to go unseen (default: 20%)", 0.20, ini_only=True),
    Option("gate_errors", "share", "how many cells may be errors (default: 0%)", 0.0, ini_only=True),
    Option("speed_tolerance", "share", "how much slower is well (default: 10%)", 0.10, ini_only=True),
    Option("inconclusive", "text", "pass or fail: what INCONCLUSIVE is to CI", "pass", ini_only=True),
)
TABLE = (
    Option("model", "list", "ask this model instead of those a case names (repeatable)"),
    Option("think", "list", "think mode instead of a case's: " + ", ".join(THINKS) + " (repeatable)"),
    Option("engine", "text", "ollama, embedded, openai, scripted, or one that a plugin adds"),
    Option("embedded_models", "list", "the models that --llm-engine embedded asks", ini_only=True),
    Option("modelfiles", "list", "folders of NAME.Modelfile files (default: modelfiles)", ini_only=True),
    Option(
        "host", "list", f"the Ollama server (default: ${HOST_ENV}, else 127.0.0.1:11434); several share the work"
    ),
    Option(
        "openai_url",
        "list",
        f"the server that speaks /v1/chat/completions (default: ${OPENAI_URL_ENV}); several share the work",
    ),
    Option("pull", "flag", "pull a model that the Ollama server lacks", ini=False),
    Option("slots", "slots", "how many questions a server is asked at a time: a number (default: 1) or auto", 1),
    Option("check_slots", "count", "how many cells are judged at a time (default: the cores)", cores()),
    Option(
        "ahead",
        "count",
        f"how many cells are begun before their turn at most (default: {HELD} x (slots + check slots + 2))",
        0,
    ),
    Option("order", "text", "load (one load a model) or pytest: the order of the cells (default: load)", "load"),
    Option("connect_timeout", "seconds", "time to connect (default: 5s)", 5.0),
    Option("first_byte_timeout", "seconds", "time to the first byte: queue, load, prompt (default: 600s)", 600.0),
    Option("silence_timeout", "seconds", "time between two lines of an answer (default: 60s)", 60.0),
    Option("restart_timeout", "seconds", "time for a server that was there to come back (default: 30s)", 30.0),
    Option("answer_size", "size", "how large a whole answer may be (default: 64MB)", 64 * 2**20),
    Option(
        "samples",
        "count",
        "ask each cell N times, whatever its case says (default: as it says)",
        0,
        ini=False,
        most=1000,
    ),
    Option("stop_early", "flag", "end a cell's samples once its verdict can no longer change"),
    Option("keep_runs", "count", "how many runs are kept under .pytest_llm/runs (default: 10)", 10, ini_only=True),
    Option("reuse", "flag", "take stored answers instead of asking, where the store has them", ini=False),
    Option("replay", "flag", "take stored answers only, and ask no server", ini=False),
    Option(
        "store",
        "text",
        f"where answers and runs are stored: a file, a folder of exported answers, postgresql+psycopg://…, or none "
        f"(default: ${STORE_ENV}, else .pytest_llm/store.sqlite)",
    ),
    Option("system_tokens", "count", "how long a Modelfile's SYSTEM may be (default: 200)", 200, ini_only=True),
    Option("vram", "size", "the memory that a Modelfile's model is to fit into, such as 12 GiB", 0, ini_only=True),
    Option("strict", "flag", "a missing compiler is an error, not a skip; a Modelfile's warnings fail it"),
    Option("allow_skipped", "flag", "a CI run in which nothing was tested may be green", again=False),
    Option("dry_run", "flag", "show each cell's request and ask nothing", ini=False, again=False),
    Option(
        "changed",
        "text",
        "run only the cells whose inputs differ from the merge base with this commit, branch or tag",
        ini=False,
        again=False,
    ),
    Option(
        "budget",
        "budget",
        "ask nothing more after this time (30m), or so many thousand tokens (200k), and skip what is left",
        (0.0, 0, ""),
        again=False,
    ),
    Option("show_answer", "flag", "show prompts and answers of failed cells whole", ini=False, again=False),
    Option("stream", "flag", "show each answer as it comes", ini=False, again=False),
    Option("limit", "count", "run the first N cells of each case (default: all)", 0, ini=False, again=False),
    Option(
        "jsonl",
        "text",
        "write the run's record to this file too, a line as each cell is judged",
        ini=False,
        again=False,
    ),
    Option("markdown", "text", "write the run's summary in Markdown to this file", ini=False, again=False),
    Option(
        "cells",
        "text",
        "write settings and cells to this file, for programs, and ask nothing",
        ini=False,
        again=False,
    ),
    Option("report", "text", "write the run as one HTML file, for people", ini=False, again=False),
    Option(
        "browser", "text", "the browser's program, or chromium, chrome, firefox (default: a Chromium that is found)"
    ),
    *GATE,
)
