"""What a tool is, what it works with, and the ledger of what was done.

Above: `toolbox`, the tools. Below: `core.customers.records`, `core.specialists.passages`.

Whom a call is about comes from the conversation, never from the model: no tool takes the customer
as an argument. Rights come from the specialist's file, the level of the subject and the customer's
confirmation; no text, whoever wrote it, gives one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict

from core.customers.records import Subject
from core.messages import Frozen
from core.specialists.checks import Evidence
from core.specialists.passages import PassageShelf
from core.specialists.tools.pending import PendingCall

if TYPE_CHECKING:
    from core.specialists.tools.colleagues import Colleagues

# `read` changes nothing; `note` writes in our own books only (facts, handoffs, wishes); `write`
# changes something of the customer's; `money` moves or promises money.
Risk = Literal["read", "note", "write", "money"]
ACTS: frozenset[Risk] = frozenset({"write", "money"})


class ToolRecord(Frozen):
    """One line of the ledger: what was called, with what, and what came of it."""

    name: str
    arguments: dict[str, Any]
    result: str
    ok: bool
    milliseconds: float


class Wish(Frozen):
    """What the specialist wants to become of the conversation: a human, now or on offer."""

    kind: str
    reason: str


class HandoffWish(Frozen):
    """The specialist wants another one to go on; `brief` is what that one must know."""

    to: str
    brief: str


class NewFact(Frozen):
    """Something the specialist wants remembered of the customer."""

    key: str
    value: str


class Bench:
    """What the tools of one turn work with and leave behind.

    `turn` is the sequence the turn answers up to; with step and call it makes the idempotency key
    of a write. `acted` says that a write has had its effect, `tainted` that text of outsiders
    (passages, results, mails) is on the bench: no right depends on it. `pending` is a write that
    waits for the customer's yes; `misses` counts failed identifications of the conversation.
    `colleagues` are the other specialists, while one is at work here.
    """

    def __init__(
        self,
        *,
        language: str,
        categories: Sequence[str],
        evidence: Evidence,
        subject: Subject,
        turn: int,
        misses: int = 0,
    ) -> None:
        self.language = language
        self.categories = tuple(categories)
        self.evidence = evidence
        self.subject = subject
        self.turn = turn
        self.shelf = PassageShelf()
        self.ledger: list[ToolRecord] = []
        self.facts: list[NewFact] = []
        self.wish: Wish | None = None
        self.handoff: HandoffWish | None = None
        self.colleagues: Colleagues | None = None
        self.pending: PendingCall | None = None
        self.misses = misses
        self.acted = False
        self.tainted = False

    def for_colleague(self, categories: Sequence[str]) -> Bench:
        """The bench of a colleague who is asked: what is found there lies here too, what is wished
        for there does not count."""
        other = Bench(
            language=self.language, categories=categories, evidence=self.evidence,
            subject=self.subject, turn=self.turn, misses=self.misses,
        )  # fmt: skip
        other.shelf, other.ledger = self.shelf, self.ledger
        return other

    def key(self, step: int, call: int = 0) -> str:
        """The idempotency key of one call: the same when the turn is run again."""
        return f"{self.subject.conversation}:{self.turn}:{step}.{call}"


class Tool(Protocol):
    """Something a model can call. `level` is the identity level it needs of the customer."""

    @property
    def name(self) -> str:
        """As the model calls it."""
        ...

    @property
    def description(self) -> str:
        """What the model is told of it."""
        ...

    @property
    def arguments(self) -> type[BaseModel]:
        """Shape of its arguments; the schema the model sees is made from it."""
        ...

    @property
    def level(self) -> int:
        """The identity level it needs, 0-3."""
        ...

    @property
    def risk(self) -> Risk:
        """What a call may do."""
        ...

    async def run(self, arguments: Any, bench: Bench, *, key: str) -> str:
        """Act, and give the text the model reads as the result. `key` is what makes a repeat of a
        write recognisable."""
        ...


class Prepared(Frozen):
    """A write as the customer will be asked about it: exact arguments, and the facts to tell."""

    arguments: dict[str, Any]
    facts: dict[str, str]


@runtime_checkable
class Preparing(Protocol):
    """A writing tool that looks before the customer is asked: what is not theirs or cannot be
    done is not asked about."""

    async def prepare(self, arguments: Any, bench: Bench) -> Prepared | str:
        """The exact call, or the error result that the model reads."""
        ...


@runtime_checkable
class Outside(Protocol):
    """A tool of somebody else's server: there or not, and what it gives is a stranger's word."""

    @property
    def offered(self) -> bool:
        """True if it can be called now."""
        ...


class Arguments(BaseModel):
    """Base of the arguments of tools: frozen, what is not known is ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


def is_error(result: str) -> bool:
    """True if a result says that nothing came of the call."""
    return result.startswith('{"error"')


def error_result(text: str) -> str:
    """The result of a call that did not work, as the model reads it."""
    return json.dumps({"error": text})
