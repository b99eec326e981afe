"""The models a case can name, and what each name means."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from pytest_llm.errors import Complaints, InputError, nearest
from pytest_llm.models.files import parts
from pytest_llm.models.modelfile import ModelSpec, read
from pytest_llm.models.refusals import PART, TAG, check_template

# A name with a top-level domain, so no address in any spelling, and none that only a local network knows.
_PUBLIC = re.compile(
    r"(?!.*\.(?:local|localhost|internal|intranet|lan|home|corp|arpa)$)([\w-]+\.)+[a-z]{2,}", re.I | re.ASCII
)


@dataclass(frozen=True)
class Fault:
    """Why a Modelfile cannot be used, in one sentence; path: the Modelfile."""

    path: Path
    message: str
    hint: str = ""


@dataclass(frozen=True)
class ModelRef:
    """A model as named in a case, and where it is to be asked.

    engine: "ollama", "openai", "embedded", "scripted", or one that a plugin added.
    name: what that engine calls it: an Ollama tag, a served model's name, a path to a GGUF file.
    spec: the Modelfile, where there is one. fault: why it cannot be used; such a model is never asked.
    """

    written: str
    engine: str
    name: str
    spec: ModelSpec | None = None
    fault: Fault | None = None

    @cached_property
    def fingerprint(self) -> str:
        return "".join(spec.digest for spec in self.modelfiles)

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file that it is made of, there or not: its Modelfiles, what they name, or the file of its name."""
        named = [path for spec in self.modelfiles for path in (spec.path, *spec.files)]
        found = named if self.spec or self.engine not in OF_FILES else [Path(self.name)]
        return tuple(part for path in found for part in parts(path))

    @cached_property
    def modelfiles(self) -> tuple[ModelSpec, ...]:
        """Its Modelfile, and those that it is built on."""
        found, spec = [], self.spec
        while spec:
            found.append(spec)
            spec = spec.parent
        return tuple(found)


def resolve(
    written: str,
    *,
    modelfiles: Sequence[Path],
    root: Path,
    engine: str | None = None,
    trusted: bool = True,
    pulled: bool = False,
) -> ModelRef:
    """What `written` means. Asks no server, and does not look whether a GGUF file is there.

    modelfiles: the folders of NAME.Modelfile. root: what the paths of `gguf:` and `scripted:` are relative to.
    engine: where plain names are asked; None means Ollama. trusted: whether the server was named by the user, and
    not by a file of the repository: only then it is sent files from outside of `root`. pulled:
    whether it is pulled where it is missing, though only a file of the repository names it. Raises InputError.
    """
    prefix, colon, rest = written.partition(":")
    if colon and prefix in _PREFIXES:
        if not rest.strip():
            raise InputError(f"the model {written!r} has no name after {prefix}:")
        return _prefixed(written, _PREFIXES[prefix], rest, root, engine)
    spec = _modelfile(written, modelfiles, root)
    if engine == "embedded":
        return _embedded(written, spec, modelfiles)
    if engine == "scripted":
        return ModelRef(written, engine, str(_path(written, root)))
    if engine in (None, "ollama"):
        if spec is None:
            _check_tag(written)
        model = ModelRef(written, "ollama", written, spec)
        for name in [own.base for own in model.modelfiles if not own.gguf] or [written] if pulled else []:
            _check_registry(name)
        for named in () if trusted else model.modelfiles:
            _check_inside(named, root)
        return model
    return ModelRef(written, engine, written.removeprefix(f"{engine}:"), None if engine == "openai" else spec)


OF_FILES = ("embedded", "scripted")  # engines whose models are files, and nothing else
_PREFIXES = {"gguf": "embedded", "openai": "openai", "scripted": "scripted"}


def _prefixed(written: str, kind: str, rest: str, root: Path, engine: str | None) -> ModelRef:
    if engine == "embedded" != kind:
        raise InputError(
            f"the embedded engine cannot run {written!r}", hint="it runs gguf:PATH, or a Modelfile FROM a GGUF file"
        )
    return ModelRef(written, kind, rest if kind == "openai" else str(_path(rest, root)))


def _path(name: str, root: Path) -> Path:
    """Relative to `root` and within it, or absolute."""
    path = Path(name).expanduser()
    if not path.is_absolute():
        path = root / path
        if not _within(path, root):
            raise InputError(f"{name!r} leaves the rootdir {root}", hint="give a path in it, or an absolute one")
    return path


def _within(path: Path, root: Path) -> bool:
    """Whether the path as written stays in `root`; a link in it may lead out."""
    return Path(os.path.abspath(path)).is_relative_to(os.path.abspath(root))


def _modelfile(name: str, folders: Sequence[Path], root: Path, above: tuple[str, ...] = ()) -> ModelSpec | None:
    """The Modelfile of this name, with the one that its FROM names. above: those that are built on it."""
    if not re.fullmatch(PART, name, re.ASCII):
        return None
    for folder in folders:
        if (path := folder / f"{name}.Modelfile").is_file():
            return at(path, folders, root, above)
    return None


