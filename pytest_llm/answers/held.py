"""Code that stands in something else than fences: between tags, or in a string of JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from pytest_llm.answers.blocks import CodeBlock
from pytest_llm.answers.fences import MOST, written
from pytest_llm.answers.languages import PROSE, is_label, normalise_language
from pytest_llm.answers.unfenced import without_prose

_NAMES = "pre|code|answer|solution|response|artifact|antartifact|file|source|program"
_LABEL = re.compile(
    r"""\b(?:class|lang|language|title|name|path)\s?=\s?["']?(?:language-|lang-)?([\w+#./-]{1,60})"""
)
# How it opens, where a line begins, and what closes it, where one ends; `{0}` for what the first group found.
_OPENINGS: Sequence[tuple[re.Pattern[str], str]] = tuple(
    (re.compile(opening, re.IGNORECASE), closing)
    for opening, closing in (
        (rf"<({_NAMES})\b([^<>]{{0,200}})>", "</{0}>"),
        (r"<([a-z+#]{1,12})()>\s*$", "</{0}>"),
        (r"\[([a-z+#]{1,12})(=[\w+#]{1,12})?\]\s*$", "[/{0}]"),
        (r"('{3}|\"{3})([a-z][\w+#]{0,12})\s*$", "{0}"),
        (r"(``?|\u00b4{3}|(?:\\`){3}|` ` `)[ \t]?([a-z][\w+#]{0,12})?\s*$", "{0}"),
        (r"(```)[ \t]?([a-z][\w+#]{0,12})?[ \t](?=[^`]+```\s*$)", "{0}"),
        (r"#\+begin_src[ \t]+()(\S{1,20})", "#+end_src"),
        (r"\\begin\{(verbatim|lstlisting|minted)\}(\S{0,60})\s*$", "\\end{{{0}}}"),
        (r"\{code()(?::([\w+#]{1,20}))?[^{}\n]{0,80}\}\s*$", "{{code}}"),
        (r"\{% highlight ()(\S{1,20}) %\}", "{{% endhighlight %}}"),
    )
)
_MAY_OPEN = re.compile(r"<[a-z+#]|\[[a-z+#]|'{3}|\"{3}|`|\u00b4|\\[`b]|#\+|\{[c%]", re.IGNORECASE)  # any of these
_TAGS = re.compile(r"\s*(?:</?[a-z]|\[/?[a-z]|#\+(?:begin|end)_src|\\(?:begin|end)\{|\{code|\{% )", re.IGNORECASE)
_CODE = re.compile(r"[{}()\[\]=;<>]")
_INNER = re.compile(r"\s*<code\b([^<>]{0,200})>", re.IGNORECASE)
_CLOSING = re.compile(r"</code>\s*$", re.IGNORECASE)
_ENTITY = re.compile(r"&(lt|gt|amp|quot|apos|nbsp|#0?39|#x27|#34);")
_MEANT = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'", "nbsp": " ", "#34": '"'}
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"(\s*:)?')
_BRACKET = re.compile(r"[{\[]")
_AROUND = re.compile(
    r"</?[A-Za-z|][\w:|=.-]{0,40}>|\[/?[A-Z_]{3,20}\]|\([\w\s,.'-]{0,80}\)"
)  # tags, words in brackets
_MOST = 8  # strings of JSON that may be code
_UNCLOSED = 32  # openings that nothing closes: each is looked for to the end


def between_tags(lines: Sequence[str]) -> list[CodeBlock]:
    """Code in an answer without a fence, between tags or marks that a line begins and one ends with.

    None where anything but prose and other tags stands around them: they are part of the code then.
    """
    found = [*_between(lines)]
    if not found:
        return []
    taken = {line for lines, _ in found for line in lines}
    around = ["" if at in taken or _TAGS.match(line) else line for at, line in enumerate(lines)]
    return [] if _CODE.search(without_prose(around)) else [block for _, block in found]


