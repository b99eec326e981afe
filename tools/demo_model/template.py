"""The chat template that the GGUF carries, and the same rendering here: what is trained is what is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jinja2 import Environment

CONTEXT = 16384  # tokens
START, END, PAD = "<|im_start|>", "<|im_end|>", "<|endoftext|>"

# llama.cpp tells a thinking model by a template that also writes the reasoning of earlier answers.
CHAT_TEMPLATE = (
    "{%- for m in messages %}<|im_start|>{{ m.role }}\n"
    "{% if m.role == 'assistant' and m.reasoning_content is defined and m.reasoning_content %}"
    "<think>\n{{ m.reasoning_content }}\n</think>\n\n{% endif %}"
    "{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n"
    "{% if enable_thinking is defined and enable_thinking is false %}<think>\n\n</think>\n\n{% endif %}{% endif %}"
)


def prompt(messages: Sequence[Mapping[str, str]], *, thinks: bool) -> str:
    """The text that llama.cpp hands to the model for these messages."""
    template = Environment(autoescape=False).from_string(CHAT_TEMPLATE)
    return template.render(messages=messages, add_generation_prompt=True, enable_thinking=thinks)
