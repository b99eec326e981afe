from __future__ import annotations

import pytest

from pytest_llm.answers.extract import extract
from pytest_llm.answers.guessing import guessed, is_code
from pytest_llm.answers.languages import normalise_language

LABELS = {
    "python": "python3.11 python3 py3 python2.7 py3.12 Python-3.11 python@3",
    "cpp": "c++17 c++2b gnu++20 cpp20 C++23 c++1z",
    "c": "c99 c11 gnu17 c2x",
    "javascript": "es2022 es6 node20 node-20 node@20.1 js",
    "typescript": "typescript5 ts5.4",
    "java": "java21 java-17 jdk21",
    "csharp": "c# C#12 c#-12 cs csharp csharp12 csx",
    "go": "go1.22 golang",
    "rust": "rust2021 rust1.80",
    "shell": "bash5 zsh",
    "json5": "json5",
    "html": "html5",
    "quux16": "quux16",
}


@pytest.mark.parametrize(
    ("label", "language"), [(one, name) for name, text in LABELS.items() for one in text.split()]
)
def test_a_version_in_a_label(label: str, language: str) -> None:
    assert normalise_language(label) == language


TEXTS = {
    "python": [
        "def  area(r):\n    return 3.14 * r * r\n",
        "\n  def area(r):\n      return r\n",
        "for i in range(3):\n    print(i)\n",
        "class A:\n    pass\n",
        "x = [n * n for n in range(10)]\n",
    ],
    "javascript": [
        "class Counter {\n  constructor() { this.n = 0; }\n  up() { this.n += 1; }\n}\n",
        " const f = (a) => a + 1;\n",
        "fetch('/x').then((r) => r.json());\n",
        "export default { name: 'a' };\n",
    ],
    "typescript": [
        "const f = (a: number): string => String(a);\n",
        "class A {\n  private x: number = 1;\n  get(): number { return this.x; }\n}\n",
        "let xs: Array<string> = [];\nfor (const x of xs) { console.log(x.length as number); }\n",
    ],
    "go": ["func add(a, b int) int {\n\treturn a + b\n}\n", "x := 1\nfmt.Println(x)\n"],
    "rust": ["fn add(a: i32) -> i32 { a + 1 }\n", 'let v: Vec<i32> = vec![1, 2];\nprintln!("{:?}", v);\n'],
    "java": [
        "public int add(int a, int b) {\n  return a + b;\n}\n",
        "List<String> xs = new ArrayList<>();\nfor (String x : xs) { System.out.println(x); }\n",
    ],
    "csharp": [
        'public int Add(int a, int b)\n{\n    string s = $"{a}";\n    return a + b;\n}\n',
        "var xs = new List<string>();\nforeach (var x in xs) { Console.WriteLine(x); }\n",
        "using System;\n\nclass A { public int X { get; set; } }\n",
        "public record Point(int X, int Y)\n{\n    public int Sum => X + Y;\n}\n",
        'var name = args.Length > 0 ? args[0] : "you";\nConsole.WriteLine($"Hello, {name}!");\n',
        "public static async Task<int> F(string path) => (await File.ReadAllTextAsync(path)).Length;\n",
    ],
    "c": ["int add(int a, int b) { return a + b; }\n", 'printf("%d\\n", 1);\n'],
    "cpp": ["std::vector<int> v;\nv.push_back(1);\n", "template <class T> T twice(T x) { return x + x; }\n"],
    "shell": ['for f in *.txt; do\n  echo "$f"\ndone\n', "ls -l | sort -n > out.txt\n"],
}


@pytest.mark.parametrize(("text", "language"), [(text, name) for name, texts in TEXTS.items() for text in texts])
def test_the_language_of_an_unlabelled_fence(text: str, language: str) -> None:
    assert guessed(text) == language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("int add(int a, int b) { return a + b; }", "c"),
        ("public int add(int a, int b) {\n  return a + b;\n}", "java"),
        ("git pull\nmake test", "shell"),
        ("x=1\necho $x", "shell"),
        ("if [ -f a ]; then rm a; fi", "shell"),
        ("let total = 0;\ntotal += 1;", "javascript"),
        ("import os", "python"),
        ("print('hi')", "python"),
        ("func main() {", "go"),
    ],
)
def test_an_answer_without_a_fence_is_code_where_the_check_names_the_language(text: str, language: str) -> None:
    assert is_code(text, language)
    block = extract(text).code(language)
    assert block is not None
    assert (block.text.strip(), block.fenced, block.line) == (text, False, 1)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Sorry", "python"),
        ("Sorry", "javascript"),
        ("I am sorry, I can not do that.", "shell"),
        ("Sorry", "shell"),
        ("No, that is not possible", "shell"),
        ("Answer: yes", "javascript"),
        ("The function is easy to write. It takes two numbers.\nIt returns their sum.", "go"),
        ("", "python"),
        ("SELECT 1", "sql"),
    ],
)
def test_prose_is_no_code_in_any_language(text: str, language: str) -> None:
    assert not is_code(text, language)
    assert extract(text).code(language) is None


def test_beside_a_fence_the_text_is_no_code() -> None:
    assert extract("x = 1\n```css\na {}\n```").code("python") is None


MISLABELLED = [  # what is asked for, the only block's label, what stands in it, whether that is the answer
    ("c", "cpp", '#include <stdio.h>\nint main(void) {\n    puts("x");\n}\n', True),
    ("c", "cpp", 'int main(void) {\n    puts("x"\n}\n', True),
    ("c", "cpp", "#include <vector>\nstd::vector<int> v;\n", False),
    ("cpp", "c", "#include <vector>\nstd::vector<int> v;\n", True),
    ("cpp", "c", "#include <vector>\nstd::vector<int> v = ;\n", True),
    ("cpp", "c", "#include <stdio.h>\nint n = 1;\n", False),
    ("javascript", "typescript", "const f = (x) => x + 1;\n", True),
    ("javascript", "typescript", "const f = (x: number) => x + 1;\n", False),
    ("typescript", "javascript", "const f = (x: number) => x + 1;\n", True),
    ("typescript", "javascript", "const f = (x: number) => x + ;\n", True),
    ("typescript", "javascript", "const f = (x) => x + 1;\n", False),
    ("javascript", "python", "const f = (x) => x + 1;\n", True),
    ("javascript", "python", "const f = (x) => x + ;\n", False),
    ("python", "bash", "def f(x):\n    return [x for x in x]\n", True),
    ("python", "bash", "pip install x\n", False),
    ("ruby", "python", "def f(x):\n    return x\n", False),
    ("java", "csharp", "public class A { int x; }\n", False),
]


@pytest.mark.parametrize(("language", "label", "code", "taken"), MISLABELLED)
def test_a_wrong_label(language: str, label: str, code: str, taken: bool) -> None:
    block = extract(f"So:\n\n```{label}\n{code}```\n").code(language)
    assert (block.text if block else None) == (code if taken else None)
    right = extract(f"```{label}\n{code}```\n```{language}\nx\n```\n").code(language)
    assert right is not None
    assert right.text == "x\n"
