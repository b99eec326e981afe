"""Checks that people write, as pytest knows them: `pytest.fail` and `pytest.skip` in one reach no room below."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache, wraps
from itertools import takewhile
from types import TracebackType
from typing import Any

import pytest

from pytest_llm.checks.base import Check, CheckContext, Finding
from pytest_llm.errors import CheckCrashed, RunStopped, Unsupported


def own(check: Any) -> Any:
    """The check, a marked function or a subclass of Check, within what pytest's outcomes mean here.

    `pytest.fail` is a complaint, `pytest.skip` skips the cell, `pytest.exit` ends the run; `pytest.xfail` is the
    check's own fault, since what a case expects stands in its `marks`. What is no check is handed back as it is.
    """
    if isinstance(check, type):
        return _subclass(check) if issubclass(check, Check) else check
    return _within(check, getattr(check, "__llm_check__", "")) if callable(check) else check


@lru_cache(maxsize=1024)
def _subclass(check: type[Check]) -> type[Check]:
    body: dict[str, Any] = {"run": _run(check), "__doc__": check.__doc__, "__module__": check.__module__}
    body["main_thread"] = _main_thread(check)
    metaclass: Any = type(check)
    made: type[Check] = metaclass(check.__name__, (check,), body)
    return made


def _main_thread(check: type[Check]) -> bool:
    """Unless it says that it may run in any thread."""
    own = takewhile(lambda kind: kind is not Check, check.__mro__)
    return next((vars(kind)["main_thread"] for kind in own if "main_thread" in vars(kind)), True)


@lru_cache(maxsize=1024)
def _within(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    @wraps(function)
    def inside(*args: Any, **kwargs: Any) -> Any:
        with _outcomes(name):
            result = function(*args, **kwargs)
        return _each(result, name) if isinstance(result, Iterator) else result

    return inside


def _each(items: Iterator[Any], name: str) -> Iterator[Any]:
    with _outcomes(name):
        return (yield from items)


def _run(check: type[Check]) -> Callable[..., Iterator[Finding]]:
    def run(self: Check, artifact: Any, context: CheckContext) -> Iterator[Finding]:
        try:
            yield from _each(iter(_within(check.run, self.name)(self, artifact, context)), self.name)
        except AssertionError as error:
            message, _, details = (str(error).strip() or "the answer did not pass").partition("\n")
            yield Finding(self.name, message, details=details)

    return run


@contextmanager
def _outcomes(name: str) -> Iterator[None]:
    """pytest's outcomes in the words of the rooms below. They are no Exceptions: nothing there would catch them.

    name: the check's.
    """
    try:
        yield
    except pytest.skip.Exception as skipped:
        raise Unsupported(skipped.msg or f"skipped by the check {name!r}") from None
    except pytest.xfail.Exception:
        raise CheckCrashed(
            f"the check {name!r} called pytest.xfail", hint="write `marks: [{xfail: reason}]` in the case instead"
        ) from None
    except pytest.fail.Exception as failed:
        if _from_a_timer(failed.__traceback__):
            raise
        raise AssertionError(failed.msg or "") from None
    except pytest.exit.Exception as ended:
        raise RunStopped(str(ended)) from ended
    except SystemExit as ended:
        raise CheckCrashed(f"the check {name!r} called sys.exit({ended.code!r})") from None


def _from_a_timer(trace: TracebackType | None) -> bool:
    """Whether pytest-timeout ended the check, by the same means: that says nothing of the model."""
    while trace is not None:
        if trace.tb_frame.f_globals.get("__name__") == "pytest_timeout":
            return True
        trace = trace.tb_next
    return False
