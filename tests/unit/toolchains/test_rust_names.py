"""The table of Rust's standard library agrees with the compiler."""

from __future__ import annotations

from pytest_llm.toolchains.rust_names import standard
from tests.helpers.compiling import compiled, errors


def test_every_name_is_where_the_table_says() -> None:
    text = "".join(f"mod m{number} {{ pub use {path}; }}\n" for number, path in enumerate(standard().values()))
    assert errors(compiled("rust", text)) == []
