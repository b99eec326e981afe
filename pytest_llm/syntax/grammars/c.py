"""C, and what C++ has of it."""

from __future__ import annotations

from pytest_llm.syntax.grammars import Grammar, Kind

USED = "[(identifier) (type_identifier) (primitive_type)] @used [(null) (true) (false)] @used (preproc_arg) @macro"
DECLARED = """
[(declaration declarator: (identifier) @defined) (init_declarator declarator: (identifier) @defined)]
[(pointer_declarator declarator: [(identifier) (field_identifier) (type_identifier)] @defined)]
[(array_declarator declarator: [(identifier) (field_identifier)] @defined)]
[(function_declarator declarator: [(identifier) (field_identifier)] @defined)]
(parameter_declaration declarator: (identifier) @defined)
(field_declaration declarator: (field_identifier) @defined)
(type_definition declarator: (type_identifier) @defined)
(struct_specifier name: (type_identifier) @defined body: (_))
(union_specifier name: (type_identifier) @defined body: (_))
(enum_specifier name: (type_identifier) @defined body: (_))
(enumerator name: (identifier) @defined)
[(preproc_def name: (identifier) @defined) (preproc_function_def name: (identifier) @defined)]
(preproc_params (identifier) @defined)
(preproc_include path: (_) @import)
(function_definition declarator: (function_declarator declarator: (identifier) @function))
"""
_LEAVES = {
    "declaration": "identifier",
    "parameter_declaration": "identifier",
    "function_definition": "identifier",
    "field_declaration": "field_identifier",
    "type_definition": "type_identifier",
}
_DEEPEST = 3  # declarators within each other: an array of pointers with a value
TYPED = "\n".join(
    f"({node} type: (_) @type declarator: {'(_ declarator: ' * depth}({leaf}) @typed{')' * depth})"
    for node, leaf in _LEAVES.items()
    for depth in range(_DEEPEST + 1)
)
CALLED = "(call_expression function: (identifier) @called) (type_identifier) @typename"
TOP: dict[Kind, str] = {
    "import": "preproc_include",
    "type": "struct_specifier union_specifier enum_specifier type_definition",
    "function": "function_definition linkage_specification",
    "either": "declaration preproc_ifdef preproc_if preproc_def preproc_function_def preproc_call",
    "comment": "comment",
    "empty": ";",
}

EMPTY = '((expression_statement . ";") @empty)'
INERT = """
expression_statement compound_statement parenthesized_expression condition_clause unary_expression null true
false number_literal char_literal character string_literal string_content escape_sequence identifier
if_statement else_clause while_statement do_statement for_statement switch_statement break_statement preproc_if
preproc_ifdef preproc_else preproc_elif preproc_elifdef preproc_def preproc_defined
"""
IDLE = "(preproc_call) @idle"

GRAMMAR = Grammar(
    "tree_sitter_c",
    TOP,
    "\n".join((USED, DECLARED, CALLED, TYPED)),
    EMPTY,
    inert=INERT,
    filled="return_statement",
    idle=IDLE,
)
