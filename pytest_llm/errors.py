"""The exceptions of pytest-llm.

PytestLlmError
├── InputError             a file of the user's is wrong: one collection error, with its line
│   └── InputErrors            several things are, told together
├── HarnessError           the cell could not be judged: ERROR, never FAILED
│   ├── ProviderError      a server or an engine did not answer as it must
│   │   ├── ServerDown         nothing listens, or nothing answers
│   │   ├── Unanswered         nothing came of this request in time, though the server is there for others
│   │   ├── ModelUnavailable   the model is not there, or cannot be loaded
│   │   ├── RequestRefused     the server will not take this request
│   │   ├── BrokenAnswer       the answer stopped, or was no answer
│   │   └── ServerBusy         the queue is full
│   ├── StoreError         the store of answers cannot be read or written: the run goes on without it
│   └── CheckCrashed       a compiler, a browser or a check itself broke
├── NoAnswer               no whole answer came, and the harness is well: FAILED
│   ├── GenerationTimeout      tokens flowed, but longer than the case's `timeout`: the model's failure
│   ├── GenerationLoop         the model repeated itself until the server gave up: the model's failure
│   ├── AnswerTooLarge         more came than an answer may have: cut there, the model's failure
│   └── PromptTooLong          the prompt does not fit into the context: the case's failure, as a trimmed one is
├── Unsupported            this machine or this model cannot do it: SKIPPED, with the remedy
├── BudgetSpent            what the run may cost is spent, and this was not asked: SKIPPED
└── RunStopped             pytest ends the run: nothing more is asked, and the cells that wait are not judged
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class PytestLlmError(Exception):
    """Anything that pytest-llm raises on purpose."""


class InputError(PytestLlmError):
    """A file of the user's is wrong: where, what was found, and what was expected.

    `line` counts from 1; None where the file as a whole is meant.
    """

    def __init__(self, message: str, *, path: Path | None = None, line: int | None = None, hint: str = "") -> None:
        self.message, self.path, self.line, self.hint = message, path, line, hint
        super().__init__(message)

    def __str__(self) -> str:
        where = "" if self.path is None else f"{self.path}:{self.line}: " if self.line else f"{self.path}: "
        return f"{where}{self.message}{indented(self.hint)}"


class InputErrors(InputError):
    """Several things are wrong in one file. errors: each with its place."""

    def __init__(self, errors: Sequence[InputError]) -> None:
        self.errors = tuple(errors)
        first = self.errors[0]
        super().__init__(first.message, path=first.path, line=first.line, hint=first.hint)

    def __str__(self) -> str:
        return "\n".join(map(str, self.errors))


class Complaints:
    """What is wrong in a file, gathered so that its author sees all of it at once."""

    def __init__(self) -> None:
        self._found: dict[str, InputError] = {}

    @contextmanager
    def gather(self) -> Iterator[None]:
        """Keep the InputError that ends the block, and go on after it."""
        try:
            yield
        except InputError as error:
            self.add(error)

    def add(self, error: InputError) -> None:
        errors = error.errors if isinstance(error, InputErrors) else [error]
        self._found.update({str(one): one for one in errors})

    @property
    def errors(self) -> list[InputError]:
        """What was gathered, each once, by file and line."""
        return sorted(self._found.values(), key=lambda error: (str(error.path), error.line or 0))

    def tell(self) -> None:
        """Raise what was gathered: the InputError itself where there is one, InputErrors where there are more."""
        if errors := self.errors:
            raise errors[0] if len(errors) == 1 else InputErrors(errors)


class HarnessError(PytestLlmError):
    """The cell could not be judged. `message` says what happened, `hint` what to do about it."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        self.message, self.hint = message, hint
        super().__init__(message)

    def __reduce__(self) -> tuple[object, ...]:  # keyword arguments survive a process boundary
        return (_rebuild, (type(self), self.args, self.__dict__))

    def __str__(self) -> str:
        return f"{self.message}{indented(self.hint)}"


