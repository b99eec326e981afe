"""Python."""

from __future__ import annotations

from pytest_llm.syntax.grammars import Grammar

_STATEMENTS = """
import_statement import_from_statement assert_statement expression_statement return_statement delete_statement
raise_statement if_statement match_statement for_statement while_statement try_statement with_statement
"""
_STRAY = " ".join(f"({name})" for name in _STATEMENTS.split())

GRAMMAR = Grammar(
    "tree_sitter_python",
    {
        "import": "import_statement import_from_statement future_import_statement",
        "type": "class_definition",
        "function": "function_definition decorated_definition",
        "comment": "comment",
        "empty": "pass_statement ;",
    },
    # What stands beside the methods where `if True:` was put before a text.
    f"""(module . (comment)* . (if_statement consequence: (block [{_STRAY}] @stray)))
    [(return_statement) (yield) (await) (with_statement "async") (for_statement "async")] @inner
    [(await) (with_statement "async") (for_statement "async") (for_in_clause "async")] @awaits
    """,
    exceptions="(module (expression_statement . (ellipsis) .) @empty)",
    inert="""
    expression_statement ellipsis true false none integer float string string_start string_content string_end
    escape_sequence interpolation concatenated_string identifier parenthesized_expression unary_operator
    not_operator if_statement elif_clause else_clause while_statement try_statement except_clause finally_clause
    block match_statement case_clause case_pattern
    """,
    filled="list dictionary tuple return_statement",
)
