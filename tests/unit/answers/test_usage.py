"""An example of how to use the code is no answer instead of it, whatever its length and wherever it stands."""

from __future__ import annotations

import pytest

from pytest_llm.answers.blocks import CodeBlock
from pytest_llm.answers.extract import extract

USAGE = {  # what is asked for, and a longer block that only uses it
    "c": ("int add(int a, int b) {\n    return a + b;\n}\n", 'printf("%d", add(1, 2));\n' * 4),
    "csharp": ("static int Add(int a, int b)\n{\n    return a + b;\n}\n", "Console.WriteLine(Add(1, 2));\n" * 4),
    "go": (
        "package calc\n\nfunc Add(a, b int) int {\n\treturn a + b\n}\n",
        'package main\n\nimport "calc"\n\nfunc main() {\n' + "\tprintln(calc.Add(1, 2))\n" * 4 + "}\n",
    ),
    "java": (
        "class Calc {\n    static int add(int a, int b) { return a + b; }\n}\n",
        "int r = Calc.add(1, 2);\n" * 6,
    ),
    "javascript": ("const add = (a, b) => a + b;\n", "console.log(add(1, 2));\n" * 4),
    "kotlin": ("fun <T> Pair<T, T>.both(): List<T> = listOf(first, second)\n", "println((1 to 2).both())\n" * 4),
    "php": ("<?php\nfunction add($a, $b) {\n    return $a + $b;\n}\n", "<?php\n" + "echo add(1, 2);\n" * 6),
    "python": ("def add(a, b):\n    return a + b\n", "total = add(1, 2)\nprint(total)\n" * 4),
    "ruby": ("def add(a, b)\n  a + b\nend\n", "puts add(1, 2)\n" * 4),
    "rust": ("fn add(a: i32, b: i32) -> i32 {\n    a + b\n}\n", "let r = add(1, 2);\n" * 4),
    "shell": ("add() {\n  echo $(($1 + $2))\n}\n", "add 1 2\n" * 9),
    "typescript": (
        "export function add(a: number, b: number) {\n  return a + b;\n}\n",
        "import { add } from './add';\n\n" + "console.log(add(1, 2));\n" * 4,
    ),
}


def answer(*codes: str, label: str) -> str:
    return "So:\n\n".join(f"```{label}\n{code}```\n" for code in codes)


def text(block: CodeBlock | None) -> str:
    return block.text if block else ""


@pytest.mark.parametrize("language", USAGE)
@pytest.mark.parametrize("labelled", [True, False])
def test_usage_in_any_order(language: str, labelled: bool) -> None:
    code, usage = USAGE[language]
    assert len(usage) > len(code)
    label = language if labelled else ""
    for codes in ((code, usage), (usage, code), (usage, code, usage)):
        assert text(extract(answer(*codes, label=label)).code(language)) == code


@pytest.mark.parametrize(
    ("label", "codes", "wanted"),
    [
        # what it defines itself, or binds, it does not use
        ("python", ["area = 3 * 2\nprint(area, 'is the area')\n" * 3, "def area(r):\n    return r\n"], 0),
        (
            "python",
            ["def add(a, b):\n    return a\n", "class Sum:\n    total = add(1, 2)\n    other = add(3, 4)\n"],
            -1,
        ),
        ("python", ["print('nothing of the other one')\n" * 3, "def f():\n    return 1\n"], 0),
        # a comment uses nothing
        ("python", ["# area of it\nw = 3\nprint(w, w)\nprint(w * w)\n", "def area(r):\n    return r\n"], 0),
        ("go", ["func run() {\n}\n", "package main\n\nfunc main() {  // run it\n\tprintln(1)\n}\n"], 1),
        ("javascript", ["/**\n * to sort it\n */\nxs = [3, 2];\nxs.shift();\n", "function sort(x) {\n}\n"], 0),
        ("javascript", ["print(1);  // to sort it\nprint(2);\nprint(3);\n", "function sort(x) {\n}\n"], 0),
        ("bash", ["# backup of it\ncd /tmp\ntar cf a.tar b  # backup\n", "backup() {\n  ls\n}\n"], 0),
        # where all of them only use something, the longest
        ("python", ["print(f())\n", "print(f(), f())\n"], 1),
        # what begins any program is nobody's
        ("python", ["def main():\n    pass\n", "import app\napp.main()\napp.main()\n"], 1),
        # what says what runs it is the script; all else that defines nothing calls it
        ("bash", ["#!/bin/bash\nls\n", "chmod +x list.sh\n./list.sh --long --all\n"], 0),
        # a query is the answer, not the tables that it is about
        ("sql", ["create table t (a int);\n", "select a from t where a > 1 order by a;\n"], 1),
    ],
)
def test_what_is_no_usage(label: str, codes: list[str], wanted: int) -> None:
    found = extract(answer(*codes, label=label)).code(label)
    assert text(found) == ("".join(codes) if wanted < 0 else codes[wanted])


