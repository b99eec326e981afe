"""`max_tokens`: how long an answer may be."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from pydantic import Field, StrictInt

from pytest_llm.answers.extract import Artifact
from pytest_llm.checks.base import Check, CheckContext, Finding
from pytest_llm.providers.base import Response

_CHARACTERS = 4  # of ordinary text to a token, about


class MaxTokens(Check):
    """The answer has at most `max` tokens; with `thinking: true` its thinking counts as well."""

    name: ClassVar[str] = "max_tokens"
    shorthand: ClassVar[str | None] = "max"
    file_fields: ClassVar[tuple[str, ...] | None] = ()
    max: StrictInt = Field(gt=0)
    thinking: bool = False

    def run(self, artifact: Artifact, context: CheckContext) -> Iterable[Finding]:
        count, source = tokens(context.response, artifact, self.thinking)
        if count <= self.max:
            return []
        what = "answer and thinking have" if self.thinking else "the answer has"
        return [Finding(self.name, f"{what} {count} tokens, more than {self.max}", kind="too-long", details=source)]


def tokens(response: Response, artifact: Artifact, with_thinking: bool) -> tuple[int, str]:
    """(how many tokens, where the number comes from).

    Servers count thinking and answer together; its share of the characters is taken off where only the answer is
    wanted. Where the server counted the answer alone, or nothing, the rest is an estimate.
    """
    answer, thought = len(artifact.answer), len(artifact.thinking)
    counted = response.usage.answer_tokens
    if counted is None:
        characters = answer + (thought if with_thinking else 0)
        return -(-characters // _CHARACTERS), f"an estimate from {characters} characters: the server gave no count"
    if response.usage.answer_only:
        guess = -(-thought // _CHARACTERS)
        if with_thinking and thought:
            return (
                counted + guess,
                f"the server counted {counted} for the answer; {guess} for thinking is an estimate",
            )
        return counted, "by the server's count"
    if with_thinking or not thought:
        return counted, "by the server's count"
    share = round(counted * answer / (answer + thought))
    return share, f"the server counted {counted} with the thinking; the answer's part is by its share of the text"
