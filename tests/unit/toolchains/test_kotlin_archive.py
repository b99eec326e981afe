"""What the JVM starts from: made once, for one compiler and one JVM, and no verdict hangs on it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_llm.errors import CheckCrashed, Unsupported
from pytest_llm.sandbox import scratch
from pytest_llm.sandbox.walls import Walls
from pytest_llm.toolchains.base import Options, Snippet, walls
from pytest_llm.toolchains.kotlin import Kotlin
from pytest_llm.toolchains.kotlin_archive import Archive
from tests.helpers.compiling import errors

JAVAC = '#!/bin/sh\nmkdir classes\necho x >classes/Check.class\necho x >"classes/Check\\$Told.class"\n'
JAVA = """#!/bin/sh
for word in "$@"; do case "$word" in -XX:ArchiveClassesAtExit=*) cat >"${word#*=}";; esac; done
"""


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    for name, text in {"java": JAVA, "javac": JAVAC, "a.jar": "", "b.jar": "", "Check.java": ""}.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    (tmp_path / "kept").mkdir()
    jars = (tmp_path / "a.jar", tmp_path / "b.jar")
    return Archive(tmp_path / "javac", jars, tmp_path / "Check.java", tmp_path / "kept")


def make(archive: Archive) -> None:
    java = [str(archive.javac.with_name("java")), "-Xmx1m"]
    archive.make(java, "lib.jar", Walls(readonly=(archive.javac.parent,)))


def again(archive: Archive) -> Archive:
    return Archive(archive.javac, archive.jars, archive.server, archive.kept)


def test_without_one_the_server_is_started_from_its_source(archive: Archive) -> None:
    first, second = archive.jars
    assert archive.words() == ["-cp", f"{first}:{second}", "SERVER"]
    assert archive.shown() == ()


def test_with_one_its_class_is(archive: Archive) -> None:
    make(archive)
    made = again(archive)
    assert made.shown() == (made.folder,)
    assert sorted(os.listdir(made.folder)) == ["classes.jsa", "server.jar"]
    assert made.words()[0] == f"-XX:SharedArchiveFile={made.folder}/classes.jsa"
    assert made.words()[-2:] == [":".join(map(str, (*made.jars, made.folder / "server.jar"))), "Check"]
    trained = (made.folder / "classes.jsa").read_text().splitlines()
    assert {line.split("\t")[1] for line in trained} == {"lib.jar"}


CHANGES: dict[str, Callable[[Archive], object]] = {
    "another JVM": lambda archive: archive.javac.with_name("java").write_text("another"),
    "another compiler": lambda archive: archive.jars[0].write_text("another"),
    "another date": lambda archive: os.utime(archive.jars[0], (1, 1)),
    "another server": lambda archive: archive.server.write_text("class Check {}"),
    "no JVM": lambda archive: archive.javac.with_name("java").unlink(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_it_is_of_one_compiler_and_one_jvm(archive: Archive, change: str) -> None:
    make(archive)
    CHANGES[change](archive)
    assert again(archive).words()[-1] == "SERVER"


def test_that_of_another_goes_when_one_is_made(archive: Archive) -> None:
    make(archive)
    archive.server.write_text("class Check {}")
    make(again(archive))
    assert list(archive.kept.iterdir()) == [again(archive).folder]


@pytest.mark.parametrize("program", ["java", "javac"])
def test_where_none_can_be_made(archive: Archive, program: str) -> None:
    archive.javac.with_name(program).write_text("#!/bin/sh\necho Unrecognized VM option >&2\nexit 1\n")
    with pytest.raises(CheckCrashed, match=f"^{program} ended with 1"):
        make(again(archive))
    assert not again(archive).ready


def test_one_that_the_jvm_refuses_changes_no_verdict(tmp_path: Path) -> None:
    """The JVM starts without it, and what it has to say of it does not come between the answers."""
    tool = Kotlin()
    try:
        real = tool._archive
    except Unsupported as reason:
        pytest.skip(str(reason))
    vars(tool)["_archive"] = refused = Archive(real.javac, real.jars, real.server, tmp_path)
    refused.folder.mkdir()
    (refused.folder / "classes.jsa").write_bytes(b"x" * 10_000)
    with scratch.folder() as folder:
        refused._compile(folder, walls(tool.path, Options(), tool.folder))
    text = 'val x: Int = "a"\n'
    try:
        assert errors(tool.check([Snippet(text)], Options(seconds=120))) == [("type", 1)]
    finally:
        tool.close()
