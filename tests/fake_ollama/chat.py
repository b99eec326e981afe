"""`/api/chat` and `/api/generate`: the checks in their order, then the answer as lines."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from tests.fake_ollama import gojson, library
from tests.fake_ollama.clock import utc
from tests.fake_ollama.errors import ApiError
from tests.fake_ollama.faults import spoil_lines, spoil_script
from tests.fake_ollama.http import Request
from tests.fake_ollama.library import Model
from tests.fake_ollama.names import is_cloud, parse
from tests.fake_ollama.runners import Runner
from tests.fake_ollama.script import CLOSE_TAG, OPEN_TAG, Sampler, Script, ThinkParser, pieces, unusable

if TYPE_CHECKING:
    from tests.fake_ollama.server import FakeOllama

Kind = Literal["chat", "generate"]
Line = dict[str, Any]
TOO_LONG = "the input length exceeds the context length"
_TYPES = {
    "integer": (
        *("num_ctx", "num_batch", "num_gpu", "main_gpu", "num_thread", "num_predict", "seed", "top_k"),
        *("repeat_last_n", "num_keep", "draft_num_predict"),
    ),
    "float32": (
        *("temperature", "top_p", "min_p", "typical_p", "repeat_penalty", "presence_penalty", "frequency_penalty"),
    ),
    "boolean": ("use_mmap",),
}
_PYTHON = {"integer": (int, float), "float32": (int, float), "boolean": (bool,)}
REPEATS = 30


@dataclass(frozen=True)
class Ask:
    """What a scripted answer may depend on. model: the short name; prompt: the last message of the user."""

    kind: Kind
    model: str
    prompt: str
    messages: tuple[Mapping[str, Any], ...]
    think: Any
    format: Any
    options: Mapping[str, Any]


@dataclass
class Job:
    """A request that passed the first checks. `typed` is the model's name as the client wrote it."""

    kind: Kind
    typed: str
    model: Model
    data: Mapping[str, Any]
    request: Request
    entry: float
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def think(self) -> Any:
        return self.data.get("think")

    @property
    def format(self) -> Any:
        return self.data.get("format") or None

    @property
    def streaming(self) -> bool:
        return bool(self.data.get("stream", True))

    @property
    def keep_alive(self) -> float | None:
        value = self.data.get("keep_alive")
        return None if value is None else float(value)

    @property
    def empty(self) -> bool:
        """Nothing to answer: the request only loads or unloads."""
        return not (self.data.get("messages") if self.kind == "chat" else self.data.get("prompt"))

    @property
    def messages(self) -> tuple[Mapping[str, Any], ...]:
        """What the model sees, its own SYSTEM and MESSAGEs in their places."""
        if self.kind == "generate":
            asked: list[Mapping[str, Any]] = [{"role": "user", "content": self.data.get("prompt", "")}]
        else:
            asked = list(self.data.get("messages", ()))
        system = self.data.get("system") or self.model.system
        own: list[Mapping[str, Any]] = []
        if asked and asked[0].get("role") == "system":
            own = [asked.pop(0)]
        elif system:
            own = [{"role": "system", "content": system}]
        return (*own, *self.model.messages, *asked)

    @property
    def prompt(self) -> str:
        asked = [message for message in self.messages if message.get("role") not in ("system", "assistant")]
        return str(asked[-1].get("content", "")) if asked else ""

    @property
    def rendered(self) -> str:
        if self.data.get("raw"):
            return str(self.data.get("prompt", ""))
        turns = (f"<|im_start|>{m.get('role', '')}\n{m.get('content', '')}<|im_end|>\n" for m in self.messages)
        return "".join(turns) + "<|im_start|>assistant\n"

    @property
    def images(self) -> bool:
        return bool(self.data.get("images")) or any(message.get("images") for message in self.messages)

    def line(self, thinking: str = "", content: str = "", *, done: bool = False) -> Line:
        return {} if done else {"thinking": thinking, "content": content}


@dataclass
class _Numbers:
    """What the final line reports: tokens, and seconds."""

    loaded: float
    prompt: int
    prompt_seconds: float
    answer: int = 0
    answer_seconds: float = 0.0


