"""TypeScript: type-checked by the compiler's API, in one Node that stays."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from pytest_llm.errors import CheckCrashed, Unsupported
from pytest_llm.sandbox import programs, sandbox
from pytest_llm.syntax.outline import Outline, may_hold_markup, ranked
from pytest_llm.toolchains import base, ecmascript, react, typescript_missing, warm
from pytest_llm.toolchains.completed import Completed
from pytest_llm.toolchains.scaffold import Scaffolded, Style, completions

# A later compiler is no JavaScript any more, and has no such API.
_PACKAGES = ("typescript@5", "@types/node@20")
_SUFFIXES = {"typescript": "ts", "tsx": "tsx", "jsx": "jsx"}
_UNDEFINED = frozenset({2304, 2305, 2307, 2339, 2503, 2551, 2552, 2580, 2582, 2583, 2584, 2591, 2614, 2694, 2724})
_UNUSED = frozenset({6133, 6138, 6192, 6196, 6198, 6199})
_UNCLOSED = frozenset({"TS17008", "TS17014"})
_PART = "absent_types.cjs"  # of the program that asks the compiler
_OVERRIDES = frozenset({4112, 4113})


class TypeScript(Scaffolded):
    """anything: what may be any value. members: how a class begins that takes any member. inherited: what tells
    that methods are a component's, where that makes a difference.
    """

    name: ClassVar[str] = "TypeScript"
    languages: ClassVar[tuple[str, ...]] = ("typescript", "tsx")
    program = "node"
    sound = "export const x: number[] = [1];\n"
    install = "pytest-llm doctor --install"
    style = Style()
    anything: ClassVar[str] = "(Object as any)"
    members: ClassVar[str] = "abstract class Snippet"
    inherited: ClassVar[frozenset[str]] = react.INHERITED

    def __init__(self) -> None:
        self._pools: dict[tuple[Path, Path | None], warm.Pool] = {}
        self._lock = threading.Lock()

    def find(self) -> str:
        package = json.loads((self.package() / "package.json").read_text("utf-8"))
        return f"TypeScript {package['version']} on Node {base.version(self.path)}"

    @cached_property
    def prefix(self) -> Path:
        """The folder that `npm install --prefix` puts the compiler in, where no module names its own."""
        return programs.kept("node")

    @property
    def installation(self) -> list[str]:
        """The command that brings the compiler."""
        return ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(self.prefix), *_PACKAGES]

    def package(self, options: base.Options | None = None) -> Path:
        """The folder of the package `typescript`. Raises Unsupported where no usable one is found."""
        for folder in _candidates(options or base.Options(), self.prefix):
            if (folder / "lib" / "typescript.js").is_file() and (folder / "package.json").is_file():
                return folder.resolve()
        raise Unsupported("the TypeScript compiler is not here", " ".join(self.installation))

    def _pool(self, options: base.Options) -> warm.Pool:
        package, module = self.package(options), options.module
        with self._lock:
            if (package, module) not in self._pools:
                modules = [module] if module else []
                walls = base.walls(self.path, options, package.parent, *modules)
                argv = [str(self.path), "--max-old-space-size=1024", "SERVER", str(package)]
                limits = sandbox.Limits(memory=1536 << 20)
                server = warm.SERVERS / "check_typescript.cjs"
                self._pools[package, module] = warm.Pool(argv, server, walls, limits, [server.with_name(_PART)])
            return self._pools[package, module]

    def grammars(self, text: str) -> Sequence[str]:
        """Where markup may stand in the text, both, first the one that explains more of it."""
        if not may_hold_markup(text):
            return self.languages[:1]
        return [name for name, _ in ranked(text, self.languages)] or self.languages

    def grammar(self, text: str) -> str:
        return self.grammars(text)[0]

    def style_for(self, outline: Outline) -> Style:
        return ecmascript.style(outline, self.anything, self.members)

    def lacking(self, found: Sequence[base.Diagnostic]) -> bool:
        """Nothing is imported for a text, so only what the grammar does not explain."""
        return any(one.kind == "syntax" for one in found)

    def tries(self, text: str, outline: Outline) -> Iterator[Completed]:
        yield from super().tries(text, outline)
        yield from ecmascript.calls(text, outline, self.style_for(outline), self.anything)
        if outline.all("of_this") & self.inherited:
            opening = react.DECLARED + self.members
            component = ecmascript.style(outline, self.anything, opening, react.COMPONENT)
            yield from completions(text, outline, component, "")

    def compile(self, files: Sequence[base.Snippet], options: base.Options) -> list[base.Diagnostic]:
        """One file that no grammar explains is taken by the one that comes farther."""
        first = [_named(file, index, self.grammar(file.text)) for index, file in enumerate(files)]
        alone = len(files) == 1 and not files[0].name
        found = self._compiled(first, options, alone=alone)
        if not alone or not self.lacking(found):
            return found
        others = (_named(files[0], 0, name) for name in self.grammars(files[0].text)[1:])
        return max([found, *(self._compiled([other], options, alone=True) for other in others)], key=_reached)

    def _compiled(
        self, files: Sequence[base.Snippet], options: base.Options, *, alone: bool
    ) -> list[base.Diagnostic]:
        """alone: the answer names no files, so that what stands beside the one there is is not shown."""
        request = {
            "files": [[file.name, file.text] for file in files],
            "strict": options.strict,
            "lib": list(options.lib),
            "target": options.target,
            "base": str(options.module or "/snippet"),
            **self._types(options, files),
        }
        answer = self._pool(options).ask(json.dumps(request), options.seconds)
        if isinstance(answer, list):
            return answer
        if "limit" in answer:
            return [base.TOO_DEEP]
        if "crash" in answer or answer["broken"]:
            raise CheckCrashed(
                "the TypeScript compiler broke", hint=str(answer.get("crash") or answer["broken"])[:2000]
            )
        told = answer["diagnostics"][: base.READ]
        return base.bounded(_diagnostic(item, files, alone=alone) for item in told)

    def _types(self, options: base.Options, files: Sequence[base.Snippet]) -> dict[str, list[str]]:
        """Which types count: the module's; those of Node, which are slow, where the text asks for them."""
        module, roots = options.module, [self.package(options).parent / "@types"]
        if module is None:
            node = (roots[0] / "node").is_dir() and any(map(typescript_missing.asks_for_node, files))
            return {"types": ["node"] if node else [], "typeRoots": list(map(str, roots))}
        roots.append(module / "node_modules" / "@types")
        names = {folder.name for root in roots for folder in root.glob("*") if folder.is_dir()}
        return {"types": sorted(names), "typeRoots": list(map(str, roots))}

    def close(self) -> None:
        for pool in self._pools.values():
            pool.close()


