"""`pytest-llm init`: a first case, a schema, a Modelfile, the settings, a CI file."""

from __future__ import annotations

import configparser
import json
import re
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from pytest_llm.commands.schema import text as editor_schema
from pytest_llm.commands.starter.server import Offered, offered
from pytest_llm.commands.starter.writing import File, shipped, write
from pytest_llm.errors import InputError
from pytest_llm.reports.plain import plain

DISTRIBUTION = "pytest-llm-cases"
CI = {
    "github": ("github-actions.yml", ".github/workflows/prompts.yml"),
    "gitlab": ("gitlab-ci.yml", "prompts-ci.yml"),
}
_INI = "pytest.ini"
SUFFIX = ".Modelfile"
_PLAIN = re.compile(r"[A-Za-z][\w.-]*")  # what YAML reads as a text without quotes
Choose = Callable[[Sequence[Offered]], Offered]


def init(folder: Path, *, model: str, ci: str, demo: bool, choose: Choose) -> int:
    """Write the first files. 0 written, 2 nothing was: one is there already, or there is no model to begin with.

    choose: picks one of several models. ci: a key of `CI`, or "none".
    """
    try:
        own = [] if model else _modelfiles(folder)
        of_model = _demo() if demo else _of_own(own, ci) if own else _of_model(choose(offered(model)), ci)
        files = list(of_model)
        settings = _settings(folder, ["llm_engine = embedded"] if demo else [])
        requirements = [] if demo or ci == "none" else list(_requirements(folder))
        write(folder, [*files, *settings, *requirements])
    except InputError as error:
        print(plain(str(error)), file=sys.stderr)
        return 2
    for file in (*files, *settings, *requirements):
        print(f"wrote {folder / file.place}")
    for line in _advice(folder, demo=demo, ci=ci):
        print(line)
    return 0


def _of_model(chosen: Offered, ci: str) -> Iterator[File]:
    own = "my-" + chosen.name.rpartition("/")[2].partition(":")[0]
    yield from _of_own([own], ci, "think: [off, on]\n" if chosen.thinks else "")
    yield shipped("starter.Modelfile", f"modelfiles/{own}.Modelfile", {"BASE": chosen.name})


def _modelfiles(folder: Path) -> list[str]:
    """The names of the Modelfiles that are there already."""
    return sorted(file.name.removesuffix(SUFFIX) for file in (folder / "modelfiles").glob(f"*{SUFFIX}"))


def _of_own(names: Sequence[str], ci: str, more: str = "") -> Iterator[File]:
    """What stands around Modelfiles: the case asks their models. more: lines of the defaults."""
    models = ", ".join(name if _PLAIN.fullmatch(name) else json.dumps(name) for name in names)
    yield File("cases/_defaults.yaml", f"# What every case here starts from.\nmodels: [{models}]\n{more}".encode())
    yield shipped("hello.prompt.yaml", "cases/hello.prompt.yaml")
    yield shipped("hello.schema.json", "cases/hello.schema.json")
    yield _editor_schema()
    if ci != "none":
        yield shipped(*CI[ci])


def _demo() -> Iterator[File]:
    yield File("cases/_defaults.yaml", b"models: [demo]\nthink: [off, on]\noptions: {num_predict: 8192}\n")
    yield File("cases/backend/_defaults.yaml", b"category: backend\n")
    yield File("cases/structured/_defaults.yaml", b"category: structured\n")
    yield File("cases/visual/_defaults.yaml", b"category: visual\n")
    yield shipped("conftest.py.txt", "cases/conftest.py")
    yield shipped("merge-intervals.prompt.yaml", "cases/backend/merge-intervals.prompt.yaml")
    yield shipped("number-description.prompt.yaml", "cases/structured/number-description.prompt.yaml")
    yield shipped("number.json", "cases/structured/schemas/number.json")
    yield shipped("ball-rotating-square.prompt.yaml", "cases/visual/ball-rotating-square.prompt.yaml")
    yield _editor_schema()
    yield shipped("demo.Modelfile", "modelfiles/demo.Modelfile")
    yield shipped("demo.gguf", "modelfiles/demo.gguf")


def _editor_schema() -> File:
    return File("cases/prompt.schema.json", editor_schema().encode())


def _settings(folder: Path, lines: Sequence[str]) -> list[File]:
    """pytest's settings, where the project has none yet."""
    if _configured(folder):
        return []
    return [File(_INI, "\n".join(["[pytest]", "testpaths = cases", *lines, ""]).encode())]


def _configured(folder: Path) -> str:
    """The file that holds pytest's settings here; "" where there is none."""
    for name in ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini"):
        if (folder / name).is_file():
            return name
    try:
        tools = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8")).get("tool", {})
    except (FileNotFoundError, NotADirectoryError):
        tools = {}
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=folder / "pyproject.toml") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"is no TOML: {error}", path=folder / "pyproject.toml") from None
    if "pytest" in tools:
        return "pyproject.toml"
    for name, section in (("tox.ini", "pytest"), ("setup.cfg", "tool:pytest")):
        parser = configparser.RawConfigParser(strict=False)
        try:
            parser.read(folder / name, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError) as error:
            raise InputError(f"{folder / name} cannot be read: {error}") from None
        if parser.has_section(section):
            return name
    return ""


def _requirements(folder: Path) -> Iterator[File]:
    """What the CI file installs, where the project does not say it yet."""
    if not (folder / "requirements.txt").exists():
        yield File("requirements.txt", f"{DISTRIBUTION}[browser,html]\n".encode())


def _advice(folder: Path, *, demo: bool, ci: str) -> Iterator[str]:
    held = _configured(folder)
    if demo and held != _INI:
        yield f"add to pytest's settings in {held}: llm_engine = embedded"
    if not demo and ci != "none" and DISTRIBUTION not in (folder / "requirements.txt").read_text(errors="replace"):
        yield f"add to requirements.txt, which CI installs: {DISTRIBUTION}[browser,html]"
    if demo:
        yield "the demo model has learned these cases by heart and can do nothing else: cases of yours ask another"
    if not demo and ci == "gitlab":
        yield "add to .gitlab-ci.yml: include: prompts-ci.yml"
    yield f"next: {'' if folder == Path() else f'cd {folder} && '}pytest cases/"
