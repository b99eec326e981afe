"""Which store a run has, and how it is opened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llm.errors import StoreError
from pytest_llm.settings import Settings
from pytest_llm.store.address import Address, default, parse
from pytest_llm.store.revision import tracked

if TYPE_CHECKING:
    from pytest_llm.engine.memory import Keeper
    from pytest_llm.store.store import Store


def keeper(settings: Settings, secrets: Sequence[str], said: Callable[[str], None]) -> Keeper | None:
    """The memory of a run; None where there is to be no store. secrets: what it is to hold nowhere."""
    from pytest_llm.engine.memory import Keeper

    where = address(settings)
    if where is None:
        return None
    return Keeper(
        lambda: open_store(where, settings.root, create=not settings.replay),
        reuse=settings.reuse,
        replays=settings.replay,
        size=settings.answer_size,
        hidden=secrets,
        waits=lambda: said(f"pytest-llm: waiting for the store {where}"),
    )


def address(settings: Settings) -> Address | None:
    """Where the store of a run is."""
    if not settings.store:
        return default(settings.root)
    return parse(settings.store, settings.root, trusted=settings.store_trusted)


def open_store(where: Address, root: Path, *, create: bool) -> Store:
    """Raises StoreError where it cannot be opened, or would be what a change brought."""
    from pytest_llm.store.store import Store

    if where.path and tracked(where.path):
        message = f"the store {where} is a file that git tracks, so a change could bring answers that nobody reads"
        raise StoreError(message, hint="`pytest-llm store export FOLDER` writes answers as text: commit these")
    return Store.open(where, root, create=create)
