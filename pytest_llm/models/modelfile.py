"""Modelfiles: text -> ModelSpec, and the digest of what a Modelfile names.

Where Ollama would take something else than what was surely meant, `lint` says so.
"""

from __future__ import annotations

import codecs
import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from pytest_llm.errors import InputError, ModelUnavailable
from pytest_llm.models.grammar import Command
from pytest_llm.models.grammar import commands as read_commands

PARAMETERS: Mapping[str, type] = {
    **dict.fromkeys(("num_ctx", "num_batch", "num_gpu", "main_gpu", "num_thread", "draft_num_predict"), int),
    **dict.fromkeys(("num_predict", "num_keep", "seed", "top_k", "repeat_last_n"), int),
    **dict.fromkeys(("temperature", "top_p", "min_p", "typical_p", "repeat_penalty"), float),
    **dict.fromkeys(("presence_penalty", "frequency_penalty"), float),
    "use_mmap": bool,
    "stop": tuple,
}
_DROPPED = ("penalize_newline", "low_vram", "f16_kv", "logits_all", "vocab_only", "use_mlock")
DEPRECATED = frozenset((*_DROPPED, "mirostat", "mirostat_tau", "mirostat_eta"))
MAX_BYTES = 4_000_000  # a GGUF named Modelfile by mistake is larger, a TEMPLATE never

_SEMVER = re.compile(r"v?\d+(\.\d+(\.\d+([-+][0-9A-Za-z.+-]+)?)?)?")
_BOOLS = {
    **dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), True),
    **dict.fromkeys(("0", "f", "F", "FALSE", "false", "False"), False),
}


@dataclass(frozen=True)
class ModelSpec:
    """A parsed Modelfile.

    base: the value of FROM as written. gguf: the local file it names, where it names one (it need not be there).
    parameters: typed by the option's name (int, float, bool, str; `stop` a tuple of strings); without the
    deprecated ones, unknown ones as strings. messages: (role, text) pairs. files: every local file or folder that
    FROM, ADAPTER and DRAFT name. digest: sha256 of the text, hex; `content_digest` takes the files in.
    parent: the Modelfile that FROM names by its name, where it does.
    """

    path: Path
    base: str
    gguf: Path | None = None
    template: str | None = None
    system: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    messages: tuple[tuple[str, str], ...] = ()
    adapters: tuple[str, ...] = ()
    renderer: str | None = None
    parser: str | None = None
    requires: str | None = None
    license: tuple[str, ...] = ()
    digest: str = ""
    draft: str | None = None
    files: tuple[Path, ...] = ()
    commands: tuple[Command, ...] = field(default=(), repr=False)
    parent: ModelSpec | None = None

    @property
    def origin(self) -> ModelSpec:
        """The Modelfile at the end of the chain: its FROM is a file, or a model of the server's."""
        return self.parent.origin if self.parent else self

    def line(self, name: str) -> int:
        """Where the command stands that counts, of those with this name."""
        found = [c for c in self.commands if c.name == name and (name != "FROM" or c.value == self.base)]
        return found[-1].line if found else 1


def load(path: Path) -> ModelSpec:
    """The Modelfile at `path` (UTF-8, or UTF-16 with a byte order mark). Raises InputError with the line."""
    try:
        if path.exists() and not path.is_file():
            raise InputError("this is no regular file", path=path)
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=path) from None
    if len(data) > MAX_BYTES or data.startswith(b"GGUF"):
        raise InputError(
            "this is no Modelfile", path=path, hint="a Modelfile is a text that says FROM ./model.gguf"
        )
    return parse(_decode(data, path), path)


def parse(text: str, path: Path) -> ModelSpec:
    """The Modelfile with this text; `path` is where local files are looked for. Raises InputError with the line."""
    commands = tuple(read_commands(text, path))
    froms = [c for c in commands if c.name == "FROM"]
    if not froms:
        raise InputError("there is no FROM line", path=path, hint="say FROM qwen3:8b, or FROM ./model.gguf")
    for command in froms:
        _check_from(command, path)
    values = {c.name: c.value for c in commands}
    bases = [c.value for c in froms if local_file(c.value, path) is None] or [froms[0].value]
    return ModelSpec(
        path=path,
        base=bases[-1],
        gguf=local_file(bases[-1], path),
        template=values.get("TEMPLATE"),
        system=values.get("SYSTEM"),
        parameters=_parameters(commands, path),
        messages=tuple((c.key, c.value) for c in commands if c.name == "MESSAGE"),
        adapters=tuple(c.value for c in commands if c.name == "ADAPTER"),
        renderer=values.get("RENDERER"),
        parser=values.get("PARSER"),
        requires=_requires(commands, path),
        license=tuple(c.value for c in commands if c.name == "LICENSE"),
        digest=hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
        draft=values.get("DRAFT"),
        files=_files(commands, path),
        commands=commands,
    )


