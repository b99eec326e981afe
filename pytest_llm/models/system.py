"""What a SYSTEM says: how long it is, and where one sentence takes back another.

Machines do not understand prose. What is found here is sure to be meant by nobody: the same thing demanded and
forbidden, or two answers that no answer can be at once, both without an "if".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import combinations, islice
from typing import NamedTuple

from pytest_llm.models.modelfile import ModelSpec

TOKENS = 200  # a SYSTEM is read again before every answer, and small models follow long ones badly
_BYTES = 4  # of ordinary text to a token, about; of other scripts fewer letters, which have more bytes

_TOLD = 20  # contradictions of one SYSTEM
_READ = 20_000  # characters that are looked at for contradictions: nobody writes more, a stranger may

_SENTENCE = re.compile(r"[^\n.;!?]+(?:[.;!?](?!\s|$)[^\n.;!?]*)*")
_BULLET = re.compile(r"^[\s\-*•·>#\d.)(]+")
_LABEL = re.compile(r"^[\w ]{1,40}:\s+")
_CONDITION = re.compile(
    r"\b(if|when|whenever|unless|except|for|in case|until|while|where|other than|(?<!nothing )but|otherwise|"
    r"may|might|can|could|users?)\b"
)
_FORBIDDEN = re.compile(
    r"^no(?= )|^(?:you )?(?:(?:must|should|may|shall|will|can|do) (?:not|never)|"
    r"(?:must|should|do|ca)n['’]?t|cannot|never|avoid)\b"
)
_DEMANDED = re.compile(
    r"^(?:you )?(?:(?:must|should|shall|will|need to|have to) )?(?:always |be sure to |make sure to |remember to )?"
)
_USING = ("use", "include", "add", "write", "give", "provide", "show")
_FILLING = frozenset(("a", "an", "any", "the", "ever", "please", "your", "all", "also", "always"))


class Sentence(NamedTuple):
    """A sentence of a SYSTEM in small letters, and the line on which it stands."""

    line: int
    text: str


def complaints(spec: ModelSpec, most: int) -> Iterator[tuple[int, str]]:
    """(line, sentence) of each complaint about the SYSTEM that counts. most: tokens it may have."""
    if not spec.system or not spec.system.strip():
        return
    line = spec.line("SYSTEM")
    if (count := tokens(spec.system)) > most:
        yield (
            line,
            f"SYSTEM has some {count} tokens, more than {most} (llm_system_tokens): every answer pays for them",
        )
    for command in spec.commands:
        if command.name == "MESSAGE" and command.key == "system":
            yield command.line, f"MESSAGE system stands beside the SYSTEM of line {line}: one of them is enough"
    yield from islice(contradictions(list(sentences(spec.system[:_READ], line))), _TOLD)


def tokens(text: str) -> int:
    """How many tokens a text has, about: no tokenizer is at hand, and each model has its own."""
    return max(-(-len(text.strip().encode("utf-8", "replace")) // _BYTES), len(text.split()))


def sentences(text: str, line: int) -> Iterator[Sentence]:
    """The sentences of a text whose first line is `line`; a line end ends one."""
    for found in _SENTENCE.finditer(text):
        words = _BULLET.sub("", found[0].replace("**", "")).strip().lower()
        if words.startswith("please "):
            words = words.removeprefix("please ")
        if words:
            start = found.start() + len(found[0]) - len(found[0].lstrip())
            yield Sentence(line + text.count("\n", 0, start), words)


def contradictions(said: list[Sentence]) -> Iterator[tuple[int, str]]:
    """Where a sentence takes back one before it."""
    demanded: dict[str, Sentence] = {}
    forbidden: dict[str, Sentence] = {}
    for sentence in said:
        bare = sentence._replace(text=_LABEL.sub("", sentence.text))
        negative = _FORBIDDEN.match(bare.text)
        own, other = (forbidden, demanded) if negative else (demanded, forbidden)
        for deed in _deeds(bare.text, negative):
            if deed in other:
                yield _against(sentence, other[deed])
            own.setdefault(deed, sentence)
    yield from _opposites([s for s in said if not _is_conditional(s.text)])


def _is_conditional(text: str) -> bool:
    forbidden = _FORBIDDEN.match(text)
    return bool(_CONDITION.search(text) or _LABEL.match(text) or (forbidden and forbidden[0] != "no"))


def _deeds(text: str, negative: re.Match[str] | None) -> Iterator[str]:
    """What is demanded or forbidden, in every spelling: "use comments" of "avoid using comments"."""
    rest = text[negative.end() :] if negative else _DEMANDED.sub("", text, count=1)
    words = [word for word in re.findall(r"[\w'-]+", rest) if word not in _FILLING]
    if len(words) < 2 and not (words and negative and negative[0] == "no"):
        return
    yield " ".join(words)
    if negative and negative[0] == "no":
        yield from (" ".join([verb, *words]) for verb in _USING)
    if negative and negative[0] == "avoid" and words[0].endswith("ing"):
        stem = words[0].removesuffix("ing")
        doubled = stem[:-1] if stem[-1:] == stem[-2:-1] else stem
        yield from (" ".join([verb, *words[1:]]) for verb in (stem, f"{stem}e", doubled))


def _against(later: Sentence, earlier: Sentence) -> tuple[int, str]:
    return (
        later.line,
        f"SYSTEM contradicts itself: {later.text[:60]!r}, and {earlier.text[:60]!r} in line {earlier.line}",
    )


_VERBS = "write|speak|talk|output|return|use|give|provide|explain|describe|format"
_ANSWER = rf"(?:answers?|repl(?:y|ies)|respon(?:d|ses?)|explanations?|{_VERBS})"
_END = r"(?=$|\s+(?:and|as possible|answers?|explanations?|replies|responses?)\b)"
_LENGTH = rf"\b(?:be|keep|{_ANSWER})\b[^,]{{0,30}}?\b(?:%s){_END}"
_SHORT = (
    "brief(?:ly)?|concise(?:ly)?|terse(?:ly)?|succinct(?:ly)?|short|to the point|"
    "in (?:one|a single) (?:word|sentence|line)"
)
_LONG = "detailed|verbose|exhaustive(?:ly)?|at length|in (?:great )?(?:detail|depth)|comprehensive|long"
_LANGUAGES = (
    *("english", "german", "french", "spanish", "italian", "portuguese", "dutch", "polish", "russian", "turkish"),
    *("chinese", "japanese", "korean", "arabic", "hindi", "greek", "czech", "swedish", "danish", "ukrainian"),
)
_FORMATS = ("json", "yaml", "xml", "html", "csv", "markdown", "plain text", "prose")
_CASES = {
    "capitals": r"(?:all )?(?:capitals|capital letters|upper ?case)",
    "small letters": r"(?:all )?lower ?case",
}
_ONLY = r"(?:only|nothing but|exclusively)"

_ONLY_FORMAT = {
    name: re.compile(
        rf"\b{_ONLY}\s+(?:in |as |with |a |an |one |valid |raw )*{name}\b|"
        rf"\b(?:in|as|with) (?:valid )?{name} {_ONLY}|^{name} {_ONLY}"
    )
    for name in _FORMATS
}
# Of each kind: what an answer can be by one of its words, and by no two of them at once.
_KINDS: tuple[Mapping[str, re.Pattern[str]], ...] = (
    {"short": re.compile(_LENGTH % _SHORT), "long": re.compile(_LENGTH % _LONG)},
    {name: re.compile(rf"\b{_ANSWER}\b[^,]{{0,30}}?\bin {name}\b") for name in _LANGUAGES},
    {name: re.compile(rf"\b{_ANSWER}\b[^,]{{0,30}}?\bin {words}\b") for name, words in _CASES.items()},
    _ONLY_FORMAT,
    {
        "without": re.compile(r"\b(?:no|without(?: any)?) (?:explanations?|reasoning)\b|\b(?:code|answer) only\b"),
        "with": re.compile(r"\bexplain (?:your|each|every|all|step)\b|\bshow your (?:work|reasoning)\b"),
    },
)


# A format that is demanded beside others; and how long an answer may be at most, how long it must be at least.
_FORMAT = {
    name: re.compile(
        rf"\b{_ANSWER}\b[^,]{{0,20}}?\b{name}(?=$|\s+(?:format(?:ting)?|syntax|output|headings?|lists?|tables?)\b)"
    )
    for name in _FORMATS
}
_COUNT = r"(\d{1,6}|one|two|three|four|five|ten) (word|sentence|line|paragraph|character)s?\b"
_MOST = re.compile(
    rf"\b(?:at most|no more than|not more than|maximum of|up to|under|less than|fewer than) {_COUNT}"
)
_LEAST = re.compile(rf"\b(?:at least|no less than|no fewer than|minimum of|more than) {_COUNT}")
_NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "ten": 10}


def _opposites(said: list[Sentence]) -> Iterator[tuple[int, str]]:
    for kind in _KINDS:
        first = {name: _first(pattern, said) for name, pattern in kind.items()}
        met = sorted((sentence for sentence in first.values() if sentence), key=lambda sentence: sentence.line)
        yield from (_against(later, earlier) for earlier, later in combinations(met, 2) if earlier != later)
    yield from _beside_only(said)
    yield from _lengths(said)


def _first(pattern: re.Pattern[str], said: list[Sentence]) -> Sentence | None:
    return next((sentence for sentence in said if pattern.search(sentence.text)), None)


def _beside_only(said: list[Sentence]) -> Iterator[tuple[int, str]]:
    """One format and nothing else, and another one all the same."""
    for name, pattern in _ONLY_FORMAT.items():
        only = _first(pattern, said)
        for other, demand in _FORMAT.items():
            found = _first(demand, said) if only and other != name else None
            if only and found and not _ONLY_FORMAT[other].search(found.text) and found != only:
                yield _against(*sorted((only, found), key=lambda sentence: -sentence.line))


def _lengths(said: list[Sentence]) -> Iterator[tuple[int, str]]:
    """At least so many words, and at most fewer."""
    shortest = _bounds(_MOST, said, -1)
    for unit, (least, long) in _bounds(_LEAST, said, 1).items():
        if unit in shortest and -shortest[unit][0] < least:
            yield _against(*sorted((shortest[unit][1], long), key=lambda sentence: -sentence.line))


def _bounds(pattern: re.Pattern[str], said: list[Sentence], sign: int) -> dict[str, tuple[int, Sentence]]:
    """Of each unit the tightest bound, times `sign`, and the sentence that says it."""
    found: dict[str, tuple[int, Sentence]] = {}
    for sentence in said:
        if bound := pattern.search(sentence.text):
            here = (sign * _number(bound[1]), sentence)
            found[bound[2]] = max(here, found.get(bound[2], here), key=lambda pair: pair[0])
    return found


def _number(word: str) -> int:
    return _NUMBERS.get(word) or int(word)
