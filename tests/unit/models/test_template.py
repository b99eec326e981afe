"""Which TEMPLATEs are refused. Every row was given to Go's own parser, with Ollama's functions, too."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm.errors import InputError
from pytest_llm.models.modelfile import load
from pytest_llm.models.reference import at
from pytest_llm.models.template import Fault, check

ROOT = Path(__file__).parents[3]
SOUND = [
    "{{ .Prompt }}",
    "{{.System}}{{- .Prompt -}}{{-  .Response  -}}",
    '{{ if .System }}{{ .System }}{{ else if eq .Role "user" }}x{{ else }}y{{ end }}',
    "{{ range $i, $m := .Messages }}{{ $m.Content }}{{ if eq $i 0 }}{{ break }}{{ end }}{{ end }}",
    "{{ range .Messages }}{{ continue }}{{ else }}none{{ end }}",
    "{{- $last := eq (len (slice $.Messages 1)) 1 }}{{ $last }}{{ $last = false }}",
    "{{/* a {{ comment */}}{{- /* another */ -}}",
    "{{ json .Tools }}{{ .Tools | json }}{{ .X | }}",
    "{{ with $x := .A }}{{ $x }}{{ else with .B }}{{ . }}{{ end }}",
    '{{ define "a" }}{{ . }}{{ end }}{{ template "a" }}{{ template "a" .X }}{{ block "b" .X }}{{ end }}',
    "{{ print \"a}}b\" `c}}d` 'e' '\\n' 1 -2 3.5 0x1F 1e3 true nil }}",
    "{{ .A\n.B }}",
    "{{ (.A).B }}{{ (index .Messages 0).Content }}{{ if(.A) }}{{ end }}",
    "{{ and (not .A) (or .B .C) }}{{ currentDate }}",
    '} }} { {{ "{{" }}',
    "{{ .é }}",
    "text",
    "",
]
REFUSED = [
    ("{{ .Prompt", "unclosed action"),
    ("{{ .Prompt }", "unexpected '}'"),
    ("{{ .Prompt }}{{", "unclosed action"),
    ("{{ if .A }}x", "{{if}} without {{end}}"),
    ("{{ range .A }}{{ if .B }}{{ end }}", "{{range}} without {{end}}"),
    ("{{ end }}", "nothing is open"),
    ("{{ if .A }}{{ end }}{{ end }}", "nothing is open"),
    ("{{ else }}", "unexpected {{else}}"),
    ("{{ if .A }}{{ else }}{{ else }}{{ end }}", "unexpected {{else}}"),
    ("{{ range .A }}{{ else if .B }}{{ end }}", "in {{else}}"),
    ("{{ if }}x{{ end }}", "missing value for if"),
    ("{{ }}", "missing value for command"),
    ("{{}}", "missing value for command"),
    ("{{ | json }}", "missing value for command"),
    ("{{ break }}", "outside {{range}}"),
    ("{{ upper .A }}", 'function "upper" not defined'),
    ("{{ System }}", 'function "System" not defined'),
    ("{{ .A | trim }}", 'function "trim" not defined'),
    ("{{ $x }}", 'undefined variable "$x"'),
    ("{{ range $i, $j, $k := .A }}{{ end }}", 'undefined variable "$i"'),
    ("{{-.A}}", "a trim marker has a blank"),
    ("{{ .A-}}", "bad character '-'"),
    ("{{ .A & .B }}", "unexpected '&'"),
    ("{% if .A %}{{ .A; }}", "bad character ';'"),
    ('{{ "open }}', "unterminated quoted string"),
    ("{{ (len .A }}", "unclosed left paren"),
    ("{{ len .A) }}", "unexpected right paren"),
    ("{{ () }}", "missing value for parenthesized"),
    ("{{/* open }}", "unclosed comment"),
    ("{{ define a }}{{ end }}", "needs a name in quotes"),
    ("{{ if .A }}{{ define 'a' }}{{ end }}{{ end }}", "unexpected {{define}}"),
    ('{{ "a".X }}', "unexpected '.X'"),
    ("{{ ..A }}", "unexpected '.A' after '.'"),
    ("{{ .A. }}", "unexpected '.' after '.A'"),
    ("{{ .1x }}", "unexpected"),
    ("{{ 3x }}", "unexpected"),
]


@pytest.mark.parametrize("text", SOUND)
def test_sound(text: str) -> None:
    check(text)


@pytest.mark.parametrize(("text", "words"), REFUSED)
def test_refused(text: str, words: str) -> None:
    with pytest.raises(Fault) as caught:
        check(text)
    assert words in caught.value.message
    assert 0 <= caught.value.at <= len(text)


def test_the_fault_of_a_modelfile_has_its_line(tmp_path: Path) -> None:
    file = tmp_path / "x.Modelfile"
    file.write_text('FROM m\nTEMPLATE """{{ .System }}\n\n{{ upper .Prompt }}"""\n')
    with pytest.raises(InputError, match='function "upper" not defined') as caught:
        at(file, [], tmp_path)
    assert caught.value.line == 4
    file.write_text("FROM m\nTEMPLATE {{ upper\nTEMPLATE {{ .Prompt }}\n")
    at(file, [], tmp_path)


@pytest.mark.parametrize("path", sorted(ROOT.glob("modelfiles/*.Modelfile")), ids=lambda path: path.stem)
def test_the_shipped_ones_are_sound(path: Path) -> None:
    check(load(path).template or "")


PIECES = st.sampled_from(["{{", "}}", " ", "-", ".A", "if", "end", "(", ")", "$x", ":=", '"', "/*", "*/", "\n"])


@given(st.lists(PIECES).map("".join))
def test_any_text_is_read(text: str) -> None:
    with contextlib.suppress(Fault):
        check(text)
