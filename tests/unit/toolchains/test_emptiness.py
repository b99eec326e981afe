"""Texts that compile because there is nothing in them."""

from __future__ import annotations

import pytest

from pytest_llm.syntax import outline
from pytest_llm.toolchains import languages
from pytest_llm.toolchains.emptiness import holds_no_code, unread

EMPTY = [
    ("python", "# TODO: write the code\n"),
    ("python", "..."),
    ("python", "# first\n\npass  # later\n"),
    ("python", "pass; ...\n"),
    ("php", "<?php\n// TODO\n# later\n?>\n"),
    ("kotlin", "package a.b\n// TODO\n/* later */\n"),
    ("csharp", "namespace A.B;\n// TODO\n/* later */\n"),
    ("ruby", "# TODO\n=begin\nlater\n=end\n"),
    ("shell", "#!/bin/bash\n# to be written\n"),
    ("shell", "#!/bin/sh\n:\ntrue # nothing\n"),
    ("go", "// TODO\npackage main\n\n/* the rest\n of it */\n"),
    ("java", "package a.b;\n// your code here\n"),
    ("javascript", '"use strict";\n// TODO\n'),
    ("typescript", "/* one */ /* two */ // three"),
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
    *(
        ("python", text)
        for text in (
            "passing",
            "import os",
            "from os import (path as p)\nimport sys",
            "if True: pass",
            "(...)",
            "[]\n{}\n()",
            "while 0:\n  ...",
            "try:\n  pass\nexcept Exception:\n  pass\nfinally:\n  ...",
            "not 1\n-1",
            "'a' 'b'",
            "return",
            "match 1:\n  case 2: pass",
            "if x:\n  # later\n  pass\nelif y: ...\nelse: pass",
            "f'{x}'",
            "# -*- coding: utf-8 -*-",
        )
    ),
    *(
        (language, text)
        for language in ("javascript", "jsx", "typescript", "tsx")
        for text in (
            "void 0;",
            "{}",
            "export default null;",
            "export default {};",
            "if (1) {}",
            "for (;;) {}",
            "(null)",
            "[];",
            "({})",
            "foo",
            "!0",
            "import x from 'y';",
            "import 'x';",
            "/a/g;",
            "debugger;",
            "a: ;",
            "1, 2;",
            "switch (1) { case 2: break; }",
            "try {} catch (e) {} finally {}",
            "while (x) { /* later */ }",
            "`${x}`",
        )
    ),
    ("typescript", "import type { A } from 'b';"),
    ("typescript", "export = null;"),
    ("typescript", "undefined as any;"),
    ("javascript", "--> f( {"),
    *(
        ("ruby", text)
        for text in (
            "foo",
            "Foo",
            "require 'x'\nrequire_relative 'y'",
            "if true\nend",
            "()",
            "begin\nend",
            "[]",
            "{}",
            ":a",
            "-1",
            "return",
            "while false do end",
            "BEGIN { }",
            "case 1\nwhen 2\nend",
            "__END__\ndef f(",
        )
    ),
    *(
        ("php", text)
        for text in (
            "<?php if (true) {}",
            "<p>a</p>\n<?php if ($x) { ?>\n<?php } ?>\n<p>b</p>\n",
            "<?php if ($x) { ?>def f(:<?php } ?>",
            "<?php foo;",
            "use A\\B;",
            "namespace X;",
            "<?php declare(strict_types=1);",
            "[];",
            "(1);",
            "{}",
            "require 'x';",
            "while (0) {}",
            "<?php try {} catch (E $e) {} finally {}",
            "<?php ?>garbage ((",
            "<p>hi</p><?php ?>",
            "<?php __HALT_COMPILER ( ) ?> function f( {",
            "<?php // __halt_compiler();\n",
            "return;",
        )
    ),
    *(
        ("shell", text)
        for text in (
            "if true; then :; fi",
            "( : )",
            "{ :; }",
            "while false; do :; done",
            "false || true",
            "exit 0",
            "set -e",
            "! true",
            "set -euo pipefail",
            "set -o pipefail",
            "true | true",
            "if :; then\n  # later\n  :\nelse\n  true\nfi",
        )
    ),
    ("rust", "#![allow(x)]"),
    ("rust", "use std::fmt;\nextern crate x;"),
    ("rust", "();"),
    ("rust", "if true {} else {}"),
    ("rust", "match 1 { _ => {} }"),
    ("go", 'package main\nimport _ "x"\n'),
    ("go", "{}\n"),
    ("java", "import java.util.*;"),
    ("java", "{ ; {} }"),
    ("java", "if (true) {} return;"),
    ("kotlin", '@file:Suppress("x")\npackage a\nimport b.c\n1'),
    ("kotlin", "if (true) {} else {}"),
    ("csharp", "using System;\nusing static A.B;\n#nullable enable\n;"),
    ("csharp", "namespace A { }\n{ ; }\nreturn;"),
    ("csharp", "if (true) { } else { }\n#region x\n#endregion\n"),
    ("c", "#include <stdio.h>\n#pragma once"),
    ("c", "#ifndef A_H\n#define A_H\n#endif"),
    ("c", "{ ; }\n1;"),
    ("cpp", "#include <vector>\nusing namespace std;"),
    ("cpp", 'namespace a {}\nextern "C" {}'),
]
CODE = [
    ("python", "passed = 1\n"),
    ("python", "...if True else 1\n...(x)\n"),
    ("python", "x = ...\n"),
    ("python", "'a'.join(x)\n"),
    ("python", "'a' + x\n"),
    ("python", "'a'\nx = 1\n"),
    ("python", "Nonesuch()\n"),
    ("python", "'open\n"),
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
    ("php", "<?php if ($x) { ?>\n<p>a</p>\n<?php } else { ?>\n<p>b</p>\n<?php } ?>\n"),
    ("php", "<?php if ($x): ?>\n<p>a</p>\n<?php endif; ?>\n"),
    ("php", "<?php if ($x): else: ?>\n<p>a</p>\n<?php endif; ?>\n"),
    ("php", "<?php switch ($x): case 1: ?>\n<p>a</p>\n<?php endswitch; ?>\n"),
    ("kotlin", "package a.b\nval x = 1\n"),
    ("ruby", "nils = 1\n"),
    ("ruby", "puts 1\n__END__\n"),
    ("shell", ": ${x:=1}\n"),
    ("shell", "truecolor\n"),
    ("go", "package main\nfunc main() {}\n"),
    ("java", "package a; class A {}\n"),
    ("javascript", '"use strict"; f()\n'),
    ("typescript", "type A = 1;\n"),
    ("cpp", "/**/int x;\n"),
    *(
        ("python", text)
        for text in (
            "x = 1",
            "print('hi')",
            "lambda: 0",
            "class A:\n    pass",
            "def f(): ...",
            "x: int",
            "[1, 2]",
            "{'a': 1}",
            "return x",
            "1 + x",
            "a.b",
            "a[0]",
            "if x: y()",
            "for x in y: pass",
            "with x: pass",
            "await f()",
            "raise",
            "assert x",
            "f'{g()}'",
            "try:\n  f()\nexcept: pass",
            "@a\ndef f(): pass",
            "import os\nos.x()",
            "del x",
            "[x for x in y]",
            "yield",
            "x +",
        )
    ),
    *(
        (language, text)
        for language in ("javascript", "jsx", "typescript", "tsx")
        for text in (
            "x = 1",
            "f()",
            "() => {}",
            "class A {}",
            "export { x } from 'y'",
            "export * from 'y'",
            "[1]",
            "({ a: 1 })",
            "let x",
            "export default { a: 1 };",
            "export default function () {}",
            "if (x) { f(); }",
            "for (const x of y) {}",
            "new X",
            "x++",
            "return x",
            "a.b",
            "a`b`",
            "throw 1",
            "import x from 'y'; x();",
            "await import('x')",
            "const x = require('y')",
        )
    ),
    ("jsx", "<App />"),
    ("tsx", "<></>"),
    ("typescript", "interface A {}"),
    ("typescript", "declare const x: number;"),
    ("typescript", "export type { X } from 'y';"),
    ("typescript", "enum A {}"),
    *(
        ("ruby", text)
        for text in (
            "x = 1",
            "puts 'hi'",
            "setup\nrun",
            "class A\nend",
            "def f; end",
            "[1]",
            "{a: 1}",
            "->{}",
            "foo if bar",
            "if x\n  y\nend",
            "require 'x'\nfoo.bar",
            "return 1",
            "a.b",
            "f(x)",
            "attr_reader :x",
            "module A\nend",
            "foo { }",
            "Kernel.load 'x'",
        )
    ),
    *(
        ("php", text)
        for text in (
            "<?php $x = 1;",
            "<?= $x ?>",
            "f();",
            "<?php namespace A { function f() {} }",
            "<?php if ($x) { f(); }",
            "fn() => 1;",
            "<p><?php echo 1 ?></p>",
            "<?php // __halt_compiler();\nf();",
            "<?php '__halt_compiler();'; f();",
            "class A {}",
            "return [];",
            "<?php const A = 1;",
            "<?php f(); __halt_compiler(); data",
            "[1];",
            "<?php use A\\B; new B;",
        )
    ),
    *(
        ("shell", text)
        for text in (
            "ls",
            "x=1",
            "f() { :; }",
            "for x in 1; do :; done",
            "[ -f x ] && y",
            "cat < x",
            "echo",
            "set -e\nls",
            "if true; then ls; fi",
            "> x",
            "export X=1",
            ": > x",
            ": $(ls)",
            "case x in *) ;; esac",
            "true && ls",
            "source x",
            "((x++))",
            "exit $x",
        )
    ),
    ("rust", "pub use a::b;"),
    ("rust", "macro_rules! a { () => {} }"),
    ("rust", "fn main() {}"),
    ("rust", "struct A;"),
    ("rust", 'println!("a")'),
    ("rust", "1 + x"),
    ("go", "var x int"),
    ("go", 'fmt.Println("a")'),
    ("go", "func main() {}"),
    ("java", "interface A {}"),
    ("java", "int x;"),
    ("java", "f();"),
    ("java", "@interface A {}"),
    ("kotlin", "class A"),
    ("csharp", "record A;"),
    ("csharp", "f();"),
    ("csharp", "int x;"),
    ("csharp", "return x + 1;"),
    ("csharp", "namespace A { enum B { C } }"),
    ("kotlin", "{ x: Int -> x }"),
    ("kotlin", 'println("a")'),
    ("kotlin", "typealias A = Int"),
    ("c", "int f(int);"),
    ("c", "struct a;"),
    ("c", "#ifndef A_H\n#define A_H\n#define N 1\n#endif"),
    ("c", "#define f(x) x"),
    ("c", "typedef int a;"),
    ("c", 'printf("a");'),
    ("cpp", "using a = int;"),
    ("cpp", "template <class T> T f();"),
    ("cpp", "namespace a { int x; }"),
    ("cpp", "static_assert(true);"),
]


