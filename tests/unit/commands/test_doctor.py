"""What the machine has, what is told of the rest, and what is run to bring it."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_llm.commands import cli, doctor, installing, tools
from pytest_llm.errors import CheckCrashed

APT = """#!/bin/sh
echo "$@" >> {log}
case "$*" in *{unknown}*) echo "E: Unable to locate package {unknown}" >&2; exit 100;; esac
[ "$1" = update ] && exit 0
for word in "$@"; do case $word in
  golang-go) ln -s /bin/true {folder}/go;;
  bubblewrap) ln -s /bin/true {folder}/bwrap;;
  firefox-esr) ln -s /bin/true {folder}/firefox-esr;;
esac; done
"""


class Machine:
    """A machine whose PATH is one folder. `log`: what apt-get was asked."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.log = folder / "bin", folder / "log"
        self.folder.mkdir()
        self.said: list[str] = []

    def program(self, name: str, text: str = "#!/bin/sh\n") -> None:
        (self.folder / name).write_text(text)
        (self.folder / name).chmod(0o755)

    def apt(self, *, unknown: str = "no-such-package") -> None:
        self.program("apt-get", APT.format(log=self.log, folder=self.folder, unknown=unknown))
        for name in ("sh", "ln", "true"):
            (self.folder / name).symlink_to(f"/bin/{name}")

    @property
    def asked(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    bare = Machine(tmp_path)
    monkeypatch.setenv("PATH", str(bare.folder))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    for name in ("PLAYWRIGHT_BROWSERS_PATH", "PYTEST_LLM_BROWSER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(tools, "_which", lambda program: str(_in(bare.folder, program)))
    monkeypatch.setattr(installing, "_OURS", ())  # npm and Playwright would download
    return bare


def _in(folder: Path, program: str) -> Path | str:
    return folder / program if os.access(folder / program, os.X_OK) else ""


def lines(said: Sequence[str], part: str = doctor.TOOLS) -> dict[str, dict[str, str]]:
    """What `doctor --json` says of one part, by name."""
    return {line["name"]: line for line in json.loads("".join(said)) if line["part"] == part}


def test_every_tool_is_told_of() -> None:
    said: list[str] = []
    code = doctor.examine(said.append, form="json")
    told = lines(said)
    assert list(told) == [tool.name for tool in tools.TOOLS]
    assert code == int("problem" in {line["state"] for line in told.values()})
    assert all(line["version"] for name, line in told.items() if name in ("node", "c", "bash", "pytest-html"))
    assert lines(said, "Python")["python"]["version"] == platform.python_version()
    assert "GiB free" in lines(said, "Store")["store"]["found"]


def test_nothing_is_run_where_all_is_there(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    _only(monkeypatch, "bubblewrap", "go")
    machine.apt()
    machine.program("bwrap")
    machine.program("go")
    assert installing.install(say=machine.said.append) == 0
    assert (machine.said, machine.asked) == (["all of it is here: bubblewrap, go"], [])


def test_what_is_missing_is_told_with_its_command(machine: Machine) -> None:
    machine.program("go")
    assert doctor.examine(machine.said.append, form="json") == 1
    told = lines(machine.said)
    assert [told[name]["state"] for name in ("go", "bubblewrap", "chromium")] == ["ok", "problem", "problem"]
    assert told["bubblewrap"]["remedy"] == "sudo apt-get install -y bubblewrap"
    machine.said.clear()
    assert doctor.examine(machine.said.append) == 1
    said = machine.said[0].splitlines()
    (packages,) = [line for line in said if line.startswith("to mend: sudo apt-get install -y ")]
    assert "bubblewrap" in packages
    assert "golang-go" not in packages


@pytest.mark.skipif(sys.platform != "linux", reason="there is no bubblewrap")
def test_a_bubblewrap_that_does_not_work_is_told_of(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    _only(monkeypatch, "bubblewrap")
    machine.program("bwrap", "#!/bin/sh\necho no namespaces >&2\nexit 1\n")
    assert doctor.examine(machine.said.append) == 1
    assert "bubblewrap does not work here: no namespaces" in machine.said[0]


def test_it_installs_what_is_missing_in_one_go(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    _only(monkeypatch, "bubblewrap", "go")
    machine.apt()
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert installing.install(say=machine.said.append) == 0
    assert machine.asked == ["update -q", "install -y -q --no-install-recommends bubblewrap golang-go"]


def test_a_package_that_the_system_does_not_know_costs_that_tool_only(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    _only(monkeypatch, "bubblewrap", "go", "rust")
    machine.apt(unknown="rustc")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert installing.install(say=machine.said.append) == 1
    assert (machine.folder / "bwrap").exists()
    assert (machine.folder / "go").exists()
    assert machine.said[-1] == "to be run by hand: sudo apt-get install -y rustc"
    assert any("Unable to locate package rustc" in line for line in machine.said)


@pytest.mark.parametrize("apt", [True, False])
def test_the_commands_are_printed_where_it_may_not_run_them(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, apt: bool
) -> None:
    _only(monkeypatch, "bubblewrap", "go")
    if apt:
        machine.apt()
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert installing.install(say=machine.said.append) == 1
    assert machine.asked == []
    assert machine.said == ["to be run by hand: sudo apt-get install -y bubblewrap golang-go"]


def test_what_packages_cannot_bring_is_downloaded(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """TypeScript by npm, a browser by Playwright: each by its own command, told where it fails."""
    monkeypatch.setattr(installing, "_OURS", ("typescript", "chromium"))
    _only(monkeypatch, "typescript", "chromium")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(sys, "executable", str(machine.folder / "python"))
    log = machine.folder.parent / "log"
    for name in ("npm", "python"):
        machine.program(name, f'#!/bin/sh\necho {name} "$@" >> {log}\nexit 3\n')
    (machine.folder / "sh").symlink_to("/bin/sh")
    assert installing.install(say=machine.said.append) == 1
    npm, playwright = machine.asked
    assert npm.startswith("npm install")
    assert playwright == "python -m playwright install chromium-headless-shell"
    assert machine.said[-3] == "to be run by hand: sudo apt-get install -y chromium-headless-shell"
    assert "typescript@5" in machine.said[-2]


def test_libraries_of_another_content_are_told_of(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """npm brings something by the right name that is not what is pinned: none of it is taken."""
    monkeypatch.setattr(installing, "_OURS", ("libraries",))
    _only(monkeypatch, "libraries")
    where = tools.TOOLS[0].remedy()[tools.TOOLS[0].remedy().index("--prefix") + 1]
    other = '{"name": "vue", "version": "3.5.22", "integrity": "sha512-AAAA"}'
    written = f'{{"packages": {{"node_modules/vue--3.5.22": {other}}}}}'
    machine.program(
        "npm", f"#!/bin/sh\ncd {where}; mkdir node_modules; echo '{written}' > node_modules/.package-lock.json\n"
    )
    for name in ("sh", "mkdir"):
        (machine.folder / name).symlink_to(f"/bin/{name}")
    assert installing.install(["libraries"], machine.said.append) == 1
    assert machine.said[-2].startswith("vue@3.5.22 has the hash sha512-AAAA, pinned is sha512-toaZ")
    machine.said.clear()
    doctor.examine(machine.said.append, form="json")
    assert "vue@3.5.22 has the hash sha512-AAAA" in lines(machine.said)["libraries"]["found"]


def test_what_is_there_is_made_to_start_quicker(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> bool:
        raise CheckCrashed("java ended with 1", hint="no such option")

    outcomes: list[tuple[str, Callable[[], bool]]] = [("go", lambda: True), ("c", lambda: False), ("php", refuse)]
    rows = [tools.Tool(name, "", (name,), quicken=quicken) for name, quicken in [*outcomes, ("ruby", refuse)]]
    monkeypatch.setattr(tools, "TOOLS", tuple(replace(row, packages=("x",)) for row in rows))
    for name, _ in outcomes:
        machine.program(name)
    assert installing.install(("go", "c", "php"), machine.said.append) == 0
    assert machine.said[0] == "go starts quicker from now on"
    assert machine.said[1].startswith("php starts no quicker: java ended with 1")
    machine.said.clear()
    assert installing.install(["ruby"], machine.said.append) == 1
    assert not any("quicker" in line for line in machine.said)


def test_an_optional_tool_is_for_those_who_name_it(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    _only(monkeypatch, "bubblewrap", "firefox")
    machine.apt()
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert installing.install(["firefox"], machine.said.append) == 0
    assert machine.asked == ["update -q", "install -y -q --no-install-recommends firefox-esr"]
    (machine.folder / "firefox-esr").unlink()
    assert installing.install(say=machine.said.append) == 0
    assert machine.asked[2:] == ["update -q", "install -y -q --no-install-recommends bubblewrap"]
    machine.said.clear()
    assert doctor.examine(machine.said.append, form="json") == 0
    told = lines(machine.said)
    assert {name: line["state"] for name, line in told.items()} == {"bubblewrap": "ok", "firefox": "optional"}


def test_the_other_distribution_of_that_name(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both are a package pytest_llm: where it is there too, ours may not be what is imported."""
    _only(monkeypatch, "bubblewrap")
    machine.program("bwrap")
    other = machine.folder.parent / "site/pytest_llm-3.1.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: pytest-llm\nVersion: 3.1\n")
    monkeypatch.syspath_prepend(str(other.parent))
    assert doctor.examine(machine.said.append, form="json") == 1
    line = lines(machine.said, "Python")["pytest-llm"]
    assert (line["state"], line["version"]) == ("problem", "3.1")
    assert line["remedy"].startswith("pip uninstall -y pytest-llm")


def test_a_full_disk_is_a_warning(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    _only(monkeypatch, "bubblewrap")
    machine.program("bwrap")
    monkeypatch.setattr(doctor, "LEAST_DISK", 2**80)
    assert doctor.examine(machine.said.append, form="json") == 0
    assert lines(machine.said, "Store")["store"]["state"] == "warning"


def test_a_tool_that_nobody_knows_is_refused(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["doctor", "--install", "go", "firefux", "pillow"]) == 2
    said = capsys.readouterr().out
    assert said.startswith(
        "nothing called 'firefux' can be installed, did you mean 'firefox'?\n"
        "nothing called 'pillow' can be installed\nthere are: bubblewrap, go,"
    )
    assert machine.asked == []


def _only(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    monkeypatch.setattr(tools, "TOOLS", tuple(tool for tool in tools.TOOLS if tool.name in names))
