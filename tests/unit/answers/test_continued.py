"""Types, prototypes and definitions of C and C++, steps of C#, each a block of its own: which are one program."""

from __future__ import annotations

import pytest

from pytest_llm.answers.extract import extract

NODE = "typedef struct Node {\n    int v;\n    struct Node *next;\n} Node;\n"
TOLD = "Node *push(Node *h, int v);\nvoid show(const Node *h);\n"
PUSH = (
    "Node *push(Node *h, int v) {\n    h->v = v;\n    return h;\n}\n\nvoid show(const Node *h) {\n    h = 0;\n}\n"
)
MAIN = "#include <stdio.h>\n\nint main(void) {\n    Node n = {1, NULL};\n    show(push(&n, 2));\n}\n"
POINT = "typedef struct {\n    double x;\n} Point;\n"
X_OF = "double x_of(const Point *p) {\n    return p->x;\n}\n"
FORWARD = "struct stack;\nvoid put(struct stack *s, int v);\n"
STACK = "struct stack {\n    int top;\n};\n"
PUT = "void put(struct stack *s, int v) {\n    s->top = v;\n}\n"
MADE = "struct stack *make(void) {\n    static struct stack one;\n    return &one;\n}\n"
MACROS = "#define MAX 10\n\ntypedef int (*order)(int, int);\n"
ROOM = "struct room {\n    int seats[MAX];\n    order by;\n};\n"
CLASS = "class Box {\n    int v;\npublic:\n    Box(int v);\n    int get() const;\n};\n"
MEMBERS = "Box::Box(int v) : v(v) {}\n\nint Box::get() const {\n    return v;\n}\n"
PLUS = "Box operator+(const Box& a, const Box& b) {\n    return Box(a.get() + b.get());\n}\n"

ONE = {
    "types, prototypes, definitions, main": [NODE, TOLD, PUSH, MAIN],
    "types, prototypes, main, definitions": [NODE, TOLD, MAIN, PUSH],
    "types, definitions": [NODE, PUSH],
    "a type without a tag": [POINT, X_OF],
    "what is announced": [FORWARD, STACK, PUT],
    "an alias before its type": [
        "typedef struct stack stack;\nvoid put(stack *s);\n",
        STACK,
        "void put(stack *s) {}\n",
    ],
    "what returns a type": [STACK, MADE],
    "macros and pointers to functions": [MACROS, ROOM],
    "members outside of their class": ["class Box;\n\nclass Shelf {\n    Box* box;\n};\n", CLASS, MEMBERS],
    "operators": [CLASS, MEMBERS, PLUS],
}
APART = {  # which of them is the answer
    "the order is wrong": ([MAIN, PUSH, NODE], PUSH),
    "each defines it": ([NODE + TOLD, NODE + PUSH], NODE + PUSH),
    "only an example": ([NODE + PUSH, "show(push(NULL, 1));\n"], NODE + PUSH),
}


def taken(codes: list[str], label: str) -> str:
    block = extract("Then:\n\n".join(f"```{label}\n{code}```\n" for code in codes)).code("cpp")
    return block.text if block else ""


@pytest.mark.parametrize("name", ONE)
def test_blocks_that_are_one_program(name: str) -> None:
    assert taken(ONE[name], "cpp") == "".join(ONE[name])


@pytest.mark.parametrize("name", APART)
def test_blocks_that_are_none(name: str) -> None:
    codes, wanted = APART[name]
    assert taken(codes, "cpp") == wanted


READ = "using System.Text;\n\nvar name = Console.ReadLine();\n"
BUILD = "var sb = new StringBuilder();\nsb.Append(name);\n"
WRITE = "Console.WriteLine(sb.ToString());\n"
SQUARE = "int Square(int x) => x * x;\n"
CUBE = "int Cube(int x)\n{\n    return x * Square(x);\n}\n"
COUNT = "using System;\n\npublic record Count(int N);\n"
TALLY = "using System;\n\npublic class Tally\n{\n    private Count c = new Count(1);\n}\n"

STEPS = [
    ([READ, BUILD, WRITE], READ + BUILD + WRITE),
    (["var xs = new[] { 1, 2 };\n", "foreach (var x in xs)\n{\n    Console.WriteLine(x);\n}\n"], None),
    ([SQUARE, CUBE], None),
    ([SQUARE, "Console.WriteLine(Square(3));\n" * 3], SQUARE),
    ([COUNT, TALLY], COUNT + TALLY.removeprefix("using System;\n")),
    ([COUNT, TALLY.replace("System", "Own.Parts")], TALLY.replace("System", "Own.Parts")),
    ([READ, READ.replace("name", "other")], READ.replace("name", "other")),
]


@pytest.mark.parametrize(("codes", "wanted"), STEPS)
def test_steps_of_csharp(codes: list[str], wanted: str | None) -> None:
    block = extract("Then:\n\n".join(f"```csharp\n{code}```\n" for code in codes)).code("csharp")
    assert block is not None
    expected = "".join(codes) if wanted is None else wanted
    assert [line for line in block.text.split("\n") if line] == [line for line in expected.split("\n") if line]
