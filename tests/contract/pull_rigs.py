"""The rigs of the pull channels: a REST client and a widget's socket, which insist until taken.

Above: `test_channels`. Below: aiohttp. There is no platform between: the customer's own client
keeps what was not acknowledged, and reads the log.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from channels.base import Capabilities, ChannelAdapter, House
from channels.registry import CHANNELS
from tests.contract.channel_rig import File, Noise, NotOnThisWire, SendFault, Shown
from tests.fakes.gateway import ADMIN
from tests.fakes.waiting import until

_READS = "customers read the log themselves (docs/adr/0002-pull-channels.md): nothing is sent"
_NO_ADAPTER = "its door is the web server, which has tests of its own"
_NO_ACT = "its wire has no such act"
PULL: dict[str, str] = {
    "run:ready": _NO_ADAPTER,
    "run:cancel": _NO_ADAPTER,
    "in:own-echo": "what we write never comes back over this wire",
    "in:bots": "whoever holds the token is the customer",
    "in:unsupported": "there are no messages of other kinds",
    "in:edit": _NO_ACT,
    "in:delete": _NO_ACT,
    "in:reply": _NO_ACT,
    "in:file": "a file is put into the file store first: tests/integration/test_files.py",
    "out:split": "an entry is read whole, whatever its length",
    "out:degrade": "an entry is read with all its choices",
    "out:file": "a file is a part of the entry: tests/integration/test_files.py",
    "out:rate-limit": _READS,
    "out:temporary": _READS,
    "out:permanent": _READS,
    "out:unsure": _READS,
    "out:unsure-once": _READS,
    "out:pieces": _READS,
    "out:typing": _READS,
    "out:preview": "previews come as deltas: tests/integration/test_web_frames.py",
}
_ids = itertools.count(1)


@dataclass
class Customer:
    """One customer's client: what it still has to say, what it has seen."""

    waiting: deque[dict[str, Any]] = field(default_factory=deque[dict[str, Any]])
    news: asyncio.Event = field(default_factory=asyncio.Event)
    entries: dict[int, dict[str, Any]] = field(default_factory=dict[int, dict[str, Any]])
    conversation: str = ""
    token: str = ""
    last: dict[str, Any] | None = None

    def put(self, item: dict[str, Any]) -> None:
        """To be said."""
        self.waiting.append(item)
        self.news.set()


