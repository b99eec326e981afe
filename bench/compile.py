"""Files a second of the compile check, against one compiler process for each file.

    python bench/compile.py [--files 30] [--cells 60] [LANGUAGE ...]

"one process" is what a script does: the compiler, started anew, outside any sandbox. "alone" is the compiler of the
check asked for one file after the other, "eight" the same with eight threads asking; both inside the sandbox. The
first file of each is not counted.

"a run" is a whole run of pytest with so many cells on scripted answers, without its start: of the processor time of
a run with one cell more, that of a run with one cell is taken off, the lesser of two. It is held against the
processor time of one process a file, measured before and behind it; elsewhere than on Linux it is left out. Both
sides start the compiler itself, not a proxy of pyenv or rustup that looks for it.
"""

from __future__ import annotations

import argparse
import atexit
import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
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
KOTLIN = """class Main {
    private val items = sortedMapOf<String, Int>()

    fun add(key: String) = items.merge(key, 1, Int::plus)

    fun keys() = items.filterValues { it > NUMBER }.keys.toList()
}

fun main() {
    val main = Main()
    "a b a".split(" ").forEach { main.add(it) }
    println(main.keys())
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
    "kotlin": (KOTLIN, "main.kt", ["KOTLINC", "-d", "out", "main.kt"]),
    "python": (PYTHON, "main.py", ["python3", "-m", "py_compile", "main.py"]),
    "javascript": (JAVASCRIPT, "main.js", ["node", "--check", "main.js"]),
    "typescript": (TYPESCRIPT, "main.ts", ["TSC", "--noEmit", "--target", "es2022", "main.ts"]),
    "c": (C, "main.c", ["gcc", "-Wall", "-c", "main.c"]),
    "cpp": (CPP, "main.cpp", ["g++", "-Wall", "-c", "main.cpp"]),
    "rust": (RUST, "main.rs", ["rustc", "--edition", "2021", "-o", "out", "main.rs"]),
    "php": (
        "<?php\n"
        + JAVASCRIPT.replace("(x) => x *", "fn($x) => $x *")
        .replace("a.map", "array_map")
        .replace("(a, b =", "($a, $b =")
        .replace("* b +", "* $b +"),
        "main.php",
        ["php", "-n", "-l", "main.php"],
    ),
    "ruby": (
        "".join(f"def f{n}(a, b = NUMBER)\n  a.map {{ |x| x * b + {n} }}\nend\n\n" for n in range(20)),
        "main.rb",
        ["ruby", "-c", "main.rb"],
    ),
    "shell": (SHELL, "main.sh", ["sh", "-c", "bash -n main.sh && shellcheck -s bash main.sh"]),
}


BARE = 8  # processes before the run, and as many behind it


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("languages", nargs="*", metavar="LANGUAGE", default=list(LANGUAGES))
    parser.add_argument("--files", type=int, default=30)
    parser.add_argument("--cells", type=int, default=60)
    given = parser.parse_args()
    if sys.platform.startswith("linux"):
        group()  # before any compiler starts, so that all are in it
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
        if sys.platform.startswith("linux"):
            print(whole(language, given.cells), flush=True)


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


def whole(language: str, cells: int) -> str:
    """Milliseconds of processor time a cell of a whole run, and those of one process for its file."""
    program, name, argv = LANGUAGES[language]
    texts = [program.replace("NUMBER", str(number)) for number in range(cells + 1)]

    def bare() -> float:
        with tempfile.TemporaryDirectory() as folder:
            return processor_time(lambda: [script(argv, Path(folder), name, text) for text in texts[:BARE]]) / BARE

    before, one = bare(), min(processor_time(lambda: pytest(language, texts[:1])) for _ in range(2))
    run = (processor_time(lambda: pytest(language, texts)) - one) / cells
    alone = (before + bare()) / 2
    return f"{'':<12}a run: {run * 1000:.1f} ms a cell, one process {alone * 1000:.1f} ms: {alone / run:.2f} x"


def pytest(language: str, texts: list[str]) -> None:
    """A run that asks for each text once and compiles it."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        answers = [
            {"match": f"text {number}!", "text": f"```{language}\n{text}```"} for number, text in enumerate(texts)
        ]
        case = {
            "models": ["scripted:answers.yaml"],
            "prompt": "text {{ number }}!",
            "parametrize": [{"number": number} for number in range(len(texts))],
            "checks": [{"compile": language}],
        }
        (root / "pytest.ini").write_text("[pytest]\n")
        (root / "answers.yaml").write_text(json.dumps(answers))
        (root / "case.prompt.yaml").write_text(json.dumps(case))
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True)
        if done.returncode or f"{len(texts)} passed" not in done.stdout:
            raise SystemExit(done.stdout + done.stderr)


def processor_time(work: Callable[[], object]) -> float:
    """Seconds of processor time of this control group: of all that was started, however it ended."""
    before = used()
    work()
    return used() - before


def used() -> float:
    """Version 2 tells it of the group that this process is in, with what else is in there; in version 1 it gets one
    of its own.
    """
    for path in group().glob("cpuacct.usage"):
        return int(path.read_text()) / 1e9
    return int(re.findall(r"usage_usec (\d+)", (group() / "cpu.stat").read_text())[0]) / 1e6


@cache
def group() -> Path:
    root = Path("/sys/fs/cgroup")
    own: dict[str, str] = {}
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        if "cpuacct" in names.split(","):
            made = root / "cpuacct" / path.lstrip("/") / f"bench-{os.getpid()}"
            made.mkdir()
            atexit.register(emptied, made)
            atexit.register((made.parent / "cgroup.procs").write_text, "0")
            (made / "cgroup.procs").write_text("0")
            return made
        own[names] = path
    return root / own[""].lstrip("/")


@cache
def itself(program: str) -> str:
    """The compiler itself, where the one on the PATH is a proxy."""
    if program == "rustc":
        return str(toolchain("rust").path)
    return sys.executable if program == "python3" else program


def emptied(group: Path) -> None:
    """Removed, once the last of its processes is gone."""
    for _ in range(100):
        with contextlib.suppress(OSError):
            group.rmdir()
            return
        time.sleep(0.05)


def script(argv: list[str], folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)
    argv = [itself(argv[0]), *argv[1:]]
    if argv[0] == "TSC":
        argv = ["node", str(toolchain("typescript").package() / "bin" / "tsc"), *argv[1:]]  # type: ignore[attr-defined]
    if argv[0] == "KOTLINC":
        jars = toolchain("kotlin").folder  # type: ignore[attr-defined]
        library = [str(jar) for jar in jars.glob("kotlin-stdlib*.jar")]
        compiler = ["-cp", f"{jars}/*", "org.jetbrains.kotlin.cli.jvm.K2JVMCompiler"]
        argv = ["java", *compiler, "-no-stdlib", "-no-reflect", "-cp", *library, *argv[1:]]
    subprocess.run(argv, cwd=folder, check=True, capture_output=True)


if __name__ == "__main__":
    main()
