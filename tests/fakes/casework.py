"""A case in a real store, with a keeper whose clock a test turns.

Above: tests of the case keeper. Below: `core.escalation.keeper`, `core.bus`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from core.bus.connect import Bus
from core.bus.keys import ConversationKeys
from core.bus.wake import Wake
from core.conversation import Claim, Head, HeadChange, TurnCommit
from core.engine.casework import case_by_hand
from core.escalation.hours import Hours
from core.escalation.keeper import CaseKeeper, KeeperParts
from core.escalation.rules import EscalationRules
from core.ids import ConversationId, EntryId, new_event_id, reply_entry_id
from core.messages import Address, Author, ControlAction, Entry, EntryBody, InboundEvent
from core.phrases import load_phrases

ROOT = Path(__file__).resolve().parents[2]
PHRASES = load_phrases(ROOT / "config" / "phrases")
ANNA = Author(role="human_agent", name="Anna", id="slack:T1:U1")
CUSTOMER = Author(role="customer")
ENGINE = Author(role="system", name="engine")
LEASE_MS = 30_000


def rules_of(*, hours: Hours | None = None, **desk: Any) -> EscalationRules:
    """Rules with these thresholds; a reply to a wish is due after 10 minutes."""
    data = {"desk": desk, "reasons": {"request": {"first_reply_minutes": 10}}}
    rules = EscalationRules.model_validate(data)
    return rules.model_copy(update={"hours": hours}) if hours else rules


@dataclass
class CaseBench:
    """One conversation and the keepers that follow it."""

    bus: Bus
    conversation: ConversationId
    rules: EscalationRules
    channel: str = "web"
    ahead: timedelta = timedelta()
    email: str | None = None
    offers_email: bool = True
    keepers: list[CaseKeeper] = field(default_factory=list[CaseKeeper])

    @classmethod
    async def begin(
        cls, bus: Bus, rules: EscalationRules | None = None, *, channel: str = "web",
        language: str = "en", **options: Any,
    ) -> CaseBench:  # fmt: skip
        """A new conversation, with one keeper."""
        bus.log.follow_with(("case",))
        address = Address(channel=channel, chat=new_event_id("chat"))
        name = await bus.log.create(address, language=language)
        bench = cls(bus, name, rules or rules_of(), channel, **options)
        bench.add_keeper()
        return bench

    def add_keeper(self) -> CaseKeeper:
        """One more process."""
        parts = KeeperParts(
            rules=self.rules, phrases=PHRASES, describe=case_by_hand, email_of=self._email_of,
            offers_email=self.offers_email, clock=lambda claim: self.now(),
        )  # fmt: skip
        self.keepers.append(CaseKeeper(self.bus, parts))
        return self.keepers[-1]

    async def _email_of(self, head: Head) -> str | None:
        assert head.id == self.conversation
        return self.email

    def now(self) -> datetime:
        """The keeper's clock."""
        return datetime.now(UTC) + self.ahead

    async def say(self, text: str, author: Author = CUSTOMER, **fields: Any) -> int:
        """Somebody says or does something."""
        fields.setdefault("id", new_event_id("test"))
        event = InboundEvent(
            conversation=self.conversation, author=author, text=text,
            address=Address(channel=self.channel, chat=self.conversation), **fields,
        )  # fmt: skip
        return (await self.bus.log.accept(event)).seq

    async def act(self, action: ControlAction, author: Author = ANNA, **fields: Any) -> int:
        """An act without words."""
        return await self.say("", author, kind="control", action=action, **fields)

    async def hand_over(self, text: str = "I want a person.", reason: str = "request") -> int:
        """The customer asks, the engine hands over: the case begins at 2 in a new conversation."""
        await self.say(text)
        wake = (await self.wake("engine")).id
        claim = await self.bus.log.claim("engine", self.conversation, wake, lease_ms=LEASE_MS)
        assert isinstance(claim, Claim)
        words = EntryBody(
            id=reply_entry_id(self.conversation, claim.seen), author=Author(role="ai"),
            text="A colleague has our conversation.",
        )  # fmt: skip
        act = EntryBody(
            id=EntryId(reply_entry_id(self.conversation, claim.seen, 1)), kind="control",
            action="escalate", author=ENGINE, reason=reason, value="explicit_wish",
        )  # fmt: skip
        case = {
            "conversation": self.conversation, "seq": claim.seen, "opened_at": str(self.now()),
            "reason": reason, "rule": "explicit_wish", "span": text, "summary": text,
            "language": "en", "specialist": "general", "priority": "medium",
        }  # fmt: skip
        turn = TurnCommit(
            entries=(words, act), head=HeadChange(owner="human"), receipt={"case": case}
        )
        return (await self.bus.log.commit(claim, turn)).seqs[0]

    async def keep(self, keeper: CaseKeeper | None = None, *, after: float | None = None) -> None:
        """Let a keeper look, if something has woken it; `after` so many minutes, an alarm has."""
        if after is not None:
            self.ahead += timedelta(minutes=after)
            await self._ring()
        if await self._field("w:case") is not None:
            await (keeper or self.keepers[0]).handle(await self.wake("case"))

    async def alarm(self) -> timedelta | None:
        """In how long the case will be looked at again, by the clock of now."""
        raw = await self._field("alarm")
        if raw is None:
            return None
        return datetime.fromtimestamp(int(raw) / 1000, UTC) - datetime.now(UTC)

    async def entries(self) -> list[Entry]:
        """The whole log."""
        return await self.bus.log.entries(self.conversation)

    async def own(self) -> list[str]:
        """What the house did by itself, in order: `sla_soon`, `release`, …"""
        return [
            entry.action or entry.reason or entry.kind
            for entry in await self.entries()
            if entry.id.startswith("case:")
        ]

    async def told(self) -> list[str]:
        """What the house said to the customer by itself."""
        return [
            entry.text
            for entry in await self.entries()
            if entry.id.startswith("case:") and entry.kind == "message"
        ]

    async def head(self) -> Head:
        """The state of the conversation."""
        return await self.bus.log.head(self.conversation)

    async def expire(self) -> None:
        """Turn the store's clock: a lease that is held has run out; a wake-up is heard again."""
        head = ConversationKeys.of(self.conversation).head
        if await self._field("l:case") is not None:
            await self.bus.calls.command("HSET", head, "u:case", 1)

    async def _ring(self) -> None:
        """As if the store's clock were that of the bench."""
        head = ConversationKeys.of(self.conversation).head
        raw = await self._field("alarm")
        if raw is not None and int(raw) / 1000 <= self.now().timestamp():
            await self.bus.calls.command("HSET", head, "rung", 1)
            await self.bus.calls.command("HDEL", head, "alarm")
            if await self._field("w:case") is None:
                await self.bus.calls.command("HSET", head, "w:case", "0-1")

    async def wake(self, reader: str) -> Wake:
        """The wake-up that stands for this reader."""
        wake = await self._field(f"w:{reader}")
        assert wake is not None, f"nothing wakes {reader}"
        return Wake(self.conversation, wake, ConversationKeys.of(self.conversation).shard, reader)

    async def _field(self, name: str) -> str | None:
        head = ConversationKeys.of(self.conversation).head
        raw: Any = await self.bus.calls.command("HGET", head, name)
        return raw.decode() if raw is not None else None
