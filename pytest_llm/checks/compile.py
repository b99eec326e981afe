"""The check `compile`: does the code compile, said in the model's own lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, field_validator, model_validator

from pytest_llm.answers.extract import Artifact, CodeBlock, normalise_language
from pytest_llm.answers.found import extent
from pytest_llm.answers.guessing import guessed, is_code
from pytest_llm.answers.languages import PROGRAMS, PROSE
from pytest_llm.cases.durations import parse_duration
from pytest_llm.cases.paths import inside
from pytest_llm.checks.base import Check, CheckContext, Finding, echoed, unwalled
from pytest_llm.errors import InputError, Unsupported, nearest
from pytest_llm.sandbox.programs import too_wide
from pytest_llm.syntax.outline import holds_jsx
from pytest_llm.toolchains import languages, toolchain
from pytest_llm.toolchains.base import Diagnostic, Options, Snippet, Toolchain, safe_name
from pytest_llm.toolchains.emptiness import holds_no_code, unread
from pytest_llm.toolchains.newer import needed

_NAME_ONE = "name the language in the case, `compile: python`, and an answer in another one fails"
_NO_CODE = "there is no code: nothing but comments, imports, lone values, or what stands for code to be written"
_COMPILED_OUT = "there is no code: conditions and macros leave nothing of it to the compiler"
_SHOWN = 20  # findings of one answer: what follows the first errors is mostly their echo
_ONLY_FOR = {
    "standard": ("c", "cpp"),
    "edition": ("rust",),
    "strict": ("typescript", "tsx"),
    "lib": ("typescript", "tsx"),
    "target": ("typescript", "tsx"),
    "imports": ("python",),
    "classpath": ("java", "kotlin"),
    "module": ("go", "rust", "typescript", "tsx"),
}
_YEAR = re.compile(r"es(?:[35-7]|20[12]\d|next)", re.IGNORECASE)
_LIBRARY = re.compile(rf"(?:{_YEAR.pattern}|dom|webworker|decorators|scripthost)(?:\.\w+)*", re.IGNORECASE)
_OTHERS = {str: "", tuple: ", dom, dom.iterable, webworker"}
# What a block with such a label holds where the line above it names a file of another language: how it is run, its
# output, what it reads.
_BESIDE = frozenset({"batch", "console", "diff", "json", "markdown", "powershell", "shell", "sql", "toml", "yaml"})
_SUFFIXES = {
    "c": (".c", ".h"),
    "cpp": (".cpp", ".cc", ".cxx", ".hpp", ".hh", ".hxx", ".h", ".ipp", ".tpp", ".inl"),
    "csharp": (".cs", ".csx"),
    "go": (".go",),
    "java": (".java",),
    "javascript": (".js", ".mjs", ".cjs"),
    "jsx": (".jsx", ".js", ".mjs"),
    "kotlin": (".kt", ".kts"),
    "php": (".php",),
    "python": (".py",),
    "ruby": (".rb",),
    "rust": (".rs",),
    "shell": (".sh", ".bash"),
    "tsx": (".tsx", ".ts"),
    "typescript": (".ts", ".tsx", ".mts", ".cts"),
}


class Compile(Check):
    """The code in the answer compiles.

    language: default that of the fence, else what the text looks like. warnings: whether they fail. allow: kinds of
    errors that are only shown. files: "by-name" takes every block that has a file name as one program.
    """

    name: ClassVar[str] = "compile"
    shorthand: ClassVar[str | None] = "language"
    file_fields: ClassVar[tuple[str, ...] | None] = ("classpath", "module")

    language: str | None = None
    warnings: Literal["show", "error"] = "show"
    allow: tuple[Literal["unused", "missing-dependency"], ...] = ()
    strict: bool = False
    lib: tuple[str, ...] = ()
    target: str = ""
    standard: str = ""
    edition: str = ""
    imports: Literal["ignore", "installed"] = "ignore"
    classpath: tuple[str, ...] = ()
    module: str | None = None
    files: Literal["longest", "by-name"] = "longest"
    timeout: Annotated[float, BeforeValidator(parse_duration)] = 30.0

    @field_validator("language")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        if value is None:
            return None
        language = normalise_language(value)
        if language not in languages():
            known = ", ".join(languages())
            raise ValueError(f"no compiler is known for {value!r}{nearest(value, languages())} (known: {known})")
        return language

    @field_validator("standard", "edition")
    @classmethod
    def _plain(cls, value: str) -> str:
        if not re.fullmatch(r"[\w+:]*", value):
            raise ValueError(f"{value!r} is neither a standard nor an edition")
        return value

    @field_validator("lib", "target")
    @classmethod
    def _of_typescript(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        for name in filter(None, [value] if isinstance(value, str) else value):
            if not _YEAR.fullmatch(name) and (isinstance(value, str) or not _LIBRARY.fullmatch(name)):
                raise ValueError(
                    f"{name!r} is unknown to TypeScript (such as es2022, esnext{_OTHERS[type(value)]})"
                )
        return value

    @model_validator(mode="before")
    @classmethod
    def _lenient(cls, data: Any) -> Any:
        """One word where a list may stand; numbers that YAML made of `edition: 2021` and `standard: 20`."""
        if not isinstance(data, dict):
            return data
        data = dict(data)
        for key in ("allow", "classpath", "lib"):
            if isinstance(data.get(key), str):
                data[key] = [data[key]]
        for key in ("standard", "edition"):
            if isinstance(data.get(key), int):
                data[key] = str(data[key])
        return data

    @model_validator(mode="after")
    def _fits(self) -> Compile:
        for key, wanted in _ONLY_FOR.items():
            asked = getattr(self, key) != type(self).model_fields[key].default
            if self.language and asked and self.language not in wanted:
                raise ValueError(f"{key!r} means nothing for {self.language} (it is for {', '.join(wanted)})")
        return self

    def prepare(self, folder: Path, root: Path) -> None:
        self._options(folder, root)

    def run(self, artifact: Artifact, context: CheckContext) -> Iterable[Finding]:
        block = artifact.code(self.language)
        if block is None or block.echo or not block.text.strip():
            return [_nothing(artifact, block, self.language)]
        language = self.language or _language_of(block)
        if language not in languages():
            if language in PROGRAMS and not self.language:
                raise Unsupported(f"the code in the answer is {language}, which nothing here compiles", _NAME_ONE)
            what = f"is {language}, which nothing here compiles" if language else "is in no language that is known"
            message = f"the code in the answer {what}"
            return [Finding(self.name, message, kind="language", line=block.line, unseen=True)]
        tool = toolchain(language)
        blocks, snippets = self._pieces(artifact, block, language)
        if complaint := _unusable(snippets, language):
            kind, empty = ("empty", True) if len(snippets) == 1 else ("files", False)
            return [Finding(self.name, complaint, kind=kind, line=block.line, unseen=empty)]
        options = self._options(context.folder, context.root)
        said = [*tool.examine(snippets, options), *_unread(snippets, language)]
        failed = [one for one in said if self._fails(one)]
        if failed and (newer := needed(language, tool.find(), failed, snippets)):
            raise Unsupported(f"{tool.name} here is {tool.find()}, too old for {newer}", tool.install)
        if not failed and all(holds_no_code(part.text, language) for part in tool.left(snippets, options)):
            return [Finding(self.name, _COMPILED_OUT, kind="empty", line=block.line, unseen=True)]
        findings = [self._finding(one, tool, blocks[one.file], artifact) for one in said]
        left_out = _left_out(artifact, blocks, language) if self.files == "by-name" else ()
        return [*_few(_versioned(findings, tool)), *left_out, *_notes(self, artifact, block, language)]

    def _options(self, folder: Path, root: Path) -> Options:
        module = inside(self.module, folder, root, what="module") if self.module else None
        if module and not module.is_dir():
            raise InputError(f"module {self.module!r} is no folder", hint="name the folder with go.mod or the like")
        classpath = tuple(_jar(name, folder, root) for name in self.classpath)
        if any(too_wide(path) for path in (*classpath, *([module] if module else []))):
            raise InputError("a folder that holds the home is shown to no compiler", hint="name a folder below it")
        return Options(
            standard=self.standard,
            edition=self.edition,
            imports=self.imports,
            strict=self.strict,
            lib=self.lib,
            target=self.target,
            classpath=classpath,
            module=module,
            root=root,
            seconds=self.timeout,
        )

    def _pieces(self, artifact: Artifact, block: CodeBlock, language: str) -> tuple[list[CodeBlock], list[Snippet]]:
        """The blocks that are compiled together, each with the name its file gets (empty: the toolchain's)."""
        if self.files == "by-name":
            named = _named(artifact.parts(language), language)
            if any(not piece.tests for piece in named.values()) or block in named.values():
                return list(named.values()), [Snippet(piece.text, name) for name, piece in named.items()]
        return [block], [Snippet(block.text)]

    def _fails(self, said: Diagnostic) -> bool:
        return said.kind not in self.allow and (said.severity == "error" or self.warnings == "error")

    def _finding(self, said: Diagnostic, tool: Toolchain, block: CodeBlock, artifact: Artifact) -> Finding:
        verb = "warns" if said.severity == "warning" else "does not compile"
        finding = Finding(
            check=self.name,
            message=f"{tool.name} {verb}: {said.message}",
            severity="failure" if self._fails(said) else "warning",
            kind=said.kind,
        )
        if said.line is None:
            return finding
        line, column = block.place(said.line, said.column)
        moved = said.column is not None and column is None  # what stands there is not what is written there
        lines = (block.text if moved else artifact.answer).split("\n")
        source = "".join(lines[(said.line if moved else line) - 1 :][:1]).removesuffix("\r")
        return replace(finding, line=line, column=column, source=source)


def _language_of(block: CodeBlock) -> str:
    """The block's language, where none is asked for: what models call JavaScript is often JSX."""
    language = (block.language if block.fenced and block.language not in PROSE else "") or guessed(block.text)
    language = language or block.language
    return "jsx" if language == "javascript" and holds_jsx(block.text) else language


def _unusable(snippets: Sequence[Snippet], language: str) -> str:
    """Why these files are no program, before any compiler looks at them; empty where they may be one."""
    if all(holds_no_code(snippet.text, language) for snippet in snippets):
        return _NO_CODE
    names = {snippet.name for snippet in snippets}
    for name in sorted(names):
        if clash := next((other for other in sorted(names) if other.startswith(f"{name}/")), ""):
            return f"two files of the answer cannot lie beside each other: {name} and {clash}"
    return ""


def _unread(snippets: Sequence[Snippet], language: str) -> Iterator[Diagnostic]:
    """What stands in these files that no compiler reads."""
    for index, snippet in enumerate(snippets):
        yield from (replace(one, file=index) for one in unread(snippet.text, language))


def _jar(name: str, folder: Path, root: Path) -> Path:
    """A jar, or a folder of classes within the rootdir. Raises InputError."""
    path = inside(name, folder, root, what="jar", absolute=True)
    if not path.is_relative_to(root.resolve()) and not (path.is_file() and path.suffix in (".jar", ".zip")):
        raise InputError(f"jar {name!r} is no jar", hint="outside the rootdir only files NAME.jar can be named")
    return path


def _nothing(artifact: Artifact, block: CodeBlock | None, language: str | None) -> Finding:
    """Why there is nothing to compile."""
    wanted = f"{toolchain(language).name} " if language else ""
    if block is not None and block.echo:
        return echoed("compile", f"the {wanted}code", block)
    if block is not None:
        return Finding("compile", f"the {wanted}code block is empty", kind="empty", line=block.line, unseen=True)
    others = sorted({piece.language for piece in artifact.blocks if piece.language})
    if others:
        message = f"no {wanted}code block: the code in the answer is {' and '.join(others)}"
        return Finding("compile", message, kind="language", line=artifact.blocks[0].line, unseen=True)
    return Finding("compile", f"no {wanted}code block in the answer", kind="empty", unseen=True)


def _versioned(findings: Sequence[Finding], tool: Toolchain) -> list[Finding]:
    """With the compiler's version in the first failure: an old one may be what fails."""
    first = next((one for one in findings if one.severity == "failure"), None)
    return [replace(one, details=f"by {tool.find()}") if one is first else one for one in findings]


def _few(findings: Sequence[Finding]) -> list[Finding]:
    """The failures first, and no more than a person reads."""
    order = sorted(
        findings, key=lambda finding: (finding.severity != "failure", finding.kind in ("unused", "lint"))
    )
    if len(order) <= _SHOWN:
        return order
    return [*order[:_SHOWN], Finding("compile", f"and {len(order) - _SHOWN} more like these", severity="note")]


def _notes(check: Compile, artifact: Artifact, block: CodeBlock, language: str) -> list[Finding]:
    notes, name = [], toolchain(language).name
    if check.language == "javascript" and holds_jsx(block.text):
        notes.append("the code holds JSX, which is no JavaScript: `compile: jsx` takes it")
    if language == "jsx" and block.language == "javascript" and not check.language:
        notes.append(f"taken for {name}, by what stands in it")
    if not block.fenced or not (check.language or block.language):
        why = "the fence names no language" if block.fenced else "there is no fence"
        part = "" if block.fenced else extent(block, artifact.answer.split("\n"))
        notes.append(f"taken for {name}: {why}" + (f"; {part} taken as code" if part else ""))
    return [*(Finding("compile", note, severity="note") for note in notes), *unwalled("compile", "compiled")]


def _left_out(artifact: Artifact, taken: Sequence[CodeBlock], language: str) -> Iterator[Finding]:
    """Blocks of the language that are no file, or whose file a later block holds."""
    covered = {line for block in taken for line, before in block.places if before is not None}
    for block in artifact.parts(language):
        if block.language == language and block not in taken and block.line not in covered and block.text.strip():
            name = _file_name(block, language)
            why = f"a later block holds {name}" if name else "it names no file"
            yield Finding("compile", f"this block is not compiled: {why}", severity="note", line=block.line)


def _named(blocks: Iterable[CodeBlock], language: str) -> dict[str, CodeBlock]:
    """The last block of each file: what is no code, such as its output, is none of it."""
    named = dict[str, CodeBlock]()
    for block in blocks:
        name = _file_name(block, language)
        if name and (name not in named or block.language == language or is_code(block.text, language)):
            named[name] = block
    return named


def _file_name(block: CodeBlock, language: str) -> str:
    """The file name that the block gives, if a compiler of this language takes it; else empty."""
    beside = block.language in _BESIDE and block.language != language
    names = (name for name in block.file_names if not (beside and name == block.title))
    return next((name for name in names if safe_name(name, _SUFFIXES[language])), "")
