"""What the house needs from outside it, as protocols; the composition root chooses who serves.

Above: engine, channels, roles. Below: the vocabulary. Implementations: `core.bus.log` (Log),
`kb.search` (KnowledgeBase), `core.specialists.model` (LanguageModel), `core.archive` (Archive).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from typing import Any, Literal, Protocol

from core.conversation import (
    Accepted,
    Claim,
    Committed,
    Head,
    NotClaimed,
    Preview,
    SendTicket,
    TurnCommit,
    Turnpike,
)
from core.ids import ConversationId
from core.messages import Address, Entry, Frozen, InboundEvent


class Log(Protocol):
    """The conversations. Every method is one atomic step in the store, or a read.

    All raise `BusUnavailable` when the store cannot take it now; `NotFound` is raised by those
    that need an existing conversation.
    """

    async def create(
        self,
        address: Address,
        *,
        contact: str | None = None,
        language: str | None = None,
        level: int = 0,
    ) -> ConversationId:
        """Make an empty conversation whose customer is at `address` (channel web or rest: the
        chat is filled with the new id when empty). `level` says how well `contact` is proved."""
        ...

    async def accept(
        self,
        event: InboundEvent,
        *,
        turnpike: Turnpike | None = None,
        finished: bool = True,
        only_at: int | None = None,
    ) -> Accepted:
        """Append the event, once, and wake who must read it.

        `only_at`: only if that is still the last sequence, for who acts on what they have read.
        `finished=False` (the text does not read finished) delays the turn by the turnpike's
        window. `conflict` is set when the id was seen with other words. An act of a human agent
        moves the owner and raises the epoch in this same step.
        """
        ...

    async def note_typing(self, conversation: ConversationId, *, turnpike: Turnpike) -> None:
        """The customer is typing: a turn that waits, waits on (within the turnpike's cap)."""
        ...

    async def claim(
        self,
        reader: str,
        conversation: ConversationId,
        wake: str,
        *,
        lease_ms: int,
        window: int = 50,
    ) -> Claim | NotClaimed:
        """Take the lease of `reader` ("engine", "customer", "case", "desk") with a fresh token.

        A claim of `case` may show no entries: its alarm went off.
        """
        ...

    async def extend(self, claim: Claim, *, lease_ms: int) -> bool:
        """Keep the lease (a heartbeat). False: it is another's by now, stop working."""
        ...

    async def commit(self, claim: Claim, turn: TurnCommit) -> Committed:
        """Append the turn whole, or not at all."""
        ...

    async def note_step(self, claim: Claim, step: dict[str, Any]) -> bool:
        """Record a step of the unfinished turn; kept until the turn is committed. False: stale."""
        ...

    async def steps(self, conversation: ConversationId) -> list[dict[str, Any]]:
        """What the unfinished turn has recorded, oldest first (see `Head.steps`)."""
        ...

    async def begin_send(self, claim: Claim, seq: int) -> SendTicket:
        """Ask leave to deliver one entry, and record the attempt."""
        ...

    async def record_send(
        self,
        claim: Claim,
        seq: int,
        *,
        outcome: Literal["sent", "withheld", "failed", "retry", "part"],
        platform_ids: Sequence[str] = (),
        reason: str | None = None,
    ) -> bool:
        """Record how a delivery ended and move the cursor behind it. False: stale lease.

        `retry`: nothing behind `platform_ids` arrived; the cursor stays, and the next attempt is
        no doubt. `part`: the pieces `platform_ids` arrived, and the next one is begun.
        """
        ...

    async def note_preview(
        self, conversation: ConversationId, entry: str, epoch: int, preview: Preview | None = None
    ) -> bool:
        """May the answer that will be `entry` be shown while it is made? With `preview`: what
        shows it now, for whoever delivers it. False: a human took over since, or the answer is on
        its way already."""
        ...

    async def drop_preview(self, conversation: ConversationId, preview: str) -> None:
        """This preview is no more: taken away, or become the answer."""
        ...

    async def seq_of(self, conversation: ConversationId, name: str) -> int | None:
        """The entry that an event of this id became, or that was sent under this platform id."""
        ...

    async def find(self, address: Address) -> ConversationId | None:
        """The conversation at this address, if there is one."""
        ...

    async def rebind(self, address: Address, conversation: ConversationId) -> None:
        """Let the address lead to this conversation from now on."""
        ...

    async def finish(
        self,
        claim: Claim,
        *,
        retry_ms: int = 0,
        stream: str | None = None,
        seen: int | None = None,
        alarm: datetime | Literal["keep"] | None = "keep",
    ) -> bool:
        """Give the lease back and acknowledge the wake-up; schedule again if more is waiting.

        For readers that follow whole conversations (`case`, `desk`): `seen` moves the cursor, and
        `alarm` is when `case` is to be woken though nobody said anything (None: never; "keep": as
        it was set before). False: stale lease, nothing was changed.
        """
        ...

    async def head(self, conversation: ConversationId) -> Head:
        """The state of a conversation. Raises `NotFound`."""
        ...

    async def entries(
        self, conversation: ConversationId, *, after: int = 0, limit: int = 500
    ) -> list[Entry]:
        """Entries with a sequence above `after`, in order."""
        ...

    async def receipt(self, conversation: ConversationId, seq: int) -> dict[str, Any] | None:
        """The receipt of the answer that begins at `seq`."""
        ...


class Passage(Frozen):
    """A piece of the knowledge base. `score` is the calibrated probability (0–1) that it answers
    the query, `similarity` the raw cosine; `span` is the best answering part of `text`."""

    id: str
    document: str
    title: str
    url: str | None = None
    category: str | None = None
    language: str
    heading: str = ""
    text: str
    span: str
    score: float
    similarity: float


class SearchResult(Frozen):
    """What a search found, best first, and how sure it may be.

    `verdict` applies the calibrated cuts to the best passage: `sure` answer with it, `unsure` ask
    back among `passages`, `none` decline. `vector` is not part of it: ask the embedder.
    """

    passages: tuple[Passage, ...]
    verdict: Literal["sure", "unsure", "none"]
    sure_cut: float
    unsure_cut: float


class KnowledgeBase(Protocol):
    """Search over what the company knows. Raises `KnowledgeError`."""

    async def search(
        self,
        query: str,
        *,
        limit: int = 5,
        language: str | None = None,
        categories: Sequence[str] = (),
        vector: Sequence[float] | None = None,
    ) -> SearchResult:
        """The passages nearest to `query`; `vector` spares the embedding if the caller has it."""
        ...


class Embedder(Protocol):
    """Text to unit vectors; heavy work happens outside the event loop, what waits is batched."""

    @property
    def name(self) -> str:
        """Model name and version: vectors of different names never mix."""
        ...

    @property
    def size(self) -> int:
        """Dimensions."""
        ...

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector for each text (both questions and passages)."""
        ...


class ToolCall(Frozen):
    """The model asks to run a tool; `arguments` is the raw JSON text it wrote."""

    id: str
    name: str
    arguments: str


class ModelChunk(Frozen):
    """One piece of a streamed answer: text, or at the end the tool calls and the usage. `cut`:
    the answer was longer than it may be and ends in the middle."""

    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    tokens_in: int = 0
    tokens_out: int = 0
    model: str = ""
    done: bool = False
    cut: bool = False


class LanguageModel(Protocol):
    """Chat-completions of an OpenAI-compatible server. Raises `ModelError` and its kinds."""

    def stream(
        self,
        messages: Sequence[dict[str, Any]],
        *,
        tools: Sequence[dict[str, Any]] = (),
        temperature: float | None = None,
        model: str | None = None,
        deadline_seconds: float,
        shape: dict[str, Any] | None = None,
    ) -> AsyncGenerator[ModelChunk, None]:
        """Stream one completion; the last chunk has `done=True`. `shape` is a JSON Schema that
        the text must fit, for servers that can be told."""
        ...


class Hearing(Protocol):
    """Speech to text. Raises `ModelError` and its kinds."""

    async def transcribe(self, data: bytes, *, name: str, deadline_seconds: float) -> str:
        """The words of a recording; the end of `name` says what kind of file it is."""
        ...


class StepJournal(Protocol):
    """What one turn has already done, kept across a crash of its worker until the commit."""

    async def load(self) -> list[dict[str, Any]]:
        """Steps recorded by this turn or by the worker that died over it, oldest first."""
        ...

    async def record(self, step: dict[str, Any]) -> None:
        """Keep one more step (JSON). Raises `LeaseLost` when another worker has the turn by now:
        whoever gets it must do nothing more."""
        ...


class Board(Protocol):
    """Who is at work now, for people who look; may raise `BusError`, which stops nobody."""

    async def enter(self, specialist: str, conversation: str, *, seconds: float) -> None:
        """The specialist works on a turn, for `seconds` at most."""
        ...

    async def leave(self, specialist: str, conversation: str) -> None:
        """The turn is done."""
        ...


class DeskFigures(Protocol):
    """How busy the desk is; may raise `BusError`, and then it is unknown."""

    async def waiting(self) -> int:
        """How many conversations wait for a person's word."""
        ...

    async def on_duty(self) -> int | None:
        """How many people are at the desk; None: nobody keeps that list."""
        ...

    async def outages(self, *, minutes: float, but: str) -> int:
        """How many conversations, without that one, told of an outage in the last minutes."""
        ...


class Delta(Frozen):
    """A piece of an answer in the making. A hint: the entry with the same id supersedes it."""

    conversation: ConversationId
    id: str
    attempt: int
    part: int
    text: str


class LiveFeed(Protocol):
    """Hints to whoever watches a conversation now, across processes; may lose, never lies."""

    async def publish_delta(self, delta: Delta) -> None:
        """Show a piece of a streamed answer."""
        ...

    async def publish_typing(self, conversation: ConversationId, author: dict[str, Any]) -> None:
        """Show that somebody is writing."""
        ...


class Clock(Protocol):
    """Time, so that tests can turn it."""

    def now(self) -> datetime:
        """Aware UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...
