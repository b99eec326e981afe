"""The order of a run's cells, as a pure function of what each needs: where it is asked, and after what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pytest_llm.engine.order import Group
from pytest_llm.engine.sharing import Queue, Work, merged, share

Groups = tuple[Group, ...]


@dataclass(frozen=True)
class Turn:
    """What is asked together, at one place in the order.

    groups: what must be loaded, at each server that can; seconds: how long a server takes; alone: measured with the
    server alone; turn: 0, or which in turn of the models that grade answers has its turn, from 1.
    """

    id: str
    groups: Groups
    seconds: float
    alone: bool
    turn: int


T = TypeVar("T", bound=Turn)


def shared(turns: Sequence[Turn], load: float, there: Collection[Group]) -> dict[str, Group]:
    """Where each is asked, by its id. load: seconds of one; there: what is loaded already."""
    works: defaultdict[Groups, list[Turn]] = defaultdict(list)
    for turn in sorted(turns, key=lambda turn: turn.alone):
        works[turn.groups].append(turn)
    of = list(works.values())
    made = [Work(one[0].groups, tuple(turn.seconds for turn in one)) for one in of]
    shares = share(made, load, there)
    return {turn.id: part.group for part in shares.parts for turn in of[part.work][part.begin : part.end]}


def by_load(
    turns: Sequence[T],
    at: Mapping[str, Group],
    load: float,
    there: Collection[Group] = (),
    urgent: Collection[Group] = (),
) -> list[T]:
    """Those of each server group by group, those of all servers by the time at which they would be asked.

    A group that grades answers, too, is the last to answer: it is loaded then.
    """
    first = {at[turn.id]: rank for rank, turn in reversed(list(enumerate(turns)))}
    grades = {at[turn.id]: turn.turn for turn in sorted(turns, key=lambda turn: -turn.turn) if turn.turn}
    by_id = {turn.id: turn for turn in turns}
    queues: defaultdict[int, defaultdict[str, list[tuple[str, Group, float]]]]
    queues = defaultdict(lambda: defaultdict(list))

    def rank(turn: T) -> tuple[bool, int, bool, int, bool]:
        group = at[turn.id]
        return group not in urgent, -grades.get(group, len(turns)), group not in there, first[group], turn.alone

    for turn in sorted(turns, key=rank):
        group = at[turn.id]
        queues[turn.turn][group[0]].append((turn.id, group, turn.seconds))
    merges = (merged(map(Queue, of.values()), load) for _, of in sorted(queues.items()))
    return [by_id[id_] for ids in merges for id_ in ids]
