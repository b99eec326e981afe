"""C++: what C has, and more."""

from __future__ import annotations

from pytest_llm.syntax.grammars import Grammar, Kind, c

_USED = """
(namespace_identifier) @used
(qualified_identifier scope: (_) name: [
  [(identifier) (type_identifier)] @qualified
  (template_type name: (type_identifier) @qualified)
  (template_function name: (identifier) @qualified)
])
(qualified_identifier scope: (namespace_identifier) @scope)
"""
_DECLARED = """
[(reference_declarator (identifier) @defined) (variadic_declarator (identifier) @defined)]
[(structured_binding_declarator (identifier) @defined) (for_range_loop declarator: (identifier) @defined)]
(optional_parameter_declaration declarator: (identifier) @defined)
(class_specifier name: (type_identifier) @defined body: (_))
(alias_declaration name: (type_identifier) @defined)
[(type_parameter_declaration (type_identifier) @defined) (concept_definition name: (identifier) @defined)]
(namespace_definition name: (namespace_identifier) @defined)
"""
_TOP: dict[Kind, str] = {
    "type": "class_specifier alias_declaration using_declaration static_assert_declaration",
    "function": "namespace_definition template_declaration concept_definition template_instantiation",
}

GRAMMAR = Grammar(
    "tree_sitter_cpp",
    {kind: f"{c.TOP.get(kind, '')} {_TOP.get(kind, '')}" for kind in c.TOP},
    c.USED + c.DECLARED + _USED + _DECLARED,
    c.EMPTY,
)
