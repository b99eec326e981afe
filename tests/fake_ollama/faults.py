"""The ways in which a server fails, by number and by name, each as it looks on the wire.

A number stands for the first of its names. Load faults come when the model would be loaded, those of a runner when
it would answer; `after` counts the lines that still arrive before a stream breaks.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.fake_ollama.errors import ApiError
from tests.fake_ollama.http import Cut
from tests.fake_ollama.profiles import Profile
from tests.fake_ollama.script import Script

Stage = Literal[
    "listen", "accept", "page", "admit", "load", "infer", "lines", "bytes", "script", "blob", "disk", "progress"
]
INFERENCE = ("/api/chat", "/api/generate", "/v1/chat/completions")
_EVERYWHERE = ("/",)
_OOM = "cudaMalloc failed: out of memory"
_STOPPED = (
    "model runner has unexpectedly stopped, this may be due to resource limitations or an internal error, "
    "check ollama server logs for details"
)
_OLD_FILE = (
    "this model may be incompatible with your version of Ollama. If you previously pulled this model, "
    "try updating it by running `ollama pull {model}`"
)
_BLOB_GONE = "open /models/blobs/sha256-0f: no such file or directory"
_NESTED = '{{"error":{{"code":500,"message":"{text}","type":"server_error"}}}}'
HALF = '{"model":"m","message":{"role":"assistant","content":"caf\u00e9'.encode()[:-1]
HTML = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n"


@dataclass(frozen=True)
class Fault:
    """status, text: of the error; `old` is the text before 0.30. {model} stands for the name as typed."""

    number: int
    name: str
    stage: Stage
    status: int = 500
    text: str = ""
    old: str = ""
    paths: tuple[str, ...] = INFERENCE

    def error(self, profile: Profile, model: str) -> ApiError:
        text = self.old if self.old and not profile.llama_server else self.text
        extra = {"signin_url": "https://ollama.com/connect"} if self.status == 401 else None
        return ApiError(self.status, text.replace("{model}", model), engine=self.stage == "infer", extra=extra)


FAULTS = (
    Fault(1, "refused", "listen"),
    Fault(2, "silent", "accept", paths=_EVERYWHERE),
    Fault(3, "slow-load", "load"),
    Fault(4, "queue-full", "admit", 503, "server busy, please try again.  maximum pending requests exceeded"),
    Fault(5, "unknown-model", "admit", 404, "model '{model}' not found"),
    Fault(5, "not-chat", "admit", 400, '"{model}" does not support chat'),
    Fault(5, "cannot-think", "admit", 400, '"{model}" does not support thinking'),
    Fault(
        6,
        "load-crash",
        "load",
        text="llama-server process has terminated: exit status 2: error loading model",
        old="llama runner process has terminated: exit status 2",
    ),
    Fault(6, "load-start", "load", text="error starting llama-server: fork/exec llama-server: permission denied"),
    Fault(7, "load-crash-old", "load", text="llama runner process has terminated: error loading model"),
    Fault(
        8,
        "load-stall",
        "load",
        text="timed out waiting for llama-server to start - waiting for server to become available",
        old="timed out waiting for llama runner to start - progress 0.42 - ",
    ),
    Fault(
        9,
        "load-oom",
        "load",
        text=f"llama-server reported out-of-memory during startup: {_OOM}",
        old="model requires more system memory (9.3 GiB) than is available (7.1 GiB)",
    ),
    Fault(9, "gpu-only", "load", text="unable to load full model on GPU"),
    Fault(10, "incompatible", "load", text=f"unable to load model: {_OLD_FILE}"),
    Fault(11, "runner-stopped", "infer", text=_STOPPED),
    Fault(
        12,
        "runner-died",
        "lines",
        text="an error was encountered while running the model: unexpected EOF",
    ),
    Fault(
        12,
        "cuda-error",
        "lines",
        text="an error was encountered while running the model: CUDA error: illegal access",
    ),
    Fault(13, "runner-loading", "infer", text="unexpected server status: llm server loading model"),
    Fault(13, "no-slots", "infer", text="no slots available after 10 retries"),
    Fault(13, "runner-gone", "infer", text="llama-server process no longer running: exit status 1 "),
    Fault(14, "nested", "infer", text=_NESTED.format(text="failed to decode the batch")),
    Fault(15, "parser", "lines", text="failed to parse the model's output: unexpected token"),
    Fault(16, "stalled", "lines"),
    Fault(17, "no-done", "lines"),
    Fault(17, "empty-body", "bytes"),
    Fault(18, "truncated", "bytes"),
    Fault(18, "reset", "bytes"),
    Fault(19, "bad-chunk", "bytes"),
    Fault(20, "html", "page", 502, paths=_EVERYWHERE),
    Fault(20, "html-504", "page", 504, paths=_EVERYWHERE),
    Fault(20, "html-200", "page", 200, paths=_EVERYWHERE),
    Fault(20, "html-line", "bytes"),
    Fault(21, "no-metrics", "lines"),
    Fault(22, "empty", "script"),
    Fault(22, "only-thinking", "script"),
    Fault(22, "repeats", "script"),
    Fault(22, "loops", "script"),
    Fault(22, "loops-told", "lines", text="prediction aborted, token repeat limit reached"),
    Fault(23, "format-ignored", "script"),
    Fault(23, "trimmed", "script"),
    Fault(23, "think-in-content", "script"),
    Fault(24, "blob-mismatch", "blob", 400, paths=("/api/blobs/",)),
    Fault(25, "create-failed", "progress", text="no space left on device", paths=("/api/create",)),
    Fault(25, "pull-failed", "progress", text="pull model manifest: file does not exist", paths=("/api/pull",)),
    Fault(26, "forbidden", "page", 403, paths=_EVERYWHERE),
    Fault(27, "unauthorized", "admit", 401, "unauthorized"),
    Fault(27, "too-many-requests", "admit", 429, "too many requests"),
    Fault(27, "bad-gateway", "admit", 502, "dial tcp: lookup ollama.com: no such host"),
    Fault(28, "restarted", "lines"),
    Fault(29, "html-429", "page", 429, paths=_EVERYWHERE),
    Fault(30, "disk-full", "disk", text="write /models/blobs: no space left on device", paths=("/api/blobs/",)),
    Fault(31, "create-race", "progress", text=_BLOB_GONE, paths=("/api/create",)),
    Fault(32, "half-character", "bytes"),
)


def find(which: int | str) -> Fault:
    """By number or by name."""
    for fault in FAULTS:
        if which in (fault.number, fault.name):
            return fault
    raise LookupError(f"no fault {which!r}; there are {', '.join(fault.name for fault in FAULTS)}")


@dataclass
class Armed:
    """A fault that waits for its moment. left: how often it still comes, None for always."""

    fault: Fault
    left: int | None = 1
    path: str = ""
    model: str = ""
    after: int = 2
    seconds: float = 30.0
    retry_after: str = ""

    def fits(self, stage: Stage, path: str, model: str) -> bool:
        paths = (self.path,) if self.path else self.fault.paths
        here = any(path == known or (known.endswith("/") and path.startswith(known)) for known in paths)
        return self.left != 0 and self.fault.stage == stage and here and self.model in ("", model)


@dataclass
class Faults:
    """Those that are armed, in the order in which they were; `seen` counts how often each came."""

    armed: list[Armed] = field(default_factory=list)
    seen: dict[str, int] = field(default_factory=dict)

    def take(self, stage: Stage, path: str, model: str = "") -> Armed | None:
        for armed in self.armed:
            if armed.fits(stage, path, model):
                if armed.left is not None:
                    armed.left -= 1
                name = armed.fault.name
                self.seen[name] = self.seen.get(name, 0) + 1
                return armed
        return None


async def spoil_lines(
    lines: AsyncIterator[dict[str, Any]], armed: Armed, profile: Profile
) -> AsyncIterator[dict[str, Any]]:
    """The answer's lines, broken after some of them."""
    count = 0
    async for line in lines:
        final = line["done"]
        if armed.fault.name == "no-metrics":
            keep = ("model", "created_at", "message", "response", "done")
            yield {key: value for key, value in line.items() if key in keep} if final else line
            continue
        if count >= armed.after or final:
            if armed.fault.name == "stalled":
                await asyncio.Future()  # the slot stays taken until the client leaves
            if armed.fault.name == "no-done":
                return
            raise armed.fault.error(profile, str(line["model"]))
        count += 1
        yield line


