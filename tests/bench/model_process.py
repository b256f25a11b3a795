"""A chat-completions server in a process of its own: `python -m tests.bench.model_process`.

Above: `bench_overhead`. It streams the same answer to everybody, a word at a time, and ends when
its standard input is closed. `pause` and `first` are seconds before a word and before the first.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager

from tests.fakes.chat_server import Served, chat_server

ANSWER = (
    "Thank you. Please open the settings of your account, choose the page of orders, and look "
    "there."
)


async def serve(pause: float) -> None:
    """Until standard input ends."""
    words = [f"{word} " for word in ANSWER.split(" ")]
    pieces = ("Thank you. ", *words[2:])
    served = Served(pieces=pieces, pause=pause, usage=(500, 30))
    async with chat_server(lambda body: served) as server:
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


@contextmanager
def model_process(pause: float, *, core: int | None = None) -> Generator[str]:
    """Run it; gives its address. `core`: the processor it is kept on."""
    command = [sys.executable, "-m", "tests.bench.model_process", json.dumps(pause)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        try:
            if core is not None:
                os.sched_setaffinity(child.pid, {core})
            assert child.stdout is not None
            yield child.stdout.readline().decode().strip()
        finally:
            child.kill()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1])))
