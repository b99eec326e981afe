"""The page in the answer, shown in a real headless browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from pytest_llm.answers.extract import Artifact, CodeBlock
from pytest_llm.browsers.actions import KINDS, known_key
from pytest_llm.browsers.libraries import PACKAGES
from pytest_llm.browsers.places import NEWLINE
from pytest_llm.browsers.pool import PoolSettings, judge
from pytest_llm.browsers.report import LEAST_MOVES, PageEvent, PageOptions, PageReport
from pytest_llm.cases.fields import Seconds, Strict
from pytest_llm.checks.base import Check, CheckContext, Finding, echoed, unwalled
from pytest_llm.sandbox.patterns import compiled, search

_LABELS = {
    "console": "console error",
    "warning": "console warning",
    "exception": "uncaught exception",
    "rejection": "unhandled promise rejection",
    "request": "failed request",
    "worker": "error in a worker",
    "dialog": "dialog",
    "popup": "new window",
    "download": "download",
    "navigation": "navigation",
    "crash": "the page crashed",
    "hang": "the page hangs",
    "wait": "wait_for",
    "action": "action",
    "markup": "markup",
    "author": "the case",
}
_OF_A_PAGE = ("html", "css", "javascript", "svg")
_MOMENTS, _STILL = 5, 3  # pictures, where motion is asked for and where it is not


def _regex(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError(f"a regular expression is text, not {value!r}: put it in quotes")
    compiled(value)
    return value


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _date(value: Any) -> Any:
    """A day is its noon; what names no zone is UTC."""
    if isinstance(value, str) and "T" not in value and ":" not in value:
        value = f"{value}T12:00"
    return value


def _zoned(value: datetime) -> datetime:
    return value if value.tzinfo else value.replace(tzinfo=UTC)


Date = Annotated[
    datetime,
    BeforeValidator(_date),
    AfterValidator(_zoned),
    WithJsonSchema({"type": "string", "description": "2026-01-31, or 2026-01-31T18:30"}),
]


class Errors(Strict):
    """Errors that do not count: regular expressions, searched for in the finding's message."""

    allow: Annotated[tuple[Annotated[str, BeforeValidator(_regex)], ...], BeforeValidator(_listed)] = ()


Point = Annotated[tuple[float, float], Field(description="x and y in the window, in pixels")]


class Words(Strict):
    """The element with this text: the same, or else one that holds it; one to be clicked before others."""

    text: str = Field(min_length=1)


Target = str | Point | Words
Pairs = Annotated[dict[str, str], Field(min_length=1)]


