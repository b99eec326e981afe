"""What the names of models mean in a run: each is resolved once, and its Modelfile looked over once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from pytest_llm.errors import InputError
from pytest_llm.models.reference import Fault, ModelRef, resolve
from pytest_llm.plugin.telling import told
from pytest_llm.reports.plain import plain
from pytest_llm.settings import Settings


class ModelRefs:
    """The models of a run, by the names that they are written with."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._refs: dict[str, ModelRef] = {}

    def ref(self, written: str, warn: Callable[[str], None]) -> ModelRef:
        """What a model's name means; what a linter says of its Modelfile is warned of once.

        A Modelfile that cannot be used is a fault of the model, told when its cells run. Raises InputError.
        """
        if written not in self._refs:
            try:
                self._refs[written] = model = self._resolved(written)
            except InputError as error:
                if error.path is None:
                    raise
                self._refs[written] = model = self._unusable(written, error.path, error)
            for complaint in self._complaints(model):
                warn(complaint)
        return self._refs[written]

    def _complaints(self, model: ModelRef) -> Iterator[str]:
        if not model.modelfiles:
            return
        from pytest_llm.models.lint import lint

        most, templates = self.settings.system_tokens, model.engine != "embedded"
        for spec in model.modelfiles:
            yield from map(str, lint(spec, system_tokens=most, templates=templates))

    def _resolved(self, written: str) -> ModelRef:
        s = self.settings
        return resolve(
            written,
            modelfiles=s.modelfiles,
            root=s.root,
            engine=s.engine,
            trusted=s.host_trusted,
            pulled=s.pull and written not in s.models,
        )

    def _unusable(self, written: str, path: Path, error: InputError) -> ModelRef:
        head, _, rest = plain(told(error, self.settings.root)).partition("\n")
        return ModelRef(written, self.settings.engine or "ollama", written, fault=Fault(path, head, rest.strip()))
