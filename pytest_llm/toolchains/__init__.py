"""The compilers: one module a language, loaded when it is asked for."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from pytest_llm.toolchains.base import Toolchain

_WHERE = {
    "c": "c:C",
    "cpp": "c:Cpp",
    "csharp": "csharp:CSharp",
    "go": "go:Go",
    "java": "java:Java",
    "javascript": "javascript:JavaScript",
    "jsx": "typescript:Jsx",
    "kotlin": "kotlin:Kotlin",
    "php": "php:Php",
    "python": "python:Python",
    "ruby": "ruby:Ruby",
    "rust": "rust:Rust",
    "shell": "shell:Shell",
    "tsx": "typescript:TypeScript",
    "typescript": "typescript:TypeScript",
}


def languages() -> list[str]:
    """The languages that can be compiled, by their normalised names."""
    return list(_WHERE)


def toolchain(language: str) -> Toolchain:
    """The compiler of a language. Raises KeyError for one that is not in `languages()`."""
    return _load(_WHERE[language])


@cache
def _load(where: str) -> Toolchain:
    module, _, name = where.partition(":")
    made: Toolchain = getattr(import_module(f"{__name__}.{module}"), name)()
    return made
