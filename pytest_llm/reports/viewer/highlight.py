"""Which words of a model's code are keywords, strings, comments: by Pygments, in a process that may be ended.

Pygments' patterns go back and forth over what they read, and a model's text may make one of them do so for ever.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_llm.errors import PytestLlmError
from pytest_llm.sandbox import bounded

LONGEST = 200_000  # characters of code that are coloured, and
WIDEST = 5_000  # of a line in it: what is longer is data, which nobody reads by its colours
SECONDS = 5.0  # for one batch; a common one of 50 cells takes a fraction of one
CLASSES = ("", "keyword", "string", "number", "comment", "name", "type", "attribute")
_LEXERS = {"shell": "bash"}  # whose name in Pygments is another one than ours
_KINDS = (  # the first that a token is within
    ("Comment", 4),
    ("Keyword.Type", 6),
    ("Keyword", 1),
    ("Literal.String", 2),
    ("Literal.Number", 3),
    ("Name.Function", 5),
    ("Name.Class", 6),
    ("Name.Tag", 1),
    ("Name.Attribute", 7),
    ("Name.Builtin", 6),
    ("Operator.Word", 1),
)


def coloured(pieces: Sequence[tuple[str, str]]) -> list[list[int]]:
    """Of each (language, text) its runs: length, class, length, class … in UTF-16 units; [] where it stays plain.

    A class is a place in CLASSES. Where a batch is not done in time all of it stays plain.
    """
    wanted = [[language, text] if _sane(text) else ["", ""] for language, text in pieces]
    if not any(language for language, _ in wanted):
        return [[] for _ in pieces]
    try:
        found: list[list[int]] = bounded.call(f"{__name__}:runs_of", wanted, seconds=SECONDS)
    except (PytestLlmError, ValueError):
        return [[] for _ in pieces]
    return found


def _sane(text: str) -> bool:
    return len(text) <= LONGEST and max(map(len, text.split("\n"))) <= WIDEST


def runs_of(pieces: Sequence[tuple[str, str]]) -> list[list[int]]:
    """In the child: the runs of each piece."""
    return [list(_flat(_runs(language, text))) if language else [] for language, text in pieces]


def _runs(language: str, text: str) -> Iterator[tuple[int, int]]:
    """(length, class) of what follows one another, neighbours of one class made one."""
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        lexer = get_lexer_by_name(_LEXERS.get(language, language))
    except ClassNotFound:
        return
    length, current = 0, 0
    for _, token, value in lexer.get_tokens_unprocessed(text):
        name = ".".join(token)
        kind = next((kind for prefix, kind in _KINDS if f"{name}.".startswith(f"{prefix}.")), 0)
        if kind != current and length:
            yield length, current
            length = 0
        current = kind
        length += len(value.encode("utf-16-le", "surrogatepass")) // 2
    if length:
        yield length, current


def _flat(runs: Iterator[tuple[int, int]]) -> Iterator[int]:
    for length, kind in runs:
        yield from (length, kind)
