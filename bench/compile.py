"""Files a second of the compile check, against one compiler process for each file.

    python bench/compile.py [--files 30] [LANGUAGE ...]

"one process" is what a script does: the compiler, started anew, outside any sandbox. "alone" is the compiler of the
check asked for one file after the other, "eight" the same with eight threads asking; both inside the sandbox. The
first file of each is not counted.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pytest_llm.errors import Unsupported
from pytest_llm.toolchains import toolchain
from pytest_llm.toolchains.base import Options, Snippet

GO = """package main

import (
	"fmt"
	"sort"
	"strings"
	"sync"
)

type Cache struct {
	mu    sync.Mutex
	items map[string]int
}

func (c *Cache) Add(key string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.items[key]++
	return c.items[key]
}

func main() {
	c := &Cache{items: map[string]int{}}
	for _, word := range strings.Fields("a b a NUMBER") {
		c.Add(word)
	}
	keys := make([]string, 0, len(c.items))
	for key := range c.items {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	fmt.Println(keys)
}
"""
JAVA = """import java.util.*;
import java.util.stream.*;

public class Main {
    private final Map<String, Integer> items = new TreeMap<>();

    int add(String key) {
        return items.merge(key, 1, Integer::sum);
    }

    List<String> keys() {
        return items.entrySet().stream().filter(e -> e.getValue() > NUMBER).map(Map.Entry::getKey)
            .collect(Collectors.toList());
    }

    public static void main(String[] args) {
        Main main = new Main();
        for (String word : "a b a".split(" ")) {
            main.add(word);
        }
        System.out.println(main.keys());
    }
}
"""
PYTHON = "".join(f"def f{n}(a, b=NUMBER):\n    return [x * b for x in a if x > {n}]\n\n\n" for n in range(20))
JAVASCRIPT = "".join(
    f"function f{n}(a, b = NUMBER) {{\n  return a.map((x) => x * b + {n});\n}}\n\n" for n in range(20)
)
TYPESCRIPT = "".join(
    f"export function f{n}(a: number[], b = NUMBER): number[] {{\n  return a.map((x) => x * b + {n});\n}}\n\n"
    for n in range(20)
)
C = """#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void) {
    printf("%d\\n", NUMBER);
}
"""
CPP = """#include <iostream>
#include <vector>

int main() {
    std::vector<int> v{NUMBER};
    std::cout << v[0];
}
"""
RUST = """use std::collections::HashMap;

fn main() {
    let m = HashMap::from([(1, NUMBER)]);
    println!("{m:?}");
}
"""
SHELL = 'f() {\n  local x="$1"\n  echo "$x" NUMBER\n}\nf a\n'

# The program, the file it is in, and what a script would run for it.
LANGUAGES: dict[str, tuple[str, str, list[str]]] = {
    "go": (GO, "main.go", ["go", "build", "-o", "out", "main.go"]),
    "java": (JAVA, "Main.java", ["javac", "-Xlint", "-d", "out", "Main.java"]),
    "python": (PYTHON, "main.py", ["python3", "-m", "py_compile", "main.py"]),
    "javascript": (JAVASCRIPT, "main.js", ["node", "--check", "main.js"]),
    "typescript": (TYPESCRIPT, "main.ts", ["TSC", "--noEmit", "--target", "es2022", "main.ts"]),
    "c": (C, "main.c", ["gcc", "-Wall", "-c", "main.c"]),
    "cpp": (CPP, "main.cpp", ["g++", "-Wall", "-c", "main.cpp"]),
    "rust": (RUST, "main.rs", ["rustc", "--edition", "2021", "-o", "out", "main.rs"]),
    "shell": (SHELL, "main.sh", ["sh", "-c", "bash -n main.sh && shellcheck -s bash main.sh"]),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("languages", nargs="*", metavar="LANGUAGE", default=list(LANGUAGES))
    parser.add_argument("--files", type=int, default=30)
    given = parser.parse_args()
    print(
        f"{'language':<12}{'one process':>14}{'alone':>10}{'eight':>10}   files a second{'alone':>12}{'eight':>9}"
    )
    for language in given.languages:
        try:
            row = measured(language, given.files)
        except Unsupported as reason:
            print(f"{language:<12}{reason}")
            continue
        once, alone, eight = row
        ratios = f"{alone / once:>10.1f} x{eight / once:>7.1f} x"
        print(f"{language:<12}{once:>14.1f}{alone:>10.1f}{eight:>10.1f}{'':<17}{ratios}", flush=True)


def measured(language: str, files: int) -> tuple[float, float, float]:
    """Files a second: one process a file, our check one by one, our check with eight asking."""
    program, name, argv = LANGUAGES[language]
    tool = toolchain(language)
    tool.find()
    texts = [program.replace("NUMBER", str(number)) for number in range(files + 1)]

    def check(text: str) -> None:
        found = [one for one in tool.check([Snippet(text)], Options(seconds=120)) if one.severity == "error"]
        if found:
            raise SystemExit(f"{language}: {found}")

    def eight(texts: Iterable[str]) -> None:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(check, texts))

    with tempfile.TemporaryDirectory() as folder:
        once = rate(lambda texts: [script(argv, Path(folder), name, text) for text in texts], texts)
    alone = rate(lambda texts: [check(text) for text in texts], texts)
    eight(texts[:8])
    return once, alone, rate(eight, texts)


def rate(work: Callable[[list[str]], object], texts: list[str]) -> float:
    """Files a second, the first one not counted."""
    work(texts[:1])
    started = time.perf_counter()
    work(texts[1:])
    return (len(texts) - 1) / (time.perf_counter() - started)


def script(argv: list[str], folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)
    if argv[0] == "TSC":
        argv = ["node", str(toolchain("typescript").package() / "bin" / "tsc"), *argv[1:]]  # type: ignore[attr-defined]
    subprocess.run(argv, cwd=folder, check=True, capture_output=True)


if __name__ == "__main__":
    main()
