# ruff: noqa: E501 (the programs)

from __future__ import annotations

import pytest

from pytest_llm.toolchains import toolchain
from pytest_llm.toolchains.base import Options, Snippet
from tests.helpers.compiling import agrees, compiled, errors

VALID = {
    "type right after a colon": "fn f(words: &[&str], seen:HashMap<String, u32>) -> usize { words.len() + seen.len() }\n",
    "where of several lines": "fn f<T>(x: T) -> T\nwhere\n    T: Clone\n        + Send,\n    T: Sync,\n{\n    x.clone()\n}\n",
    "macro at the top": "thread_local! {\n    static N: Cell<u32> = Cell::new(0);\n}\nfn g() { N.with(|n| n.set(1)); }\n",
    "function and a call of it": 'fn sq(x: i32) -> i32 {\n    x * x\n}\n\nprintln!("{}", sq(4));\n',
    "module used by its name": 'struct P;\n\nimpl fmt::Display for P {\n    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result { f.write_str("p") }\n}\n',
    "use and statements": 'use std::mem;\nlet x = mem::size_of::<u8>();\nprintln!("{}", x);\n',
    "program": 'fn main() {\n    println!("hi");\n}\n',
    "function alone": "pub fn add(a: i32, b: i32) -> i32 {\n    a + b\n}\n",
    "statements alone": 'let mut m = HashMap::new();\nm.insert(1, "a");\nprintln!("{:?}", m);\n',
    "generic": 'use std::fmt::Display;\n\npub fn show<T: Display>(items: &[T]) -> String {\n    items.iter().map(|i| i.to_string()).collect::<Vec<_>>().join(", ")\n}\n',
    "obvious import": "pub struct Cache {\n    items: HashMap<String, Rc<RefCell<u32>>>,\n}\n",
    "trait": "pub trait Shape {\n    fn area(&self) -> f64;\n}\n\npub struct Sq(pub f64);\n\nimpl Shape for Sq {\n    fn area(&self) -> f64 {\n        self.0 * self.0\n    }\n}\n",
    "module": 'mod a {\n    pub fn f() -> u8 { 1 }\n}\n\nfn main() { println!("{}", a::f()); }\n',
    "lifetimes": "pub fn first<'a>(a: &'a str, _b: &str) -> &'a str {\n    let c = 'x';\n    if a.starts_with(c) { a } else { &a[1..] }\n}\n",
    "windows": 'fn main() {\r\n\tlet x = 1;\r\n\tprintln!("{x}");\r\n}\r\n',
    "byte order mark": "\ufefffn main() {}\n",
    "emoji": 'fn main() {\n\t\tlet é = "😀{";\n\t\tprintln!("{}", é);\n}\n',
}

BROKEN = {
    "no use beside another": ("use std::mem;\n\nfn f(m: HashMap<u8, u8>) { mem::drop(m) }\n", "undefined", 3),
    "brace too many": ("fn f() -> i32 {\n    1\n}\n}\nfn g() {}\n", "syntax", 4),
    "missing semicolon": ("fn main() {\n    let x = 5\n    let y = x;\n}\n", "syntax", 2),
    "missing brace": ("fn main() {\n    if true {\n}\n", "syntax", 3),
    "type": ('fn main() {\n    let x: i32 = "a";\n}\n', "type", 2),
    "moved": ('fn main() {\n    let s = String::new();\n    drop(s);\n    println!("{}", s);\n}\n', "type", 4),
    "borrow": ("fn main() {\n    let mut v = vec![1];\n    let f = &v[0];\n    v.push(2);\n    println!(\"{f}\");\n}\n", "type", 4),
    "undefined function": ("fn main() {\n    foo();\n}\n", "undefined", 2),
    "undefined method": ("pub fn f(v: Vec<i32>) -> usize {\n    v.lenn()\n}\n", "undefined", 2),
    "undefined trait": ("struct A;\n\nimpl Displai for A {}\n", "undefined", 3),
    "arguments": ("fn f(a: u8) {}\n\nfn main() { f(1, 2) }\n", "type", 3),
    "match": ("pub fn f(a: Option<u8>) -> u8 {\n    match a {\n        Some(x) => x,\n    }\n}\n", "type", 2),
    "missing crate": ("use rand::Rng;\n\nfn main() { rand::thread_rng().gen::<u8>(); }\n", "missing-dependency", 1),
    "statements alone": ("let x = 1;\nlet y: &str = x;\n", "type", 2),
    "windows": ("fn main() {\r\n\tlet x: u8 = \"a\";\r\n}\r\n", "type", 2),
    "byte order mark": ("\ufefffn main() {\n\ty();\n}\n", "undefined", 2),
}  # fmt: skip

