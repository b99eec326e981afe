"""PHP, without the tags around it."""

from __future__ import annotations

from pytest_llm.syntax.grammars import Grammar

GRAMMAR = Grammar(
    "tree_sitter_php",
    {
        "import": "namespace_use_declaration",
        "head": "namespace_definition declare_statement",
        "type": "class_declaration interface_declaration trait_declaration enum_declaration",
        "function": "function_definition",
        "comment": "comment",
        "empty": "empty_statement ; php_tag",
    },
    function="language_php_only",
)
