from __future__ import annotations

import pytest

from pytest_llm.toolchains.base import Options, Snippet
from pytest_llm.toolchains.c import Cpp
from pytest_llm.toolchains.precompiled import Precompiled, leading

LIBRARY = frozenset({"map", "set", "vector", "sys/stat.h"})
BEGINS = {
    "includes": ("#include <map>\n#include <vector>\nint x;\n#include <set>\n", {"map", "vector"}),
    "spaces and comments": ("\n// a\n/* b\n */ # include <map> // c\n\t#include<vector>\n", {"map", "vector"}),
    "a folder": ("#include <sys/stat.h>\n", {"sys/stat.h"}),
    "up to one of others": ("#include <map>\n#include <boost/any.hpp>\n#include <set>\n", {"map"}),
    "up to one of the project": ('#include <map>\n#include "set"\n#include <set>\n', {"map"}),
    "behind a macro": ("#define NDEBUG\n#include <map>\n", set()),
    "behind a condition": ("#include <map>\n#ifdef X\n#include <set>\n#endif\n", {"map"}),
    "behind a declaration": ("int x;\n#include <map>\n", set()),
    "behind a pragma": ("#pragma pack(1)\n#include <map>\n", set()),
    "in a comment": ("/* #include <map>\n*/\n// #include <set>\n", set()),
    "in a comment without an end": ("/* #include <map>\n#include <set>\n", set()),
    "more on the line": ("#include <map> int x;\n#include <set>\n", set()),
    "the last line": ("#include <map>", {"map"}),
    "nothing": ("", set()),
}


@pytest.mark.parametrize("begin", BEGINS)
def test_the_headers_before_all_else(begin: str) -> None:
    text, headers = BEGINS[begin]
    assert leading(text, LIBRARY) == headers


TEXTS = (
    '#include <cstdio>\n#include <cassert>\nint main() { std::puts("a"); assert(true); }\n',
    "#include <cassert>\n#include <cstdio>\nint main() { puts(1); }\n",
    "#include <cassert>\n#include <cstdio>\nint main() { int i; }\n",
    "#include <cassert>\n#include <cstdio>\n#include <cerrno>\nint main() { return errno + x; }\n",
    "#include <cassert>\n#include <cstdio>\n#define NDEBUG\n#include <cassert>\nint main() { assert(not here); }\n",
    "#include <cassert>\n#include <cstdio>\nint puts;\n",
    "#include <cstdio>\nint main() { assert(true); }\n",
)


def test_what_was_read_before_says_the_same() -> None:
    """The first time by the text's own includes, then by headers that are ready: of the same set, and of a part."""
    tool = Cpp()
    first = [Cpp().check([Snippet(text)], Options()) for text in TEXTS]
    again = [tool.check([Snippet(text)], Options()) for text in (*TEXTS, *TEXTS)]
    assert again == [*first, *first]
    assert any(tool._precompiled._ready.values())
    assert [bool(found) for found in first] == [False, True, True, True, False, True, True]


def test_a_header_that_does_not_compile_is_let_be() -> None:
    tool = Cpp()
    tool._precompiled = Precompiled("no-such-language")
    text = '#include <cstdio>\nint main() { std::puts("a"); }\n'
    assert [tool.check([Snippet(text)], Options()) for _ in range(3)] == [[]] * 3
    assert not any(tool._precompiled._ready.values())
