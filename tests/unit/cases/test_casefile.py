from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm.cases import fields
from pytest_llm.cases.casefile import LoadedCase, load
from pytest_llm.errors import InputError, InputErrors


def write(root: Path, text: str, name: str = "case.prompt.yaml") -> Path:
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def one(root: Path, text: str, name: str = "case.prompt.yaml") -> LoadedCase:
    (loaded,) = load(write(root, text, name), root)
    return loaded


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("x_model: evil", "'x_model' would replace what the case says elsewhere"),
        ("x_messages: []", "'messages' cannot be an option"),
        ("x_max_tokens: 5", "'max_tokens' cannot be an option, the option `num_predict` says it"),
        ("x_reasoning_effort: low", "the case's `think` says it"),
        ("max_tokens: 5", "'max_tokens' cannot be an option, the option `num_predict` says it"),
        ("format: json", "the case's `format` says it"),
        ("x_: 5", "'x_' names no option"),
        ("x_Stream: false", "'x_Stream' would replace"),
        ("x_num_ctx: 9", "'x_num_ctx' would replace the option 'num_ctx': write it without x_"),
        ("x_chat_template_kwargs: {}", "'x_chat_template_kwargs' would replace"),
    ],
)
def test_nothing_that_is_sent_is_replaced_unseen(option: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=re.escape(words)):
        one(tmp_path, f"prompt: hi\noptions: {{{option}}}\nchecks: [x]")


def test_a_small_case(tmp_path: Path) -> None:
    loaded = one(
        tmp_path, "prompt: hi\nthink: [off, true]\ntags: a\noptions: {stop: END, x_mirostat: 2}\nchecks: [x]"
    )
    assert loaded.name == "case"
    assert loaded.case.think == ("off", "on")
    assert loaded.case.tags == ("a",)
    assert loaded.case.options.plain() == {"stop": ["END"], "mirostat": 2}
    assert not loaded.case.is_template


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        *[("'-1'", -1), ("-1", -1), ("0", 0), ("'0'", "0"), ("300", 300), ("'2.5'", 2.5), ("' 10 '", 10)],
        *[("5m", "5m"), ("1h30m", "1h30m"), ("-1m", "-1m"), ("1.5h", "1.5h"), ("500ms", "500ms"), ("~", None)],
    ],
)
def test_keep_alive_is_what_ollama_reads(tmp_path: Path, written: str, sent: float | str | None) -> None:
    assert one(tmp_path, f"prompt: x\nkeep_alive: {written}\nchecks: [x]").case.keep_alive == sent


