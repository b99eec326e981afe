"""Rust: rustc up to the metadata, so everything is checked and nothing is generated."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from time import monotonic
from typing import Any

from pytest_llm.errors import Unsupported
from pytest_llm.sandbox import programs, sandbox, scratch
from pytest_llm.syntax.outline import Outline, read
from pytest_llm.toolchains import base, rust_names, rust_snippets
from pytest_llm.toolchains.completed import Completed
from pytest_llm.toolchains.rust_missing import Error, Missing, crate, may_be_crate, missing
from pytest_llm.toolchains.rust_stubs import Stubs, stubs
from pytest_llm.toolchains.scaffold import Scaffolded, completions, errors

_UNDEFINED = re.compile("E0(405|407|412|422|423|424|425|426|432|433|531|560|599|609)")
# Names are looked for before types and borrows; where one is not found, these are not told.
_UNRESOLVED = re.compile("E0(40[1-9]|41[0-9]|42[2-9]|43[0-7]|53[12]|57[346])|cannot find (macro|attribute|derive)")
_NEWEST, _SINCE = "2024", (1, 85)
# What that edition takes otherwise: chains of `let`, its prelude, how long temporaries live, what `impl` captures.
_OF_NEWEST = re.compile(r"E0(499|50[256]|515|597|700|716)|.* (2024|trait `(?:Into)?Future`)")
_HIDDEN = re.compile(r"^#(?= [^\[!]|$)", re.MULTILINE)  # before a line that rustdoc compiles and does not show
_BROKE = re.compile("internal compiler error|rustc interrupted by SIG|compiler unexpectedly panicked")
_OWN = re.compile("can't find crate for `(?:alloc|core|std)`|found (?:invalid metadata|crate `std` compiled)")
_CONDITION = re.compile(r"\bcfg(?:_attr)?\b")
_EXPANDED = "-Zunpretty=expanded"
_METADATA = ("--emit=metadata", "-o", "out.rmeta")
_ROOTS = ("lib.rs", "main.rs")
_UNREACHED = "no file reaches this one by a `mod`: only its syntax is looked at"
_HARNESS = re.compile(r"#\[rustc_main\][\s\S]*")  # behind what was written, where tests are built
_TESTS = re.compile(r"#\s*\[\s*(?:cfg\s*\(.*\btest\b|test\b)")


class Rust(Scaffolded):
    name = "Rust"
    languages = ("rust",)
    program = "rustc"
    sound = 'fn main() { println!("{}", 1); }\n'
    install = "sudo apt-get install rustc"
    style = rust_snippets.MAIN

    @cached_property
    def path(self) -> Path:
        """The compiler itself, where the one on the PATH is rustup's proxy."""
        proxy = self._on_path()
        try:
            sysroot = programs.ask([proxy, "--print", "sysroot"])
        except (OSError, subprocess.SubprocessError) as error:
            said = str(getattr(error, "stderr", None) or error).strip()
            raise Unsupported(f"{proxy} does not run: {said}", "rustup default stable") from None
        return (Path(sysroot.strip()) / "bin" / "rustc").resolve()

    def misses_own(self, message: str) -> bool:
        return bool(_OWN.search(message))

    @cached_property
    def _knows_newest(self) -> bool:
        numbers = re.search(r"(\d+)\.(\d+)", self.find())
        return numbers is not None and tuple(map(int, numbers.groups())) >= _SINCE

    def _completed(self, files: Sequence[base.Snippet], options: base.Options) -> list[base.Diagnostic]:
        """By the edition that explains more, where the case names none."""
        started = monotonic()
        files = [replace(file, text=_HIDDEN.sub(" ", file.text)) for file in files]
        found = super()._completed(files, options)
        of_newest = any(_OF_NEWEST.match(f"{one.code} {one.message}") for one in errors(found))
        if options.edition or not of_newest or not self._knows_newest:
            return found
        rest = replace(base.remaining(options, started), edition=_NEWEST)
        return min(found, super()._completed(files, rest), key=self.distance)

    def imports(self, outline: Outline) -> str:
        return rust_names.uses(outline)

    def halted(self, found: Sequence[base.Diagnostic]) -> bool:
        return any(_UNRESOLVED.match(one.code or one.message) for one in found)

    def tries(self, text: str, outline: Outline) -> Iterator[Completed]:
        stubs = rust_snippets.absent_types(outline)
        imports = stubs + ("" if outline.all("import") else self.imports(outline))
        for style in rust_snippets.styles(outline):
            yield from completions(text, outline, style, imports)

    def compile(self, files: Sequence[base.Snippet], options: base.Options) -> list[base.Diagnostic]:
        names, started = _names(files), monotonic()
        found = self._run(files, names, options)
        if not base.fails(found) and any(_TESTS.search(file.text) for file in files):
            found = self._run(files, names, base.remaining(options, started), "--test")
        if len(files) > 1 and not base.fails(found):
            found += self._parsed(files, names, base.remaining(options, started))
        return found

    def _parsed(
        self, files: Sequence[base.Snippet], names: list[str], options: base.Options
    ) -> Iterator[base.Diagnostic]:
        """What is said of files that no `mod` reaches: Cargo may build them, with crates that are not here."""
        listed = self._asked(files, names, options, "--test", "--emit=dep-info=/dev/stdout")
        reached = _reached(listed)
        if program := [at for at, name in enumerate(names) if Path(name).name == _ROOTS[1] and name not in reached]:
            kept = [at for at, name in enumerate(names) if Path(name).name != _ROOTS[0]]
            own, theirs = [files[at] for at in kept], [names[at] for at in kept]
            found = self._run(own, theirs, options)
            # The library's crate is none that is here: nobody knows its name.
            yield from (replace(one, file=kept[one.file]) for one in found if one.kind != "missing-dependency")
            reached |= _reached(self._asked(own, theirs, options, "--test", "--emit=dep-info=/dev/stdout"))
            reached |= {names[at] for at in program[:1]}
        for index, (file, name) in enumerate(zip(files, names, strict=True)):
            if name not in reached and not listed.returncode:
                yield base.Diagnostic("warning", "lint", _UNREACHED, index, 1)
                parsed = self._asked([file], [name], options, "-Zunpretty=normal")
                yield from (
                    replace(one, file=index) for one in _diagnostics(_said(parsed), [file], [name], Missing())
                )

    def left(self, snippets: Sequence[base.Snippet], options: base.Options) -> Sequence[base.Snippet]:
        """What is there once macros are expanded, for tests too: told by nightlies, or what believes to be one."""
        if not any(_CONDITION.search(snippet.text) for snippet in snippets):
            return snippets
        files = [base.clean(snippet) for snippet in snippets]
        result = self._asked(files, _names(files), options, "--test", _EXPANDED)
        if result.returncode:
            return snippets
        return [base.Snippet(_HARNESS.sub("", result.stdout.decode("utf-8", "replace")))]

    def _run(
        self, files: Sequence[base.Snippet], names: list[str], options: base.Options, *more: str
    ) -> list[base.Diagnostic]:
        started = monotonic()
        result = self._asked(files, names, options, *_METADATA, *more)
        said = _said(result)
        lost, stand_ins = _lost(said, files, names)
        found = _diagnostics(said, files, names, lost)
        if stand_ins and all(one.kind == "missing-dependency" for one in errors(found)):
            with_stubs = _ended(files, names.index(_root(names)), stand_ins.text)
            again = _said(self._asked(with_stubs, names, base.remaining(options, started), *_METADATA, *more))
            found = base.bounded([*found, *_diagnostics(filter(stand_ins.certain, again), files, names, lost)])
        if _BROKE.search(result.text) or (result.returncode and not base.fails(found) and not result.killed_by):
            return base.gave_up("rustc", result, files)
        return [*found, *base.stopped(result, sandbox.Limits(seconds=options.seconds))]

    def _asked(
        self, files: Sequence[base.Snippet], names: list[str], options: base.Options, *more: str
    ) -> sandbox.Result:
        """What the compiler answers."""
        root = _root(names)
        text = files[names.index(root)].text
        kind = "bin" if "main" in text and "main" in (read(text, "rust") or Outline()).all("function") else "lib"
        argv = [
            str(self.path), "--edition", options.edition or "2021", "--crate-type", kind, "--crate-name", "snippet",
            "--error-format=json", "-A", "dead_code", *more, root,
        ]  # fmt: skip
        extra, readonly = _dependencies(options.module)
        walls = replace(
            base.walls(self.path, options, *readonly),
            env={"RUSTC_BOOTSTRAP": "1"} if more[-1].startswith("-Z") else {},
        )
        with scratch.folder() as folder:
            base.write([replace(file, name=name) for file, name in zip(files, names, strict=True)], folder)
            return sandbox.run(
                [*argv, *extra], folder=folder, walls=walls, limits=sandbox.Limits(seconds=options.seconds)
            )


