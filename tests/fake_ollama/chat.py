"""`/api/chat` and `/api/generate`: the model is loaded, then it answers, line by line."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.fake_ollama import context, gojson, library
from tests.fake_ollama.admit import Gate, Job, ask_of, tokens_of
from tests.fake_ollama.clock import utc
from tests.fake_ollama.errors import ApiError, bad_schema_text, nested
from tests.fake_ollama.faults import spoil_lines, spoil_script
from tests.fake_ollama.lines import Guard, Line, context_of, logprob, nanoseconds, text_of
from tests.fake_ollama.runners import Runner
from tests.fake_ollama.script import CLOSE_TAG, OPEN_TAG, Sampler, Script, ThinkParser, pieces, unusable

if TYPE_CHECKING:
    from tests.fake_ollama.server import FakeOllama

RENDERERS = ("qwen3-coder", "qwen3-vl", "deepseek3.1", "cogito")


@dataclass
class _Numbers:
    """What the final line reports: tokens, and seconds."""

    loaded: float
    prompt: int
    prompt_seconds: float
    answer: int = 0
    answer_seconds: float = 0.0


class Chat:
    """Answers for one server."""

    def __init__(self, server: FakeOllama) -> None:
        self.server, self.profile = server, server.profile
        self.now, self.admit = server.clock.now, Gate(server).admit

    # Loading

    async def only_load(self, job: Job) -> Line:
        """The reply to a request without a prompt."""
        if job.keep_alive == 0:
            self.server.scheduler.unload(job.model.blob)
            return self._plain(job, "unload")
        await self._load_fault(job)
        async with self.server.scheduler.use(job.model, self._load_options(job), job.keep_alive):
            return self._plain(job, "load")

    def _plain(self, job: Job, reason: str) -> Line:
        return {**self._start(job), **text_of(job.kind, "", ""), "done": True, "done_reason": reason}

    def _load_options(self, job: Job) -> dict[str, Any]:
        return self.server.scheduler.load_options(job.model, job.options, context.shifts(job, self.profile))

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
            if armed.fault.name == "restarted":
                await self.server.restart(armed.seconds)
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
            read = context.prompt_tokens(job, self.profile, runner.context)
            job.request.phase = "wait"
            await runner.slots.acquire()
            job.request.phase = "answer"
            self.server.answering.enter(job.model.name.short)
            try:
                async for line in self._generate(job, runner, loaded, read):
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
        self._check_template(job)
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

    def _check_template(self, job: Job) -> None:
        """What only shows when a prompt is rendered: create takes it."""
        if job.model.renderer not in ("", *RENDERERS):
            raise ApiError(500, f'unknown renderer "{job.model.renderer}"')
        for found in re.finditer(r"\{\{-?\s*(index \.Messages (\d+))", job.model.template):
            if int(found[2]) >= len(job.messages):
                place = f'template: :1:{found.start(1)}: executing "" at <{found[1]}>'
                raise ApiError(500, f"{place}: error calling index: index out of range: {found[2]}")

    def _bad_schema(self, bad: Any) -> ApiError:
        if not self.profile.llama_server:
            return ApiError(500, "invalid JSON schema in format", engine=True)
        return nested(400, bad_schema_text(bad), "invalid_request_error")

    async def _generate(self, job: Job, runner: Runner, loaded: float, read: int) -> AsyncIterator[Line]:
        script = self.server.script_for(ask_of(job))
        armed = self.server.faults.take("script", job.request.path, job.typed)
        if armed:
            script = spoil_script(script, armed, job.options.get("num_predict"))
        if armed and armed.fault.name == "trimmed":
            read = runner.context
        numbers = await self._read_prompt(job, runner, loaded, read)
        guarded = self._parses(job) or not library.is_native(job.model, self.profile)
        guard, reason = Guard(self.profile.repeats if guarded else None), "stop"
        raw = bool(armed and armed.fault.name == "think-in-content")
        for number, tokens in enumerate(self._passes(job, script)):
            numbers.answer_seconds = 0.0
            if number:  # the second pass reads the thinking as part of its prompt; an empty line marks the change
                numbers.prompt += tokens_of("".join(script.thinking))
                yield self._line(job, "", "", [])
            limit = context.answer_limit(job, self.profile, runner.context, numbers.prompt)
            sampler = Sampler(job.options.get("stop", ()), limit)
            parser = ThinkParser() if self._parses(job) and not raw else None
            for line in self._speak(job, sampler, parser, tokens):
                numbers.answer_seconds += await self._token(script, len(tokens))
                if line is None:
                    continue
                if guard.trips(line):
                    job.request.phase = "done"
                    if self.profile.repeats > 30:
                        raise ApiError(500, "prediction aborted, token repeat limit reached", engine=True)
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
            logprob(word, -0.25 - rank) for rank, word in enumerate((token, *(f"w{n}" for n in range(count))))
        ]
        return [{**logprob(shown, -0.25), **({"top_logprobs": others[:count]} if count else {})}]

    def _line(self, job: Job, thinking: str, content: str, logprobs: list[Line]) -> Line:
        line = {**self._start(job), **text_of(job.kind, content, thinking), "done": False}
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

    async def _read_prompt(self, job: Job, runner: Runner, loaded: float, count: int) -> _Numbers:
        started = self.now()
        cached = job.rendered in runner.cached
        runner.cached.add(job.rendered)
        await self.server.clock.sleep(0.0 if cached else self.server.prompt_time)
        seconds = max(self.now() - started, 1e-3 if cached else 1e-4 * count)
        new_only = cached and self.profile.version == "0.30.0"  # this one leaves out what it had read before
        return _Numbers(loaded, 1 if new_only else count, seconds)

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
            "total_duration": nanoseconds(max(self.now() - job.entry, spent)),
            "load_duration": nanoseconds(loaded),
            "prompt_eval_count": numbers.prompt,
            "prompt_eval_duration": nanoseconds(numbers.prompt_seconds),
            "eval_count": numbers.answer,
            "eval_duration": nanoseconds(numbers.answer_seconds),
            **script.usage,
        }
        line = {**self._start(job), **text_of(job.kind, "", ""), "done": True}
        if done_reason:
            line["done_reason"] = done_reason
        if job.kind == "generate" and not job.data.get("raw"):
            line["context"] = context_of(job.rendered, numbers.prompt + numbers.answer)
        return line | {name: value for name, value in metrics.items() if value}
