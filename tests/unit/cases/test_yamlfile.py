from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm.cases.yamlfile import load_documents, parse
from pytest_llm.errors import InputError


def load(tmp_path: Path, text: str | bytes) -> Any:
    file = tmp_path / "x.yaml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return load_documents(file)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"),
        ("off", "off"),
        ("yes", "yes"),
        ("no", "no"),
        ("true", True),
        ("False", False),
        ("2024-01-01", "2024-01-01"),
        ("1:30", "1:30"),
        ("010", 10),
        ("0x1F", 31),
        ("0o17", 15),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("~", None),
        ("''", ""),
        ("'12'", "12"),
        ("!!str 12", "12"),
    ],
)
def test_values_follow_yaml_1_2(tmp_path: Path, text: str, value: Any) -> None:
    assert load(tmp_path, f"a: {text}")[0].value == {"a": value}


TAGS = {  # the text, the line of the tag, the tag as it is told
    "a sequence": ("a: 1\nb: !!python/object/apply:os.system [x]\n", 2, "!!python/object/apply:os.system"),
    "a mapping": ("a: !foo {b: 1}\n", 1, "!foo"),
    "a mapping in a block": ("a:\n  - !foo\n    b: 1\n", 2, "!foo"),
    "the document": ("--- !foo\na: 1\n", 1, "!foo"),
    "a scalar": ("a: b\nc: !!python/name:os.system x\n", 2, "!!python/name:os.system"),
    "nothing": ("a: !foo\n", 1, "!foo"),
    "a key": ("b: 1\n!foo a: 1\n", 2, "!foo"),
    "a long key": ("? !foo a\n: 1\n", 1, "!foo"),
    "what is merged": ("<<: !foo {a: 1}\n", 1, "!foo"),
    "what has an anchor": ("a: &x !foo {b: 1}\nc: *x\n", 1, "!foo"),
    "a set": ("a: !!set {b}\n", 1, "!!set"),
    "an ordered mapping": ("a: !!omap [b: 1]\n", 1, "!!omap"),
    "binary": ("a: !!binary aGk=\n", 1, "!!binary"),
    "a date": ("a: !!timestamp 2001-01-01\n", 1, "!!timestamp"),
    "a tag without a name": ("a: ! 5\n", 1, "!"),
    "a tag in full": ("a: !<tag:example.org,2000:x> 5\n", 1, "tag:example.org,2000:x"),
    "a handle of its own": ("%TAG !e! tag:example.org,2000:\n---\na: !e!x b\n", 3, "tag:example.org,2000:x"),
    "that of another kind": ("a: !!map [1]\n", 1, "!!map"),
    "a merge that is none": ("a: !!merge x\n", 1, "!!merge"),
}


@pytest.mark.parametrize("name", TAGS)
def test_no_tag_is_passed_over(tmp_path: Path, name: str) -> None:
    text, line, tag = TAGS[name]
    with pytest.raises(InputError) as caught:
        load(tmp_path, text)
    assert (caught.value.line, caught.value.message) == (line, f"the tag {tag} is not allowed here")


@pytest.mark.parametrize(("text", "kind"), [("!!bool x", "bool"), ("!!null x", "null"), ("!!bool yes", "bool")])
def test_a_value_that_its_tag_does_not_fit(tmp_path: Path, text: str, kind: str) -> None:
    with pytest.raises(InputError, match=f"is no {kind}"):
        load(tmp_path, f"a: {text}")


def test_tags_of_plain_values_and_anchors_are_fine(tmp_path: Path) -> None:
    text = "a: &x !!map {b: !!int 1, c: !!seq [!!str 5, !!null ~]}\nd: *x\ne: {<<: *x, !!str b: 2}\n"
    inner = {"b": 1, "c": ["5", None]}
    assert load(tmp_path, text)[0].value == {"a": inner, "d": inner, "e": {**inner, "b": 2}}


def test_keys_are_text_and_lines_are_kept(tmp_path: Path) -> None:
    (document,) = load(tmp_path, "on: 1\nlist:\n  - a\n  - {b: 2}\n12: x\n")
    assert document.value == {"on": 1, "list": ["a", {"b": 2}], "12": "x"}
    assert document.line(("list", 1, "b")) == 4
    assert document.line(("list", 7)) == 2
    assert document.line(("nowhere",)) == 1


