"""What a text lacks to be a file, tried only where it does not compile, kept only where that brings it nearer.

One way for all languages. A text with a `main` or the like is whole, and compiled as it stands; one with imports
of its own is taken at its word for them; for any other, what it uses of the standard library is imported. What
stands at its top says whether statements need a function around them, and methods a class.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from time import monotonic
from typing import ClassVar

from pytest_llm.errors import CheckCrashed
from pytest_llm.syntax.grammars import Kind
from pytest_llm.syntax.outline import Outline, Piece, pairs, read
from pytest_llm.toolchains.base import Diagnostic, Options, Snippet, Toolchain, clean, fails, inside, remaining
from pytest_llm.toolchains.completed import Around, Completed, start_of
from pytest_llm.toolchains.described import declared, described
from pytest_llm.toolchains.prompts import told

_ENDED = frozenset({"timeout", "limit", "crash"})
_LEADING = frozenset({"import", "head", "comment", "empty"})
_STATEMENTS: tuple[frozenset[Kind], ...] = (frozenset({"statement"}), frozenset({"statement", "either"}))


@dataclass(frozen=True)
class Style:
    """How the snippets of a language are completed.

    function: around statements, where they stand in no file alone. members: around methods and the like, where
    these do not; nested: put before a type that then stands among them. outside: variables before statements stay
    where functions see them, whatever they begin with. inner: functions and imports may stand within the function
    too, so that there is one for all statements. ordered: a function is known below it alone, so that statements
    may stand behind all of them. others: what else may be tried around all but the imports.
    """

    function: Around | None = None
    members: Around | None = None
    nested: str = ""
    outside: bool = False
    inner: bool = False
    ordered: bool = False
    others: tuple[Around, ...] = ()

    def wholes(self, kinds: Container[Kind]) -> Iterator[Around]:
        """What may be tried around the whole of a text whose top the grammar does not explain."""
        if self.members:
            yield self.members
        if self.function and "function" not in kinds:
            outer = self.members or Around("", "")
            yield Around(outer.opening + self.function.opening, self.function.closing + outer.closing)


class Scaffolded(Toolchain):
    """A compiler that is also asked about completed snippets.

    one_pass: whether it tells of unknown names and of broken syntax together; else, where the syntax is broken, of
    that alone.
    """

    style: ClassVar[Style]
    one_pass: ClassVar[bool] = False

    @abstractmethod
    def compile(self, files: Sequence[Snippet], options: Options) -> list[Diagnostic]:
        """What is wrong in these files as they stand. Raises Unsupported and CheckCrashed."""

    def whole(self, outline: Outline) -> bool:
        """Whether a text is a whole program, which is never completed."""
        return "main" in outline.all("function")

    def grammar(self, text: str) -> str:
        """The language by whose grammar a text is read."""
        return self.languages[0]

    def lacking(self, found: Sequence[Diagnostic]) -> bool:
        """Whether what was said of a text may come of what it lacks around it, or of its imports."""
        return True

    def style_for(self, outline: Outline) -> Style:
        """How this text is completed."""
        return self.style

    def imports(self, outline: Outline) -> str:
        """Lines that import what a text without imports of its own uses of the standard library."""
        return ""

    def tries(self, text: str, outline: Outline) -> Iterator[Completed]:
        """The text completed in ever more ways, the least first."""
        imports = "" if outline.all("import") else self.imports(outline)
        return completions(text, outline, self.style_for(outline), imports)

    def _tries(self, text: str, outline: Outline, found: Sequence[Diagnostic]) -> Iterator[Completed]:
        """The same with the types that the text is written for and does not hold. found: what is said without."""
        types = described(text, outline, self.grammar(text))
        if types is not None:
            yield Completed(text, (types,))
            outline = outline.having("defined", declared(types[1]))  # so that no import is of the same name
        if self.lacking(found):
            yield from (one if types is None else one.having(types) for one in self.tries(text, outline))

    def check(self, snippets: Sequence[Snippet], options: Options) -> list[Diagnostic]:
        files = [clean(snippet) for snippet in snippets]
        return told(files, self.languages[0], lambda these: self._completed(these, options))

    def _completed(self, files: Sequence[Snippet], options: Options) -> list[Diagnostic]:
        """What is said of the files, or of the one file completed."""
        started = monotonic()
        found = self.compile(files, options)
        if len(files) > 1 or files[0].name or not fails(found) or any(one.kind in _ENDED for one in found):
            return found
        outline = read(files[0].text, self.grammar(files[0].text))
        if outline is None or self.whole(outline):
            return found

        best = found
        for completed in self._tries(files[0].text, outline, found):
            said = self._try(completed, outline, remaining(options, started))
            if said is not None and any(one.kind == "timeout" for one in said):
                return said if best is found else best
            if said is not None and self._nearer(said, best, guess=completed.guess):
                best = said
            if not fails(best):
                break
        return best if best is found else _up_to_surplus(best, files[0], outline)

    def _nearer(self, said: Sequence[Diagnostic], best: Sequence[Diagnostic], *, guess: bool) -> bool:
        """Whether a text is better completed than by the best way so far. A guess may only take errors away: it
        moves what is open to its own end.
        """
        counts = [sum(self.one_pass or _unparsed(one) for one in errors(found)) for found in (said, best)]
        return self.distance(said) < self.distance(best) and not (guess and counts[0] > counts[1])

    def halted(self, found: Sequence[Diagnostic]) -> bool:
        """Whether errors kept the compiler from what it looks at last, wherever in the text that would stand."""
        return False

    def distance(self, found: Sequence[Diagnostic]) -> tuple[int, ...]:
        """How far from compiling: how soon the compiler gave up, how early the first error stands, how many follow.

        What stands before the first error is right; how many there are says little, for one that is told may hide
        any number.
        """
        wrong = errors(found)
        first = min((one.line or 0 for one in wrong), default=0)
        broken = sum(map(_unparsed, wrong))
        unread = bool(broken) and not self.one_pass
        return (unread, bool(wrong), self.halted(wrong), -first, len(wrong), broken)

    def _left(self, completed: Completed, outline: Outline) -> int | None:
        """Where the text closes what the scaffold opened: `}` and then `f() {` compile within a function.

        Where the grammar does not explain what the compiler took, by what stands in the text alone.
        """
        found = pairs(completed.text, self.grammar(completed.original))
        if found is None:
            return outline.surplus
        ends = (sorted(map(completed.offset, pair), key=lambda end: end[1]) for pair in found)
        return min((mine[0] for other, mine in ends if mine[1] and not other[1]), default=None)

    def _try(self, completed: Completed, outline: Outline, options: Options) -> list[Diagnostic] | None:
        """What is said of a completed text, in the lines of the text; None where nothing came of it.

        Where the time ran out, that alone: no other try would end sooner.
        """
        try:
            found = self.compile([Snippet(completed.text)], options)
        except CheckCrashed:
            return None
        if spent := [one for one in found if one.kind == "timeout" and one.line is None]:
            return spent
        if any(one.kind in _ENDED for one in found):
            return None
        if not fails(found) and (left := self._left(completed, outline)) is not None:
            return [_surplus(completed.original, left)]
        file = Snippet(completed.original)
        return [inside(one, [file]) for one in completed.told(found)]


def completions(text: str, outline: Outline, style: Style, imports: str) -> Iterator[Completed]:
    """The text completed in ever more ways, the least first. Of a broken text the pieces are a guess."""
    heads = [(_head(outline), imports)] if imports else []
    if imports:
        yield Completed(text, tuple(heads))
    guess = bool(outline.broken)
    yield from (replace(one, guess=guess) for one in _by_pieces(text, outline, style, heads))
    start = max((piece.end for piece in outline.pieces if piece.kind in ("import", "head")), default=0)
    wholes = style.wholes(outline.kinds) if "error" in outline.kinds else ()
    for wrapper in (*wholes, *style.others):
        yield replace(_completed(text, heads, wrapper.insertions(start, len(text))), guess=True)


def _by_pieces(text: str, outline: Outline, style: Style, heads: Sequence[tuple[int, str]]) -> Iterator[Completed]:
    """The text with what its pieces need around them."""
    inner = [] if _torn(outline) else _functions(outline.pieces, style)
    body = [piece for piece in outline.pieces if piece.kind not in _LEADING | {"type"}]
    if style.members and body:
        first = min([body[0].start, *(at for at, _ in inner[:1])])  # comments go with statements
        around = style.members.insertions(first, body[-1].end)
        yield _completed(text, heads, around[:1], _nested(outline.pieces, body, inner, style), inner, around[1:])
    elif inner:
        yield _completed(text, heads, inner)
    if style.ordered and style.function and not _torn(outline):
        lasts = (_behind(outline.pieces, style, style.function, kinds) for kinds in _STATEMENTS)
        yield from (replace(_completed(text, heads), last=one) for one in dict.fromkeys(lasts) if one)


def _torn(outline: Outline) -> bool:
    """Whether statements are the rest of a function that ends, or lacks its brace, too early."""
    ends = [piece.end for piece in outline.pieces if piece.kind == "function"]
    return outline.surplus is not None and any(end <= outline.surplus for end in ends)


def errors(found: Iterable[Diagnostic]) -> list[Diagnostic]:
    """What fails of what was said."""
    return [one for one in found if one.severity == "error"]


def _unparsed(found: Diagnostic) -> bool:
    """Whether no parser takes the text for this: what else there is to say of it is then not said."""
    return found.kind == "syntax" and not found.parsed


def methods_and_calls(text: str, outline: Outline, style: Style) -> Iterator[Completed]:
    """Methods up to the last brace that ends something at the top, with calls of them below."""
    blocks = [index for index, piece in enumerate(outline.pieces) if text[piece.start : piece.end].endswith("}")]
    if style.members and blocks and blocks[-1] + 1 < len(outline.pieces):
        start = next(piece.start for piece in outline.pieces if piece.kind not in ("import", "comment"))
        end = outline.pieces[blocks[-1]].end
        if start < end:
            yield Completed(text, tuple(style.members.insertions(start, end)))


def chain(text: str, base: str) -> Iterator[Completed]:
    """A chain of calls that begins with a point, of something."""
    if text.lstrip().startswith("."):
        yield Completed(text, ((len(text) - len(text.lstrip()), base),))


def _up_to_surplus(found: list[Diagnostic], file: Snippet, outline: Outline) -> list[Diagnostic]:
    """A brace that closes nothing closes what the scaffold opened: what is said from there on is its echo."""
    if outline.surplus is None or not fails(found):
        return found
    surplus = _surplus(file.text, outline.surplus)
    return [*(one for one in found if one.line is None or one.line < (surplus.line or 0)), surplus]


def _surplus(text: str, at: int) -> Diagnostic:
    line = text.count("\n", 0, at) + 1
    what = "brace" if text[at] == "}" else "bracket"
    message = f"a closing {what} without an opening one"
    return Diagnostic("error", "syntax", message, 0, line, at - start_of(text, line) + 1)


def _completed(text: str, *insertions: Sequence[tuple[int, str]]) -> Completed:
    return Completed(text, tuple(sorted((one for part in insertions for one in part), key=lambda one: one[0])))


def _head(outline: Outline) -> int:
    """Where imports stand: behind what must come first."""
    return max((piece.end for piece in outline.pieces if piece.kind == "head"), default=0)


def _functions(pieces: Sequence[Piece], style: Style) -> list[tuple[int, str]]:
    """Functions around statements, as many as there are runs of them.

    Variables are members where methods stand too, and statements where nothing else does.
    """
    if style.function is None:
        return []
    kinds = {piece.kind for piece in pieces}
    runs = list(_runs(pieces, style, _STATEMENTS[not kinds & {"statement", "function"}]))
    return [
        one
        for number, run in enumerate(runs)
        for one in style.function.insertions(run[0].start, run[-1].end, number)
    ]


def _behind(
    pieces: Sequence[Piece], style: Style, function: Around, wanted: frozenset[Kind]
) -> tuple[str | tuple[int, int], ...]:
    """All that is wanted in one function at the end, where other functions follow on it."""
    ranges = [(run[0].start, run[-1].end) for run in _runs(pieces, style, wanted)]
    if not ranges or not any(piece.kind == "function" and piece.start > ranges[0][0] for piece in pieces):
        return ()
    (_, opening), (_, closing) = function.insertions(0, 0)
    return ("\n" + opening, *(part for one in ranges for part in (one, "\n")), closing)


def _nested(
    pieces: Sequence[Piece], body: Sequence[Piece], inner: Sequence[tuple[int, str]], style: Style
) -> list[tuple[int, str]]:
    """What is put before the types among the members, but not before those in a function."""
    functions = list(zip([at for at, _ in inner[::2]], [at for at, _ in inner[1::2]], strict=True))
    among = [one.start for one in pieces if one.kind == "type" and body[0].end <= one.start < body[-1].start]
    return [(at, style.nested) for at in among if not any(start <= at < end for start, end in functions)]


def _runs(pieces: Sequence[Piece], style: Style, wanted: Container[Kind]) -> Iterator[Sequence[Piece]]:
    """Statements with what may stand among them, between what stands in no function."""
    apart = style.outside and any(piece.kind == "function" for piece in pieces)
    ends = {"head"} if style.inner else {"function", "import", "head"}
    for elsewhere, group in groupby(pieces, key=lambda piece: piece.kind in ends):
        part = list(group)
        places = [index for index, piece in enumerate(part) if piece.kind in wanted]
        if elsewhere or not places:
            continue
        first, last = places[0], places[-1]
        while first and not apart and part[first - 1].kind in ("either", "comment", "error"):
            first -= 1
        while last + 1 < len(part) and part[last + 1].kind in ("either", "error"):
            last += 1
        yield part[first : last + 1]
