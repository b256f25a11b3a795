"""The rig of the example channel. Above: `test_channels`. Below: its emulator."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

from pydantic import SecretStr

from channels.base import Capabilities, House
from tests.contract.channel_rig import File, Noise, SendFault, Shown
from tests.examples.pager.adapter import PagerAdapter
from tests.examples.pager.encode import CAPABILITIES
from tests.examples.pager.settings import PagerSettings
from tests.fakes.pager_server import Fault, PagerServer, pager_server
from tests.fakes.waiting import until


class PagerRig:
    """See `channel_rig.ChannelRig`."""

    channel = "pager"
    capabilities: Capabilities = CAPABILITIES
    exempt: Mapping[str, str] = {}

    def __init__(self, server: PagerServer) -> None:
        self._server = server

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self._server.token,)

    def make_adapter(self, house: House) -> PagerAdapter:
        return PagerAdapter(
            PagerSettings(token=SecretStr(self._server.token), url=self._server.url), house
        )

    def opened_at(self, url: str) -> None:
        """The service never calls us."""

    async def says(self, who: str, text: str, *, files: tuple[File, ...] = (),
                   reply_to: str | None = None) -> str:  # fmt: skip
        message = f"m{self._server.next_number()}"
        items: list[dict[str, object]] = []
        for file in files:
            name = f"f{self._server.next_number()}"
            self._server.files[name] = file.content
            items.append({"id": name, "name": file.name, "type": file.media_type,
                          "size": len(file.content)})  # fmt: skip
        self._event("message", who, id=message, text=text, files=items, reply_to=reply_to)
        return message

    async def edits(self, who: str, message: str, text: str) -> None:
        self._server.put({"type": "edit", "id": message, "chat": who, "text": text})

    async def deletes(self, who: str, message: str) -> None:
        self._server.put({"type": "delete", "id": message, "chat": who})

    async def presses(self, who: str, shown: Shown, label: str) -> None:
        (sent,) = [m for m in self._server.messages if m["id"] == shown.id]
        (value,) = [c["value"] for c in sent["choices"] if c["label"] == label]
        self._server.put({"type": "choice", "id": f"c{self._server.next_number()}", "chat": who,
                          "message": shown.id, "value": value})  # fmt: skip

    async def noise(self, who: str, kind: Noise) -> None:
        number = f"m{self._server.next_number()}"
        match kind:
            case "own" | "bot":
                author = {"own": "self", "bot": "bot"}[kind]
                self._event("message", who, id=number, text="Beep.", author=author)
            case "unsupported":
                self._event("sticker", who, id=number)
            case "garbage":
                self._server.put(b'{"n": "what", broken')
                self._server.put({"type": "message", "chat": 7})

    def got(self, who: str) -> list[Shown]:
        return [
            Shown(id=m["id"], text=m["text"], buttons=tuple(c["label"] for c in m["choices"]))
            for m in self._server.messages
            if m["chat"] == who
        ]

    def saw_typing(self, who: str) -> int:
        return self._server.typing.count(who)

    async def repeats(self) -> None:
        await until(lambda: not self._server.events)  # taken: else both are taken at once
        self._server.repeat()

    async def redelivers(self) -> None:
        """It does so with each new stream."""

    def unacknowledged(self) -> int:
        return len(self._server.events)

    async def cuts(self) -> None:
        await self._server.cut()

    def fails(self, kind: SendFault, *, who: str | None = None, after: int = 0,
              seconds: float = 0.0) -> None:  # fmt: skip
        self._server.faults.append(Fault(kind, who, after, seconds))

    def send_attempts(self, who: str) -> int:
        return self._server.tried.count(who)

    def _event(self, kind: str, who: str, *, author: str = "customer", **fields: object) -> None:
        self._server.put({"type": kind, "chat": who, "from": author, "name": who.title(), **fields})


@asynccontextmanager
async def open_pager() -> AsyncGenerator[PagerRig]:
    """The service runs until the end of the block."""
    async with pager_server() as server:
        yield PagerRig(server)
