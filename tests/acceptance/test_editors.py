"""What the test explorers of editors rely on: docs/editors.md."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.conftest import Bench


class Explorer:
    """Collects as an editor's plugin does: a tree of nodes with paths, lines and ids by whole path."""

    def __init__(self) -> None:
        self.found: list[tuple[str, str, int | None, Path]] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            assert not hasattr(item, "callspec")  # it would be looked up in a Python file
            assert isinstance(item.parent, pytest.File)
            name = item.nodeid.partition("::")[2]
            self.found.append((f"{item.path}::{name}", item.name, item.location[1], item.parent.path))


def test_a_cell_is_found_at_its_line_and_run_by_its_whole_path(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = "models: m\nprompt: a\nchecks: [contains: hello]\n"
    file = bench.case(f"{one}---\n{one}id: other\n")
    explorer = Explorer()
    assert bench.pytester.inline_run("--collect-only", plugins=[explorer]).ret == 0
    assert bench.server.requests == []
    assert [(name, line, path) for _, name, line, path in explorer.found] == [
        ("t[m]", 0, file),
        ("other[m]", 4, file),
    ]
    elsewhere = bench.path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    ids = [one for one, *_ in explorer.found]
    bench.run(f"--rootdir={bench.path}", ids[1]).assert_outcomes(passed=1)
    bench.run(f"--rootdir={bench.path}", *ids).assert_outcomes(passed=2)
