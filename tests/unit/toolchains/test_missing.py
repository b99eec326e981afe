"""`allow: [missing-dependency]` both ways: what follows from a library that is not here, and what does not."""

from __future__ import annotations

import pytest

from tests.helpers.snippets import DATA, disagreements

LANGUAGES = sorted(path.stem for path in (DATA / "missing").glob("*.txt"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_remains_is_what_the_libraries_would_not_mend(language: str) -> None:
    assert disagreements(language, "missing", without="missing-dependency") == []
