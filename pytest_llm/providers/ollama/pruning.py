"""Which of the models that were built here still stand for a Modelfile, and which may go."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pytest_llm.errors import InputError, ModelUnavailable
from pytest_llm.models.modelfile import ModelSpec
from pytest_llm.providers.ollama.building import built_name, stem
from pytest_llm.providers.ollama.models import NAMESPACE, full_name

_OURS = re.compile(rf"{NAMESPACE}/([a-z0-9.-]{{1,60}}):[0-9a-f]{{16}}")


@dataclass(frozen=True)
class Models:
    """The models on a server that were built by us, by name.

    kept: with the Modelfile that each stands for. unsure: why that cannot be told of them; they are kept too.
    """

    stale: tuple[str, ...]
    kept: Mapping[str, Path]
    unsure: Mapping[str, str]


def sort(there: Mapping[str, str], modelfiles: Iterable[tuple[Path, ModelSpec | InputError]]) -> Models:
    """Sort what is there. there: the digest of each model, by its full name. modelfiles: those here, read or not.

    Reads the files that the Modelfiles name, where the server has a model that may have been built of them.
    """
    ours = {name: found[1] for name in sorted(there) if (found := _OURS.fullmatch(name))}
    kept: dict[str, Path] = {}
    reasons: dict[str, str] = {}
    for path, spec in modelfiles:
        if stem(path) not in ours.values():
            continue
        try:
            kept[full_name(_standing(spec, there))] = path
        except (InputError, ModelUnavailable) as error:
            reasons[stem(path)] = f"{path} may stand for it, which cannot be told: {error.message}"
    unsure = {name: reasons[own] for name, own in ours.items() if own in reasons and name not in kept}
    stale = tuple(name for name in ours if name not in kept and name not in unsure)
    return Models(stale, {name: path for name, path in kept.items() if name in ours}, unsure)


def _standing(spec: ModelSpec | InputError, there: Mapping[str, str]) -> str:
    """The name of the model that a Modelfile stands for on this server.

    Raises ModelUnavailable where its files or its base are not there, and the InputError itself.
    """
    if isinstance(spec, InputError):
        raise spec
    if spec.gguf:
        return built_name(spec, "")
    base = _standing(spec.parent, there) if spec.parent else spec.base
    if not (digest := there.get(full_name(base))):
        raise ModelUnavailable(f"its base {base} is not on the server")
    return built_name(spec, digest)
