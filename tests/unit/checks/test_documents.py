"""`yaml`, `xml`, `csv`, `sql`."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from pytest_llm.checks.registry import Registry
from pytest_llm.errors import InputError
from tests.helpers.checking import findings, messages


def fenced(label: str, text: str) -> str:
    return f"Here it is:\n\n```{label}\n{text}\n```\nDone."


BOMB = "a: &a [x]\n" + "\n".join(f"{c}: &{c} [*{b}, *{b}, *{b}, *{b}, *{b}]" for b, c in pairwise("abcdefghi"))
LAUGHS = '<!DOCTYPE l [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {c} "&{b};&{b};&{b};&{b};&{b};&{b};&{b};&{b};&{b};&{b};">' for b, c in pairwise("abcdefghi")
)
CASES: list[tuple[Any, str, list[tuple[str, int | None]]]] = [
    ("yaml", "a: 1\nb:\n  - x\n", []),
    ("yaml", fenced("yaml", "a: !Ref x\n---\n- 1"), []),
    ("yaml", fenced("yml", "a: [1"), [("the YAML cannot be read: ", 5)]),
    ("yaml", "a: b: c\n", [("a `: ` stands where no key can be; put the text in quotes", 1)]),
    ("yaml", "a: 1\nb:\n  c: 1\n  c: 2\n", [("the key 'c' is there twice", 4)]),
    ("yaml", "a: 1\n\tb: 2\n", [("the YAML cannot be read", 2)]),
    ("yaml", "Sure, here you are.", [("no YAML but plain text", 1)]),
    ("yaml", fenced("python", "x = 1"), [("there is no YAML in the answer", None)]),
    ("yaml", "", [("the YAML is empty", 1)]),
    ("yaml", BOMB, []),
    ("yaml", "- " * 90_000 + "x", [("", None)]),
    ("yaml", "<<: 1\n<<: 2\n", []),
    ("xml", "<a><b/></a>", []),
    ("xml", fenced("xml", '\n<?xml version="1.0"?>\n<a/>'), []),
    ("xml", fenced("xml", "<a>\n<b>\n</a>"), [("the XML is not well-formed: mismatched tag", 6)]),
    ("xml", fenced("svg", "<svg/>"), []),
    ("xml", "<a>&nbsp;</a>", [("undefined entity", 1)]),
    ("xml", f"{LAUGHS}]><l>&i;</l>", [("not well-formed: limit on input amplification", 1)]),
    ("xml", '<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/passwd">]><a>&f;</a>', []),
    ({"xml": "feed"}, "<rss/>", [("the outermost element is <rss>, not <feed>", 1)]),
    ({"xml": "feed"}, "<feed/>", []),
    ({"csv": 2}, "a,b\n1,2\n", []),
    ({"csv": ["name", "age"]}, fenced("csv", 'name, age\n"Ann, B.",3'), []),
    ({"csv": ["name", "age"]}, "name\n1\n", [("the columns are name, not name, age", 1)]),
    (
        {"csv": ["a", "b"]},
        "\na,b\n1,2\n\n1,2,3\n",
        [("the row has 0 fields", 4), ("the row has 3 fields, not 2", 5)],
    ),
    ({"csv": {"columns": ["a"], "rows": {"min": 2}}}, "a\n1\n", [("there is 1 row, fewer than 2", None)]),
    ({"csv": {"columns": ["a"], "rows": 1}}, "a\n1\n2\n", [("there are 2 rows, more than 1", None)]),
    ({"csv": {"delimiter": "\t"}}, fenced("tsv", "a\tb\n1\t2"), []),
    ({"csv": 2}, 'a,"b\nc",d\n1,2\n', [("the row has 3 fields, not 2", 1)]),
    ({"csv": 2}, 'a,b\n1,"2\n', [("the CSV cannot be read", 2)]),
    ("csv", "Sure thing!", [("no CSV but plain text", 1)]),
    ({"sql": "postgres"}, fenced("sql", "SELECT a FROM t WHERE b = 'x';"), []),
    ({"sql": "postgres"}, fenced("sql", "SELECT a\nFROM t WHER b = 1"), [("cannot be read near 'b'", 5)]),
    ({"sql": "postgres"}, "SELECT TOP 5 * FROM t", [("cannot be read near '5'", 1)]),
    ({"sql": "tsql"}, "SELECT TOP 5 * FROM t", []),
    ({"sql": "postgres"}, "hello world", [("no SQL but plain text", 1)]),
    ({"sql": "postgres"}, "-- nothing", [("there is no SQL but comments", None)]),
    ({"sql": "postgres"}, "SELECT 'a", [("the SQL cannot be read", None)]),
    (
        {"sql": {"dialect": "sqlite", "statements": 1}},
        "SELECT 1; SELECT 2",
        [("there are 2 statements, not 1", None)],
    ),
    ("sql", "(" * 30_000, [("the SQL", None)]),
]


@pytest.mark.parametrize(("entry", "text", "wanted"), CASES)
def test_what_is_found(entry: Any, text: str, wanted: list[tuple[str, int | None]]) -> None:
    found = findings(entry, text)
    assert len(found) == len(wanted), found
    for finding, (words, line) in zip(found, wanted, strict=True):
        assert words in finding.message
        assert line is None or finding.line == line


def test_a_document_that_only_repeats_the_prompt_is_no_answer() -> None:
    from pytest_llm.answers.extract import extract
    from pytest_llm.providers.base import Response
    from tests.helpers.checking import context

    given = fenced("yaml", "steps: [one, two, three, four, five]")
    check = Registry().parse("yaml")
    (found,) = check.run(extract(given, prompt=[given]), context(Response(given)))
    assert found.kind == "echo"


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"sql": "postgers"}, "there is no dialect 'postgers', did you mean 'postgres'?"),
        ({"csv": {"columns": []}}, "takes a list of names"),
        ({"csv": 0}, "takes at least 1"),
        ({"csv": True}, "how many there are, or a list"),
        ({"csv": {"rows": {"min": 3, "max": 2}}}, "`min: 3` is above `max: 2`"),
        ({"csv": {"rows": {}}}, "needs `min`, `max` or both"),
        ({"xml": ""}, "must be something"),
    ],
)
def test_mistakes(entry: Any, words: str, tmp_path: Any) -> None:
    with pytest.raises(InputError, match=words):
        Registry().parse(entry, folder=tmp_path, root=tmp_path)


def test_their_not_wants_something_to_look_at() -> None:
    assert messages({"not": "yaml"}, "a: [1")[0].startswith("`yaml` had nothing to look at")
    assert messages({"not": {"xml": "feed"}}, "<rss/>") == []