class Jsx(TypeScript):
    """JavaScript with markup: TypeScript's compiler parses it, and asks for no types."""

    name = "JSX"
    languages = ("jsx",)
    sound = "const x = <p>{[1].map(String)}</p>;\n"
    anything = "Object"
    members = "class Snippet"
    inherited = frozenset()


def _named(file: base.Snippet, index: int, grammar: str) -> base.Snippet:
    return replace(file, name=file.name or f"snippet{index or ''}.{_SUFFIXES[grammar]}")


def _reached(found: Sequence[base.Diagnostic]) -> float:
    """The line of the first error, but for those that are told where an element begins, once its end is missed."""
    wrong = (one.line for one in found if one.severity == "error" and one.line and one.code not in _UNCLOSED)
    return min(wrong, default=math.inf)


def _candidates(options: base.Options, prefix: Path) -> Iterator[Path]:
    """Where the package may lie: with the module, or above it within the rootdir; else ours, or that of the PATH.

    Nothing of the working directory: it would run.
    """
    if module := options.module:
        root = (options.root or module).resolve()
        own = (folder / "node_modules" / "typescript" for folder in (module, *module.parents))
        yield from (folder for folder in own if folder.resolve().is_relative_to(root))
    yield prefix / "node_modules" / "typescript"
    if found := programs.which("tsc"):
        yield found.resolve().parent.parent


def _diagnostic(item: dict[str, Any], files: Sequence[base.Snippet], *, alone: bool) -> base.Diagnostic:
    index, line, column, code = item["file"], item["line"], item["column"], item["code"]
    if line and column:
        column = base.character_column(base.line_of(files[index], line), column, "utf-16-le")
    unknown = code in _OVERRIDES and item.get("orphaned")  # `override`, of what is not known
    absent = item.get("orphaned") or typescript_missing.absent(
        code, item["message"], files[index].text, alone=alone
    )
    kind = "missing-dependency" if absent else _kind(code, item["syntax"] or "early" in item)
    found = base.Diagnostic(
        severity="error" if item["error"] and kind != "unused" and not unknown else "warning",
        kind=kind,
        message=item["message"],
        file=index,
        line=line,
        column=column,
        code=f"TS{code}",
        parsed=not item["syntax"],
    )
    return base.inside(found, files)


def _kind(code: int, syntax: bool) -> base.Kind:
    if syntax or 1000 <= code < 2000:  # by the compiler's own order of messages
        return "syntax"
    if code in _UNUSED:
        return "unused"
    if code in (2321, 2589):  # excessive depth
        return "limit"
    return "undefined" if code in _UNDEFINED else "type"
