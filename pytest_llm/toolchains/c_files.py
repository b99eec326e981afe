"""The files of an answer in C or C++: what they include, which of them are compiled, and what their lines hide."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import replace

from pytest_llm.toolchains.base import Snippet

# What moves the compiler's words to other files and lines, or hides them from a header on.
_SPLICE = re.compile(r"(?:\\|\?\?/)[ \t\f\v]*\r?\n")
_BLANK = r"(?:[ \t\f\v]|/\*(?:[^*\r\n]|\*(?!/))*+\*/)*+"
_COMMENTS = r"""(?:(?:[^\r\n"'*]|\*(?!/))*+\*/)*+"""  # up to the end of the last one in a line
_MARKER = re.compile(
    rf"(?:^|(?<=[\r\n]))(?P<begun>|{_COMMENTS}){_BLANK}(?:#|%:|\?\?=){_BLANK}(?:line\b{_BLANK})?\d[^\r\n]*"
)
_SYSTEM = re.compile(r"\bsystem_header\b")  # of a pragma: without it no line of the answer is a system header's
_HEADER = re.compile(r"\.(?:h[\w+]*|[it]pp|inl)$")
_PART = re.compile(r"\.(?:[it]pp|inl)$")  # of a header, at whose end it is included: gcc takes it for no source
_INCLUDED = re.compile(r"""\binclude(?:_next)?[ \t]*+["<]([^"<>\n]+)[">]""")
# What may leave nothing of a text: conditions, and macros that drop what they are given.
_CONDITION = re.compile(r"(?:#|%:|\?\?=)[ \t\f\v]*+(?:/\*|if|define[ \t]+\w+(?:\(|[ \t]*$))", re.MULTILINE)
_DROPS = re.compile(r"^#define \w+(?:\([^()]*\))?\s*$")  # a macro that leaves nothing of what it is given
_MARKED = re.compile(r'^# \d+ "([^"]*)"')  # in what the preprocessor writes: the file of the lines that follow


def sources(files: Sequence[Snippet]) -> list[str]:
    """The files that are compiled: headers too that none of these includes, whatever includes them."""
    bodies = [file for file in files if not _HEADER.search(file.name)]
    reached = _reached(bodies, files)
    return [file.name for file in files if file not in reached or file in bodies]


def conditional(files: Sequence[Snippet]) -> bool:
    """Whether the preprocessor may leave nothing of these."""
    return any(_CONDITION.search(joined(file.text)) for file in files)


def include_folders(named: Sequence[Snippet]) -> list[str]:
    """The folders in which files of the answer lie under the names by which others include them."""
    wanted = {path for file in named for path in _INCLUDED.findall(joined(file.text))}
    ends = ((file.name, f"/{path}") for file in named for path in wanted)
    return sorted({name.removesuffix(end) for name, end in ends if name.endswith(end)})


def parted(sources: Sequence[str]) -> tuple[list[str], list[str]]:
    """What is compiled of the sources, and what is left out: parts of headers, unless there is nothing else."""
    parts = [name for name in sources if is_part(name)]
    others = [name for name in sources if name not in parts]
    return (others, parts) if others else (parts, [])


def is_part(name: str) -> bool:
    """Whether this is the part of a header that another one includes."""
    return bool(_PART.search(name))


def index_of(named: Sequence[Snippet], name: str) -> int:
    """Which of the files has this name."""
    return next(index for index, file in enumerate(named) if file.name == name)


def _reached(sources: Sequence[Snippet], files: Sequence[Snippet]) -> list[Snippet]:
    """The sources and what they include of these files, by the last part of the name."""
    found = list(sources)
    for file in found:  # which grows
        wanted = {path.rpartition("/")[2] for path in _INCLUDED.findall(joined(file.text))}
        found += [one for one in files if one.name.rpartition("/")[2] in wanted and one not in found]
    return found


def own_lines(preprocessed: str, names: Container[str]) -> Iterator[str]:
    """The lines of these files."""
    own = False
    for line in preprocessed.split("\n"):
        if marked := _MARKED.match(line):
            own = marked[1].removeprefix("./") in names
        elif own and not _DROPS.match(line):
            yield line


def neutral(file: Snippet) -> Snippet:
    """Without what would give its lines other names, or the forgiveness that the system's own headers have."""
    text = joined(file.text)
    if not (_MARKER.search(text) or _SYSTEM.search(text)):
        return file
    return replace(file, text=_SYSTEM.sub("no_header", _MARKER.sub(r"\g<begun>#", text)))


def joined(text: str) -> str:
    """With each line that goes on on the next in one, and as many lines as before."""
    if not _SPLICE.search(text):
        return text
    lines = []
    for line in _SPLICE.sub("\\\x00", text).split("\n"):
        lines += [line.replace("\\\x00", ""), *[""] * line.count("\\\x00")]
    return "\n".join(lines)
