"""How well a judge agrees with people: what `pytest-llm calibrate` found out, in a file that a case names."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from pytest_llm.cases.invalid import explain
from pytest_llm.errors import InputError

KAPPA = 0.6
"""From here on agreement is called substantial (Landis and Koch, 1977): below it a judge only warns."""

LEAST = 20  # answers: of fewer, a kappa says next to nothing


class Calibration(BaseModel):
    """What `pytest-llm calibrate` found out.

    digest: of the judge's model, "" where its server tells none. rubric: a hash of all that the judge is told but
    the task and the answer. n: answers that people graded. agreement: the share of them in which the judge agrees
    on pass or fail; kappa: that beyond chance, None where it is not defined. weighted: kappa of the grades on their
    scale, by the square of their distance; None where they have none.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)

    model: str
    digest: str
    rubric: str
    n: int
    agreement: float
    kappa: float | None = None
    weighted: float | None = None

    def text(self) -> str:
        return json.dumps(self.model_dump(), indent=2) + "\n"

    def doubt(self, rubric: str, model: str, digest: str) -> str:
        """Why it does not let this judge decide, "" where it does."""
        if self.rubric != rubric:
            return "its calibration is of another rubric, scale or setting"
        if self.model != model or self.digest != digest:
            return "its calibration is of another model"
        if self.n < LEAST:
            return f"its calibration rests on {self.n} answers, and {LEAST} are the least"
        if self.kappa is None or self.kappa < KAPPA:
            found = "undefined" if self.kappa is None else f"{self.kappa:.2f}"
            return f"its kappa with people is {found}, and {KAPPA} is needed"
        return ""


def read(path: Path) -> Calibration:
    """Raises InputError where the file is none."""
    try:
        found = json.loads(path.read_text("utf-8"))
        return Calibration.model_validate(found)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=path) from None
    except ValidationError as error:
        message = explain(error, found, Calibration)[1]
        raise InputError(f"is no calibration: {message}", path=path, hint=HOW) from None
    except (ValueError, RecursionError):
        raise InputError("is no calibration: it is no JSON", path=path, hint=HOW) from None


HOW = "`pytest-llm calibrate` writes it"
