"""Every command that README.md and docs/ show is one: its words are read by the parsers that would read them."""

from __future__ import annotations

import contextlib
import re
import shlex
from collections.abc import Iterator

import click
import pytest

from pytest_llm.commands.cli import NAME, cli
from tests.unit.test_docs import PAGES

_SHOWN = re.compile(r"^(?:\$|    )(?= *\S)(.+)$|`([^`\n]+)`", re.MULTILINE)
_COMMAND = re.compile(r"(?:^|(?<=[ (]))(pytest(?:-llm)?)((?: [^`\n]*)?)$")
_ENDS = frozenset({"&&", "||", "|", ">", ">>", "&", ";"})


def commands() -> Iterator[tuple[str, tuple[str, ...]]]:
    """(page, the command's words) for each pytest and pytest-llm that is shown with words behind it."""
    for page in PAGES:
        for found in _SHOWN.finditer(page.read_text("utf-8")):
            for part in re.split(r"&&|\$\(|\)", found[1] or found[2]):
                if command := _COMMAND.match(part.strip()):
                    yield page.name, (command[1], *_words(command[2]))


def _words(text: str) -> Iterator[str]:
    """The words up to what the shell takes, with the brackets of what may be left out taken off."""
    for word in shlex.split(re.sub(r"[\[\]](?!.*::)|…|\.\.\.", "", text), comments=True):
        if word in _ENDS:
            return
        yield word


_SPOKEN_OF = {("pytest",), (NAME,), ("pytest", "-n"), (NAME, "COMMAND", "--help")}  # whole in no sentence
SHOWN = [one for one in dict.fromkeys(commands()) if one[1] not in _SPOKEN_OF]


def test_they_are_found() -> None:
    assert len(SHOWN) > 90
    assert ("gates.md", ("pytest", "cases/", "--llm-baseline", "store:main")) in SHOWN
    assert ("commands.md", ("pytest-llm", "completion", "bash")) in SHOWN
    assert {page for page, _ in SHOWN} >= {"README.md", "runs.md", "store.md", "tutorial.md"}


@pytest.mark.parametrize("words", [words for _, words in SHOWN if words[0] == "pytest"], ids=" ".join)
def test_pytest_takes_it(words: tuple[str, ...], request: pytest.FixtureRequest) -> None:
    assert unknown(words[1:], request.config) == []


@pytest.mark.parametrize("words", [words for _, words in SHOWN if words[0] == NAME], ids=" ".join)
def test_the_command_takes_it(words: tuple[str, ...]) -> None:
    parsed(words[1:])


def test_what_is_none_is_refused(request: pytest.FixtureRequest) -> None:
    assert unknown(["cases/", "--llm-nope", "3"], request.config) == ["--llm-nope"]
    for words in (["shw"], ["show", "--nope"], ["store", "lst"], ["prune", "now"]):
        with pytest.raises(click.UsageError):
            parsed(words)


def unknown(words: tuple[str, ...] | list[str], config: pytest.Config) -> list[str]:
    """The options among them that no plugin has."""
    return [word for word in config._parser.parse_known_and_unknown_args(list(words))[1] if word.startswith("-")]


def parsed(words: tuple[str, ...] | list[str]) -> None:
    """Read by the parser of the command that they name; nothing is run. Raises click.UsageError."""
    command: click.Command = cli
    context, rest = click.Context(cli, info_name=NAME), list(words)
    while isinstance(command, click.Group):
        found = command.get_command(context, rest[0])
        if found is None:
            raise click.UsageError(f"no command {rest[0]}")
        command, rest = found, rest[1:]
    with contextlib.suppress(click.exceptions.Exit, click.BadParameter):  # --help; an example's file, not here
        command.make_context(command.name, rest, parent=context)
