"""A gateway that knows orders, a mailbox that keeps codes, and people in front of it."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp

from channels.arrivals import Arrivals
from channels.base import Arrival
from channels.rest.links import LinkDesk
from channels.settings import WebSettings
from core.bus.connect import Bus
from core.bus.limits import StoredLimits
from core.bus.proofs import StoredProofs
from core.conversation import Claim, HeadChange, TurnCommit, Turnpike
from core.engine.asked import read_asked
from core.engine.proof_talk import new_entry
from core.engine.proving import ProvingTurn
from core.engine.runner import DeltaSink
from core.identity.links import LinkTokens
from core.identity.settings import ProofSettings
from core.identity.verifying import Verifier
from core.ids import ConversationId, EventId
from core.messages import Address, Author, InboundEvent
from core.phrases import load_phrases
from core.ports import StepJournal
from tests.fakes.gateway import ADMIN, Doors, list_deps, open_doors

CONFIG = Path(__file__).parents[2] / "config"
TOKENS = LinkTokens("s" * 32)
EVA = "eva@example.org"
SECRET_ORDER = "FH-777"
_SOON = Turnpike(policy="fixed", window_seconds=0.0)
_SETTINGS = WebSettings(messages_per_second=10_000, burst_policy="fixed", burst_window_seconds=0.0)


class Orders:
    """An engine that tells people of level 1 and more their orders, and refuses the others."""

    window = 0

    async def run(self, claim: Claim, deltas: DeltaSink, steps: StepJournal) -> TurnCommit:
        asked = read_asked(claim).text
        if "order" not in asked:
            return self._say(claim, f"You said: {asked}", [])
        if claim.head.level < 1:
            refused = {"name": "get_orders", "result": '{"error": "identification_needed"}'}
            german = HeadChange(language="de") if "wo ist" in asked.casefold() else HeadChange()
            commit = self._say(claim, "That is personal.", [refused])
            return commit.model_copy(update={"head": german})
        return self._say(claim, f"{claim.head.contact} has {SECRET_ORDER}", [])

    async def apologise(self, claim: Claim, error: BaseException) -> TurnCommit:
        raise error

    def _say(self, claim: Claim, text: str, tools: list[dict[str, Any]]) -> TurnCommit:
        entry = new_entry(claim, text).model_copy(update={"reason": None})
        return TurnCommit(entries=(entry,), state={}, receipt={"tools": tools})


@dataclass
class Mailbox:
    """`core.identity.verifying.Postman`: what was mailed, by address."""

    codes: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    proofs: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    async def mail_code(self, to: str, code: str, *, minutes: int, language: str | None) -> None:
        self.codes.append((to, code))

    async def mail_proved(
        self, to: str, conversation: ConversationId, seq: int, *, language: str | None
    ) -> None:
        self.proofs.append((to, conversation))


@dataclass
class Person:
    """A customer over REST."""

    http: aiohttp.ClientSession
    doors: Doors
    id: str = ""
    token: str = ""

    async def call(
        self, method: str, path: str, body: Any = None, *, token: str | None = None
    ) -> tuple[int, Any]:
        heads = {"Authorization": f"Bearer {token or self.token}"}
        url = f"{self.doors.api}/conversations/{self.id}{path}"
        async with self.http.request(method, url, json=body, headers=heads) as response:
            return response.status, await response.json()

    async def say(self, text: str) -> dict[str, Any]:
        """The last word of the answer."""
        _, answer = await self.call("POST", "/messages?wait=20", {"text": text})
        return answer["replies"][-1]


@dataclass
class World:
    """The whole of it."""

    bus: Bus
    doors: Doors
    http: aiohttp.ClientSession
    mailbox: Mailbox
    telegram: Arrivals
    email: Arrivals
    proofs: StoredProofs
    verifier: Verifier

    async def person(self) -> Person:
        """Somebody new."""
        async with self.http.post(f"{self.doors.api}/conversations", json={}) as response:
            made = await response.json()
        return Person(self.http, self.doors, made["id"], made["token"])

    def word(self, conversation: str, place: Address) -> InboundEvent:
        """A word of a customer from there."""
        return InboundEvent(
            id=EventId(f"w:{place.chat}"), conversation=ConversationId(conversation), text="Hi",
            address=place, author=Author(role="customer"),
        )  # fmt: skip

    async def reply(self, conversation: str, text: str) -> None:
        """Of a person of the desk."""
        url = f"{self.doors.api}/conversations/{conversation}/replies"
        heads = {"Authorization": f"Bearer {ADMIN}"}
        async with self.http.post(url, json={"text": text, "name": "Ann"}, headers=heads) as said:
            assert said.status == 202

    async def writes(self, text: str, chat: str, number: int, link: str | None = None) -> str:
        """In Telegram; the conversation it came into."""
        address = Address(channel="telegram", account="1", chat=chat)
        await self.telegram.publish(
            Arrival(
                id=EventId(f"telegram:1:{chat}:{number}"), address=address, text=text, link=link,
                contact=f"telegram:{chat}", level=1, author=Author(role="customer", name=chat),
            )
        )  # fmt: skip
        found = await self.bus.log.find(address)
        assert found is not None
        return found


@asynccontextmanager
async def world(bus: Bus, **settings: Any) -> AsyncGenerator[World]:
    """Running, until the end of the block."""
    mailbox, proofs = Mailbox(), StoredProofs(bus.calls)
    verifier = Verifier(
        bus.log, proofs, StoredLimits(bus.calls, shards=bus.settings.shards), mailbox,
        secret="x" * 32, settings=ProofSettings.model_validate(settings),
    )  # fmt: skip
    phrases = load_phrases(CONFIG / "phrases", default="en")
    turn = ProvingTurn(
        Orders(), bus.log, phrases, verifier, links=TOKENS, page="https://shop.example/help"
    )
    deps = replace(
        list_deps(bus, settings=_SETTINGS), verifier=verifier, tokens_of_links=TOKENS,
        links=LinkDesk(TOKENS, {}, page="https://shop.example/help"),
    )  # fmt: skip
    doors = {
        name: Arrivals(bus.log, channel=name, turnpike=_SOON, links=TOKENS, proofs=proofs)
        for name in ("telegram", "email")
    }
    async with open_doors(bus, deps=deps, turn=turn) as opened, aiohttp.ClientSession() as http:
        yield World(bus, opened, http, mailbox, doors["telegram"], doors["email"], proofs, verifier)


def code_in(text: str) -> str:
    """The digits of a code."""
    found = re.search(r"\d{6,}", text)
    assert found is not None
    return found[0]
