"""JavaScript, and what TypeScript has of it."""

from __future__ import annotations

from pytest_llm.syntax.grammars import Grammar, Kind

TOP: dict[Kind, str] = {
    "import": "import_statement",
    "type": "class_declaration",
    "function": "function_declaration generator_function_declaration export_statement",
    "either": "lexical_declaration variable_declaration",
    "comment": "comment hash_bang_line",
    "empty": "empty_statement",
}
DIRECTIVES = "(program (expression_statement . (string)) @empty)"

QUERIES = """
(super) @super
(import_statement) @import
"""

ELEMENTS = """
(jsx_element open_tag: (_) @element)
(jsx_self_closing_element) @element
"""

GRAMMAR = Grammar("tree_sitter_javascript", TOP, QUERIES + ELEMENTS, exceptions=DIRECTIVES)
