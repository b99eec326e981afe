"""Code as a chat's web page hands it over: without fences, below the language's name and what its buttons say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from pytest_llm.answers.fences import MOST, Fenced
from pytest_llm.answers.guessing import is_code
from pytest_llm.answers.languages import guess_language, is_label, normalise_language
from pytest_llm.answers.unfenced import before_prose

_COPY = (
    r"Copy(?: code| to clipboard)?|Copied!?|Code kopieren|Kopieren|Copier(?: le code)?|Copiar(?: código)?"
    r"|Копировать(?: код)?|复制(?:代码)?|コピーする|コードをコピーする"
)
_OTHERS = r"Edit|Run(?: code)?|Download|Wrap|Collapse|Expand|Preview|Explain|Bearbeiten|下载|编辑|运行"
_BUTTONS = re.compile(rf"(?:(?:{_COPY}|{_OTHERS})[ \t|·]*)+")
_HAS_COPY = re.compile(_COPY)
_LONGEST = 120  # characters of a line that is looked at
_LABEL = re.compile(r"[ \t*]*([A-Za-z][\w+#.]{0,15}?)[ \t*:]*$")
_GLUED = re.compile(rf"[ \t]*([A-Za-z][\w+#.]{{0,15}}?)[ \t]?({_BUTTONS.pattern})(?! )(.*)$")
_MOST = 16  # lines of buttons
_SHOWS = 6  # lines that tell whether it is code what stands below


@dataclass(frozen=True)
class _Heading:
    """The lines [start, end) above code. info: the label, and the code that begins in the last of them."""

    start: int
    end: int
    info: str


def pasted(lines: Sequence[str]) -> list[Fenced]:
    """The code below each such heading, up to the prose before the next one."""
    heads = list(islice(_headings([line.rstrip() for line in lines]), MOST))
    ends = [head.start for head in heads[1:]] + [len(lines)]
    found = (_block(lines, head, end) for head, end in zip(heads, ends, strict=False))
    return [block for block in found if block.text.strip()]


def _headings(lines: Sequence[str]) -> Iterator[_Heading]:
    at = 0
    while at < len(lines):
        found = _heading(lines, at)
        if found:
            yield found
        at = found.end if found else at + 1


def _heading(lines: Sequence[str], start: int) -> _Heading | None:
    if (glued := _GLUED.match(lines[start][:_LONGEST])) and is_label(glued[1]):
        label, said, code = glued.groups()
        info, first = f"{label} {lines[start][glued.start(3) :]}".rstrip(), start + 1
        if code and not guess_language(code):
            return None
    else:
        found = _LABEL.match(lines[start][:_LONGEST])
        info = found[1] if found and is_label(found[1]) else ""
        said, code, first = "", "", start + bool(info)
    end = first if code else _below(lines, first)
    apart = info or not start or not lines[start - 1] or lines[start - 1].endswith(":")
    if not apart:
        return None
    shown = "\n".join(lines[end : end + _SHOWS])
    if _HAS_COPY.search(" ".join((said, *lines[first:end]))):
        return _Heading(start, end, info) if info or guess_language(shown) else None
    return _Heading(start, end, info) if info and _announced(lines, start) and _is_code(shown, info) else None


def _announced(lines: Sequence[str], start: int) -> bool:
    """Whether nothing, or a sentence, stands above."""
    above = next((lines[at] for at in range(start - 1, max(start - 4, -1), -1) if lines[at]), "")
    return not above or above.endswith((".", ":", "!", "?"))


def _is_code(shown: str, info: str) -> bool:
    first = shown.lstrip("\n").partition("\n\n")[0]
    return len(info) > 1 and is_code(first, normalise_language(info))


def _below(lines: Sequence[str], start: int) -> int:
    """The first line below the buttons that begin in line `start`; a blank line may stand between two."""
    end = at = start
    while at < min(len(lines), end + 2, start + _MOST) and (
        not lines[at] or _BUTTONS.fullmatch(lines[at].lstrip())
    ):
        end, at = (at + 1 if lines[at] else end), at + 1
    return end


def _block(lines: Sequence[str], head: _Heading, end: int) -> Fenced:
    """The code below a heading, without the prose that ends it."""
    first = next((at for at in range(head.end, end) if lines[at].strip()), end)
    code = [line.removesuffix("\r") for line in lines[first:end]]
    kept = code[: before_prose(code, normalise_language(head.info) or guess_language("\n".join(code[:_SHOWS])))]
    return Fenced(head.info, first, first + len(kept), True, 0, "".join(f"{line}\n" for line in kept))
