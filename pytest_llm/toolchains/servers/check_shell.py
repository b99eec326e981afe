"""Stays, and looks over what it is sent: TICKET, a tab, {"text", "modes": bash's options, "dialect": shellcheck's,
or empty} on a line; TICKET, a tab, {"code": bash's exit code, "said": its words, "report": shellcheck's} back.

Arguments: bash, and shellcheck, which stays where it can and has no say where bash refuses a text.
"""

import json
import os
import select
import subprocess
import sys
from io import FileIO

FILES = 50  # that one shellcheck looks at: it keeps them all until it ends
LONGEST = 200_000  # characters of bash's words
FILE = "snippet.sh"
END = b"</file>"


class Pipe:
    """A named pipe with both ends open: who opens it waits for the text, and finds it there if it came before."""

    def __init__(self, name: str) -> None:
        os.mkfifo(name)
        self._name, self._out = name, os.open(name, os.O_RDONLY | os.O_NONBLOCK)
        self.into = FileIO(os.open(name, os.O_WRONLY | os.O_NONBLOCK), "w")

    def close(self) -> None:
        self.into.close()
        os.close(self._out)
        os.unlink(self._name)


class Linter:
    """A shellcheck that is given its files one after the other.

    It opens the next one, a pipe, when it has done with the last, and waits there for the text. That a file may
    `source` the others that it is given helps nobody: their names are not to be guessed. It writes to a terminal,
    since only there it tells of a file at once.
    """

    def __init__(self, program: str, dialect: str) -> None:
        names = [f"{os.urandom(16).hex()}.sh" for _ in range(FILES)]
        self._names = iter(names)
        self._next: Pipe | None = Pipe(next(self._names))
        self._terminal, theirs = os.openpty()
        words = [program, "--norc", "-f", "checkstyle", "-e", "SC2148", "-s", dialect, *names]
        self._process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=theirs, stderr=subprocess.DEVNULL)
        os.close(theirs)

    def said(self, text: bytes) -> str | None:
        """Its report of a text; None where it came to an end, at the latest of its files."""
        pipe = self._next
        if pipe is None:
            return None
        following = next(self._names, None)
        self._next = Pipe(following) if following else None
        said = self._exchanged(pipe.into, text)
        pipe.close()
        return None if said is None else said.decode("utf-8", "replace")

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._terminal)
        if self._next:
            self._next.close()
            self._next = None

    def _exchanged(self, into: FileIO, text: bytes) -> bytes | None:
        said, waiting = bytearray(), select.poll()
        waiting.register(into, select.POLLOUT)
        waiting.register(self._terminal, select.POLLIN)
        while not said.rstrip().endswith(END):
            for fd, _ in waiting.poll():
                if fd == self._terminal:
                    try:
                        said += os.read(fd, 1 << 16)
                    except OSError:  # nobody writes to it any more
                        return None
                    continue
                text = text[into.write(text) or 0 :]
                if not text:
                    waiting.unregister(into)
                    into.close()
        return bytes(said)


def parsed(text: bytes, modes: list[str]) -> tuple[int, str]:
    """bash's exit code and its words."""
    with open(FILE, "wb") as file:
        file.write(text)
    argv = [bash, *modes, "-n", FILE]
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    return done.returncode, done.stderr[:LONGEST].decode("utf-8", "replace")


def looked_over(text: bytes, dialect: str) -> str | None:
    """By a new one where the last has ended, owed to what it had seen before, maybe. None where none starts."""
    linter = linters.get(dialect)
    said = linter.said(text) if linter else None
    if said is None:
        if linter:
            linter.close()
        try:
            linters[dialect] = linter = Linter(shellcheck, dialect)
        except OSError:
            return None
        said = linter.said(text)
    return said


bash, shellcheck = sys.argv[1:]
linters: dict[str, Linter] = {}
for line in sys.stdin.buffer:
    ticket, _, payload = line.decode().partition("\t")
    request = json.loads(payload)
    raw = request["text"].encode()
    code, said = parsed(raw, request["modes"])
    report = looked_over(raw, request["dialect"]) if request["dialect"] and not code else None
    answer = {"code": code, "said": said, "report": report}
    sys.stdout.write(f"{ticket}\t{json.dumps(answer)}\n")
    sys.stdout.flush()
