"""Which language a text without a label is written in, and whether it is code at all: by syntax trees."""

from __future__ import annotations

import re

from pytest_llm.answers.languages import guess_language, is_prose
from pytest_llm.syntax.grammars import LANGUAGES
from pytest_llm.syntax.outline import Outline, ranked, read

_LOOKED_AT = 20_000  # characters: what a program is shows at its beginning
# Of languages that explain a text equally well, that with the most of these in it; else the one that comes first.
_TYPICAL = {
    "python": ("def ", "self", "print(", "elif ", "None", " in "),
    "javascript": ("console.", "const ", "let ", "=>", "document.", "await "),
    "typescript": (": string", ": number", ": boolean", "interface ", "console.", "const "),
    "go": (":=", "fmt.", "func ", "range ", "err != nil"),
    "rust": ("println!", "let mut ", "vec!", "fn ", "&str", "::new("),
    "c": ("printf(", "malloc(", "#include", "char *", "size_t", "NULL"),
    "cpp": ("std::", "cout", "#include <", "template", "nullptr", "auto "),
    "java": ("System.", "String ", "new ", "public ", "List<", "Map<"),
    "csharp": ("Console.", "using System", "string ", "foreach (", "public ", "{ get", "async Task", "List<"),
    "tsx": ("</", "/>", "className=", "useState"),
    "shell": ("echo ", "$", "fi", "done", "| "),
}
_ORDER = tuple(_TYPICAL)
# A language whose programs are, for the most part, those of the other one too.
_WIDER = {"c": "cpp", "javascript": "typescript"}
_KINDRED = [{one, other} for one, other in _WIDER.items()]
_TOLD = frozenset({"html", "json", "php", "ruby"})  # by a sign that nothing else has
_FUNCTION = re.compile(r"^[ \t]*(?:function[ \t]+)?[\w-]+[ \t]*\(\)[ \t]*\{", re.MULTILINE)
_SIGNS = frozenset("(){}[]=;")
# A line that ends as lines of code do, where the grammar explains nothing at all.
_ENDS = re.compile(
    r"[\w\"')\]}][ \t]*[{};][ \t]*$|^[ \t]*[)\]}]+[;,]?[ \t]*$|[\w\])]:[ \t]*\n[ \t]+\w", re.MULTILINE
)
_TELLING = frozenset({"import", "head", "type", "function", "either"})
_KNOWN = """
. [ [[ alias apk apt apt-get awk base64 basename bash brew bzip2 cargo cat cd chmod chown clear column comm
command cp cron crontab curl cut date dd declare df diff dig dirname dnf docker docker-compose dotnet du echo env
eval exec exit export expr file find free getopts git gpg grep gunzip gzip head helm history hostname id ifconfig
install ip java jobs journalctl jq kill killall kubectl less ln local ls lsblk lsof make man mkdir mktemp mount
mv nano nc netstat nice node nohup npm nproc npx openssl passwd paste pgrep ping pip pip3 pkill podman popd
printf ps pushd pwd python python3 read readlink readonly realpath rename rm rmdir rsync scp sed seq service set
sh sha256sum shift shopt shuf sleep sort source split ss ssh stat stty su sudo systemctl tac tail tar tee
terraform test timeout top touch tr trap tree truncate type ufw ulimit umask uname uniq unset unzip uptime
useradd usermod vi vim wait watch wc wget which while whoami xargs yarn yq yum zcat zip
"""
COMMANDS = frozenset(_KNOWN.split())
"""Commands of a shell that are known."""


def guessed(text: str) -> str:
    """The language of a text that is code; "" where nothing shows which."""
    head = text[:_LOOKED_AT]
    sign = guess_language(head)
    if sign in _TOLD:
        return sign
    found = ranked(head, _ORDER)
    fewest = min((errors for _, errors in found), default=0)
    best = [language for language, errors in found if errors == fewest]
    likely = sorted(
        best, key=lambda language: (-_typical(head, language), language != sign, _ORDER.index(language))
    )
    return next((language for language in likely if is_code(head, language)), sign)


def is_code(text: str, language: str) -> bool:
    """Whether a text without any fence may be meant as code in a language: prose that would pass for it is none.

    A text that takes too long to read is taken as it stands.
    """
    if language not in LANGUAGES or is_prose(text):
        return False
    outline = read(text, language)
    if outline is None:
        return True
    return _commands(outline, text) if language == "shell" else _program(outline, text)


def is_mislabelled(text: str, label: str, language: str) -> bool:
    """Whether a text is in the language though its label names another: the grammar of that explains less of it.

    What is labelled as the wider one of two kindred languages may be in the narrower one, if that explains as much.
    """
    if label == language or label not in LANGUAGES or language not in LANGUAGES:
        return False
    found = dict(ranked(text[:_LOOKED_AT], (language, label)))
    if len(found) < 2 or (found[language] and {language, label} not in _KINDRED):
        return False
    wider = _WIDER.get(language) == label
    return found[language] < found[label] + wider and is_code(text, language)


def _typical(text: str, language: str) -> int:
    return sum(word in text for word in _TYPICAL[language])


def _program(outline: Outline, text: str) -> bool:
    """`Sorry` is an expression in Python, and no answer."""
    if outline.kinds & _TELLING:
        return True
    return bool(_ENDS.search(text)) if outline.kinds == {"error"} else not _SIGNS.isdisjoint(text)


def _commands(outline: Outline, text: str) -> bool:
    """Any sentence is a command with its arguments; one that is known, or a construct, tells."""
    if _FUNCTION.search(text) or guess_language(text) == "shell":
        return True
    return bool(outline.kinds & _TELLING or outline.all("construct") or outline.all("command") & COMMANDS)
