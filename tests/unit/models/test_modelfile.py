from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llm.errors import Complaints, InputError, InputErrors, ModelUnavailable
from pytest_llm.models.grammar import COMMANDS
from pytest_llm.models.lint import lint
from pytest_llm.models.modelfile import ModelSpec, content_digest, load, parse, parsed, read
from pytest_llm.models.parameters import PARAMETERS
from pytest_llm.models.reference import resolve

HERE = Path("modelfiles/x.Modelfile")


def spec_of(text: str) -> ModelSpec:
    return parse(text, HERE)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("hello", "hello"),
        ("  hello\t", "hello"),
        ('"hello"', "hello"),
        ('""', ""),
        ('""""""', ""),
        ('"""hello"""', "hello"),
        ('"""\nhello\n"""', "\nhello\n"),
        ('"two\r\nlines"', "two\r\nlines"),
        ("'hello'", "'hello'"),
        ('say "hi"', 'say "hi"'),
        ('"a" b "c"', 'a" b "c'),
        ('"hello" world\nPARAMETER num_ctx 8\nstop"', 'hello" world\nPARAMETER num_ctx 8\nstop'),
        ("hi # no comment", "hi # no comment"),
        ("a\u00a0b\u200dc", "abc"),
        ('"""a "" b"""', 'a "" b'),
        ('"""a\n\n"""  ', "a\n\n"),
        ('"back\\"', "back\\"),
        ("Grüße 🙂", "Grüße 🙂"),
        ("new \U0001fae9\U0001face\u1b4e", "new \U0001fae9\U0001face\u1b4e"),  # newer than Python's tables
        ("none\ufffe\U0001ffff\ufdd0", "none"),
    ],
)
@pytest.mark.parametrize("after", ["", "\n", "\n\nPARAMETER seed 1\n"])
def test_value(value: str, expected: str, after: str) -> None:
    found = spec_of(f"FROM m\nSYSTEM {value}{after}")
    assert found.system == expected
    assert found.parameters == ({"seed": 1} if "seed" in after else {})