async def spoil_bytes(parts: AsyncIterator[bytes], armed: Armed) -> AsyncIterator[bytes]:
    """The body's chunks, broken after some of them."""
    count, name = 0, armed.fault.name
    if name == "empty-body":
        raise Cut(ended=True)
    async for part in parts:
        if count >= armed.after and name != "bad-chunk":
            half = part[: len(part) // 2]
            if name == "half-character":
                raise Cut(b"%x\r\n%s\r\n" % (len(HALF), HALF), ended=True)
            if name == "html-line":
                raise Cut(b"%x\r\n%s\r\n" % (len(HTML), HTML), ended=True)
            raise Cut(b"%x\r\n%s\r\n" % (len(half), half), reset=name == "reset")
        count += 1
        yield part
    if name == "bad-chunk":
        raise Cut


def spoil_script(script: Script, armed: Armed, limit: int | None) -> Script:
    """A degenerate answer instead of the scripted one."""
    name = armed.fault.name
    if name == "empty":
        return Script("", usage={"eval_count": 1})
    if name == "only-thinking":
        return Script((), ("Hm", ",", " wait", ".") * 8, done_reason="length")
    if name == "repeats":
        return Script(("go", " on", " and", " ") * ((limit or 400) // 4 + 1), done_reason="length", verbatim=True)
    if name == "loops":
        return Script(("Well", ":", *(" go", "go\n") * 200), verbatim=True)
    if name == "format-ignored":
        return Script("Sure! The answer is as follows.", verbatim=True)
    if name == "think-in-content":
        thinking = "".join(script.thinking) or "Let me see."
        return Script(f"<think>\n{thinking}\n</think>\n\n{''.join(script.content)}", verbatim=True)
    return script
