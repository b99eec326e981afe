"""--llm-browser: the one that is named is used, or its lack is told."""

from __future__ import annotations

import pytest

from tests.acceptance.conftest import Bench

pytest.importorskip("PIL")
pytest.importorskip("psutil")


@pytest.mark.parametrize("way", ["option", "ini"])
def test_one_that_is_not_there_is_a_skip(bench: Bench, way: str) -> None:
    bench.case("prompt: hi\nchecks: [browser]\n")
    bench.server.answer("", "<!DOCTYPE html><html><h1>Hi</h1></html>")
    if way == "ini":
        bench.file("pytest.ini", "[pytest]\naddopts = -p no:cacheprovider\nllm_browser = nonesuch\n")
    result = bench.run(*(["--llm-browser=nonesuch"] if way == "option" else []))
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*the browser 'nonesuch' was not found*"])
