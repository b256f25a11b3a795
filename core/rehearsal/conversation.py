"""One conversation in memory, under the rules of the log: who owns it, what a turn sees.

Above: `playing`, `replay`, tests. Below: `core.engine.runner`, `core.conversation`.

It is no second log: one reader, one writer, no leases. What `accept` and `commit` decide about the
owner, the epoch and the cursor is the same (docs/adr/0001-one-log.md).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from core.conversation import Claim, Head, TurnCommit
from core.engine.runner import TurnRunner
from core.engine.steps import MemorySteps
from core.ids import ConversationId, EntryId
from core.messages import (
    DECISIONS,
    Address,
    Author,
    ControlAction,
    Entry,
    EntryBody,
)

_BEGIN = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
_PACE = timedelta(seconds=20)
_CUSTOMER = Author(role="customer")


@dataclass
class Pieces:
    """What the customer saw of the answer in the making; a `DeltaSink`."""

    shown: list[str] = field(default_factory=list[str])
    void: list[str] = field(default_factory=list[str])

    async def send(self, text: str) -> None:
        """See `DeltaSink`."""
        self.shown.append(text)

    def reset(self) -> None:
        """See `DeltaSink`."""
        self.void.append("".join(self.shown))
        self.shown.clear()


@dataclass(frozen=True)
class Turned:
    """What one turn brought: its new entries, its receipt, and what was shown on the way."""

    entries: tuple[Entry, ...]
    receipt: dict[str, Any]
    commit: TurnCommit
    pieces: Pieces

    @property
    def text(self) -> str:
        """All that was said to the customer."""
        return "\n".join(entry.text for entry in self.entries if entry.kind == "message")


class Rehearsal:
    """Say and press things, then let the engine take its turn."""

    def __init__(
        self,
        engine: TurnRunner,
        *,
        number: int = 0,
        contact: str | None = None,
        level: int = 0,
        language: str | None = None,
        channel: str = "web",
    ) -> None:
        self._engine = engine
        self.id = ConversationId(f"cv_00_{number:022d}")
        self.entries: list[Entry] = []
        self.state: dict[str, Any] = {}
        self.steps = MemorySteps()
        self._now = _BEGIN
        self._cursor = 0
        self.head = Head(
            id=self.id,
            contact=contact,
            level=level,
            language=language,
            address=Address(channel=channel, chat=self.id),
            created_at=_BEGIN,
            updated_at=_BEGIN,
        )

    def say(self, text: str) -> Entry:
        """The customer writes."""
        return self._accept("message", _CUSTOMER, text=text)

    def press(self, value: str) -> Entry:
        """The customer presses the button with this value."""
        return self._accept("control", _CUSTOMER, action="button", value=value)

    def human(self, text: str, name: str = "Agent") -> Entry:
        """A person answers: the conversation is theirs from now on."""
        return self._accept("message", Author(role="human_agent", name=name), text=text)

    def act(self, action: ControlAction, *, role: str = "human_agent", value: str = "") -> Entry:
        """Somebody takes, returns, closes, approves …"""
        author = Author(role="system" if role == "system" else "human_agent", name="desk")
        return self._accept("control", author, action=action, value=value or None)

    def preload(self, body: EntryBody) -> None:
        """An entry that was said and dealt with before the rehearsal begins."""
        self._append(body)
        self._cursor = len(self.entries)

    def buttons(self) -> dict[str, str]:
        """Labels and values of the buttons under the last message of the AI."""
        for entry in reversed(self.entries):
            if entry.author.role == "ai" and entry.kind == "message":
                every = (button for part in entry.parts for button in part.buttons)
                return {button.label: button.value for button in every}
        return {}

    def claim(self, attempts: int = 1) -> Claim:
        """What the engine would get now."""
        unread = tuple(entry for entry in self.entries if entry.seq > self._cursor)
        before = [entry for entry in self.entries if entry.seq <= self._cursor]
        return Claim(
            conversation=self.id,
            reader="engine",
            token=1,
            wake="1-0",
            epoch=self.head.epoch,
            attempts=attempts,
            head=self.head.model_copy(update={"steps": len(self.steps.steps)}),
            entries=unread,
            history=tuple(before[-self._engine.window :]) if self._engine.window else (),
            state=self.state,
        )

    async def turn(self, attempts: int = 1) -> Turned:
        """The engine deals with everything unread, and it is committed."""
        claim, pieces = self.claim(attempts), Pieces()
        commit = await self._engine.run(claim, pieces, self.steps)
        return Turned(self.commit(claim, commit), commit.receipt or {}, commit, pieces)

    def commit(self, claim: Claim, commit: TurnCommit) -> tuple[Entry, ...]:
        """Take a turn over as the store would; gives its entries."""
        seen = claim.seen if commit.seen is None else commit.seen
        new = tuple(self._append(body) for body in commit.entries)
        unread = any(_wakes(entry) and entry.seq > seen for entry in claim.entries)
        self._cursor = seen if unread else len(self.entries)
        self.state = commit.state or self.state
        self.steps.steps.clear()
        changes = commit.head.model_dump(exclude_none=True)
        self.head = self.head.model_copy(
            update={
                **changes,
                "seq": len(self.entries),
                "engine_cursor": self._cursor,
                "tokens_used": self.head.tokens_used + commit.tokens_used,
                "cost": self.head.cost + commit.cost,
            }
        )
        return new

    def _accept(
        self,
        kind: str,
        author: Author,
        *,
        text: str = "",
        action: ControlAction | None = None,
        value: str | None = None,
    ) -> Entry:
        entry = self._append(
            EntryBody.model_validate(
                {
                    "id": EntryId(f"rehearsal:{self.id}:{len(self.entries) + 1}"),
                    "kind": kind,
                    "author": author,
                    "text": text,
                    "action": action,
                    "value": value,
                }
            )
        )
        self._change_owner(entry)
        if _wakes(entry):
            self.head = self.head.model_copy(update={"last_customer_seq": entry.seq})
        return entry

    def _change_owner(self, entry: Entry) -> None:
        """The same decisions as in `accept.lua`."""
        owner, status, epoch = self.head.owner, self.head.status, self.head.epoch
        said_by_human = entry.author.role == "human_agent" and entry.kind == "message"
        if said_by_human or entry.action == "take":
            owner, status, epoch = "human", "open", epoch + 1
        elif entry.action == "release":
            owner, epoch = "ai", epoch + 1
        elif entry.action == "close":
            owner, status, epoch = "nobody", "closed", epoch + 1
        elif status == "closed" and (_wakes(entry) or entry.action == "reopen"):
            owner, status, epoch = "ai", "open", epoch + 1
        self.head = self.head.model_copy(
            update={"owner": owner, "status": status, "epoch": epoch, "seq": entry.seq}
        )

    def _append(self, body: EntryBody) -> Entry:
        self._now += _PACE
        entry = Entry(
            **body.model_dump(), seq=len(self.entries) + 1, at=self._now, epoch=self.head.epoch
        )
        self.entries.append(entry)
        return entry


def _wakes(entry: Entry) -> bool:
    if entry.author.role == "customer":
        return entry.kind == "message" or entry.action == "button"
    return entry.author.role == "system" and entry.action in DECISIONS
