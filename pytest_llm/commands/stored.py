"""The store that a command reads: the one that is named, else that of the rootdir."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llm.commands.collected import Collected
from pytest_llm.errors import InputError, StoreError
from pytest_llm.store import address
from pytest_llm.store.address import Address
from pytest_llm.store.runs import HOME

if TYPE_CHECKING:
    from pytest_llm.store.store import Store


def root_of(here: Path) -> Path:
    """The folder whose runs are kept, of those that `here` is in; `here` where there is none."""
    return next((folder for folder in (here, *here.parents) if (folder / HOME).is_dir()), here)


def of_settings(found: Collected) -> Address | None:
    """The store that runs here write; None where the settings say that there is to be none. Raises InputError."""
    said, trusted = found.settings["store"], bool(found.settings["store_trusted"])
    return address.parse(said, found.root, trusted=trusted) if said else address.default(found.root)


def is_there(root: Path) -> bool:
    """Whether the rootdir has a store of its own."""
    place = address.default(root).path
    return place is not None and place.is_file()


@contextmanager
def opened(root: Path, written: str) -> Iterator[Store]:
    """Open it to read; written: "" for the rootdir's own. Raises InputError where there is none to be read."""
    place = address.parse(written, Path.cwd()) if written else address.default(root)
    if place is None:
        raise InputError(f"{written!r} names no store")
    from pytest_llm.store.store import Store

    try:
        store = Store.open(place, root, create=False)
        try:
            yield store
        finally:
            store.close()
    except StoreError as error:
        raise InputError(str(error)) from None
