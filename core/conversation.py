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
# Identity levels: how well a contact is known to be who they say (DESIGN.md, section 4).
BARE_CLAIM, PROVED_BY_CHANNEL, SIGNED_BY_PAGE, ONE_TIME_CODE = range(4)


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
    `level` is the identity level of `contact` (0 bare claim, 1 proved by the channel, 2 signed by
    the host page, 3 one-time code). `steps` counts what an unfinished turn has recorded. `case` is
    the sequence at which people came in (0: never), `case_closed` the one that closed that case
    (0: it is open); `desk` is where the desk shows it, in the desk's own JSON.

    `said` is the last word to the customer of a page, `seen` the last entry that they have had
    before their eyes, as far as their page told (`seen_at`) or their own words show; `places` are
    the last addresses they wrote from, one for each channel. What they do not see in time goes to
    another place: `climbed` is the last entry that did (the words behind `climbed_after`),
    `is_away` says that what comes next goes there too. `email` is an address of theirs that the
    host's page vouches for, or that a one-time code proved.

    `sealed` is the sequence at which a one-time code proved the customer, or who had begun it
    signed in to the page (0: never); `proved` are the places where that was, and those that a link
    led to from there.
    """

    id: ConversationId
    seq: int = 0
    owner: Owner = "ai"
    status: Status = "open"
    epoch: int = 0
    address: Address | None = None
    contact: str | None = None
    level: int = 0
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
    steps: int = 0
    case: int = 0
    case_closed: int = 0
    desk: str | None = None
    seen: int = 0
    seen_at: datetime | None = None
    said: int = 0
    climbed: int = 0
    climbed_after: int = 0
    is_away: bool = False
    places: tuple[Address, ...] = ()
    email: str | None = None
    sealed: int = 0
    sealed_at: datetime | None = None
    proved: tuple[Address, ...] = ()

    def is_open_to(self, place: Address) -> bool:
        """False for places that must not read or write here: what was said since somebody proved
        who they are is theirs, and those who were here before may be others."""
        if not self.sealed:
            return True
        if place.channel == "email" and self.email:
            return place.chat.casefold() == self.email
        return place_name(place) in {place_name(other) for other in self.proved}


def place_name(place: Address) -> str:
    """A place of a customer, whatever the thread in it (`Head.proved`)."""
    return f"{place.channel}:{place.account}:{place.chat}"


class Accepted(Frozen):
    """What `accept` answers. A repeat gives the sequence of the first time; `moved` says that
    nothing was accepted, because the author did not know the newest entry (`seq`)."""

    seq: int
    duplicate: bool = False
    conflict: bool = False
    moved: bool = False


class Claim(Frozen):
    """A lease on a conversation for one reader, with what it has to read.

    `token` is the fencing token: whoever holds an older one can change nothing. `entries` are
    those after the reader's cursor (for policy `each` at most one customer message); `history`
    is the window before them. `state` is the engine's own JSON from the last commit; `at` is the
    store's clock.
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
    at: datetime | None = None

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
    `seen` is set by a turn that dealt with fewer entries than its claim shows: a turn resumed
    after an act answers what it had seen when it acted.
    """

    entries: tuple[EntryBody, ...] = ()
    state: dict[str, Any] = Field(default_factory=dict[str, Any])
    head: HeadChange = HeadChange()
    receipt: dict[str, Any] | None = None
    acted: bool = False
    merge: bool = True
    tokens_used: int = 0
    cost: float = 0.0
    seen: int | None = None


class Committed(Frozen):
    """What `commit` answers. Only `ok` changed anything.

    `stale`: the lease is another's by now; `epoch`: a human took over; `superseded`: the customer
    wrote more than the turn saw.
    """

    outcome: Literal["ok", "stale", "epoch", "superseded"]
    seqs: tuple[int, ...] = ()


class Preview(Frozen):
    """A message on a platform that shows an answer while it is made: `entry` is the id that the
    answer will have, `id` what the platform calls the message, `epoch` that of the turn."""

    entry: str
    to: Address
    id: str
    epoch: int = 0


class SendTicket(Frozen):
    """What `begin_send` answers for one entry.

    `send`: go on, this is attempt number `attempt`; `sent`: a receipt is there already;
    `withheld`: an AI entry of an old epoch, it must not leave; `stale`: the lease is gone.
    `unsure` is set when an earlier attempt began and never reported: it may have arrived.
    `platform_ids` are those of the pieces that certainly arrived. `preview` shows an answer of this
    conversation now: of this entry, or of another that may never come.
    """

    outcome: Literal["send", "sent", "withheld", "stale"]
    attempt: int = 0
    unsure: bool = False
    platform_ids: tuple[str, ...] = ()
    preview: Preview | None = None
