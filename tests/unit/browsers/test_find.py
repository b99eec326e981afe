"""Finding a browser: what is named, what Playwright downloaded, what is on the PATH."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_llm.browsers.find import VARIABLE, find
from pytest_llm.errors import Unsupported

pytest.importorskip("PIL")
pytest.importorskip("psutil")


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


@pytest.fixture(autouse=True)
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "playwright"))
    monkeypatch.delenv(VARIABLE, raising=False)


def test_none_is_a_skip_that_says_how_to_get_one() -> None:
    with pytest.raises(Unsupported, match=r"no Chromium was found .*apt-get install chromium-headless-shell"):
        find()


def test_the_shell_comes_before_the_ordinary_browser(tmp_path: Path) -> None:
    full = program(tmp_path / "bin" / "chromium")
    assert (find().path, find().stepping) == (full, False)
    shell = program(tmp_path / "bin" / "chromium-headless-shell")
    assert (find().path, find().stepping) == (shell, True)
    downloaded = program(tmp_path / "playwright/chromium_headless_shell-1200/chrome-linux/headless_shell")
    assert (find().path, find().stepping) == (downloaded, True)


def test_one_that_is_named_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "bin" / "chromium-headless-shell")
    chrome = program(tmp_path / "bin" / "google-chrome")
    assert find("chrome").path == chrome
    own = program(tmp_path / "own" / "my-browser")
    monkeypatch.setenv(VARIABLE, str(own))
    assert find().path == own


@pytest.mark.parametrize("name", ["nonesuch", "/nowhere/chrome"])
def test_a_named_one_that_is_not_there_is_a_skip(name: str) -> None:
    with pytest.raises(Unsupported, match=r"was not found \("):
        find(name)
    with pytest.raises(Unsupported, match="'chromiun' was not found, did you mean 'chromium'"):
        find("chromiun")


def test_firefox_is_for_those_who_name_it(tmp_path: Path) -> None:
    pytest.importorskip("websockets")
    with pytest.raises(Unsupported, match=r"'firefox' was not found .*apt-get install firefox-esr"):
        find("firefox")
    esr = program(tmp_path / "bin" / "firefox-esr")
    assert (find("firefox").path, find("firefox").kind, find("firefox").stepping) == (esr, "firefox", False)
    own = program(tmp_path / "own" / "firefox" / "firefox")
    assert (find(str(own)).path, find(str(own)).kind) == (own, "firefox")
    with pytest.raises(Unsupported, match="no Chromium was found"):
        find()


def test_a_folder_named_after_firefox_makes_no_firefox(tmp_path: Path) -> None:
    chrome = program(tmp_path / "not-firefox" / "chrome")
    assert find(str(chrome)).kind == "chromium"