def test_every_command() -> None:
    found = spec_of(
        "# first\n   \t# indented\nfrom llama3:8b\nParameter temperature .5\nPARAMETER num_ctx 4096\n"
        'PARAMETER stop <a>\nPARAMETER stop "</a> "\nPARAMETER use_mmap false\nPARAMETER mirostat 1\n'
        'TEMPLATE {{ .Prompt }}\nMESSAGE user hi\nMESSAGE assistant """ho\nho"""\nLICENSE MIT\nLICENSE Apache\n'
        "RENDERER qwen3\nPARSER qwen3\nREQUIRES v0.14.0\nPARAMETER temperature 1\nADAPTER lora.gguf\n"
    )
    assert found.base == "llama3:8b"
    assert found.gguf is None
    assert found.parameters == {"temperature": 1.0, "num_ctx": 4096, "stop": ("<a>", "</a> "), "use_mmap": False}
    assert found.messages == (("user", "hi"), ("assistant", "ho\nho"))
    assert (found.license, found.renderer, found.parser) == (("MIT", "Apache"), "qwen3", "qwen3")
    assert (found.requires, found.template, found.adapters) == ("0.14.0", "{{ .Prompt }}", ("lora.gguf",))
    assert found.files == (Path("modelfiles/lora.gguf"),)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", None, "no FROM line"),
        ("# FROM x\n", None, "no FROM line"),
        ("FROM m\n\nSYTEM hi\n", 3, "unknown command 'SYTEM', did you mean 'SYSTEM'"),
        ("FROM m\nYou are a poet\n", 2, "unknown command 'You'"),
        ("FROM m\nSYSTEM\nPARAMETER seed 1\n", 2, "SYSTEM has no value"),
        ("FROM", 1, "FROM has no value"),
        ("FROM ", 1, "FROM has no value"),
        ('FROM ""', 1, "FROM has no value"),
        ("FROM m # the base", 1, "FROM takes one model or file"),
        ("FROM m\r\n\r\nMESSAGE User hi", 3, "unknown role 'User' in MESSAGE, did you mean 'user'"),
        ("FROM m\nMESSAGE user\n", 2, "MESSAGE user has no value"),
        ("FROM m\nPARAMETER num_ctx\n", 2, "PARAMETER num_ctx has no value"),
        ("FROM m\nPARAMETER num-ctx 5\n", 2, "'num-ctx' is no parameter's name"),
        ("FROM m\nPARAMETER  num_ctx 5\n", 2, "'' is no parameter's name"),
        ("FROM m\nPARAMETER num_ctx abc\n", 2, "takes a whole number, not 'abc'"),
        ("FROM m\nPARAMETER num_ctx 3.7\n", 2, "takes a whole number"),
        ("FROM m\nPARAMETER num_ctx 1_000\n", 2, "takes a whole number"),
        ("FROM m\nPARAMETER num_ctx 4096 # big\n", 2, "a comment stands on a line of its own"),
        ("FROM m\nPARAMETER temperature hot\n", 2, "takes a number, not 'hot'"),
        ("FROM m\nPARAMETER temperature nan\n", 2, "takes a number"),
        ("FROM m\nPARAMETER temperature 1e999\n", 2, "takes a number"),
        ("FROM m\nPARAMETER use_mmap yes\n", 2, "takes true or false, not 'yes'"),
        ('FROM m\nSYSTEM """never\nclosed\n', 2, "opens a quote that is never closed"),
        ('FROM m\nSYSTEM "hello" world\n', 2, "text after the closing quote makes it an ordinary character"),
        ("FROM m\nREQUIRES soon\n", 2, "takes a version such as 0.14.0"),
        ("FROM m\nREQUIRES 0.14.0\nREQUIRES soon\n", 3, "takes a version such as 0.14.0"),
        ("FROM m@sha256:abc\n", 1, "FROM names no model and no file: 'm@sha256:abc'"),
        ("FROM m:\n", 1, "FROM names no model"),
        ("FROM a/b/c/d:t\n", 1, "FROM names no model"),
        ("FROM -m\n", 1, "FROM names no model"),
        (f"FROM {'m' * 81}\n", 1, "FROM names no model"),
        ("FROM ./a.gguf\nDRAFT a.gguf\n", 2, "DRAFT names the file that FROM names: a.gguf"),
        ("FROM m\nADAPTER a.gguf\nADAPTER b.gguf\n", 3, "one ADAPTER, and line 2 has one"),
    ],
)
def test_what_is_refused(text: str, line: int | None, words: str) -> None:
    with pytest.raises(InputError) as caught:
        spec_of(text)
    assert words in str(caught.value)
    assert (caught.value.line, caught.value.path) == (line, HERE)


def test_everything_that_is_refused_is_told_at_once() -> None:
    with pytest.raises(InputErrors) as caught:
        spec_of("PARAMETER seed x\nREQUIRES y\nPARAMETER top_p z\nSYSTEM hi\n")
    assert [error.line for error in caught.value.errors] == [None, 1, 2, 3]


@pytest.mark.parametrize(
    "base", ["m", "M:x", "a/m", "h.co/o/r:Q4_K_M", "http://localhost:5000/n/m:t", "sha256:" + "a" * 64]
)
def test_every_model_name_is_taken(base: str) -> None:
    assert spec_of(f"FROM {base}").base == base