class PullRig(ABC):
    """What both have in common."""

    channel: str
    exempt: Mapping[str, str] = PULL
    secrets: tuple[str, ...] = (ADMIN, "s" * 40)

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self._url = ""
        self._customers: dict[str, Customer] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._last = ""

    @property
    def capabilities(self) -> Capabilities:
        found = CHANNELS[self.channel].capabilities
        assert found is not None
        return found

    def make_adapter(self, house: House) -> ChannelAdapter:
        raise NotOnThisWire(_NO_ADAPTER)

    def environ(self) -> dict[str, str]:
        """There is no platform that a process of its own must be told of."""
        return {}

    def opened_at(self, url: str) -> None:
        self._url = url

    async def says(self, who: str, text: str, *, files: tuple[File, ...] = (),
                   reply_to: str | None = None) -> str:  # fmt: skip
        number = f"c{next(_ids)}"
        self._customer(who).put({"text": text, "client_id": number})
        self._last = who
        return number

    async def edits(self, who: str, message: str, text: str) -> None:
        raise NotOnThisWire(_NO_ACT)

    async def deletes(self, who: str, message: str) -> None:
        raise NotOnThisWire(_NO_ACT)

    async def presses(self, who: str, shown: Shown, label: str) -> None:
        raise NotOnThisWire(_NO_ACT)

    async def noise(self, who: str, kind: Noise) -> None:
        if kind == "garbage":
            await self._send_garbage(self._customer(who))

    def got(self, who: str) -> list[Shown]:
        entries = [entry for _, entry in sorted(self._customer(who).entries.items())]
        changed = {
            entry["value"]: entry["text"] if entry["action"] == "edit" else None
            for entry in entries
            if entry.get("action") in {"edit", "delete"}
        }
        return [
            Shown(id=entry["id"], text=changed.get(entry["id"]) or entry["text"], buttons=tuple(
                button["label"] for part in entry.get("parts", ()) for button in part["buttons"]
            ))
            for entry in entries
            if entry["author"]["role"] != "customer" and entry["kind"] == "message"
            and changed.get(entry["id"], "") is not None
        ]  # fmt: skip

    def saw_typing(self, who: str) -> int:
        return 0

    async def repeats(self) -> None:
        customer = self._customer(self._last)
        await until(lambda: not customer.waiting)  # taken, and told so
        assert customer.last is not None
        customer.put(customer.last)

    async def redelivers(self) -> None:
        """The clients ask again by themselves, as long as they live."""
        for task in self._tasks:
            assert not task.done(), task

    def unacknowledged(self) -> int:
        return sum(len(customer.waiting) for customer in self._customers.values())

    async def cuts(self) -> None:  # noqa: B027 -- one of the two has nothing to cut
        """See the rigs."""

    def fails(  # noqa: B027 -- nothing is sent, so nothing fails
        self, kind: SendFault, *, who: str | None = None, after: int = 0,
        seconds: float = 0.0,
    ) -> None:  # fmt: skip
        """Nothing is sent."""

    def send_attempts(self, who: str) -> int:
        return len(self.got(who))

    async def close(self) -> None:
        """All clients leave."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _customer(self, who: str) -> Customer:
        if who not in self._customers:
            self._customers[who] = customer = Customer()
            self._tasks += [asyncio.create_task(work) for work in self._works(customer)]
        return self._customers[who]

    @abstractmethod
    def _works(self, customer: Customer) -> list[Any]:
        """See the subclasses."""

    @abstractmethod
    async def _send_garbage(self, customer: Customer) -> None:
        """See the subclasses."""


class RestRig(PullRig):
    """A client that posts and polls."""

    channel = "rest"
    exempt: Mapping[str, str] = {**PULL, "in:button": _NO_ACT}

    def _works(self, customer: Customer) -> list[Any]:
        return [self._speak(customer), self._read(customer)]

    async def _speak(self, customer: Customer) -> None:
        while True:
            await customer.news.wait()
            customer.news.clear()
            while customer.waiting:
                if await self._post(customer, customer.waiting[0]):
                    customer.last = customer.waiting.popleft()
                else:
                    await asyncio.sleep(0.05)

    async def _post(self, customer: Customer, item: dict[str, Any]) -> bool:
        if not customer.conversation:
            made = await self._call("POST", "/conversations", {}, "")
            if made is None:
                return False
            customer.conversation, customer.token = made["id"], made["token"]
        path = f"/conversations/{customer.conversation}/messages"
        return await self._call("POST", path, item, customer.token) is not None

    async def _read(self, customer: Customer) -> None:
        while True:
            await asyncio.sleep(0.02)
            if customer.conversation:
                after = max(customer.entries, default=0)
                path = f"/conversations/{customer.conversation}/entries?after={after}"
                page = await self._call("GET", path, None, customer.token)
                for entry in (page or {}).get("entries", ()):
                    customer.entries[entry["seq"]] = entry

    async def _call(self, method: str, path: str, body: Any, token: str) -> Any:
        """The answer; None when it must be asked again."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        with suppress(aiohttp.ClientError, TimeoutError):
            async with self._session.request(
                method, f"{self._url}/api/v1{path}", json=body, headers=headers
            ) as answer:
                if answer.status < 300:
                    return await answer.json()
                assert answer.status in {429, 503}, await answer.text()
        return None

    async def _send_garbage(self, customer: Customer) -> None:
        path = f"{self._url}/api/v1/conversations/{customer.conversation}/messages"
        headers = {"Authorization": f"Bearer {customer.token}", "Content-Type": "application/json"}
        for body in (b'{"text": ', b"[]", b'{"text": 7}', b"\xff\xfe"):
            async with self._session.post(path, data=body, headers=headers) as answer:
                assert 400 <= answer.status < 500, await answer.text()


