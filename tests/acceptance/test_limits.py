"""What an author brings and never ends: an ERROR that names it, never the model's failure."""

from __future__ import annotations

from tests.acceptance.conftest import Bench


def test_a_pattern_that_goes_back_too_often_is_an_error(bench: Bench) -> None:
    bench.case("prompt: hi\nchecks:\n  - schema: {pattern: '^(?!x)(a|aa)+\\1c$'}\n  - contains: nothing\n")
    bench.server.answer("", f'"{"a" * 60}b"')
    bench.case("prompt: hi\nchecks:\n  - schema: {pattern: '^(?!x)(a|aa)+\\1c$'}\n", "alone")
    bench.server.answer("", f'"{"a" * 60}b"')
    result = bench.run()
    result.assert_outcomes(failed=1, errors=1)
    result.stdout.fnmatch_lines(["*the schema's pattern /^(?!x)(a|aa)+\\1c$/ went back too often in this answer*"])


def test_a_template_that_would_take_all_is_one_error_of_the_case(bench: Bench) -> None:
    bench.case("vars: {n: 1}\nprompt: |\n  {{ 'x' * 9999999999 }}\nchecks: [contains: x]\n")
    result = bench.run("--collect-only")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*.prompt.yaml:3: the template cannot be filled in: it took more than 1 GiB of*"])


def test_not_is_no_pass_where_there_was_nothing_to_look_at(bench: Bench) -> None:
    bench.case("prompt: hi\nchecks: [{not: browser}]\n")
    bench.server.answer("", "just words")
    result = bench.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*`browser` had nothing to look at: no HTML page in the answer*"])
