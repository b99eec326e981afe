"""Go."""

from __future__ import annotations

from pytest_llm.syntax.grammars import Grammar

_DEEP = (
    "(source_file RETURN)",
    "(source_file (if_statement (block (statement_list RETURN))))",
    "(source_file (for_statement (block (statement_list RETURN))))",
    "(source_file (for_statement (block (statement_list (if_statement (block (statement_list RETURN)))))))",
)


def _returns(number: int) -> str:
    """A return of so many values: anywhere, and by the snippet itself, not by a function in it."""
    values = "(return_statement (expression_list " + ". (_) " * (number - 1) + ". (_) @CAPTURE .))"
    own = values.replace("CAPTURE", f"own_return_{number}")
    anywhere = values.replace("CAPTURE", f"return_{number}")
    return "\n".join((anywhere, *(place.replace("RETURN", own) for place in _DEEP)))


_QUERIES = "\n".join(
    (
        "(package_clause (package_identifier) @package)",
        "(import_declaration) @import",
        "(import_spec path: (_) @path)",
        "(import_spec name: (_) @alias path: (_) @renamed)",
        "(source_file (function_declaration name: (identifier) @function))",
        "(source_file (function_declaration name: (identifier) @defined))",
        "(source_file (type_declaration (type_spec name: (_) @defined)))",
        "(source_file (var_declaration (var_spec name: (identifier) @defined)))",
        "(source_file (const_declaration (const_spec name: (identifier) @defined)))",
        "(type_spec name: (_) @heir"
        " type: (struct_type (field_declaration_list (field_declaration !name type: (_) @parent))))",
        "(type_spec name: (_) @heir type: (interface_type (type_elem (_) @parent)))",
        "(type_parameter_declaration name: (_) @parameter type: (type_constraint (_) @constraint))",
        "(field_declaration name: (_) @member_of)",
        "(method_declaration name: (_) @member_of)",
        "(selector_expression operand: (identifier) @of field: (_) @member)",
        "(qualified_type package: (_) @of name: (_) @member)",
        "(source_file (type_declaration (type_alias name: (_) @defined)))",
        "(return_statement (expression_list . (call_expression) @return_call .))",
        *(_returns(number) for number in (1, 2, 3)),
    )
)

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
    _QUERIES,
    inert="""
    expression_statement block statement_list parenthesized_expression unary_expression nil true false
    int_literal float_literal rune_literal interpreted_string_literal interpreted_string_literal_content
    raw_string_literal raw_string_literal_content escape_sequence if_statement for_statement
    expression_switch_statement select_statement
    """,
    filled="return_statement",
)
