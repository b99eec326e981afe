"""The process within the walls that starts programs: it reads no byte that a program reads or writes.

A file of its own, started alone: it imports nothing of ours. A request is a message on its socket with the
descriptors of the program's streams, of the socket that tells how it went, and of the control groups it joins. Each
program gets a mount namespace in which its folder is the only one of all our folders, a process namespace that ends
with it, and an IPC namespace.
"""

from __future__ import annotations

import _socket
import contextlib
import ctypes
import os
import resource
import signal
import sys

_LARGEST = 1 << 20  # bytes of a request
_FIRST, _MOST = 3, 1 << 20  # descriptors: of those after the streams, no program gets one
_CLONE = {"x86_64": 56, "aarch64": 220, "riscv64": 220}  # the system call's number; all take the flags first
_NEWNS, _NEWIPC, _NEWPID = 0x20000, 0x8000000, 0x20000000
_RDONLY, _NOSUID, _NODEV, _NOEXEC, _REMOUNT, _BIND = 1, 2, 4, 8, 32, 4096
_DETACH = 2
_PDEATHSIG, _NO_NEW_PRIVS, _CAPBSET_DROP, _AMBIENT, _AMBIENT_CLEAR = 1, 38, 24, 47, 4
_CAPABILITIES = 0x20080522  # the version that all kernels since 2.6.26 take
_TAKEN = (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT)  # by Python, for itself

_libc = ctypes.PyDLL(None, use_errno=True)
_calls = {
    name: getattr(_libc, name) for name in ("capset", "mount", "prctl", "umount2", "unshare")
}  # looked up once
_header, _none = (ctypes.c_uint32 * 2)(_CAPABILITIES, 0), (ctypes.c_uint32 * 6)()


def main(socket: int, base: str, *hidden: str) -> None:
    """Start one program after the other until the socket closes.

    hidden: folders that only this process needed, and for which the root, read-only from then on, has places.
    """
    os.dup2(socket, _FIRST, inheritable=False)
    os.closerange(_FIRST + 1, _MOST)
    asked, number = _socket.socket(fileno=_FIRST), _CLONE[os.uname().machine]
    _called("unshare", _NEWNS)
    for path in hidden:
        _called("umount2", os.fsencode(path), _DETACH)
        with contextlib.suppress(OSError):  # what else is shown may lie beside it
            os.removedirs(path)
    _mount(None, b"/", None, _REMOUNT | _BIND | _RDONLY | _NOSUID | _NODEV)
    _bounded()
    while True:
        request, ancillary, _, _ = asked.recvmsg(_LARGEST, 1024)
        if not request:
            return
        fds = [fd for _, _, data in ancillary for fd in memoryview(data).cast("i")]
        child = _libc.syscall(number, _NEWNS | _NEWIPC | _NEWPID | signal.SIGCHLD, 0, 0, 0, 0)
        if not child:
            _first(fds, os.fsencode(base), request)
        for fd in fds[:3] + fds[4:]:
            os.close(fd)
        told = _socket.socket(fileno=fds[3])
        if child < 0:
            told.send(b"broke clone")
        else:
            gone = os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
            assert gone is not None
            told.send(b"ended %d" % (gone.si_status if gone.si_code == os.CLD_EXITED else -gone.si_status))
            told.recv(1)  # as long as somebody may want to kill it, nothing else gets its number
            os.waitpid(child, 0)
        told.close()


def _first(fds: list[int], base: bytes, request: bytes) -> None:
    """The first process of the new namespaces: all others end with it. It starts the program and waits."""
    told = _socket.socket(fileno=fds[3])
    try:
        folder, largest, count, *words = request.split(b"\0")
        argv, env = words[: int(count)], dict(word.split(b"=", 1) for word in words[int(count) :])
        _called("prctl", _PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        for fd in fds[4:]:
            os.write(fd, b"0")
        _alone(base, folder)
        _mount(b"proc", b"/proc", b"proc", _RDONLY | _NOSUID | _NODEV | _NOEXEC, b"subset=pid")
        os.setsid()
        os.chdir(folder)
        _called("capset", _header, _none)
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(largest), int(largest)))
        for wanted, fd in enumerate(fds[:3]):
            os.dup2(fd, wanted)
        told.send(b"begun")
    except BaseException as error:
        told.send(b"broke " + repr(error).encode())
        os._exit(1)
    told.detach()
    os.closerange(_FIRST, _MOST)
    try:
        program = os.posix_spawn(argv[0], argv, env, setsigdef=_TAKEN)
    except OSError as error:
        os.write(2, argv[0] + b": " + str(error.strerror).encode() + b"\n")
        os._exit(127)
    while True:
        pid, status = os.wait()
        if pid == program:
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else 128 - code)


def _alone(base: bytes, folder: bytes) -> None:
    """Of the folders in `base`, this one."""
    source = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    _mount(b"tmpfs", base, b"tmpfs", _NOSUID | _NODEV, b"size=64k,mode=755")
    os.mkdir(folder)
    _mount(b"/proc/self/fd/%d" % source, folder, None, _BIND)
    _mount(None, base, None, _REMOUNT | _BIND | _RDONLY | _NOSUID | _NODEV)
    os.close(source)


def _bounded() -> None:
    """Nothing that is started from here on ever gains a capability, or leaves a core."""
    _called("prctl", _NO_NEW_PRIVS, 1, 0, 0, 0)
    _called("prctl", _AMBIENT, _AMBIENT_CLEAR, 0, 0, 0)
    number = 0
    while not _libc.prctl(_CAPBSET_DROP, number, 0, 0, 0):
        number += 1
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _mount(source: bytes | None, target: bytes, kind: bytes | None, flags: int, words: bytes | None = None) -> None:
    _called("mount", source, target, kind, ctypes.c_ulong(flags), words)


def _called(name: str, *arguments: object) -> None:
    if _calls[name](*arguments):
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