SERDE = """use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    id: u32,
}

#[tokio::main]
async fn main() {
    let item = Item { id: 1 };
    println!("{}", serde_json::to_string(&item).unwrap());
}
"""


@pytest.mark.parametrize("name", VALID)
def test_valid(name: str) -> None:
    assert errors(compiled("rust", VALID[name])) == []


@pytest.mark.parametrize("name", BROKEN)
def test_broken(name: str) -> None:
    text, kind, line = BROKEN[name]
    assert (kind, line) in errors(compiled("rust", text))


def test_eight_at_a_time() -> None:
    agrees("rust", list(VALID.values()), list(BROKEN.values()))


def test_what_follows_from_a_missing_crate_counts_to_it() -> None:
    assert {kind for kind, _ in errors(compiled("rust", SERDE))} == {"missing-dependency"}


def test_a_real_mistake_beside_a_missing_crate() -> None:
    wrong = SERDE.replace("id: 1", 'id: "one"')
    found = errors(compiled("rust", wrong))
    assert [one for one in found if one[0] != "missing-dependency"] == [("type", 11)]


def test_the_edition() -> None:
    text = "pub fn f() {\n    let async = 1;\n    let _ = async;\n}\n"
    assert errors(compiled("rust", text, Options(edition="2015"))) == []
    assert errors(compiled("rust", text, Options(edition="2021"))) != []


def test_several_files() -> None:
    compiled("rust", "")
    main = Snippet("mod util;\n\nfn main() {\n    util::f(1);\n}\n", "src/main.rs")
    util = Snippet("pub fn f(_s: &str) {\n    let x = y;\n}\n", "src/util.rs")
    found = toolchain("rust").check([main, util], Options())
    assert {(one.file, one.kind, one.line) for one in found if one.severity == "error"} == {
        (1, "undefined", 2),
        (0, "type", 4),
    }


TWO_ROOTS = {  # what src/main.rs and src/lib.rs say, and the file and the line of the error
    "the program": ("fn main() { nope() }\n", "pub fn f() -> i32 { 1 }\n", [("src/main.rs", 1)]),
    "the library": ("fn main() {}\n", 'pub fn f() -> i32 { "a" }\n', [("src/lib.rs", 1)]),
    "neither": ("use app::f;\nmod own;\nfn main() { own::g(f()); }\n", "pub fn f() -> i32 { 1 }\n", []),
    "a module of the program": ("mod own;\nfn main() { own::g(1); own::h() }\n", "pub fn f() {}\n", [("src/main.rs", 2)]),
}  # fmt: skip


@pytest.mark.parametrize("name", TWO_ROOTS)
def test_a_program_beside_a_library(name: str) -> None:
    program, library, wrong = TWO_ROOTS[name]
    compiled("rust", "fn main() {}\n")
    files = [
        Snippet(program, "src/main.rs"),
        Snippet(library, "src/lib.rs"),
        Snippet("pub fn g(_: i32) {}\n", "src/own.rs"),
    ]
    found = [one for one in toolchain("rust").check(files, Options()) if one.severity == "error"]
    assert [(files[one.file].name, one.line) for one in found] == wrong
