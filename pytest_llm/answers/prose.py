"""Which lines of a text without a fence are prose: line by line, by how sentences, lists and headings look.

Only what is plainly no code is prose; a line that may be broken code never is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pytest_llm.answers.languages import guess_language, normalise_language

_LONGEST = 3000  # characters of a line that is looked at
_PLAIN_HEAD = 4  # words: no line of code begins with so many, ends as a sentence does, and begins like one
_PLAIN_LINE = 5  # words: no line of code is so many, and nothing else, beginning like a sentence
_HASHED = frozenset({"python", "ruby", "shell", "php"})
"""Languages in which a heading is a comment."""

_INLINE = re.compile(r"(?<!`)(`{1,2})(?!`)[^`\n]+\1(?!`)")
_LINK = re.compile(r"\[([^\[\]\n]{1,200})\]\([^()\s]{1,300}\)")
_BULLET = re.compile(r"[ \t]*(?:[-*•·–—▪●]|\(?\d{1,3}[.)]|[a-z]\))[ \t]+(?=\S)")
_HEADING = re.compile(r"(#{1,6})[ \t]+(?=[^\W_]|[*`_\"])")
_BOLD = re.compile(
    r"(\*\*|__)(?=[^\W_]|`)[^*_\n]{1,200}\1(?!\w)|\*(?=[^\W_])[^*\n]{1,200}(?<=[\w.:!?)])\*(?=[\s:.]|$)"
)
_QUOTE = re.compile(r"[ \t]{0,3}>[ \t]+(?=\S)")
_RULE = re.compile(r"[ \t]*(?:-{3,}|\*{3,}|_{3,}|={3,}|(?:\*[ \t]+){2,}\*|`{3,}|~{3,})[ \t]*")
_ROW = re.compile(r"\|.*\|[ \t]*")
_MARKS = str.maketrans("", "", "*_")
_AROUND = "([\"“”„«»‚‘’'¡¿"
_WORD = re.compile(
    r"[(\[\"“„«‚‘'¡¿]*[^\W\d_]+(?:['’./–-][^\W\d_]+)*(?:['’](?=\W|$))?[)\]\"”“»’']*[.,:;!?…]*[)\]\"”“»’']*|[A-Za-z](?:\+\+|#)[.,:;!?]*|[-–—&]"
)
_ENDS = re.compile(r"[.:!?…。：！？।؟][)\]\"”“»’'」』）]*(?:[ \t]*[^\w\s!-~]{1,6})?")
_SIGNS = re.compile(r"[{}=<>\\|&$;]|\)\.|\w\(\)?[.:]|\w\[")
_BROKEN_OFF = re.compile(r"[{}(\[;\\=,&|<>+*/-][ \t]*")
_LATIN_END = 0x24F  # the last letter of the Latin alphabets
_BEGINNING = """
here here's heres sure okay ok certainly note notice this the these those hope it it's its i i'm i've we you your
there both explanation output
"""
_BLOCK_WORDS = """
if for while with def class try else elif elsif except finally match case default async switch when unless until
begin rescue ensure do then module public private protected internal
"""
_SMALL = "the a an this that is are was be it you we i your to of and in on as not so no how what"
_LABEL_WORDS = """
explanation explanations example examples usage output outputs result results note notes code solution answer
input test tests complexity example_usage usage_example how_it_works key_points edge_cases time_complexity
space_complexity sample_output expected_output sample_input copy copy_code python_code the_code full_code
for_example how_to_use breakdown summary conclusion tips alternatively improvements approach hinweis erklärung
beispiel ausgabe lösung explication exemple sortie explicación ejemplo salida solución
"""
_BEGINNERS = frozenset(_BEGINNING.split())  # words that begin a sentence though they are in lower case
_BLOCKS = frozenset(_BLOCK_WORDS.split())  # that begin a block where it is misspelt by its first letter: `If x:`
_ABOUT = frozenset(_SMALL.split())  # that only sentences have
_LABELS = frozenset(_LABEL_WORDS.split())  # that stand alone in a line
_OUTPUT = re.compile(
    r"\b(?:outputs?|prints?|printed|results?|ausgabe|ausgegeben|sortie|affiche|salida|imprime)\b[^.!?]{0,60}:?$"
    r"|(?:вывод|результат)\w*:?$|(?:输出|结果|出力)[^。]{0,20}[:：]?$",
    re.IGNORECASE,
)
_COMMAND = re.compile(
    r"\$ \S|(?:gcc|g\+\+|clang|clang\+\+|rustc|cargo|javac|kotlinc|node|npx|npm|yarn|pnpm|tsc|ts-node)[ ][\w./@-]"
    r"|(?:python3?|pip3?|php|ruby|make|chmod|bash|sh) [\w./@-]|go (?:run|build|test|mod|get|fmt|vet)\b"
    r"|java (?:-\w+ |[A-Z])|\./\w"
)
_TITLE = re.compile(r"[`*_]*((?:\./)?[\w@+-][\w@.+/-]*\.([A-Za-z][A-Za-z0-9]{0,9}))[`*_]*:?[`*_]*")
_TAG = re.compile(r"([A-Za-z+#]{1,12})(?:[ \t]?[Cc]opy(?: code)?)?")


@dataclass(frozen=True)
class _Line:
    """A line without its marks of Markdown. text: what it says, with a word for each piece of inline code."""

    text: str
    words: tuple[str, ...]
    plain: tuple[bool, ...]

    @property
    def ends(self) -> bool:
        """It ends as a sentence does."""
        return _tail(_ENDS, self.text)

    @property
    def begins(self) -> bool:
        """It begins as a sentence does: with a capital, in another alphabet, or with a word such as `here`."""
        first = self.words[0].strip(_AROUND)
        return bool(first) and (_capital(first[0]) or first.rstrip(",.:!").replace("’", "'") in _BEGINNERS)

    @property
    def foreign(self) -> bool:
        """It begins in an alphabet in which hardly any code is written, whether or not it has blanks."""
        return bool(self.text) and self.text[0].isalpha() and ord(self.text[0]) > _LATIN_END

    @property
    def key(self) -> str:
        return "_".join(self.words).rstrip(":.").lower()

    def about(self) -> int:
        """How many of its first words are the small ones that only sentences have."""
        return sum(word.strip(_AROUND + ".,:").lower() in _ABOUT for word in self.words[:6])


def prose_lines(lines: Sequence[str], language: str = "") -> list[bool]:
    """For each line whether it is prose, of a text that may be code in `language`; blank lines are none.

    Lines within a string or a comment are looked at as any other: the caller knows where these are.
    """
    found = [False] * len(lines)
    for at in _Reading(lines, language).prose():
        found[at] = True
    return found


def headings(lines: Sequence[str], prose: list[bool], language: str) -> list[bool]:
    """`prose` with the headings that are comments in the language and stand right above prose."""
    found = list(prose)
    below = False
    for at in range(len(lines) - 1, -1, -1):
        if not lines[at].strip():
            continue
        if not found[at] and language in _HASHED and below and _HEADING.match(lines[at]):
            found[at] = at == 0 or not lines[at - 1].strip() or found[at - 1]
        below = found[at]
    return found


class _Reading:
    """A text read once from its first line to its last."""

    def __init__(self, lines: Sequence[str], language: str) -> None:
        self._lines = lines
        self._language = language
        self._last = "start"  # the line before: "start", "blank", "prose", "code"
        self._talk = True  # whether prose was the last that was no blank line, or nothing was there yet
        self._list = False  # whether that prose is an item of a list
        self._label = ""  # what that prose says, where it announces something
        self._section = ""  # what the paragraph is that prose announced: "output", "commands"
        self._begun = False

    def prose(self) -> Iterator[int]:
        for at, line in enumerate(self._lines):
            if not line.strip():
                self._last, self._section = "blank" if self._last != "start" else "start", ""
                continue
            told = len(line) <= _LONGEST and self._is_prose(at, line.rstrip())
            if told:
                yield at
            self._seen(line, told)

    def _seen(self, line: str, told: bool) -> None:
        if told and not self._section:
            self._label = _line(line).text.rstrip("*_ ")
            self._list = bool(_BULLET.match(line)) or (self._list and line[:1] in " \t")
        self._begun = self._begun or not told
        self._talk, self._last = told, "prose" if told else "code"

    def _is_prose(self, at: int, line: str) -> bool:
        if self._last != "start" and self._at(at - 1).rstrip().endswith("\\"):
            return False
        if self._section or self._opens_section(at, line):
            return True
        if line[0] in " \t" and self._last != "start":
            return self._continues_list(line)
        return self._alone(at, line.lstrip())

    def _at(self, at: int) -> str:
        return self._lines[at] if 0 <= at < len(self._lines) else ""

    def _alone(self, at: int, line: str) -> bool:
        """Whether a line at the left edge is prose."""
        apart = self._last != "code"
        if _RULE.fullmatch(line) or _ROW.fullmatch(line):
            return True
        if quoted := _QUOTE.match(line):
            return apart and _sentence(_line(line[quoted.end() :]), self._at(at + 1))
        if heading := _HEADING.match(line):
            return self._is_heading(heading[1], line[heading.end() :])
        if apart and self._is_item(line):
            return True
        if apart and self._talk and self._is_tag(line):
            return True
        said = _line(line)
        if not said.words:
            return False
        if _BOLD.match(line) or said.key in _LABELS:
            return (apart or line.startswith(("**", "__"))) and not _tail(_BROKEN_OFF, said.text)
        if self._last == "prose" and self._goes_on(said):
            return True
        return _sentence(said, self._at(at + 1))

    def _is_heading(self, mark: str, text: str) -> bool:
        """Where a heading is a comment it stays one, unless prose follows."""
        if self._language in _HASHED:
            return False
        said = _line(text)
        return bool(said.words) and not _tail(_BROKEN_OFF, said.text) and (len(mark) > 1 or said.begins)

    def _is_item(self, line: str) -> bool:
        bullet = _BULLET.match(line)
        return bool(bullet) and _loose(line[bullet.end() :] if bullet else "")

    def _continues_list(self, line: str) -> bool:
        if not (self._list and self._talk):
            return False
        return self._is_item(line) or (self._last == "prose" and _sentence_like(_line(line.lstrip())))

    def _goes_on(self, said: _Line) -> bool:
        """Whether a line goes on with the sentence of the line above."""
        begun = len(self._label.split()) >= _PLAIN_LINE and not _tail(_ENDS, self._label)
        whole = said.ends or len(said.words) >= _PLAIN_LINE
        return begun and whole and all(said.plain[:_PLAIN_HEAD]) and _sentence_like(said)

    def _is_tag(self, line: str) -> bool:
        """The language's name, or a file's name, alone in a line above the code."""
        if (tag := _TAG.fullmatch(line.strip(" `*:"))) and not self._begun:
            return bool(self._language) and normalise_language(tag[1]) == self._language
        title = _TITLE.fullmatch(line)
        return title is not None and bool(self._language) and normalise_language(title[2]) == self._language

    def _opens_section(self, at: int, line: str) -> bool:
        """Whether a paragraph of sample output, or of commands, begins here: below code, announced by prose."""
        if not (self._begun and self._last in ("blank", "prose")):
            return False
        if self._language == "python" and line.startswith(">>> "):
            self._section = "output" if self._talk else ""
        elif self._talk and _OUTPUT.search(self._label) and self._is_output(at):
            self._section = "output"
        elif (
            self._talk and self._language != "shell" and _COMMAND.match(line) and not line.endswith(("{", ";", "("))
        ):
            self._section = "commands"
        return bool(self._section)

    def _is_output(self, at: int) -> bool:
        """Whether nothing in the paragraph looks like code."""
        if _sentence(_line(self._at(at)), ""):
            return False
        end = next((one for one in range(at, len(self._lines)) if not self._lines[one].strip()), len(self._lines))
        paragraph = [line.rstrip() for line in self._lines[at:end]]
        if any(line.endswith((";", "{", ") {")) for line in paragraph):
            return False
        return guess_language("\n".join(paragraph)) in ("", "json")


def _line(line: str) -> _Line:
    text = _LINK.sub(r"\1", _INLINE.sub("Code", line.strip())).translate(_MARKS).strip()
    words = tuple(text.split())
    return _Line(text, words, tuple(bool(_WORD.fullmatch(word)) for word in words))


def _capital(sign: str) -> bool:
    return sign.isupper() or (sign.isalpha() and ord(sign) > _LATIN_END)


def _tail(pattern: re.Pattern[str], text: str) -> bool:
    """Whether a text ends with what the pattern finds; only its last signs are looked at."""
    end = text[-12:].rstrip()
    return any(pattern.fullmatch(end, at) for at in range(len(end)))


def _sentence(said: _Line, after: str) -> bool:
    """Whether a line is a sentence, or the beginning of one, by itself. after: the line below."""
    if not said.words or _odd_quotes(said.text):
        return False
    if said.foreign and not _tail(_BROKEN_OFF, said.text) and "=" not in said.text:
        return len(said.text) > 3
    if not said.begins or (said.words[0].lower() in _BLOCKS and (after[:1] in " \t" and after.strip())):
        return False
    if len(said.words) < 3:
        return _short(said)
    head = all(said.plain[:_PLAIN_HEAD])
    if said.ends:
        plain = sum(said.plain) * 10 >= len(said.plain) * 6
        return (head and len(said.words) >= _PLAIN_HEAD) or (plain and not _SIGNS.search(said.text))
    if said.text.endswith(";"):
        return head and said.about() > 1
    return len(said.words) >= _PLAIN_LINE and (all(said.plain) or (head and said.about() > 1 and _open_end(said)))


def _short(said: _Line) -> bool:
    """`Sure!`, `Good luck.`, `Example usage:`; but not `Foo:`, which may be a label, nor `Foo.`"""
    first = said.words[0].lower().rstrip(":,")
    if not all(said.plain) or first in _BLOCKS or not said.ends:
        return False
    return len(said.words) == 2 or said.text.rstrip()[-1:] in "!?。！？"


def _open_end(said: _Line) -> bool:
    return not _tail(_BROKEN_OFF, said.text) or said.text.endswith(",")


def _sentence_like(said: _Line) -> bool:
    """Whether a line can belong to prose that is there already."""
    plain = sum(said.plain) * 10 >= len(said.plain) * 6
    return plain and not _SIGNS.search(said.text) and not _odd_quotes(said.text) and _open_end(said)


def _loose(text: str) -> bool:
    """Whether the text of a list's item says something, in whole sentences or not."""
    said = _line(text)
    if not said.words or _odd_quotes(said.text):
        return False
    head = sum(said.plain[:_PLAIN_HEAD])
    if _tail(_BROKEN_OFF, said.text):
        return head >= 3 and said.about() > 0
    return said.foreign or text[0] in "`*_[" or head * 2 >= len(said.plain[:_PLAIN_HEAD])


def _odd_quotes(text: str) -> bool:
    """Whether a quote or the mark of a string or comment is left open: it is rather a line of a longer string."""
    return text.count('"') % 2 == 1 or "`" in text or "'''" in text or "*/" in text or "/*" in text
