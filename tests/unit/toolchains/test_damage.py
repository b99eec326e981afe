"""What compilers keep between files is taken away or damaged beneath them: the answer is judged as ever."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_llm.errors import CheckCrashed, Unsupported
from pytest_llm.sandbox import bounded, forkserver, programs, scratch
from pytest_llm.syntax import outline
from pytest_llm.toolchains import toolchain
from pytest_llm.toolchains.base import Options, Snippet
from pytest_llm.toolchains.go import Go
from tests.helpers.hostile import GOOD_AND_BAD

pytestmark = pytest.mark.usefixtures("csharp_by_mono")


def lines(language: str, text: str) -> list[int | None]:
    try:
        found = toolchain(language).examine([Snippet(text)], Options(seconds=120))
    except Unsupported as reason:
        pytest.skip(str(reason))
    return [one.line for one in found if one.severity == "error"]


def remove_the_folders(_: str) -> None:
    for folder in (scratch.home(), scratch.shown(), programs.empty()):
        shutil.rmtree(folder)


def end_the_servers(_: str) -> None:
    for server in [one for idle in forkserver._idle.values() for one in idle]:
        server._process.kill()
        server._process.wait()


def end_the_sessions(language: str) -> None:
    kept = vars(toolchain(language))
    for pool in [*kept.get("_pools", {}).values(), *filter(None, [kept.get("_pool")])]:
        for session in pool._idle:
            session._process.kill()


def end_the_reader(_: str) -> None:
    if process := bounded._worker._process:
        process.send_signal(signal.SIGKILL)
        process.wait()


DAMAGES: list[Callable[[str], None]] = [remove_the_folders, end_the_servers, end_the_sessions, end_the_reader]


@pytest.mark.parametrize("language", GOOD_AND_BAD)
def test_what_goes_away_changes_no_verdict(language: str) -> None:
    good, bad, line = GOOD_AND_BAD[language]
    lines(language, good)
    for damages in (DAMAGES[:1], DAMAGES):  # a session lives on without its folder; and all at once
        for damage in damages:
            damage(language)
        outline._outline.cache_clear()
        assert (lines(language, good), lines(language, bad)) == ([], [line])
    assert not forkserver._impossible


@pytest.mark.parametrize("language", [*GOOD_AND_BAD, "jsx", "tsx"])
def test_nothing_is_wrong_in_what_is_called_sound(language: str) -> None:
    assert lines(language, toolchain(language).sound) == []


BEGINS = "#include <vector>\n#include <map>\n"
CPP = (f"{BEGINS}std::map<int, std::vector<int>> m;\n", f"{BEGINS}std::map<int, std::vector<int>> m = nope;\n")


def headers() -> list[Path]:
    return [*scratch.shown().glob("*.h"), *scratch.shown().glob("*.h.gch")]


@pytest.mark.parametrize("how", ["gone", "half"])
def test_precompiled_headers(how: str) -> None:
    for _ in range(3):
        assert lines("cpp", CPP[0]) == []
    for path in headers():
        if how == "gone":
            path.unlink()
        elif path.suffix == ".gch":
            os.truncate(path, path.stat().st_size // 2)
    assert (lines("cpp", CPP[0]), lines("cpp", CPP[1])) == ([], [3])


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """Compilers that do not find their library."""
    for name, words in {"gcc": "-nostdinc", "g++": "-nostdinc"}.items():
        real = shutil.which(name)
        (tmp_path / name).write_text(f'#!/bin/sh\nexec {real} {words} "$@"\n')
        (tmp_path / name).chmod(0o755)
    return tmp_path


WITHOUT = {
    "c": [
        "#include <stdio.h>\nint main(void) { puts(0); }\n",
        'printf("%d", 1);\n',
        "int main(void) { return nope; }\n",
    ],
    "cpp": ["#include <vector>\nstd::vector<int> v;\n", "vector<int> v;\n"],
}


@pytest.mark.parametrize("language", WITHOUT)
def test_a_compiler_without_its_library(language: str, tools: Path) -> None:
    tool = type(toolchain(language))()
    vars(tool)["path"] = tools / tool.program
    for text in WITHOUT[language]:
        with pytest.raises(CheckCrashed, match="nothing is wrong"):
            tool.examine([Snippet(text)], Options(seconds=60))


SAID = {  # by compilers whose library is gone, and by those whose library has no such thing
    "rust": (["can't find crate for `std`: can't find crate"], ["can't find crate for `serde`"]),
    "c": (["stdio.h: No such file or directory"], ["curl/curl.h: No such file or directory", "stdio.h: error"]),
    "cpp": (["vector: No such file or directory"], ["boost/any.hpp: No such file or directory"]),
}  # fmt: skip


@pytest.mark.parametrize("language", SAID)
def test_what_a_compiler_says_that_misses_its_own(language: str) -> None:
    tool, (own, others) = toolchain(language), SAID[language]
    assert [tool.misses_own(one) for one in (*own, *others)] == [True] * len(own) + [False] * len(others)


def test_a_header_of_others_is_still_missing() -> None:
    found = toolchain("c").examine([Snippet("#include <curl/curl.h>\nint x;\n")], Options())
    assert [one.kind for one in found] == ["missing-dependency"]


# Of a package that needs no other, as what is built here is built from nothing.
GO = 'package main\n\nimport "unicode/utf8"\n\nfunc main() {{ println(utf8.{}("a")) }}\n'


@pytest.fixture
def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Go:
    """One with a cache of its own, which holds what Go has built for `unicode/utf8`."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    made = Go()
    vars(made)["sound"] = GO.format("ValidString")
    try:
        assert said(made, "ValidString") == []
    except Unsupported as reason:
        pytest.skip(str(reason))
    return made


