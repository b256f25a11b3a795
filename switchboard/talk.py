"""A conversation in the terminal: questions in, answers with their sources out.

Above: `commands.chat`. Below: `gateway`. The answer is whatever `?wait=` returns; the event stream
beside it shows the answer while it is made, and what a person writes in between.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.markup import escape

from core.errors import InputError, SwitchboardError
from core.runtime import Backoff, running
from switchboard.attach import read_settings
from switchboard.gateway import GatewayClient, ServerEvent, find_gateway, open_gateway
from switchboard.screen import err, out, print_json

_WAIT_SECONDS = 60
_ENDS = {"/quit", "/exit", "/q"}


@dataclass
class _View:
    """What has been shown; `streaming` is the id of the answer whose pieces are on the screen."""

    live: bool
    seen: int = 0
    streaming: str = ""
    shown: str = ""
    attempt: int = -1
    entries: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def take_delta(self, delta: dict[str, Any]) -> None:
        """A piece of an answer in the making; a new attempt voids what was shown."""
        if (delta["id"], delta["attempt"]) != (self.streaming, self.attempt):
            self._break_line()
            self.streaming, self.attempt, self.shown = delta["id"], delta["attempt"], ""
        self.shown += delta["text"]
        out.print(escape(delta["text"]), end="", style="green")

    def take_entry(self, entry: dict[str, Any]) -> None:
        """An entry of the log, each shown once; it goes before any pieces of it."""
        if entry["seq"] <= self.seen:
            return
        self.seen = entry["seq"]
        if entry["author"]["role"] == "customer" or entry["kind"] == "control":
            return
        if self.streaming == entry["id"] and self.shown == entry["text"]:
            out.print()
            self.shown = self.streaming = ""
        else:
            self._break_line()
            _print_words(entry, live=self.live)
        _print_sources(entry)

    def _break_line(self) -> None:
        if self.shown:
            out.print()
        self.shown = self.streaming = ""


async def talk(
    url: str | None, token: str | None, conversation: str | None, data: Path | None, *,
    as_json: bool,
) -> int:  # fmt: skip
    """Talk until the input ends. Returns the exit code."""
    settings = read_settings(data)
    place = find_gateway(settings, url=url, token=token)
    if place is None:
        raise SwitchboardError(
            "no gateway runs here: start one with `switchboard up`, or name one with --url"
        )
    live = sys.stdin.isatty() and out.is_terminal and not as_json
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(open_gateway(place))
        key = token or place.token or ""
        if conversation is None:
            opened = await client.call("POST", "/conversations", body={})
            conversation, key = str(opened["id"]), str(opened["token"])
        view = _View(live)
        if live:
            err.print(f"[dim]{place.url}  {conversation}  /quit ends it[/]")
            follower = _follow(client, conversation, key, view)
            await stack.enter_async_context(running(follower, name="chat-events"))
        await _converse(client, conversation, key, view, as_json=as_json)
    return 0


async def _converse(
    client: GatewayClient, conversation: str, key: str, view: _View, *, as_json: bool
) -> None:
    _prompt(view)
    async for line in _read_lines():
        text = line.strip()
        if text in _ENDS:
            return
        if text:
            answer = await _ask(client, conversation, key, text)
            for entry in answer["replies"]:
                if as_json:
                    print_json(entry)
                else:
                    view.take_entry(entry)
        _prompt(view)


async def _ask(client: GatewayClient, conversation: str, key: str, text: str) -> dict[str, Any]:
    """Say it once, however often the gateway has to be asked, and wait for the answer."""
    body = {"text": text, "client_id": secrets.token_hex(8)}
    path, backoff = f"/conversations/{conversation}/messages", Backoff(first=0.3, top=3.0)
    for attempt in range(5):
        try:
            return await client.call(
                "POST", path, body=body, query={"wait": _WAIT_SECONDS}, token=key
            )
        except InputError:
            raise
        except SwitchboardError:
            if attempt == 4:
                raise
            await asyncio.sleep(backoff.pause(attempt))
    raise AssertionError


async def _follow(client: GatewayClient, conversation: str, key: str, view: _View) -> None:
    """Show what happens, also after a lost connection."""
    failures = 0
    while True:
        path = f"/conversations/{conversation}/events"
        try:
            async with client.stream(path, token=key, after=view.seen) as events:
                async for event in events:
                    failures = 0
                    _show(event, view)
        except SwitchboardError:
            failures += 1
        await asyncio.sleep(Backoff(first=0.3).pause(failures))


def _show(event: ServerEvent, view: _View) -> None:
    if event.kind == "delta":
        view.take_delta(event.data)
    elif event.kind == "entry":
        view.take_entry(event.data)


def _print_words(entry: dict[str, Any], *, live: bool) -> None:
    author = entry["author"]
    name = author.get("name") or author.get("specialist") or author["role"]
    style = "green" if author["role"] == "ai" else "cyan"
    if live and author["role"] == "human_agent":
        out.print(f"[bold]{escape(name)}:[/] ", end="")
    out.print(escape(entry["text"]), style=style if live else None)


def _print_sources(entry: dict[str, Any]) -> None:
    for number, citation in enumerate(entry.get("citations", ()), 1):
        place = citation.get("url") or citation["document"]
        out.print(f"  [dim]\\[{number}] {escape(citation['title'])} ({escape(place)})[/]")
    for part in entry.get("parts", ()):
        labels = " | ".join(button["label"] for button in part.get("buttons", ()))
        if labels:
            out.print(f"  [dim]{escape(labels)}[/]")


def _prompt(view: _View) -> None:
    if view.live:
        out.print("[bold]>[/] ", end="")


async def _read_lines() -> AsyncIterator[str]:
    """Lines of standard input as they come, without a thread that would outlive Ctrl-C."""
    handle = sys.stdin.fileno()
    if stat.S_ISREG(os.fstat(handle).st_mode):  # a file is always ready: nothing to wait for
        for line in sys.stdin:
            yield line
        return
    loop, pieces = asyncio.get_running_loop(), asyncio.Queue[bytes]()
    loop.add_reader(handle, lambda: pieces.put_nowait(os.read(handle, 65_536)))
    rest = b""
    try:
        while piece := await pieces.get():
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                yield line.decode(errors="replace")
    finally:
        loop.remove_reader(handle)
    if rest:
        yield rest.decode(errors="replace")
