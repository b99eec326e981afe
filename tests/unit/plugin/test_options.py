"""The table of options: what is repeated by the command that runs one cell again, what an ini file may say."""

from __future__ import annotations

import shlex

import pytest

from pytest_llm.plugin.option_table import TABLE
from pytest_llm.plugin.options import again


@pytest.mark.parametrize(
    ("given", "repeated"),
    [
        ("cases -q -x -n2 --tb=short", ""),
        ("--llm-engine embedded cases", "--llm-engine embedded"),
        ("--llm-engine=embedded --llm-strict cases", "--llm-engine=embedded --llm-strict"),
        ("--llm-strict cases/a.prompt.yaml", "--llm-strict"),
        ("--llm-model a --llm-model=b -k 'x y'", "--llm-model a --llm-model=b"),
        ("--llm-cells out.json --llm-think on", "--llm-think on"),
        ("--llm-cells=out.json --llm-dry-run", ""),
        ("--llm-think --llm-model", "--llm-think --llm-model"),
        ("--llm-host", "--llm-host"),
        ("-o llm_slots=2 -c other.ini -p no:randomly", "-o llm_slots=2 -c other.ini"),
        ("--rootdir=/x --override-ini=llm_strict=true", "--rootdir=/x --override-ini=llm_strict=true"),
        ("--junitxml j.xml --html=r.html --llm-of-another-plugin x", ""),
    ],
)
def test_what_runs_a_cell_again(given: str, repeated: str) -> None:
    assert list(again(shlex.split(given))) == shlex.split(repeated)


def test_what_writes_or_narrows_a_run_is_not_repeated() -> None:
    assert {"dry_run", "cells", "limit"} & {option.name for option in TABLE if option.again} == set()