def test_names_of_several_documents(tmp_path: Path) -> None:
    text = "prompt: a\nchecks: [x]\n---\nprompt: b\nchecks: [x]\n---\nid: own\nprompt: c\nchecks: [x]\n"
    assert [c.name for c in load(write(tmp_path, text), tmp_path)] == ["case", "case-2", "own"]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("prompt: x\nthinkk: on\nchecks: [x]", 2, "unknown key 'thinkk', did you mean 'think'?"),
        ("name: x\nprompt: x\nchecks: [x]", 1, "unknown key 'name', did you mean 'id'?"),
        ("prompt: x\nassert: [x]", 2, "unknown key 'assert', did you mean 'checks'?"),
        ("prompt: x\ntemperature: 0\nchecks: [x]", 2, "unknown key 'temperature': it belongs under `options:`"),
        ("prompt: x\nzzz: 0\nchecks: [x]", 2, "unknown key 'zzz' (known: id, description, category, tags"),
        ("prompt: {zzz: a}\nchecks: [x]", 1, "unknown key 'zzz' (known: file)"),
        (
            "prompt: x\nthink: maybe\nchecks: [x]",
            2,
            "think must be 'off', 'on', 'low', 'medium', 'high', 'max' or 'default', not 'maybe'",
        ),
        ("prompt: x\nthink: onn\nchecks: [x]", 2, "not 'onn', did you mean 'on'?"),
        ("prompt: x\noptions: {num_ctx: 1}\nchecks: [x]", 2, "options.num_ctx must be at least 4, not 1"),
        ("prompt: x\noptions:\n  temperatur: 1\nchecks: [x]", 2, "did you mean 'temperature'?"),
        ("prompt: x\noptions:\n  num_ctx: big\nchecks: [x]", 3, "whole number, not 'big'"),
        ("prompt: x\noptions:\n  use_mmap: maybe\nchecks: [x]", 3, "true or false"),
        ("prompt: ''\nchecks: [x]", 1, "prompt is empty"),
        ("prompt: 12\nchecks: [x]", 1, "prompt must be text"),
        ("checks: [x]", 1, "exactly one of prompt, messages and stages"),
        ("prompt: x\nmessages: [{role: user, content: y}]\nchecks: [x]", 1, "found prompt and messages"),
        ("description: d\nprompt: x", 1, "could not fail"),
        ("prompt: x\nchecks: contains", 2, "checks must be a list, not text\n  begin each check with `- `"),
        (
            "prompt: x\nchecks:\n  contains: y",
            2,
            "checks must be a list, not a mapping\n  begin each check with `- `",
        ),
        ("prompt: x\nchecks: [x]\noptions: hot", 3, "options must be a mapping, not text\n  as in `options: {"),
        (
            "checks: [x]\nstages: [{name: a, prompt: p, checks: x}]",
            2,
            "checks must be a list, not text\n  begin each check",
        ),
        ("prompt: {file: nope.txt}\nchecks: [x]", 1, "'nope.txt' is not there"),
        ("prompt: {file: ../../etc/passwd}\nchecks: [x]", 1, "leaves the rootdir"),
        ("prompt: {file: /etc/passwd}\nchecks: [x]", 1, "absolute path"),
        ("prompt: {fil: a}\nchecks: [x]", 1, "unknown key 'fil', did you mean 'file'?"),
        ("- a", 1, "a case is a mapping of keys, not a list"),
        ("messages:\n  - {role: usr, content: x}\nchecks: [x]", 2, "not 'usr', did you mean 'user'?"),
        ("prompt: x\ntimeout: 5 parsecs\nchecks: [x]", 2, "no duration"),
        ("prompt: x\nid: a b\nchecks: [x]", 2, "cannot stand there"),
        ('prompt: x\nid: "a\\e[2J"\nchecks: [x]', 2, "cannot stand there"),
        ('prompt: x\nid: "a\\u202eb"\nchecks: [x]', 2, "cannot stand there"),
        ("prompt: x\ntags: [fine, area:ui]\nchecks: [x]", 2, "tags.1 'area:ui' holds a character"),
        *[
            (f"prompt: x\nkeep_alive: {value}\nchecks: [x]", 2, "is no duration: give seconds, 5m")
            for value in ("true", "soon", "'5 m'", "5d", "''", "'-'")
        ],
        ("prompt: x\nkeep_alive: [5]\nchecks: [x]", 2, "keep_alive"),
        (
            "prompt: x\ncategory: my own\nchecks: [x]",
            2,
            "category 'my own' holds a character that cannot stand there\n  letters, digits and",
        ),
        (
            "prompt: x\nallow: emty\nchecks: [x]",
            2,
            "allow must be 'empty', 'cut', 'trimmed' or 'echo', not 'emty', did you mean 'empty'?",
        ),
        ("prompt: x\nformat: nope.json\nchecks: [x]", 2, "is not there"),
        ("prompt: x\nexamples: [nope.yaml]\nchecks: [x]", 2, "is not there"),
        ("system: a\nmessages: [{role: system, content: b}, {role: user, content: c}]\nchecks: [x]", 1, "twice"),
        ("id: a\nprompt: x\nchecks: [x]\n---\nid: a\nprompt: x\nchecks: [x]", 5, "two cases of this file"),
        ("", None, "holds no case"),
        *[
            (f"prompt: x\nchecks: [x]\n{key}: 3", 3, f"'{key}' is not supported")
            for key in ("images", "tools", "tool_results")
        ],
        *[
            (f"prompt: x\nchecks: [x]\n{text}", 3, words)
            for text, words in [
                ("samples: 0", "samples must be at least 1, not 0"),
                ("samples: 1001", "samples must be at most 1000, not 1001"),
                ("samples: true", "samples must be a whole number, not True"),
                ("samples: '3'", "samples must be a whole number, not '3'"),
                ("min_pass: 120%", "min_pass: must be a count from 1 (3), a share (80%) or all, not '120%'"),
                ("min_pass: 0.8", "min_pass: must be a count from 1 (3), a share (80%) or all, not 0.8"),
                ("escalate: on", "escalate must be a mapping, not text\n  as in `escalate: {think: on}`"),
                ("escalate: {}", "escalate lacks the key 'think'"),
                (
                    "escalate: {think: off}",
                    "escalate.think must be 'on', 'low', 'medium', 'high' or 'max', not 'off'",
                ),
                ("escalate: {thinks: on}", "unknown key 'thinks', did you mean 'think'?"),
                ("must_pass: 'yes'", "must_pass must be true or false, not 'yes'"),
            ]
        ],
        (
            "prompt: x\nchecks: [x]\nparametrize: rows.csv",
            3,
            "must be a list, not text\n  begin each row with `- `, as in `- {language: Go}`; a file of rows",
        ),
        ("prompt: x\nchecks: [x]\nparametrize:", 3, "parametrize must be a list, not nothing"),
        ("prompt: x\nchecks: [x]\nparametrize: [{a: 1}, {}]", 3, "parametrize.1 is empty"),
        ("prompt: x\nchecks: [x]\nmatrix: {format: []}", 3, "matrix.format is empty"),
        ("prompt: x\nchecks: [x]\nmatrix: {format: }", 3, "matrix.format must be a list, not nothing"),
        ("prompt: x\nchecks: [x]\nmatrix:", 3, "matrix must be a mapping, not nothing"),
        ("prompt: x\nchecks: []", 2, "checks is empty"),
        ("prompt: x\nchecks:", 2, "checks must be a list, not nothing"),
        ("checks: [x]\nstages: []", 2, "stages is empty"),
        ("checks: [x]\nmessages: []", 2, "messages is empty"),
        ("checks: [x]\nstages: [{name: a, prompt: p, checks: []}]", 2, "stages.0.checks is empty"),
        (
            "checks: [x]\nstages:\n  - {name: a, prompt: p}\n  - {name: a, prompt: p}",
            4,
            "two stages are called 'a'",
        ),
        ("checks: [x]\nstages:\n  - {name: items, prompt: p}", 3, "cannot be called 'items'"),
        ("checks: [x]\nstages: [{name: a, prompt: p}]\nvars: {stages: 1}", 3, "'stages' is what earlier stages"),
        ("checks: [x]\nstages: [{name: a, prompt: p}]\nparametrize: [{previous: 1}]", 3, "'previous' is what"),
        *[
            (f"prompt: x\nchecks: [x]\n{key}: {nothing}", 3, f"{key} is empty")
            for key, nothing in [
                ("think", "[]"),
                ("models", "[]"),
                ("matrix", "{}"),
                ("parametrize", "[]"),
                ("examples", "[]"),
            ]
        ],
    ],
)
def test_bad_cases_say_where_and_what(tmp_path: Path, text: str, line: int | None, words: str) -> None:
    with pytest.raises(InputError) as caught:
        load(write(tmp_path, text), tmp_path)
    assert words in str(caught.value)
    assert caught.value.line == line


