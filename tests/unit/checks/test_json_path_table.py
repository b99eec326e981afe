# ruff: noqa: E501  (a row of a table is a line)
"""What JSONPath means (RFC 9535): a table of our own, in the manner of the public suite."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_llm.checks import json_path, json_query
from pytest_llm.checks.json_query import is_bounded, steps
from pytest_llm.errors import CheckCrashed, InputError
from tests.helpers.checking import findings, messages

SHOP: Any = {
    "books": [
        {"title": "Moby Dick", "price": 8.99, "isbn": "0-553", "tags": ["sea", "whale"]},
        {"title": "Sayings", "price": 8.95},
        {"title": "Sword", "price": 12, "isbn": None, "tags": []},
        {"title": "größe\nx", "price": 100, "isbn": ""},
    ],
    "größe": {"a": 1, "b": {"a": [1, 2.0, True, None, "1"]}},
    "two words": {"'": 1, '"': 2, "\\": 3, "\u2028": 4},
    "ids": [9007199254740992, 9007199254740993],
    "texts": ["[1]", "{"],
    "😀": 1,
    "\0": 2,
    "'": 3,
    '"': 4,
    "/": 5,
    "n": [0, -0.0, 1, 1.0, 1e2, 100, True, False, None, "", [], {}],
}


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("$", [SHOP]),
        ("$.books[0].title", ["Moby Dick"]),
        ("$['books'][0]['title']", ["Moby Dick"]),
        ('$["books"][0]["title"]', ["Moby Dick"]),
        ("$.books[-1].price", [100]),
        ("$.books[4]", []),
        ("$.books[-5]", []),
        ("$.books[*].price", [8.99, 8.95, 12, 100]),
        ("$.books.*.price", [8.99, 8.95, 12, 100]),
        ("$.books[0,2].price", [8.99, 12]),
        ("$.books[0,0].price", [8.99, 8.99]),
        ("$.books[0]['title','price']", ["Moby Dick", 8.99]),
        ("$.books[0:2].price", [8.99, 8.95]),
        ("$.books[::2].price", [8.99, 12]),
        ("$.books[::-1].price", [100, 12, 8.95, 8.99]),
        ("$.books[-2:].price", [12, 100]),
        ("$.books[1:1].price", []),
        ("$.books[::0].price", []),
        ("$.größe.a", [1]),
        ("$.größe..a", [1, [1, 2.0, True, None, "1"]]),
        ("$..isbn", ["0-553", None, ""]),
        ("$..tags[0]", ["sea"]),
        ("$['two words']['\\'']", [1]),
        ('$[\'two words\']["\\""]', [2]),
        ("$['two words']['\\\\']", [3]),
        ("$['two words']['\\u2028']", [4]),
        ("$['gr\\u00f6\\u00dfe'].a", [1]),
        ("$.nosuch", []),
        ("$.books.title", []),
        ("$ .books [0] .price", [8.99]),
        ("$.books[?@.isbn].price", [8.99, 12, 100]),
        ("$.books[?!@.isbn].price", [8.95]),
        ("$.books[?@.isbn == null].price", [12]),
        ("$.books[?@.isbn != null].price", [8.99, 8.95, 100]),
        ("$.books[?@.isbn == ''].price", [100]),
        ("$.books[?@.isbn == @.nosuch].price", [8.95]),
        ("$.books[?@.price < 10].title", ["Moby Dick", "Sayings"]),
        ("$.books[?(@.price >= 12)].price", [12, 100]),
        ("$.books[?@.price == 1e2].price", [100]),
        ("$.books[?@.price == 100.0].price", [100]),
        ("$.books[?@.price == 12 || @.price == 100].price", [12, 100]),
        ("$.books[?@.price > 8.95 && @.price < 12].price", [8.99]),
        ("$.books[?!(@.price > 9)].price", [8.99, 8.95]),
        ("$.books[?@.title < 'N'].title", ["Moby Dick"]),
        ("$.books[?@.title <= 3]", []),
        ("$.books[?@['title'] == 'Sword'].price", [12]),
        ("$.books[?@.tags[0] == 'sea'].price", [8.99]),
        ("$.books[?@.tags[?@ == 'whale']].price", [8.99]),
        ("$.books[?@.price == $.books[2].price].title", ["Sword"]),
        ("$.books[?length(@.title) == 5].title", ["Sword"]),
        ("$.books[?length(@.tags) == 0].title", ["Sword"]),
        ("$.books[?count(@.*) == 2].title", ["Sayings"]),
        ("$.books[?value(@..isbn) == '0-553'].price", [8.99]),
        ("$.books[?match(@.title, 'S.*')].price", [8.95, 12]),
        ("$.books[?match(@.title, 'S')].price", []),
        ("$.books[?search(@.title, 'S|D')].price", [8.99, 8.95, 12]),
        ("$.books[?match(@.title, 'größe.x')].price", []),
        ("$.books[?search(@.title, '[.]|x')].price", [100]),
        ("$.books[?match(@.title, '\\\\p{Lu}\\\\p{Ll}+')].price", [8.95, 12]),
        ("$.books[?match(@.isbn, '[0-9]-\\\\d{3}')].price", [8.99]),
        ("$.books[?match(@.price, '.*')]", []),
        ("$.books[?search(@.title, @.isbn)].price", [100]),
        ("$.books[?search('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab', '(a+)+$')]", []),
        ("$.n[?@ == 0]", [0, -0.0]),
        ("$.n[?@ == -0]", [0, -0.0]),
        ("$.n[?@ == 1]", [1, 1.0]),
        ("$.n[?@ == true]", [True]),
        ("$.n[?@ == false]", [False]),
        ("$.n[?@ == null]", [None]),
        ("$.n[?@ >= true]", [True]),
        ("$.n[?@ < 1]", [0, -0.0]),
        ("$.n[?@ <= false]", [False]),
        ("$.n[?@ < 'a']", [""]),
        ("$.books[?@.tags == $.books[0].tags].price", [8.99]),
        ("$[?@.a == 1].a", [1]),
        ("$.größe[?@.a[?@ == '1']].a[2]", [True]),
        ("$.books[?@.price == 8.99, ?@.price == 12].price", [8.99, 12]),
        ("$.n[?@]", [0, -0.0, 1, 1.0, 1e2, 100, True, False, None, "", [], {}]),
        ("$.n[?!@]", []),
        ("$.n[?count(@) == 1]", [0, -0.0, 1, 1.0, 1e2, 100, True, False, None, "", [], {}]),
        ("$.n[?value(@) == false]", [False]),
        ("$.ids[?@ == 9007199254740993]", [9007199254740993]),
        ("$.ids[?@ > 9007199254740992]", [9007199254740993]),
        ("$.texts[?@[0] == 1]", []),
        ("$.texts[?@ == '[1]']", ["[1]"]),
        ("$.texts[0][0]", []),
        ("$.😀", [1]),
        ("$['\\ud83d\\ude00']", [1]),
        ("$['\\u0000']", [2]),
        ('$["\'"]', [3]),
        ("$['\"']", [4]),
        ("$['\\'']", [3]),
        ("$['\\/']", [5]),
        ("$.books[ ? @.price\t<\n9 ].price", [8.99, 8.95]),
        ("$.books[?@.isbn && @.tags || @.price == 100].price", [8.99, 12, 100]),
        ("$.books[?!(@.isbn && @.tags)].price", [8.95, 100]),
        ("$.books[?'Sword' == @.title].price", [12]),
        ("$.books[?1 == 1.0].price", [8.99, 8.95, 12, 100]),
        ("$.books[?@.tags != @.nosuch].price", [8.99, 12]),
        ("$.books[?length(@.price) == length(@.nosuch)].price", [8.99, 8.95, 12, 100]),
        ("$.books[?@..*[?@ == 'sea']].price", [8.99]),
        ("$.books[?@..[?@ == 'sea']].price", [8.99]),
        ("$.books[-1:-9:-2].price", [100, 8.95]),
        ("$.books[1:9007199254740991].price", [8.95, 12, 100]),
        ("$..tags.*", ["sea", "whale"]),
    ],
)
def test_what_a_path_finds(path: str, wanted: list[Any]) -> None:
    found = [json_path.at(SHOP, tuple(way)) for way in steps(path, SHOP)]
    assert json.dumps(found) == json.dumps(wanted)


@pytest.mark.parametrize(
    "path",
    [
        *("$.", "$..", "$.books[", "$[0", "$.books[01]", "$.books[-0]", "$.books[1.0]", "$.a b", "$.2a", "$.'a'"),
        *("$[a]", "$['a]", "$.books[?@.a = 1]", "$.books[?@.a == ]", "$.books[?@.a == 'x]", "$.books[?(@.a == 1]"),
        *("$.books[?@.a == [1]]", "$.books[?@..a == 1]", "$.books[?@[*] == 1]", "$.books[?foo(@)]", "$[?length(@)]"),
        *("$[?count(1) == 1]", "$[?length(@.*) == 1]", "$[?match(@.a) == true]", "$[?match(@.a, 'x') == true]", "$[?1]"),
        *("$[?@.a == 01]", "$[?true]", "$[9007199254740992]", "$ | $.a", "$.a & $.b", "$[?@.a =~ /x/]", "$.~a", "$[#]", "@"),
        *("$[?@.a in ['x']]", "$.a ", "$['\\q']", "$['\\ud800']", "$[?match(@.a, '(')]", "$[?search(@.a, '(?=a)')]", "$$"),
        *("$[?@ == TRUE]", "$[?@.a == 1.]", "$[?@.a == .5]", "$.books[0,]", "$.books[]", "$[?@.a && ]", "$[?value(@.a,1)]"),
        *("$.a-b", "$[?@.a == -01]", "$[?@.a == 1e]", "$[?@.a == +1]", "$[?!@.a == 1]", "$[?!true]", "$[?!'a']", "$[?@.a <> 1]"),
        *("$[?@.a == (1)]", "$[?(@.a) == 1]", "$[?@.a == 1 == 1]", "$[?1 < @.a < 3]", "$[?@.a && length(@)]", "$[?!count(@.*)]"),
        *("$[?length(@.a,) == 1]", "$[?match((@.a), 'x')]", "$[?length(@.a == 1) == 1]", "$[?value(length(@)) == 1]", "$.a\u000b", "$['\u0001']"),
        *("$['\\ud834']", "$['\\u{61}']", "$[- 1]", "$[1:2:3:4]", "$[00]", "$[:-0]", "$[0x1]", "$[٣]", "$[$.a]", "$[@.a]", "$...a", "$.[0]"),
        *("$" + ".a" * 3000, "$[" + "(" * 3000, f"$[?{'(' * 3000}@.a{')' * 3000}]", f"$[?{'!' * 3000}@.a]", "$" + "[?@" * 300),
    ],
)  # fmt: skip
def test_what_is_no_path(path: str) -> None:
    with pytest.raises(InputError, match="is no JSONPath"):
        findings({"json_path": path}, "{}")


@pytest.mark.parametrize(
    ("path", "meant"),
    [("a.b", "$.a.b"), ("[0].a", "$[0].a"), (".a", "$.a"), ("..a", "$..a"), ("@.a", "$.a"), ("größe", "$.größe")],
)
def test_a_path_without_a_dollar_is_offered_with_one(path: str, meant: str) -> None:
    with pytest.raises(InputError, match="it must begin with `\\$`, did you mean") as refused:
        findings({"json_path": path}, "{}")
    assert repr(meant) in str(refused.value)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("$.a-b.c", "a name with a hyphen stands in quotes, did you mean $['a-b'].c"),
        ("$.x..a-b-", "did you mean $.x..['a-b-']"),
        ("$.a[?@.b = 1]", "`||` or one comparison, must stand where '=' at position 10 is"),
        ("$.a[", "an index, a slice, `*` or `?` must stand where the end is"),
        ("$.a b", "a `.` or `[` must stand where 'b' at position 5 is"),
        ("$[?len(@) == 1]", "there is no function len(), did you mean 'length'?"),
        ("$[?count(1) == 1]", "count() and value() take a path that begins with `@` or `$`"),
        ("$[?@.* == 1]", "a path that may find several values is no single value"),
        ("$[?match(@.a, 'x') == true]", "match() holds or not: it is no value to compare"),
        ("$[9007199254740992]", "the index 9007199254740992 is out of range"),
        ("$[?" + "(" * 3000, "it is nested too deep"),
    ],
)
def test_what_is_wrong_and_where(path: str, reason: str) -> None:
    with pytest.raises(InputError) as refused:
        findings({"json_path": path}, "{}")
    assert reason in str(refused.value)


def test_an_answer_that_is_a_string_is_a_string() -> None:
    for text in ('"hello"', '"[1, 2]"', '"{"'):
        assert messages({"json_path": {"path": "$", "equals": json.loads(text)}}, text) == []
        assert messages({"json_path": "$[0]"}, text) == ["$[0] is not in the answer's JSON"]


@pytest.mark.parametrize(
    ("path", "bounded"),
    [
        ("$.a[*].b[?@.c > 1].d", True),
        ("$..a", True),
        ("$..[?@.price < 10].a", True),
        ("$..*..*", False),
        ("$..[0,0]", True),
        ("$..a[0,0]", False),
        ("$[0,0][0,0]", False),
        ("$..[?@..a]", False),
        ("$[?@.a[*]][?$..b]", False),
    ],
)
def test_which_paths_take_a_time_in_proportion(path: str, bounded: bool) -> None:
    assert is_bounded(path) is bounded


def test_a_path_that_multiplies_is_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_path, "SECONDS", 0.5)
    deep = '{"a": ' * 80 + "[1, 2, 3]" + "}" * 80
    for path in ("$..*..*..*..*..*", "$[?count($..*..*..*..*..*) == 1]"):
        with pytest.raises(CheckCrashed, match=r"the path .* could not be followed: it "):
            findings({"json_path": {"path": path, "count": 3}}, deep)


def test_a_path_that_multiplies_a_little_is_judged() -> None:
    assert findings({"json_path": {"path": "$..a..a", "count": 45}}, '{"a": ' * 10 + "1" + "}" * 10) == []


def test_more_values_than_anybody_wants(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_query, "MOST", 2)
    with pytest.raises(CheckCrashed, match="it finds more than 2 values"):
        findings({"json_path": {"path": "$[*]", "count": 3}}, "[1, 2, 3]")


def test_where_a_value_stands_is_written_as_a_path() -> None:
    text = '{"a b": [{"n": 1}, {"n": 5}], "c": [{"n": 1}, {"n": 5}]}'
    assert messages({"json_path": {"path": "$['a b'][*].n", "max": 4}}, text) == ["$['a b'][1].n is 5, more than 4"]
    assert messages({"json_path": {"path": "$.c[1]['n']", "max": 4}}, text) == ["$.c[1]['n'] is 5, more than 4"]
