"""What lies in the repository, or in the environment, and may not run when a compiler is found, asked or used."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from pytest_llm.checks.compile import Compile
from pytest_llm.errors import InputError, Unsupported
from pytest_llm.sandbox import environment, programs
from pytest_llm.sandbox.walls import missing
from pytest_llm.toolchains import languages, toolchain
from pytest_llm.toolchains.base import Options, Snippet, Toolchain
from tests.helpers.compiling import errors

walled = pytest.mark.skipif(bool(missing()), reason=missing() or "-")
TOOLS = (
    "bwrap",
    "sh",
    "gcc",
    "g++",
    "cc1",
    "as",
    "go",
    "node",
    "npm",
    "tsc",
    "javac",
    "java",
    "python3",
    "rustc",
    "bash",
    "sh",
    "bwrap",
)
GOOD = {
    "c": "int main(void) { return 0; }\n",
    "cpp": "int main() {}\n",
    "csharp": "class A {}\n",
    "go": 'package main\n\nimport "fmt"\n\nfunc main() { fmt.Println() }\n',
    "java": "class A {}\n",
    "javascript": "let x = 1;\n",
    "jsx": "export const x = 1;\n",
    "kotlin": "class A\n",
    "php": "<?php $x = 1;\n",
    "python": "x = 1\n",
    "ruby": "x = 1\n",
    "rust": "fn main() {}\n",
    "shell": "echo hi\n",
    "tsx": "export const x = 1;\n",
    "typescript": "export const x: number = 1;\n",
}


def files(trap: Path) -> dict[str, str]:
    """Files of a repository; whichever is heeded runs the trap, or breaks the tool."""
    run = f"require('child_process').execFileSync('{trap}');"
    return {
        "node_modules/typescript/package.json": '{"name": "typescript", "version": "5.0.0"}',
        "node_modules/typescript/lib/typescript.js": run,
        "node_modules/@types/node/index.d.ts": "nonsense (",
        "rust-toolchain.toml": f'[toolchain]\npath = "{trap.parent}/toolchain"\n',
        "rust-toolchain": "none-such\n",
        ".cargo/config.toml": f'[build]\nrustc = "{trap}"\nrustc-wrapper = "{trap}"\n',
        "go.mod": "module x\n\ngo 9.9\n\ntoolchain go9.9.9\n",
        "go.work": "go 9.9\n",
        ".npmrc": f"node-options=--require {trap}.js\nscript-shell={trap}\n",
        "package.json": '{"type": "nonsense"}',
        "tsconfig.json": '{"compilerOptions": {"plugins": [{"name": "./trap"}], "strict": "nonsense"}}',
        ".shellcheckrc": "enable=all\n",
        "sitecustomize.py": f"import os; os.system('{trap}')\n",
        "json.py": f"import os; os.system('{trap}')\n",
        "module-info.java": "nonsense",
    }


def variables(trap: Path) -> dict[str, str]:
    """Variables that make a tool run something, or read another file."""
    return {
        "GOFLAGS": f"-toolexec={trap}",
        "GOENV": str(trap.with_name("go.env")),
        "GOTOOLCHAIN": "go9.9.9",
        "CC": str(trap),
        "JAVA_TOOL_OPTIONS": f"-javaagent:{trap}",
        "_JAVA_OPTIONS": f"-javaagent:{trap}",
        "JDK_JAVAC_OPTIONS": "--nonsense",
        "CLASSPATH": "/",
        "NODE_OPTIONS": f"--require {trap}.js",
        "NODE_PATH": str(trap.parent),
        "RUSTC_WRAPPER": str(trap),
        "RUSTFLAGS": "--nonsense",
        "BASH_ENV": str(trap),
        "ENV": str(trap),
        "PYTHONSTARTUP": str(trap),
        "PYTHONPATH": str(trap.parent),
        "CPATH": str(trap.parent),
        "GCC_EXEC_PREFIX": f"{trap.parent}/bin/",
        "COMPILER_PATH": f"{trap.parent}/bin",
        "SHELLCHECK_OPTS": "--nonsense",
        "TSC_WATCHFILE": "nonsense",
    }


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory full of traps, its own folders first on the PATH; "ran" is there once one of them ran."""
    trap = tmp_path / "trap"
    script = f"#!/bin/sh\necho $0 >> {tmp_path}/ran\nexit 9\n"
    ones = [tmp_path / where / name for where in ("bin", "node_modules/.bin", "toolchain/bin") for name in TOOLS]
    for path in [trap, trap.with_suffix(".js"), *ones]:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(script)
        path.chmod(0o755)
    for name, text in files(trap).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    for name, value in variables(trap).items():
        monkeypatch.setenv(name, value)
    ahead = [".", "", "bin", str(tmp_path / "bin"), str(tmp_path / "node_modules/.bin"), str(tmp_path)]
    monkeypatch.setenv("PATH", os.pathsep.join([*ahead, os.environ["PATH"]]))
    monkeypatch.chdir(tmp_path)
    return tmp_path


