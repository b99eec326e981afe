from __future__ import annotations

import pytest

from pytest_llm.errors import CheckCrashed
from pytest_llm.toolchains.base import TOO_DEEP, Options, Snippet
from pytest_llm.toolchains.php import Php
from tests.helpers.compiling import compiled, errors

VALID = {
    "program": "<?php\ndeclare(strict_types=1);\nfunction add(int $a): int {\n    return $a;\n}\necho add(1);\n",
    "no tag": "namespace App;\n\nclass A {\n    function __construct(private int $x) {}\n}\n",
    "statements": '$x = [1, 2, 3];\nforeach ($x as $one) {\n    echo "$one\\n";\n}\n',
    "methods": "public function name(): string\n{\n    return $this->name;\n}\n\nprivate string $name = 'a';\n",
    "template": "<ul>\n<?php foreach ($items as $item): ?>\n  <li><?= $item ?></li>\n<?php endforeach; ?>\n</ul>\n",
    "short echo alone": "<p><?= $x ?></p>\n",
    "enum": "<?php\nenum Suit: string {\n    case Hearts = 'H';\n}\n"
    "$f = fn(int $x) => match(true) { $x > 1 => 'a', default => 'b' };\n",
    "shebang": "#!/usr/bin/env php\n<?php\necho 1;\n",
    "windows": "<?php\r\nif (true) {\r\n  echo 1;\r\n}\r\n",
    "byte order mark": "\ufeff<?php echo 1;\n",
}
BROKEN = {
    "semicolon": ("<?php\n$x = 1\n$y = 2;\n", "syntax", 3),
    "no tag": ("function f() {\n  return 1\n}\n", "syntax", 3),
    "brace": ("<?php\nfunction f() {\n  if (true) {\n}\n", "syntax", 4),
    "surplus brace": ("<?php\nfunction f() {\n}\n}\n", "syntax", 4),
    "twice": ("<?php\nfunction f() {}\nfunction g() {}\nfunction f() {}\n", "type", 4),
    "in a method": ("public function f() {\n  return [1, 2;\n}\n", "syntax", 2),
    "template": ("<ul>\n<?php foreach ($a as $b): ?>\n</ul>\n", "syntax", 3),
    "quote": ("<?php\necho 'a;\n", "syntax", 2),
}


@pytest.mark.parametrize("name", VALID)
def test_valid(name: str) -> None:
    assert errors(compiled("php", VALID[name])) == []


@pytest.mark.parametrize("name", BROKEN)
def test_broken(name: str) -> None:
    text, kind, line = BROKEN[name]
    assert errors(compiled("php", text))[0] == (kind, line)


LINTED = {
    **VALID,
    **{name: text for name, (text, _, _) in BROKEN.items()},
    "a shebang before what must come first": "#!/usr/bin/php\n<?php\ndeclare(strict_types=1);\nnamespace A;\n",
    "abstract": "<?php\nabstract class A { abstract function f(); }\nclass B extends A {}\n",
    "another signature": "<?php\nclass A { function f(int $x) {} }\nclass B extends A { function f() {} }\n",
    "a name of PHP's own": "<?php\nfunction strlen($x) {}\n",
    "a name of the one that stays": "<?php\nfunction told() {}\n$php = $handle = $child;\n",
    "goto": "<?php\ngoto nowhere;\n",
    "break": "<?php\nif (true) { break; }\n",
    "deprecated": "<?php\nfunction f($a = 1, $b) {}\n",
    "a declaration that does nothing": "<?php\ndeclare(encoding='UTF-16');\n",
    "too deep for its stack": "<?php $x = " + "(" * 60_000 + "1" + ")" * 60_000 + ";\n",
    "no UTF-8": "<?php\n$a\u00e9\udc80 = 'x' 1;\n",
}


def test_the_one_that_stays_says_what_one_that_starts_for_the_text_says() -> None:
    stays, starts = php_that_stays(), php_that_starts()
    for name, text in LINTED.items():
        assert stays.check([Snippet(text)], Options()) == starts.check([Snippet(text)], Options()), name


def test_a_text_that_breaks_it_breaks_its_own_process_alone() -> None:
    for php in (php_that_stays(), php_that_starts()):
        assert php.check([Snippet("<?php $x = " + "1+" * 60_000 + "1;\n")], Options()) == [TOO_DEEP]
        assert php.check([Snippet("<?php $x = 1;\n")], Options()) == []


def test_nothing_of_it_is_run_and_nothing_is_left_for_the_next() -> None:
    for _ in range(2):
        assert compiled("php", "<?php\nfunction f() {}\nclass A {}\nconst B = 1;\nf();\nexit(3);\n") == []


def test_one_whose_folder_is_gone_blames_no_text() -> None:
    php = php_that_stays()
    php._asked("<?php\n", Options())
    for folder in php._pool._folders:
        (folder / "snippet.php").unlink()
        (folder / "snippet.php").mkdir()
    with pytest.raises(CheckCrashed):
        php._asked("<?php\n", Options())
    assert php.examine([Snippet("<?php $x = 1;\n")], Options()) == []


def php_that_stays() -> Php:
    compiled("php", "<?php\n")
    php = Php()
    return php if php._stays else pytest.skip("this PHP has no FFI, or no pcntl")


def php_that_starts() -> Php:
    php = Php()
    php._stays = False
    return php
