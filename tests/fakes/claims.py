"""Claims made by hand: a conversation without a store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from core.conversation import Claim, Head, Owner, Status, TurnCommit
from core.ids import ConversationId, EntryId
from core.messages import Author, Entry, EntryBody

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CONVERSATION = ConversationId("cv_00_AAAAAAAAAAAAAAAAAAAAAA")


class Talk:
    """One conversation: say things, get claims, apply commits."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.cursor = 0
        self.state: dict[str, Any] = {}
        self.now = NOW
        self.head = Head(id=CONVERSATION, created_at=NOW, updated_at=NOW)

    def wait(self, seconds: float) -> Talk:
        """Time passes."""
        self.now += timedelta(seconds=seconds)
        return self

    def customer(self, text: str) -> Talk:
        """The customer writes."""
        return self.add(EntryBody(id=self._id(), author=Author(role="customer"), text=text))

    def presses(self, value: str) -> Talk:
        """The customer presses a button."""
        author = Author(role="customer")
        return self.add(
            EntryBody(id=self._id(), kind="control", action="button", value=value, author=author)
        )

    def human(self, text: str) -> Talk:
        """A human agent writes."""
        return self.add(
            EntryBody(id=self._id(), author=Author(role="human_agent", name="Ada"), text=text)
        )

    def owned_by(self, owner: Owner, status: Status = "open") -> Talk:
        """Somebody else owns it."""
        self.head = self.head.model_copy(update={"owner": owner, "status": status})
        return self

    def claim(self, attempts: int = 1) -> Claim:
        """What the engine would get now."""
        return Claim(
            conversation=CONVERSATION,
            reader="engine",
            token=1,
            wake="1-0",
            epoch=0,
            attempts=attempts,
            head=self.head,
            state=self.state,
            entries=tuple(self.entries[self.cursor :]),
            history=tuple(self.entries[: self.cursor]),
        )

    def apply(self, commit: TurnCommit) -> list[Entry]:
        """Take a commit over as the store would; gives the new entries."""
        self.cursor = len(self.entries)
        before = len(self.entries)
        for body in commit.entries:
            self.add(body)
        self.cursor = len(self.entries)
        self.state = commit.state
        changes = commit.head.model_dump(exclude_none=True)
        self.head = self.head.model_copy(update=changes)
        return self.entries[before:]

    def _id(self) -> EntryId:
        return EntryId(f"test:{len(self.entries) + 1}")

    def add(self, body: EntryBody) -> Talk:
        """Any entry, under the next sequence."""
        seq = len(self.entries) + 1
        self.entries.append(Entry(**body.model_dump(), seq=seq, at=self.now))
        return self


class Pieces:
    """A delta sink that remembers."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.attempts = 1

    async def send(self, text: str) -> None:
        """See `DeltaSink`."""
        self.shown.append(text)

    def reset(self) -> None:
        """See `DeltaSink`."""
        self.shown.clear()
        self.attempts += 1

    @property
    def text(self) -> str:
        """What the customer sees of the answer in the making."""
        return "".join(self.shown)
