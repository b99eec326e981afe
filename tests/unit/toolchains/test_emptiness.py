"""Texts that compile because there is nothing in them."""

from __future__ import annotations

import time

import pytest

from pytest_llm.toolchains import languages
from pytest_llm.toolchains.emptiness import holds_no_code

EMPTY = [
    ("python", "# TODO: write the code\n"),
    ("python", "..."),
    ("python", "# first\n\npass  # later\n"),
    ("python", "pass; ...\n"),
    ("php", "<?php\n// TODO\n# later\n?>\n"),
    ("kotlin", "package a.b\n// TODO\n/* later */\n"),
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
    ("python", '"""\ndef f(:\n"""'),
    ("python", "r'''def f(:\n'' '''; 'a' # later\nNone\n1_000\n"),
    ("python", "'it\\'s' \n"),
    ("python", "!return (((\n%matplotlib inline\n"),
    ("php", "<?php __halt_compiler(); function f( {"),
    ("php", "<?php 'nothing'; ?>"),
    ("ruby", "'def f('\n42\n"),
    ("shell", ": <<'EOF'\nif [ x\nEOF\n"),
    ("shell", ": <<-END\nif [ x\n\tEND"),
    ("javascript", "`\nfunction f( {\n`"),
    ("javascript", "<!-- function f( {"),
    ("jsx", '"<div"\n'),
    ("typescript", "export {};"),
    ("tsx", "null; 'a' // b"),
    ("c", "#if 0\nint main(void) { return 0; }\n#endif\n"),
    ("cpp", "# if 0 // later\n#include <x>\n# endif"),
]
CODE = [
    ("python", "passed = 1\n"),
    ("python", "...if True else 1\n...(x)\n"),
    ("python", "x = ...\n"),
    ("python", "'a'.join(x)\n"),
    ("python", "'a' + x\n"),
    ("python", "'a'\nx = 1\n"),
    ("python", "passing\n"),
    ("python", "Nonesuch()\n"),
    ("python", "'open\n"),
    ("python", "import os\n"),
    ("javascript", "'a'.length"),
    ("javascript", "`${f()}`"),
    ("javascript", "export { x }"),
    ("typescript", "1 + f()"),
    ("c", "#if 0\n#else\nint x;\n#endif\n"),
    ("c", "#if 0\n#endif\nint x;"),
    ("c", "#if 01\nint x;\n#endif\n"),
    ("shell", "cat <<EOF\na\nEOF\n"),
    ("shell", ": <<EOF\nnever closed\n"),
    ("php", "<?php echo 1;\n"),
    ("php", "<p>"),
    ("kotlin", "package a.b\nval x = 1\n"),
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


UNITS = (
    "/*",
    "//\n",
    "#",
    "'",
    '"',
    "\\",
    ";\n",
    ": <<A\n",
    "A\n",
    "'''",
    '"""',
    "`",
    "#if 0\n",
    "# ",
    "=begin\n",
    "1 ",
    "?>",
    " \n",
)


@pytest.mark.parametrize("language", languages())
def test_a_text_is_looked_at_once(language: str) -> None:
    def longest(times: int) -> float:
        spent = []
        for unit in UNITS:
            began = time.thread_time()
            holds_no_code(unit * times, language)
            spent.append(time.thread_time() - began)
        return max(spent)

    # of processor time; where a text is looked at again at each of its signs it is minutes
    assert min(longest(40_000) for _ in range(2)) < 1


@pytest.mark.parametrize("language", languages())
def test_blanks_are_no_code_in_any_language(language: str) -> None:
    assert holds_no_code(" \n\t\n", language)