def at(path: Path, folders: Sequence[Path], root: Path, above: tuple[str, ...] = ()) -> ModelSpec:
    """The Modelfile at `path` with the one that its FROM names. Raises InputError (InputErrors)."""
    wrong = Complaints()
    spec = with_parents(read(path, wrong), folders, root, wrong, above)
    wrong.tell()
    return spec


def with_parents(
    spec: ModelSpec, folders: Sequence[Path], root: Path, wrong: Complaints, above: tuple[str, ...] = ()
) -> ModelSpec:
    """A Modelfile with the one that its FROM names. above: those that are built on it.

    One that is FROM its own name means the server's model of that name. wrong: takes a longer circle, a parent that
    cannot be used, a TEMPLATE that is none, and files that are not below `root`.
    """
    _check_files(spec, root, wrong)
    with wrong.gather():
        check_template(spec.commands, spec.path)
    name = spec.path.name.removesuffix(".Modelfile")
    if spec.gguf or spec.base == name:
        return spec
    with wrong.gather():
        return replace(spec, parent=_parent(spec, folders, root, (*above, name)))
    return spec


def _parent(spec: ModelSpec, folders: Sequence[Path], root: Path, chain: tuple[str, ...]) -> ModelSpec | None:
    if spec.base in chain:
        circle = " -> ".join((*chain[chain.index(spec.base) :], spec.base))
        raise InputError(
            f"FROM {spec.base} leads back to where it began: {circle}",
            path=spec.path,
            line=spec.line("FROM"),
            hint="one of them must be FROM a file, or a model of the server's",
        )
    return _modelfile(spec.base, folders, root, chain)


def _check_files(spec: ModelSpec, root: Path, wrong: Complaints) -> None:
    for command in spec.commands:
        relative = command.name in ("FROM", "ADAPTER", "DRAFT") and not command.value.startswith(("/", "~"))
        path = spec.path.parent / command.value
        if relative and path in spec.files and not _within(path, root):
            message = f"{command.name} {command.value} leaves the rootdir {root}"
            hint = "name a file in it, or give an absolute path"
            wrong.add(InputError(message, path=spec.path, line=command.line, hint=hint))


def _check_inside(spec: ModelSpec, root: Path) -> None:
    """Raises InputError where it names a file outside of `root`, links followed."""
    for path in spec.files:
        if not path.resolve().is_relative_to(root.resolve()):
            raise InputError(
                f"{path} is outside of the rootdir, and only a file of the repository names the server",
                path=spec.path,
                hint="to send the file there, name the server by --llm-host or OLLAMA_HOST",
            )


def _embedded(written: str, spec: ModelSpec | None, folders: Sequence[Path]) -> ModelRef:
    runs = "it runs gguf:PATH, or a Modelfile FROM a GGUF file or from another such Modelfile"
    if spec is None:
        where = ", ".join(str(folder) for folder in folders) or "any folder"
        known = [file.stem for folder in folders for file in sorted(folder.glob("*.Modelfile"))]
        raise InputError(
            f"the embedded engine cannot run {written!r}: there is no {written}.Modelfile in {where}"
            f"{nearest(written, known)}",
            hint=runs,
        )
    origin = spec.origin
    if origin.gguf is None:
        raise InputError(
            f"the embedded engine cannot run {written!r}: FROM {origin.base} is a model of Ollama's",
            path=origin.path,
            line=next(c.line for c in origin.commands if c.name == "FROM"),
            hint=runs,
        )
    model = ModelRef(written, "embedded", str(origin.gguf), spec)
    for own in model.modelfiles:
        for command in own.commands:
            if command.name in ("ADAPTER", "DRAFT"):
                raise InputError(
                    f"the embedded engine knows no {command.name}",
                    path=own.path,
                    line=command.line,
                    hint="ask this model in Ollama",
                )
    return model


def _check_registry(name: str) -> None:
    """Raises InputError where a server that pulls this would ask anything but a registry on the internet."""
    scheme, _, rest = name.rpartition("://")
    host = rest.split("/")[0].rpartition(":")[0] or rest.split("/")[0] if rest.count("/") > 1 else "ollama.com"
    if scheme.lower() == "http" or not _PUBLIC.fullmatch(host):
        raise InputError(
            f"{name!r} is not pulled: only a file names it, and its registry is none on the internet",
            hint="name it by --llm-model, or pull it by hand",
        )


def _check_tag(written: str) -> None:
    file = written.lower().endswith(".gguf") and ":" not in written
    if TAG.fullmatch(written) and not file and not written.endswith(".Modelfile"):
        return
    hint = "a model is a Modelfile's name, an Ollama tag such as qwen3:8b, openai:NAME or gguf:PATH"
    if file:
        hint = f"write gguf:{written} for the embedded engine"
    elif Path(written).name == "Modelfile":
        hint = "keep it as modelfiles/NAME.Modelfile, and write NAME"
    elif written.endswith(".Modelfile"):
        hint = f"write {Path(written).name.removesuffix('.Modelfile')}, the file's name alone"
    raise InputError(f"{written!r} is no model's name", hint=hint)