def test_no_code() -> None:
    assert [pair for pair in EMPTY if not holds_no_code(pair[1], pair[0])] == []


def test_code() -> None:
    assert [pair for pair in CODE if holds_no_code(pair[1], pair[0])] == []


# The text, and the lines from which on something is not read.
UNREAD = [
    ("ruby", "x = 1\n__END__\ndef f(\n", [3]),
    ("ruby", "x = 1\n__END__\n\n \n  def f(\n", [5]),
    ("ruby", "x = 1\n__END__\n", []),
    ("ruby", "x = DATA.read\n__END__\ndef f(\n", []),
    ("ruby", "x = '\n__END__'\n# __END__\n", []),
    ("php", "<?php f();\n__halt_compiler();\nfunction f( {", [3]),
    ("php", "f(); __HALT_COMPILER() ; function f( {", [1]),
    ("php", "<?php f();\n__halt_compiler();\n", []),
    ("php", "<?php f(__FILE__, __COMPILER_HALT_OFFSET__);\n__halt_compiler();\ndata", []),
    ("php", "<?php // __halt_compiler();\nf();", []),
    ("php", "<?php f(); ?>\n\nfunction g( {", [3]),
    ("php", "<?php f(); ?>\n<p>text</p>\n<?php g(); ?>\n", []),
    ("php", "function g( {\n<?php f();", [1]),
    ("javascript", "f();\n<!-- g( {\n--> h( {\n", [2, 3]),
    ("javascript", "f('<!-- x');\n// <!-- y\n", []),
    ("python", "f()\n# __END__\n", []),
]


@pytest.mark.parametrize(("language", "text", "lines"), UNREAD)
def test_what_no_compiler_reads(language: str, text: str, lines: list[int]) -> None:
    assert [one.line for one in unread(text, language)] == lines


def test_more_than_the_reader_takes_is_left_to_the_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outline, "CONTENT_SECONDS", 0.001)
    assert not holds_no_code("# comment\n" * 50_000, "python")


@pytest.mark.parametrize("language", languages())
def test_blanks_are_no_code_in_any_language(language: str) -> None:
    assert holds_no_code(" \n\t\n", language)
