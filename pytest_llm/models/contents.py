"""What is wrong with the files that a Modelfile names, and whether its model fits into a GPU's memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from pytest_llm.errors import Complaints, InputError, ModelUnavailable
from pytest_llm.models import gguf
from pytest_llm.models.files import named_file
from pytest_llm.models.gguf import Gguf
from pytest_llm.models.grammar import Command
from pytest_llm.models.lint import Complaint
from pytest_llm.models.memory import GIB, LONGEST, Need, default_context, need
from pytest_llm.models.modelfile import ModelSpec


def examine(spec: ModelSpec, vram: int, wrong: Complaints) -> list[Complaint]:
    """What the files show, in the order of the lines. vram: bytes that the model is to fit into, 0 for no limit.

    Reads the headers of GGUF files. wrong: takes the files that Ollama refuses.
    """
    found: list[Complaint] = []
    files: list[Gguf] = []
    for command in spec.commands:
        if path := named_file(command, spec.path):
            with wrong.gather():
                file = _read(spec, command, path)
                files += [file] if isinstance(file, Gguf) else []
                found += [file] if isinstance(file, Complaint) else []
    found += [Complaint(spec.path, line, text) for line, text in _fit(spec, files, vram)]
    return sorted(found, key=lambda complaint: complaint.line)


def _read(spec: ModelSpec, command: Command, path: Path) -> Gguf | Complaint:
    what = f"{command.name} {command.value}"
    if not path.exists():
        text = f"{what}: there is no such file, and no model can be built before it is there"
        return Complaint(spec.path, command.line, text)
    if path.is_dir():
        return Complaint(spec.path, command.line, f"{what} is a folder: here models are built from GGUF files only")
    try:
        file = gguf.read(path)
    except ModelUnavailable as error:
        raise InputError(error.message, path=spec.path, line=command.line, hint=error.hint) from None
    if file.missing:
        text = f"{path} is cut off: {_size(file.missing)} at its end are missing"
        raise InputError(text, path=spec.path, line=command.line, hint="download or build it anew")
    return file


def _fit(spec: ModelSpec, own: list[Gguf], vram: int) -> Iterator[tuple[int, str]]:
    """Says nothing where the weights are a model of the server's."""
    if spec.origin.gguf is None:
        return
    files = [*_inherited(spec), *own]
    trained = next((file.context for file in files if file.context), None)
    told = spec.whole.parameters
    wanted = told.get("num_ctx")
    line = next((c.line for c in reversed(spec.commands) if c.key == "num_ctx"), spec.line("FROM"))
    if wanted and trained and wanted > trained and "num_ctx" in spec.parameters:
        yield line, f"num_ctx {wanted} is more than the model was trained with, and it gets {trained}"
    context = min(wanted or default_context(vram), trained or LONGEST)
    needed = need(files, told.get("num_gpu"))
    if vram and needed.whole(context) > vram:
        yield line, _too_large(needed, context, vram, trained or LONGEST, chosen=bool(wanted))


def _inherited(spec: ModelSpec) -> Iterator[Gguf]:
    """The files of the Modelfiles that this one is built on, as far as they are there and whole."""
    while spec.parent:
        spec = spec.parent
        for path in spec.files:
            with suppress(ModelUnavailable):
                yield gguf.read(path)


def _too_large(needed: Need, context: int, vram: int, trained: int, *, chosen: bool) -> str:
    whose = "" if chosen else " (Ollama's default there)"
    parts = f"weights {_size(needed.whole(0))}, KV cache {_size(needed.cache(context))} at f16"
    most = min(needed.largest(vram), trained)
    remedy = f"a num_ctx of {most} would fit" if most else "no num_ctx would fit, for the weights alone do not"
    needs = f"with num_ctx {context}{whose} the model needs {_size(needed.whole(context))} ({parts})"
    return f"{needs}, and llm_vram is {_size(vram)}: {remedy}"


def _size(count: int) -> str:
    for unit, name in ((GIB, "GiB"), (2**20, "MiB"), (2**10, "KiB")):
        if count >= unit:
            return f"{count / unit:.3g} {name}"
    return f"{count} bytes"
