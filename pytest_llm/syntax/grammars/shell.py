"""Shell, by the grammar of bash."""

from __future__ import annotations

from pytest_llm.syntax.grammars import Grammar

GRAMMAR = Grammar(
    "tree_sitter_bash",
    {
        "function": "function_definition",
        "either": "variable_assignment declaration_command",
        "comment": "comment",
        "empty": "; ;;",
    },
    """(command name: (command_name) @command)
    [(for_statement) (while_statement) (if_statement) (case_statement) (pipeline) (redirected_statement)] @construct
    """,
)
