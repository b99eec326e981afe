"""What is written for an option becomes a value, or a usage error."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from pytest_llm.errors import InputError, nearest
from pytest_llm.plugin.option_table import Option


@contextmanager
def usage(said_by: str) -> Iterator[None]:
    """An InputError told as the misuse of an option, an ini value or a variable."""
    try:
        yield
    except InputError as error:
        raise pytest.UsageError(f"{said_by}: {error.message}; {error.hint}") from None


def apart(said_by: str, value: str) -> str:
    """How an option or an ini value says several, where `value` holds a comma; "" where it holds none."""
    if "," not in value or not said_by.startswith(("--", "llm_")):
        return ""
    return "repeat the option for each" if said_by.startswith("--") else "write each on a line of its own"


def nearest_of_ours(name: str, prefix: str, known: Sequence[str]) -> str:
    """`nearest`, of names that all begin alike: that is no likeness."""
    close = nearest(name.removeprefix(prefix), [one.removeprefix(prefix) for one in known])
    return close.replace("'", f"'{prefix}", 1)


def choice(said_by: str, value: str, known: Sequence[str], *, repeatable: bool = False) -> str:
    """The value, which is one of these. Raises pytest.UsageError."""
    if value not in known:
        *most, last = known
        told = f"{', '.join(most)} or {last}"
        several = apart(said_by, value) if repeatable else ""
        meant = f": {several}" if several else nearest(value, list(known))
        raise pytest.UsageError(f"{said_by} must be {told}, not {value!r}{meant}")
    return value


def value_of(option: Option, said: Any, ini: Any) -> Any:
    found = said if said is not None else ini if ini not in (None, "", []) else option.default
    try:
        match option.kind:
            case "flag":
                return bool(found)
            case "list":
                return list(found or [])
            case "seconds" if found is not option.default:
                return _seconds(found)
            case "count" if found is not option.default:
                return _count(found, option.least, option.most)
            case "slots" if found is not option.default:
                return 0 if found == "auto" else _count(found, option.least, option.most, "auto or ")
            case "share" if found is not option.default:
                return _share(found)
            case "budget" if found is not option.default:
                return (*_budget(found), str(found).strip())
            case "size" if found is not option.default:
                return _size(found)
    except ValueError as error:
        said_by = option.ini_name if said is None else option.flag
        raise pytest.UsageError(f"{said_by}: {error}") from None
    return found


def ini_value(config: pytest.Config, option: Option) -> Any:
    """What the ini file says. Raises pytest.UsageError where it is of another type."""
    try:
        return config.getini(option.ini_name)
    except (ValueError, pytest.UsageError) as error:
        if option.kind != "flag" or option.ini_name in str(error):
            raise
        raise pytest.UsageError(f"{option.ini_name}: {error}; write true or false") from None  # pytest names it not


def _seconds(found: Any) -> float:
    from pytest_llm.cases.durations import parse_duration

    return parse_duration(found)


def _budget(found: Any) -> tuple[float, int]:
    from pytest_llm.cases.durations import parse_budget

    return parse_budget(found)


def _size(found: Any) -> int:
    from pytest_llm.cases.durations import parse_size

    return parse_size(found)


def _count(found: Any, least: int, most: int | None, other: str = "") -> int:
    if not str(found).isdecimal() or int(found) < least or (most and int(found) > most):
        to = f" to {most}" if most else ""
        raise ValueError(f"must be {other}a whole number from {least}{to}, not {found!r}")
    return int(found)


def _share(found: Any) -> float:
    from pytest_llm.cases.durations import parse_share

    return parse_share(found)
