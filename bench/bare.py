"""What a model server takes for a load and an answer when it is asked by as little as can ask it.

    python bench/bare.py [--slots N] [--rounds N] URL ...

All servers at the same time: of each the model m0 is loaded, then each slot asks one question after another, each
over a connection of its own and by nothing but the standard library. Prints two numbers, seconds: of a load, of an
answer.
"""

from __future__ import annotations

import argparse
import http.client
import json
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit


def post(address: str, path: str, body: dict[str, object]) -> float:
    """Seconds until the answer is there, whole."""
    begun = time.monotonic()
    connection = http.client.HTTPConnection(address, timeout=60)
    connection.request("POST", path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    for line in answer.read().splitlines():
        json.loads(line)
    connection.close()
    if answer.status != 200:
        raise SystemExit(f"{address}{path} answered {answer.status}")
    return time.monotonic() - begun


def load(address: str) -> float:
    return post(address, "/api/generate", {"model": "m0", "prompt": ""})


def answers(address: str, rounds: int) -> float:
    """Seconds of one, in the mean."""
    asked = {"model": "m0", "messages": [{"role": "user", "content": "Write."}], "stream": True}
    return sum(post(address, "/api/chat", asked) for _ in range(rounds)) / rounds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--slots", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("urls", nargs="+", metavar="URL")
    given = parser.parse_args()
    addresses = [urlsplit(url).netloc for url in given.urls]
    slots = [address for address in addresses for _ in range(given.slots)]
    with ThreadPoolExecutor(len(slots)) as all_at_once:
        loads = list(all_at_once.map(load, addresses))
        each = list(all_at_once.map(lambda address: answers(address, given.rounds), slots))
    print(sum(loads) / len(loads), sum(each) / len(each))


if __name__ == "__main__":
    main()
