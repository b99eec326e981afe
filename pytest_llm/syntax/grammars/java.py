"""Java."""

from __future__ import annotations

from pytest_llm.syntax.grammars import Grammar

_TYPES = "class_declaration interface_declaration enum_declaration record_declaration annotation_type_declaration"
_MARKS = "[(marker_annotation name: (_) @annotation) (annotation name: (_) @annotation)]"


def _of_each_type(pattern: str) -> str:
    return "\n".join(pattern.replace("TYPE", name) for name in _TYPES.split())


_QUERIES = "\n".join(
    (
        "[(type_identifier) (identifier)] @used",
        "(import_declaration) @import",
        "(class_body (method_declaration name: (identifier) @method))",
        "(program (method_declaration name: (identifier) @function))",
        "(method_declaration type: (type_identifier) @constructor name: (MISSING identifier))",
        _of_each_type("(TYPE name: (identifier) @defined)"),
        _of_each_type('(program (TYPE (modifiers "public") name: (identifier) @public))'),
        _of_each_type('(ERROR (TYPE (modifiers "public") name: (identifier) @public))'),
        '(ERROR (modifiers "public") . "class" . (identifier) @public)',
        "(class_declaration name: (identifier) @heir (superclass (_) @parent))",
        *(
            f"({name} name: (identifier) @heir (super_interfaces (type_list (_) @parent)))"
            for name in ("class_declaration", "enum_declaration", "record_declaration")
        ),
        "(interface_declaration name: (identifier) @heir (extends_interfaces (type_list (_) @parent)))",
        _of_each_type(f"(TYPE (modifiers {_MARKS}) name: (identifier) @marked)"),
    )
)

GRAMMAR = Grammar(
    "tree_sitter_java",
    {
        "import": "import_declaration",
        "head": "package_declaration",
        "type": _TYPES,
        "function": "method_declaration constructor_declaration static_initializer field_declaration",
        "either": "local_variable_declaration",
        "comment": "line_comment block_comment",
        "empty": ";",
    },
    _QUERIES,
    f"""
    (local_variable_declaration (modifiers ["public" "protected" "private" "static"])) @function
    {_of_each_type('(TYPE (modifiers ["protected" "private" "static"])) @function')}
    """,
    inert="""
    expression_statement block parenthesized_expression unary_expression null_literal true false
    decimal_integer_literal decimal_floating_point_literal character_literal string_literal string_fragment
    escape_sequence if_statement while_statement do_statement for_statement switch_expression switch_block
    try_statement finally_clause catch_clause catch_formal_parameter catch_type type_identifier identifier
    synchronized_statement this break_statement
    """,
    filled="return_statement",
)
