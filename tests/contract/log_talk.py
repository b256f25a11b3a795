"""One conversation for the tests of a log: say things, claim, answer, deliver.

Above: `log_contract`. Below: `core.ports.Log`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from core.conversation import Accepted, Claim, NotClaimed, TurnCommit, Turnpike
from core.ids import ConversationId, EntryId, EventId, client_event_id, new_event_id, reply_entry_id
from core.messages import Address, Author, ControlAction, EntryBody, InboundEvent, Role
from core.ports import Log
from tests.contract.log_rig import LogRig

CUSTOMER = Author(role="customer", name="Customer")
AI = Author(role="ai", name="AI", specialist="general")
HUMAN = Author(role="human_agent", name="Desk")
LEASE_MS = 30_000
EACH = Turnpike(policy="each")


@dataclass
class Talk:
    """`push`: the channel must be told (telegram); otherwise customers read the log (web)."""

    rig: LogRig
    conversation: ConversationId
    address: Address
    said: int = 0
    wakes: list[str] = field(default_factory=list)

    @classmethod
    async def begin(cls, rig: LogRig, *, push: bool = False) -> Talk:
        """A new conversation."""
        channel = "telegram" if push else "web"
        address = Address(channel=channel, chat=new_event_id("chat"))
        return cls(rig, await rig.log.create(address), address)

    @property
    def log(self) -> Log:
        """The log under test."""
        return self.rig.log

    def event(
        self, text: str = "", *, author: Author = CUSTOMER, event_id: str | None = None,
        kind: Literal["message", "note", "control"] = "message",
        action: ControlAction | None = None,
    ) -> InboundEvent:  # fmt: skip
        """Something that enters here."""
        self.said += 1
        derived = client_event_id(self.address.channel, self.conversation, str(self.said))
        return InboundEvent(
            id=EventId(event_id) if event_id else derived, conversation=self.conversation,
            kind=kind, address=self.address, author=author, text=text, action=action,
        )  # fmt: skip

    async def say(
        self, text: str, *, pike: Turnpike | None = None, finished: bool = True
    ) -> Accepted:
        """The customer writes."""
        return await self.log.accept(self.event(text), turnpike=pike, finished=finished)

    async def human_says(self, text: str) -> Accepted:
        """A human agent answers."""
        return await self.log.accept(self.event(text, author=HUMAN))

    async def act(self, action: ControlAction, author: Author = HUMAN) -> Accepted:
        """An act without words."""
        return await self.log.accept(self.event(author=author, kind="control", action=action))

    async def try_claim(
        self, *, wake: str | None = None, reader: str = "engine", lease_ms: int = LEASE_MS,
        window: int = 50,
    ) -> Claim | NotClaimed:  # fmt: skip
        """What a reader gets; by the wake-up that stands, if none is named."""
        wake = wake or await self.rig.wake(self.conversation, reader)
        assert wake is not None, f"nothing wakes {reader}"
        return await self.log.claim(
            reader, self.conversation, wake, lease_ms=lease_ms, window=window
        )

    async def claim(
        self, *, wake: str | None = None, reader: str = "engine", lease_ms: int = LEASE_MS,
        window: int = 50,
    ) -> Claim:  # fmt: skip
        """The claim a reader must get."""
        got = await self.try_claim(wake=wake, reader=reader, lease_ms=lease_ms, window=window)
        assert isinstance(got, Claim), got
        return got

    async def deliverer(self) -> Claim:
        """The claim of delivery."""
        return await self.claim(reader="customer")

    async def answer(self, text: str = "An answer.") -> int:
        """A whole turn; gives the answer's sequence."""
        done = await self.log.commit(claim := await self.claim(), turn(claim, text))
        assert done.outcome == "ok", done
        return done.seqs[0]

    async def texts(self, role: Role | None = None) -> list[str]:
        """What stands in the log."""
        entries = await self.log.entries(self.conversation)
        return [entry.text for entry in entries if role in {None, entry.author.role}]


def turn(claim: Claim, *texts: str, **fields: Any) -> TurnCommit:
    """A commit that says these texts."""
    return TurnCommit(
        entries=tuple(
            EntryBody(
                id=EntryId(reply_entry_id(claim.conversation, claim.seen, part)),
                author=AI,
                text=text,
            )
            for part, text in enumerate(texts)
        ),
        **fields,
    )
