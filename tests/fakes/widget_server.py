"""A gateway as the widget sees it, scripted by the test: one that loses, repeats and disorders.

Above: tests/e2e. Below: python-socketio on aiohttp, the widget's own files. It keeps the promises
of the wire (dedupe by client id, server sequence, replay) and breaks what a network may break:
acknowledgements that get lost or come empty, entries that come twice, late or not at all, sockets
that are cut in the middle of an answer.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import socketio
import socketio.exceptions
from aiohttp import web

WIDGET = Path(__file__).resolve().parents[2] / "widget"
# What a careful site would send: no inline script, no inline style, nothing from elsewhere.
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'"
)

Fields = dict[str, Any]


@dataclass
class Answer:
    """What the scripted AI says to one message."""

    text: str
    citations: list[Fields] = field(default_factory=list)
    parts: list[Fields] = field(default_factory=list)


@dataclass
class Faults:
    """What goes wrong; counts are used up one by one."""

    lost_acks: int = 0
    """Messages that are stored, but whose acknowledgement never leaves."""
    empty_acks: int = 0
    """Messages that are not stored and get the empty acknowledgement of a dying handler."""
    refusals: list[Fields] = field(default_factory=list)
    """Typed errors, each given to one message instead of storing it."""
    duplicate: bool = False
    """Every entry and delta is sent twice."""
    reorder: bool = False
    """Entries of one burst are sent last to first."""
    swallow: set[int] = field(default_factory=set)
    """Sequences whose live entry is never sent: only a replay brings them."""


@dataclass
class Talk:
    """One conversation's log and who is watching it."""

    id: str
    visitor: str
    entries: list[Fields] = field(default_factory=list)
    watchers: set[str] = field(default_factory=set)
    owner: str = "ai"
    status: str = "open"

    def state(self) -> Fields:
        return {"owner": self.owner, "specialist": "general", "status": self.status}


