"""The names of languages: what a fence calls them, and what a text without a fence looks like."""

from __future__ import annotations

import re

_ALIASES = {
    "c": "h ansi-c gnu",
    "cpp": "c++ cc cxx hpp h++ hxx hh gnu++ c_cpp",
    "csharp": "c# cs csx dotnet",
    "css": "",
    "diff": "patch udiff",
    "dockerfile": "docker containerfile",
    "go": "golang gosu",
    "html": "htm html5 xhtml",
    "java": "jav jdk openjdk",
    "javascript": "js mjs cjs node nodejs ecmascript es vanilla-js commonjs esm",
    "jsx": "javascriptreact react-jsx react",
    "json": "application/json",
    "kotlin": "kt kts",
    "makefile": "make mk",
    "markdown": "md mdx mkd gfm",
    "php": "php-template phtml",
    "powershell": "ps1 pwsh",
    "python": "py pyi ipython cpython pypy",
    "ruby": "rb",
    "rust": "rs rustlang",
    "shell": "sh bash zsh ksh dash shellscript shell-script",
    "sql": "psql mysql sqlite postgresql plpgsql",
    "console": "shell-session sh-session shellsession bash-session terminal pycon python-repl python-console",
    "svg": "",
    "text": "txt plain plaintext none ascii output log code snippet tool_code",
    "toml": "",
    "tsx": "typescriptreact react-tsx",
    "typescript": "ts mts cts ts-node deno",
    "xml": "",
    "yaml": "yml",
}
_ELSEWHERE = {
    "ada": "adb ads",
    "assembly": "asm nasm masm gas",
    "batch": "bat cmd",
    "clojure": "clj cljs",
    "cobol": "cob",
    "coffeescript": "coffee",
    "crystal": "",
    "d": "dlang",
    "dart": "",
    "elixir": "ex exs",
    "elm": "",
    "erlang": "erl",
    "fish": "",
    "fortran": "f90 f95",
    "fsharp": "f# fs",
    "gdscript": "gd",
    "gleam": "",
    "groovy": "gradle",
    "haskell": "hs",
    "haxe": "hx",
    "julia": "jl",
    "lisp": "common-lisp elisp emacs-lisp",
    "lua": "luau",
    "matlab": "octave",
    "mojo": "",
    "nim": "",
    "nix": "",
    "objective-c": "objc objectivec obj-c",
    "ocaml": "ml",
    "pascal": "pas delphi",
    "perl": "pl raku",
    "prolog": "",
    "purescript": "purs",
    "r": "rlang",
    "racket": "rkt",
    "scala": "sc",
    "scheme": "scm",
    "smalltalk": "",
    "solidity": "sol",
    "swift": "",
    "tcl": "",
    "v": "vlang",
    "verilog": "systemverilog sv",
    "vhdl": "",
    "visual-basic": "vb vbnet vba",
    "zig": "",
}
_ALIASES |= _ELSEWHERE
_CANONICAL = {alias: name for name, aliases in _ALIASES.items() for alias in [name, *aliases.split()]}

PROGRAMS = frozenset({*_ELSEWHERE, "powershell"})
"""Languages of programs that nothing here compiles."""

KIN = {
    "javascript": ("jsx",),
    "jsx": ("javascript",),
    "python": ("console",),
    "shell": ("console",),
    "tsx": ("typescript", "jsx"),
    "typescript": ("tsx",),
}
"""What else a block may be labelled where a language is asked for and nothing is labelled so."""

PROSE = frozenset({"text", "console", "markdown", "diff"})
"""Languages that are no program: taken for code only where nothing else is there."""

JSON_LABELS = frozenset({"json", "json5", "jsonc", "jsonl", "ndjson", "geojson", "jsonld", "json-ld"})
"""What a fence calls JSON and its kin."""

LOOSE = frozenset({"", "text", "javascript", "typescript", "xml", "html", "console", "yaml"})
"""Labels that fences of JSON carry too; what is in them is looked at."""

