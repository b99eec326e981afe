"""Python."""

from __future__ import annotations

from pytest_llm.syntax.grammars import Grammar

GRAMMAR = Grammar(
    "tree_sitter_python",
    {
        "import": "import_statement import_from_statement future_import_statement",
        "type": "class_definition",
        "function": "function_definition decorated_definition",
        "comment": "comment",
        "empty": "pass_statement ;",
    },
    exceptions="(module (expression_statement . (ellipsis) .) @empty)",
)
