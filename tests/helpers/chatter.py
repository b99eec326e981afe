"""Answers without a fence as models write them: code in many languages, and the prose around it.

A form is what stands before, between and after the pieces of code; `{Lang}`, `{tag}` and `{file}` are what
the language is called.
"""
# ruff: noqa: E501 (the programs)

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

Form = tuple[str, str, str]

FORMS: dict[str, Form] = {
    "nothing": ("", "\n\n", "\n"),
    "a sentence": ("Here is the function:\n\n", "\n\n", ""),
    "a sentence right above": ("Here is the {Lang} code:\n", "\n", "\n"),
    "around": (
        "Sure! Here's a simple implementation in {Lang}:\n\n",
        "\n\n",
        "\n\nThis function takes the input and returns the result. It runs in O(n) time.\n",
    ),
    "right below": ("", "\n", "\nThis code does not handle overflow.\n"),
    "hard wrapped": (
        "Certainly. The following program solves the problem by going through the\n"
        "values once, which is the best that can be done here:\n\n",
        "\n\n",
        "\n\nThe loop looks at each value exactly once, so the whole function needs linear\n"
        "time and no further memory. If you want to change that, let me know and I can\nwrite another version.\n",
    ),
    "headings": (
        "## Solution\n\n",
        "\n\n",
        "\n\n### Explanation\n\nThe code is straightforward: it adds the values.\n",
    ),
    "bold": (
        "**Solution:**\n\n",
        "\n\n",
        "\n\n**Explanation:**\n\n* **Input:** the values as they are given.\n* **Output:** what the function makes of them.\n",
    ),
    "list": (
        "Here's how you can do it:\n\n",
        "\n\n",
        "\n\nHow it works:\n\n1. First, we go through all the values.\n2. For each value, we update the total.\n"
        "   - This is done in place.\n3. Finally, return the value.\n",
    ),
    "code words": (
        "In {Lang}, you can use a simple loop; the rest is easy.\n\n",
        "\n\n",
        "\n\n- `return` ends the function\n- import the module first\n- for each item in list: call it\n- use `if` and `else`\n",
    ),
    "tag": ("{tag}\n", "\n\n", "\n"),
    "tag and copy": (
        "Sure, here is the code:\n\n{tag}\nCopy code\n",
        "\n\n",
        "\n\nLet me know if you need anything else!\n",
    ),
    "file name": ("{file}:\n\n", "\n\n", ""),
    "bold file name": ("Create a file with this content:\n\n**{file}**\n\n", "\n\n", "\n\nThat's it!\n"),
    "stray fence": ("", "\n\n", "\n```\n"),
    "stray fence and prose": ("", "\n\n", "\n```\n\nThis program does what you asked for.\n"),
    "output": ("Here is an example:\n\n", "\n\n", "\n\nOutput:\n\n15\n3.5\nHello, World!\n"),
    "bold output": ("", "\n\n", "\n\n**Output:**\n[1, 2, 3]\n"),
    "quoted words": (
        'You asked for "a small program". This is it:\n\n',
        "\n\n",
        "\n\nIt's what we call a \"helper\": it doesn't do anything else.\n",
    ),
    "german": (
        "Hier ist die gewünschte Funktion:\n\n",
        "\n\n",
        "\n\nDie Funktion durchläuft alle Werte und gibt das Ergebnis zurück. Übrigens: sie ist schnell.\n",
    ),
    "french": (
        "Voici une implémentation en {Lang} :\n\n",
        "\n\n",
        "\n\nÀ noter : l'algorithme est linéaire. N'hésitez pas à me poser d'autres questions !\n",
    ),
    "spanish": (
        "¡Claro! Aquí tienes el código:\n\n",
        "\n\n",
        "\n\nEste programa recorre los valores y devuelve el resultado. ¿Necesitas algo más?\n",
    ),
    "chinese": ("当然可以,下面是代码:\n\n", "\n\n", "\n\n这个函数接受输入并返回结果。\n- 时间复杂度是 O(n)。\n"),
    "japanese": ("以下がコードです。\n\n", "\n\n", "\n\nこの関数は値を順番に処理します。\n"),
    "russian": (
        "Вот пример кода:\n\n",
        "\n\n",
        "\n\nЭта функция проходит по всем значениям и возвращает результат.\n",
    ),
    "between": (
        "Let's build it in two steps.\n\nFirst, the basic part:\n\n",
        "\n\nThen, what uses it:\n\n",
        "\n\nTogether they do what was asked.\n",
    ),
    "steps": (
        "### Step 1: The beginning\n\nWe start with this.\n\n",
        "\n\n### Step 2: The rest\n\nNow we go on with the second part:\n\n",
        "\n",
    ),
    "rules": ("Here you go:\n\n---\n\n", "\n\n", "\n\n---\n\nNote: I have not tested it on very large values.\n"),
    "table": ("", "\n\n", "\n\n| Case | Result |\n|------|--------|\n| empty | 0 |\n"),
    "emoji": ("Sure thing! 😊\n\n", "\n\n", "\n\nHope this helps! 🚀\n"),
    "leading blank": (" Here is the code you asked for:\n\n", "\n\n", "\n\nI hope this helps.\n"),
    "compile it": ("", "\n\n", "\n\nTo compile and run it:\n\n$ gcc main.c -o main\n$ ./main\n"),
}


