"""What of a page never becomes a part of it: scripts that no browser runs, elements that are never closed.

The browser's own parser reads the page once more, where nothing of it runs, with a number in each tag of interest:
so it is the browser that says what is a tag and what a string, and the number that says where.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_MARK, _END = "pytest-llm-at", "pytest-llm-end"
_RAW = ("style", "title", "textarea", "xmp", "iframe", "noembed", "noframes", "plaintext")  # hold text, no elements
_INSTEAD = ("canvas", "video", "audio", "object")  # show what they hold where they cannot show themselves
_TAGS = re.compile(rf"<({'|'.join(('script', 'template', *_RAW, *_INSTEAD))})(?=[\s/>])|<!--(?!-?>)", re.I)
_ANY_TAG = re.compile(r"<([a-z][\w:-]*)(?=[\s/>])", re.I)
_OPENS = re.compile(r"<[a-z]", re.I)
# An element that holds these has swallowed them: none is its text's.
_SWALLOWED = {
    "title": re.compile(r"</head\b|</style\b", re.I),
    "style": re.compile(r"</head\b|<body\b|<style\b|<script\b", re.I),
    "iframe": re.compile(r"</body\b|<script\b", re.I),
    "noscript": re.compile(r"</head\b|<body\b", re.I),
}
_IN_COMMENT = re.compile(r"<(script|body)\b|</head\b", re.I)
_READS = (
    r"""(marked => {
  const page = new DOMParser().parseFromString(marked, "text/html");
  const at = e => +(e.getAttribute("MARK") ?? -1), number = text => +(text.match(/MARK=(\d+)/) ?? [0, -1])[1];
  const inner = root => [...root.querySelectorAll("template")].flatMap(t => t.content ? roots(t.content) : []);
  const roots = root => [root, ...inner(root)], all = roots(page), html = e => e.namespaceURI.endsWith("xhtml");
  const find = names => all.flatMap(root => [...root.querySelectorAll(names)]).filter(html);
  const comments = all.flatMap(root => {
    const found = [], seen = (root.ownerDocument ?? root).createNodeIterator(root, 128);
    for (let c = seen.nextNode(); c; c = seen.nextNode()) found.push(c);
    return found;
  });
  const raw = find("RAW, script"), end = comments.find(c => c.data === "END");
  const open = raw.find(e => e.textContent.includes("END"));
  const cut = comments.find(c => c !== end && c.data.includes("END"));
  const template = find("template").reverse().find(t => t.content?.querySelector("[END]"));
  const holder = page.querySelector("[END]")?.closest("INSTEAD");
  const quoted = page.evaluate("//*[@*[contains(name(), '\"') or contains(name(), '<')]]/@*[contains(., 'MARK=')]",
    page, null, 7, null);
  const held = open ? [open.localName, at(open)] : cut ? ["!--", number(cut.data)]
    : template ? ["template", at(template)] : holder?.querySelector("SHOWN") ? [holder.localName, at(holder)] : [];
  return [
    held,
    !!(end || open || cut || page.querySelector("frameset")),
    raw.filter(e => e.localName !== "script").map(e => [e.localName, at(e), e.textContent.slice(0, 9e5)]),
    comments.filter(c => c !== cut && c.data.includes("<!--")).map(c => number(c.data)),
    [...Array(quoted.snapshotLength).keys()].map(k => number(quoted.snapshotItem(k).value)),
    [...page.querySelectorAll("script")].filter(e => html(e) && !e.closest("noscript")).map(e => [at(e),
      e.getAttribute("type"), e.getAttribute("language"), e.hasAttribute("src"), e.id,
      e.text.trim().slice(0, 4000)]),
    [...document.querySelectorAll("noscript")].slice(0, 20).map(e => e.textContent),
  ];
})""".replace("MARK", _MARK)
    .replace("END", _END)
    .replace("RAW", ", ".join(_RAW))
    .replace("INSTEAD", ", ".join(_INSTEAD))
    .replace("SHOWN", "button, input, textarea, form, canvas, svg, h1, h2, h3, table, div, section, main")
)
_LAST = r"""(marked => Math.max(-1, ...[...new DOMParser().parseFromString(marked, "text/html").documentElement
  .outerHTML.matchAll(/MARK="?(\d+)/g)].map(found => +found[1])))""".replace("MARK", _MARK)

# https://mimesniff.spec.whatwg.org/#javascript-mime-type-essence-match
_RUNS = frozenset(
    (
        *("", "module", "importmap", "speculationrules", "application/ecmascript", "application/javascript"),
        *("application/x-ecmascript", "application/x-javascript", "text/ecmascript", "text/javascript"),
        *(f"text/javascript1.{minor}" for minor in range(6)),
        *("text/jscript", "text/livescript", "text/x-ecmascript", "text/x-javascript"),
    )
)
_DATA = re.compile(  # what a page keeps for itself to read: data, templates, shaders
    r"json|templa?te?|tmpl|handlebars|mustache|ejs|underscore|shader|glsl|wgsl|vertex|fragment|xml|html|plain|[ct]sv"
    r"|markdown|yaml|toml|css|svg|\bmath|sql|graphql|tikz|mermaid|abc|lilypond"
)
_LIKE_A_SCRIPT = re.compile(r"java|jscript|ecma|scrip|\bjs\b|\bes\d|modul|mjs")
_COMPILERS: Mapping[str, tuple[str, str]] = {  # what a type needs, and what to look for of it
    r"babel|jsx": ("Babel", "babel"),
    r"typescript|\btsx?$": ("a TypeScript compiler", "babel|typescript|sucrase|swc|esbuild|ts-browser"),
    r"coffee": ("CoffeeScript", "coffee-?script"),
    r"\b(?:m?py|x-python|python3?|micropython)\b": ("a Python", "brython|pyscript|pyodide|skulpt|micropython"),
    r"ruby": ("a Ruby", "opal|ruby"),
    r"hyperscript": ("hyperscript", "hyperscript"),
}
_ASKS_FOR_ALL = re.compile(r"document\.scripts|(?:ByTagName|querySelector(?:All)?)\(\s*[\"'`]script")
_MOST = 50  # scripts that are looked at, each at the cost of reading the page a few times
_TO_ITS_END = "is never closed: the browser takes the rest of the page for"
_UNCLOSED = {
    "script": "<script> is never closed: the browser does not run it",
    "template": f"<template> {_TO_ITS_END} a template, which is not shown",
    "!--": f"<!-- {_TO_ITS_END} a comment",
}


@dataclass(frozen=True)
class Script:
    """A script as the parser has it. at: where its tag begins. src: it has one. code: how its text begins."""

    at: int
    type: str
    src: bool
    id: str
    code: str = ""


@dataclass(frozen=True)
class Found:
    """What the parser makes of a page. Each place is where a tag begins, -1 where that is not known.

    open: the name and the place of what holds the end of the page. whole: it does not end within a tag. raw: what
    holds text, and that. comments: those that hold the beginning of another. quoted: tags that stand in attributes.
    unscripted: texts of `noscript`.
    """

    open: tuple[str, int] | None = None
    whole: bool = True
    raw: tuple[tuple[str, int, str], ...] = field(default=(), repr=False)
    comments: tuple[int, ...] = ()
    quoted: tuple[int, ...] = ()
    scripts: tuple[Script, ...] = ()
    unscripted: tuple[str, ...] = field(default=(), repr=False)


def look(page: str) -> str:
    """An expression that reads a page (lines ended by \\n), to be evaluated apart from the page's own scripts."""
    return f"{_READS}({json.dumps(_marked(_TAGS, page) + f'<!--{_END}--><i {_END}>')})"


def look_for_the_last(page: str) -> str:
    """An expression for where the last tag begins that the parser sees; -1 where it sees none."""
    return f"{_LAST}({json.dumps(_marked(_ANY_TAG, page))})"


def _marked(tags: re.Pattern[str], page: str) -> str:
    return tags.sub(lambda tag: f"{tag[0]}{' ' if tag[1] else ''}{_MARK}={tag.start()} ", page)


def read(found: Any) -> Found:
    """What the expression gave; nothing where it could not look."""
    if not found:
        return Found()
    held, whole, raw, comments, quoted, scripts, unscripted = found
    return Found(
        (held[0], held[1]) if held else None,
        whole,
        tuple((name, at, text) for name, at, text in raw),
        tuple(comments),
        tuple(quoted),
        tuple(Script(at, _type(kind, language), *rest) for at, kind, language, *rest in scripts),
        tuple(unscripted),
    )


def _type(kind: str | None, language: str | None) -> str:
    return (kind if kind is not None else f"text/{language}" if language else "").strip().lower()


def flaws(page: str, found: Found, last: int = -1) -> Iterator[tuple[str, int]]:
    """What is wrong, and where. last: the last tag that is seen of a page that is not whole."""
    if found.open is not None and _matters(*found.open, page):
        yield _UNCLOSED.get(found.open[0], _named(found.open[0])), found.open[1]
    if not found.whole and (cut := _cut(page, last)) >= 0:
        yield f"a tag {_TO_ITS_END} its attributes: a quote, or a > is missing", cut
    for name, at, text in found.raw:
        if (name, at) != found.open and name in _SWALLOWED and _SWALLOWED[name].search(text):
            yield f"<{name}> is closed too late: it holds a part of the page, which is not shown", at
    for at in found.comments:
        if part := _IN_COMMENT.search(_until(page, at, "-->")):
            yield f"<!-- is closed too late: the comment holds {part[0]}, and another <!--", at
    for at in found.quoted:
        yield "this tag stands in an attribute: a quote before it is not closed", at
    yield from _noscripts(page, found.unscripted)
    odd = [script for script in found.scripts if script.type not in _RUNS or script.src]
    for script in odd[:_MOST]:
        if (script.at >= 0) and ("script", script.at) != found.open and (wrong := _idle(page, script)):
            yield wrong, script.at


def _cut(page: str, last: int) -> int:
    """The tag that the page ends within; -1 where that stands after the page."""
    cut = next((tag.start() for tag in _ANY_TAG.finditer(page) if tag.start() > last), -1)
    return -1 if re.search(r"</html\b", page[: max(cut, 0)], re.I) else cut


def _named(name: str) -> str:
    return f"<{name}> {_TO_ITS_END} {'what it shows elsewhere' if name in _INSTEAD else 'its text'}"


def _matters(name: str, at: int, page: str) -> bool:
    """Whether it takes something of the page along; a script is cut in any case, and others' text is seen."""
    return (
        name not in ("template", "!--", "plaintext", "iframe", "noembed", "noframes")
        or _OPENS.search(page, at + 1) is not None
    )


def _noscripts(page: str, texts: Iterable[str]) -> Iterator[tuple[str, int]]:
    """The parser reads what stands in them as elements, a browser that runs scripts does not."""
    for text in texts:
        open_, late = bool(text.strip()) and page.endswith(text), _SWALLOWED["noscript"].search(text)
        if open_ or late:
            how = f"{_TO_ITS_END} its text" if open_ else "is closed too late: it holds a part of the page"
            yield f"<noscript> {how}", page.rfind("<noscript", 0, page.rfind(text))


def _idle(page: str, script: Script) -> str:
    """Why a script that should do something does nothing, or ""."""
    if script.type in _RUNS:
        idle = script.src and _is_code(script.code)
        return "a script with src does not run the code that it holds" if idle else ""
    rest = page[: script.at] + page[script.at + len(_until(page, script.at, "</script")) :]
    if (not script.code and not script.src) or _used(rest, script):
        return ""
    for types, (needed, words) in _COMPILERS.items():
        if re.search(types, script.type):
            loaded = re.search(
                rf"(?:\bsrc\b|\bimport\b|\bfrom\b)[^<>\n]{{0,300}}(?:{words})|\b(?:{words})\s*\.", rest, re.I
            )
            return (
                ""
                if loaded
                else f"no browser runs {script.type!r}, and the page loads no {needed.removeprefix('a ')}"
            )
    likely = _LIKE_A_SCRIPT.search(script.type) or not re.search(r"<script\b[^>]{0,300}\bsrc\b", rest, re.I)
    return "" if _DATA.search(script.type) or not likely else f"no browser runs a script of type {script.type!r}"


def _is_code(text: str) -> bool:
    """More than a comment; some scripts of others read their settings from there."""
    bare = re.sub(r"//[^\n]*|/\*.*?\*/|<!--.*?-->", "", text, flags=re.S).strip()
    if not bare:
        return False
    try:
        json.loads(bare)
    except ValueError:
        return True
    return False


def _used(rest: str, script: Script) -> bool:
    """Whether the page reads the script's text: by its type, its id, or with all of them."""
    name = re.escape(script.id)
    by_id = rf"(?:ById|querySelector(?:All)?)\(\s*[\"'`](?:script)?#?{name}[\"'`]|\b{name}\.(?:text|inner|src)"
    own = re.compile(rf"\btype\s*=\s*[\"']?{re.escape(script.type)}", re.I)
    of_type = re.compile(rf"[\"'`=]\s*\\?[\"']?{re.escape(script.type)}\\?[\"'`\]]", re.I)
    selected = re.compile(rf"\[\s*type\s*[~|^$*]?=\s*\\?[\"']?{re.escape(script.type)}", re.I)
    plain = rest.replace("\\/", "/")
    return bool(
        _ASKS_FOR_ALL.search(rest)
        or selected.search(plain)
        or of_type.search(own.sub("", plain))
        or (script.id and re.search(by_id, rest))
    )


def _until(page: str, at: int, end: str) -> str:
    found = re.compile(re.escape(end), re.I).search(page, at)
    return page[at : found.start()] if found else page[at:]
