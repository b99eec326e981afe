from __future__ import annotations

from pathlib import Path

import pytest

from pytest_llm.cases.casefile import load
from pytest_llm.cases.matrix import Cell, expand
from pytest_llm.errors import InputError


def cells(root: Path, text: str, models: tuple[str, ...] = (), thinks: tuple[str, ...] = ()) -> list[Cell]:
    file = root / "t.prompt.yaml"
    file.write_text(text + "\nchecks: [x]\n", encoding="utf-8")
    return [cell for loaded in load(file, root) for cell in expand(loaded, models, thinks)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("prompt: x\nmodels: m", ["t[m]"]),
        (
            "prompt: x\nmodels: [a, b]\nthink: [off, on]",
            ["t[a-think-off]", "t[a-think-on]", "t[b-think-off]", "t[b-think-on]"],
        ),
        ("prompt: x\nmodels: m\nthink: on", ["t[m]"]),
        ("prompt: x\nmodels: hf.co/o/r:Q4_K_M", ["t[hf.co/o/r:Q4_K_M]"]),
        ("prompt: x\nmodels: ['gguf:my model.gguf']", ["t[gguf:my_model.gguf]"]),
        ("prompt: x\nmodels: [m, m]", ["t[m]"]),
        ("prompt: x\nmodels: ['a b', a?b]", ["t[a_b]", "t[a_b-2]"]),
        ("prompt: x\nmodels: m\nparametrize: [{id: go}, {a: 1}]", ["t[m-go]", "t[m-row2]"]),
        (
            "prompt: x\nmodels: m\nformat: json\nthink: [off, on]\nmatrix: {format: [on, off]}",
            [
                "t[m-think-off-format-on]",
                "t[m-think-off-format-off]",
                "t[m-think-on-format-on]",
                "t[m-think-on-format-off]",
            ],
        ),
        (
            "prompt: x\nmodels: m\nmatrix: {options.temperature: [0, 0.7]}",
            ["t[m-temperature-0]", "t[m-temperature-0.7]"],
        ),
        ("prompt: x\nmodels: m\nmatrix: {format: [json, {type: object}]}", ["t[m-format-json]", "t[m-format-2]"]),
    ],
)
def test_ids_say_what_varies(tmp_path: Path, text: str, names: list[str]) -> None:
    assert [cell.name for cell in cells(tmp_path, text)] == names


def test_axes_are_applied(tmp_path: Path) -> None:
    text = (
        "prompt: x\nmodels: m\nsystem: S\nexamples: [{user: u, assistant: a}]\noptions: {seed: 1, top_k: 2}\n"
        "matrix: {system: [on, off, T], examples: [off], options.seed: [on, off, 9]}"
    )
    found = [(c.case.system, c.case.examples, c.case.options.plain()) for c in cells(tmp_path, text)]
    assert [f[0] for f in found] == ["S"] * 3 + [None] * 3 + ["T"] * 3
    assert all(f[1] == () for f in found)
    assert [f[2] for f in found[:3]] == [{"seed": 1, "top_k": 2}, {"top_k": 2}, {"seed": 9, "top_k": 2}]


def test_templates_among_the_options(tmp_path: Path) -> None:
    text = (
        "models: m\nvars: {end: STOP}\nparametrize: [{t: 0, n: 10}, {t: 0.5, n: 20}]\n"
        "options: {temperature: '{{ t }}', num_predict: '{{ n * 2 }}', x_own: '{{ end }}', "
        "stop: ['{{ end }}!', '{{ n }}']}\n"
        "stages: [{name: a, prompt: x, options: {seed: '{{ n }}'}}]\nmatrix: {options.temperature: [on, off]}"
    )
    first, cold, second, _ = (c.case for c in cells(tmp_path, text))
    assert first.options.plain() == {"temperature": 0, "num_predict": 20, "own": "STOP", "stop": ["STOP!", "10"]}
    assert cold.options.plain() == {"num_predict": 20, "own": "STOP", "stop": ["STOP!", "10"]}
    assert second.options.plain() | (second.stages or ())[0].options.plain() == {
        **{"temperature": 0.5, "num_predict": 40, "own": "STOP", "stop": ["STOP!", "20"], "seed": 20}
    }


def test_files_named_in_an_axis_are_read(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text('{"type": "array"}')
    (cell,) = cells(tmp_path, "prompt: x\nmodels: m\nmatrix: {format: [s.json]}")
    assert cell.case.format == {"type": "array"}


def test_the_command_line_replaces_models_and_think(tmp_path: Path) -> None:
    found = cells(tmp_path, "prompt: x\nmodels: [a, b]\nthink: [on]", models=("z",), thinks=("off", "low"))
    assert [cell.name for cell in found] == ["t[z-think-off]", "t[z-think-low]"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("prompt: x", "names no model"),
        ("prompt: x\nmodels: m\nmatrix: {format: [on, off]}", "it has none"),
        ("prompt: x\nmodels: m\nmatrix: {formt: [on]}", "did you mean 'format'?"),
        ("prompt: x\nmodels: m\nmatrix: {think: [on]}", "cannot cross 'think'"),
        ("prompt: x\nmodels: m\nmatrix: {options.sed: [1]}", "did you mean 'options.seed'?"),
        ("prompt: x\nmodels: m\nmatrix: {options.seed: [a]}", "cannot be 'a'"),
        ("prompt: x\nmodels: m\nmatrix: {format: [no-such.json]}", "is not there"),
        ("prompt: x\nmodels: m\nparametrize: [{id: a}, {id: a}]", "two rows"),
        ("prompt: x\nmodels: m\noptions: {seed: '{{ s }}'}", "options.seed must be a whole number, not '{{ s }}'"),
        ("prompt: x\nmodels: m\nvars: {s: x}\noptions: {seed: '{{ s }}'}", "must be a whole number, not 'x'"),
        ("prompt: x\nmodels: m\nvars: {s: 1}\noptions: {seed: '{{ t }}'}", "'t' is undefined"),
        (
            "prompt: x\nmodels: m\noptions: {seed: '{{ s }}'}\nparametrize: [{s: 1}, {s: x}]",
            "options.seed must be a whole number, not 'x'",
        ),
    ],
)
def test_bad_axes_say_what_is_wrong(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        cells(tmp_path, text)
    assert words in str(caught.value)
    assert caught.value.line
