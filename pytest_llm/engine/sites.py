"""Where a model can be asked: at each server that has it, as long as it is the same one everywhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pytest_llm.models.reference import ModelRef
from pytest_llm.providers.base import ModelInfo, Provider


@dataclass(frozen=True)
class Site:
    """A server that has a model: its provider, and what is known of the model there."""

    provider: Provider
    info: ModelInfo

    @property
    def digest(self) -> str:
        """Of the model, "" where it is not known."""
        return self.info.digest or str(self.info.fingerprint.answers.get("digest", ""))


def agreeing(model: ModelRef, sites: Sequence[Site]) -> tuple[tuple[Site, ...], str]:
    """Those that have the same model as the first; what is to be told of the others, "" where there is none.

    Where a digest is not known, the model is taken for the same by its name.
    """
    first, *rest = [site for site in sites if site.info.listed] or sites
    others = [site for site in rest if first.digest and site.digest not in ("", first.digest)]
    same = [site for site in rest if site not in others]
    return (first, *same), _told(model, first, others) if others else ""


def distinct(sites: Sequence[Site]) -> Iterator[Site]:
    """One of each kind that may have given a stored answer of its own."""
    known = set()
    for site in sites:
        kind = site.info.digest or site.info.server, site.info.version
        if kind not in known:
            known.add(kind)
            yield site


def _told(model: ModelRef, first: Site, others: Sequence[Site]) -> str:
    where = ", ".join(site.info.server for site in others)
    return (
        f"the model {model.written!r} is another one at {where} (its digest differs), so it is asked at "
        f"{first.info.server} only"
    )