class WebRig(PullRig):
    """A widget's socket, its frames written by hand."""

    channel = "web"

    def __init__(self, session: aiohttp.ClientSession) -> None:
        super().__init__(session)
        self._sockets: dict[int, aiohttp.ClientWebSocketResponse] = {}

    async def presses(self, who: str, shown: Shown, label: str) -> None:
        customer = self._customer(who)
        (entry,) = [one for one in customer.entries.values() if one["id"] == shown.id]
        (value,) = [button["value"] for part in entry["parts"] for button in part["buttons"]
                    if button["label"] == label]  # fmt: skip
        customer.put({"action": {"seq": entry["seq"], "value": value}})

    async def cuts(self) -> None:
        for socket in self._sockets.values():
            await socket.close(code=4000)

    def _works(self, customer: Customer) -> list[Any]:
        return [self._stay(customer)]

    async def _stay(self, customer: Customer) -> None:
        """Connect, resume, say what waits; again and again."""
        while True:
            # A line that ends before its first word is a `TypeError` of aiohttp.
            with suppress(aiohttp.ClientError, ConnectionError, TimeoutError, TypeError):
                if self._url:
                    await self._visit(customer)
            await asyncio.sleep(0.05)

    async def _visit(self, customer: Customer) -> None:
        url = self._url.replace("http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket"
        async with self._session.ws_connect(url) as socket:
            self._sockets[id(customer)] = socket
            assert (await socket.receive_str()).startswith("0")
            auth: dict[str, Any] = {"site": "test"}
            if customer.token:
                auth |= {"visitor": customer.token, "conversation": customer.conversation}
            await socket.send_str("40/widget," + json.dumps(auth))
            frame = await self._frame(socket, customer, "40/widget,")
            assert frame is not None
            await self._greet(socket, customer)
            while True:
                if customer.waiting:
                    item = customer.waiting[0]
                    if await self._emit(socket, customer, item):
                        customer.last = customer.waiting.popleft()
                    else:
                        await asyncio.sleep(0.05)
                    continue
                customer.news.clear()
                await self._listen(socket, customer)

    async def _greet(self, socket: aiohttp.ClientWebSocketResponse, customer: Customer) -> None:
        """Ask for what came while we were away."""
        if customer.entries or customer.token:
            after = max(customer.entries, default=0)
            await socket.send_str(f'42/widget,0["resume",{{"after":{after}}}]')
            raw = await self._frame(socket, customer, "43/widget,0")
            for entry in json.loads((raw or "[{}]")[len("43/widget,0") :])[0].get("entries", ()):
                customer.entries[entry["seq"]] = entry

    async def _emit(
        self, socket: aiohttp.ClientWebSocketResponse, customer: Customer, item: dict[str, Any]
    ) -> bool:
        name, body = ("action", item["action"]) if "action" in item else ("message", item)
        await socket.send_str(f"42/widget,1{json.dumps([name, body])}")
        answer = await self._frame(socket, customer, "43/widget,1")
        said = json.loads((answer or "")[len("43/widget,1") :])
        return bool(said) and "error" not in said[0]

    async def _listen(self, socket: aiohttp.ClientWebSocketResponse, customer: Customer) -> None:
        """Until there is something to say."""
        speak = asyncio.ensure_future(customer.news.wait())
        hear = asyncio.ensure_future(socket.receive())
        try:
            while not speak.done():
                await asyncio.wait([speak, hear], return_when=asyncio.FIRST_COMPLETED)
                if hear.done():
                    await self._hear(socket, customer, hear.result())
                    hear = asyncio.ensure_future(socket.receive())
        finally:
            speak.cancel()
            hear.cancel()
            with suppress(asyncio.CancelledError):
                await hear

    async def _frame(
        self, socket: aiohttp.ClientWebSocketResponse, customer: Customer, start: str
    ) -> str | None:
        async with asyncio.timeout(5):
            while True:
                message = await socket.receive()
                if message.type is aiohttp.WSMsgType.TEXT and message.data.startswith(start):
                    return message.data
                await self._hear(socket, customer, message)

    async def _hear(
        self, socket: aiohttp.ClientWebSocketResponse, customer: Customer,
        message: aiohttp.WSMessage,
    ) -> None:  # fmt: skip
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise ConnectionError("the socket was closed")
        if message.data == "2":
            await socket.send_str("3")
        elif message.data.startswith("42/widget,"):
            name, data = json.loads(message.data[len("42/widget,") :])
            if name == "entry":
                customer.entries[data["seq"]] = data
            elif name == "ready":
                customer.token = data.get("visitor") or customer.token
                customer.conversation = data.get("conversation") or customer.conversation

    async def _send_garbage(self, customer: Customer) -> None:
        socket = self._sockets[id(customer)]
        for frame in ('42/widget,["message"', '42/widget,["message",7]', '42/widget,["what",{}]'):
            await socket.send_str(frame)


@asynccontextmanager
async def open_rest() -> AsyncGenerator[RestRig]:
    """A caller of the API."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
        rig = RestRig(session)
        try:
            yield rig
        finally:
            await rig.close()


@asynccontextmanager
async def open_web() -> AsyncGenerator[WebRig]:
    """Visitors of a site."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session:
        rig = WebRig(session)
        try:
            yield rig
        finally:
            await rig.close()
