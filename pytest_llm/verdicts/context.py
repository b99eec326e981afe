"""Whether question and answer fitted into the model's context: servers drop what does not, and say nothing."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_llm.answers.thinking import split_thinking
from pytest_llm.cases.request import ChatRequest
from pytest_llm.checks.base import Finding, Severity
from pytest_llm.providers.base import Response
from pytest_llm.verdicts.bounds import Tokens, tokens_of

STEP = 256  # llama.cpp rounds a context up to it, and what was refused is what went beyond that
NUM_KEEP = 4  # Ollama's default: so many tokens of a prompt's beginning stay


def trimmed(request: ChatRequest, response: Response) -> Finding | None:
    """Whether the server cut the prompt or dropped messages: its own count of what it read gives it away.

    A failure where the prompt cannot have been read whole, a warning where that is unlikely.
    """
    context, read = response.context_length, response.usage.prompt_tokens
    if not read:
        return None
    if context and _full(response, context, read):
        return _said(f"the server trimmed the prompt: {read} tokens of it were read, and num_ctx is {context}")
    if response.refuses:
        return None
    sent = tokens_of(_texts(request))
    if read * 2 < sent.fewest or (context and sent.surely > context):
        return _said(f"the server dropped a part of the messages: {_counts(sent, read, context)}")
    halved = context is not None and read in _halves(request, context)
    if halved and read < sent.fewest:
        return _said(f"the server trimmed the prompt to half of its context: {_counts(sent, read, context)}")
    if read < sent.fewest or (halved and context and sent.most > context):
        return _said(f"the prompt may not have been read whole: {_counts(sent, read, context)}", "warning")
    return None


def outgrown(response: Response) -> bool:
    """Whether the answer went on beyond the context, so that its beginning, or the prompt's, was dropped.

    The last token ends the turn and needs no place. A prompt that fills the context alone is told as a trimmed one.
    """
    context, read, written = response.context_length, response.usage.prompt_tokens, response.usage.answer_tokens
    if not context or not read or not written:
        return False
    room = _rounded(context) if response.refuses else context
    before = 0 if read >= context and not response.usage.answer_only else read
    return before + written - 1 > room


def filled(response: Response) -> bool:
    """Whether the context was full when the answer ended."""
    context, read, written = response.context_length, response.usage.prompt_tokens, response.usage.answer_tokens
    return bool(context and read and written) and (read or 0) + (written or 0) >= (context or 0) - 1


def _full(response: Response, context: int, read: int) -> bool:
    """A prompt that was cut to the whole context, as Ollama did before 0.30; one that just fits has no answer."""
    if response.usage.answer_only:  # what was read then holds the thinking too
        return False
    return read >= _rounded(context) or (read >= context and not response.refuses)


def _rounded(context: int) -> int:
    return -(-context // STEP) * STEP


def _halves(request: ChatRequest, context: int) -> Iterator[int]:
    """The counts that are left where Ollama, from 0.30 on, frees half of the context beyond the tokens it keeps.

    One more stays where the tokenizer puts a token of its own in front. A negative num_keep keeps all.
    """
    wanted = request.options.get("num_keep")
    keep = wanted if isinstance(wanted, int) else NUM_KEEP
    for kept in (keep, keep + 1) if keep >= 0 else (context,):
        yield context - max((context - min(kept, context - 1)) // 2, 1)


def _texts(request: ChatRequest) -> Iterator[str]:
    """All that the prompt is made of, as far as it is known here: the Modelfile's own messages are in it too.

    Of earlier answers the thinking is left out, as most chat templates leave it out.
    """
    said = [(message.role, message.content) for message in request.messages]
    if request.model.spec:
        spec = request.model.spec.whole
        if spec.system and said[:1] and said[0][0] != "system":
            yield spec.system
        said = [*spec.messages, *said]
    yield from (split_thinking(text)[0] if role == "assistant" else text for role, text in said)


def _counts(sent: Tokens, read: int, context: int | None) -> str:
    size = f", and num_ctx is {context}" if context else ""
    return f"at least about {sent.fewest} tokens were sent, {read} were read{size}"


def _said(message: str, severity: Severity = "failure") -> Finding:
    return Finding("prompt", message, severity, "trimmed")
