"""`pytest-llm calibrate CASE ANSWERS`: a judge is held against people who graded the same answers."""

from __future__ import annotations

import dataclasses
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from pytest_llm.cases import casefile
from pytest_llm.cases.casefile import LoadedCase
from pytest_llm.checks.base import one_line
from pytest_llm.checks.calibration import KAPPA, LEAST, Calibration
from pytest_llm.checks.grading import Grade, Vote, majority
from pytest_llm.checks.judge import Judge
from pytest_llm.checks.registry import Registry
from pytest_llm.commands import graded
from pytest_llm.commands.collected import Collected, NotCollected, collected
from pytest_llm.commands.graded import Graded
from pytest_llm.commands.servers import addresses
from pytest_llm.errors import InputError, PytestLlmError, counted
from pytest_llm.providers.base import Response
from pytest_llm.reports.plain import plain
from pytest_llm.settings import GateSettings, Settings
from pytest_llm.statistics.agreement import cohen_kappa, quadratic

if TYPE_CHECKING:
    from pytest_llm.engine.engine import Engine

_SHOWN = 100  # characters of an answer, or of a reason, in a line
_MOST = 20  # disagreements that are shown


@dataclass(frozen=True)
class Judged:
    """One answer, what people say of it, and each vote of the judge's. passed: None where it gave no verdict."""

    graded: Graded
    votes: tuple[Vote, ...]
    passed: bool | None


def calibrate(
    case: Path,
    answers: Path,
    output: Path | None = None,
    number: int | None = None,
    collect: Callable[[Sequence[str]], Collected] = collected,
) -> int:
    """Print how far they agree, and write it. 0 the judge may fail a cell, 1 it only warns, 2 it was not found out.

    collect: what finds the settings of a run of the case.
    """
    try:
        found = collect([str(case)])
        loaded, judge = _judge(case, found, number)
        target = _target(loaded, judge, output)
        samples = graded.read(answers, judge.grades)
        if len(samples) < LEAST:
            hint = "a kappa of so few says next to nothing"
            raise InputError(
                f"{len(samples)} answers were graded, and {LEAST} are the least", path=answers, hint=hint
            )
        judged, digest = _ask(samples, loaded, judge, found)
        calibration = _calibration(judged, judge, digest)
        target.write_text(calibration.text(), encoding="utf-8")
    except (NotCollected, PytestLlmError) as error:
        print(plain(str(error)), file=sys.stderr)
        return 2
    except OSError as error:
        print(f"cannot write the calibration: {error}", file=sys.stderr)
        return 2
    print("\n".join(map(plain, [*_told(judged, judge, calibration), f"written: {target}"])))
    return int(bool(calibration.doubt(calibration.rubric, calibration.model, digest)))


def _judge(path: Path, found: Collected, number: int | None) -> tuple[LoadedCase, Judge]:
    """The judge that is meant. number: which of those in the file, from 1; None where there is one only."""
    if found.errors:
        raise InputError(found.errors[0]["error"])
    path = path.resolve()
    every = [(loaded, judge) for loaded in casefile.load(path, found.root) for judge in _judges(loaded)]
    if not every:
        raise InputError("there is no check `judge`", path=path)
    if number is None and len(every) > 1:
        shown = "\n  ".join(f"--judge {n}: {judge.label}" for n, (_, judge) in enumerate(every, 1))
        raise InputError(f"there are {len(every)} judges, say which:\n  {shown}", path=path)
    if not 1 <= (number or 1) <= len(every):
        raise InputError(f"there is no judge {number}: the last one is {len(every)}", path=path)
    return every[(number or 1) - 1]


def _judges(loaded: LoadedCase) -> Iterator[Judge]:
    case = loaded.case
    for entry in (*case.checks, *(check for stage in case.stages or () for check in stage.checks)):
        inner = entry.get("warn", entry) if isinstance(entry, Mapping) else entry
        if isinstance(inner, Mapping) and "judge" in inner:
            check = Registry().parse(inner, folder=loaded.folder, root=loaded.root)
            assert isinstance(check, Judge)
            if case.is_template and "{{" in str(inner["judge"].get("rubric")):
                raise loaded.error(("checks",), "a rubric that is a template is another one for each row")
            yield check


def _target(loaded: LoadedCase, judge: Judge, output: Path | None) -> Path:
    if output is None and judge.calibration is None:
        raise InputError("the judge names no `calibration`: say by -o where it is to be written", path=loaded.path)
    return output or loaded.folder / str(judge.calibration)


