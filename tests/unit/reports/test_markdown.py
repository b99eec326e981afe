"""The summary of a run in Markdown: what it counts, and that nothing in it is markup of its own."""

from __future__ import annotations

from pytest_llm.reports.markdown import MOST, code, summary
from pytest_llm.store.line import CellLine


def line(name: str, reported: str = "passed", model: str = "m", reason: str = "", rate: float = 0.0) -> CellLine:
    answers = ({"numbers": {"rate": rate}, "stored": ""},) if rate else ()
    return CellLine(name, reported, reported, reason, model=model, answers=answers)


def shown(*lines: CellLine, decision: str = "", **others: list[str]) -> str:
    return summary(lines, others, decision)


def test_what_it_counts() -> None:
    text = shown(
        line("a", rate=10.0),
        line("b", rate=30.0),
        line("c", "failed", reason="it does not compile"),
        line("d", "error", "n", "no server"),
        line("e", "error", "n", "no server"),
        line("f", "skipped", "n", "no browser"),
    )
    assert text.startswith("## pytest-llm: 2 passed, 1 failed, 2 error, 1 skipped\n\n| model | cells | passed |")
    assert (
        "| `m` | 3 | 2 | 1 | 0 | 0 | 20.0 |\n| `n` | 3 | 0 | 0 | 2 | 1 |  |\n| `all` | 6 | 2 | 1 | 2 | 1 | 20.0 |"
        in text
    )
    assert "### Failed\n\n- `c` `it does not compile`\n" in text
    assert "### Errors\n\n- 2 cells: `no server`\n" in text


def test_a_gate_speaks_first() -> None:
    text = shown(line("a"), decision="## pytest-llm: PASS\n\n`all is well`\n")
    assert text.startswith("## pytest-llm: PASS\n\n`all is well`\n\n### Cells\n\n| model |")
    assert text.count("## pytest-llm") == 1


def test_what_is_no_cell() -> None:
    text = shown(Modelfiles=["x.Modelfile:2: unknown command"], Nothing=[])
    assert text == "## pytest-llm: no cell was run\n\n### Modelfiles\n\n- `x.Modelfile:2: unknown command`\n"


def test_stored_answers_measure_nothing() -> None:
    stored = CellLine(
        "a", "passed", "passed", model="m", answers=({"numbers": {"rate": 9.0}, "stored": "2026-01-01"},)
    )
    assert "| `m` | 1 | 1 |  |" in shown(stored)


def test_long_lists_are_cut() -> None:
    text = shown(*(line(f"c{n}", "failed", reason="r") for n in range(MOST + 7)))
    assert text.count("\n- `c") == MOST
    assert text.endswith("- … and 7 more\n")


def test_nothing_is_markup() -> None:
    evil = "a|b `c` <img src=x> @all [l](u)\n# head"
    text = shown(line(evil, "failed", model="m|`n`", reason=evil))
    assert "# head" not in text
    assert "| `` m\\|`n` `` |" in text
    assert "``a|b `c` <img src=x> @all [l](u)``" in text


def test_code_holds_any_line() -> None:
    assert [code(text) for text in ("a", "`", "a``b", "")] == ["`a`", "`` ` ``", "```a``b```", "``"]
