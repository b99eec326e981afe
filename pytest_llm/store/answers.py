"""Answers as rows: an answer, or why none came, with the question it was asked by."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import sqlalchemy as sa

from pytest_llm.errors import (
    AnswerTooLarge,
    GenerationLoop,
    GenerationTimeout,
    NoAnswer,
    PromptTooLong,
    PytestLlmError,
    Unsupported,
)
from pytest_llm.providers.base import Response
from pytest_llm.providers.plain import known, response_from, response_plain, shallow
from pytest_llm.providers.wire.secrets import without
from pytest_llm.store.keys import Question, Wanted, new_id
from pytest_llm.store.runs import stamp
from pytest_llm.store.schema import AT_ONCE, answers, hashed, insert

Outcome = Response | PytestLlmError
WHOLE = "answer"
# What is kept where no whole answer came: what each is made of again. Errors of the harness are none of them.
FAILURES: Mapping[str, tuple[type[PytestLlmError], tuple[str, ...]]] = {
    "timeout": (GenerationTimeout, ("seconds", "partial", "thinking")),
    "loop": (GenerationLoop, ("piece", "partial", "thinking")),
    "large": (AnswerTooLarge, ("limit", "partial", "thinking")),
    "prompt": (PromptTooLong, ("said", "prompt_tokens", "context", "answer_tokens")),
    "unsupported": (Unsupported, ("reason", "remedy")),
}
KINDS = (WHOLE, *FAILURES)
_CUTS = {"timeout": "seconds", "large": "limit"}


@dataclass(frozen=True)
class Answer:
    """A stored answer. id: sorts by time. made: ISO 8601, UTC. kind: one of KINDS. answer: plain data.

    alone: it was measured with the server alone. exact, replay: its keys.
    """

    id: str
    made: str
    kind: str
    alone: bool
    question: Question
    answer: Mapping[str, Any]
    exact: str
    replay: str

    def outcome(self) -> Outcome:
        """The response, or the error to be raised, marked as stored. Raises KeyError, TypeError: it is broken."""
        day = self.made[:10]
        if self.kind == WHOLE:
            return replace(response_from(self.answer), stored=day, id=self.id)
        kind, names = FAILURES[self.kind]
        error = kind(*(self.answer[name] for name in names))
        if isinstance(error, NoAnswer):
            error.stored, error.id = day, self.id
        return error


def is_kept(outcome: Outcome) -> bool:
    """Whether it says something of the model: what broke on the way does not."""
    if isinstance(outcome, Response):
        return outcome.finish != "error"
    return isinstance(outcome, tuple(kind for kind, _ in FAILURES.values()))


def made(question: Question, outcome: Outcome, *, alone: bool, hidden: Sequence[str] = (), id_: str = "") -> Answer:
    """An answer of this moment, without the words that nothing may show."""
    kind, said = _said(outcome)
    asked = Question(**without(shallow(question), hidden)) if hidden else question
    return Answer(
        id=id_ or new_id(),
        made=stamp(time.time()),
        kind=kind,
        alone=alone,
        question=asked,
        answer=without(said, hidden),
        exact=question.exact,
        replay=question.replay,
    )


def _said(outcome: Outcome) -> tuple[str, dict[str, Any]]:
    if isinstance(outcome, Response):
        return WHOLE, response_plain(outcome)
    kind, (_, names) = next(item for item in FAILURES.items() if isinstance(outcome, item[1][0]))
    return kind, {name: getattr(outcome, name) for name in names}


def row(answer: Answer) -> dict[str, Any]:
    question = answer.question
    return {
        "id": answer.id,
        "exact": answer.exact,
        "replay": answer.replay,
        "made": answer.made,
        "kind": answer.kind,
        "cut": answer.answer[_CUTS[answer.kind]] if answer.kind in _CUTS else None,
        "alone": answer.alone,
        "model": hashed(question.model),
        "digest": hashed(question.digest),
        "question": json.dumps(shallow(question), ensure_ascii=True),
        "answer": json.dumps(dict(answer.answer), ensure_ascii=True),
    }


def from_row(found: Any) -> Answer:
    """What `row` made. Raises ValueError, TypeError where it is none."""
    question = Question(**known(Question, json.loads(found.question)))
    said = json.loads(found.answer)
    return Answer(found.id, found.made, found.kind, found.alone, question, said, found.exact, found.replay)


def add(connection: sa.Connection, new: Sequence[Answer]) -> int:
    """Write those that are not there yet; how many."""
    adding = _adding(connection.dialect.name)
    parts = (new[begin : begin + AT_ONCE] for begin in range(0, len(new), AT_ONCE))
    return sum(connection.execute(adding, [row(answer) for answer in some]).rowcount for some in parts)


@cache
def _adding(dialect: str) -> sa.Insert:
    """Where it is not there yet; it tells how many were not."""
    adding: sa.Insert = insert(answers, dialect).on_conflict_do_nothing()
    return adding.execution_options(preserve_rowcount=True)


def by_exact(question: Question, wanted: Wanted) -> sa.Select[Any]:
    """The newest answer to just this question. What a model cannot do costs nothing to be asked again."""
    usable = [answers.c.exact == question.exact, answers.c.kind != "unsupported", *_uncut(wanted)]
    if wanted.alone:
        usable.append(answers.c.alone)
    return sa.select(answers).where(*usable).order_by(answers.c.id.desc()).limit(1)


def by_replay(question: Question, wanted: Wanted) -> sa.Select[Any]:
    """The newest answer of a model of this name; where it is to be measured alone, those that were come first."""
    first = [answers.c.alone.desc()] if wanted.alone else []
    usable = [answers.c.replay == question.replay, *_uncut(wanted)]
    return sa.select(answers).where(*usable).order_by(*first, answers.c.id.desc()).limit(1)


def by_id(id_: str) -> sa.Select[Any]:
    return sa.select(answers).where(answers.c.id == id_)


def digests(question: Question) -> sa.Select[Any]:
    """How many models of this name have answered it."""
    return sa.select(sa.func.count(answers.c.digest.distinct())).where(answers.c.replay == question.replay)


def of_model(model: str) -> sa.Select[Any]:
    """How many answers there are of a model of this name."""
    return sa.select(sa.func.count()).select_from(answers).where(answers.c.model == hashed(model))


def by_ids(ids: Sequence[str]) -> sa.Select[Any]:
    return sa.select(answers).where(answers.c.id.in_(ids)).order_by(answers.c.id)


def newest_ids(model: str = "") -> sa.Select[Any]:
    """The newest answer to each question, of one model or of all."""
    wanted = sa.select(sa.func.max(answers.c.id)).group_by(answers.c.exact)
    return wanted.where(answers.c.model == hashed(model)) if model else wanted


def by_model() -> sa.Select[Any]:
    """For each model of a name: how many answers, of the first and of the last day, and the id of the last."""
    c, last = answers.c, sa.func.max(answers.c.id)
    figures = [
        sa.func.count().label("number"),
        sa.func.min(c.made).label("first"),
        sa.func.max(c.made).label("latest"),
        last.label("id"),
    ]
    found: sa.Select[Any] = sa.select(*figures).group_by(c.model, c.digest).order_by(last)
    return found


def superfluous(keep: int, before: str = "") -> sa.Select[Any]:
    """The answers beyond the newest `keep` to each question, and those made before that moment (ISO 8601)."""
    rank = sa.func.row_number().over(partition_by=answers.c.exact, order_by=answers.c.id.desc()).label("rank")
    ranked = sa.select(answers.c.id, answers.c.made, rank).subquery()
    return sa.select(ranked.c.id).where(sa.or_(ranked.c.rank > keep, ranked.c.made < before))


def remove(connection: sa.Connection, gone: sa.Select[Any]) -> None:
    connection.execute(sa.delete(answers).where(answers.c.id.in_(gone)))


def _uncut(wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    limits = {"timeout": wanted.timeout, "large": wanted.size}
    return [sa.or_(answers.c.kind != kind, answers.c.cut >= limit) for kind, limit in limits.items()]
