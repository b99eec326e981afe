# ruff: noqa: E501 (the programs)

from __future__ import annotations

import pytest

from pytest_llm.toolchains import toolchain
from pytest_llm.toolchains.base import Options, Snippet
from tests.helpers.compiling import agrees, compiled, errors

VALID = {
    "program": '#include <iostream>\n\nint main() {\n    std::cout << "hi\\n";\n}\n',
    "function alone": "int add(int a, int b) { return a + b; }\n",
    "function without includes": "std::string twice(const std::string& s) { return s + s; }\n",
    "statements alone": "std::vector<int> v{1, 2};\nfor (auto i : v) std::cout << i << std::endl;\n",
    "class": "#include <vector>\n\ntemplate <class T>\nclass Stack {\n    std::vector<T> items;\n\npublic:\n    void push(T x) { items.push_back(x); }\n};\n",
    "C++20": "#include <concepts>\n#include <ranges>\n#include <vector>\n\ntemplate <std::integral T>\nT sum(const std::vector<T>& v) {\n    T s{};\n    for (auto x : v | std::views::take(2)) s += x;\n    return s;\n}\n\nint main() { return sum(std::vector{1, 2}); }\n",
    "lambda": "auto f = [](auto x) { return x + 1; };\n\nint main() { return f(1); }\n",
    "raw string": 'const char* s = R"(\n}{ " )";\n\nint main() { return s[0]; }\n',
    "windows": '#include <string>\r\n\r\nint main() {\r\n\tstd::string s = "a";\r\n\treturn s.size();\r\n}\r\n',
    "byte order mark": "\ufeffint main() { return 0; }\n",
    "emoji and tabs": 'int main() {\n\t\tconst char* s = "😀{";\n\t\treturn s[0];\n}\n',
}

BROKEN = {
    "missing semicolon": ("int main() {\n    int x = 1\n    return x;\n}\n", "syntax", 3),
    "class without semicolon": ("class A {\n    int x;\n}\n\nint main() { return 0; }\n", "syntax", 3),
    "undeclared": ("int main() {\n    return y;\n}\n", "undefined", 2),
    "no include": ('int main() {\n    std::cout << "hi";\n}\n', "undefined", 2),
    "no such member": ("#include <vector>\n\nint f(std::vector<int> v) { return v.length(); }\n", "undefined", 3),
    "type": ('int main() {\n    int x = "a";\n    return x;\n}\n', "type", 2),
    "const": ("int f(const int& a) {\n    a = 2;\n    return a;\n}\n", "type", 2),
    "private": ("class A {\n    int x;\n};\n\nint f(A a) { return a.x; }\n", "type", 5),
    "in a template of the library": ("#include <vector>\n#include <algorithm>\n\nstruct P { int a; };\n\nint main() {\n    std::vector<P> v;\n    std::sort(v.begin(), v.end());\n}\n", "type", 8),
    "missing library": ("#include <boost/asio.hpp>\n\nint main() { return 0; }\n", "missing-dependency", 1),
    "statements alone": ("std::vector<int> v;\nv.push(1);\n", "undefined", 2),
    "function without includes": ("std::string f() {\n    return undefined_name;\n}\n", "undefined", 2),
    "windows": ('int main() {\r\n\tint x = "a";\r\n}\r\n', "type", 2),
    "byte order mark": ("\ufeffint f() {\n\treturn z;\n}\n", "undefined", 2),
}  # fmt: skip


@pytest.mark.parametrize("name", VALID)
def test_valid(name: str) -> None:
    assert errors(compiled("cpp", VALID[name])) == []


@pytest.mark.parametrize("name", BROKEN)
def test_broken(name: str) -> None:
    text, kind, line = BROKEN[name]
    assert (kind, line) in errors(compiled("cpp", text))


def test_eight_at_a_time() -> None:
    agrees("cpp", list(VALID.values()), list(BROKEN.values()))


def test_a_real_mistake_beside_a_missing_library() -> None:
    text = '#include <boost/asio.hpp>\n\nint main() {\n    boost::asio::io_context c;\n    c.run();\n    int q = "a";\n}\n'
    found = errors(compiled("cpp", text))
    assert [one for one in found if one[0] != "missing-dependency"] == [("type", 6)]


def test_the_standard() -> None:
    text = "template <class T>\nconcept C = sizeof(T) > 1;\n\nint main() { return 0; }\n"
    assert errors(compiled("cpp", text, Options(standard="c++20"))) == []
    assert errors(compiled("cpp", text, Options(standard="c++17"))) != []


def test_what_only_one_of_the_two_standards_takes() -> None:
    """Without a word of the case, either will do; what neither takes fails in the words of the later one."""
    earlier = 'const char *text = u8"é";\n\nint main() { return text[0]; }\n'
    later = "struct P { int x; };\n\nint main() {\n    P p{.x = 1};\n    auto f = []<class T>(T t) { return t; };\n"
    later += "    return f(p.x);\n}\n"
    assert errors(compiled("cpp", earlier)) == errors(compiled("cpp", later)) == []
    assert errors(compiled("cpp", earlier, Options(standard="c++20"))) == [("type", 1)]
    assert errors(compiled("cpp", later.replace("return f", "return g"))) == [("undefined", 6)]


PARTS = {  # the files, and the lines of what is said: errors, warnings
    "alone": ({"a.tpp": "int x;\nint f( { return nope; }\n"}, {("a.tpp", "error", 2)}),
    "right": ({"a.inl": "inline int f() { return 1; }\n"}, set()),
    "that nothing includes": ({"a.cpp": "int main() {}\n", "b.ipp": "int f( {\n"}, {("b.ipp", "warning", 1)}),
    "that a file includes": (
        {"a.cpp": '#include "b.inl"\nint main() {}\n', "b.inl": "int x;\nint f( {\n"},
        {("b.inl", "error", 2)},
    ),
}


@pytest.mark.parametrize("name", PARTS)
def test_parts_of_headers(name: str) -> None:
    files, said = PARTS[name]
    compiled("cpp", "")
    found = toolchain("cpp").check([Snippet(text, file) for file, text in files.items()], Options())
    assert {(list(files)[one.file], one.severity, one.line) for one in found} >= said
    assert bool(said) == bool(found)


@pytest.mark.parametrize(("path", "written"), [("include/app/a.hpp", '"app/a.hpp"'), ("lib/include/b.h", "<b.h>")])
def test_a_header_in_a_folder_of_its_own(path: str, written: str) -> None:
    for body, lines in (("return f();", []), ("return g();", [("undefined", 3)])):
        header = Snippet("#pragma once\n#include <string>\nint f();\n", path)
        source = Snippet(f"#include {written}\nstd::string s;\nint main() {{ {body} }}\n", "src/main.cpp")
        assert errors(toolchain("cpp").check([header, source], Options())) == lines
