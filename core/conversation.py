"""What the house knows of a conversation, and what one atomic step takes and gives.

Above: bus, engine, channels. Below: `messages`, `ids`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from core.ids import ConversationId
from core.messages import Address, Entry, EntryBody, Frozen

Owner = Literal["ai", "human", "nobody"]
Status = Literal["open", "closed"]
Policy = Literal["adaptive", "each", "fixed"]
Channel = str


class Turnpike(Frozen):
    """How a channel gathers bursts before a turn starts.

    `adaptive`: a message that reads finished starts a turn at once, another waits
    `window_seconds`, longer while the customer types, never over `cap_seconds`.
    `each`: a turn for every message. `fixed`: always `window_seconds`.
    """

    policy: Policy = "adaptive"
    window_seconds: float = 0.8
    cap_seconds: float = 3.0


class Head(Frozen):
    """The state of a conversation beside its entries; times are the store's clock.

    `each`: the last message came under the policy that gives every message a turn of its own.
    """

    id: ConversationId
    seq: int = 0
    owner: Owner = "ai"
    status: Status = "open"
    epoch: int = 0
    address: Address | None = None
    contact: str | None = None
    specialist: str | None = None
    language: str | None = None
    sentiment: str | None = None
    priority: str | None = None
    summary: str | None = None
    ticket: str | None = None
    tokens_used: int = 0
    cost: float = 0.0
    created_at: datetime
    updated_at: datetime
    engine_cursor: int = 0
    customer_cursor: int = 0
    last_customer_seq: int = 0
    scheduled: bool = False
    each: bool = False


class Accepted(Frozen):
    """What `accept` answers. A repeat gives the sequence of the first time."""

    seq: int
    duplicate: bool = False
    conflict: bool = False


class Claim(Frozen):
    """A lease on a conversation for one reader, with what it has to read.

    `token` is the fencing token: whoever holds an older one can change nothing. `entries` are
    those after the reader's cursor (for policy `each` at most one customer message); `history`
    is the window before them. `state` is the engine's own JSON from the last commit.
    """

    conversation: ConversationId
    reader: str
    token: int
    wake: str
    epoch: int
    attempts: int
    head: Head
    entries: tuple[Entry, ...]
    history: tuple[Entry, ...] = ()
    state: dict[str, Any] = Field(default_factory=dict[str, Any])

    @property
    def seen(self) -> int:
        """The last sequence this claim shows; the cursor moves here on commit."""
        return self.entries[-1].seq if self.entries else self.head.engine_cursor


class NotClaimed(Frozen):
    """There is nothing to do now: held by another reader, not due yet, or nothing unread."""

    reason: Literal["busy", "early", "done"]
    retry_ms: int = 0


class HeadChange(Frozen):
    """Fields of the head that a turn sets; None leaves a field as it is."""

    owner: Owner | None = None
    status: Status | None = None
    specialist: str | None = None
    language: str | None = None
    sentiment: str | None = None
    priority: str | None = None
    summary: str | None = None
    ticket: str | None = None
    contact: str | None = None


class TurnCommit(Frozen):
    """Everything a turn changes, in one step.

    `acted` says that a write tool has already had its effect: such a turn is never superseded.
    `receipt` is the JSON of `GET …/turns/{seq}`, stored under the sequence of the first entry.
    """

    entries: tuple[EntryBody, ...] = ()
    state: dict[str, Any] = Field(default_factory=dict[str, Any])
    head: HeadChange = HeadChange()
    receipt: dict[str, Any] | None = None
    acted: bool = False
    merge: bool = True
    tokens_used: int = 0
    cost: float = 0.0


class Committed(Frozen):
    """What `commit` answers. Only `ok` changed anything.

    `stale`: the lease is another's by now; `epoch`: a human took over; `superseded`: the customer
    wrote more than the turn saw.
    """

    outcome: Literal["ok", "stale", "epoch", "superseded"]
    seqs: tuple[int, ...] = ()


class SendTicket(Frozen):
    """What `begin_send` answers for one entry.

    `send`: go on, this is attempt number `attempt`; `sent`: a receipt is there already;
    `withheld`: an AI entry of an old epoch, it must not leave; `stale`: the lease is gone.
    `unsure` is set when an earlier attempt began and never reported: it may have arrived.
    """

    outcome: Literal["send", "sent", "withheld", "stale"]
    attempt: int = 0
    unsure: bool = False
