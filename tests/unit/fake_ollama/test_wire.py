"""The fake server against recordings of real ones: same requests, same answers but for times and numbers."""

from __future__ import annotations

import functools
import json
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import pytest

from tests.fake_ollama import FakeOllama, Script, VirtualClock, gguf
from tests.fake_ollama.library import sha256
from tests.helpers.wire import LLAMA, NEW, OLD, Exchange, exchange, exchanges

MERGE, EXPENSE, BOUNCE = "merges overlapping intervals", "Classify this expense", "rotating square"

# State that a recording was made in

CREATES = ("create-plain", "create-thinker-nostream", "create-bare", "create-from")
NATIVE_CREATES = ("create-native", "create-native-thinker")
EMPTY_SERVER = ("tags-empty", "v1-models-empty", "ps-empty")
WITH_X = ("tags", "v1-models")
EARLIER = {
    "ps-loaded": "debug-render",
    "ps-after-reload": "chat-num-ctx-reload",
    "ps-forever": "chat-keep-alive-forever",
    "delete": "copy",
    "fault-next-after-kill": "fault-runner-killed-nostream",
}
KEYS = {"wrong-key": "nonsense", "no-key": ""}
HEADERS = {"host-header-foreign": ("Host", "example.com"), "origin-foreign": ("Origin", "http://example.com")}

# Answers that no other recording of the same prompt holds: nonsense of a model that got the wrong prompt or an
# unfamiliar grammar, or a text that the tokenizer cut differently under the grammar.
OWN_WORDS = {
    OLD: {
        *("chat-bare-stream", "chat-bare-nostream", "chat-bare-think-false", "chat-bare-format-json"),
        *("chat-bare-format-schema", "chat-overflow", "generate-overflow"),
        *("chat-format-schema-think-true", "chat-format-schema-think-absent", "generate-format-schema-think-true"),
    },
    NEW: {
        *("chat-bare-format-schema", "chat-format-schema", "chat-format-schema-nostream", "chat-format-length"),
        *(
            "native-format-schema-think-true",
            "native-format-schema-think-absent",
            "native-format-schema-think-false",
        ),
        *("chat-format-schema-think-true", "chat-format-schema-think-absent", "generate-format-schema-think-true"),
        *("generate-overflow", "native-prefill", "v1-json-schema"),
    },
}


def gguf_tensors() -> list[gguf.Tensor]:
    shown = json.loads(exchange(OLD, "show-plain").body)["tensors"]
    return [gguf.Tensor(tensor["name"], tensor["type"], tuple(tensor["shape"])) for tensor in shown]


@functools.cache
def model_file(chat_template: str) -> bytes:
    """A file with the metadata and the tensors of the recorded one, all zeros."""
    shown = json.loads(exchange(OLD, "show-plain").body)["model_info"]
    known: dict[str, Any] = {key: ["x"] * 9 if value is None else value for key, value in shown.items()}
    known["llama.rope.freq_base"] = float(known["llama.rope.freq_base"])
    del known["general.parameter_count"]
    known["tokenizer.chat_template"] = chat_template
    return gguf.write(known, gguf_tensors())


