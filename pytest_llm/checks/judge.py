"""`judge`: another model grades the answer by a rubric."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from textwrap import dedent
from typing import Any, ClassVar

from pydantic import Field, PrivateAttr, StrictInt, field_validator, model_validator

from pytest_llm.answers.extract import Artifact
from pytest_llm.cases.fields import FileRef, Options, ThinkMode
from pytest_llm.cases.request import FIRST_SEED, Message, think_field
from pytest_llm.checks import calibration, grading
from pytest_llm.checks.base import Check, CheckContext, Duration, Finding, Severity, one_line
from pytest_llm.checks.calibration import Calibration
from pytest_llm.checks.grading import Scale, Vote
from pytest_llm.errors import BudgetSpent, HarnessError, InputError, PytestLlmError, Unsupported
from pytest_llm.providers.asking import Question
from pytest_llm.providers.base import Response

TOP = 5  # of the scale, where a case gives `min` alone
VARIED = 0.7  # the temperature of several votes: at 0 they would all be the same
_ENOUGH = 4096  # tokens for a reason, a grade, and the thinking before them
_SHOWN, _LONG = 300, 2000  # characters of a reason in a message, and below it


class Judge(Check):
    """A `model` grades the answer by a `rubric` (text, or `{file: NAME}`): pass or fail, or with `min` from 1 to
    `scale`. It is asked once, or `votes` times. Its verdict fails the cell only where a `calibration` shows that it
    agrees with people, else it is a warning.
    """

    name: ClassVar[str] = "judge"
    file_fields: ClassVar[tuple[str, ...] | None] = ("calibration",)
    rubric: str | FileRef = Field(description="what a good answer is: text, or {file: NAME}")
    model: str = Field(min_length=1, description="the model that grades, named as under `models`")
    min: StrictInt | None = Field(None, ge=2, description="the lowest grade that passes; without it, pass or fail")
    scale: StrictInt | None = Field(None, ge=2, le=10, description="the best grade; 5 where only `min` is given")
    votes: StrictInt = Field(1, ge=1, le=9, description="how often it is asked: an odd number, the majority counts")
    calibration: str | None = Field(None, description="a file that `pytest-llm calibrate` wrote")
    think: ThinkMode = "default"
    options: Options = Options()
    timeout: Duration = Field(300.0, gt=0)

    _text: str = PrivateAttr(default="")
    _calibrated: Calibration | None = PrivateAttr(default=None)

    @field_validator("rubric")
    @classmethod
    def _said(cls, rubric: str | FileRef) -> str | FileRef:
        if isinstance(rubric, str) and not rubric.strip():
            raise ValueError("must be text, not nothing")
        return rubric

    @field_validator("votes")
    @classmethod
    def _odd(cls, votes: int) -> int:
        if votes % 2 == 0:
            raise ValueError(f"must be an odd number, so that there is a majority, not {votes}")
        return votes

    @model_validator(mode="after")
    def _one_scale(self) -> Judge:
        if self.scale is not None and self.min is None:
            raise ValueError("`scale` needs `min`: the lowest grade that passes")
        if self.min is not None and self.min > self.grades.top:
            raise ValueError(f"`min: {self.min}` is above the scale, which ends at {self.grades.top}")
        return self

    @property
    def models(self) -> tuple[str, ...]:
        return (self.model,)

    @property
    def asks(self) -> int:
        return self.votes

    @property
    def label(self) -> str:
        said = self.rubric if isinstance(self.rubric, str) else self.rubric.file
        return one_line(f"{self.name} {self.model}: {said}")

    @property
    def grades(self) -> Scale:
        return Scale() if self.min is None else Scale(self.min, self.scale or TOP)

    def files_read(self, folder: Path) -> tuple[Path, ...]:
        own = (folder / self.rubric.file,) if isinstance(self.rubric, FileRef) else ()
        return (*own, *super().files_read(folder))

    def prepare(self, folder: Path, root: Path) -> None:
        """Read the rubric and the calibration. Raises InputError; a calibration that is not there yet is none."""
        self._text = self._read(folder, root)
        if self.calibration is not None and (path := _place(self.calibration, folder, root)).is_file():
            self._calibrated = calibration.read(path)

    def _read(self, folder: Path, root: Path) -> str:
        from pytest_llm.cases.paths import inside, refuse_url
        from pytest_llm.cases.yamlfile import read_text

        if isinstance(self.rubric, str):
            refuse_url("rubric", self.rubric)
            return self.rubric
        text = read_text(inside(self.rubric.file, folder, root, what="rubric"))
        if not text.strip():
            raise InputError(f"the rubric {self.rubric.file!r} is empty")
        return text

    def questions(self, task: str, answer: str) -> list[Question]:
        """One for each vote; they differ by their seeds."""
        return [
            Question(
                self.model,
                grading.messages(self._text, task, answer, self.grades),
                think_field(self.think),
                grading.schema(self.grades),
                self._options(number),
                self.timeout,
            )
            for number in range(self.votes)
        ]

    def _options(self, number: int) -> dict[str, Any]:
        given = self.options.plain()
        own = {"temperature": VARIED if self.votes > 1 else 0, "num_predict": _ENOUGH, **given}
        return own | {"seed": given.get("seed", FIRST_SEED) + number}

    @property
    def fixed(self) -> str:
        """A hash of all that the judge is told but task and answer, and of what becomes of its grades."""
        asked = [
            [[m.role, m.content] for m in one.messages] + [one.think, one.format, one.options]
            for one in self.questions("", "")
        ]
        text = json.dumps([asked, self.grades.least, self.grades.top], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def run(self, artifact: Artifact, context: CheckContext) -> Iterator[Finding]:
        if not self._text:
            self.prepare(context.folder, context.root)
        if context.ask is None:
            raise HarnessError(f"{self.label}: there is nobody here who could ask a model")
        questions = self.questions(_task(context), artifact.answer)
        answers = context.ask(questions)
        votes = [self.vote(answer) for answer in answers]
        context.judged.append(_told(self.label, questions[0], answers, votes))
        passed = grading.majority(votes, self.grades)
        if passed is None:
            self._undecided(answers, votes)
        yield self._finding(bool(passed), votes, self._doubt(answers))

    def vote(self, answer: Response | PytestLlmError) -> Vote:
        """What an answer of the judge's says."""
        return grading.read(answer.text, self.grades) if isinstance(answer, Response) else Vote(error=str(answer))

    def _undecided(self, answers: Sequence[Response | PytestLlmError], votes: Sequence[Vote]) -> None:
        """Raises why: what kept a question from an answer first, then what was wrong with an answer."""
        for answer in answers:
            if isinstance(answer, Unsupported | BudgetSpent):
                raise answer
        error, _, hint = next(vote.error for vote in votes if vote.error).partition("\n")
        message = f"the judge {self.model} gave no verdict: {one_line(error, _SHOWN)}"
        raise HarnessError(message, hint="\n".join(filter(None, (dedent(hint), self._each(votes)))))

    def _doubt(self, answers: Sequence[Response | PytestLlmError]) -> str:
        """Why the judge only warns, "" where it may fail the cell."""
        if self._calibrated is None:
            return f"{self.calibration} is not there yet" if self.calibration else "it has no `calibration`"
        digests = {answer.digest for answer in answers if isinstance(answer, Response)}
        if len(digests) > 1:
            return "several models of its name answered"
        return self._calibrated.doubt(self.fixed, self.model, next(iter(digests), ""))

    def _finding(self, passed: bool, votes: Sequence[Vote], doubt: str) -> Finding:
        severity: Severity = "note" if passed else "warning" if doubt else "failure"
        kept = "" if passed or not doubt else f"it only warns: {doubt} ({calibration.HOW})"
        details = "\n".join(filter(None, (self._each(votes), kept)))
        return Finding(self.label, self._words(passed, votes), severity, "judge", details=details)

    def _words(self, passed: bool, votes: Sequence[Vote]) -> str:
        """The verdict with the first reason for it."""
        scale = self.grades
        given = [vote for vote in votes if vote.grade is not None and scale.passes(vote.grade) is passed]
        reason = one_line(given[0].reason, _SHOWN)
        told = f"{len(given)} of {len(votes)} votes" if len(votes) > 1 else scale.shown(given[0].grade or "")
        needed = f", {scale.least} is needed" if scale.top and not passed else ""
        return f"the judge {self.model} says {'pass' if passed else 'fail'} ({told}{needed}): {reason}"

    def _each(self, votes: Sequence[Vote]) -> str:
        """What each of several votes says, or one whose reason is longer than a message."""
        if len(votes) == 1:
            return votes[0].reason if len(votes[0].reason) > _SHOWN else ""
        said = [vote.error or f"{self.grades.shown(vote.grade or '')}: {vote.reason}" for vote in votes]
        return "\n".join(f"{number}. {one_line(one, _LONG)}" for number, one in enumerate(said, 1))


