"""Where a store is, as it is written: a SQLite file, a PostgreSQL database, a folder of exported answers."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from pytest_llm.errors import InputError
from pytest_llm.store.runs import HOME

FILE = "store.sqlite"
NONE = "none"
SQLITE = "sqlite:///"
SERVERS = ("postgresql", "postgresql+psycopg")
KINDS = "a SQLite file, a folder of exported answers, postgresql+psycopg://USER@HOST/DATABASE, or none"
# A connection as libpq takes it too ("Parameter Key Words"): words that may hold a password, a URL without `//`.
_WORDS = re.compile(
    r"(?:\A|\s)(?:host|hostaddr|port|dbname|user|password|passfile|service|ssl\w+|options|require_auth"
    r"|oauth_\w+|connect_timeout|application_name|target_session_attrs)\s*=|\A\s*postgres[\w+]*:(?!//)",
    re.IGNORECASE,
)
_SECRET = re.compile(r"pass(?:word)?$|secret$|token$", re.IGNORECASE)


@dataclass(frozen=True)
class Address:
    """A store: a file or a folder, else the URL of a server.

    trusted: the user chose it, no file of the repository did: only then passwords of the environment go there.
    """

    path: Path | None = None
    url: str = ""
    trusted: bool = True

    def __str__(self) -> str:
        return self.url or str(self.path)

    @property
    def is_folder(self) -> bool:
        return self.path is not None and self.path.is_dir()


def default(root: Path) -> Address:
    """The store of a rootdir, among the files of its runs."""
    return Address(root / HOME / FILE)


def parse(text: str, base: Path, *, trusted: bool = True) -> Address | None:
    """What `text` means; None where it says that there is to be no store.

    base: what a relative path is relative to. Raises InputError; what it says never holds the password.
    """
    if text == NONE:
        return None
    if _WORDS.search(text.partition("://")[0]):
        raise InputError("the address of a database is a URL here, without a password", hint=f"a store is {KINDS}")
    if "://" not in text:
        return Address(_plain(base / Path(text).expanduser()), trusted=trusted)
    if text.startswith(SQLITE):
        return Address(_plain(base / Path(text.removeprefix(SQLITE))), trusted=trusted)
    return Address(url=_server(text), trusted=trusted)


def _plain(path: Path) -> Path:
    """Without `..`, so that what lies beside the rootdir is not taken for something in it."""
    return Path(os.path.normpath(path))


def _server(text: str) -> str:
    scheme = text.partition("://")[0]
    if scheme not in SERVERS:
        known = repr(scheme) if re.fullmatch(r"[a-z][a-z+]*", scheme, re.IGNORECASE) else "that is named"
        raise InputError(f"there is no store of the kind {known}", hint=f"it is {KINDS}")
    try:
        parts = urlsplit(text)
        words = parse_qs(parts.query, keep_blank_values=True)
        secret = parts.password is not None or any(map(_SECRET.search, words))
        named = bool(parts.path.strip("/"))
    except ValueError:
        raise InputError("this is no URL of a database", hint=f"a store is {KINDS}") from None
    if secret:
        raise InputError(
            "a password does not belong into the address of the store",
            hint="leave it out there, and give it in the variable PGPASSWORD, or in the file that PGPASSFILE names",
        )
    if not named:
        raise InputError("the address of the store names no database", hint=f"a store is {KINDS}")
    return f"{SERVERS[1]}://{text.partition('://')[2]}"
