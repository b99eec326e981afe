"""Modelfiles: text -> ModelSpec, and the digest of what a Modelfile names.

Where Ollama would take something else than what was surely meant, `lint` says so.
"""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pytest_llm.errors import Complaints, InputError
from pytest_llm.models.files import file_digest, local_file, named_file
from pytest_llm.models.grammar import Command
from pytest_llm.models.grammar import commands as read_commands
from pytest_llm.models.parameters import DEPRECATED, typed
from pytest_llm.models.refusals import refused

MAX_BYTES = 4_000_000  # a GGUF named Modelfile by mistake is larger, a TEMPLATE never


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

    @property
    def whole(self) -> ModelSpec:
        """As a server builds it: what it does not say itself is said by the one that it is built on."""
        if self.parent is None:
            return self
        base = self.parent.whole
        return replace(
            self,
            gguf=base.gguf,
            template=self.template or base.template,
            system=self.system or base.system,
            parameters={**base.parameters, **self.parameters},
            messages=self.messages or base.messages,
            renderer=self.renderer or base.renderer,
            parser=self.parser or base.parser,
        )

    def line(self, name: str) -> int:
        """Where the command stands that counts, of those with this name."""
        found = [c for c in self.commands if c.name == name and (name != "FROM" or c.value == self.base)]
        return found[-1].line if found else 1


def load(path: Path) -> ModelSpec:
    """The Modelfile at `path`. Raises InputError (InputErrors) with the line of everything that is wrong."""
    wrong = Complaints()
    spec = read(path, wrong)
    wrong.tell()
    return spec


def read(path: Path, wrong: Complaints) -> ModelSpec:
    """The Modelfile at `path` (UTF-8, or UTF-16 with a byte order mark), as far as it can be read.

    wrong: takes the rest, each with its line. Raises InputError where this is no text.
    """
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
    return parsed(_decode(data, path, wrong), path, wrong)


def parse(text: str, path: Path) -> ModelSpec:
    """The Modelfile with this text; `path` is where local files are looked for. Raises as `load`."""
    wrong = Complaints()
    spec = parsed(text, path, wrong)
    wrong.tell()
    return spec


def parsed(text: str, path: Path, wrong: Complaints) -> ModelSpec:
    """What of a Modelfile's text can be read. wrong: takes everything that Ollama refuses, as far as it shows here.

    `base` is "" where no FROM can be read.
    """
    commands, broken = read_commands(text, path, wrong)
    parameters = _parameters(commands, path, wrong)
    for line, message, hint in refused(commands, path, broken):
        wrong.add(InputError(message, path=path, line=line, hint=hint))
    froms = [c.value for c in commands if c.name == "FROM"]
    values = {c.name: c.value for c in commands}
    bases = [value for value in froms if local_file(value, path) is None] or froms[:1] or [""]
    return ModelSpec(
        path=path,
        base=bases[-1],
        gguf=local_file(bases[-1], path),
        template=values.get("TEMPLATE"),
        system=values.get("SYSTEM"),
        parameters=parameters,
        messages=tuple((c.key, c.value) for c in commands if c.name == "MESSAGE"),
        adapters=tuple(c.value for c in commands if c.name == "ADAPTER"),
        renderer=values.get("RENDERER"),
        parser=values.get("PARSER"),
        requires=values["REQUIRES"].removeprefix("v") if "REQUIRES" in values else None,
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


def _decode(data: bytes, path: Path, wrong: Complaints) -> str:
    utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    encoding = "utf-16" if utf16 else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = None if utf16 else data[: error.start].count(b"\n") + 1
        wrong.add(InputError("this is no UTF-8 text", path=path, line=line, hint="save the file as UTF-8"))
        return data.decode(encoding, "replace")


def _parameters(commands: tuple[Command, ...], path: Path, wrong: Complaints) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for command in commands:
        if command.name != "PARAMETER" or command.key in DEPRECATED:
            continue
        with wrong.gather():
            value = _typed(command, path)
            values[command.key] = (*values.get("stop", ()), *value) if command.key == "stop" else value
    return values


def _typed(command: Command, path: Path) -> Any:
    try:
        return typed(command.key, command.value)
    except ValueError as error:
        hint = "a comment stands on a line of its own" if "#" in command.value else ""
        raise InputError(str(error), path=path, line=command.line, hint=hint) from None


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
