"""YAML as case files use it: safe, the core schema of YAML 1.2, and every value's line.

`on`, `off`, `yes`, `no` and dates stay strings; keys are always strings; a document whose aliases would unfold to
more than MAX_NODES values is refused before anything is built from it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pytest_llm.errors import InputError

MAX_BYTES = 64 * 2**20  # a table of a million rows has less
MAX_NODES = 200_000  # values: no file of people comes near, a bomb of aliases unfolds to millions
MAX_DEPTH = 100  # PyYAML recurses: deeper documents would reach Python's own limit
TOO_DEEP = f"nested deeper than {MAX_DEPTH} levels"

_STANDARD = "tag:yaml.org,2002:"
_TAGS: tuple[tuple[type[yaml.NodeEvent], frozenset[str]], ...] = (  # that may be written, by what they stand before
    (yaml.ScalarEvent, frozenset({"str", "null", "bool", "int", "float", "merge"})),
    (yaml.SequenceStartEvent, frozenset({"seq"})),
    (yaml.MappingStartEvent, frozenset({"map"})),
)
_HINTS = (  # by what PyYAML says; what stands there goes in for {}
    ("unknown escape character", "in double quotes a backslash begins an escape: take single quotes"),
    ("an alias", "quote the value: `*` begins an alias"),
    ("undefined alias", "quote the value: `*` begins an alias"),
    ("an anchor", "quote the value: `&` begins an anchor"),
    ("cannot start any token", "quote the value: {!r} cannot begin one"),
    ("mapping values are not allowed", "quote the value, it holds a colon; or check the indentation"),
    ("block sequence entries are not allowed", "begin the list in a line of its own"),
    ("expected '-' indicator", "begin each entry of the list with `- `, or check the indentation"),
    ("block scalar", "the text begins in the line below `|` or `>`, indented"),
    ("expected ':'", "indent what belongs to the key above, and put a colon behind each key"),
    ("expected key", "check the indentation, and that quotes and brackets hold the whole value"),
)
_FLOW = re.compile(r"parsing a flow (sequence|mapping)")

KeyPath = tuple[str | int, ...]
_Base: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]
    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012  (PyYAML's own way)


_PATTERNS = {
    "null": ("~nN", r"~|null|Null|NULL|"),
    "bool": ("tTfF", r"true|True|TRUE|false|False|FALSE"),
    "int": ("-+0123456789", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"),
    "float": (
        "-+.0123456789",
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
    ),
}
for _name, (_first, _pattern) in _PATTERNS.items():
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", re.compile(f"^(?:{_pattern})$"), list(_first))
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile("^$"), [""])


@dataclass(frozen=True)
class Document:
    """One YAML document: its value, and the line (from 1) of each key and list item by its path."""

    path: Path
    value: Any
    lines: dict[KeyPath, int]

    def line(self, path: KeyPath) -> int:
        """The line of `path`, or of the nearest thing around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def error(self, path: KeyPath, message: str, hint: str = "") -> InputError:
        return InputError(message, path=self.path, line=self.line(path), hint=hint)


def read_text(path: Path) -> str:
    """The file's text. Raises InputError where it is not UTF-8, no regular file, too large, or cannot be read."""
    try:
        if path.exists() and not path.is_file():
            raise InputError("this is no regular file", path=path)
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise InputError(f"it is larger than {MAX_BYTES >> 20} MiB", path=path)
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise InputError("this is not UTF-8 text", path=path, line=line, hint="save the file as UTF-8") from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=path) from None


def load_documents(path: Path) -> list[Document]:
    """The documents of a YAML file that say something. Raises InputError with the line of what is wrong."""
    return parse(read_text(path), path)


def parse(text: str, path: Path) -> list[Document]:
    """The documents of a text. path: for what is said of it. Raises InputError."""
    try:
        aliases = _has_aliases(text, path)
        nodes = yaml.compose_all(text, Loader=_Loader)
        return [_document(path, node, aliases) for node in nodes if not _empty(node)]
    except yaml.MarkedYAMLError as error:
        raise _invalid(error, text, path) from None
    except yaml.reader.ReaderError as error:
        character = chr(error.character)  # its position is in bytes or in characters, as the loader counts
        line = text.partition(character)[0].count("\n") + 1
        message = f"this is not valid YAML: the character {character!a} cannot stand in it"
        raise InputError(message, path=path, line=line, hint="take it out") from None


def _invalid(error: yaml.MarkedYAMLError, text: str, path: Path) -> InputError:
    mark = error.problem_mark or error.context_mark
    message = " ".join(part for part in (error.context, error.problem) if part)
    line = mark.line + 1 if mark else None
    if "maximum nesting depth" in message:  # PyYAML's own bound, from 6.0.4 on
        return InputError(TOO_DEEP, path=path, line=line)
    if (opened := _opened(error, text)) is not None:
        what = "bracket" if _FLOW.search(error.context or "") else "quote"
        hint = f"what follows stops making sense in line {line}" if line != opened else ""
        return InputError(
            f"this is not valid YAML: a {what} is opened here and not closed", path=path, line=opened, hint=hint
        )
    return InputError(f"this is not valid YAML: {message}", path=path, line=line, hint=_yaml_hint(error, text))


def _yaml_hint(error: yaml.MarkedYAMLError, text: str) -> str:
    mark = error.problem_mark
    after = "".join(text.split("\n")[mark.line : mark.line + 1])[mark.column :] if mark else ""
    if after.startswith("\t"):
        return "indent with spaces: YAML does not take tabs"
    said = f"{error.context} {error.problem}"
    return next((hint.format(after[:1]) for words, hint in _HINTS if words in said), "")


