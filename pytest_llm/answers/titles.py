"""The file name that the lines before a fence, a comment or an info string give to code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_ENDINGS = """
R adb adoc ads asm asp aspx astro awk axaml bash bat bib bicep blade c cc cfg cjs cl clj cljc cljs cls cmake
cmd cob coffee conf config containerfile cpp cr cs cshtml csproj css csv cts cu cuh cxx cypher dart def
dockerfile edn ejs el elm erb erl ex exs fish frag fsproj fsx ftl gd gemspec gleam glsl go gotmpl gql gradle
graphql groovy h haml hbs hcl hh hlsl hpp hrl hs htm html hx hxx inc inf ini inl ino ipp ipynb iss j2 jade
java jinja jinja2 jl js json json5 jsonc jsonl jsp jsx kt kts less liquid lisp lua m4 make markdown md
mdx metal mjs mk ml mli mm mod mts mustache nasm ndjson nim nix nu php phtml pl plist pm po prisma proto ps1
psm1 pug purs py pyi pyx r rake rb razor re resx rkt robot rs rst sass sbt sc scala scm scss sed service sh
sln sol sql storyboard styl sv svelte svg swift tcc tcl tex tf tfvars thrift timer toml tpl tpp ts tsv tsx
twig txt vb vbproj vert vhd vhdl vim vue wat wgsl xaml xhtml xib xml xsd xsl xslt yaml yml zig zsh
"""  # of files, as they are written: `Array.map` and `System.Text.Json` are none
_PRODUCTS = """
Alpine Angular Backbone Chart D3 Discord Ember Express Handlebars Leaflet Moment Nest Next Node Nuxt P5 Phaser Pixi
Plotly Preact React Svelte TensorFlow Three Vue d3 p5 three
"""  # that are called `Name.js`
NAME = (
    rf"(?!(?:{'|'.join(_PRODUCTS.split())})\.js\b)(?:\./)?[\w@+-][\w@.+/-]*\.(?:{'|'.join(_ENDINGS.split())})"
    r"(?![A-Za-z0-9])"
)
_NAMES = re.compile(rf"(?<![\w./@-]){NAME}(?!/)")
_STRONG = re.compile(r"__(?=\S)(.{1,190}?)__(?![\w.])")
_MARKS = re.compile(r"[\s>]*(?:[-*+]\s+|\d{1,3}[.)]\s+)?")
_QUOTED = re.compile(r"[\s>]*")
_HEADING = re.compile(r"#{1,6}\s|<(?:h[1-6]|summary)\b", re.IGNORECASE)
_UNDERLINE = re.compile(r"[\s>]*(?:-{3,}|={3,})\s*$")
_BOLD = re.compile(r"\*\*[^*]{1,190}\*\*\W{0,3}")
_ESCAPED = re.compile(r"\\(?=_)")
_BACKSLASH = re.compile(r"(?<=[\w.])\\(?=[\w.])")
_ATTRIBUTE = re.compile(
    rf"<[a-z]{{1,20}}\s[^<>]{{0,100}}\b(?:path|name|file|filename|title|src)=[\"']?({NAME})", re.I
)
_AROUND = re.compile(r"</?[a-z]\w{0,20}>|\]\([^()\s]{1,190}\)|[*`\[\]]", re.IGNORECASE)
_PICTURE = re.compile(r"^[^\w\s!-~]+\s*|^[-=~]{3,}\s*|\s*[-=~]{3,}$")
_ALONE = re.compile(
    rf"(?:#{{1,6}}\s+|//\s|\d{{1,3}}[.)]\s)?\(?(?:(?:[^\W\d_]{{1,12}}\s){{0,2}}[^\W\d_]{{1,12}}\s?\d{{0,3}}[:：]\s{{0,3}}"
    r"|(?:file(?:\s?name|\s?path)?|path|in|save (?:it |this )?as|create)\s"
    r"|(?:(?:and|now|then)\s)?(?:here(?:['’]s| is)\s)?(?:the\s)?(?:(?:full|complete|new|updated)\s)?"
    r"(?:(?:file|code|contents?)\s)?(?:(?:of|for)\s)?)?"
    rf"({NAME})[\s):：.,]*(?:\([^()]{{0,60}}\)|(?<=\s)[-–—]\s.{{0,80}})?[\s:：]*",
    re.IGNORECASE,
)
_SET_OFF = re.compile(rf"(?:\*\*|__|`)[\s`]*({NAME})[\s`]*(?:\*\*|__|`)")
_FAR = 2  # blank lines between a title and its fence
_ABOVE = 20  # lines between a heading and the fence below it
_LONGEST = 200  # characters of such a line


def title(lines: Sequence[str], opening: int, before: int = 0) -> str:
    """The name in the text above the fence that opens in line `opening`; "" where it gives none.

    Lines count from 0; before: where the last fence ended. In the last line a heading, a line that holds little
    more than the name, and a name in bold or code before a colon give one, else the heading above it does; a line
    with several names gives none.
    """
    section = [line for line in lines[max(before, opening - _ABOVE) : opening] if _QUOTED.sub("", line, count=1)]
    if not any(_QUOTED.sub("", line, count=1) for line in lines[max(before, opening - _FAR - 1) : opening]):
        return ""
    if len(section) > 1 and _UNDERLINE.match(section[-1]):
        section = [*section[:-2], f"# {_MARKS.sub('', section[-2], count=1)}"]
    return _announced(section[-1]) or next(_headings(section[:-1]), "")


def alone(text: str) -> str:
    """The name in a text that holds little more than it; "" where it does not."""
    if len(text) > _LONGEST:
        return ""
    plain = _PICTURE.sub("", _PICTURE.sub("", _AROUND.sub("", _slashes(text)).strip())).strip()
    found = _ALONE.fullmatch(plain)
    return found[1].removeprefix("./") if found and len(_NAMES.findall(plain)) == 1 else ""


def named(info: str) -> str:
    """The name that an info string gives."""
    found = re.search(rf"(?:^|[\s:=\"'`(])({NAME})(?=$|[\s\"'`):,}}])", _slashes(info[:_LONGEST]))
    return found[1].removeprefix("./") if found else ""


def _headings(lines: Sequence[str]) -> Iterator[str]:
    """The name in the last heading of some lines, or in a line in bold."""
    for line in reversed(lines):
        text = _MARKS.sub("", line, count=1)
        if _HEADING.match(text) or _BOLD.fullmatch(text.strip()):
            yield _announced(line)
            return


def _announced(line: str) -> str:
    """The name that a line of prose gives to what stands below it."""
    if len(line) > _LONGEST:
        return ""
    if attribute := _ATTRIBUTE.search(line):
        return attribute[1].removeprefix("./")
    line = _STRONG.sub(r"**\1**", _MARKS.sub("", _slashes(line), count=1)).strip()
    names = {name.removeprefix("./") for name in _NAMES.findall(re.sub(r"\]\([^()\s]{1,190}\)", "]", line))}
    if len(names) != 1:
        return ""
    announces = line.rstrip("*_` ").endswith((":", "：")) and _SET_OFF.search(line)
    return names.pop() if _HEADING.match(line) or announces else alone(line)


def _slashes(text: str) -> str:
    """A text with the names of files as they are written here."""
    return _BACKSLASH.sub("/", _ESCAPED.sub("", text))
