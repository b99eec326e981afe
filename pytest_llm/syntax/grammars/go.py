"""Go."""

from __future__ import annotations

from pytest_llm.syntax.grammars import Grammar

GRAMMAR = Grammar(
    "tree_sitter_go",
    {
        "import": "import_declaration",
        "head": "package_clause",
        "type": "type_declaration",
        "function": "function_declaration method_declaration",
        "either": "var_declaration const_declaration",
        "comment": "comment",
        "empty": ";",
    },
)
