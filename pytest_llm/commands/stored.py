"""The store that a command works on: the one that is named, else that of the project here, by its settings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llm.commands.collected import Collected, NotCollected, collected
from pytest_llm.errors import InputError, StoreError
from pytest_llm.store import address
from pytest_llm.store.address import Address

if TYPE_CHECKING:
    from pytest_llm.store.store import Store


def of_settings(found: Collected) -> Address | None:
    """The store that runs here write; None where the settings say that there is to be none. Raises InputError."""
    said, trusted = found.settings["store"], bool(found.settings["store_trusted"])
    return address.parse(said, found.root, trusted=trusted) if said else address.default(found.root)


@contextmanager
def opened(written: str = "", *, create: bool = False) -> Iterator[Store]:
    """Open it. written: "" for that of the project here. Raises InputError where there is none to be opened."""
    place, root = place_of(written)
    if place is None:
        said = repr(written) if written else "--llm-store, PYTEST_LLM_STORE or llm_store"
        raise InputError(f"there is no store: {said} says none", hint="name one by --store")
    with opened_at(place, root, create=create) as store:
        yield store


@contextmanager
def opened_at(place: Address, root: Path, *, create: bool = False) -> Iterator[Store]:
    """Open the store of an address. Raises InputError."""
    from pytest_llm.store.store import Store

    try:
        store = Store.open(place, root, create=create)
        try:
            yield store
        finally:
            store.close()
    except StoreError as error:
        raise InputError(str(error)) from None


def place_of(written: str = "") -> tuple[Address | None, Path]:
    """Where it is, and the rootdir; None where there is to be none. Raises InputError."""
    if written:
        return address.parse(written, Path.cwd()), Path.cwd()
    try:
        found = collected(["--ignore-glob=*"])
    except NotCollected as error:
        raise InputError(str(error), hint="name the store by --store") from None
    return of_settings(found), found.root
