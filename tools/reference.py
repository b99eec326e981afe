"""Hooks of mkdocs: a page of options, of the table that the plugin itself reads; files from outside of docs/."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llm.plugin.option_table import TABLE, Option

if TYPE_CHECKING:
    from mkdocs.structure.files import Files

ROOT = Path(__file__).parents[1]
PAGE = "options.md"
ABOVE = ("SECURITY.md", "CHANGELOG.md")
_KINDS = {
    "flag": "",
    "list": "TEXT, repeatable",
    "seconds": "TIME, such as 30s or 2m",
    "count": "N",
    "size": "SIZE, such as 64MB",
    "share": "SHARE, such as 5%",
    "text": "TEXT",
}
_HEAD = """# Options and settings

Options are given to pytest; most may stand in its ini file too, by the name beside them, a list as a line each.

"""


def on_files(files: Files, config: Any) -> Files:
    """Add the page that is in no folder, and what pages link to above theirs."""
    from mkdocs.structure.files import File

    files.append(File.generated(config, PAGE, content=text()))
    for path in [*(ROOT / name for name in ABOVE), *sorted((ROOT / "examples").glob("*.yml"))]:
        place = path.relative_to(ROOT).as_posix()
        files.append(File.generated(config, place, content=path.read_text("utf-8")))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Links as they are on GitHub, for one folder of pages."""
    return markdown.replace("](../", "](").replace("](docs/", "](")


def text() -> str:
    """The page, in Markdown."""
    return _HEAD + "\n".join(_table()) + "\n"


def _table() -> Iterator[str]:
    yield "| option | ini | value | what it does |"
    yield "|---|---|---|---|"
    for option in TABLE:
        flag = "" if option.ini_only else f"`{option.flag}`"
        ini = f"`{option.ini_name}`" if option.ini or option.ini_only else ""
        yield f"| {flag} | {ini} | {_KINDS[option.kind]} | {_escaped(option)} |"


def _escaped(option: Option) -> str:
    return option.help.replace("|", "\\|").replace("<", "&lt;")
