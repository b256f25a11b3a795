"""Two servers to compare with, each in a process of its own.

Above: `targets`, which starts `python -m tests.bench.baselines NAME`. Below: python-socketio,
aiohttp, redis-py, the Valkey of `tests.fakes.servers`.

- `echo`: bare python-socketio; an event in, an event out, nothing kept.
- `stream-echo`: the product's wire shape (acknowledgement and entry) through a store, done the
  plain way: one script (dedupe, sequence, two XADD), XREADGROUP, emit, XACK.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from typing import Any

import redis.asyncio
import socketio
import uvloop
from aiohttp import web

from core.bus.records import stream_records
from tests.fakes.servers import running_server

NAMESPACE = "/widget"
Fields = dict[str, Any]

INTAKE = """
local seen = redis.call('HGET', KEYS[1], ARGV[1])
if seen then return tonumber(seen) end
local seq = redis.call('HINCRBY', KEYS[1], 'seq', 1)
redis.call('HSET', KEYS[1], ARGV[1], seq)
redis.call('XADD', KEYS[2], seq .. '-0', 'b', ARGV[2])
redis.call('XADD', KEYS[3], '*', 'sid', ARGV[3], 'seq', seq, 'b', ARGV[2])
return seq
"""


def make_server() -> socketio.AsyncServer:
    """WebSocket only, as the product has it."""
    return socketio.AsyncServer(
        async_mode="aiohttp", transports=["websocket"], namespaces=[NAMESPACE],
        cors_allowed_origins=[], logger=False, engineio_logger=False,
    )  # fmt: skip


async def _accept_all(sid: str, environ: Fields, auth: Any = None) -> None:
    """Everyone may connect."""


def make_entry(seq: int, text: str) -> Fields:
    """The answer: the words of the customer."""
    return {"seq": seq, "kind": "message", "author": {"role": "ai"}, "text": text}


async def serve_echo() -> None:
    """`echo`."""
    server = make_server()

    async def on_message(sid: str, data: Fields) -> None:
        await server.emit("entry", make_entry(0, data["text"]), to=sid, namespace=NAMESPACE)

    await listen(server, on_message)


async def serve_stream_echo() -> None:
    """`stream-echo`."""
    server = make_server()
    with ExitStack() as stack:
        store = stack.enter_context(running_server())
        client = redis.asyncio.Redis(unix_socket_path=str(store.socket), max_connections=10_000)
        intake = client.register_script(INTAKE)

        async def on_message(sid: str, data: Fields) -> Fields:
            body = json.dumps(data)
            keys = [f"c:{sid}", f"c:{sid}:log", "inbox"]
            seq = await intake(keys=keys, args=[data["client_id"], body, sid])
            return {"seq": seq, "id": data["client_id"]}

        await client.xgroup_create("inbox", "readers", id="0", mkstream=True)
        reader = asyncio.create_task(_answer_all(client, server))
        try:
            await listen(server, on_message)
        finally:
            reader.cancel()
            await client.aclose()


async def _answer_all(client: redis.asyncio.Redis, server: socketio.AsyncServer) -> None:
    while True:
        answer: Any = await client.xreadgroup(
            "readers", "one", {"inbox": ">"}, count=64, block=1_000
        )
        for _, records in stream_records(answer):
            for identifier, fields in records:
                await _answer(client, server, identifier, fields)


async def _answer(
    client: redis.asyncio.Redis, server: socketio.AsyncServer, identifier: bytes, fields: Any
) -> None:
    entry = make_entry(int(fields[b"seq"]) + 1, json.loads(fields[b"b"])["text"])
    await server.emit("entry", entry, to=fields[b"sid"].decode(), namespace=NAMESPACE)
    await client.xack("inbox", "readers", identifier)


async def listen(
    server: socketio.AsyncServer, on_message: Callable[[str, Fields], Awaitable[Any]]
) -> None:
    """Serve on a free port, say which, until ended."""
    server.on("connect", namespace=NAMESPACE, handler=_accept_all)
    server.on("message", namespace=NAMESPACE, handler=on_message)
    app = web.Application()
    server.attach(app)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sys.stdout.write(f"http://127.0.0.1:{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


SERVERS = {"echo": serve_echo, "stream-echo": serve_stream_echo}

if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        loop.run(SERVERS[sys.argv[1]]())