@pytest.mark.parametrize("folder", ["", "below/"])
def test_defaults_under_a_name_that_holds_for_nothing_are_told(tmp_path: Path, folder: str) -> None:
    write(tmp_path, "models: m", "_defaults.yml")
    with pytest.raises(InputError, match=r"hold for no case\n  call it _defaults\.yaml") as caught:
        one(tmp_path, "prompt: hi\nchecks: [x]", f"{folder}a.prompt.yaml")
    assert caught.value.path == tmp_path / "_defaults.yml"


def test_files_are_read_in_the_place_of_their_names(tmp_path: Path) -> None:
    write(tmp_path, "Say it.", "p.txt")
    write(tmp_path, "{type: object}", "s.json")
    write(tmp_path, "- {user: q, assistant: a}", "e.yaml")
    loaded = one(
        tmp_path,
        "prompt: {file: p.txt}\nsystem: {file: p.txt}\nformat: s.json\nchecks: [x]\n"
        "examples:\n  - e.yaml\n  - {user: q2, assistant: {file: p.txt}}\n",
    )
    pair = loaded.case.examples[-1]
    assert isinstance(pair, fields.Example)
    assert pair.assistant == "Say it."
    said = one(tmp_path, "messages: [{role: user, content: {file: p.txt}}]\nchecks: [x]").case.messages
    assert said
    assert said[0].content == "Say it."
    assert loaded.case.prompt == loaded.case.system == "Say it."
    assert loaded.case.format == {"type": "object"}
    assert [e.user for e in loaded.case.examples if not isinstance(e, str)] == ["q", "q2"]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("e.yaml", "- {user: q, asistant: a}", "e.yaml:1: a file of examples"),
        ("e.yaml", "- {user: q, assistant: {file: a.txt}}", "e.yaml:1: a file of examples"),
        ("e.yaml", "hello", "e.yaml:1: a file of examples"),
        ("e.yaml", "[]", "e.yaml:1: a file of examples"),
        ("e.yaml", "", "case.prompt.yaml:2: the file 'e.yaml' holds no example"),
    ],
)
def test_bad_example_files_are_named(tmp_path: Path, name: str, text: str, words: str) -> None:
    write(tmp_path, text, name)
    with pytest.raises(InputError, match=words.replace(".", r"\.")):
        one(tmp_path, f"prompt: x\nexamples: {name}\nchecks: [x]")