@pytest.mark.parametrize(
    ("base", "file"),
    [
        ("./demo.gguf", "modelfiles/demo.gguf"),
        ("demo.gguf", "modelfiles/demo.gguf"),
        ("../x.GGUF", "modelfiles/../x.GGUF"),
        ("/models/a.bin", "/models/a.bin"),
        ("~/a.gguf", os.path.expanduser("~/a.gguf")),
        ('"./with blank.gguf"', "modelfiles/with blank.gguf"),
        ("qwen3:8b", None),
        ("hf.co/org/repo:Q4_K_M", None),
    ],
)
def test_from_names_a_file_or_a_model(base: str, file: str | None) -> None:
    found = spec_of(f"FROM {base}")
    assert found.gguf == (file and Path(file))
    assert found.files == ((Path(file),) if file else ())


def test_several_from() -> None:
    found = spec_of("FROM ./a.gguf\nFROM ./mmproj.gguf")
    assert (found.base, len(found.files)) == ("./a.gguf", 2)
    assert spec_of("FROM ./a.gguf\nFROM base:tag\nFROM ./b.gguf").gguf is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.Modelfile"
    path.write_bytes("FROM m\nSYSTEM Grüße\n".encode(encoding))
    assert load(path).system == "Grüße"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"FROM m\nSYSTEM \xff\n", "no UTF-8 text"),
        (b"\xff\xfeF", "no UTF-8 text"),
        (b"GGUF\x03\x00\x00\x00", "this is no Modelfile"),
    ],
)
def test_files_that_are_none(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "a.Modelfile"
    path.write_bytes(data)
    with pytest.raises(InputError, match=words):
        load(path)


def test_a_missing_modelfile(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        load(tmp_path / "none.Modelfile")


def test_the_digest_follows_the_text_and_the_files(tmp_path: Path) -> None:
    path, gguf = tmp_path / "a.Modelfile", tmp_path / "a.gguf"
    gguf.write_bytes(b"GGUF one")
    first = parse("FROM ./a.gguf\n", path)
    digests = {content_digest(first), content_digest(parse("FROM ./a.gguf\nSYSTEM x\n", path))}
    gguf.write_bytes(b"GGUF other")
    digests.add(content_digest(first))
    assert len(digests) == 3
    assert content_digest(first) == content_digest(parse("FROM ./a.gguf\n", tmp_path / "renamed.Modelfile"))
    gguf.unlink()
    with pytest.raises(ModelUnavailable, match=r"a\.gguf cannot be read: No such file"):
        content_digest(first)


@pytest.mark.parametrize("named", ["./st", "./secret", "/dev/zero", "/proc/self/environ", "./pipe", "./link"])
def test_what_is_no_gguf_file_is_not_read(named: str, tmp_path: Path) -> None:
    (tmp_path / "st").mkdir()
    (tmp_path / "st/model.safetensors").write_bytes(b"one")
    (tmp_path / "secret").write_text("-----BEGIN PRIVATE KEY-----")
    (tmp_path / "link").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe")
    for command in ("FROM {}", "FROM qwen3:8b\nADAPTER {}", "FROM qwen3:8b\nDRAFT {}"):
        spec = parse(command.format(named) + "\n", tmp_path / "a.Modelfile")
        with pytest.raises(ModelUnavailable, match="is no GGUF file"):
            content_digest(spec)


@pytest.mark.parametrize("named", ["{outside}/a.gguf", "./link.gguf", "~/a.gguf"])
def test_no_file_from_outside_goes_to_a_server_that_the_repository_names(
    named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    monkeypatch.setenv("HOME", str(outside))
    (outside / "a.gguf").write_bytes(b"GGUF")
    (root / "link.gguf").symlink_to(outside / "a.gguf")
    (root / "inside.gguf").write_bytes(b"GGUF")
    (root / "m.Modelfile").write_text(f"FROM {named.format(outside=outside)}\n")
    (root / "n.Modelfile").write_text("FROM ./inside.gguf\n")
    with pytest.raises(InputError, match="outside of the rootdir"):
        resolve("m", modelfiles=[root], root=root, trusted=False)
    assert resolve("m", modelfiles=[root], root=root).spec
    assert resolve("n", modelfiles=[root], root=root, trusted=False).spec


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("PARAMETER tempature 1", 2, "unknown PARAMETER 'tempature' has no effect, did you mean 'temperature'?"),
        ("PARAMETER Temperature 1", 2, "names of parameters are written small"),
        ("PARAMETER mirostat 1", 2, "deprecated"),
        (
            'SYSTEM "hello" world\nPARAMETER seed 1\nLICENSE "x"',
            2,
            "runs on to line 4 and takes the lines between in",
        ),
        ('SYSTEM "hello\nPARAMETER stop "x"', 2, "among them 'PARAMETER'"),
        ('SYSTEM """hello""" world\nand more"""', 2, "runs on to line 3"),
        ("SYSTEM 'hello'", 2, "the single quotes are part of the value of SYSTEM"),
        ("SYSTEM a\u00a0b\u00a0c", 2, "U+00A0 NO-BREAK SPACE in SYSTEM (2 times) does not print"),
        ("SYSTEM 👩\u200d🚀", 2, "U+200D ZERO WIDTH JOINER in SYSTEM does not print"),
        ("SYSTEM a\nSYSTEM b", 3, "SYSTEM was already given in line 2; this one counts"),
        ("PARAMETER seed 1\nPARAMETER seed 2", 3, "PARAMETER seed was already given in line 2"),
        ("SYSTEM be brief # please", 2, "the text after # is part of the value"),
        ('SYSTEM ""', 2, "the value of SYSTEM is empty"),
        ("TEMPLATE {{ .System }}", 2, "the prompt never reaches the model"),
    ],
)
def test_lint(text: str, line: int | None, words: str) -> None:
    found = [str(one) for one in lint(spec_of(f"FROM m\n{text}\n"))]
    assert [entry for entry in found if words in entry and entry.startswith(f"{HERE.name}:{line}: ")], found


@pytest.mark.parametrize(
    "text",
    [
        'SYSTEM """\nROLE: x\n- PARAMETER lists\n"""',
        'SYSTEM "two\nlines"',
        "PARAMETER stop a\nPARAMETER stop b\nMESSAGE user a\nMESSAGE user a",
        "TEMPLATE {{ range .Messages }}{{ .Content }}{{ end }}",
        'SYSTEM "# no comment"',
    ],
)
def test_lint_is_silent(text: str) -> None:
    assert lint(spec_of(f"FROM m\n{text}\n")) == []


@pytest.mark.parametrize(
    "path", sorted(Path(__file__).parents[3].glob("modelfiles/*.Modelfile")), ids=lambda p: p.stem
)
def test_the_shipped_modelfiles_are_clean(path: Path) -> None:
    assert lint(load(path)) == []


PIECES = st.sampled_from(
    [*COMMANDS, *PARAMETERS, '"', '"""', "\n", "\r\n", " ", "\t", "#", "user", "1", "\u00a0", "é"]
)


@settings(deadline=None)
@given(
    st.one_of(st.text(), st.lists(PIECES).map("".join), st.lists(PIECES).map(lambda p: "FROM m\n" + " ".join(p)))
)
def test_any_text_parses_or_is_refused(text: str) -> None:
    try:
        found = spec_of(text)
    except InputError:
        return
    assert found.base
    assert all(1 <= c.line <= c.last_line <= len(text.splitlines()) + 1 for c in found.commands)
    lint(found)


LETTERS = st.characters(exclude_categories=("Cs", "Cc", "Cf", "Co", "Cn", "Zs", "Zl", "Zp"), exclude_characters='"')
TEXTS = st.text(st.one_of(LETTERS, st.sampled_from(" \n\t#'")), max_size=60).filter(str.isascii) | st.text(LETTERS)
VALUES = {
    int: st.integers(-(10**12), 10**12),
    float: st.floats(-1e6, 1e6, allow_nan=False),
    bool: st.booleans(),
    tuple: st.lists(TEXTS, min_size=1, max_size=3).map(tuple),
}


@settings(deadline=None)
@given(
    st.data(),
    st.lists(st.sampled_from(sorted(PARAMETERS)), unique=True),
    st.none() | TEXTS,
    st.lists(st.tuples(st.sampled_from(["system", "user", "assistant"]), TEXTS)),
)
def test_what_is_written_is_read_again(
    data: st.DataObject, names: list[str], system: str | None, messages: list[tuple[str, str]]
) -> None:
    parameters = {name: data.draw(VALUES[PARAMETERS[name]]) for name in names}
    lines = ["FROM m"]
    for name, value in parameters.items():
        lines += [f'PARAMETER {name} """{v}"""' for v in (value if isinstance(value, tuple) else (value,))]
    lines += [] if system is None else [f'SYSTEM """{system}"""']
    lines += [f'MESSAGE {role} """{text}"""' for role, text in messages]
    found = spec_of("\n".join(lines))
    assert found.parameters == parameters
    assert (found.system, found.messages) == (system, tuple(messages))


def test_a_long_value() -> None:
    lines = 200_000
    assert spec_of('FROM m\nLICENSE """' + "x\n" * lines + '"""').license == ("x\n" * lines,)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('FROM m\nSYSTEM """\nBe kind.\nTEMPLATE """\n{{ .Prompt }}\n"""\n', 2, 'line 4 closes: \'TEMPLATE """\''),
        (
            'FROM m\nSYSTEM "Be kind.\nPARAMETER stop "\nx"\n',
            2,
            "the value of SYSTEM opens a quote that line 3 closes",
        ),
        ('FROM m\nMESSAGE user """hi\nMESSAGE user """\nho"""\n', 2, "the value of MESSAGE opens a quote"),
        ('FROM m\nSYSTEM """\nBe kind.\n"""\nhello\n', 5, "unknown command 'hello'"),
        ('FROM m\nSYSTEM """Be kind.\nfrom now on"""\nhello\n', 2, "line 3 closes"),
        ('FROM m\nSYSTEM """Be kind.\n', 2, "never closed"),
    ],
)
def test_a_quote_that_is_not_closed_is_told_where_it_opens(text: str, line: int, words: str) -> None:
    with pytest.raises(InputError) as caught:
        spec_of(text)
    assert (caught.value.line, words in str(caught.value)) == (line, True), str(caught.value)


