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
    inert="""
    if_statement elif_clause else_clause while_statement do_group subshell compound_statement list pipeline
    negated_command
    """,
    idle="""
    ((command . name: (command_name (word) @name) .) @idle (#any-of? @name ":" "true" "false" "exit" "return"))
    ((command . name: (command_name (word) @name) . argument: [(word) (number)] .) @idle
     (#any-of? @name "exit" "return" "set" "shopt"))
    ((command . name: (command_name (word) @name) . argument: (word) . argument: (word) .) @idle
     (#any-of? @name "set" "shopt"))
    ((redirected_statement
      body: (command . name: (command_name (word) @name) .) redirect: (heredoc_redirect)) @idle
     (#any-of? @name ":" "true"))
    """,
)
