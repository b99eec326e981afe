"""Texts that compile because there is nothing in them."""

from __future__ import annotations

import pytest

from pytest_llm.toolchains import languages
from pytest_llm.toolchains.emptiness import holds_no_code

EMPTY = [
    ("python", "# TODO: write the code\n"),
    ("python", "..."),
    ("python", "# first\n\npass  # later\n"),
    ("python", "pass; ...\n"),
    ("php", "<?php\n// TODO\n# later\n?>\n"),
    ("ruby", "# TODO\n=begin\nlater\n=end\n"),
    ("shell", "#!/bin/bash\n# to be written\n"),
    ("shell", "#!/bin/sh\n:\ntrue # nothing\n"),
    ("go", "// TODO\npackage main\n\n/* the rest\n of it */\n"),
    ("java", "package a.b;\n// your code here\n"),
    ("javascript", '"use strict";\n// TODO\n'),
    ("typescript", "/* one */ /* two */ // three"),
    ("c", "/* never closed"),
    ("cpp", ";;\n"),
    ("rust", "//! docs\n/// more\n"),
]
CODE = [
    ("python", "passed = 1\n"),
    ("python", "...if True else 1\n...(x)\n"),
    ("python", "x = ...\n"),
    ("python", '"""docs"""\n'),
    ("php", "<?php echo 1;\n"),
    ("php", "<p>"),
    ("ruby", "nils = 1\n"),
    ("ruby", "puts 1\n__END__\n"),
    ("shell", ": ${x:=1}\n"),
    ("shell", "truecolor\n"),
    ("go", "package main\nfunc main() {}\n"),
    ("java", "package a; class A {}\n"),
    ("javascript", '"use strict"; f()\n'),
    ("typescript", "type A = 1;\n"),
    ("c", "#include <stdio.h>\n"),
    ("cpp", "/**/int x;\n"),
    ("rust", "#![allow(x)]\n"),
]


@pytest.mark.parametrize(("language", "text"), EMPTY)
def test_no_code(language: str, text: str) -> None:
    assert holds_no_code(text, language)


@pytest.mark.parametrize(("language", "text"), CODE)
def test_code(language: str, text: str) -> None:
    assert not holds_no_code(text, language)


@pytest.mark.parametrize("language", languages())
def test_blanks_are_no_code_in_any_language(language: str) -> None:
    assert holds_no_code(" \n\t\n", language)