def test_what_is_newer_than_our_tables_is_not_said_to_be_dropped() -> None:
    assert lint(spec_of("FROM m\nSYSTEM new \U0001fae9")) == []
    assert "does not print" in str(lint(spec_of("FROM m\nSYSTEM a\u200b"))[0])


def test_what_a_modelfile_does_not_say_is_said_by_the_one_it_is_built_on() -> None:
    base = spec_of(
        "FROM ./a.gguf\nSYSTEM old\nMESSAGE user hi\nTEMPLATE {{ .Prompt }}\n"
        "PARAMETER seed 1\nPARAMETER top_k 5\nPARAMETER stop a\n"
    )
    between = replace(spec_of('FROM base\nSYSTEM ""\nPARAMETER seed 2\n'), parent=base)
    found = replace(spec_of("FROM between\nPARAMETER stop b\nPARAMETER stop c\n"), parent=between).whole
    assert (found.system, found.template, found.messages) == ("old", "{{ .Prompt }}", (("user", "hi"),))
    assert found.parameters == {"seed": 2, "top_k": 5, "stop": ("b", "c")}
    assert found.gguf == Path("modelfiles/a.gguf")
    assert replace(spec_of("FROM base\nSYSTEM new\nMESSAGE user ho\n"), parent=base).whole.system == "new"
    assert base.whole is base


