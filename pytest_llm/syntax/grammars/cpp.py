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
_MISSING = """
(template_function name: (identifier) @called)
(using_declaration) @using
(alias_declaration name: (_) @typed type: (_) @type)
(namespace_alias_definition name: (_) @typed (_) @type .)
[(declaration type: (_) @type declarator: (init_declarator declarator: (reference_declarator (identifier) @typed)))]
[(parameter_declaration type: (_) @type declarator: (reference_declarator (identifier) @typed))]
(optional_parameter_declaration type: (_) @type declarator: (identifier) @typed)
(optional_parameter_declaration type: (_) @type declarator: (_ (identifier) @typed))
(for_range_loop type: (_) @type declarator: [(identifier) @typed (_ (identifier) @typed)])
(for_range_loop declarator: [(identifier) @typed (_ (identifier) @typed)] right: (_) @type)
(declaration type: (placeholder_type_specifier)
  declarator: (init_declarator declarator: [(identifier) @typed (_ (identifier) @typed)] value: (_) @type))
[(class_specifier name: (_) @heir (base_class_clause (_) @parent))]
[(struct_specifier name: (_) @heir (base_class_clause (_) @parent))]
"""
_TOP: dict[Kind, str] = {
    "type": "class_specifier alias_declaration using_declaration static_assert_declaration",
    "function": "namespace_definition template_declaration concept_definition template_instantiation",
}

GRAMMAR = Grammar(
    "tree_sitter_cpp",
    {kind: f"{c.TOP.get(kind, '')} {_TOP.get(kind, '')}" for kind in c.TOP},
    "\n".join((c.USED, c.DECLARED, _USED, _DECLARED, c.CALLED, c.TYPED, _MISSING)),
    c.EMPTY,
    inert=f"{c.INERT} namespace_definition namespace_identifier declaration_list linkage_specification "
    "try_statement catch_clause parameter_list nullptr",
    filled="return_statement",
    idle=f"{c.IDLE} (using_declaration) @idle",
)