def test_defaults_nearest_wins_key_by_key(tmp_path: Path) -> None:
    write(tmp_path, "models: [far]\noptions: {num_ctx: 4096, seed: 1}\ntimeout: 5s\n", "_defaults.yaml")
    write(tmp_path, "models: [near]\noptions: {seed: 2}\n", "a/_defaults.yaml")
    case = one(tmp_path, "prompt: x\noptions: {top_k: 3}\nchecks: [x]", "a/b/c.prompt.yaml").case
    assert case.models == ("near",)
    assert case.options.plain() == {"num_ctx": 4096, "seed": 2, "top_k": 3}
    assert case.timeout == 5.0


@pytest.mark.parametrize("nothing", ["", "[]", "{}"])
@pytest.mark.parametrize(
    ("key", "given"),
    [
        ("matrix", "{options.seed: [1, 2]}"),
        ("parametrize", "[{a: 1}]"),
        ("examples", "[{user: u, assistant: a}]"),
        ("checks", "[far]"),
    ],
)
def test_an_empty_value_takes_back_what_the_defaults_gave(
    tmp_path: Path, key: str, given: str, nothing: str
) -> None:
    write(tmp_path, f"{key}: {given}\n", "_defaults.yaml")
    case = one(tmp_path, f"stages: [{{name: a, prompt: x, checks: [x]}}]\n{key}: {nothing}", "a.prompt.yaml").case
    assert not getattr(case, key)
    write(tmp_path, f"{key}: {nothing}\n", "b/_defaults.yaml")
    case = one(tmp_path, "stages: [{name: a, prompt: x, checks: [x]}]", "b/a.prompt.yaml").case
    assert not getattr(case, key)


def test_a_model_and_a_think_mode_there_must_be(tmp_path: Path) -> None:
    write(tmp_path, "models: [m]\nthink: [off, on]\n", "_defaults.yaml")
    for key in ("models", "think"):
        with pytest.raises(InputError, match=f"{key} is empty"):
            one(tmp_path, f"prompt: x\nchecks: [x]\n{key}: []")


def test_defaults_above_the_rootdir_do_not_count(tmp_path: Path) -> None:
    write(tmp_path, "models: [outside]\n", "_defaults.yaml")
    root = tmp_path / "root"
    file = write(root, "prompt: x\nchecks: [x]")
    assert load(file, root)[0].case.models == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("modls: [x]", "_defaults.yaml:1: unknown key 'modls', did you mean 'models'?"),
        ("prompt: x", "'prompt' belongs in a case"),
        ("- x", "one mapping"),
        ("category: v\nthink: maybe", "_defaults.yaml:2"),
    ],
)
def test_bad_defaults_are_told_at_their_own_line(tmp_path: Path, text: str, words: str) -> None:
    write(tmp_path, text, "_defaults.yaml")
    with pytest.raises(InputError) as caught:
        one(tmp_path, "prompt: x\nchecks: [x]")
    assert words in str(caught.value)


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    text = (
        "prompt: x\nthinkk: on\ntimeout: soon\nchecks: [x]\n---\nchecks: [x]\n---\nprompt: x\nchecks: [x]\nid: a b"
    )
    with pytest.raises(InputErrors) as caught:
        load(write(tmp_path, text), tmp_path)
    assert [error.line for error in caught.value.errors] == [2, 3, 6, 10]
    assert "case.prompt.yaml:3: timeout" in str(caught.value)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_KEYS = st.sampled_from(["prompt", "messages", "stages", "checks", "options", "think", "matrix", "examples", "zzz"])


@given(st.dictionaries(_KEYS, _VALUES))
def test_any_mapping_is_a_case_or_one_error(tmp_path_factory: pytest.TempPathFactory, data: dict[str, Any]) -> None:
    import yaml

    root = tmp_path_factory.mktemp("c")
    file = write(root, yaml.safe_dump(data, allow_unicode=True))
    try:
        said = load(file, root)[0].name
    except InputError as error:
        said = str(error)
    assert "case" in said


@pytest.mark.parametrize("text", ["format: {name: x, strict: true, schema: {type: 'null'}}", "format: w.json"])
def test_a_format_is_taken_out_of_its_wrapper(tmp_path: Path, text: str) -> None:
    (tmp_path / "w.json").write_text('{"name": "x", "schema": {"type": "null"}}')
    (tmp_path / "a.prompt.yaml").write_text(f"prompt: p\nchecks: [x]\n{text}\n")
    assert load(tmp_path / "a.prompt.yaml", tmp_path)[0].case.format == {"type": "null"}


@pytest.mark.parametrize("text", ["format: {}", "format: {title: x}", "format: open.json"])
def test_a_format_that_everything_fits_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "open.json").write_text('{"proprties": {}}')
    (tmp_path / "a.prompt.yaml").write_text(f"prompt: p\nchecks: [x]\n{text}\n")
    with pytest.raises(InputError, match=r"a\.prompt\.yaml:3: this schema fits every JSON value"):
        load(tmp_path / "a.prompt.yaml", tmp_path)