_SIGNS = {
    "php": r"^[ \t]*<\?php\b",
    "html": r"(?i:\A\s*(?:<!--[^>]{0,200}-->\s*)?<(?:!doctype html|html|head|body|canvas|script|style|svg|div)\b)",
    "json": r"\A\s*(?:\{\s*[\"}]|\[\s*[\[{\"\d\]-])",
    "ruby": r"^[ \t]*(?:def|class|module) [^\n:;{]{1,200}(?<! do)$(?s:.{0,1000}?)"
    r"^[ \t]*end[ \t]*$"
    r"|^require(?:_relative)? ['\"]|^[ \t]*puts ",
    "shell": r"\A#!\S*(?:/env )?\S*\b(?:ba|z|k|da)?sh\b",
    "csharp": r"^using (?:static )?System\b[\w.]*;|^[ \t]*Console\.Write(?:Line)?\("
    r"|\bstatic (?:async )?(?:void|int|Task(?:<int>)?) Main\(",
    "java": r"^package [\w.]+;|^import (?:static )?java|^[ \t]*public (?:static |final |abstract )*"
    r"(?:class|interface|enum|record) \w|^[ \t]*public static void main",
    "rust": r"^(?:pub(?:\(\w+\))? )?(?:fn \w+ ?[(<]|impl\b[ <]|mod \w+ ?\{)|^use (?:std|crate|super|self)::"
    r"|^#!?\[(?:derive|allow|cfg)|^[ \t]*let mut \w",
    "go": r"^package \w+[ \t]*$|^func (?:\(\w+ \*?\w+\) )?\w+[(\[]|^import \([ \t]*$",
    "cpp": r"^[ \t]*#include\s*<(?:iostream|vector|string|map|memory|algorithm|array|set|utility|functional"
    r"|unordered_map|unordered_set|optional|thread|chrono|sstream|fstream|c[a-z]+)>|\bstd::\w|^using namespace "
    r"|^template ?<",
    "c": r"^[ \t]*#include\s*[<\"]",
    "typescript": r"^(?:export )?(?:interface \w+ ?[{<]|interface \w+ extends |type \w+ ?(?:<\w+>)? ?=)"
    r"|^(?:export )?(?:const )?enum \w+ ?\{"
    r"|^(?:export )?(?:const|let|var) \w+ ?: ?\w|^(?:export )?(?:async )?function \w+(?:<\w+>)?\(\w+\??: ?\w",
    "javascript": r"^[ \t]*(?:const|let|var) (?:\w+|[{\[][^=\n]{0,80}[}\]])\s*="
    r"|^(?:export )?(?:default )?(?:async )?function\*? ?\w*\("
    r"|^import [^\n]{0,80} from ['\"]|^['\"]use strict['\"]|^export (?:default|const|class|\{)"
    r"|^[ \t]*console\.log\(|^document\.\w|^[ \t]*class [A-Z]\w*(?: extends [\w.]+)?[ \t]*\{",
    "python": r"^[ \t]*(?:async[ \t]+)?def[ \t]+\w+[ \t]*\(|^class \w+(?:\([\w., =]*\))?:[ \t]*$"
    r"|^import [\w.]+(?: as \w+)?[ \t]*$|^from [\w.]+ import [\w(*]|^if __name__ ==|^@\w+[ \t]*$"
    r"|\A#!\S*(?:/env )?\S*python|^[ \t]*print\(",
}
_COMPILED = {name: re.compile(sign, re.MULTILINE) for name, sign in _SIGNS.items()}
_SENTENCE = re.compile(r"^[A-Z][\w'’,-]* (?:[\w'’`*,-]+ ){2,}[^{};=<>\n]{0,200}[.:!?][ \t]*$", re.MULTILINE)
_LOOKED_AT = 20_000  # characters: what a program is shows at its beginning
_LONGEST_LINE = 300  # characters: longer lines are data, and would cost the patterns time


_NAMED = re.compile(r"^\s*(?:lang(?:uage)?\s?[-=:])\s*", re.IGNORECASE)
_VERSIONED = re.compile(r"([a-z+#]+)[-_@]?v?\d+(?:\.\d+|\.x)*[a-z]?\+?")  # python3.11, gnu++2b, node-20, es2022


def normalise_language(info: str) -> str:
    """The language that a fence's info string names, by the project's name of it; "" where it names none.

    `c++`, `html title=x`, `{.go .numberLines}`, `go:main.go`, `rust,ignore`, `language-js`, `language: go`,
    `<?php`, `#python` and `main.py` all count. Unknown languages come back in lower case.
    """
    words = _NAMED.sub("", info).replace("{", " ").replace("}", " ").split()
    if not words or "=" in words[0]:
        return ""
    first = words[0].lower().lstrip("#<?[(").strip("\"'`*>])")
    versioned = None if first in JSON_LABELS else _VERSIONED.fullmatch(first)
    if versioned and first not in _CANONICAL and versioned[1] in _CANONICAL:
        return _CANONICAL[versioned[1]]
    word = re.split(r"[:,;=(\[]", first.lstrip("."), maxsplit=1)[0]
    if word in _CANONICAL or "." not in word:
        return _CANONICAL.get(word, word)
    extension = word.rsplit(".", 1)[1]
    return _CANONICAL.get(extension, extension)


def is_label(info: str) -> bool:
    """Whether an info string names a language that is known."""
    return normalise_language(info) in _ALIASES


def guess_language(text: str) -> str:
    """The language that a text without a fence seems to be written in; "" where it seems to be prose."""
    head = _head(text)
    if _sentences(head):
        return ""
    return next((name for name, sign in _COMPILED.items() if sign.search(head)), "")


def is_prose(text: str) -> bool:
    """Whether the lines of a text are sentences, more than a few."""
    return _sentences(_head(text))


def _head(text: str) -> str:
    return "\n".join(line[:_LONGEST_LINE] for line in text[:_LOOKED_AT].replace("\r", "").split("\n"))


def _sentences(head: str) -> bool:
    lines = sum(1 for line in head.split("\n") if line.strip())
    return sum(1 for _ in _SENTENCE.finditer(head)) * 4 > lines
