"""`allow: [missing-dependency]` both ways: what follows from a library that is not here, and what does not."""

from __future__ import annotations

import pytest

from tests.helpers.compiling import compiled, errors
from tests.helpers.snippets import DATA, disagreements

pytestmark = pytest.mark.usefixtures("csharp_by_mono")

LANGUAGES = sorted(path.stem for path in (DATA / "missing").glob("*.txt"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_remains_is_what_the_libraries_would_not_mend(language: str) -> None:
    assert disagreements(language, "missing", without="missing-dependency") == []


ABSENT = {
    "java": ('import org.absent.*;\nclass A {{\n{}  int broken = "text";\n}}\n', "  org.absent.A{0} a{0};\n"),
    "typescript": ("{}const broken: number = 'text';\nexport {{ broken }};\n", "import a{0} from 'absent-{0}';\n"),
    "go": ('package p\nimport (\n{})\nvar broken int = "text"\n', '\t_ "example.com/absent/a{0}"\n'),
    "c": ('#include <absent.h>\n{}int broken(void) {{ return "text" }}\n', "A{0} a{0};\n"),
}


@pytest.mark.parametrize("language", ABSENT)
def test_many_of_them_hide_nothing(language: str) -> None:
    """Errors that a case may allow give way to the others, however many there are."""
    frame, line = ABSENT[language]
    text = frame.format("".join(line.format(number) for number in range(150)))
    kinds = {kind for kind, _ in errors(compiled(language, text))}
    assert kinds - {"missing-dependency"}, kinds
    assert "missing-dependency" in kinds
