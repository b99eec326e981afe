"""Which cell of a baseline is which of a run: by node id, rows without `id` by their values."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

_NUMBER = re.compile(r"-row\d+(?=[-\]])")  # what the place of a row without `id` adds to a node id
_LABEL = re.compile(r"row\d+")


def row_hash(label: str, values: str) -> str:
    """What pairs a row: the hash of its values where its label is but its place, else ""."""
    return values if _LABEL.fullmatch(label) else ""


def placeless(nodeid: str) -> str:
    """A node id without the place of its row."""
    return _NUMBER.sub("", nodeid, count=1)


def paired(before: Mapping[str, str], now: dict[str, str]) -> dict[str, str]:
    """For each cell of the baseline that has one, the node id of its cell in the run.

    before, now: the hash of the row's values by node id, "" where it has an `id` or its values are not known.
    """
    found = {id_: id_ for id_, row in before.items() if now.get(id_) == row}
    free: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for id_, row in reversed(now.items()):
        if id_ not in found:
            free[placeless(id_), row].append(id_)
    for id_, row in before.items():
        if id_ not in found and row and (same := free[placeless(id_), row]):
            found[id_] = same.pop()
    taken = set(found.values())
    unknown = {id_ for id_, row in before.items() if id_ in now and not (row and now[id_])}
    return found | {id_: id_ for id_ in unknown - found.keys() - taken}


def gone(unpaired: Iterable[str], whole: Iterable[str], left_out: Iterable[str]) -> set[str]:
    """Of the baseline's cells without one in the run those that are no more, the others were not selected.

    whole: the files that were collected whole. left_out: the node ids that were collected and not selected.
    """
    files, others = set(whole), {placeless(id_) for id_ in left_out}
    return {id_ for id_ in unpaired if id_.partition("::")[0] in files and placeless(id_) not in others}