def test_several_documents_and_empty_ones(tmp_path: Path) -> None:
    assert [d.value for d in load(tmp_path, "---\na: 1\n---\n---\nb: 2\n...\n")] == [{"a": 1}, {"b": 2}]
    assert load(tmp_path, "") == []
    assert load(tmp_path, b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")[0].value == {"a": 1, "b": 2}


def test_merge_keys_lose_to_own_keys(tmp_path: Path) -> None:
    (document,) = load(tmp_path, "base: &b {x: 1, y: 1}\nz: {<<: *b, y: 2}\nq: {'<<': 3}\n")
    assert document.value["z"] == {"x": 1, "y": 2}
    assert document.value["q"] == {"<<": 3}


BOMB = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 10)
)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\na: 2", 2, "twice"),
        ("x: 1\na: b: c", 2, "not valid YAML"),
        ("a:\n\t- b", 2, "indent with spaces"),
        ("a: &a [*a]", 1, "holds itself"),
        ("a: *b", 1, "undefined alias"),
        ("[", 2, "not valid YAML"),
        (BOMB, 1, "unfold"),
        ("[" * 50_000, 1, "deeper than"),
        ("- " * 50_000 + "x", 1, "deeper than"),
        ("\n".join(" " * i + "a:" for i in range(500)), 101, "deeper than"),
        ("a: !!python/object:os.system x", 1, "tag"),
        ("[1, 2]: x", 1, "plain text"),
        ("a: {<<: 3}", 1, "mappings only"),
        ("a: 9" + "9" * 6000, 1, "not a number"),
        *[
            (f"a: 1\nb: [{word}]", 2, f"'{word}' is not a number")
            for word in (".nan", ".inf", "-.inf", "+.INF", "1e999")
        ],
        ('a: 1\nb: "x\nc: [y]\n', 2, "a quote is opened here and not closed"),
        ("a: 1\nb: 'x\nc: [y]\n", 2, "stops making sense in line 4"),
        ('b: "x\nc:\n  - d: "y"\n', 1, "a quote is opened here and not closed"),
        ("a: \"fine\n  so far\"\nb: 'x\nc: 'y'\n", 3, "a quote is opened here"),
        ("a: 1\nb: [x, 'y]\nc: 2\n", 2, "a quote is opened here"),
        ("a: [1,\n  2\nb: 3\n", 1, "a bracket is opened here and not closed"),
        ("a: 1\nb: {x: 1\nc: 2\n", 2, "a bracket is opened here"),
        ("a: 1\nb: 'don't'\n", 2, "expected key"),
        ('a: 1\nb: "\\q"\n', 2, "unknown escape"),
        (b"ok: 1\nx: \xff", 2, "not UTF-8"),
    ],
)
def test_bad_files_say_where_and_what(tmp_path: Path, text: str | bytes, line: int, words: str) -> None:
    with pytest.raises(InputError) as caught:
        load(tmp_path, text)
    assert caught.value.line == line
    assert words in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        load_documents(tmp_path / "no.yaml")


@given(st.text(max_size=200))
def test_any_text_is_documents_or_one_error(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    file = tmp_path_factory.mktemp("y") / "x.yaml"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        said = [str(document.path) for document in load_documents(file)]
    except InputError as error:
        said = [str(error)]
    assert all(str(file) in one for one in said)


@pytest.mark.parametrize(
    ("text", "line", "hint"),
    [
        ('a: "\\d+"', 1, "take single quotes"),
        ("a: *bold*", 1, "`*` begins an alias"),
        ("a: *bold", 1, "`*` begins an alias"),
        ("a: &x&y z", 1, "`&` begins an anchor"),
        ("a: @ann", 1, "'@' cannot begin one"),
        ("a: 1\nb: `x`", 2, "'`' cannot begin one"),
        ("a: !important", 1, "or quote it"),
        ("a: x: y", 1, "it holds a colon"),
        ("a: - x", 1, "begin the list in a line of its own"),
        ("- a\nb: c", 2, "begin each entry of the list with `- `"),
        ("a: | x", 1, "in the line below `|`"),
        ("a: |\nhello there\nb: c", 3, "indent what belongs to the key above"),
        ('a: "x" y', 1, "that quotes and brackets hold the whole value"),
        ("a:\n  - x\n b: c", 3, "check the indentation"),
        ("a: x\n\tb: c", 2, "YAML does not take tabs"),
        ("a: {{ name }}", 1, "quote a template: '{{ name }}'"),
        ("a: ü\nc: d\0", 2, "take it out"),
    ],
)
def test_what_is_no_yaml_says_what_to_do(tmp_path: Path, text: str, line: int, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(text, tmp_path / "a.yaml")
    assert caught.value.line == line
    assert hint in caught.value.hint
