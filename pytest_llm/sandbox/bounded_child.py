"""The child of `bounded`: calls one function after the other, and ends when nobody asks any more."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from importlib import import_module
from typing import Any, BinaryIO

COUNTED = hasattr(signal, "setitimer")  # whether processor time can be limited here


def main(memory: int) -> None:
    """Answer requests from stdin. memory: bytes of address space that it may take.

    A request is a line `[number, "module:function", [argument, …], seconds]`; its answers are the lines
    `[number, "begun", null]` and `[number, kind, value]`.
    """
    _limit(memory)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what a library prints goes nowhere
    for line in sys.stdin.buffer:
        number, name, arguments, seconds = json.loads(line)
        module, _, attribute = name.partition(":")
        function = getattr(import_module(module), attribute)
        _say(answers, [number, "begun", None])
        _alarm(seconds)
        answer = [number, *_called(function, arguments)]
        _alarm(0)
        _say(answers, answer)


def _called(function: Any, arguments: list[Any]) -> tuple[str, Any]:
    try:
        value = function(*arguments)
        json.dumps(value)
    except ValueError as error:
        return "value", str(error)
    except MemoryError:
        return "memory", None
    except Exception as error:
        return "broken", f"{type(error).__name__}: {error}"
    return "answer", value


def _say(answers: BinaryIO, answer: list[Any]) -> None:
    answers.write(json.dumps(answer).encode() + b"\n")
    answers.flush()


def _alarm(seconds: float) -> None:
    """The kernel ends this process after so many seconds of processor time, whatever it is doing, even alone."""
    if COUNTED:
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_PROF, seconds)


def _limit(memory: int) -> None:
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory, resource.getrlimit(resource.RLIMIT_AS)[1]))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
