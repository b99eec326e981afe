"""Run the fake server as a process of its own: prints its address, serves until it is killed."""

from __future__ import annotations

import argparse
import threading

from tests.fake_ollama.server import FakeOllama


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fake_ollama", description=__doc__)
    parser.add_argument("--version", default="0.33.0", help="the version to be true to, or llama-server")
    parser.add_argument("--port", type=int, default=0, help="default: any free one")
    parser.add_argument("--model", action="append", default=[], metavar="NAME[,CAPABILITY...]")
    parser.add_argument("--load-time", type=float, default=0.0, metavar="SECONDS")
    parser.add_argument("--token-time", type=float, default=0.0, metavar="SECONDS")
    parser.add_argument("--slots", type=int, default=1)
    parser.add_argument("--api-key", default="", help="of the llama-server dialect")
    given = parser.parse_args()
    server = FakeOllama(
        given.version,
        port=given.port,
        load_time=given.load_time,
        token_time=given.token_time,
        slots=given.slots,
        api_key=given.api_key,
    )
    with server:
        for entry in given.model:
            name, *able = entry.split(",")
            server.add_model(name, capabilities=("completion", *able))
        print(server.url, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
