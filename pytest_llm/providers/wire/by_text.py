"""What a server's complaint means by its words, whatever its status: of Ollama, llama.cpp, vLLM, LM Studio, TGI."""

from __future__ import annotations

import re
from collections.abc import Callable

from pytest_llm.errors import (
    BrokenAnswer,
    GenerationLoop,
    ModelUnavailable,
    PromptTooLong,
    PytestLlmError,
    RequestRefused,
    ServerBusy,
    Unsupported,
)
from pytest_llm.providers.wire import toolong
from pytest_llm.providers.wire.complaint import Asked, Said
from pytest_llm.providers.wire.stream import count

SERVER_LOG = "see the server's log"
PROXY = "this is no answer of the server itself: a proxy before it?"
_LOADING = 40  # times, with the pauses between them as long as the first byte is waited for
_WHILE_ANSWERING = (None, 424)


def by_text(asked: Asked, said: Said) -> PytestLlmError | None:
    """The error that these words stand for; None where they are none that is known."""
    return next((make(asked, said) for pattern, make in _BY_TEXT if pattern.search(said.text)), None)


def _too_long(asked: Asked, said: Said) -> PytestLlmError:
    told = toolong.sizes(said.text)
    prompt, context = count(said.details, "n_prompt_tokens"), count(said.details, "n_ctx")
    return PromptTooLong(said.summary, prompt or told.prompt, context or told.context, told.answer)


def _cannot_think(asked: Asked, said: Said) -> PytestLlmError:
    return Unsupported(f"the model {asked.model!r} cannot think", "ask it with `think: off` or `think: default`")


def _cannot(asked: Asked, said: Said) -> PytestLlmError:
    return Unsupported(f"the model {asked.model!r} cannot do this: {said.summary}", "ask another model")


def _no_chat(asked: Asked, said: Said) -> PytestLlmError:
    return ModelUnavailable(f"the model {asked.model!r} does not chat: {said.summary}", hint="name one that does")


def _not_loaded(asked: Asked, said: Said) -> PytestLlmError:
    return ModelUnavailable(
        f"the server could not load {asked.model!r}: {said.summary}",
        hint=f"{SERVER_LOG}; a smaller num_ctx or quantization needs less memory",
    )


def _cannot_think_so(asked: Asked, said: Said) -> PytestLlmError:
    return Unsupported(f"the model {asked.model!r} cannot think so: {said.summary}", "ask it with another `think`")


def _out_of_memory(asked: Asked, said: Said) -> PytestLlmError:
    hint = "a smaller num_ctx or quantization, or fewer slots at the server, need less memory"
    if said.status in _WHILE_ANSWERING:
        return BrokenAnswer(said.told(asked), hint=hint)
    return ModelUnavailable(f"the server has too little memory for {asked.model!r}: {said.summary}", hint=hint)


def _loading(asked: Asked, said: Said) -> PytestLlmError:
    if said.status not in (409, 425, 503):
        return BrokenAnswer(said.told(asked), hint=SERVER_LOG)
    busy = ServerBusy(said.told(asked), hint="it was still loading its model: see its log", retry=_LOADING)
    busy.wait = said.wait
    return busy


def _speaks_https(asked: Asked, said: Said) -> PytestLlmError:
    return RequestRefused(said.told(asked), hint="it speaks https: write its address with https://", reach="server")


def _wants_flag(asked: Asked, said: Said) -> PytestLlmError:
    return RequestRefused(said.told(asked), hint="start the server with the option that it names")


def _none_loaded(asked: Asked, said: Said) -> PytestLlmError:
    return ModelUnavailable(said.told(asked), hint="load the model there")


def refused(asked: Asked, said: Said) -> PytestLlmError:
    hint = "mend the field of the case or the Modelfile that it names"
    return RequestRefused(said.told(asked), hint=hint if said.is_json else PROXY)


def _looped(asked: Asked, said: Said) -> PytestLlmError:
    return GenerationLoop()


def _disk_full(asked: Asked, said: Said) -> PytestLlmError:
    return ModelUnavailable(
        f"the disk of {asked.url} is full: {said.summary}", hint="make room where the server keeps its models"
    )


def _not_rendered(asked: Asked, said: Said) -> PytestLlmError:
    return ModelUnavailable(
        f"the server cannot render a prompt for {asked.model!r}: {said.summary}",
        hint="mend the TEMPLATE, RENDERER or PARSER of its Modelfile" if asked.cloud else "mend its chat template",
    )


_BY_TEXT: tuple[tuple[re.Pattern[str], Callable[[Asked, Said], PytestLlmError]], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), make)
    for pattern, make in (
        (toolong.PATTERN, _too_long),
        (r"token repeat limit reached", _looped),
        (r"does not support thinking", _cannot_think),
        (r"think value .{0,40}is not supported", _cannot_think_so),
        (r"invalid think value", refused),
        (r"does not support (tools|insert|vision|images)|image input is not supported", _cannot),
        (r"does not support (chat|generate|completion)", _no_chat),
        (r"requires? --[a-z]|requires? the --[a-z]|--jinja flag", _wants_flag),
        (r"no models? (is )?loaded", _none_loaded),
        (r"HTTP request (to an|was sent to) HTTPS", _speaks_https),
        (r"^loading model|model is (still |being |currently )?(loading|loaded)", _loading),
        (r"(llama-server|llama runner) process has terminated", _not_loaded),
        (r"error starting llama-server|llama-server binary not found|out-of-memory during startup", _not_loaded),
        (r"timed out waiting for (llama-server|llama runner) to start", _not_loaded),
        (r"requires more system memory|unable to load full model on GPU", _not_loaded),
        (r"^(model )?failed to load|unable to load model:|^error loading model", _not_loaded),
        (r"out of memory|memory layout cannot be allocated|unable to allocate \S+ buffer", _out_of_memory),
        (r"no space left on device|disk quota exceeded|not enough (disk )?space", _disk_full),
        (r"unknown (renderer|parser)|^template(: | error)|\bjinja\b|provide a chat template", _not_rendered),
        (r"may be incompatible with your version of Ollama", _not_loaded),
        (r'^option "|^invalid format:|invalid JSON schema in format', refused),
    )
)
