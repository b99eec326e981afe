"""The Modelfile beside the GGUF: the chat template once more, in the language that Ollama renders it in."""

from __future__ import annotations

from pathlib import Path

from tools.demo_model.manifest import GGUF
from tools.demo_model.template import CONTEXT, END, START

MODELFILE = GGUF.with_name("demo.Modelfile")

# With thinking and a format, Ollama asks twice: the second time with the thinking as a last message of the
# assistant's. That turn stays open, or the model would answer as if a new one had begun. The text right before and
# after .Thinking is where Ollama learns the tags; the thinking that it keeps ends with its newline.
TEMPLATE = f"""{{{{- if .System }}}}{START}system
{{{{ .System }}}}{END}
{{{{ end }}}}
{{{{- range $i, $_ := .Messages }}}}
{{{{- $last := eq (len (slice $.Messages $i)) 1 }}}}
{{{{- if ne .Role "system" }}}}{START}{{{{ .Role }}}}
{{{{ if .Thinking }}}}<think>
{{{{ .Thinking }}}}</think>

{{{{ end }}}}{{{{ .Content }}}}
{{{{- if not (and $last (eq .Role "assistant")) }}}}{END}
{{{{ end }}}}
{{{{- end }}}}
{{{{- if and $last (ne .Role "assistant") }}}}{START}assistant
{{{{ if and $.IsThinkSet (not $.Think) }}}}<think>

</think>

{{{{ end }}}}
{{{{- end }}}}
{{{{- end }}}}"""

TEXT = f'''# The demo model: one or two million parameters that know the answers to the shipped cases by heart.
# Built by `python -m tools.demo_model`. It shows the whole way without a server; it can do nothing else.
FROM ./{GGUF.name}

TEMPLATE """{TEMPLATE}"""

PARAMETER temperature 0
PARAMETER repeat_penalty 1.0
PARAMETER num_ctx {CONTEXT}
'''


def write(path: Path = MODELFILE) -> None:
    path.write_text(TEXT, encoding="utf-8")
