from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from pytest_llm.cases.sampling import MinPass, passes

MIN_PASS: TypeAdapter[int | str] = TypeAdapter(MinPass)


@pytest.mark.parametrize(
    ("said", "samples", "wanted"),
    [
        ("all", 1, 1),
        ("all", 7, 7),
        (3, 5, 3),
        (3, 2, 3),  # more than there are: who plans the cell refuses it
        ("80%", 5, 4),
        ("80%", 4, 4),  # 3.2
        ("80%", 1, 1),
        ("50%", 3, 2),
        ("10%", 30, 3),  # 0.1 * 30 is more than 3 in floating point
        ("7%", 100, 7),  # so is 0.07 * 100
        ("33.3%", 3, 1),
        ("33.4%", 3, 2),
        ("0.1%", 5, 1),
        ("100%", 9, 9),
        (" 60 % ", 5, 3),
    ],
)
def test_a_share_is_rounded_up(said: int | str, samples: int, wanted: int) -> None:
    assert passes(MIN_PASS.validate_python(said), samples) == wanted


def test_shares_are_exact() -> None:
    for samples in range(1, 101):
        for share in range(1, 101):
            wanted = passes(f"{share}%", samples)
            assert (wanted - 1) * 100 < share * samples <= wanted * 100


@pytest.mark.parametrize(
    "said",
    [0, -1, True, False, 0.8, 1.0, "3", "0%", "0.0%", "101%", "-5%", "80", "%", "ALL", "none", "", None, [3]],
)
def test_what_is_no_number_of_passes(said: object) -> None:
    with pytest.raises(ValidationError, match="must be a count from 1"):
        MIN_PASS.validate_python(said)
