from __future__ import annotations

import pytest

from pytest_llm.toolchains.ruby import _told
from tests.helpers.compiling import compiled, errors

VALID = {
    "program": "require 'json'\n\nclass Cache\n  attr_reader :items\n"
    "  def initialize = @items = {}\nend\nputs Cache.new.items.to_json\n",
    "method": "def add(a, b)\n  a + b\nend\n",
    "block": "[1, 2].each { |x| puts x }\n%w[a b].map do |word|\n  word.upcase\nend\n",
    "here document": "puts <<~TEXT\n  if then (\nTEXT\n",
    "data": "puts DATA.read\n__END__\n)(\n",
    "shebang": "#!/usr/bin/env ruby\nputs 1\n",
    "shebang of another": "#!/bin/sh\nputs 1\n",
    "pattern": "case {a: 1}\nin {a: Integer => x}\n  puts x\nend\n",
    "windows": "def f\r\n  1\r\nend\r\n",
    "byte order mark": "\ufeffputs 1\n",
}
BROKEN = {
    "end": ("def f\n  1\n", "syntax", 2),
    "surplus end": ("def f\n  1\nend\nend\n", "syntax", 4),
    "parenthesis": ("x = 1\nputs (1 + \n", "syntax", 2),
    "quote": ("x = 1\nputs 'a\n", "syntax", 2),
    "an option in the first line": ("#!/usr/bin/ruby --version\ndef (\n", "syntax", 2),
    "return in a class": ("class A\n  return 1\nend\n", "syntax", 2),
}
# As Ruby 3.4 tells it.
NEWER = """snippet.rb: --> snippet.rb
snippet.rb:2: syntax errors found (SyntaxError)
  1 | def f
> 2 |   x = (1
    |         ^ unexpected end-of-input; expected a `)` to close the parentheses
> 3 | end end
    |     ^~~ unexpected 'end', ignoring it
snippet.rb:1: warning: assigned but unused variable - x
"""


@pytest.mark.parametrize("name", VALID)
def test_valid(name: str) -> None:
    assert errors(compiled("ruby", VALID[name])) == []


@pytest.mark.parametrize("name", BROKEN)
def test_broken(name: str) -> None:
    text, kind, line = BROKEN[name]
    assert errors(compiled("ruby", text))[0] == (kind, line)


def test_nothing_of_it_is_run() -> None:
    assert compiled("ruby", "BEGIN { abort('ran') }\nputs 1\n") == []


def test_the_newer_parsers_words() -> None:
    said = [(one.severity, one.line, one.column) for one in _told(NEWER)]
    assert said == [("error", 2, 9), ("error", 3, 5), ("warning", 1, None)]
