"""The markups in which models write down their thinking, each with the families that use it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Markup:
    """How one family marks its thinking.

    tags: as they stand in a text; a prompt that holds one of them asks for it, and then it is the answer's own.
    opening, closing: of a block at the answer's start. lone: an end whose beginning stood in the prompt.
    sure: an opening alone is thinking too, up to the end of the text. named: how a prompt asks for the tags
    in words.
    """

    families: str
    tags: tuple[str, ...]
    opening: re.Pattern[str]
    closing: re.Pattern[str]
    lone: re.Pattern[str] | None = None
    sure: bool = True
    named: re.Pattern[str] | None = None

    @cached_property
    def last(self) -> str:
        """What of its last tag must stand in a text, in small letters, where it ends a block there."""
        return self.tags[-1].rstrip(">").casefold()

    def asked_for(self, prompt: str) -> bool:
        """Whether a prompt, in small letters, names the tags, or speaks of them by their name."""
        return any(tag.casefold() in prompt for tag in self.tags) or bool(self.named and self.named.search(prompt))


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE | re.MULTILINE)


def _alone(tag: str) -> re.Pattern[str]:
    """At the start or the end of a line: within one it is spoken of, and so it is as the item of a list."""
    return _compiled(rf"^[ \t]*{tag}|(?<![-*+] ){tag}[ \t\r]*$")


def _pair(families: str, opening: str, closing: str) -> Markup:
    """Two tags that are written as they are."""
    first, last = re.escape(opening), re.escape(closing)
    return Markup(families, (opening, closing), _compiled(first), _compiled(last), _alone(last))


def _tag(families: str, name: str) -> Markup:
    """`<name>` or `<name with="attributes">`, up to `</name>`."""
    opening, closing = rf"<{name}(?:\s[^<>]{{0,100}})?>", rf"</{name}\s*>"
    tags, alone = (f"<{name}>", f"</{name}>"), _alone(closing)
    return Markup(families, tags, _compiled(opening), _compiled(closing), alone, named=_named(name))


def _named(name: str) -> re.Pattern[str]:
    """`thought` tags, the root element is called reasoning."""
    what = r"(?:tag|element|node)s?"
    linked = r"(?:(?:is|be|are|named?|called|of|with|the)[\s:`\"']{1,4}){0,3}"
    near = r"[\s:,`\"'*]{1,4}"  # no end of a sentence
    return _compiled(rf"\b{name}{near}{what}\b|\b{what}{near}{linked}{name}\b")


def _words(families: str, tag: str, opening: str, closing: str) -> Markup:
    """Plain words, which mean thinking only where both are there."""
    return Markup(families, (tag,), _compiled(opening), _compiled(rf"^\W{{0,4}}{closing}"), sure=False)


_FINAL = r"(?:<\|start\|>assistant\s*)?<\|channel\|>final\b(?:\s*<\|constrain\|>\w+)?(?:\s*<\|message\|>)?"
_CHANNEL = (
    r"(?:<\|start\|>assistant\s*)?<\|channel\|>(?!final\b)\w+"
    r"(?:[^<\n]{0,100}(?:<\|constrain\|>\w+)?<\|message\|>)?"
)


MARKUPS = (
    _tag(
        "DeepSeek R1, Qwen 3, QwQ, GLM 4.5, Phi 4 reasoning, Nemotron, Hunyuan, SmolLM 3, MiniMax M1, Hermes 4",
        "think",
    ),
    _tag("Cogito, Reflection, finetunes on Claude's traces", "thinking"),
    _tag("EXAONE Deep, finetunes of Gemma", "thought"),
    _tag("models trained by GRPO, Nous finetunes", "reasoning"),
    _tag("Seed-OSS", "seed:think"),
    _tag("LongCat Flash Thinking", "longcat_think"),
    _pair("Magistral, Ministral reasoning", "[THINK]", "[/THINK]"),
    _pair("Kimi VL Thinking", "◁think▷", "◁/think▷"),
    _pair("Command A Reasoning", "<|START_THINKING|>", "<|END_THINKING|>"),
    _pair("Sky-T1, OpenThinker", "<|begin_of_thought|>", "<|end_of_thought|>"),
    _pair("Apertus", "<|inner_prefix|>", "<|inner_suffix|>"),
    _pair("MedGemma", "<unused94>", "<unused95>"),
    Markup(
        "gpt-oss",
        ("<|channel|>",),
        _compiled(_CHANNEL),
        _compiled(r"<\|end\|>|(?=(?:<\|start\|>assistant\s*)?<\|channel\|>)"),
    ),
    Markup("gpt-oss", ("<|channel|>",), _compiled(_FINAL), _compiled(""), _compiled(_FINAL)),
    Markup(
        "gpt-oss without its tokens",
        ("assistantfinal",),
        _compiled("analysis"),
        _compiled("assistantfinal"),
        sure=False,
    ),
    Markup(
        "Gemma 4",
        ("<|channel>", "<channel|>"),
        _compiled(r"<\|channel>[ \t]*(?:thought|analysis)?"),
        _compiled(r"<channel\|>"),
        _alone(r"<channel\|>"),
    ),
    Markup(
        "Solar Open",
        ("<|think|>",),
        _compiled(r"<\|think\|>"),
        _compiled(r"<\|end\|>(?:\s*<\|begin\|>assistant)?(?:\s*<\|content\|>)?"),
    ),
    _words(
        "Granite 3.2", "my thought process:", r"here(?:'s| is) my thought process:", r"here(?:'s| is) my response:"
    ),
    _words("Apriel", "my reasoning steps:", r"here are my reasoning steps:", r"\[BEGIN FINAL RESPONSE\]"),
)

WRAPPERS = (
    ("<answer>", "</answer>"),  # Hunyuan, models trained by GRPO
    ("<response>", "</response>"),  # ERNIE 4.5 Thinking
    ("<output>", "</output>"),  # Reflection
    ("<|START_RESPONSE|>", "<|END_RESPONSE|>"),  # Command A Reasoning
    ("<|begin_of_solution|>", "<|end_of_solution|>"),  # Sky-T1, OpenThinker
    ("", "[END FINAL RESPONSE]"),  # Apriel
)
"""What families put around the answer that follows their thinking."""
