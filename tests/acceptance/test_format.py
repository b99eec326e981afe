"""`format: schema`: the schema of the case's own check is what the server is asked for."""

from __future__ import annotations

import pytest

from tests.acceptance.conftest import Bench

SCHEMA = "{type: object, required: [kind]}"


@pytest.mark.parametrize(
    "check",
    [
        f"schema: {SCHEMA}",
        f"warn: {{schema: {SCHEMA}}}",
        f"any_of: [{{contains: nothing}}, {{schema: {SCHEMA}}}]",
        f"any_of: [{{warn: {{schema: {SCHEMA}}}}}]",
    ],
)
def test_it_is_found_wherever_it_is_asked_for(bench: Bench, check: str) -> None:
    bench.case(f"prompt: hi\nformat: schema\nchecks: [{{{check}}}]\n")
    bench.server.answer("", '{"kind": "x"}')
    bench.run().assert_outcomes(passed=1)
    (asked,) = bench.server.asked()
    assert asked["format"] == {"type": "object", "required": ["kind"]}


def test_a_schema_that_must_not_hold_is_none(bench: Bench) -> None:
    bench.case(f"prompt: hi\nformat: schema\nchecks: [{{not: {{schema: {SCHEMA}}}}}]\n")
    result = bench.run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*`format: schema` needs a schema check*"])
