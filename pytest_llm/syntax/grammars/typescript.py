"""TypeScript."""

from __future__ import annotations

from pytest_llm.syntax.grammars import Grammar, Kind, javascript

TOP: dict[Kind, str] = {
    **javascript.TOP,
    "type": f"{javascript.TOP['type']} abstract_class_declaration interface_declaration type_alias_declaration "
    "enum_declaration ambient_declaration",
}

GRAMMAR = Grammar(
    "tree_sitter_typescript",
    TOP,
    javascript.QUERIES,
    exceptions=javascript.DIRECTIVES,
    function="language_typescript",
    inert=f"{javascript.INERT} as_expression satisfies_expression non_null_expression type_assertion "
    "type_arguments predefined_type",
    filled=javascript.FILLED,
    idle=javascript.IDLE,
)