@dataclass(frozen=True)
class Code:
    """A program in one or two pieces, and mutants of it: (what stands there, what stands there instead)."""

    pieces: Sequence[str]
    mutants: Sequence[tuple[str, str]] = ()

    def mutated(self) -> Iterator[Code]:
        for old, new in self.mutants:
            assert any(old in piece for piece in self.pieces), old
            yield Code([piece.replace(old, new, 1) for piece in self.pieces])


@dataclass(frozen=True)
class Spoken:
    """A language as models speak of it, with programs in it."""

    name: str
    tag: str
    file: str
    programs: Sequence[Code]

    def answer(self, form: Form, code: Code) -> tuple[str, list[str]]:
        """An answer, and its lines with all but the code left blank."""
        before, between, after = (part.format(Lang=self.name, tag=self.tag, file=self.file) for part in form)
        blank = ["\n" * part.count("\n") for part in (before, between, after)]
        text = before + between.join(piece.strip("\n") for piece in code.pieces) + after
        left = blank[0] + blank[1].join(piece.strip("\n") for piece in code.pieces) + blank[2]
        return text, left.split("\n")


SPOKEN: dict[str, Spoken] = {
    "rust": Spoken(
        "Rust",
        "rust",
        "main.rs",
        [
            Code(
                ["pub fn add(a: i32, b: i32) -> i32 {\n    let total = a + b;\n    total\n}"],
                [
                    ("pub fn", "pub fnn"),
                    ("-> i32 {", "-> i32"),
                    (";\n    total", "\n    total"),
                    ("total\n}", "total\n}}"),
                    ("total\n}", "total\n"),
                ],
            ),
            Code(
                [
                    "/// A point in the plane.\n/// This comment is a sentence.\n#[derive(Debug, Clone)]\npub struct Point {\n"
                    "    pub x: f64,\n    pub y: f64,\n}",
                    "impl Point {\n    /* Distance to\nanother point of the same plane.\n*/\n    pub fn distance(&self, other: &Point) -> f64 {\n"
                    "        ((self.x - other.x).powi(2) + (self.y - other.y).powi(2)).sqrt()\n    }\n}",
                ],
                [
                    ("pub struct", "pub strutc"),
                    ("pub y: f64,\n}", "pub y: f64,\n"),
                    ("powi(2))", "powi(2)"),
                    (".sqrt()", ".sqrt("),
                ],
            ),
            Code(
                [
                    "use std::collections::HashMap;\n\nfn main() {\n    let mut counts: HashMap<&str, usize> = HashMap::new();\n"
                    "    for word in \"the cat and the hat\".split(' ') {\n        *counts.entry(word).or_insert(0) += 1;\n    }\n"
                    '    println!("{:?}", counts);\n}'
                ],
                [
                    ("use std", "us std"),
                    ('hat".', "hat."),
                    ("+= 1;", "+= ;"),
                    ('println!("{:?}", counts);', 'println!("{:?}", counts;'),
                ],
            ),
        ],
    ),
    "go": Spoken(
        "Go",
        "go",
        "main.go",
        [
            Code(
                ["func Add(a, b int) int {\n\treturn a + b\n}"],
                [("func", "fucn"), ("int {", "int "), ("a + b\n}", "a + b\n}\n}"), ("a + b\n}", "a +\n")],
            ),
            Code(
                [
                    "type Stack struct {\n\titems []int\n}",
                    "// Push puts a value on top of the stack.\n// Nothing else is done.\nfunc (s *Stack) Push(v int) {\n\ts.items = append(s.items, v)\n}\n\n"
                    "func (s *Stack) Len() int {\n\treturn len(s.items)\n}",
                ],
                [
                    ("struct {", "struct"),
                    ("append(s.items, v)", "append(s.items, v"),
                    ("return len", "retrun len"),
                    ("items)\n}", "items)\n"),
                ],
            ),
            Code(
                [
                    'package main\n\nimport (\n\t"fmt"\n\t"strings"\n)\n\nconst help = `\nThis is the help text.\nUse it as you like.\n`\n\n'
                    "func main() {\n\tfmt.Println(strings.ToUpper(help))\nLoop:\n\tfor i := 0; i < 3; i++ {\n\t\tif i == 2 {\n\t\t\tbreak Loop\n\t\t}\n\t}\n}"
                ],
                [
                    ("package main", "pakage main"),
                    ('"strings"', '"strings'),
                    ("i++ {", "i++"),
                    ("break Loop\n\t\t}", "break Loop\n\t\t"),
                ],
            ),
        ],
    ),
    "c": Spoken(
        "C",
        "c",
        "main.c",
        [
            Code(
                ["int add(int a, int b) {\n    return a + b;\n}"],
                [("int add", "itn add"), ("a + b;", "a + b"), ("b;\n}", "b;\n}}"), ("b;\n}", "b;\n")],
            ),
            Code(
                [
                    "#include <stdio.h>\n\n/*\nThis program is free software.\nIt comes without any warranty.\n*/\n\ntypedef struct {\n    int x;\n    int y;\n} Point;",
                    'int main(void) {\n    Point p = {1, 2};\n    printf("Point: %d %d\\n", p.x, p.y);\n    return 0;\n}',
                ],
                [
                    ("#include", "#inlcude"),
                    ("} Point;", "} Point"),
                    ('%d\\n"', "%d\\n"),
                    ("return 0;", "retrun 0;"),
                    ("0;\n}", "0;\n"),
                ],
            ),
            Code(
                [
                    "static int factorial(int n)\n{\n    if (n <= 1)\n        return 1;\n    return n * factorial(n - 1);\n}"
                ],
                [("static int", "static intt"), ("(n <= 1)", "(n <= 1"), ("(n - 1);", "(n - 1)")],
            ),
        ],
    ),
    "cpp": Spoken(
        "C++",
        "cpp",
        "main.cpp",
        [
            Code(
                [
                    "#include <vector>\n\nint sum(const std::vector<int>& values) {\n    int total = 0;\n    for (int v : values) {\n        total += v;\n    }\n    return total;\n}"
                ],
                [
                    ("#include <vector>", "#include <vectr>"),
                    ("total = 0;", "total = 0"),
                    ("values) {\n        total", "values {\n        total"),
                    ("return total;\n}", "return total;\n"),
                ],
            ),
            Code(
                [
                    "#include <iostream>\n\nclass Counter {\npublic:\n    void up() { ++n_; }\n    int value() const { return n_; }\n\nprivate:\n    int n_ = 0;\n};",
                    'int main() {\n    Counter c;\n    c.up();\n    std::cout << "Value: " << c.value() << std::endl;\n}',
                ],
                [
                    ("class Counter", "clas Counter"),
                    ("n_ = 0;\n};", "n_ = 0;\n}"),
                    ('"Value: "', '"Value: '),
                    ("c.up();", "c.up(;"),
                ],
            ),
            Code(
                [
                    'template <typename T>\nT largest(T a, T b) {\n    // This is the larger one.\n    return a > b ? a : b;\n}\n\nconst char* text = R"(\nThis is a raw string.\n)";'
                ],
                [("template", "templat"), ("a : b;", "a : ;"), ("b;\n}", "b;\n")],
            ),
        ],
    ),
    "java": Spoken(
        "Java",
        "java",
        "Main.java",
        [
            Code(
                ["public int add(int a, int b) {\n    return a + b;\n}"],
                [("public", "pubic"), ("a + b;", "a + b"), ("b;\n}", "b;\n}}"), ("b;\n}", "b;\n")],
            ),
            Code(
                [
                    "/**\n * A point in the plane. It never changes.\n */\nclass Point {\n    final int x;\n    final int y;\n\n    Point(int x, int y) {\n        this.x = x;\n        this.y = y;\n    }\n}",
                    'class Line {\n    private final Point from = new Point(0, 0);\n\n    String text() {\n        return """\nThis is a line.\n""" + from.x;\n    }\n}',
                ],
                [
                    ("class Point {", "class Point"),
                    ("this.x = x;", "this.x = ;"),
                    ("class Line", "clas Line"),
                    ("from.x;\n    }\n}", "from.x;\n    }\n"),
                ],
            ),
            Code(
                [
                    'import java.util.*;\n\npublic class Main {\n    public static void main(String[] args) {\n        List<String> names = new ArrayList<>();\n        names.add("Ann");\n'
                    "        System.out.println(names);\n    }\n}"
                ],
                [
                    ("import java", "imprt java"),
                    ('"Ann"', '"Ann'),
                    ("println(names);", "println(names;"),
                    ("    }\n}", "    }\n"),
                ],
            ),
        ],
    ),
    "javascript": Spoken(
        "JavaScript",
        "javascript",
        "main.js",
        [
            Code(
                ["function add(a, b) {\n  return a + b;\n}"],
                [("function", "fucntion"), ("b) {", "b) "), ("b;\n}", "b;\n}\n}"), ("b;\n}", "b;\n")],
            ),
            Code(
                [
                    "class Counter {\n  #n = 0;\n  up() {\n    this.#n += 1;\n  }\n}",
                    "const text = `\nThis is a template.\nIt has several lines: ${1 + 1}.\n`;\n\nconst counter = new Counter();\ncounter.up();\nconsole.log(text, counter);",
                ],
                [
                    ("class Counter", "clas Counter"),
                    ("+= 1;", "+= ;"),
                    ("new Counter();", "new Counter(;"),
                    ("${1 + 1}", "${1 + }"),
                ],
            ),
            Code(
                [
                    "const fs = require('fs');\n\n// Read the file. It may be large.\nasync function load(path) {\n  const raw = await fs.promises.readFile(path, 'utf8');\n  return JSON.parse(raw);\n}\n\nmodule.exports = { load };"
                ],
                [
                    ("require('fs')", "require('fs)"),
                    ("async function", "asnc function"),
                    ("JSON.parse(raw);", "JSON.parse(raw;"),
                    ("{ load };", "{ load ;"),
                ],
            ),
        ],
    ),
    "typescript": Spoken(
        "TypeScript",
        "typescript",
        "main.ts",
        [
            Code(
                ["function add(a: number, b: number): number {\n  return a + b;\n}"],
                [("function", "fucntion"), ("number {", "number "), ("b;\n}", "b;\n}\n}"), ("b;\n}", "b;\n")],
            ),
            Code(
                [
                    "interface User {\n  name: string;\n  age?: number;\n}",
                    "export function greet(user: User): string {\n  return `Hello ${user.name}`;\n}",
                ],
                [
                    ("interface User {", "interfac User {"),
                    ("name: string;", "name: ;"),
                    ("`;\n}", ";\n}"),
                    ("user: User)", "user: User"),
                ],
            ),
            Code(
                [
                    "type Pair<A, B> = { first: A; second: B };\n\n/* Swap the two.\nThis makes a new pair.\n*/\nconst swap = <A, B>(p: Pair<A, B>): Pair<B, A> => ({ first: p.second, second: p.first });\n\nconsole.log(swap({ first: 1, second: 'two' }));"
                ],
                [("type Pair", "typ Pair"), ("=> ({", "=> (["), ("'two'", "'two"), ("}));", "});")],
            ),
        ],
    ),
    "python": Spoken(
        "Python",
        "python",
        "main.py",
        [
            Code(
                ["def add(a, b):\n    return a + b"],
                [("def add", "dfe add"), ("b):", "b)"), ("return a", "retrun a"), ("a + b", "a +")],
            ),
            Code(
                [
                    '"""This module holds a stack.\n\nIt is a simple one. The top is the last item.\n"""\n\nclass Stack:\n    """A stack."""\n\n    def __init__(self):\n        self.items = []',
                    "stack = Stack()\nstack.items.append(1)\nprint(stack.items)",
                ],
                [
                    ("class Stack:", "clas Stack:"),
                    ("self):", "self:"),
                    ("append(1)", "append(1"),
                    ("self.items = []", "self.items = ["),
                ],
            ),
            Code(
                [
                    "# This script counts words.\n# It reads a text.\nimport sys\nfrom collections import Counter\n\ndef main():\n    for word, n in Counter(sys.stdin.read().split()).most_common(10):\n"
                    '        print(f"{word}: {n}")\n\n\nif __name__ == "__main__":\n    main()'
                ],
                [
                    ("import sys", "improt sys"),
                    ("most_common(10):", "most_common(10)"),
                    ('{n}")', "{n})"),
                    ('if __name__ == "__main__":', 'If __name__ == "__main__":'),
                ],
            ),
        ],
    ),
    "ruby": Spoken(
        "Ruby",
        "ruby",
        "main.rb",
        [
            Code(
                ["def add(a, b)\n  a + b\nend"],
                [
                    ("def add(a, b)", "def add(a, b"),
                    ("a + b\n", "a + \n"),
                    ("b\nend", "b\n"),
                    ("b\nend", "b\nend\nend"),
                ],
            ),
            Code(
                [
                    "class Stack\n  def initialize\n    @items = []\n  end\n\n  def push(item)\n    @items.push(item)\n  end\nend",
                    "stack = Stack.new\nstack.push(1)\nputs <<~TEXT\nThis is a text.\nIt has two lines.\nTEXT\nputs stack.inspect",
                ],
                [
                    ("class Stack", "clas Stack"),
                    ("@items = []", "@items = ["),
                    ("push(item)\n  end\nend", "push(item)\n  end\n"),
                    ("push(1)", "push(1"),
                ],
            ),
            Code(
                [
                    "require 'json'\n\n# Read a file. It may be large.\nmodule Config\n  def self.load(path)\n    JSON.parse(File.read(path))\n  rescue Errno::ENOENT\n    {}\n  end\nend"
                ],
                [
                    ("require 'json'", "require 'json"),
                    ("File.read(path))", "File.read(path)"),
                    ("    {}", "    {"),
                    ("  end\nend", "  end\n"),
                ],
            ),
        ],
    ),
    "php": Spoken(
        "PHP",
        "php",
        "main.php",
        [
            Code(
                ["function add(int $a, int $b): int\n{\n    return $a + $b;\n}"],
                [("function", "fucntion"), ("$a + $b;", "$a + $b"), ("$b;\n}", "$b;\n}}"), ("$b;\n}", "$b;\n")],
            ),
            Code(
                [
                    '<?php\n\nclass Counter\n{\n    private int $n = 0;\n\n    public function up(): void\n    {\n        $this->n++;\n    }\n}\n\n$c = new Counter();\n$c->up();\necho "Done. It works.\\n";'
                ],
                [
                    ("class Counter", "clas Counter"),
                    ("$this->n++;", "$this->n++"),
                    ("new Counter();", "new Counter(;"),
                    ('\\n";', "\\n;"),
                ],
            ),
            Code(
                [
                    "$items = [3, 1, 2];\nsort($items);\n\n/*\nThis prints them all.\n*/\nforeach ($items as $item) {\n    echo $item . PHP_EOL;\n}"
                ],
                [("[3, 1, 2];", "[3, 1, 2;"), ("sort($items);", "sort($items)"), ("PHP_EOL;\n}", "PHP_EOL;\n")],
            ),
        ],
    ),
    "shell": Spoken(
        "Bash",
        "bash",
        "main.sh",
        [
            Code(
                ['#!/bin/bash\n\nfor f in *.txt; do\n  echo "$f"\ndone'],
                [("txt; do", "txt; "), ('"$f"', '"$f'), ("\ndone", "\n"), ("done", "done\ndone")],
            ),
            Code(
                [
                    "#!/usr/bin/env bash\nset -euo pipefail\n\nusage() {\n  cat <<EOF\nThis script makes a backup.\nUse it with care.\nEOF\n}",
                    'if [ $# -lt 1 ]; then\n  usage\n  exit 1\nfi\n\ntar -czf "backup.tar.gz" "$1"',
                ],
                [("usage() {", "usage() "), ("]; then", "]; "), ("exit 1\nfi", "exit 1\n"), ('"$1"', '"$1')],
            ),
            Code(
                ['count=0\nwhile read -r line; do\n  count=$((count + 1))\ndone < input.txt\necho "Lines: $count"'],
                [("line; do", "line; "), ("count + 1))", "count + 1)"), ('$count"', "$count")],
            ),
        ],
    ),
    "csharp": Spoken(
        "C#",
        "csharp",
        "Program.cs",
        [
            Code(
                ["public static int Add(int a, int b)\n{\n    return a + b;\n}"],
                [("static int", "sttic int"), ("int b)", "int b"), ("b;\n}", "b;\n}}"), ("b;\n}", "b;\n")],
            ),
            Code(
                [
                    "using System;\nusing System.Collections.Generic;",
                    'class Program\n{\n    // Say hello. It is short.\n    static void Main()\n    {\n        var names = new List<string> { "Ann", "Bob" };\n        foreach (var name in names)\n        {\n            Console.WriteLine("Hello, " + name + "!");\n        }\n    }\n}',
                ],
                [
                    ("WriteLine(", "WriteLin("),
                    ("in names)", "in name)"),
                    ("new List<string>", "new List<strin>"),
                    ("    }\n}", "    }\n"),
                ],
            ),
            Code(
                ['var text = @"\nThis is a raw string.\n";\nConsole.WriteLine(text.Trim());'],
                [("text.Trim());", "text.Trim();"), ("var text =", "var text")],
            ),
        ],
    ),
    "kotlin": Spoken(
        "Kotlin",
        "kotlin",
        "Main.kt",
        [
            Code(
                ["fun add(a: Int, b: Int): Int {\n    return a + b\n}"],
                [("fun add", "fnu add"), ("Int {", "Int "), ("a + b\n}", "a + b\n}}"), ("a + b\n}", "a + b\n")],
            ),
            Code(
                [
                    "data class Point(val x: Int, val y: Int)",
                    'fun main() {\n    val p = Point(1, 2)\n    val text = """\nThis is a raw string.\n"""\n    println(text + p)\n}',
                ],
                [
                    ("data class", "data clas"),
                    ("println(text + p)", "println(text + p"),
                    ("Point(1, 2)", "Point(1, )"),
                ],
            ),
            Code(
                [
                    '// Say hello. It is short.\nfun greet(name: String) = "Hello, $name!"\n\nfun main() {\n    for (n in listOf("Ann", "Bob")) {\n        println(greet(n))\n    }\n}'
                ],
                [('$name!"', "$name!"), ('"Bob"))', '"Bob")'), ("greet(n))", "greet(n)"), ("    }\n}", "    }\n")],
            ),
        ],
    ),
}
