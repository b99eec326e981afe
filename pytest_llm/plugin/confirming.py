"""A cell that newly fails is asked again at once, while its model is loaded, as long as that can still matter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from pytest_llm.cases.matrix import Row
from pytest_llm.engine.jobs import Asker, checking
from pytest_llm.engine.talk import converse
from pytest_llm.gates.confirm import repeats_left
from pytest_llm.gates.pairing import paired, row_hash
from pytest_llm.gates.past import Before, Past, fingerprint_of
from pytest_llm.gates.rows import row
from pytest_llm.gates.tally import JUDGED, counting, samples, tally
from pytest_llm.gates.types import CellRow, Settings
from pytest_llm.plugin.cell_item import CellItem
from pytest_llm.plugin.options import SETTINGS
from pytest_llm.plugin.session import LlmSession
from pytest_llm.store.line import CellLine
from pytest_llm.verdicts.identity import digest
from pytest_llm.verdicts.judge import Place
from pytest_llm.verdicts.pipeline import once_more
from pytest_llm.verdicts.redaction import redacted
from pytest_llm.verdicts.verdict import Verdict

Answers = tuple[Mapping[str, Any], ...]


def settings_of(config: pytest.Config) -> Settings:
    """What the gate's tests go by."""
    every = config.stash[SETTINGS]
    said = every.gate
    return Settings(
        alpha=said.alpha,
        effect=said.effect,
        confirm=0 if every.replay else said.confirm,
        speed_tolerance=said.speed_tolerance,
        errors=said.errors,
    )


class Confirmer:
    """Asks the newly failing cells of this process again.

    past: what they are compared with. items: all that were collected.
    """

    def __init__(self, state: LlmSession, past: Past, items: Iterable[CellItem]) -> None:
        self._state, self._past = state, past
        self._settings = settings_of(state.config)
        self._failed: list[CellRow] = []
        known = {item.nodeid: _row_hash(item.plan.cell.row) for item in items}
        self._names = {now: before for before, now in paired(past.rows, known).items()}

    def answers(self, item: CellItem, verdict: Verdict) -> Answers:
        """What the cell answers to being asked again, as the record has it; nothing where that tells nothing.

        Raises RunStopped.
        """
        line = _line(item, verdict, self._state)
        found = row(item.nodeid, self._before(item, line), line, must_pass=False)
        if found is None or any(item.iter_markers("xfail")):
            return ()
        self._failed.append(found)
        while repeats_left(found, self._failed, self._settings) and len(_samples(line)) < self._settings.confirm:
            line = replace(line, confirmations=(*line.confirmations, *self._again(item, len(_samples(line)))))
            found = replace(found, repeats=tally(counting(_samples(line))))
            self._failed[-1] = found
            if _samples(line)[-1].outcome not in JUDGED:  # the server is gone, say
                break
        return line.confirmations

    def _before(self, item: CellItem, line: CellLine) -> Before | None:
        name = self._names.get(item.nodeid)
        return self._past.of(name, fingerprint_of(line)) if name else None

    def _again(self, item: CellItem, number: int) -> Answers:
        """One more sample; its number, and its seed, go on from the last."""
        state = self._state
        engine: Asker = state.engine
        folder = state.artifacts(item.nodeid)
        place = Place(state.settings.root, folder, state.settings.browser, partial(checking, engine), engine)
        asked = converse(once_more(item.plan, item.nodeid, place, item.plan.samples + number), engine)
        return tuple(redacted(Verdict(asked), state.secrets).to_plain(state.folder)["answers"])


def _samples(line: CellLine) -> list[Any]:
    return samples(line, line.confirmations)


def _row_hash(one: Row) -> str:
    return row_hash(one.id, digest(dict(one.values)) if one.id else "")


def _line(item: CellItem, verdict: Verdict, state: LlmSession) -> CellLine:
    """The cell's line as the record will have it, as far as it matters here."""
    told = {**item.identity, **verdict.to_plain(state.folder)}
    return CellLine(item.nodeid, reported=verdict.outcome, **told)


_CONFIRMER = pytest.StashKey[Confirmer]()


def confirmer(state: LlmSession, items: Iterable[CellItem]) -> Confirmer | None:
    """What asks newly failing cells again; None where the run is compared with nothing. items: all collected."""
    stash = state.config.stash
    if not state.settings.gate.baseline:
        return None
    if _CONFIRMER not in stash:
        gate, engine = state.config.pluginmanager.get_plugin("llm_gate"), state.engine
        past = gate.past if gate else engine.baseline()  # type: ignore[union-attr]  # a worker
        stash[_CONFIRMER] = Confirmer(state, past, items)
    return stash[_CONFIRMER]
