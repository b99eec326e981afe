"""Hostile answers made from seeds: what a model, or somebody through it, might send to break a judge.

`inputs(language, seed)` gives a text; the same seed gives the same text. GOOD_AND_BAD has for every language a
program that is right and one that is wrong, with the line of its error: their verdicts are the same after any text.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

GOOD_AND_BAD: Mapping[str, tuple[str, str, int]] = {
    "c": ("int add(int a, int b) { return a + b; }\n", "int main(void) {\n  return nope;\n}\n", 2),
    "cpp": ("#include <vector>\nint main() { std::vector<int> v; }\n", "int main() {\n  return nope;\n}\n", 2),
    "csharp": ("class A { int F() { return 1; } }\n", 'class A {\n  int F() { return "x"; }\n}\n', 2),
    "go": ("package main\n\nfunc main() { println(1) }\n", "package main\n\nfunc main() {\n\tnope()\n}\n", 4),
    "java": ("class A { int f() { return 1; } }\n", 'class A {\n  int f() { return "x"; }\n}\n', 2),
    "javascript": ("const f = (a) => ({ a });\n", "const f = ;\n", 1),
    "kotlin": ("class A { fun f() = 1 }\n", 'class A {\n  fun f(): Int = "x"\n}\n', 2),
    "php": ("<?php\nfunction f(int $a): array { return [$a]; }\n", "<?php\n$x = 1;\n$y = [1;\n", 3),
    "python": ("def f(a):\n    return {a: [a]}\n", "def f(a):\n    return (a\n", 2),
    "ruby": ("def f(a)\n  [a]\nend\n", "x = 1\ndef f(\nend\n", 3),
    "rust": ('fn main() { println!("{}", 1); }\n', 'fn main() {\n  let _x: u32 = "a";\n}\n', 2),
    "shell": ("for x in 1 2; do echo $x; done\n", "echo a\nfi\n", 2),
    "typescript": ("export const x: number = 1;\n", 'export const y = 1;\nexport const x: number = "a";\n', 2),
}
_OPEN = ("(", "[", "{", "([", "{[(", "<", "((", "`${", '"', "'", "/*", "$(", "$((", "<<EOF\n", '"""', "'''", 'r#"')
_WORDS = (
    *(
        "class",
        "if",
        "for",
        "function",
        "return",
        "import",
        "package",
        "struct",
        "fn",
        "def",
        "async",
        "await",
        "yield",
    ),
    *(
        "template<",
        "#define",
        "#include",
        "#pragma",
        "//line x:1\n",
        "/*line y:1:1*/",
        "// @ts-ignore\n",
        '#line 9 "z"\n',
    ),
    *(
        "=>",
        "::",
        "->",
        "...",
        ";",
        ",",
        "=",
        "+",
        "-",
        "!",
        "@",
        "#",
        "\\",
        "\\\n",
        "0x",
        "1e9",
        "${",
        "}",
        ")",
        "]",
        ">",
    ),
)
_SIGNS = "\x00\x01\x1b\x7f\u2028\u200f\ufeff\ud800\U0001f600é\t\r"


def _nested(rng: random.Random) -> str:
    opening = rng.choice(_OPEN)
    return rng.choice(("", "x = ", "let x = ", "int x = ", "return ")) + opening * rng.choice(
        (60, 700, 6000, 60_000 // len(opening))
    )


def _soup(rng: random.Random) -> str:
    return " ".join(rng.choice(_WORDS) for _ in range(rng.choice((20, 300, 4000))))


def _signs(rng: random.Random) -> str:
    return "".join(rng.choice(_SIGNS + "abc(){};\n") for _ in range(rng.choice((10, 500, 20_000))))


def _long(rng: random.Random) -> str:
    piece = rng.choice(('\\"', " ", "\n", "\t\n", "a", "-", "!", "a.", "a,", "1+", "//\n", "/", "*", "\\\n", "é"))
    return rng.choice(("", '"', "'", "// ", "/* ", "x = ", "return")) + piece * rng.choice(
        (500, 8000, 60_000 // len(piece))
    )


def _torn(rng: random.Random) -> str:
    """A good program with something in the middle of it."""
    good = rng.choice([text for text, _, _ in GOOD_AND_BAD.values()])
    at = rng.randrange(len(good))
    return good[:at] + rng.choice((_soup, _signs, _nested))(rng) + good[rng.randrange(len(good)) :]


def _many(rng: random.Random) -> str:
    line = rng.choice(
        (
            "x y;\n",
            "#warning x\n",
            "let a = 1;\n",
            "def f(): pass\n",
            "import a\n",
            "int i;\n",
            "var x = y\n",
            "fi\n",
        )
    )
    return line * rng.choice((50, 1000, 5000))


_KINDS: tuple[Callable[[random.Random], str], ...] = (_nested, _soup, _signs, _long, _torn, _many)


def inputs(language: str, seed: int) -> str:
    """A hostile text for a language; most of the kinds mean something in any of them."""
    rng = random.Random(f"{language} {seed}")
    return _KINDS[seed % len(_KINDS)](rng)