SORT = {"python": "def sort(xs):\n    return xs\n", "javascript": "function sort(xs) {\n  return xs;\n}\n"}


@pytest.mark.parametrize(
    ("language", "code", "uses"),
    [
        ("python", "nums = [3, 1, 2]\nnums.sort()\nprint(nums)\n", False),
        ("python", "import tools\ntools.sort([3, 1, 2])\nprint(tools)\n", True),
        ("python", "nums = [3, 1, 2]\nprint(sort(nums), nums)\n", True),
        ("javascript", "const nums = [3, 1, 2];\nnums.sort();\nconsole.log(nums);\n", False),
        ("javascript", "const nums = [3, 1, 2];\nnums?.sort();\nconsole.log(nums);\n", False),
        ("javascript", "const tools = require('./tools');\ntools.sort([3, 1, 2]);\n", True),
        ("javascript", "const tools = await import('./tools');\ntools.sort([3, 1]);\n", True),
        ("python", "print(max([[3], [1]], key=lambda xs: xs.sort() or 1))\nprint(list('and so on'))\n", False),
        ("python", "for xs in [[3, 1, 2], [2]]:\n    xs.sort()\n    print(xs)\n", False),
        ("javascript", "[[3, 1, 2]].forEach((xs) => xs.sort());\nconsole.log('sorted');\n", False),
        ("javascript", "[[3, 1, 2]].forEach(xs => xs.sort());\nconsole.log('sorted');\n", False),
    ],
)
def test_a_member_of_what_a_block_binds_is_not_what_another_defines(language: str, code: str, uses: bool) -> None:
    assert len(code) > len(SORT[language])
    for codes in ((code, SORT[language]), (SORT[language], code)):
        found = text(extract(answer(*codes, label=language)).code(language))
        assert found == (SORT[language] if uses else code)


@pytest.mark.parametrize(
    ("language", "aside"),
    [
        ("python", "ab" * 40),
        ("python", "{0: 0, 1: 1, 2: 4, 3: 9, 4: 16, 5: 25, 6: 36, 7: 49}"),
        ("python", "pip install requests numpy pandas matplotlib scipy"),
        ("python", "!pip install requests numpy pandas matplotlib scipy"),
        ("python", "$ python3 add.py 1 2\n$ python3 add.py 3 4\n\n$ python3 add.py 5 6"),
        ("javascript", "[[1, 2], [1, 3], [1, 4], [1, 5], [2, 3], [2, 4], [2, 5]]\n// and so on"),
        ("javascript", "npm install left-pad right-pad center-pad top-pad"),
        ("go", "go mod init example.com/add\ngo get example.com/other\ngo run ."),
        ("c", "The sum is 3 and the difference is 1 and the product is 2 and that is it"),
        ("rust", "cargo add serde\ncargo run --release --quiet"),
        ("csharp", "dotnet new console -n Add\ndotnet run --project Add --configuration Release"),
    ],
)
def test_output_and_commands_with_the_codes_own_label(language: str, aside: str) -> None:
    code = USAGE[language][0]
    for codes in ((code, f"{aside}\n"), (f"{aside}\n", code)):
        assert text(extract(answer(*codes, label=language)).code(language)) == code
    assert text(extract(answer(f"{aside}\n", label=language)).code(language)) == f"{aside}\n"


def test_a_program_of_csharp_that_only_uses_a_type() -> None:
    code, use = "class Add\n{\n    public int Of(int a) => a;\n}\n", "System.Console.Write(new Add().Of(1));"
    program = f"using System;\n\nclass Program\n{{\n    static void Main()\n    {{\n        {use}\n    }}\n}}\n"
    whole = program.replace("using System;\n", f"using System;\n{code}")
    assert text(extract(answer(code, program, label="csharp")).code("csharp")) == whole
    assert text(extract(answer(program, code, label="csharp")).code("csharp")) == program + code


def test_a_later_script_is_a_version_of_an_earlier_one() -> None:
    old, new = "#!/bin/bash\nfor f in $(ls)\ndo\n  echo $f\ndone\n", "#!/usr/bin/env bash\nprintf '%s\\n' *\n"
    assert text(extract(answer(old, new, label="bash")).code("shell")) == new
    named = [f"#!/bin/bash\n# {name}\n{body}" for name, body in (("a.sh", "ls -l | wc\n"), ("b.sh", "ls\n"))]
    assert text(extract(answer(*named, label="bash")).code("shell")) == named[0]


