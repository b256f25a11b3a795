"""Where the desk shows a case, and how far its thread is made: what the log keeps for us.

Above: `opening`, `threads`; `inbox` reads it too. Below: `core.messages`. Written before each
message that opens a thread and after it, so that a crash in between is known as one (`begun`).
"""

from __future__ import annotations

from pydantic import Field, ValidationError

from core.messages import Address, Frozen


class Anchor(Frozen):
    """The thread of case number `case` is `ts` in the Slack channel `chat`.

    `since` and `upto` are the entries that its transcript tells; `opened` counts the messages that
    open the thread (the card is the first), `begun` is when the next one was begun (0: it was not,
    so it is not there). `bound`: the thread's address leads to the conversation; `ready`: all that
    opens the thread stands in it. `closed` is the entry that closed the case, `card` the digest of
    what the card shows, `tried` are the channels that would not have it, `asked` the approvals
    that the thread shows, each with its message.
    """

    case: int
    account: str = "default"
    chat: str
    ts: str = ""
    since: int = 1
    upto: int = 0
    opened: int = 0
    begun: float = 0.0
    bound: bool = False
    ready: bool = False
    closed: int = 0
    card: str = ""
    tried: tuple[str, ...] = ()
    asked: dict[str, str] = Field(default_factory=dict[str, str])

    @property
    def address(self) -> Address:
        """The thread, as `log.find` knows it."""
        return Address(channel="desk", account=self.account, chat=self.chat, thread=self.ts)

    def dump(self) -> str:
        """As the log keeps it."""
        return self.model_dump_json(exclude_defaults=True)


def read_anchor(kept: str | None) -> Anchor | None:
    """What the log kept; None if there is nothing that can be read."""
    if not kept:
        return None
    try:
        return Anchor.model_validate_json(kept)
    except ValidationError:
        return None