TOOLCHAINS = list(dict.fromkeys(type(toolchain(language)) for language in languages()))


@pytest.mark.parametrize("kind", TOOLCHAINS, ids=lambda kind: kind.name)
def test_nothing_of_the_working_directory_runs(kind: type[Toolchain], repository: Path) -> None:
    tool = kind()
    try:
        assert tool.find()
        for language in kind.languages:
            assert errors(tool.check([Snippet(GOOD[language])], Options(seconds=120, root=repository))) == []
    except Unsupported as reason:
        pytest.skip(str(reason))
    finally:
        tool.close()
    assert not (repository / "ran").exists()


def test_where_programs_are_looked_for(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert programs.which("gcc") != repository / "bin" / "gcc"
    assert programs.which("./bin/gcc") == repository / "bin" / "gcc"  # named by its path, it is meant
    monkeypatch.setenv("PATH", str(repository / "bin"))
    assert programs.which("gcc") is None
    monkeypatch.setattr(sys, "prefix", str(repository))  # a virtual environment within the project
    assert programs.which("gcc") == repository / "bin" / "gcc"
    monkeypatch.chdir("/")  # all that is on the PATH lies in it
    assert programs.which("gcc") == repository / "bin" / "gcc"


@walled
@pytest.mark.parametrize("program", ["gcc", "bash"])
def test_a_wrapper_in_the_home_does_not_bring_the_home(
    program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, wrapper = shutil.which(program), tmp_path / "bin" / program
    wrapper.parent.mkdir()
    (tmp_path / "secret").write_text("secret")
    seen = 'echo "snippet.c:1:1: error: seen"; echo "snippet.sh: line 1: seen" >&2'
    wrapper.write_text(f'#!/bin/sh\n[ -e {tmp_path}/secret ] && {{ {seen}; }}\nexec {real} "$@"\n')
    wrapper.chmod(0o755)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    language = {"gcc": "c", "bash": "shell"}[program]
    tool = type(toolchain(language))()
    assert tool.path == wrapper
    assert errors(tool.check([Snippet(GOOD[language])], Options())) == []


# what a case may not name as `classpath` or `module`, from rootdir/cases
NAMED = {
    "classpath": ["/", "/etc", "~", "..", "../..", "../../other", "/usr/lib", "~/.ssh", "/etc/passwd"],
    "module": ["/", "~", "..", "../..", "/etc", "away"],
}


@pytest.mark.parametrize(("key", "name"), [(key, name) for key, names in NAMED.items() for name in names])
def test_what_a_case_may_not_show_a_compiler(
    key: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "home" / "project"
    for folder in (root / "cases", tmp_path / "home" / ".ssh", tmp_path / "home" / "other"):
        folder.mkdir(parents=True)
    (root / "cases" / "away").symlink_to("/etc")
    monkeypatch.setenv("HOME", str(tmp_path / "home" if name != ".." else root))
    language = {"classpath": "java", "module": "go"}[key]
    with pytest.raises(InputError):
        Compile.model_validate({"language": language, key: name}).prepare(root / "cases", root)


ENVIRONMENT = {  # who may know what
    "tool browser llama": ["PATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TMPDIR"],
    "tool": ["GOROOT", "GOPATH", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN", "CARGO_HOME"],
    "llama": ["CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "GGML_VK_VISIBLE_DEVICES", "OMP_NUM_THREADS"],
    "": [
        *(
            "OPENAI_API_KEY",
            "ANTHROPIC_API_KEY",
            "HF_TOKEN",
            "AWS_SECRET_ACCESS_KEY",
            "GITHUB_TOKEN",
            "LLAMA_API_KEY",
        ),
        *("LLAMA_API_KEY", "GGML_TOKEN", "OLLAMA_HOST", "PYTHONPATH", "PYTHONHOME", "NODE_OPTIONS", "LD_PRELOAD"),
        *("GOFLAGS", "JAVA_TOOL_OPTIONS", "http_proxy", "HTTPS_PROXY", "SSH_AUTH_SOCK", "PGPASSWORD", "NETRC"),
        *("CARGO_REGISTRY_TOKEN", "LD_AUDIT", "DYLD_INSERT_LIBRARIES", "PATHOLOGY", "MY_HOME"),
    ],
}


def test_who_knows_what_of_the_environment() -> None:
    given = {name: "x" for names in ENVIRONMENT.values() for name in names}
    for kind in ("tool", "browser", "llama"):
        told = set(environment.allowed(kind, given))
        assert told == {name for who, names in ENVIRONMENT.items() if kind in who.split() for name in names}
