"""Which errors in a Go program follow from packages that are not here."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import chain

from pytest_llm.syntax.outline import Outline, every

_MEMBER = re.compile(r"undefined \(type \*?([\w.]+).* has no field or method ([A-Z]\w*)\b")
_FIELD = re.compile(r"unknown field ([A-Z]\w*) in struct literal of type \*?([\w.]+)")
_CONSTRAINED = re.compile(r"\b(?:type parameter|types?|as|and|satisfy|constrained by) (?:~?\*?\[?\]?)(\w+)")
_LIKE = 0.85  # how near a name comes to an own one that is meant
UNDEFINED = re.compile(r"undefined: (\w+)")


@dataclass(frozen=True)
class Missing:
    """What comes from packages that are not here.

    packages: the names that the program has for them. everything: one is imported by a dot. heirs: types that embed
    something of theirs, and may have any exported member of it, but for what looks like one of the program's own
    `members`. parameters: type parameters whose constraint is theirs, and such constraints.
    """

    packages: frozenset[str] = frozenset()
    everything: bool = False
    heirs: frozenset[str] = frozenset()
    members: frozenset[str] = frozenset()
    parameters: frozenset[str] = frozenset()

    def explains(self, message: str) -> bool:
        """Whether an error follows from what is missing."""
        if name := UNDEFINED.fullmatch(message):
            return name[1] in self.packages or (self.everything and name[1][0].isupper())
        member, field = _MEMBER.search(message), _FIELD.search(message)
        if member:
            return self._has(member[1], member[2])
        if field:
            return self._has(field[2], field[1])
        return not self.parameters.isdisjoint(_CONSTRAINED.findall(message))

    def _has(self, owner: str, member: str) -> bool:
        bare = owner.rpartition(".")[2]
        if bare in self.parameters:
            return True
        return bare in self.heirs and not get_close_matches(member, self.members, n=1, cutoff=_LIKE)


def missing(
    outlines: Sequence[Outline], absent: Collection[str], undefined: Collection[str], standard: Collection[str]
) -> Missing:
    """What a program has from these import paths. undefined: names that are; standard: those of known packages."""
    pairs = [pair for outline in outlines for pair in outline.relations]
    used = {pair["of"] for pair in pairs if "of" in pair}
    renamed = {pair["renamed"][1:-1]: pair["alias"] for pair in pairs if "alias" in pair}
    bare = [path for path in absent if path not in renamed]
    names = {renamed.get(path, path.rpartition("/")[2]) for path in absent}
    nameless = [path for path in bare if path.rpartition("/")[2] not in used]
    packages = names | _named(nameless, used & set(undefined), standard)
    parents = [(pair["heir"], pair["parent"].partition("[")[0]) for pair in pairs if "heir" in pair]
    everything = "." in names
    brought = {parent for _, parent in parents if everything and parent in undefined}
    heirs = frozenset(_heirs(parents, packages, brought))
    bounds = [(pair["parameter"], pair["constraint"].partition("[")[0]) for pair in pairs if "parameter" in pair]
    theirs = [pair for pair in bounds if pair[1].partition(".")[0] in packages | heirs]
    members = every(outlines, "member_of")
    return Missing(frozenset(packages), everything, heirs, members, frozenset(chain(*theirs)))


def _named(paths: Iterable[str], names: set[str], standard: Collection[str]) -> set[str]:
    """Of undefined names, those that packages have whose path does not end in their name (`echo/v4`)."""
    found: set[str] = set()
    unknown = 0
    for path in paths:
        told = names & set(re.split(r"\W", re.sub(r"/v\d+$", "", path).rpartition("/")[2]))
        found |= told
        unknown += not told
    rest = names - found - set(standard)
    return found | rest if len(rest) <= unknown else found


def _heirs(parents: Sequence[tuple[str, str]], packages: set[str], brought: set[str]) -> set[str]:
    """The types that embed one of a package, or another such type."""
    heirs = {heir for heir, parent in parents if "." in parent and parent.partition(".")[0] in packages}
    more, known = heirs | brought, set[str]()
    while more - known:
        known |= more
        more = {heir for heir, parent in parents if parent.rpartition(".")[2] in known}
    return known
