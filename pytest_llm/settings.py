"""What the command line, the ini file and the environment say, in one frozen value."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

MOST_SLOTS = 16  # that are found to pay off
HELD = 16  # times the cells under way: beside a page that takes 7 s each other lane judges some 15


def cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class GateSettings:
    """What a run is held against. Shares are 0 to 1.

    baseline: a file, or `store:BRANCH`; write_baseline: a file; "" for none. bars: of the command line;
    default_bars: of the ini file. confirm: how often a newly failing cell is asked again at most.
    fail_inconclusive: whether INCONCLUSIVE is 1 for CI.
    """

    baseline: str = ""
    write_baseline: str = ""
    bars: tuple[str, ...] = ()
    default_bars: tuple[str, ...] = ()
    confirm: int = 12
    alpha: float = 0.05
    effect: float = 0.20
    errors: float = 0.0
    speed_tolerance: float = 0.10
    fail_inconclusive: bool = False

    @property
    def judges(self) -> bool:
        """Whether the run ends with a word."""
        return bool(self.baseline or self.bars or self.default_bars)


@dataclass(frozen=True)
class Settings:
    """The settings of a run. Times are in seconds, sizes in bytes.

    models, thinks: from the command line, they replace a case's own; default_*: from the ini file, for cases that
    name none. hosts, openai_urls: the servers, which share the work. *_trusted: their addresses came from the
    command line or the environment, so a key may go there, and by the proxies of the environment.
    budget: seconds, tokens (0: as many as it takes), as it was written; what is left when it is spent is not asked.
    slots: how many questions a server is asked at a time, 0 for as many as pay off; check_slots: how many cells are
    judged at a time; ahead: how many cells are begun before their turn at most, 0 for as many as keep these busy.
    by_load: cells run grouped by what must be loaded, not in pytest's order.
    limit: how many cells of each case are run, 0 for all. system_tokens: how long a Modelfile's SYSTEM may be.
    vram: the memory that a model is to fit into, 0 where it is not said. samples: how often each cell is asked, 0:
    as its case says. stop_early: a cell's samples end once its verdict cannot change. store: its path or URL,
    "none", or "" for that of the rootdir; store_trusted: no file of the repository names it. reuse: take stored
    answers where they are there; replay: take nothing else.
    """

    root: Path
    models: tuple[str, ...] = ()
    default_models: tuple[str, ...] = ()
    thinks: tuple[str, ...] = ()
    default_thinks: tuple[str, ...] = ()
    engine: str | None = None
    embedded_models: tuple[str, ...] = ()
    modelfiles: tuple[Path, ...] = ()
    hosts: tuple[str, ...] = ()
    host_trusted: bool = True
    openai_urls: tuple[str, ...] = ()
    openai_trusted: bool = True
    pull: bool = False
    slots: int = 1
    check_slots: int = 1
    by_load: bool = True
    ahead: int = 0
    connect_timeout: float = 5.0
    first_byte_timeout: float = 600.0
    silence_timeout: float = 60.0
    restart_timeout: float = 30.0
    answer_size: int = 64 * 2**20
    strict: bool = False
    allow_skipped: bool = False
    dry_run: bool = False
    browser: str = ""
    budget: tuple[float, int, str] = (0.0, 0, "")
    limit: int = 0
    stream: bool = False
    keep_runs: int = 10
    gate: GateSettings = GateSettings()
    system_tokens: int = 200
    vram: int = 0
    samples: int = 0
    stop_early: bool = False
    store: str = ""
    store_trusted: bool = True
    reuse: bool = False
    replay: bool = False

    @property
    def side_by_side(self) -> int:
        """How many questions a server is sure to be asked at a time."""
        return self.slots or 1

    @property
    def under_way(self) -> int:
        """How many cells of a server are asked or judged at a time: two more than keep it and the checks busy."""
        return self.ahead or (self.slots or MOST_SLOTS) + 2 + self.check_slots

    @property
    def held(self) -> int:
        """How many cells of a server are begun before their turn: quick ones go on beside one that takes long."""
        return self.ahead or HELD * self.under_way

    def models_for(self, named: tuple[str, ...]) -> tuple[str, ...]:
        """The models of a case that names these itself."""
        return self._models(named)[1]

    def models_said_by(self, named: tuple[str, ...]) -> str:
        """What names them: an option or an ini option; "" where it is the case itself."""
        return self._models(named)[0]

    def _models(self, named: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
        embedded = self.embedded_models if self.engine == "embedded" else ()
        sources = ("--llm-model", self.models), ("llm_embedded_models", embedded), ("", named)
        return next((source for source in sources if source[1]), ("llm_models", self.default_models))
