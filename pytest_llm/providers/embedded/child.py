"""The program of the child process in which llama.cpp runs; it imports nothing of pytest-llm.

It reads one line of JSON from its standard input (the fields of `process.Load`, and `key`), loads the model,
writes one line of JSON to its standard output, `{"url": …}` or `{"error": …}`, and serves until its standard input
ends: which it does when its parent ends, however that happens.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
from typing import Any

PR_SET_PDEATHSIG = 1
WARNINGS_AND_ERRORS = 2
BYTES_A_TOKEN = 200  # llama.cpp's bookkeeping alone, whatever the model


def main() -> None:
    parent = os.getppid()
    report = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the library prints must not be taken for the report
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _die_with(parent)
    line = sys.stdin.buffer.readline()
    watch = threading.Thread(target=_end_with_stdin, daemon=True)
    watch.start()
    try:
        answer = {"url": _serve(json.loads(line))}
    except Exception as error:
        answer = {"error": str(error) or type(error).__name__}
    report.write(json.dumps(answer) + "\n")
    report.close()
    if "url" in answer:
        watch.join()  # else it ends in order: llama.cpp writes what it has logged in a thread of its own


def _end_with_stdin() -> None:
    while os.read(0, 4096):
        pass
    os._exit(0)


def _die_with(parent: int) -> None:
    """Be killed when the parent is, and be the first to go when memory runs out: Linux only."""
    if sys.platform != "linux":
        return
    import ctypes

    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")


_server: Any = None  # the model is unloaded when nothing refers to it any more


def _serve(load: dict[str, Any]) -> str:
    """Load the model and listen on a free port of loopback; the URL."""
    global _server
    import xllamacpp

    if not any(_is_gpu(device) for device in xllamacpp.get_device_info()):
        _bound_memory(load)
    _server = xllamacpp.Server(_parameters(xllamacpp, load))
    return str(_server.listening_address)


def _is_gpu(device: dict[str, Any]) -> bool:
    return "GPU" in str(device.get("type"))


def _parameters(xllamacpp: Any, load: dict[str, Any]) -> Any:
    p = xllamacpp.CommonParams()
    p.model.path = load["path"]
    p.api_keys = [load["key"]]
    p.n_parallel = load["slots"]
    p.n_ctx = load["num_ctx"] * load["slots"]
    p.cpuparams.n_threads = p.cpuparams_batch.n_threads = load["num_thread"]
    if load["num_batch"] is not None:
        p.n_batch = load["num_batch"]
        p.n_ubatch = min(p.n_ubatch, p.n_batch)
    if load["num_gpu"] is not None and load["num_gpu"] >= 0:
        p.n_gpu_layers = load["num_gpu"]
    if load["main_gpu"] is not None:
        p.main_gpu = load["main_gpu"]
    if load["use_mmap"] is not None:
        modes = xllamacpp.llama_load_mode
        p.load_mode = modes.LLAMA_LOAD_MODE_MMAP if load["use_mmap"] else modes.LLAMA_LOAD_MODE_NONE
    p.cache_prompt = p.cache_idle_slots = False
    p.cache_ram_mib = 0  # an answer must not depend on what was asked before
    p.ctx_shift = False  # an answer ends where the context does
    p.ui = p.endpoint_slots = False
    p.verbosity = WARNINGS_AND_ERRORS
    return p


def _bound_memory(load: dict[str, Any]) -> None:
    """What does not fit must fail here, with a reason, before the kernel kills whom it likes."""
    available = available_memory()
    if available is None:
        return
    needed = load["num_ctx"] * load["slots"] * BYTES_A_TOKEN
    if needed > available:
        sizes = f"{needed / 2**30:.0f} GiB of memory, and {available / 2**30:.1f} GiB are available"
        raise MemoryError(f"a context of {load['num_ctx']} tokens takes at least {sizes}")
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    bound = available if hard == resource.RLIM_INFINITY else min(available, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (bound, hard))


def available_memory() -> int | None:
    """Bytes that this process may still take: of the machine, and of its control group. None where unknown."""
    found = [_machine_memory(), _group_memory()]
    return min((size for size in found if size is not None), default=None)


def _machine_memory() -> int | None:
    with contextlib.suppress(OSError, ValueError), open("/proc/meminfo") as file:
        for line in file:
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return None


def _group_memory() -> int | None:
    """What is left of the control group's limit; its cached files give way when memory is needed."""
    with contextlib.suppress(OSError, ValueError, StopIteration):
        with open("/proc/self/cgroup") as file:
            folder = next(f"/sys/fs/cgroup{line.strip()[3:]}" for line in file if line.startswith("0::"))
        with open(f"{folder}/memory.max") as file:
            limit = int(file.read())  # "max" where there is none
        with open(f"{folder}/memory.stat") as file:
            used = dict(line.split() for line in file)
        return max(0, limit - int(used["anon"]))
    return None


if __name__ == "__main__":
    main()