def _reached(listed: sandbox.Result) -> set[str]:
    """The files that the compiler has read."""
    return set(re.findall(r"^([^\s:]+):", listed.stdout.decode("utf-8", "replace"), re.MULTILINE))


def _names(files: Sequence[base.Snippet]) -> list[str]:
    return [file.name or f"snippet{index or ''}.rs" for index, file in enumerate(files)]


def _root(names: list[str]) -> str:
    return next((name for last in _ROOTS for name in names if Path(name).name == last), names[0])


def _ended(files: Sequence[base.Snippet], at: int, text: str) -> list[base.Snippet]:
    """The files, one of which has a text behind its end."""
    return [replace(one, text=f"{one.text}\n{text}\n") if index == at else one for index, one in enumerate(files)]


def _said(result: sandbox.Result) -> list[dict[str, Any]]:
    said: list[dict[str, Any]] = []
    for line in result.stderr.decode("utf-8", "replace").splitlines():
        try:
            item = json.loads(line)
        except ValueError:
            continue
        if item.get("level") in ("error", "warning") and not re.match(r"aborting due|\d+ warning", item["message"]):
            said.append(item)
    return said


def _lost(
    said: Iterable[dict[str, Any]], files: Sequence[base.Snippet], names: list[str]
) -> tuple[Missing, Stubs | None]:
    """What comes from crates that are not here, and what stands in for it."""
    found = [_error(item) for item in said]
    if not any(map(may_be_crate, found)):
        return Missing(), None
    outlines = [read(file.text, "rust") or Outline() for file in files]
    crates = {name for error in found if (name := crate(error, outlines))}
    lost = missing(outlines, crates, set(rust_names.standard()))
    return lost, stubs(outlines[names.index(_root(names))], crates, lost.own | lost.library)


