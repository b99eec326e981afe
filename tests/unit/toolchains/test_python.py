# ruff: noqa: E501 (the programs)

from __future__ import annotations

import pytest

from tests.helpers.compiling import agrees, compiled, errors

VALID = {
    "program": 'import sys\n\n\ndef main() -> None:\n    print(sys.argv)\n\n\nif __name__ == "__main__":\n    main()\n',
    "expression": "1 + 1\n",
    "imports what is not here": "import numpy as np\n\nprint(np.zeros(3))\n",
    "match": "match 1:\n    case 1 | 2:\n        pass\n",
    "async": "async def f():\n    async with g() as h:\n        return [x async for x in h]\n",
    "windows": "def f():\r\n\treturn 1\r\n",
    "byte order mark": "\ufeffprint(1)\n",
    "emoji and tabs": "def f():\n\tx = '😀é'\n\treturn x\n",
    "no line end": "x = 1",
    "cut out": "    @property\n    def x(self):\n\n        return 1\n\n    y = x\n",
    "walrus": "while (n := next(i)) > 3:\n    print(f'{n=}')\n",
}

BROKEN = {
    "missing colon": ("def f()\n    pass\n", "syntax", 1),
    "unclosed": ("x = 1\ny = (1,\nz = 2\n", "syntax", 2),
    "indent": ("def f():\npass\n", "syntax", 2),
    "unindent": ("def f():\n        a\n    b\n", "syntax", 3),
    "return outside": ("x = 1\nreturn x\n", "syntax", 2),
    "await outside": ("def f():\n    await g()\n", "syntax", 2),
    "indented first line": ("  x = 1\ny = 2\n", "syntax", 1),
    "cut out": ("\n    x = 1\n    y = )\n", "syntax", 3),
    "string": ("a = 1\nx = 'abc\n", "syntax", 2),
    "assign to a call": ("\n\nf() = 1\n", "syntax", 3),
    "old print": ("x = 1\nprint 'a'\n", "syntax", 2),
    "duplicate argument": ("x = 1\ndef f(a, a): pass\n", "syntax", 2),
    "windows": ("x = 1\r\ny = = 2\r\n", "syntax", 2),
    "byte order mark": ("\ufeffx = 1\ny = )\n", "syntax", 2),
    "NUL": ("x = 1\0\n", "syntax", None),
}


@pytest.mark.parametrize("name", VALID)
def test_valid(name: str) -> None:
    assert errors(compiled("python", VALID[name])) == []


@pytest.mark.parametrize("name", BROKEN)
def test_broken(name: str) -> None:
    text, kind, line = BROKEN[name]
    assert (kind, line) in errors(compiled("python", text))


def test_eight_at_a_time() -> None:
    agrees("python", list(VALID.values()), list(BROKEN.values()))


def test_warnings() -> None:
    found = compiled("python", "x = 1\nx is 1\n")
    assert [(one.severity, one.kind, one.line) for one in found] == [("warning", "lint", 2)]


def test_columns_count_characters() -> None:
    found = compiled("python", "x = 'é😀' + )\n")
    assert [(one.line, one.column) for one in found] == [(1, 12)]
