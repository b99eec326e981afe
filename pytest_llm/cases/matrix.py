"""A case crossed with models, think modes, rows and any other request field: one Cell each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from math import prod
from typing import Any

from pydantic import ValidationError

from pytest_llm.cases.case import PER_RUN, Case
from pytest_llm.cases.casefile import LoadedCase, with_files, with_samples, with_values
from pytest_llm.cases.fields import Options
from pytest_llm.errors import nearest

MAX_CELLS = 50_000  # of one case: at a second an answer they take fourteen hours

Variant = tuple[tuple[str, ...], Case]  # the label of each axis's value, and the case with the values applied


@dataclass(frozen=True, slots=True)
class Row:
    """One set of values of `parametrize`."""

    id: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cell:
    """One thing to ask and to judge: a case, a model, a think mode, a row, and one value of each matrix axis.

    case: with the axes already applied. id: what follows the case's name in its node id.
    """

    loaded: LoadedCase
    case: Case
    model: str
    think: str
    row: Row
    axes: tuple[tuple[str, Any], ...]
    id: str

    @property
    def name(self) -> str:
        return f"{self.loaded.name}[{self.id}]"

    @property
    def values(self) -> dict[str, Any]:
        """What a template may name."""
        return {**self.case.vars, **self.row.values}


def expand(
    loaded: LoadedCase, models: Sequence[str] = (), thinks: Sequence[str] = (), samples: int = 0
) -> list[Cell]:
    """The cells of a case, in a stable order. `models`, `thinks`, `samples` replace the case's own where given."""
    loaded = with_samples(loaded, samples)
    case = loaded.case
    chosen = list(dict.fromkeys(models or case.models))
    modes = list(dict.fromkeys(thinks or case.think))
    if not chosen:
        hint = "name one under `models`, in the ini option llm_models, or by --llm-model"
        raise loaded.error((), f"the case {loaded.name!r} names no model", hint)
    rows = list(_rows(loaded))
    _refuse_many(loaded, len(chosen) * len(modes) * len(rows) * prod(map(len, case.matrix.values())))
    variants = _by_row(loaded, rows)
    cells = []
    for model, row, think in product(chosen, rows, modes):
        fixed = [model, *([row.id] if len(rows) > 1 else []), *([f"think-{think}"] if len(modes) > 1 else [])]
        for axes, varied in variants[row.id]:
            pairs = tuple(zip(case.matrix, axes, strict=True))
            parts = [*fixed, *(label for name, label in pairs if len(case.matrix[name]) > 1)]
            cells.append(Cell(loaded, varied, model, think, row, pairs, _shell_safe("-".join(parts))))
    return _distinct(cells)


def _refuse_many(loaded: LoadedCase, cells: int) -> None:
    if cells > MAX_CELLS:
        where = "matrix" if loaded.case.matrix else "parametrize"
        message = f"the case makes {cells} cells, and {MAX_CELLS} are the most"
        raise loaded.error((where,), message, "cross fewer values, rows, models and think modes")


def _by_row(loaded: LoadedCase, rows: Sequence[Row]) -> dict[str, list[Variant]]:
    """The variants of each row: the same ones for all where no option is a template."""
    found: dict[str, list[Variant]] = {}
    for row in rows:
        filled = with_values(loaded, {**loaded.case.vars, **row.values})
        shared = next(iter(found.values()), None) if filled is loaded else None
        found[row.id] = shared or list(_variants(filled))
    return found


def _rows(loaded: LoadedCase) -> Iterator[Row]:
    if not loaded.case.parametrize:
        yield Row("")
        return
    seen: set[str] = set()
    for number, values in enumerate(loaded.case.parametrize, 1):
        label = str(values.get("id", f"row{number}"))
        if label in seen:
            raise loaded.error(("parametrize", number - 1), f"two rows are called {label!r}")
        seen.add(label)
        yield Row(label, {key: value for key, value in values.items() if key != "id"})


def _variants(loaded: LoadedCase) -> Iterator[Variant]:
    """Every combination of the matrix: the label of each axis's value, and the case with the values applied."""
    axes = loaded.case.matrix
    for name in axes:
        _known_axis(loaded, name)
    for choice in product(*(range(len(values)) for values in axes.values())):
        case, labels = loaded.case, []
        for (name, values), index in zip(axes.items(), choice, strict=True):
            case = _apply(loaded, case, name, index, values[index])
            labels.append(f"{name.rpartition('.')[2]}-{_label(values[index], index)}")
        yield tuple(labels), case


def _known_axis(loaded: LoadedCase, name: str) -> None:
    head, _, option = name.partition(".")
    if name in PER_RUN or (head == "options" and (option in Options.model_fields or option.startswith("x_"))):
        return
    known = [*sorted(PER_RUN), *(f"options.{o}" for o in Options.model_fields)]
    message = f"the matrix cannot cross {name!r}{nearest(name, known)}"
    raise loaded.error(("matrix", name), message, f"it crosses {', '.join(sorted(PER_RUN))} and options.NAME")


def _apply(loaded: LoadedCase, case: Case, name: str, index: int, value: Any) -> Case:
    where = ("matrix", name, index)
    head, _, option = name.partition(".")
    own = case.options.plain().get(option) if option else getattr(case, head)
    if value == "on":
        if own is None or own == ():
            raise loaded.error(where, f"`on` means the case's own {name}, but it has none")
        return case
    data = case.model_dump(exclude_unset=True)
    holder, key = (data.setdefault("options", {}), option) if option else (data, head)
    holder.pop(key, None)
    if value != "off":
        holder[key] = value
    try:
        return with_files(replace(loaded, case=Case.model_validate(data)))
    except ValidationError as error:
        message = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise loaded.error(where, f"{name} cannot be {value!r}: {message}") from None


def _label(value: Any, index: int) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    text = str(value)
    return text if isinstance(value, str | int | float) and len(text) <= 24 else str(index + 1)


def _shell_safe(text: str) -> str:
    """Only characters that no shell, no `-k` and no report stumbles over."""
    return re.sub(r"[^\w.:/@+-]", "_", text)


def _distinct(cells: list[Cell]) -> list[Cell]:
    count: dict[str, int] = {}
    result = []
    for cell in cells:
        count[cell.id] = number = count.get(cell.id, 0) + 1
        unique = cell if number == 1 else replace(cell, id=f"{cell.id}-{number}")
        result.append(unique)
    return result