def tokens_of(text: str) -> int:
    """An estimate: four bytes a token."""
    return max(1, -(-len(text.encode("utf-8", "replace")) // 4))


class Chat:
    """Answers for one server."""

    def __init__(self, server: FakeOllama) -> None:
        self.server, self.profile = server, server.profile
        self.now = server.clock.now

    # The checks before anything is loaded

    def admit(self, kind: Kind, data: Mapping[str, Any], request: Request) -> Job:
        """The checks in the server's order; ApiError with its words."""
        entry = self.now()
        typed = str(data.get("model", ""))
        if not 0 <= data.get("top_logprobs", 0) <= 20:
            raise ApiError(400, "top_logprobs must be between 0 and 20")
        if fault := self.server.faults.take("admit", request.path, typed):
            raise fault.fault.error(self.profile, typed)
        model = self._model(kind, typed)
        job = Job(kind, typed, model, data, request, entry)
        if job.empty and job.keep_alive == 0:
            return job
        self._capable(job)
        job.options = {**model.parameters, **{k: v for k, v in data.get("options", {}).items() if v is not None}}
        _check_options(job.options)
        return job

    def _model(self, kind: Kind, typed: str) -> Model:
        old = not self.profile.since(0, 18, 0)
        if not typed or (old and parse(typed) is None):
            if kind == "chat":
                raise ApiError(400, "model is required")
            raise ApiError(404, f"model '{typed}' not found")
        if parse(typed) is None:
            raise ApiError(400, "invalid model name")
        if is_cloud(typed) and not old:
            raise ApiError(401, "unauthorized", extra={"signin_url": "https://ollama.com/connect"})
        model = self.server.library.find(typed)
        if model is None:
            raise ApiError(404, f"model '{typed}' not found")
        return model

    def _capable(self, job: Job) -> None:
        able = library.capabilities(job.model, self.profile)
        if job.data.get("raw") and any(job.data.get(name) for name in ("template", "system", "context")):
            raise ApiError(400, "raw mode does not support template, system, or context")
        if job.think and "thinking" not in able:
            raise ApiError(400, f'"{job.typed}" does not support thinking')
        if isinstance(job.think, str) and not self.profile.named_think_levels:
            raise ApiError(400, f'think value "{job.think}" is not supported for this model')
        if "completion" not in able:
            raise ApiError(400, f'"{job.typed}" does not support {job.kind}')
        for name, needed in (("tools", "tools"), ("suffix", "insert")):
            if job.data.get(name) and needed not in able:
                raise ApiError(400, f"{job.model.name.full} does not support {needed}")

    # Loading

    async def only_load(self, job: Job) -> Line:
        """The reply to a request without a prompt."""
        if job.keep_alive == 0:
            self.server.scheduler.unload(job.model.blob)
            return self._plain(job, "unload")
        async with self.server.scheduler.use(job.model, self._load_options(job), job.keep_alive):
            return self._plain(job, "load")

    def _plain(self, job: Job, reason: str) -> Line:
        return {**self._start(job), **_text(job.kind, "", ""), "done": True, "done_reason": reason}

    def _load_options(self, job: Job) -> dict[str, Any]:
        return self.server.scheduler.load_options(job.model, job.options, bool(job.data.get("shift", True)))

    async def debug(self, job: Job) -> Line:
        async with self.server.scheduler.use(job.model, self._load_options(job), job.keep_alive):
            shown = {"rendered_template": job.rendered}
            text = {"message": {"role": "", "content": ""}} if job.kind == "chat" else {"response": ""}
            return {**self._start(job), **text, "done": False, "_debug_info": shown}

    async def _load_fault(self, job: Job) -> None:
        armed = self.server.faults.take("load", job.request.path, job.typed)
        if armed is None:
            return
        self.server.scheduler.drop(job.model.blob)
        if armed.fault.name != "slow-load":
            raise armed.fault.error(self.profile, job.typed)
        await self.server.clock.sleep(armed.seconds)

    # The answer

    async def lines(self, job: Job) -> AsyncIterator[Line]:
        """The answer's lines, the final one with the numbers last."""
        answer = self._answer(job)
        if armed := self.server.faults.take("lines", job.request.path, job.typed):
            if armed.fault.name in ("runner-died", "cuda-error"):
                self.server.doomed.add(job.model.blob)
            answer = spoil_lines(answer, armed, self.profile)
            if armed.fault.name == "parser" and not self.profile.since(0, 32, 15):
                self.server.leaking.add(job.model.blob)
        async with aclosing(answer):  # type: ignore[type-var]
            async for line in answer:
                yield line

    async def _answer(self, job: Job) -> AsyncIterator[Line]:
        job.request.phase = "load"
        await self._load_fault(job)
        async with self.server.scheduler.use(job.model, self._load_options(job), job.keep_alive) as runner:
            loaded = self.now()
            self._check_input(job, runner)
            job.request.phase = "wait"
            await runner.slots.acquire()
            job.request.phase = "answer"
            self.server.answering.enter(job.model.name.short)
            try:
                async for line in self._generate(job, runner, loaded):
                    yield line
            finally:
                self.server.answering.leave()
                self._let_go(runner)

    def _let_go(self, runner: Runner) -> None:
        if runner.blob in self.server.doomed:
            self.server.doomed.discard(runner.blob)
            self.server.scheduler.drop(runner.blob)
        if runner.blob in self.server.leaking:
            self.server.leaking.discard(runner.blob)
        else:
            runner.slots.release()

    def _check_input(self, job: Job, runner: Runner) -> None:
        if fault := self.server.faults.take("infer", job.request.path, job.typed):
            self.server.scheduler.drop(runner.blob)
            raise fault.fault.error(self.profile, job.typed)
        if isinstance(job.format, dict):
            if bad := unusable(job.format):
                raise self._bad_schema(bad)
        elif job.format not in (None, "json"):
            quoted = gojson.dumps(gojson.dumps(job.format).decode()).decode()
            text = f'invalid format: {quoted}; expected "json" or a valid JSON Schema object'
            raise ApiError(500, text, engine=True)
        able = library.capabilities(job.model, self.profile)
        if job.images and "vision" not in able and self.profile.llama_server:
            text = "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj"
            raise nested(500, text, "server_error")
        self._check_length(job, runner)

    def _bad_schema(self, bad: Any) -> ApiError:
        if not self.profile.llama_server:
            return ApiError(500, "invalid JSON schema in format", engine=True)
        return nested(400, bad_schema_text(bad), "invalid_request_error")

    def _check_length(self, job: Job, runner: Runner) -> None:
        count, context = tokens_of(job.rendered), runner.context
        truncate = job.data.get("truncate", True)
        native = library.is_native(job.model, self.profile)
        if count < context or (truncate and not (native and job.kind == "chat")):
            return
        if not self.profile.llama_server:
            raise ApiError(400, TOO_LONG, engine=True)
        raise nested(
            400, overflow_text(count, context), "exceed_context_size_error", n_prompt_tokens=count, n_ctx=context
        )

    async def _generate(self, job: Job, runner: Runner, loaded: float) -> AsyncIterator[Line]:
        script = self.server.script_for(ask_of(job))
        armed = self.server.faults.take("script", job.request.path, job.typed)
        if armed:
            script = spoil_script(script, armed, job.options.get("num_predict"))
        numbers = await self._read_prompt(
            job, runner, loaded, trimmed=bool(armed and armed.fault.name == "trimmed")
        )
        guard, reason = _Guard(self._parses(job) or not library.is_native(job.model, self.profile)), "stop"
        raw = bool(armed and armed.fault.name == "think-in-content")
        for number, tokens in enumerate(self._passes(job, script)):
            sampler = Sampler(job.options.get("stop", ()), _limit(job.options))
            numbers.answer_seconds = 0.0
            if number:  # the second pass reads the thinking as part of its prompt; an empty line marks the change
                numbers.prompt += tokens_of("".join(script.thinking))
                yield self._line(job, "", "", [])
            parser = ThinkParser() if self._parses(job) and not raw else None
            for line in self._speak(job, sampler, parser, tokens):
                numbers.answer_seconds += await self._token(script, len(tokens))
                if line is None:
                    continue
                if guard.trips(line):
                    job.request.phase = "done"
                    return
                yield line
            numbers.answer, reason = sampler.count, sampler.reason
            if reason == "length":
                break
        if script.tool_calls and job.data.get("tools"):
            yield self._tool_line(job, script)
        yield self._final(job, script, numbers, reason)

    def _passes(self, job: Job, script: Script) -> Iterator[tuple[str, ...]]:
        """The tokens of each completion that the server runs for one request."""
        thinks = self._thinks(job, script)
        native = library.is_native(job.model, self.profile)
        if job.format is None or (native and job.format == "json" and job.kind == "chat"):
            yield script.tokens(think=thinks)
            return
        written = script.constrained(job.format)
        thought = (*OPEN_TAG, *pieces(script.thinking), *CLOSE_TAG) if script.thinking else ()
        if not (thinks and self._parses(job)) or job.kind == "generate":
            yield written
        elif native:
            yield (*thought, *written)
        elif thought:
            yield thought
            yield written
        else:
            yield script.tokens(think=False)  # no thinking came, so the second pass never did

    def _thinks(self, job: Job, script: Script) -> bool:
        if job.data.get("raw"):
            return bool(script.thinking)
        return job.think is not False and "thinking" in library.capabilities(job.model, self.profile)

    def _parses(self, job: Job) -> bool:
        native = library.is_native(job.model, self.profile)
        return library.splits_thinking(job.model, self.profile) and not (native and job.kind == "generate")

    def _speak(
        self, job: Job, sampler: Sampler, parser: ThinkParser | None, tokens: tuple[str, ...]
    ) -> Iterator[Line | None]:
        """A line for each token, None for one that shows nothing yet."""
        waiting: list[Line] = []
        for step in sampler.run(tokens):
            waiting += self._logprob(job, step.token, step.text)
            if step.text is None:
                yield None
                continue
            thinking, content = parser.feed(step.text) if parser else ("", step.text)
            if not (thinking or content) and not (parser and job.kind == "generate"):
                yield None
                continue
            yield self._line(job, thinking, content, waiting)
            waiting = []
        thinking, content = parser.rest() if parser else ("", "")
        if thinking or content:
            yield self._line(job, thinking, content, waiting)

    def _logprob(self, job: Job, token: str, text: str | None) -> list[Line]:
        if not job.data.get("logprobs") or not token:
            return []
        shown = token if not library.is_native(job.model, self.profile) else (text or "")
        count = int(job.data.get("top_logprobs", 0))
        others = [
            _logprob(word, -0.25 - rank) for rank, word in enumerate((token, *(f"w{n}" for n in range(count))))
        ]
        return [{**_logprob(shown, -0.25), **({"top_logprobs": others[:count]} if count else {})}]

    def _line(self, job: Job, thinking: str, content: str, logprobs: list[Line]) -> Line:
        line = {**self._start(job), **_text(job.kind, content, thinking), "done": False}
        return {**line, "logprobs": logprobs} if logprobs else line

    def _start(self, job: Job) -> Line:
        return {"model": job.typed, "created_at": utc(self.now())}

    def _tool_line(self, job: Job, script: Script) -> Line:
        calls = [
            {"id": f"call_{number:08d}", "function": {"index": number, **call}}
            for number, call in enumerate(script.tool_calls)
        ]
        line = self._line(job, "", "", [])
        line["message"]["tool_calls"] = calls
        return line

    async def _read_prompt(self, job: Job, runner: Runner, loaded: float, *, trimmed: bool) -> _Numbers:
        count = tokens_of(job.rendered)
        if count >= runner.context or trimmed:
            half = self.profile.llama_server and job.kind == "generate"
            count = runner.context // 2 + 2 if half else runner.context
        started = self.now()
        cached = job.rendered in runner.cached
        runner.cached.add(job.rendered)
        await self.server.clock.sleep(0.0 if cached else self.server.prompt_time)
        seconds = max(self.now() - started, 1e-3 if cached else 1e-4 * count)
        return _Numbers(loaded, count, seconds)

    async def _token(self, script: Script, count: int) -> float:
        """Wait as long as one token takes; seconds, made up where no time passes."""
        pace = script.seconds / max(count, 1) if script.seconds is not None else self.server.token_time
        if pace:
            await self.server.clock.sleep(pace)
        return pace or 2e-4

    def _final(self, job: Job, script: Script, numbers: _Numbers, reason: str) -> Line:
        job.request.phase = "done"
        done_reason = reason if script.done_reason is None else script.done_reason
        loaded = max(numbers.loaded - job.entry, 1e-3)
        spent = loaded + numbers.prompt_seconds + numbers.answer_seconds
        metrics: dict[str, int | None] = {
            "total_duration": _nanoseconds(max(self.now() - job.entry, spent)),
            "load_duration": _nanoseconds(loaded),
            "prompt_eval_count": numbers.prompt,
            "prompt_eval_duration": _nanoseconds(numbers.prompt_seconds),
            "eval_count": numbers.answer,
            "eval_duration": _nanoseconds(numbers.answer_seconds),
            **script.usage,
        }
        line = {**self._start(job), **_text(job.kind, "", ""), "done": True}
        if done_reason:
            line["done_reason"] = done_reason
        if job.kind == "generate" and not job.data.get("raw"):
            line["context"] = _context(job.rendered, numbers.prompt + numbers.answer)
        return line | {name: value for name, value in metrics.items() if value}


@dataclass
class _Guard:
    """Ends an answer without a word where one piece comes again and again."""

    active: bool
    last: str = ""
    count: int = 0

    def trips(self, line: Line) -> bool:
        piece = str(line["response"] if "response" in line else line["message"]["content"]).strip()
        thinking = line.get("thinking") or line.get("message", {}).get("thinking", "")
        self.count = self.count + 1 if piece == self.last and not thinking else 0
        self.last = piece
        return self.active and self.count > REPEATS


def nested(status: int, text: str, kind: str, **more: Any) -> ApiError:
    """An error of llama-server's, passed through as a JSON document in a string."""
    inner = {"error": {"code": status, "message": text, "type": kind, **more}}
    return ApiError(status, plain_json(inner))


def plain_json(value: Any) -> str:
    """JSON as llama-server writes it: nothing escaped for HTML."""
    import json

    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def bad_schema_text(schema: Any) -> str:
    head = "Unable to generate parser for this template. Automatic parser generation failed: "
    return f"{head}JSON schema conversion failed:\nUnrecognized schema: {plain_json(schema)}"


def overflow_text(count: int, context: int) -> str:
    size = f"request ({count} tokens) exceeds the available context size ({context} tokens)"
    return f"{size}, try increasing it"


def ask_of(job: Job) -> Ask:
    return Ask(job.kind, job.model.name.short, job.prompt, job.messages, job.think, job.format, job.options)


def fold(lines: list[Line]) -> Line:
    """All lines as the one object of `stream: false`; without a final line it says `done: false`."""
    last = dict(lines[-1])
    logprobs = [item for line in lines for item in line.pop("logprobs", ())]
    if "message" in last:
        messages = [line["message"] for line in lines]
        whole = {"role": "assistant", "content": "".join(message["content"] for message in messages)}
        if thinking := "".join(message.get("thinking", "") for message in messages):
            whole["thinking"] = thinking
        calls = [call for message in messages for call in message.get("tool_calls", ())]
        last["message"] = {**whole, **({"tool_calls": calls} if calls else {})}
    else:
        last = _folded_response(last, lines)
    if logprobs:
        last = _before(last, "total_duration", "logprobs", logprobs)
    return last


def _folded_response(last: Line, lines: list[Line]) -> Line:
    text = "".join(line["response"] for line in lines)
    thinking = "".join(line.get("thinking", "") for line in lines)
    last["response"] = text
    last.pop("thinking", None)
    return _before(last, "done", "thinking", thinking) if thinking else last


def _before(line: Line, place: str, name: str, value: Any) -> Line:
    result: Line = {}
    for key, item in line.items():
        if key == place:
            result[name] = value
        result[key] = item
    return result if name in result else {**result, name: value}


def _text(kind: Kind, content: str, thinking: str) -> Line:
    extra = {"thinking": thinking} if thinking else {}
    if kind == "generate":
        return {"response": content, **extra}
    return {"message": {"role": "assistant", "content": content, **extra}}


def _logprob(token: str, value: float) -> Line:
    return {"token": token, "logprob": value, **({"bytes": list(token.encode())} if token else {})}


def _limit(options: Mapping[str, Any]) -> int | None:
    limit = int(options.get("num_predict", -1))
    return limit if limit > 0 else None


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1e9)


def _context(prompt: str, count: int) -> list[int]:
    """Token numbers, made up but the same for the same prompt."""
    seed = zlib.crc32(prompt.encode("utf-8", "replace"))
    return [(seed >> (number % 16)) % 30_000 + number for number in range(count)]


def _check_options(options: Mapping[str, Any]) -> None:
    for kind, names in _TYPES.items():
        for name in names:
            value = options.get(name)
            wrong_bool = isinstance(value, bool) and kind != "boolean"
            if value is not None and (wrong_bool or not isinstance(value, _PYTHON[kind])):
                raise ApiError(500, f'option "{name}" must be of type {kind}')
    stop = options.get("stop")
    if stop is not None and not isinstance(stop, list):
        raise ApiError(500, 'option "stop" must be of type array')
    if stop and not all(isinstance(word, str) for word in stop):
        raise ApiError(500, 'option "stop" must be of an array of strings')
