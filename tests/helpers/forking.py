"""Processes of pytest that share what they import: a server that has it in memory forks each of them.

Half of what a short run costs, and most of one with workers, is the start of Python and its imports.
A forked process has its own memory, environment, folder, files, exit code and signals, as one that was started has.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

LARGEST = 1 << 20
NEVER_AHEAD = ("_child", "__main__", "lane", "distributed")


def import_all(package: str) -> None:
    """What a run imports bit by bit, but for what is a program of its own."""
    for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
        if not module.name.endswith(NEVER_AHEAD) and ".servers" not in module.name:
            importlib.import_module(module.name)


def of_python(environment: dict[str, str]) -> dict[str, str]:
    """What Python itself reads, when it starts."""
    return {key: value for key, value in environment.items() if key.startswith("PYTHON")}


def number(file: Any) -> int:
    """Of a file that is open, or of what is its number already."""
    return file if isinstance(file, int) else file.fileno()


class Forked:
    """As much of a `subprocess.Popen` as pytester and execnet use."""

    def __init__(self, address: str, command: Sequence[str], files: Sequence[int], group: int = 0) -> None:
        """`group`: that of processes which it joins; 0: one of its own."""
        self.stdin: BinaryIO | None = None
        self.stdout: BinaryIO | None = None
        self.returncode: int | None = None
        self._keeper = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._keeper.connect(address)
        environment, folder = dict(os.environ), os.getcwd()
        request = {"command": list(command), "environment": environment, "folder": folder, "group": group}
        socket.send_fds(self._keeper, [json.dumps(request).encode()], list(files))
        self.pid = int(self._keeper.recv(LARGEST))

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            self._keeper.settimeout(timeout)
            try:
                self.returncode = int(self._keeper.recv(LARGEST))
            except (TimeoutError, BlockingIOError):
                raise subprocess.TimeoutExpired("pytest", timeout or 0) from None
            self._keeper.close()
        return self.returncode

    def poll(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def kill(self) -> None:
        if self.returncode is None:
            with contextlib.suppress(OSError):  # it has ended: how, is there to be read
                self._keeper.send(str(int(signal.SIGKILL)).encode())


def forked_worker(address: str, command: Sequence[str]) -> Forked:
    """A worker of pytest-xdist, spoken to by its standard input and output."""
    (its_input, ours), (theirs, its_output) = os.pipe(), os.pipe()
    worker = Forked(address, command, (its_input, its_output, 2), os.getpgrp())
    os.close(its_input)
    os.close(its_output)
    worker.stdin, worker.stdout = os.fdopen(ours, "wb", -1), os.fdopen(theirs, "rb", -1)
    return worker


def fork_workers(address: str) -> None:
    """From here on execnet's processes are forked."""
    from execnet import gateway_base, gateway_io

    def start(self: Any, args: list[str], execmodel: Any) -> None:
        self.popen = forked_worker(address, args)
        gateway_base.Popen2IO.__init__(self, self.popen.stdin, self.popen.stdout, execmodel=execmodel)

    gateway_io.Popen2IOMaster.__init__ = start  # type: ignore[method-assign]


class ForkServer:
    """The process that forks, from a test's side; it ends with the process that started it."""

    def __init__(self) -> None:
        self.environment = of_python(dict(os.environ))
        self.folder = tempfile.mkdtemp(prefix="fork-")
        self.address = os.path.join(self.folder, "server")
        self.process = subprocess.Popen(
            [sys.executable, __file__, self.address], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self.process.stdout
        assert self.process.stdout.readline() == b"ready\n"

    def popen(self, command: Sequence[str], stdout: Any, stderr: Any, **more: Any) -> Any:
        """pytester's `popen`; where Python itself is told something else, there is nothing to share."""
        if of_python(dict(os.environ)) != self.environment:
            path = os.pathsep.join(filter(None, [os.getcwd(), os.environ.get("PYTHONPATH", "")]))
            environment = os.environ | {"PYTHONPATH": path}
            return subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, env=environment
            )
        with open(os.devnull) as nothing:
            return Forked(self.address, command, list(map(number, (nothing, stdout, stderr))))

    def run(self, command: Sequence[str], timeout: float, **_: Any) -> subprocess.CompletedProcess[str]:
        """What `subprocess.run` says, its output captured as text."""
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            process = self.popen(command, out, err)
            try:
                code = process.wait(timeout)
            finally:
                process.kill()
                process.wait()
            out.seek(0)
            err.seek(0)
            said, told = (file.read().decode(errors="replace") for file in (out, err))
        return subprocess.CompletedProcess(command, code, said, told)

    def close(self) -> None:
        self.process.communicate()
        shutil.rmtree(self.folder)