class Action(Strict):
    """One thing that a visitor does: exactly one of the keys, `for` goes with `press`."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    click: Target | None = Field(default=None, description="a CSS selector, [x, y], or {text: words}")
    double_click: Target | None = None
    right_click: Target | None = None
    tap: Target | None = Field(default=None, description="with a finger")
    move: Target | None = None
    hover: Target | None = None
    drag: tuple[float, float, float, float] | Annotated[tuple[Point, ...], Field(min_length=2)] | None = Field(
        default=None, description="[x1, y1, x2, y2], or points: [[x, y], [x, y], …]"
    )
    scroll: float | Point | str | None = Field(
        default=None, description="pixels down, [right, down], or a CSS selector to scroll to"
    )
    fill: Pairs | None = Field(default=None, description="fields by CSS selector: {'#name': Ann}")
    select: Pairs | None = Field(default=None, description="options, by value or label: {'#size': L}")
    press: str | None = Field(default=None, description="one character, or ArrowLeft, Space, Enter, F1 …")
    held: Seconds | None = Field(default=None, alias="for", description="how long the key is held")
    type: str | None = Field(default=None, description="characters, one key each")
    wait: Seconds | None = None

    @model_validator(mode="before")
    @classmethod
    def _known(cls, given: Any) -> Any:
        for key in given if isinstance(given, dict) else ():
            if key not in (*KINDS, "for", "held"):
                raise ValueError(f"no action is called {key!r}; there are {', '.join(KINDS)}")
        return given

    @model_validator(mode="after")
    def _one(self) -> Action:
        given = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            raise ValueError(
                f"an action is exactly one of {', '.join(KINDS)}; found {' and '.join(given) or 'none'}"
            )
        if self.held is not None and self.press is None:
            raise ValueError("'for' says how long a key is held, it goes with 'press'")
        if self.press is not None and not known_key(self.press):
            raise ValueError(f"unknown key {self.press!r}: give one character, or ArrowLeft, Space, Enter, F1 …")
        return self

    def plain(self) -> dict[str, Any]:
        return self.model_dump(exclude_none=True, by_alias=True, mode="json")


def _library(name: Any) -> Any:
    if name not in PACKAGES:
        raise ValueError(f"no library is called {name!r}; there are {', '.join(PACKAGES)}")
    return name


Library = Annotated[str, BeforeValidator(_library)]


class Dialogs(Strict):
    """How alert, confirm and prompt are answered; without it, each of them is a finding."""

    accept: bool = True
    text: str = Field(default="", description="what is typed into a prompt")


class Browser(Check):
    """The page runs in a real browser without an error, shows something and, if asked for, moves.

    `duration` is page time. Console errors, uncaught exceptions, unhandled rejections, failed or blocked requests,
    dialogs, windows, navigations, crashes and hangs fail, each with its line.
    """

    name: ClassVar[str] = "browser"
    file_fields: ClassVar[tuple[str, ...] | None] = ()

    duration: Annotated[Seconds, Field(le=120)] = 2.0
    width: int = Field(default=800, ge=16, le=4096)
    height: int = Field(default=600, ge=16, le=4096)
    errors: Errors = Errors()
    warnings: Literal["ignore", "error"] = "ignore"
    network: Literal["block", "allow"] = "block"
    not_blank: bool | Literal["canvas"] = Field(default=True, description="canvas: where it shows more, too")
    animated: bool = False
    screenshot: bool = True
    wait_for: str | None = Field(default=None, description="a JavaScript expression that must become true first")
    actions: tuple[Action, ...] = ()
    frames: Literal["all", "few"] = Field(default="all", description="few: for thousands of pages judged anew")
    dialogs: Dialogs | None = None
    libraries: tuple[Library, ...] | None = Field(
        default=None, description="served at well-known addresses, if installed; default: all"
    )
    hang: Annotated[Seconds, Field(le=120)] = Field(
        default=PageOptions.hang, description="processor time that a script may take without a pause"
    )
    date: Date | None = Field(default=None, description="the page's day, or day and time; default: today, at noon")

    @field_validator("wait_for")
    @classmethod
    def _said(cls, value: str | None) -> str | None:
        if value is not None and not value.strip():
            raise ValueError("wait_for is a JavaScript expression, not nothing")
        return value

    def run(self, artifact: Artifact, context: CheckContext) -> Iterator[Finding]:
        page = artifact.page()
        if page is None:
            yield Finding(self.name, "no HTML page in the answer", kind="extraction", unseen=True)
            return
        if page.echo:
            yield echoed(self.name, "the page", page)
            return
        report = judge(page.text, self._options(), PoolSettings(context.browser or None))
        self._keep(page, report, context)
        yield from self._events(page, report)
        yield from self._pictures(report)
        for note in (*report.notes, *_left_out(page, artifact)):
            yield Finding(self.name, note, severity="note")
        yield from unwalled(self.name, "shown")

    def _options(self) -> PageOptions:
        return PageOptions(
            self.duration,
            self.width,
            self.height,
            self.network,
            self.wait_for,
            actions=tuple(action.plain() for action in self.actions),
            hang=self.hang,
            date=None if self.date is None else int(self.date.timestamp()),
            dialogs=None if self.dialogs is None else self.dialogs.model_dump(),
            libraries=self.libraries,
            few=self.frames == "few",
            samples=_MOMENTS if self.animated else _STILL,
            canvas=self.not_blank == "canvas",
            moves=self.animated,
        )

    def _events(self, page: CodeBlock, report: PageReport) -> Iterator[Finding]:
        for event in report.events:
            if event.kind == "author":
                yield Finding(self.name, event.message, "error", event.kind, details="mend it in the case file")
                continue
            if event.kind == "warning" and self.warnings == "ignore":
                continue
            if not any(search(pattern, event.message) for pattern in self.errors.allow):
                yield _finding(self.name, page, event)

    def _pictures(self, report: PageReport) -> Iterator[Finding]:
        """A page that was not shown to its end is neither blank nor static, whatever it showed until then."""
        if not report.whole:
            return
        if self.not_blank and report.blank:
            yield Finding(self.name, f"nothing to be seen: {self._blank(report)}", kind="blank")
        if self.animated and report.moments and report.changes < LEAST_MOVES:
            steps = report.moments - 1
            message = (
                f"nothing moves: the picture changed in {report.changes} of {steps} steps of {report.shown:.2g} s"
            )
            yield Finding(self.name, message, kind="static")

    def _blank(self, report: PageReport) -> str:
        if self.not_blank == "canvas" and not report.canvases:
            return "no canvas is in the window"
        return f"the {'canvas' if report.canvases else 'page'} is one colour and no more"

    def _keep(self, page: CodeBlock, report: PageReport, context: CheckContext) -> None:
        """The page and its pictures, for people."""
        files = {"page.html": page.text.encode(errors="replace")}
        if self.screenshot:
            files |= {"screenshot.png": report.screenshot, "filmstrip.png": report.filmstrip}
        with suppress(OSError):  # a full disk says nothing of the page, and the run warns of it
            context.artifacts.mkdir(parents=True, exist_ok=True)
            for name, content in files.items():
                if content:
                    path = _free(context.artifacts / name)
                    path.write_bytes(content)
                    context.attachments.append((path.stem, path))


def _left_out(page: CodeBlock, artifact: Artifact) -> Iterator[str]:
    """What of the answer belongs to a page and was not judged."""
    last = page.line + page.text.count("\n")
    others = [b for b in artifact.own_blocks if b.language in _OF_A_PAGE and b.fenced and b.text.strip()]
    said = [f"{b.language} in line {b.line}" for b in others if not page.line <= b.line <= last]
    if said:
        yield f"only the page in line {page.line} was shown; the answer also has {', '.join(said[:5])}"


def _finding(check: str, page: CodeBlock, event: PageEvent) -> Finding:
    """An event, its line counted in the answer."""
    times = f" ({event.times} times)" if event.times > 1 else ""
    first, _, rest = event.message.strip().partition("\n")
    message = f"{_LABELS[event.kind]}: {first}{times}"
    if event.line is None:
        return Finding(check, message, kind=event.kind, details=rest)
    lines = NEWLINE.split(page.text)
    source = lines[event.line - 1].strip() if event.line <= len(lines) else ""
    line, column = page.place(event.line, event.column)
    return Finding(check, message, "failure", event.kind, line, column, source[:200], rest)


def _free(path: Path) -> Path:
    """The path, or the next one like it: a cell may show several pages."""
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_stem(f"{path.stem}-{number}")
    return free