def test_in_c_nothing_stands_below_what_uses_it() -> None:
    point = "struct point {\n    int x;\n};\n"
    main = "int main(void) {\n    struct point p = {1};\n    return p.x * 2 + 1;\n}\n"
    assert text(extract(answer(point, main, label="c")).code("c")) == point + main
    assert text(extract(answer(main, point, label="c")).code("c")) == point
    below = main.replace("int main", '#include <stdio.h>\n#include "point.h"\n\nint main')
    assert text(extract(answer(point, below, label="c")).code("c")) == point


@pytest.mark.parametrize("prototype", ["int add(int a, int b);\n\n", ""])
def test_in_c_what_has_a_prototype_may_be_defined_below(prototype: str) -> None:
    above = f"{prototype}int main(void) {{\n    return add(1, 2);\n}}\n"
    below = "int add(int a, int b) {\n    return a + b;\n}\n"
    found = text(extract(answer(above, below, label="c")).code("c"))
    assert found == (above if prototype else "") + below


IMPORTS, AREA = "import math\n", "def area(r):\n    return math.pi * r ** 2\n"
ROUTE = '@app.route("/")\ndef home():\n    return "It works, and says so."\n'


@pytest.mark.parametrize(
    ("codes", "taken"),
    [
        ([IMPORTS, AREA, "print(area(2))\n"], [0, 1]),
        ([AREA, IMPORTS], [0, 1]),
        (["from flask import Flask\n\napp = Flask(__name__)\n", ROUTE, "app.run()\n"], [0, 1, 2]),
        (["import pandas as pd\ndf = pd.read_csv(p)\n", "df.head()\n", "df.plot(x=1)\n" * 3], [0, 1, 2]),
        ([IMPORTS, "print(math.pi)\n" * 3], [0, 1]),
        (["LIMIT = 3\n", "def f(x):\n    return x < LIMIT\n", "print(f(2), LIMIT)\n"], [0, 1]),
        # two ways to do it, each with its own imports
        ([f"{IMPORTS}\n{AREA}", f"{IMPORTS}\ndef circle(r):\n    return math.tau * r * r / 2\n"], [1]),
        (["x = f(1)\n", "def f(x):\n    return x\n"], [1]),
    ],
)
def test_steps_of_which_some_only_import_or_bind(codes: list[str], taken: list[int]) -> None:
    assert text(extract(answer(*codes, label="python")).code("python")) == "".join(codes[at] for at in taken)


def test_a_variable_with_its_type_behind_its_name() -> None:
    shape = "package shape\n\ntype Shape interface{ Area() float64 }\n"
    square = "type Square struct{}\n\nfunc (Square) Area() float64 { return 1 }\n\nvar _ Shape = Square{}\n"
    assert text(extract(answer(shape, square, label="go")).code("go")) == shape + square


def test_headers_of_the_library_stand_anywhere() -> None:
    point = "struct point {\n    int x;\n};\n"
    main = "#include <stdio.h>\n\nint main(void) {\n    struct point p = {1};\n    return p.x;\n}\n"
    assert text(extract(answer(point, main, label="c")).code("c")) == point + main
    own = main.replace("<stdio.h>", '"point.h"')
    assert text(extract(answer(point, own, label="c")).code("c")) == point


def test_imports_of_rust_stand_anywhere_but_once() -> None:
    point = "pub struct Point {\n    pub x: i32,\n}\n"
    shown = "use std::fmt;\n\nimpl fmt::Display for Point {\n    // shows x\n}\n"
    assert text(extract(answer(point, shown, label="rust")).code("rust")) == point + shown
    twice = f"use std::{{fmt, io}};\n\n{point}"
    assert text(extract(answer(twice, shown, label="rust")).code("rust")) == twice + shown.partition("\n")[2]


def test_a_longer_version_that_breaks_off_replaces_no_whole_one() -> None:
    whole = "def f(x):\n    return x\n"
    cut = "```python\ndef f(x):\n    if not isinstance(x, int):\n        raise TypeError("
    assert text(extract(answer(whole, label="python") + cut).code("python")) == whole


def test_two_public_types_are_one_program_though_two_files() -> None:
    calc = "public class Calc {\n    static int add(int a, int b) { return a + b; }\n}\n"
    use = "class Use {\n    int three = Calc.add(1, 2);\n}\n"
    assert text(extract(answer(calc, use, label="java")).code("java")) == calc + use
    assert text(extract(answer(calc, f"public {use}", label="java")).code("java")) == f"{calc}       {use}"


PROGRAM = "import math\n\ndef area(r):\n    return math.pi * r ** 2\n\nprint(area(2))\n"


def test_a_piece_of_the_program_again_is_no_later_version() -> None:
    piece = "def area(r):\n    return math.pi * r ** 2\n"
    assert text(extract(answer(PROGRAM, piece, label="python")).code("python")) == PROGRAM
    better = piece.replace("math.pi", "3.1")
    assert text(extract(answer(PROGRAM, better, label="python")).code("python")) == better
