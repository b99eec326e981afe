"""A PostgreSQL server of a test's own: in a temporary folder, on a free port, gone with the tests."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from pytest_llm.commands.tools import TOOLS

PASSWORD = "the tests' own word"
_numbers = count(1)


@dataclass
class Postgres:
    """A cluster. Over its socket nobody needs a password, over TCP everybody does."""

    folder: Path
    programs: Path
    port: int

    def database(self) -> str:
        """The URL of a new, empty database, over the socket."""
        name = f"test{next(_numbers)}"
        self._psql(f"CREATE DATABASE {name}")
        return f"postgresql+psycopg://tester@/{name}?host={self.folder}&port={self.port}"

    def over_tcp(self, url: str) -> str:
        """The same database where it wants the password."""
        name = url.partition("?")[0].rpartition("/")[2]
        return f"postgresql+psycopg://tester@127.0.0.1:{self.port}/{name}"

    def start(self) -> None:
        options = f"-c unix_socket_directories={self.folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        self.run("pg_ctl", "-w", "-D", "data", "-l", "log", "-o", f"-p {self.port} {options}", "start")

    def stop(self) -> None:
        self.run("pg_ctl", "-w", "-D", "data", "-m", "immediate", "stop")

    def _psql(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(host=str(self.folder), port=self.port, user="tester", dbname="postgres") as connection:
            connection.autocommit = True
            connection.execute(statement)

    def run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [str(self.programs / program), *arguments],
            cwd=self.folder,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=120,
            **_somebody(),
        )


def _somebody() -> dict[str, int]:
    """It does not run as root."""
    if os.geteuid() != 0:
        return {}
    with contextlib.suppress(KeyError):
        user = pwd.getpwnam("postgres")
        return {"user": user.pw_uid, "group": user.pw_gid}
    user = pwd.getpwnam("nobody")
    return {"user": user.pw_uid, "group": user.pw_gid}


def cluster() -> Iterator[Postgres]:
    """A running one; skipped where the system has none."""
    found = next(tool.found() for tool in TOOLS if tool.name == "postgresql")
    if not found:
        pytest.skip("PostgreSQL is not installed (pytest-llm doctor --install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="pytest-llm-pg-"))
    server = Postgres(folder, Path(os.path.realpath(found)).parent, _free_port())
    try:
        (folder / "password").write_text(PASSWORD)
        for path in (folder, folder / "password") if os.geteuid() == 0 else ():
            os.chown(path, _somebody()["user"], _somebody()["group"])
        server.run(
            "initdb",
            "-D",
            "data",
            "-U",
            "tester",
            "-E",
            "UTF8",
            "--no-locale",
            "--no-sync",
            "--auth-local=trust",
            "--auth-host=scram-sha-256",
            "--pwfile=password",
        )
        server.start()
        yield server
    finally:
        with contextlib.suppress(subprocess.CalledProcessError):
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