def said(go: Go, name: str) -> list[tuple[str, int | None]]:
    found = go.examine([Snippet(GO.format(name))], Options(seconds=120))
    return [(one.kind, one.line) for one in found if one.severity == "error"]


def exports(go: Go) -> list[Path]:
    return [Path(file) for some in go._exports.values() for file in some.values()]


@pytest.mark.parametrize("how", ["removed", "half"])
def test_what_go_has_built(go: Go, how: str) -> None:
    if how == "removed":
        shutil.rmtree(programs.kept("go-build"))
    for path in exports(go):
        if how == "half":
            os.truncate(path, path.stat().st_size // 2)
        else:
            assert not path.exists()
    assert (said(go, "ValidString"), said(go, "Nope")) == ([], [("undefined", 5)])


def test_what_go_has_built_and_cannot_be_made_anew(go: Go) -> None:
    for path in exports(go):
        path.write_bytes(b"x" * path.stat().st_size)
    for name in ("ValidString", "Nope"):
        with pytest.raises(CheckCrashed, match=r"could not|cannot be read"):
            said(go, name)


@pytest.mark.parametrize("language", ["go", "java", "python"])
def test_what_the_reader_could_not_say_is_not_remembered(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise CheckCrashed("broke")

    good, bad, line = GOOD_AND_BAD[language]
    texts = (f"{good}\n", f"{bad}\n")
    lines(language, good)
    with monkeypatch.context() as patched:
        patched.setattr(bounded, "call", broken)
        assert [lines(language, text) for text in texts] == [[], [line]]
        assert outline.read(texts[0], language) is None
        assert outline.content(texts[0], language) is None
    assert outline.read(texts[0], language) is not None
    assert outline.content(texts[0], language) is not None


def test_a_go_file_of_which_nothing_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_llm.toolchains.go_packages.read", lambda *_: None)
    text = 'package main\n\nimport (\n\t"fmt"\n\t"strings"\n)\n\nfunc main() {{ fmt.Println(strings.{}("a")) }}\n'
    assert (lines("go", text.format("ToUpper")), lines("go", text.format("Nope"))) == ([], [8])


def test_what_go_could_not_build_once_is_built_later(go: Go, monkeypatch: pytest.MonkeyPatch) -> None:
    told, real = [""], programs.ask

    def ask(argv: list[str], **more: object) -> str:
        return told.pop() if "-export" in argv and told else real(argv, **more)  # type: ignore[arg-type]

    go.forget()
    monkeypatch.setattr(programs, "ask", ask)
    assert (said(go, "ValidString"), said(go, "Nope")) == ([], [("undefined", 5)])
    assert told == []
    go.forget()
    told += ["", ""]
    with pytest.raises(CheckCrashed, match="could not build"):
        go.check([Snippet(GO.format("ValidString"))], Options())
    assert said(go, "ValidString") == []
