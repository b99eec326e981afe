"""What the files of a pull request may hold: huge, deep, or with a name that is markup, is harmless and told."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from pytest_llm.cases import casefile
from pytest_llm.cases.matrix import MAX_CELLS, expand
from pytest_llm.cases.yamlfile import MAX_NODES
from pytest_llm.errors import InputError
from pytest_llm.models.reference import resolve
from pytest_llm.providers import scripted
from tests.acceptance.conftest import Bench

TEN = "[" + ", ".join(map(str, range(1, 11))) + "]"
AXES = dict.fromkeys(("top_k", "num_ctx", "num_predict", "seed", "top_p", "temperature"), TEN)
MATRIX = "".join(f"\n  options.{name}: {values}" for name, values in AXES.items())
CASE = "prompt: hi\nmodels: m\nchecks: [{contains: x}]\n"
MODELS = CASE.replace("models: m", "models: [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10]")
ROWS = "".join(f"\n  - {{a: {number}}}" for number in range(1000))
TOO_MUCH = {
    "a matrix of a million": (f"{CASE}matrix:{MATRIX}", f"makes 1000000 cells, and {MAX_CELLS} are the most"),
    "rows, models and a matrix": (
        f"{MODELS}parametrize:{ROWS}\nmatrix: {{options.seed: {TEN}}}",
        "makes 100000 cells",
    ),
    "values": (f"{CASE}vars:\n  a: [{'1,' * 2_000_000}1]", f"more than {MAX_NODES} values"),
    "sixty megabytes": (f"{CASE}vars:\n  a:\n" + "  - b\n" * 10_000_000, f"more than {MAX_NODES} values"),
    "checks within checks": (f"prompt: hi\nchecks: [{'{not: ' * 200}x{'}' * 200}]", "nested deeper than"),
    "lists of checks": (f"prompt: hi\nchecks: [{'{any_of: [' * 200}x{']}' * 200}]", "nested deeper than"),
    "many documents": ("a: b\n---\n" * 300_000, f"more than {MAX_NODES} values"),
}


@pytest.mark.parametrize("name", TOO_MUCH)
def test_too_much_is_one_error(tmp_path: Path, name: str) -> None:
    text, words = TOO_MUCH[name]
    file = tmp_path / "a.prompt.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=words):
        for loaded in casefile.load(file, tmp_path):
            expand(loaded, loaded.case.models)


@pytest.mark.parametrize("name", ["values", "sixty megabytes", "checks within checks", "many documents"])
def test_too_much_in_the_defaults_above_is_one_error(tmp_path: Path, name: str) -> None:
    text, words = TOO_MUCH[name]
    (tmp_path / casefile.DEFAULTS).write_text(text.replace(CASE, "").replace("prompt: hi\n", ""), encoding="utf-8")
    file = tmp_path / "below" / "a.prompt.yaml"
    file.parent.mkdir()
    file.write_text(CASE, encoding="utf-8")
    with pytest.raises(InputError, match=words) as caught:
        list(casefile.load(file, tmp_path))
    assert caught.value.path == tmp_path / casefile.DEFAULTS


def test_a_script_is_a_regular_file() -> None:
    with pytest.raises(InputError, match="no regular file"):
        scripted.load(Path("/dev/zero"))


NAMES = ["<img src=x onerror=boom()>", "a\x1b[31mred", "a\nb", "a::b", "a'\"`$(boom)", "ü‮"]


def test_names_that_are_markup(bench: Bench) -> None:
    answers = bench.file("answers.yaml", "- text: hello\n")
    for number, name in enumerate(NAMES):
        folder = bench.path / name if number % 2 else bench.path
        folder.mkdir(exist_ok=True)
        for word in ("hello", "nothing"):
            case = f"prompt: hi\nmodels: scripted:{answers.name}\nchecks: [{{contains: {word}}}]\n"
            (folder / f"{name}-{word}.prompt.yaml").write_text(case, encoding="utf-8")
    (bench.path / f"{NAMES[0]}-broken.prompt.yaml").write_text("nonsense: 1\n", encoding="utf-8")
    outputs = (
        "--junitxml=junit.xml",
        "--html=report.html",
        "--self-contained-html",
        "--continue-on-collection-errors",
    )
    result = bench.process("-p", "no:xdist", "-rA", *outputs)
    result.assert_outcomes(passed=len(NAMES), failed=len(NAMES), errors=1)
    page = (bench.path / "report.html").read_text(encoding="utf-8")
    blob = re.search('data-jsonblob="([^"]*)"', page)
    assert blob is not None
    tests = json.loads(html.unescape(blob[1]))["tests"]
    shown = [row["resultsTableRow"][1] for runs in tests.values() for row in runs]
    assert len(shown) == 2 * len(NAMES) + 1
    assert sum("&lt;img src=x" in cell for cell in shown) == 3
    assert [cell for cell in shown if "<img" in cell or "\x1b" in cell] == []
    ElementTree.parse(bench.path / "junit.xml")
    (record,) = bench.path.glob(".pytest_llm/runs/*/cells.jsonl")
    assert all(json.loads(line) for line in record.read_text("ascii").splitlines())
    ours = [line for line in result.outlines if "again: " in line]
    assert len(ours) == len(NAMES)
    assert [line for line in ours if "\x1b" in line] == []


ELSEWHERE = [
    *("http://169.254.169.254/x/y", "169.254.169.254/x/y", "http://registry.ollama.ai/library/x", "2852039166/x/y"),
    *("localhost/x/y", "localhost:5000/x/y", "10.0.0.1:80/x/y", "0xa9fea9fe/x/y", "db.internal/x/y", "127.1/x/y"),
]
REGISTRIES = [
    "qwen3:8b",
    "me/mine:1",
    "hf.co/org/repo:Q4",
    "https://hf.co/org/repo",
    "registry.ollama.ai/library/x",
]


def test_what_a_file_names_is_pulled_from_the_internet_only(tmp_path: Path) -> None:
    for name in [*ELSEWHERE, *REGISTRIES]:
        file = tmp_path / "mine.Modelfile"
        file.write_text(f"FROM {name}\n", encoding="utf-8")
        for written in (name, "mine"):
            assert resolve(written, modelfiles=[tmp_path], root=tmp_path).written == written
            if name in REGISTRIES:
                assert resolve(written, modelfiles=[tmp_path], root=tmp_path, pulled=True).written == written
                continue
            with pytest.raises(InputError, match="is not pulled"):
                resolve(written, modelfiles=[tmp_path], root=tmp_path, pulled=True)


@pytest.mark.parametrize("name", ["a\x1b[31mb", "a\nb", "a\x00b", "a b", "http://169.254.169.254/x"])
def test_a_models_name_has_no_odd_characters(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="no model's name"):
        resolve(name, modelfiles=[tmp_path], root=tmp_path)


@pytest.mark.parametrize("link", [".pytest_llm", ".pytest_llm/runs"])
def test_nothing_is_written_through_a_link(
    bench: Bench, tmp_path_factory: pytest.TempPathFactory, link: str
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    place = bench.path / link
    place.parent.mkdir(exist_ok=True)
    place.symlink_to(elsewhere, target_is_directory=True)
    answers = bench.file("answers.yaml", "- text: hello\n")
    bench.case(f"prompt: hi\nmodels: scripted:{answers.name}\nchecks: [{{contains: hello}}]", "a")
    result = bench.process("-p", "no:xdist")
    assert list(elsewhere.iterdir()) == []
    assert "leads out of the rootdir" in result.stdout.str() + result.stderr.str()
