"""Tokens with which models end their turn, where a server let them into the text."""

from __future__ import annotations

import re
from collections.abc import Iterable

END_TOKENS = {
    "<|im_end|>": "ChatML: Qwen, Yi, Hermes, SmolLM, InternLM",
    "<|endoftext|>": "Qwen, Phi, StarCoder, Granite, GPT-NeoX",
    "<|end_of_text|>": "Llama 3 base, Granite",
    "<|eot_id|>": "Llama 3",
    "<|eom_id|>": "Llama 3.1 with tools",
    "<|eot|>": "Llama 4",
    "<|EOT|>": "DeepSeek Coder",
    "<EOT>": "Code Llama",
    "</s>": "Llama 2, Mistral, Zephyr",
    "<end_of_turn>": "Gemma 1 to 3",
    "<turn|>": "Gemma 4",
    "<eos>": "Gemma",
    "<|end|>": "Phi 3 and 4, gpt-oss",
    "<|return|>": "gpt-oss",
    "<|call|>": "gpt-oss",
    "<｜end▁of▁sentence｜>": "DeepSeek",
    "<|end▁of▁sentence|>": "DeepSeek",
    "<|end_of_sentence|>": "ERNIE",
    "<|END_OF_TURN_TOKEN|>": "Command R, Aya",
    "<|end_of_turn|>": "OpenChat, Starling",
    "[|endofturn|]": "EXAONE",
    "<seed:eos>": "Seed-OSS",
    "<|role_end|>": "Ling",
    "[e~[": "MiniMax",
    "<|eos|>": "Hunyuan",
    "<|user|>": "GLM 4",
    "<|observation|>": "GLM 4 with tools",
    "<|assistant_end|>": "Apertus",
    "<end_of_utterance>": "SmolVLM, Idefics",
    "<eoa>": "InternLM 1",
}
TURN_TOKENS = (
    "<|im_start|>",
    "<|start_header_id|>",
    "<|header_start|>",
    "<start_of_turn>",
    "<|turn>",
    "<|start|>",
    "<|begin_of_text|>",
    "[INST]",
    "<|user|>",
    "<|assistant|>",
    "<｜User｜>",
    "<|START_OF_TURN_TOKEN|>",
    "[|user|]",
)
_ENDS = tuple(END_TOKENS)
_LEADING = re.compile("|".join(map(re.escape, END_TOKENS)))
_GOES_ON = re.compile(rf"({_LEADING.pattern})\s{{0,20}}(?:{'|'.join(map(re.escape, TURN_TOKENS))})")
_GLUED = re.compile(rf"^[ \t>]*(?:```+|~~~+)[ \t]*({_LEADING.pattern})", re.MULTILINE)
_FENCE = re.compile(r"^[ \t]*(?:```|~~~)", re.MULTILINE)
_SPOKEN_OF = re.compile(
    r"\b(?:special|end|stop|eos|control|turn)[ -](?:of[ -]\w+[ -])?tokens?\b|\btokens? (?:that )?ends?\b"
    r"|\bchat ?templates?\b|\bchatml\b",
    re.IGNORECASE,
)
_STRUCK, _STRUCK_END = re.compile(r"<s[ >]"), "</s>"  # struck-out text, in HTML


def leading(text: str) -> str:
    """The end token that a text begins with, "" where it is none."""
    found = _LEADING.match(text)
    return found[0] if found else ""


def glued(text: str) -> tuple[str, ...]:
    """The end tokens that stand behind a fence."""
    return tuple(_GLUED.findall(text))


def without_end(text: str, prompt: Iterable[str] = ()) -> tuple[str, tuple[str, ...]]:
    """(the text without the end tokens that end it, those tokens, each once).

    What a model went on to write after its turn, another turn's beginning first, is no part of its answer. A token
    that the prompt names is the answer's own, so are all where it speaks of such tokens and one between fences.
    """
    found, end = _GOES_ON.search(text), _blanks(text, len(text))
    if not found and not text.endswith(_ENDS, 0, end):
        return text, ()
    asked = "\n".join(prompt)
    if _SPOKEN_OF.search(asked):
        return text, ()
    own = tuple(token for token in END_TOKENS if token not in asked)
    leaked: dict[str, None] = {}
    if found and found[1] in own and len(_FENCE.findall(text, 0, found.start())) % 2 == 0:
        text, leaked = text[: found.start()], {found[1]: None}
    if _STRUCK.search(text):
        own = tuple(word for word in own if word != _STRUCK_END)
    end = _blanks(text, len(text))
    while last := next((word for word in own if text.endswith(word, 0, end)), ""):
        leaked[last] = None
        end = _blanks(text, end - len(last))
    return (text[:end] if leaked else text), tuple(leaked)


def _blanks(text: str, end: int) -> int:
    """Where the blanks before `end` begin."""
    while end and text[end - 1].isspace():
        end -= 1
    return end
