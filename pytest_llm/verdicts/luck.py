"""What must never pass by luck, whatever the checks say."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from pytest_llm.answers.ends import END_TOKENS, without_end
from pytest_llm.cases.request import ChatRequest
from pytest_llm.checks.base import Finding, Severity, one_line
from pytest_llm.providers.base import Response
from pytest_llm.verdicts.context import filled, outgrown, trimmed

CHARS_PER_TOKEN = 4  # of English; code and other scripts have fewer
_SHOWN = 200
_BROKEN: Mapping[str, tuple[str, Severity]] = {
    "filtered": ("a content filter stopped the answer ({!r})", "failure"),
    "error": ("the answer stopped because of an error ({!r})", "error"),
}


def findings(request: ChatRequest, response: Response, allow: Collection[str] = ()) -> Iterator[Finding]:
    """The reasons why this answer cannot count, the most telling first.

    allow: may hold "empty", "cut" and "trimmed".
    """
    empty = not without_end(response.text)[0].strip()
    if "trimmed" not in allow and (found := trimmed(request, response)):
        yield found
    if response.finish == "unknown" and response.finish_word:
        yield Finding("answer", _unknown(response), "warning", kind="finish")
    if response.finish in _BROKEN:
        words, severity = _BROKEN[response.finish]
        yield Finding("answer", words.format(response.finish_word), severity, kind=response.finish)
    elif _is_cut(request, response) and "cut" not in allow:
        yield Finding("answer", _cut(request, response, empty), kind="cut")
    elif empty and "empty" not in allow:
        yield Finding("answer", _empty(response), kind="empty")


def leaked(tokens: Iterable[str]) -> Iterator[Finding]:
    """A warning for each end token that a server let into the answer."""
    for token in tokens:
        yield Finding(
            "answer",
            f"the end token {token} ({END_TOKENS[token]}) was left in the answer: the Modelfile lacks a `stop`",
            "warning",
            kind="leaked",
            details=f'add `PARAMETER stop "{token}"` to the Modelfile, or `stop` to the options of the case',
        )


def _unknown(response: Response) -> str:
    return f"the server says that it stopped by {response.finish_word!r}, which is not known here: is it all?"


def _is_cut(request: ChatRequest, response: Response) -> bool:
    """By the server's word; where it says none that is known, by the count of tokens."""
    if outgrown(response):
        return True
    if response.finish != "unknown":
        return response.finish == "length"
    limit, written = request.options.get("num_predict"), response.usage.answer_tokens
    return isinstance(limit, int) and limit > 0 and written is not None and written >= limit


def _cut(request: ChatRequest, response: Response, empty: bool) -> str:
    thought, where = thinking_tokens(response), _where(request, response)
    if empty and response.thinking:
        return (
            f"thinking ate the whole budget: it {where}, about {thought} tokens went to thinking, none to an answer"
        )
    tail = f", about {thought} tokens went to thinking" if response.thinking else ""
    return f"the answer {where}{tail}"


def _where(request: ChatRequest, response: Response) -> str:
    """At which limit the answer ended, or went on without its beginning."""
    usage, size = response.usage, f"num_ctx={response.context_length}"
    if outgrown(response):
        return f"outgrew the context: {usage.prompt_tokens} and {usage.answer_tokens} tokens, and {size}"
    limit = request.options.get("num_predict")
    if filled(response) and usage.answer_tokens != limit:
        return f"was cut where the context ends: {usage.prompt_tokens} and {usage.answer_tokens} tokens, and {size}"
    return f"was cut at num_predict={limit}" if limit else "was cut by the length limit"


def _empty(response: Response) -> str:
    called = one_line(", ".join(map(str, response.tool_calls)), _SHOWN)
    if called:
        return f"the answer is empty: the model called {called} and said nothing"
    if response.thinking:
        return "the answer is empty: the model thought and then said nothing"
    return "the answer is empty"


def thinking_tokens(response: Response) -> int:
    """Tokens of thinking, by its share of the text where the server counted both, else by its length."""
    usage, written = response.usage, len(response.thinking) + len(response.text)
    if usage.answer_tokens and not usage.answer_only and written:
        return round(usage.answer_tokens * len(response.thinking) / written)
    return round(len(response.thinking) / CHARS_PER_TOKEN)
