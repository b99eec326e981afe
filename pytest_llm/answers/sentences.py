"""Whether a line by itself reads as prose: a sentence, the text of a list's item, a label."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

_PLAIN_HEAD = 4  # words: no line of code begins with so many, ends as a sentence does, and begins like one
_PLAIN_LINE = 5  # words: no line of code is so many, and nothing else, beginning like a sentence
_LATIN_END = 0x24F  # the last letter of the Latin alphabets
_LABEL_LENGTH = 40  # characters of a label in front of a colon

_INLINE = re.compile(r"(?<!`)(`{1,2})(?!`)[^`\n]+\1(?!`)")
_MATH = re.compile(r"(?<!\S)\$[^\s$][^$\n]*\$(?=[\s.,:;]|$)")
_STRING = re.compile(r'"[^"\n]*"')
_BRACKETS = re.compile(  # from the beginning of a word alone: else a long one is read from each of its letters
    r"(?<![\w.:$&@?!])[\w.:$&@?!]*(?:\([^()\[\]{}<>]*\)|\[[^()\[\]{}<>]*\]|\{[^()\[\]{}<>]*\}|<[^()\[\]{}<>]*>)"
)
_NESTED = 4  # brackets within one another
_LINK = re.compile(r"\[([^\[\]\n]{1,200})\]\([^()\s]{1,300}\)")
_FULL_STOPS = ("。", "！", "？")
_PICTURE = re.compile(r"[^\w\s!-~¡¿«“„‚‘]+[ \t]*")  # an emoji
_EMPHASIS = re.compile(r"(?<![\w*])(\*{1,3}|_)(?=[^\W_])([^*\n]{1,200}?)\1(?![\w*])")
_AROUND = "([\"“”„«»‚‘’'¡¿"
_WORD = re.compile(
    r"[(\[\"“„«‚‘'¡¿]*[^\W\d_]+(?:['’./–-][^\W\d_]+)*(?:['’](?=\W|$))?[)\]\"”“»’']*[.,:;!?…]*[)\]\"”“»’']*"
    r"|[A-Za-z](?:\+\+|#)[.,:;!?]*|[-–—&]"
)
_ENDS = re.compile(r"[.:!?…。：！？।؟][)\]\"”“»’'」』）]*(?:[ \t]*[^\w\s!-~]{1,6})?\s*$")
_SIGNS = re.compile(r"[{}=<>\\|&$;]|\)\.|\w\(\)?[.:]|\w\[")
_CODE_ENDS = re.compile(r"[{}(\[;\\=,&|]\s*$")
_BROKEN_OFF = re.compile(r"[<>+*/-]\s*$")
_ANNOTATED = re.compile(r"\w+:[ \t]*(?:[A-Z][\w.]*|str|int|float|bool|list|dict|set|tuple|bytes|object|type)\b.*=")

_QUOTES = re.compile(r"(?<!\w)'|'(?!\w)")  # that are no apostrophes

_BEGINNING = """
here here's heres sure okay ok certainly note notice this the these those hope it it's its i i'm i've we you your
there both explanation output
"""
_BLOCK_WORDS = """
if for while with def class try else elif elsif except finally match case default async switch when unless until
begin rescue ensure do then module public private protected internal
"""
_SMALL = "the a an this that is are was be it you we i your to of and in on as not so no how what will"
_MORE_SMALL = """
returns means gives called then which has there because der die das ein eine ist wird und von mit nicht heißt gibt
liefert le la les est un une et que qui dans renvoie el los es una y devuelve
"""
_LABEL_WORDS = """
explanation explanations example examples usage output outputs result results note notes code solution answer
input test tests complexity example_usage usage_example how_it_works key_points edge_cases time_complexity
space_complexity sample_output expected_output sample_input copy copy_code the_code full_code for_example
how_to_use breakdown summary conclusion tips alternatively improvements approach step method option version part
time space hinweis erklärung beispiel ausgabe lösung explication exemple sortie explicación ejemplo salida
solución here json response final_answer hier voici
"""
_CLOSING_WORDS = "done finished enjoy thanks cheers fertig voilà listo hecho pronto готово"
_CLOSERS = frozenset(_CLOSING_WORDS.split())  # that are a sentence by themselves
_BEGINNERS = frozenset(_BEGINNING.split())  # words that begin a sentence though they are in lower case
_BLOCKS = frozenset(_BLOCK_WORDS.split())  # that begin a block where it is misspelt by its first letter: `If x:`
_ABOUT = frozenset(_SMALL.split())  # that only sentences have
_TELLING = _ABOUT.union(_MORE_SMALL.split())  # two of which no line of code has that begins and ends as a sentence
_LABELS = frozenset(_LABEL_WORDS.split())  # that stand alone in a line, or in front of a colon


@dataclass(frozen=True)
class Line:
    """What a line says, without its marks of Markdown and with a word for each piece of inline code."""

    text: str

    @classmethod
    def of(cls, line: str) -> Line:
        text = _EMPHASIS.sub(r"\2", _LINK.sub(r"\1", _MATH.sub("Code", _INLINE.sub("Code", line.strip()))))
        return cls(_PICTURE.sub("", text, count=1).strip() if _PICTURE.match(text) else text.strip())

    @cached_property
    def words(self) -> list[str]:
        return self.text.split()

    @cached_property
    def plain(self) -> list[bool]:
        """For each word whether it is one, and not a piece of code."""
        return [bool(_WORD.fullmatch(word)) for word in self.words]

    @cached_property
    def folded(self) -> Line:
        """With a word for each string, and for each pair of brackets and what stands right before it."""
        text = _STRING.sub("Code", self.text)
        for _ in range(_NESTED):
            text = _BRACKETS.sub("Code", text)
        return Line(text)

    @property
    def ends(self) -> bool:
        """It ends as a sentence does."""
        return tail(_ENDS, self.text)

    @property
    def open(self) -> bool:
        """It ends as no sentence does, and lines of code do."""
        return tail(_CODE_ENDS, self.text)

    @property
    def foreign(self) -> bool:
        """It begins in an alphabet in which hardly any code is written, whether or not it has blanks."""
        return self.text[:1].isalpha() and ord(self.text[0]) > _LATIN_END

    @property
    def unclosed(self) -> bool:
        """A quote or a bracket is left open, or a mark of a string or a comment stands in it."""
        marks = ('"""', "'''", "`", "*/", "/*")
        brackets = self.text.count("(") > self.text.count(")") and not self.ends
        closing = self.text.endswith("'") and len(_QUOTES.findall(self.text)) % 2 == 1
        return brackets or closing or self.text.count('"') % 2 == 1 or any(mark in self.text for mark in marks)

    @property
    def begins(self) -> bool:
        """It begins as a sentence does: with a capital, in another alphabet, or with a word such as `here`."""
        first = self.words[0].strip(_AROUND)
        capital = first[:1].isupper() or (first[:1].isalpha() and ord(first[0]) > _LATIN_END)
        return capital or first.rstrip(",.:!").replace("’", "'") in _BEGINNERS

    @property
    def block(self) -> bool:
        """Its first word begins a block of code, but for a capital."""
        return self.words[0].lower().rstrip(":,") in _BLOCKS

    @property
    def wordy(self) -> bool:
        """The first of its words and most of all are words, and nothing in it is a sign of code."""
        return all(self.plain[:2]) and sum(self.plain) * 10 >= len(self.plain) * 6 and not _SIGNS.search(self.text)

    @property
    def head(self) -> bool:
        """Its first words are words."""
        return all(self.plain[:_PLAIN_HEAD])

    def about(self) -> int:
        """How many of its first words are small ones that only sentences have."""
        return sum(word.strip(_AROUND + ".,:").lower() in _ABOUT for word in self.words[:6])


def sentence(line: Line, *, indented_below: bool = False, apart: bool = False, below: bool = False) -> bool:
    """Whether a line is a sentence, or the beginning of one.

    indented_below: the next line may be its block. apart: no line of code stands right above, and in the language
    no line is mere words; then it may begin in lower case. below: and a sentence does.
    """
    if not line.words or line.unclosed or line.text[0] in "\"'":
        return False
    if line.foreign and ("=" not in line.text or line.text.endswith(_FULL_STOPS)):
        return len(line.text) > 1 and not line.open
    if not line.begins:
        return apart and _small(line, below=below)
    if line.block and indented_below:
        return False
    if len(line.words) < 3:
        return _short(line)
    if line.ends:
        return (line.head and len(line.words) >= _PLAIN_HEAD) or line.wordy or _speaks_of_code(line)
    if line.text.endswith(";"):
        return line.head and line.about() > 1
    return len(line.words) >= _PLAIN_LINE and (all(line.plain) or (line.head and line.about() > 1 and _whole(line)))


def label(line: Line, *, annotated: bool = False) -> bool:
    """`Output`, `Time complexity: O(n)`, `Solution 1: with a loop`, `This will print: 5`.

    annotated: names have types in the language, `Result: int = 5`.
    """
    if (line.open and not line.folded.text.endswith("Code")) or line.unclosed:
        return False
    first, _, rest = line.text.partition(":")
    if not rest.strip():
        return _key(first) in _LABELS
    if len(first) > _LABEL_LENGTH or (annotated and _ANNOTATED.match(line.text)):
        return False
    words = Line(first)
    told = len(words.words) > 2 and all(words.plain) and words.begins and words.about() > 0
    return first[:1].isupper() and rest[0] in " \t" and (_key(first) in _LABELS or told)


def item(text: str) -> bool:
    """Whether the text of a list's item says something, in whole sentences or not."""
    line = Line.of(text)
    if not line.words or line.unclosed:
        return False
    if line.foreign:
        return True
    head = line.plain[:_PLAIN_HEAD]
    if line.open:
        return sum(head) >= 3 and line.about() > 0
    named = line.plain[0] and line.words[0].endswith(":")
    return text[0] in "`*_[" or named or sum(head) * 2 >= len(head)


def goes_on(line: Line, before: str) -> bool:
    """Whether a line goes on with the sentence that the line above it began."""
    begun = len(before.split()) >= _PLAIN_LINE and not tail(_ENDS, before)
    whole = line.ends or len(line.words) >= _PLAIN_LINE
    return begun and whole and line.head and fits(line)


def fits(line: Line) -> bool:
    """Whether a line can belong to prose that is there already."""
    return bool(line.words) and line.wordy and not line.unclosed and _whole(line)


def tail(pattern: re.Pattern[str], text: str) -> bool:
    """Whether a text ends with what the pattern finds; only its last signs are looked at."""
    return pattern.search(text[-12:]) is not None


def _short(line: Line) -> bool:
    """`Sure!`, `Good luck.`, `Example usage:`; but not `Foo:`, which may be a label, nor `Foo.`"""
    if not all(line.plain) or line.block or not line.ends:
        return False
    return len(line.words) == 2 or line.text[-1:] in "!?。！？" or _key(line.text) in _CLOSERS


def _speaks_of_code(line: Line) -> bool:
    """`Note that f(x) returns {a, b}; it is fast.`: words about code, to the end of the sentence."""
    folded = line.folded
    if len(folded.words) < _PLAIN_HEAD or not folded.plain[0] or (line.block and line.text.endswith(":")):
        return False
    told = [word.strip(_AROUND + ".,:") for word in folded.words]
    return sum(word.lower() in _TELLING for word in told) > 1 or (
        folded.wordy and sum(folded.plain) > told.count("Code") + 1
    )


def _small(line: Line, *, below: bool) -> bool:
    """A sentence that begins in lower case: nothing but words, to its end, and no block of code."""
    if line.block or not line.ends or not all(line.plain):
        return False
    if len(line.words) < _PLAIN_LINE or (below and not line.text.endswith(":")):
        return below and len(line.words) >= _PLAIN_HEAD and not line.text.endswith(":")
    return line.about() > (1 if line.text.endswith(":") else 0)


def _whole(line: Line) -> bool:
    return line.text.endswith(",") or not (line.open or tail(_BROKEN_OFF, line.text))


def _key(text: str) -> str:
    return "_".join(_words(text)).lower()


def _words(text: str) -> Iterable[str]:
    return (word for word in text.rstrip(".").split() if not word.isdigit())