def _task(context: CheckContext) -> str:
    """What the model was asked, as far as it is known: all of its messages, but for those of the system."""
    said: Sequence[Message] = [m for m in context.request.messages if m.role != "system"] if context.request else ()
    if len(said) == 1:
        return said[0].content
    return "\n\n".join(f"{message.role}: {message.content}" for message in said)


def _place(name: str, folder: Path, root: Path) -> Path:
    """Of a calibration that need not be there. Raises InputError where the name leads out of the root."""
    from pytest_llm.cases.paths import inside

    given = folder / name
    return inside(name, folder, root, what="calibration") if given.exists() or Path(name).is_absolute() else given


def _told(
    label: str, question: Question, answers: Sequence[Response | PytestLlmError], votes: Sequence[Vote]
) -> dict[str, Any]:
    """For the record: what was asked, and each vote."""
    said = [_vote(answer, vote) for answer, vote in zip(answers, votes, strict=True)]
    messages = [{"role": m.role, "content": m.content} for m in question.messages]
    return {
        "check": label,
        "model": question.model,
        "messages": messages,
        "options": dict(question.options),
        "votes": said,
    }


def _vote(answer: Response | PytestLlmError, vote: Vote) -> dict[str, Any]:
    known = answer if isinstance(answer, Response) else Response("")
    return {
        "grade": vote.grade,
        "reason": vote.reason,
        "error": vote.error,
        "text": known.text,
        "thinking": known.thinking,
        "id": known.id,
        "digest": known.digest,
        "stored": known.stored,
    }