def lenient(text: str) -> tuple[ModelSpec, list[tuple[int | None, str]]]:
    wrong = Complaints()
    spec = parsed(text, HERE, wrong)
    return spec, [(error.line, error.message) for error in wrong.errors]


@pytest.mark.parametrize(
    ("text", "mistakes", "kept"),
    [
        (
            "FROM m\nTEMPLATES x\nPARAMETER seed x\nREQUIRES y\n",
            {2: "unknown command", 3: "seed", 4: "REQUIRES"},
            "",
        ),
        ("FORM m\nSYSTEM hi\n", {1: "did you mean 'FROM'"}, "hi"),
        ("PARAMETER seed x\nSYSTEM hi\n", {None: "no FROM", 1: "seed"}, "hi"),
        ("FROM m\nSYTEM one\nPARAMTER seed 1\nSYSTEM two\n", {2: "SYTEM", 3: "PARAMTER"}, "two"),
        ('FROM m\nSYTEM """\nbe brief\nnow\n"""\nPARAMETER seed x\n', {2: "SYTEM", 6: "seed"}, ""),
        ("FROM m\nYou are kind.\nBe brief.\nNever lie.\nSYSTEM hi\n", {2: "'You'"}, "hi"),
        (
            "FROM m\nSYSTEM hi\nMESSAGE User a\nMESSAGE bot b\nPARAMETER a-b 1\n",
            {3: "role", 4: "role", 5: "a-b"},
            "hi",
        ),
        ("FROM m\nPARAMETER\nTEMPLATE\nSYSTEM hi", {2: "PARAMETER has no value", 3: "TEMPLATE has no value"}, "hi"),
        (
            'FROM m\nTEMPLATE """{{ .Prompt }}\nmore\nPARAMETER seed x\nSYSTEM hi\n',
            {2: "never closed", 4: "seed"},
            "hi",
        ),
        ('FROM m\nTEMPLATE "{{ .Prompt }}\nSYSTEM "hi"\nseed\n', {2: "line 3 closes", 4: "'seed'"}, "hi"),
        ('FROM m\r\nTEMPLATE """\r\nBe\r\nSYSTEM "hi"\r\nREQUIRES x', {2: "never closed", 5: "REQUIRES"}, "hi"),
        ('FROM "m\nSYSTEM hi\n', {1: "never closed"}, "hi"),
        ("FROM\nSYSTEM hi\n", {1: "FROM has no value"}, "hi"),
        ("FROM m x\nSYSTEM hi\nPARAMETER top_k 1.5\n", {1: "one model", 3: "top_k"}, "hi"),
        ("", {None: "no FROM"}, ""),
    ],
)
def test_all_mistakes_are_told_and_the_rest_is_read(text: str, mistakes: dict[int | None, str], kept: str) -> None:
    spec, told = lenient(text)
    assert [line for line, _ in told] == list(mistakes)
    assert all(words in message for (_, message), words in zip(told, mistakes.values(), strict=True))
    assert (spec.system or "") == kept


def test_bytes_that_are_no_text_are_one_mistake_among_others(tmp_path: Path) -> None:
    file = tmp_path / "x.Modelfile"
    file.write_bytes(b"FROM m\nSYSTEM gr\xfc\xdf\nPARAMETER seed x\n")
    wrong = Complaints()
    assert read(file, wrong).base == "m"
    assert [(error.line, error.message[:15]) for error in wrong.errors] == [
        (2, "this is no UTF-"),
        (3, "PARAMETER seed "),
    ]


def test_what_is_no_modelfile_at_all_is_given_up() -> None:
    assert len(lenient("MODEL x\n" * 5000)[1]) == 51
    assert len(lenient("Some prose.\n" * 200_000)[1]) == 2


@given(st.text(alphabet=st.sampled_from(list("FROM SYTE\n\r\"'#x1 ")) | st.characters(), max_size=200))
def test_any_text_is_read_or_told(text: str) -> None:
    wrong = Complaints()
    spec = parsed(text, HERE, wrong)
    assert spec.base or wrong.errors