@functools.cache
def files() -> dict[str, bytes]:
    """The blobs of the recordings by their digests there."""
    plain = json.loads(exchange(NEW, "show-bare").body)["template"]
    native = json.loads(exchange(LLAMA, "props").body)["chat_template"]
    demo = model_file(plain)
    return {
        _digest("create-plain"): demo,
        _digest("create-native"): model_file(native),
        _digest("create-gguf-truncated"): demo[: len(demo) // 2],
        _digest("create-gguf-not-gguf"): b"This is no model.",
        _digest("create-gguf-empty"): b"",
    }


def _digest(name: str) -> str:
    return str(next(iter(exchange(NEW, name).sent["files"].values()))).removeprefix("sha256:")


def translate(text: str) -> str:
    """Digests of the recorded files as digests of ours."""
    for recorded, data in files().items():
        text = text.replace(recorded, sha256(data))
    return text


# What the model says


def spoken(lines: list[dict[str, Any]]) -> Script:
    """The thinking and the content of recorded lines, a token each."""
    messages = [line.get("message", line) for line in lines]
    thinking = tuple(message["thinking"] for message in messages if message.get("thinking"))
    content = tuple(text for message in messages if (text := message.get("content") or message.get("response")))
    return Script(content, thinking)


@functools.cache
def scripts() -> dict[str, Script]:
    bounce = exchange(NEW, "fault-runner-killed-plain").lines[3:-1]
    words = [line["message"]["content"] for line in bounce]
    thinking = tuple(takewhile(lambda word: word != "</", words))
    return {
        MERGE: spoken(exchange(NEW, "chat-think-true").lines),
        EXPENSE: spoken(exchange(NEW, "native-think-true").lines),
        BOUNCE: Script(tuple(words[len(thinking) + 5 :]), thinking),
    }


def own_words(recorded: Exchange) -> Script:
    """The recorded answer itself, where it is one that thinks, with its thinking apart."""
    lines = recorded.lines
    if recorded.path.startswith("/v1"):
        return Script(lines[0]["choices"][0]["message"]["content"], verbatim=True)
    script = spoken(lines)
    reason = lines[-1].get("done_reason")
    return Script(script.content, script.thinking, done_reason=reason, verbatim=not script.thinking)


# Asking


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    chunks: list[str]

    @property
    def body(self) -> str:
        return "".join(self.chunks)


def raw_request(recorded: Exchange, key: str) -> bytes:
    body = b""
    if isinstance(recorded.sent, str):
        is_blob = recorded.path.startswith("/api/blobs/")
        body = files()[_digest("create-plain")] if is_blob else recorded.sent.encode()
    elif recorded.sent is not None:
        body = translate(json.dumps(recorded.sent)).encode()
    headers = {"Host": "127.0.0.1", "Connection": "close", "Content-Length": str(len(body))}
    headers |= dict([HEADERS[recorded.name]]) if recorded.name in HEADERS else {}
    headers |= {"Authorization": f"Bearer {key}"} if key else {}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{recorded.method} {translate(recorded.path)} HTTP/1.1\r\n{head}\r\n".encode() + body


def ask(server: FakeOllama, recorded: Exchange, *, key: str = "", leave_after: int = 0) -> Answer:
    """Send the recorded request; read to the end, or leave after some chunks."""
    port = int(server.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=20) as sock:
        try:
            sock.sendall(raw_request(recorded, key))
        except (BrokenPipeError, ConnectionResetError):
            assert recorded.name.startswith("blob-post")  # answered before the body was read
        data = b""
        while part := _receive(sock):
            data += part
            if leave_after and data.count(b"}\n\r\n") >= leave_after:
                break
    head, _, rest = data.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
    chunked = headers.get("Transfer-Encoding") == "chunked"
    chunks = list(_dechunked(rest)) if chunked else [rest.decode()] if rest else []
    return Answer(int(first.split()[1]), headers, chunks)


def _receive(sock: socket.socket) -> bytes:
    try:
        return sock.recv(65536)
    except ConnectionResetError:
        return b""


def _dechunked(data: bytes) -> Iterator[str]:
    while data:
        size, _, rest = data.partition(b"\r\n")
        length = int(size, 16)
        if not length:
            assert rest == b"\r\n"
            return
        yield rest[:length].decode()
        data = rest[length + 2 :]


# Comparing

TIMES_AND_IDS = ("created_at", "modified_at", "expires_at", "id", "media_marker")
_HEX = re.compile("[0-9a-f]{64}")
_NUMBER = re.compile(r"\d+(\.\d+)?")


def shape(value: Any, key: str = "") -> Any:
    """The value without times, ids, digests and numbers; keys keep their order."""
    match value:
        case dict():
            return [(name, shape(item, name)) for name, item in value.items()]
        case list() if key == "top_logprobs":
            return [[(name, None) for name in item] for item in value]
        case list() if value and all(isinstance(item, int) for item in value):
            return "numbers"
        case list() if key in ("models", "data") and value:
            return sorted((shape(item) for item in value), key=repr)
        case list():
            return [shape(item) for item in value]
        case bool() | None:
            return value
        case int() | float():
            return "number"
        case _:
            return _text(str(value), key)


def _text(text: str, key: str) -> str:
    if key in TIMES_AND_IDS:
        return "text"
    if text.endswith(".gguf"):
        return "path.gguf"
    if key == "parameters":  # lines in random order
        return "\n".join(sorted(text.splitlines()))
    text = _HEX.sub("<digest>", text)
    return _NUMBER.sub("N", text) if key in ("error", "message") else text


def shapes(text: str) -> list[Any]:
    """Each line, event or object of a body by its shape; a text that is no JSON as it is."""
    found: list[Any] = []
    for line in text.splitlines():
        row = line.removeprefix("data: ")
        try:
            found.append((line[: len(line) - len(row)], shape(json.loads(row))))
        except json.JSONDecodeError:
            found.append(line)
    return found


MATTERS = ("Content-Type", "Transfer-Encoding", "Location", "Allow", "Server", "X-Accel-Buffering", "Connection")


def head_shape(headers: dict[str, str]) -> dict[str, str]:
    """The headers that a client may look at; of a length only that there is one."""
    found = {name: value for name, value in headers.items() if name in MATTERS}
    if "Content-Length" in headers:
        found["Content-Length"] = "0" if headers["Content-Length"] == "0" else "some"
    return found


def compare(answer: Answer, recorded: Exchange) -> None:
    assert answer.status == recorded.status
    assert head_shape(answer.headers) == head_shape(dict(recorded.headers))
    assert shapes(answer.body) == shapes(recorded.body)
    assert answer.body.endswith("\n") == recorded.body.endswith("\n")


def prepared(recorded: Exchange) -> FakeOllama:
    """A server in the state that the recording had."""
    server = FakeOllama(recorded.version, clock=VirtualClock())
    for text, script in scripts().items():
        server.answer(text, script)
    server.answer(lambda asked: asked.prompt == "hi", scripts()[MERGE])
    if recorded.name in OWN_WORDS[recorded.version]:
        server.answer("", own_words(recorded))
    return server


def set_up(server: FakeOllama, recorded: Exchange) -> None:
    if recorded.name in EMPTY_SERVER:
        return
    if not (recorded.name in ("blob-head-missing", "blob-post-mismatch") and recorded.version == OLD):
        server.library.blobs.update({sha256(data): data for data in files().values()})
    native = "native" in recorded.name or "nthinker" in recorded.name
    earlier = list(NATIVE_CREATES if native else CREATES)
    if recorded.name in earlier:
        earlier = earlier[: earlier.index(recorded.name)]
    earlier += ["create-bad-parameter"] * (recorded.name in WITH_X)
    for name in [*earlier, *([EARLIER[recorded.name]] if recorded.name in EARLIER else ())]:
        ask(server, exchange(recorded.version, name))
    if recorded.version == NEW and recorded.name == "create-from":  # a layer that an earlier model left behind
        server.library.layers.add(sha256(recorded.sent["system"].encode()))


ALL = [*exchanges(OLD), *exchanges(NEW)]


@pytest.mark.parametrize("recorded", ALL, ids=lambda recorded: f"{recorded.version}-{recorded.name}")
def test_ollama_answers_as_recorded(recorded: Exchange) -> None:
    with prepared(recorded) as server:
        set_up(server, recorded)
        leave_after = 0
        if recorded.name.startswith("fault-runner-killed"):
            server.fault("runner-died", after=len(recorded.lines) - 1)
        elif recorded.ended == "client closed":
            leave_after = len(recorded.chunks)
            server.fault("stalled", after=leave_after)
        answer = ask(server, recorded, leave_after=leave_after)
        if leave_after:
            server.wait_for(lambda: [cancelled.phase for cancelled in server.cancelled] == ["answer"])
    compare(answer, recorded)


@pytest.mark.parametrize("recorded", exchanges(LLAMA), ids=lambda recorded: recorded.name)
def test_llama_server_answers_as_recorded(recorded: Exchange) -> None:
    with FakeOllama("llama-server", api_key="SECRET") as server:
        template = json.loads(exchange(LLAMA, "props").body)["chat_template"]
        server.add_model("demo", capabilities=("completion", "thinking"), file=model_file(template))
        for text, script in scripts().items():
            server.answer(text, script)
        answer = ask(server, recorded, key=KEYS.get(recorded.name, "SECRET"))
    compare(answer, recorded)


def test_every_exchange_is_there() -> None:
    assert (len(exchanges(OLD)), len(exchanges(NEW)), len(exchanges(LLAMA))) == (171, 187, 21)