def _ask(samples: Sequence[Graded], loaded: LoadedCase, judge: Judge, found: Collected) -> tuple[list[Judged], str]:
    """What the judge says of each, and the digest of its model."""
    from pytest_llm.models.reference import resolve
    from pytest_llm.verdicts.asking import Asking

    settings = _settings(found)
    trusted = settings.host_trusted
    model = resolve(
        judge.model, modelfiles=settings.modelfiles, root=settings.root, engine=settings.engine, trusted=trusted
    )
    engine = _engine(settings)
    task = _task(loaded)
    questions = [one for sample in samples for one in judge.questions(sample.prompt or task, sample.answer)]
    print(f"asking {judge.model} {counted(len(questions), 'time')} …", file=sys.stderr, flush=True)
    try:
        answers = Asking({judge.model: model}, "calibrate#", engine)(questions)
    finally:
        engine.close()
    digests = {answer.digest for answer in answers if isinstance(answer, Response)}
    if not digests:
        raise next(answer for answer in answers if isinstance(answer, PytestLlmError))
    if len(digests) > 1:
        raise InputError(f"several models called {judge.model!r} answered: calibrate one of them")
    votes = [judge.vote(answer) for answer in answers]
    parts = [tuple(votes[begin : begin + judge.votes]) for begin in range(0, len(votes), judge.votes)]
    pairs = zip(samples, parts, strict=True)
    return [Judged(sample, some, majority(some, judge.grades)) for sample, some in pairs], digests.pop()


def _engine(settings: Settings) -> Engine:
    from pytest_llm.engine.dispatch import Dispatch
    from pytest_llm.engine.engine import Engine
    from pytest_llm.providers import connect

    def progress(line: str) -> None:
        print(plain(line), file=sys.stderr)

    return Engine(Dispatch(lambda name: connect(name, settings, progress), slots=settings.slots))


def _settings(found: Collected) -> Settings:
    """Those of a run here."""
    said = dict(found.settings)
    said["gate"] = GateSettings()
    said["modelfiles"] = tuple(map(Path, said["modelfiles"]))
    said = {key: tuple(value) if isinstance(value, list) else value for key, value in said.items()}
    said |= {"hosts": addresses(said, "hosts"), "openai_urls": addresses(said, "openai_urls")}
    known = {field.name for field in dataclasses.fields(Settings)}
    return Settings(**{**{key: value for key, value in said.items() if key in known}, "root": found.root})


def _task(loaded: LoadedCase) -> str:
    """What the case asks, where it is the same for all its cells."""
    case = loaded.case
    return str(case.prompt) if case.prompt is not None and not case.is_template else ""


def _calibration(judged: Sequence[Judged], judge: Judge, digest: str) -> Calibration:
    scale = judge.grades
    known = [one for one in judged if one.passed is not None]
    pairs = [(float(scale.passes(one.graded.grade)), float(bool(one.passed))) for one in known]
    agreed = sum(ours == theirs for ours, theirs in pairs)
    return Calibration(
        model=judge.model,
        digest=digest,
        rubric=judge.fixed,
        n=len(known),
        agreement=round(agreed / len(known), 4) if known else 0.0,
        kappa=_rounded(cohen_kappa(pairs)),
        weighted=_rounded(cohen_kappa(_on_scale(known), quadratic)) if scale.top else None,
    )


def _rounded(kappa: float | None) -> float | None:
    return None if kappa is None else round(kappa, 6)


def _on_scale(known: Sequence[Judged]) -> list[tuple[float, float]]:
    """People's grades, and the median of the judge's votes."""
    return [
        (float(one.graded.grade), float(median(int(v.grade) for v in one.votes if v.grade is not None)))
        for one in known
    ]


def _told(judged: Sequence[Judged], judge: Judge, found: Calibration) -> Iterator[str]:
    table = Counter((judge.grades.passes(one.graded.grade), one.passed) for one in judged)
    yield f"answers: {found.n}, agreement {found.agreement:.0%}, kappa {_shown(found.kappa)}"
    if judge.grades.top:
        yield f"weighted kappa of the grades: {_shown(found.weighted)}"
    yield f"{'':<14}{'judge: pass':>12}{'judge: fail':>12}{'no verdict':>12}"
    for says, word in ((True, "people: pass"), (False, "people: fail")):
        yield f"{word:<14}" + "".join(f"{table[says, theirs]:>12}" for theirs in (True, False, None))
    yield from _disagreements(judged, judge)
    doubt = found.doubt(found.rubric, found.model, found.digest)
    yield f"the judge only warns: {doubt}" if doubt else f"the judge may fail a cell: its kappa is {KAPPA} or more"


def _shown(kappa: float | None) -> str:
    return "undefined (one of the two gave one grade only)" if kappa is None else f"{kappa:.2f}"


def _disagreements(judged: Sequence[Judged], judge: Judge) -> Iterator[str]:
    apart = [one for one in judged if one.passed is not judge.grades.passes(one.graded.grade)]
    for one in apart[:_MOST]:
        says = _vote(one, judge)
        yield f"line {one.graded.line}: people {judge.grades.shown(one.graded.grade)}, {says}"
        yield f"    {one_line(one.graded.answer, _SHOWN)}"
    if len(apart) > _MOST:
        yield f"and {len(apart) - _MOST} more"


def _vote(one: Judged, judge: Judge) -> str:
    """What the judge says, with a vote that stands for it."""
    if one.passed is None:
        return f"the judge gave no verdict: {one_line(next(v.error for v in one.votes if v.error), _SHOWN)}"
    vote = next(v for v in one.votes if v.grade is not None and judge.grades.passes(v.grade) is one.passed)
    grade: Grade = vote.grade if vote.grade is not None else ""
    return f"the judge {judge.grades.shown(grade)}: {one_line(vote.reason, _SHOWN)}"
