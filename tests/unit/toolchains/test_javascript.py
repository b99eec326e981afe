from __future__ import annotations

import pytest

from tests.helpers.compiling import agrees, compiled, errors

VALID = {
    "method alone": "async load(urls) {\n  for (const url of urls) await this.get(url);\n}\n",
    "methods alone": "constructor(a) {\n  this.a = a;\n}\n\nget b() { return this.a; }\nstatic c = 1;\n",
    "script": "const f = (a) => a + 1;\nconsole.log(f(1));\n",
    "module": "import fs from 'node:fs';\nexport const a = fs.readFileSync('x');\n",
    "await at the top": "const r = await fetch('/');\n",
    "CommonJS": "const fs = require('fs');\nif (!fs) return;\nmodule.exports = { a: 1 };\n",
    "class": "class A {\n  #x = 1;\n  static { this.y = 2; }\n  get x() { return this.#x; }\n}\n",
    "hash bang": "#!/usr/bin/env node\nlet x = 1;\n",
    "windows": "let x = 1;\r\nlet y = `a\r\nb`;\r\n",
    "byte order mark": "\ufefflet x = 1;\n",
    "emoji": "const é = '😀';\n\tconsole.log(é);\n",
    "sloppy": "with (Math) { x = 010; }\n",
}

BROKEN = {
    "method alone": ("async load(urls) {\n  for (const url of urls {\n  }\n}\n", "syntax", 2),
    "await in a method": ("load(urls) {\n  return await urls;\n}\n\nother() {}\n", "syntax", 2),
    "brace too many after a method": ("load(a) {\n  return a;\n}\n}\n\nother() {}\n", "syntax", 4),
    "method among statements": ("const a = 1;\nload(b) { return b; }\n", "syntax", 2),
    "unclosed": ("function f() {\n  return 1;\n", "syntax", 2),
    "expression": ("let a = 1;\nlet b = ;\n", "syntax", 2),
    "twice": ("let a = 1;\nlet a = 2;\n", "syntax", 2),
    "string": ("let a = 1;\nlet b = 'abc\n", "syntax", 2),
    "in a module": ("import x from 'y';\nexport const a = 1;\nlet b = ;\n", "syntax", 3),
    "two words": ("const a = 1;\n\n  a b\n", "syntax", 3),
    "markup": ("// page\n<div></div>\n", "syntax", 2),
    "brace": ("function f() { return }\n}\n", "syntax", 2),
    "await in a function": ("function f() {\n  await g();\n}\n", "syntax", 2),
    "private name": ("class A {}\nnew A().#x;\n", "syntax", 2),
    "windows": ("let x = 1;\r\nlet y = 'abc\r\n", "syntax", 2),
    "byte order mark": ("\ufefflet x = 1;\n)\n", "syntax", 2),
}


@pytest.mark.parametrize("name", VALID)
def test_valid(name: str) -> None:
    assert errors(compiled("javascript", VALID[name])) == []


@pytest.mark.parametrize("name", BROKEN)
def test_broken(name: str) -> None:
    text, kind, line = BROKEN[name]
    assert (kind, line) in errors(compiled("javascript", text))


def test_eight_at_a_time() -> None:
    agrees("javascript", list(VALID.values()), list(BROKEN.values()))


def test_columns_count_characters() -> None:
    found = compiled("javascript", "let é = '😀' + ;\n")
    assert [(one.line, one.column) for one in found] == [(1, 15)]
