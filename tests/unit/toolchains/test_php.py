from __future__ import annotations

import pytest

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
