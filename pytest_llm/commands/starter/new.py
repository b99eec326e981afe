"""`pytest-llm new NAME`: one more case file, of a category's kind."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from pytest_llm.commands.starter.writing import FILES, shipped, write
from pytest_llm.errors import InputError, nearest
from pytest_llm.reports.plain import plain

_PREFIX, _SUFFIX = "new-", ".prompt.yaml"
_WORD = re.compile(r"[\w][\w.-]{0,99}")
_SCHEMA = "prompt.schema.json"


def kinds() -> list[str]:
    """The categories that have a file of their own to begin with."""
    found = (path.name.removeprefix(_PREFIX).removesuffix(_SUFFIX) for path in FILES.glob(f"{_PREFIX}*"))
    return sorted(name for name in found if name != "plain")


def new(name: str, category: str, folder: Path) -> int:
    """Write `folder/NAME.prompt.yaml`, in the category's folder where there is one. 0 written, 2 not."""
    try:
        for word in (name, category):
            if not _WORD.fullmatch(word):
                raise InputError(f"{word!r} is no name: letters, digits, `_`, `-` and `.`")
        kind = category if category in kinds() else "plain"
        within = folder / category if (folder / category).is_dir() else folder
        place = f"{name.removesuffix(_SUFFIX)}{_SUFFIX}"
        case = shipped(f"{_PREFIX}{kind}{_SUFFIX}", place, {"CATEGORY": category})
        write(within, [case])
    except InputError as error:
        print(plain(str(error)), file=sys.stderr)
        return 2
    if kind == "plain":
        begun = f"{', '.join(kinds())} begin in their own way{nearest(category, kinds())}"
        print(plain(f"the category {category!r} begins as any other case; {begun}"), file=sys.stderr)
    print(f"wrote {within / place}\nnext: write its prompt and checks, then pytest {within / place}")
    return 0
