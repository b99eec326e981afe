"""C#."""

from __future__ import annotations

from pytest_llm.syntax.grammars import Grammar

_HEIRS = "class_declaration record_declaration struct_declaration interface_declaration"
_TYPES = f"{_HEIRS} enum_declaration delegate_declaration"
# What only a member of a type can be called: no statement begins so.
_ACCESS = "public private protected internal"
_OTHERS = "static readonly virtual override abstract"
_BARE_BODIES = "if_statement foreach_statement for_statement while_statement"  # whose body may be a statement
_CONTROL = f"{_BARE_BODIES} try_statement using_statement lock_statement"
_BEHIND = "member_access_expression member_binding_expression qualified_name"  # where a name stands behind a point
_NAMED = "method_declaration property_declaration variable_declarator parameter enum_member_declaration"
_MEMBER = "[(identifier) @member (generic_name (identifier) @member)]"
_BARE = "[(identifier) (generic_name (identifier)) (qualified_name) (nullable_type)]"


def _of_each(names: str, pattern: str) -> str:
    return "\n".join(pattern.replace("TYPE", name) for name in names.split())


def _one_of(words: str) -> str:
    """A modifier that is one of these."""
    return "[" + " ".join(f'(modifier "{word}")' for word in words.split()) + "]"


def _own(statement: str) -> str:
    """Such a statement of the snippet itself, not of a function in it."""
    deep = f"[(block {statement}) (block (if_statement [(block {statement}) {statement}]))]"
    places = (_of_each(_CONTROL, f"(TYPE {deep})"), _of_each(_BARE_BODIES, f"(TYPE {statement})"), statement)
    return "\n".join(f"(global_statement {one})" for part in places for one in part.split("\n"))


_QUERIES = "\n".join(
    (
        "(identifier) @used",
        *(f"({place} name: {_MEMBER})" for place in _BEHIND.split()),
        _of_each(_NAMED, "(TYPE name: (identifier) @own)"),
        "[(using_directive) (extern_alias_directive)] @import",
        "(declaration_list (method_declaration name: (identifier) @method))",
        '(method_declaration (modifier "static") name: (identifier) @static)',
        "(global_statement (local_function_statement name: (identifier) @function))",
        "(global_statement (local_function_statement (parameter_list . (parameter . (modifier) @of_first))))",
        f"""(global_statement (local_declaration_statement {_one_of(_ACCESS)} (variable_declaration
            type: (identifier) @constructor (variable_declarator (tuple_pattern)))))""",
        '(await_expression "await" @await)',
        *map(_own, ('(return_statement "return" @return . (_) .)', '(yield_statement "yield" @yield)')),
        _of_each(_TYPES, "(TYPE name: (identifier) @defined)"),
        "(type_parameter name: (identifier) @defined)",
        "(attribute name: (_) @attribute)",
        _of_each(_HEIRS, f"(TYPE name: (identifier) @heir (base_list {_BARE} @parent))"),
    )
)

GRAMMAR = Grammar(
    "tree_sitter_c_sharp",
    {
        "import": "using_directive extern_alias_directive",
        "head": "file_scoped_namespace_declaration preproc_define preproc_undef",
        "type": f"{_TYPES} namespace_declaration global_attribute preproc_if",
        "comment": """
        comment shebang_directive preproc_region preproc_endregion preproc_pragma preproc_nullable preproc_line
        preproc_warning
        """,
        "empty": ";",
    },
    _QUERIES,
    f"""
    (global_statement (local_declaration_statement)) @either
    (global_statement (local_declaration_statement {_one_of(f"{_ACCESS} {_OTHERS}")})) @function
    (global_statement (local_function_statement)) @function
    (global_statement (empty_statement)) @empty
    """,
    inert="""
    global_statement expression_statement block parenthesized_expression prefix_unary_expression null_literal
    boolean_literal integer_literal real_literal character_literal character_literal_content string_literal
    string_literal_content verbatim_string_literal raw_string_literal raw_string_start raw_string_content
    raw_string_end escape_sequence if_statement while_statement do_statement for_statement switch_statement
    switch_body try_statement finally_clause catch_clause catch_declaration identifier predefined_type this
    break_statement empty_statement namespace_declaration declaration_list lock_statement qualified_name
    file_scoped_namespace_declaration
    """,
    filled="return_statement",
)
