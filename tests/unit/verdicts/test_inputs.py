"""Which files a cell rests on, and the hash of what they say: every kind of file that one may name."""

from __future__ import annotations

import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from pytest_llm.cases import files as case_files
from pytest_llm.cases.casefile import load
from pytest_llm.cases.matrix import Cell, expand
from pytest_llm.checks.base import Check
from pytest_llm.checks.function import check
from pytest_llm.checks.registry import BUILT_IN, Registry
from pytest_llm.models.reference import resolve
from pytest_llm.verdicts.identity import identity
from pytest_llm.verdicts.inputs import files
from pytest_llm.verdicts.plan import Plan, differ, plan, stages

FILES = {
    "_defaults.yaml": "timeout: 9\n",
    "ask.txt": "What is it?\n",
    "role.txt": "You are terse.\n",
    "more.yaml": "- {user: a, assistant: b}\n",
    "other.yaml": "- {user: c, assistant: d}\n",
    "answer.json": '{"type": "object", "required": ["a"]}',
    "outer.json": '{"$ref": "inner.json#/x"}',
    "inner.json": '{"x": {"$ref": "deep.yaml"}}',
    "deep.yaml": "type: object\nrequired: [a]\n",
    "golden.txt": "gold\n",
    "project/go.mod": "module x\n",
    "lib.jar": "PK",
    "checks_of_ours.py": "from helping import LIMIT\n\n\ndef golden(artifact, file, number=1):\n    return True\n",
    "helping.py": "import far.away\nLIMIT = 3\n",
    "far/__init__.py": "",
    "far/away.py": "",
    "unused.py": "",
    "script.yaml": "- {text: hi}\n",
    "modelfiles/mine.Modelfile": "FROM base\nADAPTER ./a.gguf\n",
    "modelfiles/base.Modelfile": "FROM ./w.gguf\n",
    "modelfiles/w.gguf": "GGUF 1",
    "modelfiles/a.gguf": "GGUF 2",
    "w.gguf": "GGUF 3",
    "big-00001-of-00002.gguf": "GGUF 4",
    "big-00002-of-00002.gguf": "GGUF 5",
    "model_of_ours.py": "import pydantic\n\n\nclass Thing(pydantic.BaseModel):\n    a: int\n",
}
CHANGED = {  # so that they can still be read
    "more.yaml": "- {user: a, assistant: x}\n",
    "other.yaml": "- {user: x, assistant: d}\n",
    "answer.json": '{"type": "object", "required": ["b"]}',
    "outer.json": '{"$ref": "inner.json#/x", "required": ["c"]}',
    "inner.json": '{"x": {"$ref": "deep.yaml"}, "y": {}}',
    "deep.yaml": "type: object\nrequired: [b]\n",
    "model_of_ours.py": FILES["model_of_ours.py"] + "    b: int = 1\n",
    "script.yaml": "- {text: ho}\n",
    "modelfiles/mine.Modelfile": "FROM base\nADAPTER ./a.gguf\nSYSTEM hi\n",
    "modelfiles/base.Modelfile": "FROM ./w.gguf\nSYSTEM hi\n",
}
WEIGHTS = ("w.gguf", "a.gguf")
REST = "prompt: hi\nchecks: [{contains: x}]\n"