def _opened(error: yaml.MarkedYAMLError, text: str) -> int | None:
    """The line, from 1, of the quote or bracket that was left open, where that is what is wrong."""
    context, problem = error.context or "", error.problem_mark
    if error.context_mark and ("quoted scalar" in context or _FLOW.search(context)):
        return (
            int(error.context_mark.line) + 1 if "end of stream" in str(error.problem) or "flow" in context else None
        )
    closed = None  # by the next quote that came: the last text of several lines that ends where it went wrong
    with suppress(yaml.YAMLError):
        for token in yaml.scan(text, Loader=_Loader):
            quoted = isinstance(token, yaml.ScalarToken) and token.style in ("'", '"')
            if problem is None or token.start_mark.index > problem.index:
                break
            if quoted and token.start_mark.line < token.end_mark.line == problem.line:
                closed = token.start_mark.line + 1
    return closed


def _has_aliases(text: str, path: Path) -> bool:
    """Whether there are any. The parser recurses: deep nesting, and what is far too much, is refused first."""
    depth = values = aliases = 0
    for event in yaml.parse(text, Loader=_Loader):
        _refuse_tag(event, path)
        values += isinstance(event, yaml.NodeEvent)
        aliases += isinstance(event, yaml.AliasEvent)
        if values > MAX_NODES:
            raise InputError(f"it holds more than {MAX_NODES} values", path=path)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            line = event.start_mark.line + 1 if event.start_mark else None
            raise InputError(TOO_DEEP, path=path, line=line)
    return aliases > 0


def _refuse_tag(event: yaml.Event, path: Path) -> None:
    """A tag makes of a value what its author alone knows: none is obeyed, and none is passed over."""
    tag = getattr(event, "tag", None)
    if tag is None:
        return
    known = next((names for kind, names in _TAGS if isinstance(event, kind)), frozenset())
    if not (tag.startswith(_STANDARD) and tag.removeprefix(_STANDARD) in known):
        line = event.start_mark.line + 1 if event.start_mark else None
        written = f"!!{tag.removeprefix(_STANDARD)}" if tag.startswith(_STANDARD) else tag
        raise InputError(
            f"the tag {written[:100]} is not allowed here",
            path=path,
            line=line,
            hint="write the plain value, or quote it",
        )


def _empty(node: yaml.Node | None) -> bool:
    return node is None or (isinstance(node, yaml.ScalarNode) and node.tag.endswith(":null"))


def _document(path: Path, node: yaml.Node, aliases: bool) -> Document:
    if aliases and _unfolded(node, path, {}, set()) > MAX_NODES:
        raise InputError(f"its aliases unfold to more than {MAX_NODES} values", path=path, line=1)
    lines: dict[KeyPath, int] = {}
    return Document(path, _build(node, path, (), lines), lines)


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        yield from (child for pair in node.value for child in pair)
    elif isinstance(node, yaml.SequenceNode):
        yield from node.value


def _unfolded(node: yaml.Node, path: Path, known: dict[int, int], above: set[int]) -> int:
    """How many values the node stands for once every alias is written out."""
    if id(node) in above:
        raise InputError("an alias holds itself", path=path, line=node.start_mark.line + 1)
    if id(node) not in known:
        above.add(id(node))
        known[id(node)] = 1 + sum(_unfolded(child, path, known, above) for child in _children(node))
        above.discard(id(node))
    return known[id(node)]


def _build(node: yaml.Node, file: Path, path: KeyPath, lines: dict[KeyPath, int]) -> Any:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node, file)
    if isinstance(node, yaml.SequenceNode):
        return [_build(child, file, (*path, i), lines) for i, child in enumerate(node.value)]
    return _mapping(node, file, path, lines)


def _mapping(node: yaml.Node, file: Path, path: KeyPath, lines: dict[KeyPath, int]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    own: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            raise InputError(
                "a key must be plain text", path=file, line=line, hint="quote a template: '{{ name }}'"
            )
        key = str(key_node.value)
        if key == "<<" and not key_node.style:
            parts = value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node]
            for part in reversed(parts):
                value = _build(part, file, path, lines)
                if not isinstance(value, dict):
                    raise InputError("`<<` merges mappings only", path=file, line=line)
                merged |= value
            continue
        if key in own:
            raise InputError(f"the key {key!r} is there twice", path=file, line=line)
        lines[(*path, key)] = line
        own[key] = _build(value_node, file, (*path, key), lines)
    return merged | own


def _finite(text: str) -> float:
    """The number. Raises ValueError for `.inf` and `.nan`: nothing here can be compared with them."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError
    return number


def _scalar(node: yaml.ScalarNode, file: Path) -> Any:
    text, kind = node.value, node.tag.removeprefix(_STANDARD)
    line = node.start_mark.line + 1
    if kind in ("null", "bool") and not re.fullmatch(_PATTERNS[kind][1], text):
        raise InputError(f"{text[:40]!r} is no {kind}", path=file, line=line)
    try:
        match kind:
            case "str":
                return text
            case "null":
                return None
            case "bool":
                return text.lower() == "true"
            case "int":
                return int(text, 0) if text[:2].lower() in ("0o", "0x") else int(text)
            case "float":
                return _finite(text)
    except ValueError:
        raise InputError(f"{text[:40]!r} is not a number", path=file, line=line) from None
    raise InputError("the tag !!merge is not allowed here", path=file, line=line, hint="write the plain value")