class WidgetServer:
    """The scripted gateway. `script` makes the answer to a text, None for silence."""

    def __init__(self, script: Callable[[str], Answer | None]) -> None:
        self.script = script
        self.faults = Faults()
        self.talks: dict[str, Talk] = {}
        self.received: list[Fields] = []
        self.rates: list[Fields] = []
        self.seen: list[int] = []
        self.resumes: list[int] = []
        self.connects = 0
        self.identities: list[str | None] = []
        self.delta_pause = 0.0
        self.hold_after: int | None = None
        """Deltas after which the stream waits for `go_on`."""
        self.held = asyncio.Event()
        self.go_on = asyncio.Event()
        self.url = ""
        self.down = False
        self._sessions: dict[str, Fields] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._io = socketio.AsyncServer(
            async_mode="aiohttp", transports=["websocket"], ping_interval=5, async_handlers=False
        )
        self._runner: web.AppRunner | None = None
        self._register()

    async def __aenter__(self) -> WidgetServer:
        app = web.Application()
        self._io.attach(app)
        app.router.add_get("/", self._page(WIDGET / "demo" / "index.html"))
        app.router.add_get("/widget.js", self._page(WIDGET / "dist" / "widget.js"))
        app.router.add_get("/{name}", self._demo)
        self._runner = web.AppRunner(app, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._runner:
            await self._runner.cleanup()

    # What a test does to it.

    @property
    def talk(self) -> Talk:
        """The only conversation."""
        (talk,) = self.talks.values()
        return talk

    async def cut(self) -> None:
        """End every socket, as a gateway that restarts would."""
        for sid in list(self._sessions):
            await self._io.disconnect(sid, namespace="/widget")

    async def say(self, talk: Talk, **shape: Any) -> Fields:
        """Append an entry and send it to whoever watches."""
        entry = self._append(talk, **shape)
        await self._send(talk, [entry])
        return entry

    async def state(self, talk: Talk, **change: str) -> None:
        """Change owner or status, and tell."""
        for name, value in change.items():
            setattr(talk, name, value)
        await self._emit(talk, "state", talk.state())

    async def typing(self, talk: Talk, author: Fields) -> None:
        """Show the typing sign."""
        await self._emit(talk, "typing", {"author": author})

    async def burst(self, talk: Talk, shapes: list[Fields]) -> None:
        """Several entries at once: this is where order may be lost on the way."""
        entries = [self._append(talk, **shape) for shape in shapes]
        await self._send(talk, entries)

    # The wire.

    def _register(self) -> None:
        on = self._io.on
        on("connect", namespace="/widget", handler=self._connect)
        on("disconnect", namespace="/widget", handler=self._disconnect)
        for name in ("message", "resume", "typing", "seen", "rate", "action"):
            on(name, namespace="/widget", handler=getattr(self, f"_on_{name}"))

    async def _connect(self, sid: str, environ: Fields, auth: Fields | None) -> None:
        auth = auth or {}
        if self.down or not auth.get("site"):
            raise socketio.exceptions.ConnectionRefusedError("not now", {"code": "unavailable"})
        if auth.get("identity") == "expired":
            refusal = {"code": "unauthorized"}
            raise socketio.exceptions.ConnectionRefusedError("not you", refusal)
        self.connects += 1
        self.identities.append(auth.get("identity"))
        visitor = auth.get("visitor") or f"visitor-{secrets.token_hex(4)}"
        talk = self.talks.get(auth.get("conversation") or "")
        if talk is None or talk.visitor != visitor:
            talk = self._talk_of_visitor(visitor)
        self._sessions[sid] = {"visitor": visitor, "talk": talk}
        if talk:
            talk.watchers.add(sid)
        ready: Fields = {"visitor": visitor, "conversation": talk and talk.id, "last": 0}
        ready["state"] = (
            talk.state() if talk else {"owner": "ai", "specialist": None, "status": "open"}
        )
        if talk:
            ready["last"] = len(talk.entries)
        self._start(self._io.emit("ready", ready, to=sid, namespace="/widget"))

    def _disconnect(self, sid: str, *_: object) -> None:
        session = self._sessions.pop(sid, None)
        if session and session["talk"]:
            session["talk"].watchers.discard(sid)

    async def _on_message(self, sid: str, data: Fields) -> Fields | None:
        self.received.append(data)
        if self.faults.empty_acks > 0:
            self.faults.empty_acks -= 1
            return None
        if self.faults.refusals:
            return {"error": self.faults.refusals.pop(0)}
        talk = self._talk_of(sid)
        known = [e for e in talk.entries if e.get("client_id") == data["client_id"]]
        entry = (
            known[0]
            if known
            else self._append(talk, role="customer", text=data["text"], client_id=data["client_id"])
        )
        if not known:
            await self._send(talk, [entry])
            self._start(self._reply(talk, data["text"]))
        if self.faults.lost_acks > 0:
            self.faults.lost_acks -= 1
            await self._io.disconnect(sid, namespace="/widget")
            await asyncio.sleep(0)
        return {"seq": entry["seq"], "id": entry["id"], "conversation": talk.id}

    async def _on_resume(self, sid: str, data: Fields) -> Fields:
        self.resumes.append(data["after"])
        talk = self._sessions[sid]["talk"]
        if talk is None:
            return {"error": {"code": "not_found", "message": "No conversation"}}
        after = [e for e in talk.entries if e["seq"] > data["after"] and e["kind"] != "note"]
        return {"entries": after[:20], "state": talk.state()}

    async def _on_typing(self, sid: str, data: Fields) -> Fields:
        return {"ok": True}

    async def _on_seen(self, sid: str, data: Fields) -> Fields:
        self.seen.append(data["seq"])
        return {"ok": True}

    async def _on_rate(self, sid: str, data: Fields) -> Fields:
        self.rates.append(data)
        entry = self._append(
            self._talk_of(sid), kind="control", role="customer", text="", action="rate",
            value=data["value"], in_reply_to=data["seq"],
        )  # fmt: skip
        return {"seq": entry["seq"], "id": entry["id"]}

    async def _on_action(self, sid: str, data: Fields) -> Fields:
        talk = self._talk_of(sid)
        entry = self._append(
            talk,
            kind="control",
            role="customer",
            text="",
            action="button",
            value=data["value"],
            in_reply_to=data["seq"],
        )
        await self._send(talk, [entry])
        self._start(self._reply(talk, data["value"]))
        return {"seq": entry["seq"], "id": entry["id"]}

    def _talk_of_visitor(self, visitor: str) -> Talk | None:
        """The visitor's own, also if they never learned its id: its acknowledgement was lost."""
        return next((talk for talk in self.talks.values() if talk.visitor == visitor), None)

    def _talk_of(self, sid: str) -> Talk:
        session = self._sessions[sid]
        if session["talk"] is None:
            visitor = session["visitor"]
            talk = self._talk_of_visitor(visitor) or Talk(f"cv_00_{secrets.token_hex(11)}", visitor)
            talk.watchers.add(sid)
            session["talk"] = self.talks[talk.id] = talk
        return session["talk"]

    def _append(self, talk: Talk, *, role: str = "ai", text: str = "", **more: Any) -> Fields:
        seq = len(talk.entries) + 1
        entry: Fields = {
            "seq": seq,
            "id": more.pop("id", f"{talk.id}:{seq}"),
            "at": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "kind": more.pop("kind", "message"),
            "author": {"role": role, "name": more.pop("name", "")},
            "text": text,
            **{key: value for key, value in more.items() if value},
        }
        talk.entries.append(entry)
        return entry

    async def _reply(self, talk: Talk, text: str) -> None:
        answer = self.script(text)
        if answer is None or talk.owner == "human":
            return
        stream = f"{talk.id}:{len(talk.entries)}:0"
        pieces = _pieces(answer.text)
        for part, piece in enumerate(pieces):
            if self.hold_after == part:
                self.hold_after = None
                self.held.set()
                await self.go_on.wait()
            await self._emit(
                talk, "delta", {"id": stream, "attempt": 1, "part": part, "text": piece}
            )
            await asyncio.sleep(self.delta_pause)
        await self.say(
            talk, text=answer.text, id=stream, citations=answer.citations, parts=answer.parts
        )

    async def _send(self, talk: Talk, entries: list[Fields]) -> None:
        visible = [
            e for e in entries if e["kind"] != "note" and e["seq"] not in self.faults.swallow
        ]
        for entry in reversed(visible) if self.faults.reorder else visible:
            await self._emit(talk, "entry", entry)

    async def _emit(self, talk: Talk, event: str, data: Fields) -> None:
        for sid in list(talk.watchers):
            await self._io.emit(event, data, to=sid, namespace="/widget")
            if self.faults.duplicate:
                await self._io.emit(event, data, to=sid, namespace="/widget")

    def _start(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # The files.

    def _page(self, path: Path) -> Callable[[web.Request], Any]:
        async def serve(_: web.Request) -> web.FileResponse:
            return web.FileResponse(path, headers={"Content-Security-Policy": CONTENT_POLICY})

        return serve

    async def _demo(self, request: web.Request) -> web.FileResponse:
        name = request.match_info["name"]
        files = {path.name: path for path in (WIDGET / "demo").iterdir()}
        if name not in files:
            raise web.HTTPNotFound
        return web.FileResponse(files[name], headers={"Content-Security-Policy": CONTENT_POLICY})


def _pieces(text: str) -> list[str]:
    """Words with the space that follows them: how a model streams."""
    pieces = [word + " " for word in text.split(" ")]
    pieces[-1] = pieces[-1][:-1]
    return pieces
