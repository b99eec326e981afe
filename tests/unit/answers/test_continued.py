"""Types, prototypes and definitions of C and C++, each in a block of its own: which of them are one program."""

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
