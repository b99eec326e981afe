"""Stand-ins for traits and globs of crates that are not here: without them rustc looks at no function's body."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_llm.syntax.outline import Outline
from pytest_llm.toolchains.rust_missing import Use, brought

# What is wrong in a body whatever the traits have: types, names, numbers of arguments and fields, what was moved.
_CERTAIN_CODES = """
E0004 E0023 E0026 E0027 E0040 E0061 E0063 E0069 E0070 E0072 E0106 E0124 E0133 E0164 E0184 E0255 E0261 E0263 E0267
E0268 E0277 E0308 E0368 E0369 E0381 E0382 E0384 E0403 E0404 E0405 E0408 E0412 E0415 E0416 E0422 E0423 E0424 E0425
E0426 E0428 E0433 E0434 E0451 E0499 E0502 E0503 E0505 E0506 E0507 E0515 E0532 E0559 E0560 E0594 E0596 E0597 E0599
E0600 E0604 E0605 E0606 E0607 E0608 E0609 E0610 E0614 E0615 E0616 E0618 E0620 E0623 E0716
"""
_PRELUDE_TRAITS = """
AsMut AsRef Clone Copy Debug Default DoubleEndedIterator Drop Eq ExactSizeIterator Extend Fn FnMut FnOnce From
FromIterator Hash Into IntoIterator Iterator Ord PartialEq PartialOrd Send Sized Sync ToOwned ToString TryFrom
TryInto Unpin
"""
_PRELUDE = frozenset(_PRELUDE_TRAITS.split())
_CERTAIN = frozenset(_CERTAIN_CODES.split())
_PARAMETER = re.compile(r"type parameter|has type `[A-Z]\w?`|`&?(?:mut )?[A-Z]\w?`")
_TRAIT = "pub trait {}<A = (), B = (), C = ()> {{}}"


@dataclass(frozen=True)
class Stubs:
    """text: modules that are called as the crates are, in one line. names: of the crates and of these traits."""

    text: str
    names: frozenset[str]

    def certain(self, item: Mapping[str, Any]) -> bool:
        """Whether an error that rustc tells with these would be told with the crates too."""
        if (item["code"] or {}).get("code") not in _CERTAIN:
            return False
        labels = (str(span["label"] or "") for span in item["spans"])
        said = "\n".join([item["message"], *labels, *(child["message"] for child in item["children"])])
        return not self.names & set(re.findall(r"\w+", said)) and not _PARAMETER.search(said)


@dataclass
class _Module:
    traits: set[str] = field(default_factory=set)
    modules: dict[str, _Module] = field(default_factory=dict)

    def at(self, path: tuple[str, ...]) -> _Module:
        return self.modules.setdefault(path[0], _Module()).at(path[1:]) if path else self

    def lines(self) -> Iterator[str]:
        yield from (_TRAIT.format(name) for name in sorted(self.traits))
        for name, module in sorted(self.modules.items()):
            yield from (f"pub mod {name} {{", *module.lines(), "}")


def stubs(outline: Outline, crates: Collection[str], known: frozenset[str]) -> Stubs | None:
    """What stands in for the traits that a file binds and implements, and for what it brings by `*`.

    known: names that no crate brings. None where it has nothing of that.
    """
    uses = [use for text in outline.all("import") for use in brought(text) if use.root in crates]
    globs = [use.path[:-1] for use in uses if use.name == "*"]
    paths = {path for bound in outline.all("bound") for path in _paths(bound, uses, crates, known, globs)}
    if not paths and not globs:
        return None
    top = _Module()
    for path in globs:
        top.at(path)
    for path in paths:
        top.at(path[:-1]).traits.add(path[-1])
    return Stubs(" ".join(top.lines()), frozenset({*crates, *(path[-1] for path in paths)}))


def _paths(
    bound: str, uses: list[Use], crates: Collection[str], known: frozenset[str], globs: list[tuple[str, ...]]
) -> list[tuple[str, ...]]:
    """Where a trait that is called so here may lie in the crates."""
    first, *rest = re.sub(r"\s", "", bound).split("::")
    if first in crates and rest:
        return [(first, *rest)]
    named = [use.path for use in uses if use.name == first]
    if named:
        return [(*path, *rest) for path in named]
    return [(*path, first) for path in globs] if not rest and first not in known | _PRELUDE else []