def content_digest(spec: ModelSpec) -> str:
    """sha256, hex, of the Modelfile's text and of every local file it names. Gigabytes take a while.

    Raises ModelUnavailable where one of them is not there, or is no GGUF file.
    """
    total = hashlib.sha256(spec.digest.encode())
    for path in spec.files:
        total.update(f"\n{path.name} {file_digest(path)}".encode("utf-8", "surrogateescape"))
    return total.hexdigest()


def file_digest(path: Path) -> str:
    """sha256 of a GGUF file, hex; read once for each state (time, size) of it. Raises ModelUnavailable.

    What is no GGUF file is not read further than its first bytes: a Modelfile may come from a stranger, and what it
    names is sent to a server.
    """
    try:
        stat = path.stat()
        if not _is_gguf(path):
            hint = "a Modelfile's FROM, ADAPTER and DRAFT name GGUF files: convert it" if path.is_dir() else ""
            raise ModelUnavailable(f"{path} is no GGUF file", hint=hint or "name a GGUF file, or a model's tag")
        return _hash_file(path, stat.st_mtime_ns, stat.st_size)
    except OSError as error:
        raise ModelUnavailable(f"the model file {path} cannot be read: {error.strerror}") from None


def _is_gguf(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4) == b"GGUF"


@lru_cache(maxsize=256)
def _hash_file(path: Path, _mtime: int, _size: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def local_file(value: str, modelfile: Path) -> Path | None:
    """The local path that FROM, ADAPTER or DRAFT means by `value`; None where it is a model's name.

    A path that only looks like one counts too, so that a missing file is never asked of a registry.
    """
    if not value or "\0" in value:
        return None
    try:
        path = modelfile.parent / Path(value).expanduser()
        there = path.exists()
    except (OSError, RuntimeError, ValueError):
        return None
    looks = value.startswith((".", "/", "~")) or value.lower().endswith((".gguf", ".bin", ".safetensors"))
    return path if there or looks else None


def _decode(data: bytes, path: Path) -> str:
    utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = None if utf16 else data[: error.start].count(b"\n") + 1
        raise InputError("this is no UTF-8 text", path=path, line=line, hint="save the file as UTF-8") from None


def _check_from(command: Command, path: Path) -> None:
    if not command.value:
        raise InputError("FROM has no value", path=path, line=command.line)
    if local_file(command.value, path) is None and re.search(r"\s", command.value):
        raise InputError(
            f"FROM takes one model or file, not {command.value[:60]!r}",
            path=path,
            line=command.line,
            hint="a comment stands on a line of its own",
        )


def _parameters(commands: tuple[Command, ...], path: Path) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for command in commands:
        if command.name != "PARAMETER" or command.key in DEPRECATED:
            continue
        value = _typed(command, path)
        values[command.key] = (*values.get("stop", ()), *value) if command.key == "stop" else value
    return values


def _typed(command: Command, path: Path) -> Any:
    kind, text = PARAMETERS.get(command.key, str), command.value
    if kind is tuple:
        return (text,)
    if kind is int and re.fullmatch(r"[-+]?[0-9]{1,18}", text):
        return int(text)
    if (
        kind is float
        and re.fullmatch(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?", text)
        and math.isfinite(number := float(text))
    ):
        return number
    if kind is bool and text in _BOOLS:
        return _BOOLS[text]
    if kind is str:
        return text
    wanted = {int: "a whole number", float: "a number", bool: "true or false"}[kind]
    hint = "a comment stands on a line of its own" if "#" in text else ""
    raise InputError(
        f"PARAMETER {command.key} takes {wanted}, not {text[:60]!r}", path=path, line=command.line, hint=hint
    )


def _requires(commands: tuple[Command, ...], path: Path) -> str | None:
    found = None
    for command in commands:
        if command.name == "REQUIRES":
            if not _SEMVER.fullmatch(command.value):
                raise InputError(
                    f"REQUIRES takes a version such as 0.14.0, not {command.value[:40]!r}",
                    path=path,
                    line=command.line,
                )
            found = command.value.removeprefix("v")
    return found


def named_file(command: Command, modelfile: Path) -> Path | None:
    """The local path that a FROM, ADAPTER or DRAFT names; None where it names a model."""
    if command.name not in ("FROM", "ADAPTER", "DRAFT"):
        return None
    bare = command.name != "FROM" and not command.value.startswith(("/", "~"))
    return local_file(f"./{command.value}" if bare else command.value, modelfile)


def missing_file(spec: ModelSpec) -> Command | None:
    """The first command that names a file which is not there."""
    for command in spec.commands:
        path = named_file(command, spec.path)
        if path is not None and not path.exists():
            return command
    return None


def _files(commands: tuple[Command, ...], path: Path) -> tuple[Path, ...]:
    found = (named_file(command, path) for command in commands)
    return tuple(dict.fromkeys(p for p in found if p is not None))
