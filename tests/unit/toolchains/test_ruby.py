from __future__ import annotations

import pytest

from pytest_llm.toolchains.ruby import _found, _told
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
    "loops and blocks": "loop do\n  next if rand > 0.5\n  break\nend\n"
    "def f\n  yield 1\nrescue StandardError\n  retry\nend\n",
    "byte order mark": "\ufeffputs 1\n",
}
BROKEN = {
    "end": ("def f\n  1\n", "syntax", 2),
    "surplus end": ("def f\n  1\nend\nend\n", "syntax", 4),
    "parenthesis": ("x = 1\nputs (1 + \n", "syntax", 2),
    "quote": ("x = 1\nputs 'a\n", "syntax", 2),
    "an option in the first line": ("#!/usr/bin/ruby --version\ndef (\n", "syntax", 2),
    "return in a class": ("class A\n  return 1\nend\n", "syntax", 2),
    "break outside of a loop": ("x = 1\nif x\n  break\nend\n", "syntax", 3),
    "next outside of a block": ("x = 1\nnext\n", "syntax", 2),
    "redo in a method": ("def f\n  redo\nend\n", "syntax", 2),
    "retry without rescue": ("begin\n  retry\nend\n", "syntax", 2),
    "yield outside of a method": ("x = 1\nyield x\n", "syntax", 2),
    "an encoding that is not there": ("# coding: nope\nx = 1\n", "syntax", 1),
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


def test_a_file_is_a_program_not_a_part_of_one() -> None:
    warned = [(one.kind, one.line) for one in compiled("ruby", "a = 1\nb = 2\nb == 2\nputs b\n")]
    assert warned == [("lint", 3), ("unused", 1)]


def test_nothing_of_one_text_is_left_for_the_next() -> None:
    first = "class A\n  B = 1\nend\nat_exit { }\n$x = 1\n__END__\n"
    assert errors(compiled("ruby", first)) == []
    assert compiled("ruby", "class A < Struct\n  B = 2\nend\nputs DATA\n") == []


def test_the_newer_parsers_words() -> None:
    said = [(one.severity, one.line, one.column) for one in _told(NEWER)]
    assert said == [("error", 2, 9), ("error", 3, 5), ("warning", 1, None)]


def test_words_that_nobody_knows_are_an_error() -> None:
    assert [(one.severity, one.message) for one in _found(["no.\nreally", ""])] == [("error", "no.")]


def test_an_end_of_its_own_is_a_limit() -> None:
    assert [one.kind for one in _found(None)] == ["limit"]
