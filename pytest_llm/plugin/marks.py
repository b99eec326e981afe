"""The marks of a case: category, tags, and those that pytest acts on, made of plain data only.

A case file may come with a pull request of a stranger, so no mark of it runs anything: pytest evaluates the
condition of a mark where it is a string, and imports the module that a warning filter names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from pytest_llm.cases.casefile import LoadedCase
from pytest_llm.errors import nearest
from pytest_llm.plugin.telling import ChecksFailed
from pytest_llm.reports.plain import one_line

Arguments = Mapping[str, Any]
REFUSED = {
    "filterwarnings": "pytest imports the module that it names; say it in the ini file",
    "parametrize": "write `parametrize` as a key of the case",
    "repeat": "write `samples` as a key of the case",
    "usefixtures": "a cell has no fixtures",
}


def marks(config: pytest.Config, loaded: LoadedCase) -> Iterator[pytest.MarkDecorator]:
    """Those of category, tags and `marks`; new names are registered, so that --strict-markers takes them."""
    case = loaded.case
    named = [("category", case.category)] if case.category else []
    for key, name in [*named, *(("tags", tag) for tag in case.tags)]:
        if name in ACTING or name in REFUSED or name.startswith("_"):
            hint = "write it under `marks` to have pytest act on it"
            raise loaded.error((key,), f"{name!r} is the name of a mark that pytest acts on", hint)
        if name in _taking_arguments(config):
            hint = "write it under `marks`, where they can be given, or choose another word"
            raise loaded.error((key,), f"{name!r} is the name of a mark that takes arguments", hint)
        _register(config, name)
        yield getattr(pytest.mark, name)
    for index, entry in enumerate(case.marks):
        try:
            yield _mark(entry, _registered(config))
        except ValueError as error:
            message, _, hint = str(error).partition("\n")
            raise loaded.error(("marks", index), message, hint) from None


def _mark(entry: str | Mapping[str, Any], registered: list[str]) -> pytest.MarkDecorator:
    """The mark that an entry of `marks` stands for. Raises ValueError: what is wrong, then a line with a hint."""
    name, value = (entry, None) if isinstance(entry, str) else next(iter(entry.items()), ("", None))
    if not isinstance(entry, str) and len(entry) != 1:
        raise ValueError(f"a mark is a name, or one name with its arguments, not {entry!r}")
    if name in REFUSED:
        raise ValueError(f"the mark {name!r} cannot act on a case\n{REFUSED[name]}")
    if name in ACTING:
        return ACTING[name](value)
    if name not in registered:
        raise ValueError(f"unknown mark {name!r}{nearest(name, registered)}\nregister it in the ini file")
    mark: pytest.MarkDecorator = getattr(pytest.mark, name)
    if isinstance(value, Mapping):
        if "condition" in value:
            _condition(name, value["condition"])
        return mark(**value)
    return mark if value is None else mark(*(value if isinstance(value, list) else [value]))


def _skip(value: Any) -> pytest.MarkDecorator:
    given = _arguments("skip", value, {"reason": str})
    return pytest.mark.skip(reason=given.get("reason") or "skipped by the case")


def _skipif(value: Any) -> pytest.MarkDecorator:
    shown = {"condition": value} if isinstance(value, bool) else value
    given = _arguments("skipif", shown, {"condition": bool, "reason": str})
    if "condition" not in given:
        raise ValueError("the mark 'skipif' needs a condition: true or false")
    return pytest.mark.skipif(given["condition"], reason=given.get("reason") or "skipped by the case")


def _xfail(value: Any) -> pytest.MarkDecorator:
    """Expects failed checks only: a server that is down is no expected failure."""
    given = _arguments("xfail", value, {"reason": str, "strict": bool, "run": bool, "condition": bool})
    condition = [given.pop("condition")] if "condition" in given else []
    return pytest.mark.xfail(*condition, **{"reason": "", **given}, raises=ChecksFailed)


def expecting_failures(mark: pytest.Mark) -> pytest.Mark:
    """An `xfail` that names no exception, from a conftest.py say, expects failed checks only, as that of a case."""
    if mark.name != "xfail" or mark.kwargs.get("raises") is not None:
        return mark
    expecting: pytest.MarkDecorator = pytest.mark.xfail(*mark.args, **{**mark.kwargs, "raises": ChecksFailed})
    return expecting.mark


ACTING: Mapping[str, Callable[[Any], pytest.MarkDecorator]] = {"skip": _skip, "skipif": _skipif, "xfail": _xfail}


def keeps_from_asking(item: pytest.Item) -> bool:
    """Whether a mark says already that the item will not run."""
    return any(_keeps(mark) for mark in item.iter_markers())


def _keeps(mark: pytest.Mark) -> bool:
    acts = mark.name in ("skip", "skipif") or (mark.name == "xfail" and mark.kwargs.get("run") is False)
    return acts and (mark.name == "skip" or all(mark.args))


def _arguments(name: str, value: Any, kinds: Mapping[str, type]) -> dict[str, Any]:
    """The arguments of a mark; one that is no mapping is its reason."""
    given = {} if value is None else dict(value) if isinstance(value, Mapping) else {"reason": value}
    for key, found in given.items():
        if key not in kinds:
            raise ValueError(
                f"the mark {name!r} has no {key!r}{nearest(key, list(kinds))}\nit takes {', '.join(kinds)}"
            )
        if key == "condition":
            _condition(name, found)
        elif not isinstance(found, kinds[key]):
            wanted = "true or false" if kinds[key] is bool else "a text"
            raise ValueError(f"{key!r} of the mark {name!r} is {wanted}, not {found!r}")
    return {key: one_line(found) if isinstance(found, str) else found for key, found in given.items()}


def _condition(name: str, value: Any) -> None:
    if not isinstance(value, bool):
        raise ValueError(
            f"the condition of the mark {name!r} is true or false, not {value!r}"
            "\na text would be run as code; what depends on the machine belongs in conftest.py"
        )


def _registered(config: pytest.Config) -> list[str]:
    return [line.partition(":")[0].partition("(")[0].strip() for line in config.getini("markers")]


def _taking_arguments(config: pytest.Config) -> list[str]:
    """The marks that are registered with arguments, as `timeout(seconds)`: plugins read them from every item."""
    lines = [line.partition(":")[0] for line in config.getini("markers")]
    return [head.partition("(")[0].strip() for head in lines if "(" in head]


def _register(config: pytest.Config, name: str) -> None:
    if name not in _registered(config):
        config.addinivalue_line("markers", f"{name}: a category or tag of prompt cases")
