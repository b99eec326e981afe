"""What well-known addresses ask for, and what is served for it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_llm.browsers import libraries
from pytest_llm.browsers.find import find
from pytest_llm.browsers.libraries import (
    INSTALL,
    PACKAGES,
    Asked,
    asked,
    differing,
    installation,
    installed,
    missing,
    serve,
)
from pytest_llm.browsers.pool import Pool
from pytest_llm.browsers.report import PageOptions
from pytest_llm.errors import Unsupported

AS_NEW = "is served as 0.160.1, the nearest here"
CDNJS = "https://cdnjs.cloudflare.com/ajax/libs"
ADDRESSES = {
    f"{CDNJS}/three.js/r128/three.min.js": Asked("three", "0.128", "three.min.js"),
    "https://unpkg.com/three@0.160.0/build/three.module.js": Asked("three", "0.160.0", "build/three.module.js"),
    "https://unpkg.com/three": Asked("three"),
    "https://threejs.org/build/three.module.js": Asked("three", "", "build/three.module.js"),
    "https://esm.sh/three@0.170": Asked("three", "0.170", module=True),
    "https://cdn.skypack.dev/three@v0.132.2": Asked("three", "0.132.2", module=True),
    "https://cdn.jsdelivr.net/npm/d3@7/+esm": Asked("d3", "7", module=True),
    "https://cdn.jsdelivr.net/npm/p5@^1.9.0/lib/p5.js": Asked("p5", "1.9.0", "lib/p5.js"),
    "https://unpkg.com/@babel/standalone/babel.min.js": Asked("babel", "", "babel.min.js"),
    f"{CDNJS}/babel-standalone/7.23.5/babel.min.js": Asked("babel", "7.23.5", "babel.min.js"),
    "https://d3js.org/d3.v7.min.js": Asked("d3", "7", "d3.v7.min.js"),
    "https://cdn.tailwindcss.com": Asked("tailwind", "3"),
    "https://cdn.tailwindcss.com?plugins=forms": Asked("tailwind", "3", plugins="forms"),
    "https://esm.sh/three@0.160.0/examples/jsm/A.js": Asked("three", "0.160.0", "examples/jsm/A.js", module=True),
    "https://cdn.jsdelivr.net/npm/chart.js@4/auto/+esm": Asked("chart.js", "4", "auto", module=True),
    "https://unpkg.com/three@0.160.0/build/three.module.js?module": Asked(
        "three", "0.160.0", "build/three.module.js", module=True
    ),
    "https://cdn.jsdelivr.net/npm/@tailwindcss/browser@4": Asked("tailwind", "4"),
    "https://cdn.tailwindcss.com/3.4.1": Asked("tailwind", "3.4.1"),
    "https://code.jquery.com/jquery-3.6.0.min.js": Asked("jquery", "3.6.0", "jquery-3.6.0.min.js"),
    "https://ajax.googleapis.com/ajax/libs/jquery/3.5.1/jquery.min.js": Asked("jquery", "3.5.1", "jquery.min.js"),
    "https://unpkg.com/three-of-a-kind@1.0.0/a.js": None,
    "https://example.com/three.min.js": None,
    "https://example.com/https://unpkg.com/three": None,
    "http://localhost/three.min.js": None,
}


@pytest.mark.parametrize("url", ADDRESSES)
def test_what_an_address_asks_for(url: str) -> None:
    assert asked(url) == ADDRESSES[url]


FILES = {
    "three--0.128.0": {"build/three.min.js": "old", "build/three.module.js": "old module", "examples/js/A.js": "A"},
    "three--0.160.1": {
        "build/three.min.js": "lost()",
        "build/three.module.js": "new module",
        "build/three.module.min.js": "new small module",
        "examples/jsm/M.js": 'import { X } from "three";import "../B.js"\nimport("three/c.js") // from "other"',
        "examples/jsm/foreign.js": 'import { X } from "other"',
        "addons/index.js": "addons",
    },
    "three--0.180.0": {"build/three.module.js": "newest module"},
    "d3--7.9.0": {"dist/d3.js": "d3", "dist/d3.min.js": "d3 min", "src/index.js": "export * from 'd3-array'"},
    "tailwindcss-browser--4.1.14": {"dist/index.global.js": "wind 4"},
    "tailwindcss-cdn--3.4.10": {"tailwindcss.js": "wind 3"},
    "marked--15.0.12": {"lib/marked.umd.js": "marked"},
    "chart.js--4.5.0": {"dist/chart.umd.min.js": "chart", "dist/chart.js": "export {}", "../secret.js": "secret"},
}
ENTRIES: dict[str, dict[str, Any]] = {
    "d3": {"jsdelivr": "dist/d3.min.js", "module": "src/index.js"},
    "three": {
        "module": "build/three.module.js",
        "exports": {"./addons": {"import": {"types": {}, "default": "./addons/index.js"}}},
    },
    "tailwindcss-browser": {"browser": "dist/index.global.js"},
    "tailwindcss-cdn": {"main": "tailwindcss.js"},
    "marked": {"main": "../chart.js--4.5.0/dist/chart.js"},
}


PINNED = dict(
    line.split() for line in Path(libraries.__file__).with_name("libraries.lock").read_text().splitlines()
)
NAMES = {"tailwindcss-browser": "@tailwindcss/browser"}


def lock(folders: Iterable[str], **changed: str) -> str:
    """What npm keeps of an installation: of each package what it was taken from."""
    packages = {}
    for folder in folders:
        short, _, version = folder.partition("--")
        name = NAMES.get(short, short)
        integrity = changed.get(name, PINNED[f"{name}@{version}"])
        packages[f"node_modules/{folder}"] = {"name": name, "version": version, "integrity": integrity}
    return json.dumps({"packages": {"node_modules/d3-array": {"version": "3.2.4"}, **packages}})


@pytest.fixture(scope="module")
def where(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("cache") / "pytest-llm" / "libraries"
    for folder, files in FILES.items():
        name, _, version = folder.partition("--")
        manifest = json.dumps({"name": name, "version": version, **ENTRIES.get(name, {})})
        for path, text in {**files, "package.json": manifest}.items():
            file = home / "node_modules" / folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
    (home / "node_modules/.package-lock.json").write_text(lock(FILES))
    return home


@pytest.mark.parametrize(
    ("wanted", "body", "note"),
    [
        (Asked("three", "0.128", "three.min.js"), "old", ""),
        (
            Asked("three", "0.150.0", "three.min.js"),
            "lost()",
            f"three 0.150.0 {AS_NEW}",
        ),
        (Asked("three", "0.178", "three.min.js"), "lost()", f"three 0.178 {AS_NEW}"),
        (Asked("three", "0.160", "build/three.module.js"), "new module", ""),
        (Asked("three", "0.160", "three.module.min.js"), "new small module", ""),
        (Asked("three", "0.160.1", module=True), "new module", ""),
        (Asked("three", "", "build/three.module.js"), "newest module", ""),
        (Asked("three", "0.160", "examples/js/A.js"), "A", "three 0.160 is served as 0.128.0, the nearest here"),
        (Asked("three", "0.160", "examples/js/B.js"), None, ""),
        (Asked("d3", "7", "d3.v7.min.js"), "d3 min", ""),
        (Asked("d3", "7"), "d3 min", ""),
        (Asked("d3", "7", module=True), None, ""),  # it is in pieces
        (
            Asked("chart.js", "3.9.1", "chart.min.js"),
            "chart",
            "chart.js 3.9.1 is served as 4.5.0, the nearest here",
        ),
        (Asked("chart.js", "", "../secret.js"), None, ""),
        (Asked("tailwind", "3"), "wind 3", ""),
        (Asked("tailwind", "3.4.1"), "wind 3", "tailwindcss-cdn 3.4.1 is served as 3.4.10, the nearest here"),
        (Asked("tailwind", "4"), "wind 4", ""),
        (Asked("marked"), None, ""),
        (Asked("vue"), None, ""),
    ],
)
def test_what_is_served(where: Path, wanted: Asked, body: str | None, note: str) -> None:
    served = serve(wanted, where)
    assert (served and served.body.decode(), served.note if served else "") == (body, note)


def test_what_is_missing_is_installed_by_one_command(where: Path) -> None:
    assert "three@0.128.0" not in missing(where)
    assert "vue@3.5.22" in missing(where)
    assert "babel-standalone--7.28.4@npm:@babel/standalone@7.28.4" in installation(where)


ESM, JSDELIVR, UNPKG = (
    "https://esm.sh/three@0.160",
    "https://cdn.jsdelivr.net/npm/three@0.160",
    "https://unpkg.com/three",
)


@pytest.mark.parametrize(
    ("url", "imports"),
    [
        (f"{ESM}/examples/jsm/M.js", (ESM, f"{ESM}/examples/B.js", f"{ESM}/c.js")),
        (f"{ESM}/examples/jsm/M?bundle", (ESM, f"{ESM}/examples/B.js", f"{ESM}/c.js")),
        (
            f"{JSDELIVR}/examples/jsm/M.js/+esm",
            (f"{JSDELIVR}/+esm", f"{JSDELIVR}/examples/B.js/+esm", f"{JSDELIVR}/c.js/+esm"),
        ),
        (
            f"{UNPKG}@0.160.1/examples/jsm/M.js?module",
            tuple(f"{UNPKG}@0.160.1{path}?module" for path in ("", "/examples/B.js", "/c.js")),
        ),
        (f"{JSDELIVR}/examples/jsm/M.js", ("three", "../B.js", "three/c.js")),  # as it is
    ],
)
def test_a_module_imports_from_where_it_was_asked_for(where: Path, url: str, imports: tuple[str, ...]) -> None:
    wanted = asked(url)
    assert wanted
    served = serve(wanted, where)
    assert served
    first, second, third = imports
    assert served.body.decode() == (
        f'import {{ X }} from "{first}";import "{second}"\nimport("{third}") // from "other"'
    )


@pytest.mark.parametrize(
    ("path", "body"), [("addons", b"addons"), ("examples/jsm/foreign.js", None), ("none", None)]
)
def test_a_module_is_what_the_package_exports_and_asks_for_no_other(
    where: Path, path: str, body: bytes | None
) -> None:
    wanted = asked(f"{ESM}/{path}")
    assert wanted
    served = serve(wanted, where)
    assert (served and served.body) == body


def test_plugins_of_tailwind_are_told_not_to_be_there(where: Path) -> None:
    wanted = asked("https://cdn.tailwindcss.com?plugins=forms,typography")
    assert wanted
    served = serve(wanted, where)
    assert served
    assert (
        served.note == "tailwindcss-cdn is served without its plugins (forms,typography): their classes do nothing"
    )


def test_each_package_has_its_hash() -> None:
    assert set(PINNED) == {package for some in PACKAGES.values() for package in some}
    assert all(len(integrity) == len("sha512-") + 88 for integrity in PINNED.values())


@pytest.mark.parametrize("wrong", ["sha512-AAAA", "sha1-AAAA", ""])
def test_what_has_another_content_is_not_there(tmp_path: Path, wrong: str) -> None:
    assert (installed(tmp_path), differing(tmp_path)) == ((), "")
    kept = tmp_path / "node_modules/.package-lock.json"
    kept.parent.mkdir()
    kept.write_text(lock(["three--0.180.0", "vue--3.5.22"], vue=wrong))
    assert [package.name for package in installed(tmp_path)] == ["three"]
    assert "vue@3.5.22" in missing(tmp_path)
    told = differing(tmp_path)
    assert (
        f"vue@3.5.22 has the hash {wrong or 'of none'}, pinned is {PINNED['vue@3.5.22']}: remove {tmp_path}" in told
    )
    assert "three" not in told
    kept.write_text(lock(["three--0.180.0", "vue--3.5.22"]))
    assert (len(installed(tmp_path)), differing(tmp_path)) == (2, "")


def test_what_npm_has_not_written_to_its_end_tells_of_nothing(tmp_path: Path) -> None:
    kept = tmp_path / "node_modules/.package-lock.json"
    kept.parent.mkdir()
    kept.write_text(lock(["three--0.180.0"])[:-30])
    assert (installed(tmp_path), differing(tmp_path)) == ((), "")


@pytest.fixture(scope="module")
def pool(where: Path) -> Iterator[Pool]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(where.parents[1]))
        try:
            pool = Pool(find(), "block", 1)
        except Unsupported as unavailable:
            pytest.skip(str(unavailable))
        pool.judge("<h1>Hi</h1>", PageOptions(duration=0.1, samples=0))
    yield pool
    pool.close()


QUICK = PageOptions(duration=0.2, samples=0, libraries=None)
SCRIPT = "<!DOCTYPE html><h1>Hi</h1>\n<script src='{}' integrity='sha384-AAAA' crossorigin='anonymous'></script>"
OLD = f"{CDNJS}/three.js/r150/three.min.js"
NO_NETWORK = "was blocked: a page has no network"


@pytest.mark.parametrize(
    "attribute", [" crossorigin='anonymous'", ""]
)  # without it the page itself is told nothing
def test_a_page_gets_the_nearest_version(pool: Pool, attribute: str) -> None:
    report = pool.judge(SCRIPT.format(OLD).replace(" crossorigin='anonymous'", attribute), QUICK)
    assert [(event.kind, event.message) for event in report.events] == [
        ("exception", "ReferenceError: lost is not defined")
    ]
    assert report.notes == ("three 0.150 is served as 0.160.1, the nearest here",)


@pytest.mark.parametrize(
    ("url", "allowed", "message"),
    [
        (OLD, (), f"{NO_NETWORK} (`libraries` allows for it, `network: allow` for all)"),
        (OLD, ("d3",), f"{NO_NETWORK} (`libraries` allows for it"),
        (
            "https://unpkg.com/three@0.160.0/build/no.js",
            None,
            "is not there: the installed package has",
        ),
        ("https://example.com/a.js", None, NO_NETWORK),
    ],
)
def test_what_is_not_served_is_a_failed_request(
    pool: Pool, url: str, allowed: tuple[str, ...] | None, message: str
) -> None:
    (event,) = pool.judge(SCRIPT.format(url), replace(QUICK, libraries=allowed)).events
    assert (event.kind, event.line) == ("request", 2)
    assert message in event.message


@pytest.mark.parametrize("url", ["https://unpkg.com/vue@3", "https://esm.sh/d3@7"])
def test_a_known_one_that_is_not_installed_is_no_fault_of_the_page(pool: Pool, url: str) -> None:
    with pytest.raises(Unsupported, match="is not installed here") as raised:
        pool.judge(SCRIPT.format(url), QUICK)
    assert raised.value.remedy == INSTALL