def warm_up() -> None:
    """One run of nothing imports pytest and its plugins as a run does: with their assertions rewritten."""
    import pytest

    with tempfile.TemporaryDirectory() as empty, open(os.devnull, "w") as nothing:
        Path(empty, "pytest.ini").write_text("[pytest]\n")
        with contextlib.redirect_stdout(nothing):
            pytest.main(["-p", "no:cacheprovider", "-n0", "--rootdir", empty, empty])
    for module in ("xdist.dsession", "xdist.remote", "xdist.workermanage"):
        importlib.import_module(module)
    import_all("pytest_llm")
    assert threading.active_count() == 1
    gc.collect()
    gc.freeze()


def serve(address: str) -> dict[str, Any]:
    """Forks for each that connects; returns in each forked process, with what it is asked for."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        sources: list[socket.socket | int] = [listener, 0]
        listener.bind(address)
        listener.listen(64)
        os.write(1, b"ready\n")
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        while True:
            ready, _, _ = select.select(sources, [], [])
            if listener not in ready:
                os._exit(0)
            connection, _ = listener.accept()
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                listener.close()
                return keep(connection)
            connection.close()


def keep(connection: socket.socket) -> dict[str, Any]:
    """Stays with one process until its end: passes a signal on to it, and its exit code back."""
    message, files, _, _ = socket.recv_fds(connection, LARGEST, 3)
    request: dict[str, Any] = json.loads(message)
    pid = os.fork()
    if pid == 0:
        connection.close()
        for number, file in enumerate(files):
            os.dup2(file, number)
            os.close(file)
        return request
    for file in (*files, 0, 1, 2):
        os.close(file)
    with contextlib.suppress(OSError):
        os.setpgid(pid, request["group"])
        connection.send(str(pid).encode())
    threading.Thread(target=pass_on, args=(connection, pid), daemon=True).start()
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    with contextlib.suppress(OSError):
        connection.send(str(code).encode())
    os._exit(0)


def pass_on(connection: socket.socket, pid: int) -> None:
    """A signal; the last one, where whoever started the process is gone."""
    os.kill(pid, int(connection.recv(LARGEST) or signal.SIGKILL))


def become(request: dict[str, Any], path: list[str]) -> None:
    """The process that the command would have started: `python -m MODULE ARGUMENTS` or `python -u -c CODE`."""
    os.chdir(request["folder"])
    sys.stdout.reconfigure(line_buffering=sys.stdout.isatty())  # type: ignore[union-attr]
    os.environ.clear()
    os.environ.update(request["environment"])
    _, first, *arguments = request["command"]
    sys.path[:] = [request["folder"], request["folder"], *path]
    if first == "-u":
        sys.argv[:] = ["-c"]
        sys.modules["__main__"] = main = types.ModuleType("__main__")
        exec(arguments[-1], main.__dict__)
        return
    importlib.import_module("xdist.plugin")._sys_path[:] = sys.path  # what it hands to its workers
    module = first.removeprefix("-m") or arguments.pop(0)
    sys.argv[:] = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _path, _address = sys.path[1:], sys.argv[1]
    warm_up()
    _request = serve(_address)
    fork_workers(_address)
    become(_request, _path)