def _diagnostics(
    said: Iterable[dict[str, Any]], files: Sequence[base.Snippet], names: list[str], lost: Missing
) -> list[base.Diagnostic]:
    return base.bounded(_diagnostic(item, _error(item), files, names, lost) for item in said)


def _error(item: dict[str, Any]) -> Error:
    proposals = [child for child in item["children"] if "similar name" in child["message"]]
    similar = frozenset(span["suggested_replacement"] or "" for child in proposals for span in child["spans"])
    source = "\n".join(line["text"] for span in item["spans"] for line in span["text"])
    return Error((item["code"] or {}).get("code", ""), item["message"], similar, source)


def _diagnostic(
    item: dict[str, Any], error: Error, files: Sequence[base.Snippet], names: list[str], lost: Missing
) -> base.Diagnostic:
    spans = [_outermost(span, names) for span in item["spans"]]
    own = (span for span in spans if span["is_primary"] and span["file_name"] in names)
    span = min(own, key=lambda one: (one["file_name"], one["line_start"], one["column_start"]), default=None)
    index = names.index(span["file_name"]) if span else 0
    warning = item["level"] == "warning"
    found = base.Diagnostic(
        severity="warning" if warning else "error",
        kind=_kind(item, error, warning, lost),
        message=_message(item, span),
        file=index,
        line=span["line_start"] if span else None,
        column=span["column_start"] if span else None,
        code=error.code,
    )
    return base.inside(found, files)


def _outermost(span: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """Where the model's text calls the macro that a span lies in."""
    while span["expansion"] and span["file_name"] not in names:
        span = {**span["expansion"]["span"], "is_primary": span["is_primary"]}
    return span


def _message(item: dict[str, Any], span: dict[str, Any] | None) -> str:
    label = (span or {}).get("label") or ""
    message = str(item["message"])
    return f"{message}: {label}" if label and label not in message else message


def _kind(item: dict[str, Any], error: Error, warning: bool, lost: Missing) -> base.Kind:
    message, code = error.message, error.code
    if warning:
        return "unused" if code.startswith("unused") else "lint"
    if lost.explains(error):
        return "missing-dependency"
    if _UNDEFINED.fullmatch(code) or message.startswith(("cannot find", "couldn't read")):
        return "undefined"
    if "overflow evaluating" in message or "recursion limit" in message:
        return "limit"
    if code == "long_running_const_eval":
        return "timeout"
    return "type" if code else "syntax" if not item["spans"] or _parsing(message) else "type"


def _parsing(message: str) -> bool:
    words = (
        r"expected|unexpected|unclosed|unterminated|mismatched|unknown start|invalid|missing|this file contains|"
    )
    return bool(
        re.match(
            words
            + r"unknown prefix|prefix|unmatched|incorrect|macro expansion ignores|no rules expected|char|lifetime",
            message,
        )
    )


def _dependencies(module: Path | None) -> tuple[list[str], list[Path]]:
    """The compiler's arguments for the crates that a Cargo project has built, and the folder they lie in."""
    if module is None:
        return [], []
    try:
        manifest = tomllib.loads((module / "Cargo.toml").read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise Unsupported(f"{module} holds no Cargo.toml that can be read: {error}") from error
    folders = [f for f in (module / "target/debug/deps", module / "target/release/deps") if f.is_dir()]
    if not folders:
        raise Unsupported(
            f"the crates of {module} have not been built", f"cargo build --manifest-path {module}/Cargo.toml"
        )
    extern = []
    for name in [*manifest.get("dependencies", {}), manifest.get("package", {}).get("name", "")]:
        crate = str(name).replace("-", "_")
        built = [p for s in ("rlib", "rmeta", "so") for p in folders[0].glob(f"lib{crate}-*.{s}")]
        if crate and built:
            extern += ["--extern", f"{crate}={max(built, key=lambda path: path.stat().st_mtime)}"]
    return ["-L", f"dependency={folders[0]}", *extern], [folders[0]]