def _between(lines: Sequence[str]) -> Iterator[tuple[range, CodeBlock]]:
    """Each block, and the lines that it takes with its tags, counted from 0."""
    openings = {line: found for line in set(lines) if _MAY_OPEN.match(line) and (found := _opening(line))}
    at, missing, count = 0, set[str](), 0
    while openings and at < len(lines) and count < MOST:
        start, at = at, at + 1
        if lines[start] not in openings:
            continue
        opening, closing = openings[lines[start]]
        if closing in missing:
            continue
        alone = opening.end() == len(lines[start])
        ends = str.__eq__ if alone and closing[0] not in "<[" else str.endswith
        below = range(start + alone, len(lines))
        end = next((n for n in below if ends(lines[n].strip().lower(), closing)), None)
        if end is None and len(missing) >= _UNCLOSED:
            return
        if end is None:
            missing.add(closing)
            continue
        at, count = end + 1, count + 1
        inner = [*lines[start:end], lines[end].rstrip()[: -len(closing)]]
        inner[0] = inner[0][opening.end() :]
        yield range(start, at), _tagged(inner, start + 1, opening)


def _opening(line: str) -> tuple[re.Match[str], str] | None:
    """What opens code in a line, and what closes it."""
    found = ((opening, end) for pattern, end in _OPENINGS if (opening := pattern.match(line[:300])))
    return next(((opening, end.format(opening[1]).lower()) for opening, end in found), None)


def _tagged(inner: list[str], line: int, opening: re.Match[str]) -> CodeBlock:
    attributes, column = opening[2] or "", opening.end()
    if code := _INNER.match(inner[0]):
        attributes, column, inner[0] = f"{attributes} {code[1]}", column + code.end(), inner[0][code.end() :]
        inner[-1] = _CLOSING.sub("", inner[-1])
    said = (_LABEL.search(attributes), opening[1], attributes.strip("={}: "))
    names = [said[0][1] if said[0] else "", *said[1:]]
    label = next((name for name in names if is_label(name) and normalise_language(name) not in PROSE), "")
    places: list[tuple[int, int | None]] = [(line + at, 0 if at else column) for at in range(len(inner))]
    if not inner[0].strip():
        inner, places = inner[1:], places[1:]
    if inner and not inner[-1].strip():
        inner.pop()
    text = "".join(f"{one.removesuffix(chr(13))}\n" for one in inner)
    if "<" not in text and _ENTITY.search(text):
        text, places = (
            _ENTITY.sub(lambda one: _MEANT.get(one[1].lower(), "'"), text),
            [(at, None) for at, _ in places],
        )
    first = places[0][0] if places else line
    return CodeBlock(text, normalise_language(label), label, first, places=tuple(places))


def in_strings(text: str, line: int) -> Iterator[CodeBlock]:
    """Code that strings of JSON hold, in lines of their own; the JSON begins in line `line` of the answer."""
    for found in _strings(text):
        value = json.loads(found[0])
        at = line + text.count("\n", 0, found.start())
        blocks = written(value.split("\n")) if "```" in value else []
        pieces = [(normalise_language(one.info), one.text) for one in blocks] or [("", value)]
        for language, code in pieces:
            code = code.replace("\r\n", "\n").removesuffix("\n") + "\n"
            yield CodeBlock(code, language, line=at, places=((at, None),) * code.count("\n"))


def _strings(text: str) -> list[re.Match[str]]:
    """The longest of the values that hold several lines."""
    found = [one for one in _STRING.finditer(text) if not one[1] and "\\n" in one[0]]
    return sorted(sorted(found, key=lambda one: one.start() - one.end())[:_MOST], key=lambda one: one.start())


def amid_words(text: str) -> list[CodeBlock]:
    """JSON in a line that begins, or goes on, with prose, or between tags: `The result is: {"a": 1}`."""
    if text.lstrip()[:1] == '"':  # a text of JSON may be the answer
        return []
    plain = _AROUND.sub(lambda found: " " * len(found[0]), text)
    begin = _BRACKET.search(plain)
    try:
        value, end = json.JSONDecoder().raw_decode(text, begin.start()) if begin else (None, 0)
    except (ValueError, RecursionError):
        return []
    if not value or begin is None:
        return []
    above, _, left = plain[: begin.start()].rpartition("\n")
    right, _, below = plain[end:].partition("\n")
    if _CODE.search((left + right).replace(" = ", " ")) or left.rstrip().endswith("="):
        return []
    if without_prose([*above.split("\n"), *below.split("\n")]).strip():
        return []
    first, before = text.count("\n", 0, begin.start()) + 1, begin.start() - text.rfind("\n", 0, begin.start()) - 1
    lines = text[begin.start() : end].replace("\r", "").split("\n")
    places = tuple((first + at, 0 if at else before) for at in range(len(lines)))
    return [CodeBlock("\n".join(lines), "json", line=first, fenced=False, places=places)]
