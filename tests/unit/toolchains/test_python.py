# ruff: noqa: E501 (the programs)

from __future__ import annotations

from importlib.util import find_spec

import pytest

from pytest_llm.toolchains.base import Options
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
    "cut out but for the first line": "def push(self, x):\n        self.a.append(x)\n\n    def pop(self):\n        return self.a.pop()\n",
    "a decorator cut out": "@property\n    def x(self):\n        return self._x\n\n    @x.setter\n    def x(self, value):\n        self._x = value\n",
    "cut out with tabs": "async def a(self):\n\t\treturn 1\n\n\tdef b(self):\n\t\treturn 2\n",
    "cut out with an example": "def a(self):\n        return 1\n\n    # then\n    def b(self):\n        return 2\n\nprint(C().b())\n",
    "cut out below a comment": "# the methods\n    def a(self):\n        return 1\n\n    def b(self):\n        return 2\n",
    "in latin 1": '# -*- coding: latin-1 -*-\né = "é"\n',
    "in cp1252, by vim's word, below the interpreter": '#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\nx = "Á"\n',
    "in UTF-8, whatever it cannot hold": '# coding: cp1252\nx = "→"\n',
    "in UTF-8, said otherwise": "# coding: UTF8\nx = 'é'\n",
    "in UTF-8 with a mark": "# coding: utf-8-sig\nx = 'é'\n",
    "an encoding where none is read": "x = 1\n# coding: foo\n",
    "an encoding below the second line": "\n\n# coding: foo\nx = 1\n",
    "an encoding in a string": "x = '# coding: foo'\n",
    "walrus": "while (n := next(i)) > 3:\n    print(f'{n=}')\n",
}

BROKEN = {
    "missing colon": ("def f()\n    pass\n", "syntax", 1),
    "unclosed": ("x = 1\ny = (1,\nz = 2\n", "syntax", 2),
    "indent": ("def f():\npass\n", "syntax", 2),
    "unindent": ("def f():\n        a\n    b\n", "syntax", 3),
    "unindent to a call": ("def f(x):\n        y = x\n    print(y)\n", "syntax", 3),
    "unindent to a loop": ("def f(x):\n        y = x\n    for z in y:\n        print(z)\n", "syntax", 3),
    "cut out, one word wrong": (
        "def push(self, x):\n        self.a.append(x\n\n    def pop(self):\n        return 1\n",
        "syntax",
        2,
    ),
    "cut out, the end wrong": (
        "def push(self, x):\n        self.a = x\n\n    def pop(self):\n        return = 1\n",
        "syntax",
        5,
    ),
    "cut out, a colon missing": (
        "def push(self, x):\n        self.a = x\n\n    def pop(self)\n        return 1\n",
        "syntax",
        4,
    ),
    "cut out, the first line wrong": (
        "def push(self x):\n        self.a = x\n\n    def pop(self):\n        return 1\n",
        "syntax",
        1,
    ),
    "cut out, one deeper": (
        "def push(self, x):\n        self.a = x\n\n    def pop(self):\n        return 1\n\n      def top(self):\n        return 1\n",
        "syntax",
        7,
    ),
    "a deeper second statement": ("x = 1\n    y = 2\n", "syntax", 2),
    "a function deeper than the statement before": ("x = 1\n    def f():\n        pass\n", "syntax", 2),
    "return outside": ("import a\nx = 1\nreturn a\n", "syntax", 3),
    "return beside a function": ("def f():\n    return 1\nreturn f\n", "syntax", 3),
    "await outside": ("def f():\n    await g()\n", "syntax", 2),
    "indented first line": ("  x = 1\ny = 2\n", "syntax", 1),
    "cut out": ("\n    x = 1\n    y = )\n", "syntax", 3),
    "string": ("a = 1\nx = 'abc\n", "syntax", 2),
    "assign to a call": ("\n\nf() = 1\n", "syntax", 3),
    "old print": ("x = 1\nprint 'a'\n", "syntax", 2),
    "duplicate argument": ("x = 1\ndef f(a, a): pass\n", "syntax", 2),
    "windows": ("x = 1\r\ny = = 2\r\n", "syntax", 2),
    "byte order mark": ("\ufeffx = 1\ny = )\n", "syntax", 2),
    "an unknown encoding": ("# -*- coding: foo -*-\nx = 1\n", "syntax", 1),
    "an unknown encoding in the second line": ("#!/usr/bin/python\n# coding=foo\nx = 1\n", "syntax", 2),
    "an unknown encoding below a blank line": (" \n # coding=foo\nx = 1\n", "syntax", 2),
    "no encoding of texts": ("# coding: rot13\nx = 1\n", "syntax", 1),
    "signs that the encoding has not": ("# coding: ascii\nx = 'é'\n", "syntax", 1),
    "an encoding of two bytes a sign": ("# coding: utf-16\nx = 1\n", "syntax", 1),
    "an encoding in which the text would be another": ("# coding: utf-7\nx = 1\ny = +AGQ-(\n", "syntax", 3),
    "latin 1 and a mistake": ("# coding: latin-1\nx = 'é'\ny = é(\n", "syntax", 3),
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


@pytest.mark.parametrize(
    ("text", "absent"),
    [
        ("import os, sys.monitoring\nfrom collections import abc\nimport pytest, yaml\n", []),
        ("import os\nimport nowhere_to_be_found.part as n\n", [2]),
        ("def f():\n    from nowhere_to_be_found import x\n    import os, neither_here\n    return x\n", [2, 3]),
        ("try:\n    import nowhere_to_be_found\nexcept ImportError:\n    import neither_here\n", []),
        ("from . import a\nfrom .b import c\n", []),
        ("    import nowhere_to_be_found\n    x = 1\n", [1]),
        (">>> import os\n>>> import nowhere_to_be_found\n", [2]),
    ],
)
def test_imports_that_this_python_does_not_find(text: str, absent: list[int]) -> None:
    said = compiled("python", text, Options(imports="installed"))
    assert [(one.kind, one.line) for one in said] == [("missing-dependency", line) for line in absent]
    assert compiled("python", text) == []


MISSPELT = """
jsno maht uiud asynico datatime randon colections.abc typng multiprocesing.pool htttp.server syss pathlb
os.pth concurrent.future email.mime.txt xml.etre.ElementTree logging.handler collections.abd urllib.requests
"""
OF_OTHERS = """
attrs jsons emails socks typer trio curio urllib3 httpx ujson simplejson pytz psutil mathutils queuelib absent.json
config web data graph url db tab log
"""


@pytest.mark.parametrize(("names", "kind"), [(MISSPELT, "undefined"), (OF_OTHERS, "missing-dependency")])
def test_modules_that_look_like_those_of_the_library(names: str, kind: str) -> None:
    lines = [
        f"import {name}" for name in names.split() if not find_spec(name.partition(".")[0]) or kind == "undefined"
    ]
    said = compiled("python", "\n".join(lines), Options(imports="installed"))
    assert errors(said) == [(kind, line) for line in range(1, len(lines) + 1)]


def test_modules_of_the_library_are_here_below_packages_too() -> None:
    names = "os.path concurrent.futures email.mime.text xml.etree.ElementTree logging.handlers collections.abc"
    guarded = "\nfrom contextlib import suppress\nwith suppress(ImportError):\n    import absent\n"
    text = "\n".join(f"import {name}" for name in names.split()) + guarded
    assert compiled("python", text, Options(imports="installed")) == []
