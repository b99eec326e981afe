"""Checks that people write: functions in a conftest.py, and what the hook brings."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from tests.acceptance.conftest import Bench

CONFTEST = """
    import re
    import sys
    from pathlib import Path

    import pytest
    import pytest_llm
    from pytest_llm import Finding

    @pytest_llm.check("words")
    def words(artifact, most: int = 3, *, least: int = 0):
        count = len(artifact.answer.split())
        if count > most:
            yield f"{count} words are more than {most}"
        if count < least:
            yield Finding("words", f"{count} words are fewer than {least}", kind="short", details="write more")

    @pytest_llm.check("polite")
    def polite(artifact):
        return "please" in artifact.answer

    @pytest_llm.check("fine")
    def fine(artifact):
        return True

    @pytest_llm.check("asserts")
    def asserts(artifact, word):
        assert word in artifact.answer, f"{word} is not there"

    @pytest_llm.check("sees")
    def sees(artifact, context, text):
        assert context.response.text == artifact.answer == text
        assert context.request.messages[-1].content == "hi"
        assert context.file("data.txt").read_text() == "data"
        context.artifacts.mkdir(parents=True)
        note = Path(context.artifacts, "note.txt")
        note.write_text("seen")
        context.attachments.append(("note", note))
        yield "seen"

    @pytest_llm.check("breaks")
    def breaks(artifact):
        return {}["nothing"]

    @pytest_llm.check("odd")
    def odd(artifact):
        return [42]

    @pytest_llm.check
    def bare(artifact):
        return "bare words"

    @pytest_llm.check()
    def called(artifact):
        return "called words"

    @pytest_llm.check("says")
    def says(artifact, what):
        return {
            "number": 3, "zero": 0, "dict": {"a": 1}, "bytes": b"x", "empty": "", "nested": [["x"]],
            "match": re.match("", ""), "right pair": (True, "well done"), "wrong pair": (False, "why"),
            "tuple": ("one", "two"), "set": {"only"}, "none": None, "nothing": [], "true": True, "object": object(),
        }[what]

    @pytest_llm.check("ends")
    def ends(artifact, how, first=False):
        if first:
            yield "first words"
        if how == "fail":
            pytest.fail("failed words\\nmore of it")
        if how == "skip":
            pytest.skip("skipped words")
        if how == "silent skip":
            pytest.skip()
        if how == "xfail":
            pytest.xfail("expected")
        if how == "exit":
            pytest.exit("exit words", returncode=7)
        if how == "sys.exit":
            sys.exit(3)
        if how == "importorskip":
            pytest.importorskip("no_such_module_here")
        if how == "assert":
            assert "nope" in artifact.answer
        if how == "return":
            return "returned words"
        if how == "false":
            return False

    @pytest_llm.check("calls")
    def calls(artifact, how):
        return list(ends(artifact, how))

    class Kind(pytest_llm.Check):
        name = "kind"
        shorthand = "how"
        how: str

        def run(self, artifact, context):
            return ends(artifact, self.how)

    def pytest_llm_checks(config):
        return [Kind]
    """


@pytest.fixture
def checked(bench: Bench) -> Bench:
    bench.file("conftest.py", CONFTEST)
    bench.file("data.txt", "data")
    return bench


OUTCOMES = [
    ("words", "passed", ""),
    ("words: 1", "failed", "words: 2 words are more than 1"),
    ("words: {most: 5, least: 4}", "failed", "words: 2 words are fewer than 4"),
    ("words: {most: 5, least: 4}", "failed", "write more"),
    ("not: {words: 1}", "passed", ""),
    ("any_of: [polite, fine]", "passed", ""),
    ("warn: polite", "passed", ""),
    ("polite", "failed", "polite: the answer did not pass"),
    ("fine", "passed", ""),
    ("asserts: hello", "passed", ""),
    ("asserts: nope", "failed", "nope is not there"),
    ("sees: hello world", "failed", "sees: seen"),
    ("breaks", "errors", "KeyError: 'nothing'"),
    ("breaks", "errors", "the check 'breaks' broke"),
    ("breaks", "errors", "conftest.py"),
    ("odd", "errors", "42"),
    ("bare", "failed", "bare: bare words"),
    ("called", "failed", "called: called words"),
    *[
        (f"says: {what}", "errors", "the check 'says' answered")
        for what in (
            "number",
            "zero",
            "dict",
            "bytes",
            "empty",
            "nested",
            "match",
            "object",
            "right pair",
            "wrong pair",
        )
    ],
    *[(f"says: '{what}'", "passed", "") for what in ("none", "nothing", "true")],
    ("says: tuple", "failed", "says: two"),
    ("says: set", "failed", "says: only"),
    *[
        (f"{name}: {how}", outcome, shown)
        for name in ("ends", "calls", "kind")
        for how, outcome, shown in [
            ("fail", "failed", "failed words"),
            ("skip", "skipped", "skipped words"),
            ("importorskip", "skipped", "no_such_module_here"),
            ("xfail", "errors", "write `marks: [{xfail: reason}]`"),
            ("xfail", "errors", f"the check '{name}' called pytest.xfail"),
            ("sys.exit", "errors", f"the check '{name}' called sys.exit(3)"),
            ("silent skip", "skipped", f"skipped by the check '{name}'"),
            ("assert", "failed", "'nope' in 'hello world'"),
            ("nothing", "passed", ""),
        ]
    ],
    ("ends: return", "failed", "returned words"),
    ("ends: 'false'", "failed", "the answer did not pass"),
    ("ends: {how: fail, first: true}", "failed", "first words"),
    ("ends: {how: skip, first: true}", "failed", "first words"),
    ("ends: {how: xfail, first: true}", "failed", "first words"),
    ("not: {ends: fail}", "passed", ""),
    ("not: {ends: skip}", "skipped", "skipped words"),
    ("any_of: [{ends: fail}, fine]", "passed", ""),
    ("any_of: [{ends: skip}, {ends: fail}]", "skipped", "skipped words"),
    ("warn: {ends: fail}", "passed", ""),
]


def test_what_a_function_says(checked: Bench) -> None:
    """All in one run: a cell each."""
    for number, (entry, _, _) in enumerate(OUTCOMES):
        checked.case(f"prompt: hi\nchecks:\n  - {entry}", f"c{number:02}")
    result = checked.run("--junitxml=junit.xml")
    cells = {el.get("name"): el for el in ET.parse(checked.path / "junit.xml").iter("testcase")}
    for number, (entry, outcome, shown) in enumerate(OUTCOMES):
        cell = cells[f"c{number:02}[m]"]
        kinds = {"failure": "failed", "error": "errors", "skipped": "skipped"}
        told = [child for child in cell if child.tag in kinds]
        assert (kinds[told[0].tag] if told else "passed") == outcome, entry
        assert shown in ET.tostring(cell, encoding="unicode").replace("&apos;", "'"), (entry, shown)
    result.stdout.fnmatch_lines(["*note.txt*"])
    result.stdout.no_fnmatch_line("*INTERNALERROR*")


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("wrods: 2", "there is no check 'wrods', did you mean 'words'?"),
        ("words: {mots: 2}", "words: has no argument 'mots', did you mean 'most'?"),
        ("words: many", "words:"),
        ("asserts", "asserts: needs `word`"),
        ("fine: 3", "fine: takes no arguments"),
    ],
)
def test_arguments_that_do_not_fit(checked: Bench, entry: str, words: str) -> None:
    checked.case(f"prompt: hi\nchecks:\n  - {entry}")
    result = checked.run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"*t.prompt.yaml:4: {words}*"])
    assert checked.server.requests == []


def test_all_that_is_wrong_with_the_checks_is_told_at_once(checked: Bench) -> None:
    checked.case(
        """
        stages:
          - name: a
            prompt: hi
            checks:
              - wrods: 2
              - {not: {any_of: [fine, {compile: golong}]}}
        checks: [{words: many}, fine, {contains: 3}]
        models: m
        ---
        prompt: hi
        checks: [{token_rate: fast}]
        models: m
        ---
        promt: hi
        checks: [fine]
        """
    )
    result = checked.run()
    result.assert_outcomes(errors=1)
    result.stdout.re_match_lines(
        [
            rf".*t.prompt.yaml:{line}: .*{words}"
            for line, words in [
                (6, "there is no check 'wrods'"),
                (7, "compile: .*no compiler is known"),
                (8, "words: "),
                (8, "contains: .*must be text"),
                (12, "token_rate: .*must be a number"),
                (15, "unknown key 'promt'"),
            ]
        ]
    )


@pytest.mark.parametrize(
    ("entry", "outcome"),
    [
        ("json_path: {path: $.amount, equals: '{{ amount }}'}", "passed"),
        ("json_path: {path: $.amount, equals: '{{ amount + 1 }}'}", "failed"),
        ("json_path: {path: $.amount, min: '{{ amount }}', max: '{{ amount }}'}", "passed"),
        ("json_path: {path: $.even, equals: '{{ even }}'}", "passed"),
        ("json_path: {path: $.even, equals: '{{ not even }}'}", "failed"),
        ("json_path: {path: $.parts, equals: '{{ parts }}'}", "passed"),
        ("json_path: {path: $.parts, count: '{{ 1 }}'}", "passed"),
        ("schema: '{{ schema }}'", "passed"),
        ("contains: '{{ amount }}'", "passed"),
        ("not: {contains: ['{{ amount }}', '{{ even }}']}", "errors"),
        ("any_of: [{contains: '{{ amount + 1 }}'}, {json_path: {path: $.amount, min: '{{ amount }}'}}]", "passed"),
        ("words: {most: '{{ n }}'}", "passed"),
        ("token_rate: '{{ even }}'", "errors"),
    ],
)
def test_templates_in_checks_keep_their_type(checked: Bench, entry: str, outcome: str) -> None:
    checked.server.answer("", '{"amount": 2.75, "even": true, "parts": [1, "two"]}')
    checked.case(
        f"""
        vars: {{even: true, parts: [1, two], n: 9, schema: {{type: object, required: [parts]}}}}
        parametrize: [{{amount: 2.75}}]
        prompt: hi
        checks:
          - {entry}
        """
    )
    checked.run().assert_outcomes(**{outcome: 1})


def test_an_error_of_a_check_does_not_hide_a_failure(checked: Bench) -> None:
    checked.case("prompt: hi\nchecks: [breaks, {words: 1}]")
    result = checked.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*FAILED*2 words are more than 1*"])
    assert "KeyError" in result.stdout.str()


def test_a_conftest_counts_for_its_folder_and_below(bench: Bench) -> None:
    bench.file("a/conftest.py", "import pytest_llm\n\n@pytest_llm.check('own')\ndef own(artifact): return True\n")
    bench.case("prompt: hi\nchecks: [own]", "a/deep/in")
    bench.case("prompt: hi\nchecks: [own]", "b/out")
    result = bench.run("--continue-on-collection-errors")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*b/out.prompt.yaml:3: there is no check 'own'*"])


def test_two_folders_may_use_one_name(bench: Bench) -> None:
    for folder, answer in [("a", "True"), ("b", "False")]:
        body = f"import pytest_llm\n\n@pytest_llm.check('own')\ndef own(artifact): return {answer}\n"
        bench.file(f"{folder}/conftest.py", body)
        bench.case("prompt: hi\nchecks: [own]", f"{folder}/t")
    bench.run().assert_outcomes(passed=1, failed=1)


def test_exit_ends_the_run_as_it_does_in_a_test(checked: Bench) -> None:
    checked.case("prompt: hi\nchecks: [{ends: exit}]", "a")
    checked.case("prompt: hi\nchecks: [fine]", "b")
    result = checked.run()
    assert result.ret == 7
    result.stdout.fnmatch_lines(["*exit words*"])
    assert result.parseoutcomes().get("passed") is None


def test_a_traceback_is_of_the_users_frames(bench: Bench) -> None:
    bench.file(
        "conftest.py",
        """
        import json

        import pytest_llm

        @pytest_llm.check
        def deep(artifact):
            def inner():
                return json.loads(artifact.answer)
            return inner()

        @pytest_llm.check
        def ours(artifact):
            return artifact.code(language=object()).text
        """,
    )
    for number, entry in enumerate(("deep", "ours", "not: deep")):
        bench.case(f"prompt: hi\nchecks: [{entry}]", f"t{number}")
    shown = bench.run().stdout.str()
    assert shown.count("json.loads(artifact.answer)") == 2
    assert "in inner" in shown
    assert "artifact.code(language=object()).text" in shown
    assert "decoder.py" not in shown
    assert "pytest_llm/" not in shown


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("async def own(artifact): return True", "the check 'own' is an async function"),
        ("async def own(artifact): yield ''", "the check 'own' is an async function"),
        ("def own(): return True", "the check 'own' takes no artifact"),
        ("def own(context): return True", "the check 'own' takes no artifact"),
        ("def own(*, artifact): return True", "the check 'own' takes no artifact"),
    ],
)
def test_functions_that_cannot_be_checks(bench: Bench, body: str, words: str) -> None:
    bench.file("conftest.py", f"import pytest_llm\n\n@pytest_llm.check\n{body}\n")
    bench.case("prompt: hi\nchecks: [own]")
    result = bench.run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"*{words}*"])


@pytest.mark.parametrize("mode", [[], ["-n2"]])
def test_a_folder_may_replace_a_check_of_the_one_above(bench: Bench, mode: list[str]) -> None:
    for folder, how in [("", "mark"), ("a", "mark"), ("a/deep", "hook"), ("b", "hook")]:
        give = "@pytest_llm.check('own')" if how == "mark" else "# by the hook"
        hook = "def pytest_llm_checks(config): return [pytest_llm.check('own')(own)]" if how == "hook" else ""
        body = f"import pytest_llm\n\n{give}\ndef own(artifact): return 'of <{folder}>'\n\n{hook}\n"
        bench.file(f"{folder}/conftest.py".lstrip("/"), body)
        bench.case("prompt: hi\nchecks: [own]", f"{folder}/t{len(folder)}".lstrip("/"))
    result = (bench.process if mode else bench.run)(*mode)
    result.assert_outcomes(failed=4)
    for folder in ("", "a", "a/deep", "b"):
        assert f"own: of <{folder}>" in result.stdout.str(), folder


HOOK = """
    from typing import ClassVar

    import pytest_llm
    from pytest_llm import Check, Finding

    class Starts(Check):
        name: ClassVar[str] = "{name}"
        shorthand: ClassVar[str | None] = "text"
        text: str

        def run(self, artifact, context):
            if not artifact.answer.startswith(self.text):
                yield Finding(self.name, f"does not start with {{self.text}}", line=1, source=artifact.answer)

    @pytest_llm.check("marked")
    def marked(artifact):
        return "hello" in artifact.answer

    def pytest_llm_checks(config):
        return [Starts, marked]
    """


@pytest.mark.parametrize("mode", [[], ["-n2"]])
def test_the_hook(bench: Bench, mode: list[str]) -> None:
    bench.file("conftest.py", HOOK.format(name="starts"))
    for name, text in [("a", "hello"), ("b", "world")]:
        bench.case(f"prompt: hi\nchecks: [marked, starts: {text}]", name)
    result = bench.process(*mode)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*failed: starts, line 1: does not start with world", "*1 | hello world"])


@pytest.mark.parametrize("name", ["schema", "warn", "marked"])
def test_a_name_that_is_taken(bench: Bench, name: str) -> None:
    bench.file("conftest.py", HOOK.format(name=name))
    bench.case("prompt: hi\nchecks: [marked]")
    result = bench.run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"*there is a check '{name}' already*", "*call yours something else*"])
    assert "Traceback" not in result.stdout.str()
