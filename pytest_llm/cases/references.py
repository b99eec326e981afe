"""What a stage's template refers to, and whether that can be there: found before anything is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import nodes

from pytest_llm.cases.templating import known_names, parsed
from pytest_llm.errors import nearest

WRITTEN = ("text", "code", "thinking")
"""What a later stage may name of what an earlier one wrote."""

_GUARDS = frozenset({"default", "d", "defined", "undefined"})


@dataclass(frozen=True)
class Reference:
    """A name and what is read of it: `stages.draw.code` is ("stages", "draw", "code").

    sure: not in a branch that other values may leave out. whole: written out as it is.
    """

    path: tuple[str, ...]
    sure: bool = True
    whole: bool = False


def complaints(text: str, stage: str, names: Sequence[str], values: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the references of a stage's prompt, a sentence each. Raises ValueError.

    names: of all stages in their order. values: what the case's own values are.
    """
    earlier = names[: names.index(stage)]
    known: dict[str, Any] = {**values, "stages": {name: dict.fromkeys(WRITTEN) for name in earlier}}
    if earlier:
        known["previous"] = dict.fromkeys(WRITTEN)
    for reference in dict.fromkeys(references(text)):
        depth = _missing(reference.path, known)
        if reference.path[0] in ("previous", "stages"):
            yield from _of_stages(reference, depth, stage, names)
        elif depth is not None and reference.sure:
            yield f"the template names {'.'.join(reference.path[: depth + 1])}, which is not there"


def _of_stages(reference: Reference, depth: int | None, stage: str, names: Sequence[str]) -> Iterator[str]:
    path = reference.path
    written = ".".join(path[: (depth or 0) + 1])
    if depth is None:
        if reference.whole and len(path) < (2 if path[0] == "previous" else 3):
            whole = ".".join(path) if path != ("stages",) else "stages.NAME"
            yield f"`{'.'.join(path)}` is no text: write {', '.join(f'{whole}.{name}' for name in WRITTEN)}"
    elif path[0] == "previous" and depth == 0:
        yield "the first stage has no `previous`"
    elif path[0] == "stages" and depth == 1:
        yield _no_stage(path[1], stage, names)
    else:
        yield f"there is no `{written}`{nearest(path[depth], list(WRITTEN))} (a stage has {', '.join(WRITTEN)})"


def _no_stage(named: str, stage: str, names: Sequence[str]) -> str:
    if named == stage:
        return f"the stage {stage!r} refers to itself"
    if named in names:
        return f"the stage {stage!r} refers to {named!r}, which comes after it"
    earlier = list(names[: names.index(stage)])
    there = ", ".join(earlier) or "none"
    return f"there is no stage {named!r}{nearest(named, earlier)} (before {stage!r}: {there})"


def _missing(path: tuple[str, ...], known: Mapping[str, Any]) -> int | None:
    """How far the path leads before something is not there; None where all is, as far as can be told."""
    here: Any = known
    for depth, key in enumerate(path):
        if not isinstance(here, Mapping):
            return None
        if key not in here:
            return None if depth and hasattr(dict, key) else depth
        here = here[key]
    return None


def references(text: str) -> list[Reference]:
    """What a template reads of names that it does not set itself. Raises ValueError where it does not parse.

    What stands under `default` or is asked whether it is defined need not be there, and is left out everywhere.
    """
    tree = parsed(text)
    own = {node.name for node in tree.find_all(nodes.Name) if node.ctx != "load"} | known_names()
    own |= {node.name for node in tree.find_all(nodes.Macro)}
    tests = [*tree.find_all(nodes.Filter), *tree.find_all(nodes.Test)]
    guarded = {path for node in tests if (path := _guarded(node))}
    found = _walk(tree, True)
    return [r for r in found if r.path[0] not in own and not any(r.path[: len(g)] == g for g in guarded)]


def _guarded(node: nodes.Expr) -> tuple[str, ...] | None:
    match node:
        case nodes.Filter(name=str(name), node=nodes.Node() as inner) | nodes.Test(name=str(name), node=inner):
            return _path(inner) if name in _GUARDS else None
    return None


def _walk(node: nodes.Node, sure: bool) -> Iterator[Reference]:
    if (path := _path(node)) is not None:
        yield Reference(path, sure)
        return
    if isinstance(node, nodes.Output):
        whole = [path for child in node.nodes if (path := _path(child)) is not None]
        yield from (Reference(path, sure, whole=True) for path in whole)
    for field, child in _children(node):
        yield from _walk(child, sure and field not in _BRANCHES.get(type(node), ()))


_BRANCHES: Mapping[type[nodes.Node], tuple[str, ...]] = {
    nodes.If: ("body", "elif_", "else_"),
    nodes.CondExpr: ("expr1", "expr2"),
    nodes.For: ("body", "else_", "test"),
    nodes.And: ("right",),
    nodes.Or: ("right",),
    nodes.Macro: ("body",),
    nodes.CallBlock: ("body",),
}


def _children(node: nodes.Node) -> Iterator[tuple[str, nodes.Node]]:
    for field, value in node.iter_fields():
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, nodes.Node) and not (isinstance(node, nodes.Output) and _path(child)):
                yield field, child


def _path(node: nodes.Node) -> tuple[str, ...] | None:
    """`a.b['c']` as ("a", "b", "c"); None for anything that is no such chain."""
    match node:
        case nodes.Name(name=str(name), ctx="load"):
            return (name,)
        case nodes.Getattr(node=inner, attr=str(key)) | nodes.Getitem(node=inner, arg=nodes.Const(value=str(key))):
            return None if (path := _path(inner)) is None else (*path, key)
    return None
