# ruff: noqa: E501 (the programs)

from __future__ import annotations

import pytest

from pytest_llm.toolchains import c_missing
from pytest_llm.toolchains.base import Options
from tests.helpers.compiling import agrees, compiled, errors

VALID = {
    "program": '#include <stdio.h>\n\nint main(void) {\n    printf("hi\\n");\n    return 0;\n}\n',
    "function alone": "int add(int a, int b) { return a + b; }\n",
    "function without includes": 'char *twice(const char *s) {\n    char *t = malloc(2 * strlen(s) + 1);\n    sprintf(t, "%s%s", s, s);\n    return t;\n}\n',
    "statements alone": 'for (int i = 0; i < 3; i++) {\n    printf("%d\\n", i);\n}\n',
    "statements with include": '#include <stdio.h>\n\nint x = 3;\nprintf("%d\\n", x);\n',
    "struct and pointer": "#include <stdlib.h>\n\nstruct node { int v; struct node *next; };\n\nstruct node *make(int v) {\n    struct node *n = malloc(sizeof *n);\n    n->v = v;\n    n->next = NULL;\n    return n;\n}\n",
    "windows": '#include <stdio.h>\r\n\r\nint main(void) {\r\n\tputs("a");\r\n}\r\n',
    "byte order mark": "\ufeffint main(void) { return 0; }\n",
    "emoji and tabs": 'int main(void) {\n\t\tconst char *s = "😀{";\n\t\treturn s[0];\n}\n',
    "macro": "#define SQ(x) ((x) * (x))\n\nint f(int a) { return SQ(a); }\n",
}

BROKEN = {
    "missing semicolon": ("int main(void) {\n    int x = 1\n    return x;\n}\n", "syntax", 3),
    "missing brace": ("int main(void) {\n    return 0;\n", "syntax", 2),
    "undeclared": ("int main(void) {\n    return y;\n}\n", "undefined", 2),
    "no include": ('int main(void) {\n    printf("hi");\n}\n', "undefined", 2),
    "unknown type": ("int f(list *l) {\n    return 0;\n}\n", "undefined", 1),
    "unknown member": ("struct s { int a; };\n\nint f(struct s x) { return x.b; }\n", "undefined", 3),
    "type": ('int main(void) {\n    int x = "a";\n    return x;\n}\n', "type", 2),
    "arguments": ("int f(void) { return 1; }\n\nint main(void) { return f(1, 2); }\n", "type", 3),
    "missing library": ("#include <curl/curl.h>\n\nint main(void) { curl_easy_init(); }\n", "missing-dependency", 1),
    "statements alone": ('printf("%d\\n", 1);\nint x = y;\n', "undefined", 2),
    "statements with include": ('#include <stdio.h>\n\nprintf("%d", x);\n', "undefined", 3),
    "function without includes": ("char *f(const char *s) {\n    return strlen(s) + ;\n}\n", "syntax", 2),
    "windows": ('int main(void) {\r\n\tint x = "a";\r\n}\r\n', "type", 2),
    "byte order mark": ("\ufeffint f(void) {\n\treturn z;\n}\n", "undefined", 2),
}  # fmt: skip


@pytest.mark.parametrize("name", VALID)
def test_valid(name: str) -> None:
    assert errors(compiled("c", VALID[name])) == []


@pytest.mark.parametrize("name", BROKEN)
def test_broken(name: str) -> None:
    text, kind, line = BROKEN[name]
    assert (kind, line) in errors(compiled("c", text))


def test_eight_at_a_time() -> None:
    agrees("c", list(VALID.values()), list(BROKEN.values()))


def test_a_real_mistake_beside_a_missing_library() -> None:
    text = '#include <curl/curl.h>\n\nint main(void) {\n    CURL *c = curl_easy_init();\n    int x = "a";\n}\n'
    found = errors(compiled("c", text))
    assert [one for one in found if one[0] != "missing-dependency"] == [("type", 5)]
    assert ("missing-dependency", 4) in found


def test_the_standard() -> None:
    text = "int main(void) {\n    for (int i = 0; i < 3; i++);\n}\n"
    assert errors(compiled("c", text, Options(standard="c99"))) == []
    assert errors(compiled("c", text, Options(standard="c89"))) == [("type", 2)]


def test_warnings() -> None:
    found = compiled("c", "int main(void) {\n    int x;\n    return 0;\n}\n")
    assert [(one.severity, one.kind, one.line) for one in found] == [("warning", "unused", 2)]


def test_columns_count_characters() -> None:
    found = compiled("c", 'int main(void) {\n\tconst char *s = "é😀"; return s + y;\n}\n')
    assert ("undefined", 2, 35) in [(one.kind, one.line, one.column) for one in found]


HIDING = [
    '#/**/7 "z.c" 3\n',
    '/**/# 7 "z.c" 3\n',
    '#\\\n 7 "z.c" 3\n',
    '#\v7 "z.c" 3\n',
    '\f# 7 "z.c" 3\n',
    'int a;\r# 7 "z.c" 3\n',
    '# 7 "z\\"q.c" 3\n',
    '# 7 "z.c" 3 /* x */\n',
    '# 7 "z.c" 3 // x\n',
    '#li\\\nne 7 "z.c"\n',
    '/* a\n # b */ # 7 "z.c" 3\n',
    '#pragma GCC dia\\\ngnostic ignored "-Wimplicit-function-declaration"\n',
    '_Pragma("GCC dia\\\ngnostic ignored \\"-Wimplicit-function-declaration\\"")\n',
    "#pragma/**/GCC system_header\n",
    "#pragma GCC \\\nsystem_header\n",
    '_Pragma("GCC system_header")\n',
    "#define P(x) _Pragma(#x)\nP(GCC system_header)\n",
]


@pytest.mark.parametrize("directive", HIDING)
def test_no_directive_hides_what_follows(directive: str) -> None:
    line = directive.count("\n") + 1
    found = compiled("c", f"{directive}int main(void) {{ return f(); }}\n")
    assert line in [one.line for one in found if one.severity == "error"]


def test_what_only_looks_like_a_directive_is_the_texts_own() -> None:
    text = '#define M(x) do { \\\n  x; \\\n} while (0)\nconst char *s = "*/ # 7";\nint main(void) { M(s++); return g; }'
    assert [(one.line, one.severity) for one in compiled("c", text)] == [(5, "error")]


def test_a_line_is_read_once_for_all_its_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    reads = list[int]()

    class Counted:
        def findall(self, text: str) -> list[str]:
            reads.append(len(text))
            return pattern.findall(text)

    pattern = c_missing._WORD
    monkeypatch.setattr(c_missing, "_WORD", Counted())
    line = "@A(" * 2000 + " // of this test alone"
    assert errors(compiled("cpp", f"#include <absent.h>\nab::Foo f() {{ return {{}}; }}\n{line}\n"))
    assert reads.count(len(line)) == 1