@pytest.fixture(autouse=True)
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path.resolve()
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    monkeypatch.syspath_prepend(root)
    for name in ("checks_of_ours", "helping", "far", "far.away", "model_of_ours"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return root


def planned(root: Path, text: str, *own: Any) -> Plan:
    """The first cell of a case file with this text; `own` are checks of the repository's."""
    (root / "c").mkdir(exist_ok=True)
    path = root / "c/t.prompt.yaml"
    path.write_text(text)
    registry = Registry()
    for one in own:
        registry.add(one)

    def parse(cell: Cell, entry: Any) -> Check:
        return registry.parse(entry, folder=cell.loaded.folder, root=root)

    (loaded,) = load(path, root)
    cell = expand(loaded, () if loaded.case.models else ("m",))[0]
    model = resolve(cell.model, modelfiles=[root / "modelfiles"], root=root)
    return plan(cell, model, stages(cell, parse))


def there(root: Path, plan: Plan) -> set[str]:
    """Those that are there, beside the case file and its defaults."""
    found = {path.resolve().relative_to(root).as_posix() for path in files(plan) if path.exists()}
    assert {"c/t.prompt.yaml", "_defaults.yaml"} <= found
    return found - {"c/t.prompt.yaml", "_defaults.yaml"}


CASES = [
    (REST, set()),
    ("prompt: {file: ../ask.txt}\nchecks: [{contains: x}]", {"ask.txt"}),
    (f"system: {{file: ../role.txt}}\n{REST}", {"role.txt"}),
    (f"examples: ../more.yaml\n{REST}", {"more.yaml"}),
    (f"examples: [../more.yaml, {{user: u, assistant: v}}, ../other.yaml]\n{REST}", {"more.yaml", "other.yaml"}),
    (
        f"examples: {{user: {{file: ../ask.txt}}, assistant: {{file: ../role.txt}}}}\n{REST}",
        {"ask.txt", "role.txt"},
    ),
    (
        "messages: [{role: user, content: {file: ../ask.txt}}, {role: user, content: x}]\nchecks: [{contains: x}]",
        {"ask.txt"},
    ),
    (f"format: ../answer.json\n{REST}", {"answer.json"}),
    (f"format: json\n{REST}", set()),
    (
        "stages:\n- {name: a, prompt: {file: ../ask.txt}}\n- {name: b, prompt: x}\nchecks: [{contains: x}]",
        {"ask.txt"},
    ),
    (
        f"system: s\nmatrix: {{system: [on, {{file: ../role.txt}}], format: [off, json, ../answer.json]}}\n{REST}",
        {"role.txt", "answer.json"},
    ),
    ("prompt: hi\nchecks: [{schema: ../answer.json}]", {"answer.json"}),
    ("prompt: hi\nchecks: [{schema: {file: ../outer.json}}]", {"outer.json", "inner.json", "deep.yaml"}),
    ("prompt: hi\nchecks: [{schema: {$ref: ../inner.json#/x}}]", {"inner.json", "deep.yaml"}),
    ("prompt: hi\nchecks: [{not: {any_of: [{warn: {schema: ../answer.json}}]}}]", {"answer.json"}),
    (
        "stages:\n- {name: a, prompt: x, checks: [{schema: ../answer.json}]}\n- {name: b, prompt: x}\n"
        "checks: [{contains: x}]",
        {"answer.json"},
    ),
    ("prompt: hi\nchecks: [{schema: 'model_of_ours:Thing'}]", {"model_of_ours.py"}),
    (
        "prompt: hi\nchecks: [{compile: {language: java, classpath: [../lib.jar]}}, "
        "{compile: {language: go, module: ../project}}]",
        {"lib.jar", "project"},
    ),
    ("prompt: hi\nchecks: [{contains: ../golden.txt}, {regex: ../golden.txt}]", set()),
    (
        f"models: mine\n{REST}",
        {f"modelfiles/{n}" for n in ("mine.Modelfile", "base.Modelfile", "w.gguf", "a.gguf")},
    ),
    (f"models: 'gguf:w.gguf'\n{REST}", {"w.gguf"}),
    (f"models: 'gguf:big-00001-of-00002.gguf'\n{REST}", {f"big-0000{part}-of-00002.gguf" for part in (1, 2)}),
    (f"models: 'scripted:script.yaml'\n{REST}", {"script.yaml"}),
    (f"models: 'openai:script.yaml'\n{REST}", set()),
    ("vars: {n: answer}\nprompt: hi\nchecks: [{schema: '../{{ n }}.json'}]", {"answer.json"}),
]


@pytest.mark.parametrize(("text", "named"), CASES)
def test_every_file_that_is_named(tree: Path, text: str, named: set[str]) -> None:
    assert there(tree, planned(tree, text)) == named


@pytest.mark.parametrize(("text", "named"), [case for case in CASES if case[1]])
def test_each_of_them_changes_the_hash(tree: Path, text: str, named: set[str]) -> None:
    of_other_cells = {"answer.json", "role.txt"} if "matrix" in text else set()
    for name in sorted(named - of_other_cells):
        before = identity(planned(tree, text))["inputs"]
        assert before == identity(planned(tree, text))["inputs"]
        path = tree / name / "go.sum" if (tree / name).is_dir() else tree / name
        path.write_text(CHANGED.get(name, f"{FILES.get(name, '')}x"))
        assert identity(planned(tree, text))["inputs"] != before, name


def test_a_file_that_is_gone_is_still_named(tree: Path) -> None:
    own = _golden()
    text = "prompt: hi\nchecks: [{golden: ../golden.txt}]"
    before = planned(tree, text, own)
    hashed = identity(before)["inputs"]
    (tree / "golden.txt").unlink()
    assert tree / "c/../golden.txt" in files(planned(tree, text, own))
    assert tree / "c/_defaults.yaml" in files(before)
    assert identity(planned(tree, text, own))["inputs"] != hashed


def _golden() -> Any:
    import checks_of_ours  # type: ignore[import-not-found]

    return check(checks_of_ours.golden)


CODE = {"checks_of_ours.py", "helping.py", "far/__init__.py", "far/away.py"}


@pytest.mark.parametrize(
    ("entry", "named"),
    [
        ("{golden: ../golden.txt}", {"golden.txt"}),
        ("{golden: {file: nothing, number: 3}}", set()),
        ("{golden: {file: ../golden.txt}}", {"golden.txt"}),
        ("{not: {golden: ../golden.txt}}", {"golden.txt"}),
        ('{golden: "two\\nlines"}', set()),
    ],
)
def test_a_check_of_the_repository_with_its_code(tree: Path, entry: str, named: set[str]) -> None:
    text = f"prompt: hi\nchecks: [{entry}]"
    found = planned(tree, text, _golden())
    assert there(tree, found) == CODE | named
    before = identity(found)["inputs"]
    assert before == identity(planned(tree, text, _golden()))["inputs"]
    (tree / "helping.py").write_text("import far.away\nLIMIT = 4\n")
    assert identity(planned(tree, text, _golden()))["inputs"] != before


class Golden(Check):
    name = "gold"
    file: Path
    words: tuple[str, ...] = ()

    def files_read(self, folder: Path) -> tuple[Path, ...]:
        return (*super().files_read(folder), folder / "../role.txt")


class Plain(Check):
    name = "plain"
    file_fields = ("words",)
    file: str
    words: tuple[str, ...] = ()


@pytest.mark.parametrize(
    ("kind", "entry", "named"),
    [
        (Golden, "{gold: {file: ../golden.txt, words: [../ask.txt]}}", {"golden.txt", "ask.txt", "role.txt"}),
        (Plain, "{plain: {file: ../golden.txt, words: [../ask.txt]}}", {"ask.txt"}),
    ],
)
def test_a_class_may_say_which_files_it_reads(tree: Path, kind: type[Check], entry: str, named: set[str]) -> None:
    found = planned(tree, f"prompt: hi\nchecks: [{entry}]", kind)
    assert there(tree, found) == named


@pytest.mark.parametrize("built_in", BUILT_IN)
def test_each_built_in_check_says_which_of_its_arguments_are_files(built_in: str) -> None:
    module, _, name = BUILT_IN[built_in].partition(":")
    kind: type[Check] = getattr(import_module(module), name)
    assert set(kind.file_fields or ()) <= set(kind.model_fields)
    assert kind.file_fields is not None


def test_keys_that_hold_lists_of_files() -> None:
    data = {"images": ["a.png", "b.png"], "parametrize": "rows.csv", "tools": [{"x": 1}, "t.json"], "id": "c.png"}
    assert list(case_files._named(data)) == ["a.png", "b.png", "rows.csv", "t.json"]
    assert list(case_files._named({"parametrize": [{"a": "x.png"}], "matrix": {"images": ["d.png", "off"]}})) == [
        "d.png"
    ]


def test_what_is_not_asked_and_not_judged_by_leaves_the_hash_alone(tree: Path) -> None:
    text = "prompt: hi\nchecks: [{schema: ../answer.json}]"
    before = identity(planned(tree, text))["inputs"]
    for name in ("unused.py", "other.yaml", "_defaults.yaml", "inner.json"):
        (tree / name).write_text(FILES[name] + "\n")
    assert identity(planned(tree, f"# a word\ndescription: x\n{text}"))["inputs"] == before


@pytest.mark.parametrize(
    ("more", "checks", "wanted"),
    [
        ("", "[contains: a]", False),
        ("", "[{any_of: [{contains: '{a}'}, {not: {contains: b}}]}]", False),
        ("", "[contains: '{{ what }}']", True),
        ("", "[{any_of: [{contains: '{% if what %}a{% endif %}'}, {contains: b}]}]", True),
        ("", "[contains: 'a{# what #}']", True),
        ("stages: [{name: a, prompt: x, checks: [contains: '{{ what }}']}]\n", "[contains: b]", True),
        ("stages: [{name: a, prompt: x, checks: [contains: c]}]\n", "[contains: b]", False),
    ],
)
def test_checks_differ_from_row_to_row_where_they_hold_templates(
    tree: Path, more: str, checks: str, wanted: bool
) -> None:
    question = more or "prompt: hi\n"
    case = planned(tree, f"models: m\nparametrize: [{{what: a}}]\n{question}checks: {checks}\n").cell.case
    assert differ(case) == wanted


@pytest.mark.parametrize(
    "more", ["", "samples: 3\n", "options: {seed: 5}\n", "samples: 2\noptions: {seed: 5, top_k: 1}\n"]
)
def test_a_cell_is_the_same_whether_its_first_request_was_made_before(tree: Path, more: str) -> None:
    found = planned(tree, f"models: m\nprompt: hi\nchecks: [contains: a]\n{more}")
    for sample in range(2):
        assert identity(found, found.job("x", sample=sample).request) == identity(found)
    assert found.load == replace(found.job("x").request, messages=())
