"""What an answer and its speed rest on besides the files of the repository: two runs are compared by it."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

from pytest_llm.cases.request import ChatRequest
from pytest_llm.models.reference import OF_FILES, ModelRef
from pytest_llm.providers.base import Fingerprint, ModelInfo, Response
from pytest_llm.settings import cores

Value = str | int | float
_CPU = re.compile(r"^(?:model name|Model|Hardware)\s*:\s*(.+?)\s*$", re.MULTILINE)
_GPU = re.compile(r"^Model:\s*(.+?)\s*$", re.MULTILINE)


def fingerprint(info: ModelInfo, request: ChatRequest, response: Response, slots: int) -> Fingerprint:
    """What is known of an answer. slots: how many questions a server is asked at a time, 0: as many as pay off.

    What a file of the repository says is under test, and in neither part: a Modelfile, a GGUF file, a `num_ctx`.
    """
    model, context = request.model, response.context_length
    said_by_a_file = "num_ctx" in request.options or any("num_ctx" in s.parameters for s in model.modelfiles)
    answers: dict[str, Value] = {
        "server": model.engine,
        "version": info.version,
        "base": _base(model),
        "context": 0 if said_by_a_file or not context else context,
    }
    speed: dict[str, Value] = {"machine": machine() if info.local else info.server, "slots": slots or "auto"}
    told = Fingerprint(answers, speed) | info.fingerprint | response.fingerprint
    return Fingerprint(_known(told.answers), _known(told.speed))


def _known(values: Mapping[str, Value]) -> dict[str, Value]:
    return {name: value for name, value in values.items() if value != "" and (value or name == "gpu")}


def _base(model: ModelRef) -> str:
    """The model that the server brings; "" where files are all that it is made of."""
    if model.spec:
        return "" if model.spec.origin.gguf else model.spec.origin.base
    return "" if model.engine in OF_FILES else model.name


@cache
def machine() -> str:
    """This machine as far as speed depends on it: processor, cores that may be used, graphics cards.

    Its name is left out: a container has another each time, and equal machines are equally fast.
    """
    cpu = next(_found(_CPU, Path("/proc/cpuinfo")), "") or platform.processor()
    cards = (_found(_GPU, file) for file in sorted(Path("/proc/driver/nvidia/gpus").glob("*/information")))
    parts = [platform.machine(), cpu, f"{cores()} cores", *(name for card in cards for name in card)]
    return ", ".join(filter(None, parts))


def _found(pattern: re.Pattern[str], file: Path) -> Iterator[str]:
    with suppress(OSError):
        yield from pattern.findall(file.read_text("utf-8", errors="replace"))