class ProviderError(HarnessError):
    """A server or an engine did not answer as it must.

    `reach` says whom it concerns: this "request" alone, every request to the "model" (its group), or the whole
    "server"; the engine does not ask again beyond that reach. `retry` is how often the same request may be sent
    once more, `pause` whether to wait before that, and `wait` for how many seconds, where that is known. `partial`
    is what had been written when it broke off; `repeated` is set by the engine where an earlier cell was told the
    same.
    """

    reach: str = "request"
    retry: int = 0
    pause: bool = False
    wait: float | None = None
    repeated: bool = False

    def __init__(
        self, message: str, *, hint: str = "", reach: str | None = None, retry: int | None = None, partial: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.reach = self.reach if reach is None else reach
        self.retry = self.retry if retry is None else retry
        self.partial = partial


class ServerDown(ProviderError):
    """Nothing listens at the address, or nothing came within the time limit."""

    reach = "server"


class Unanswered(ProviderError):
    """The server took the request and sent nothing of it in time, though it answers others.

    This request alone is meant; after two in a row the engine takes it for the model's.
    """


class ModelUnavailable(ProviderError):
    """The model is not there, or the server cannot load it."""

    reach = "model"


class RequestRefused(ProviderError):
    """The server refuses this request (a 4xx): asking again would change nothing."""


class BrokenAnswer(ProviderError):
    """The answer stopped half-way, or was no answer: asked once more, then an ERROR."""

    retry = 1


class ServerBusy(ProviderError):
    """The server's queue is full (503, 429): asked again after a pause, within a bound."""

    retry = 5
    pause = True


class StoreError(HarnessError):
    """The store cannot be read or written: where it is, what happened. A run goes on without it where it can."""


class CheckCrashed(HarnessError):
    """A compiler, a browser or a check itself broke; this says nothing about the model."""


class NoAnswer(PytestLlmError):
    """No whole answer came. stored: the day of it, where it was not today; id: the store's, as of an answer.

    fingerprint: as of an answer, a providers.base.Fingerprint; None where it is not known.
    """

    stored: str = ""
    id: str = ""
    fingerprint: Any = None


class GenerationTimeout(NoAnswer):
    """Tokens were flowing when the case's `timeout` (seconds) ran out: the model was too slow."""

    def __init__(self, seconds: float, partial: str = "", thinking: str = "") -> None:
        self.seconds, self.partial, self.thinking = seconds, partial, thinking
        super().__init__(seconds, partial, thinking)

    def __str__(self) -> str:
        return f"the model was still writing after {self.seconds:g} s (the case's timeout)"


class GenerationLoop(NoAnswer):
    """The model wrote one `piece` again and again, until the server gave up; "" where only the server knows it."""

    def __init__(self, piece: str = "", partial: str = "", thinking: str = "") -> None:
        self.piece, self.partial, self.thinking = piece, partial, thinking
        super().__init__(piece, partial, thinking)

    def __str__(self) -> str:
        what = {"": "itself", "blanks": "blanks"}.get(self.piece, repr(self.piece))
        return f"the model repeated {what} until the server gave up"


class AnswerTooLarge(NoAnswer):
    """The stream of an answer went on beyond `limit` bytes; of what had been written the beginning is kept."""

    KEPT = 2**20  # characters: more than anybody reads, and every report and record holds it

    def __init__(self, limit: int, partial: str = "", thinking: str = "") -> None:
        self.limit, self.partial, self.thinking = limit, partial[: self.KEPT], thinking[: self.KEPT]
        super().__init__(limit, self.partial, self.thinking)

    def __str__(self) -> str:
        return f"the answer was cut at {self.limit} bytes (--llm-answer-size), and the model was still writing"


class PromptTooLong(NoAnswer):
    """The server refuses the prompt because it does not fit. Sizes in tokens; None where the server told none.

    answer_tokens: those that the answer may take, where the server counts them in.
    """

    def __init__(
        self,
        said: str,
        prompt_tokens: int | None = None,
        context: int | None = None,
        answer_tokens: int | None = None,
    ) -> None:
        self.said, self.prompt_tokens, self.context, self.answer_tokens = (
            said,
            prompt_tokens,
            context,
            answer_tokens,
        )
        super().__init__(said, prompt_tokens, context, answer_tokens)

    def __str__(self) -> str:
        if self.prompt_tokens is None or self.context is None:
            return f"the prompt does not fit into the context: {self.said}"
        if self.answer_tokens and self.prompt_tokens < self.context:
            return (
                f"the prompt does not fit: it has {self.prompt_tokens} tokens, num_predict wants "
                f"{self.answer_tokens} more, and the context holds {self.context}"
            )
        return f"the prompt does not fit: it has {self.prompt_tokens} tokens, and num_ctx is {self.context}"


class Unsupported(PytestLlmError):
    """This machine lacks a tool, or this model an ability. `remedy` is the command or change that mends it."""

    def __init__(self, reason: str, remedy: str = "") -> None:
        self.reason, self.remedy = reason, remedy
        super().__init__(reason, remedy)

    def __str__(self) -> str:
        return self.reason + (f" ({self.remedy})" if self.remedy else "")


class BudgetSpent(PytestLlmError):
    """What the run may cost is spent, and this was not asked any more."""


class RunStopped(PytestLlmError):
    """pytest ends the run (a first failure under `-x`, say) while a cell still waits for its verdict."""

    def __init__(self, reason: str = "not answered: the run was stopped") -> None:
        super().__init__(reason)


def _rebuild(kind: type[HarnessError], args: tuple[str, ...], state: dict[str, object]) -> HarnessError:
    error = kind(*args)
    error.__dict__.update(state)
    return error


def indented(hint: str) -> str:
    """The lines of a hint as they stand below a message."""
    return "".join(f"\n  {line}" for line in hint.splitlines())


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 answer`, `2 answers`; plural: where it is no `s` more."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def nearest(word: str, known: list[str]) -> str:
    """The known word that `word` was most likely meant to be, as a half-sentence; empty where none is near."""
    from difflib import get_close_matches

    close = get_close_matches(word, known, n=1, cutoff=0.6)
    return f", did you mean {close[0]!r}?" if close else ""
