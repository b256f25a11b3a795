"""What the engine itself remembers of a conversation, saved with every commit.

Above: the turn. Below: pydantic. Unknown or broken state is forgotten, never a reason to fail.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from core.engine.flows.state import FlowState
from core.engine.trail import Question, Trail
from core.memory.state import MemoryState
from core.ports import Passage
from core.specialists.tools.pending import PendingCall

_MOODS = 6
_TOPICS = 5
_HOPS = 4
_RECENT = 8  # entries: about the last three turns


class HandedOver(BaseModel):
    """A specialist handed the customer over in the turn that answered up to `seq`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    by: str
    seq: int


class EngineState(BaseModel):
    """`topics` are the passages offered as buttons, by button value; `unanswered` counts turns in
    a row without an answer; `offered` says that a human was offered, which happens once.
    `pending` is the write the customer was asked about in the last turn; `misses` counts failed
    identifications, `settled` those of them that people have dealt with; `flow` is the flow that
    goes on with the next message; `trail` is what was asked and answered lately, to notice going in
    circles."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    topics: dict[str, Passage] = {}
    offered: bool = False
    offer_open: bool = False
    unanswered: int = 0
    moods: tuple[str, ...] = ()
    hops: tuple[HandedOver, ...] = ()
    pending: PendingCall | None = None
    misses: int = 0
    settled: int = 0
    memory: MemoryState = MemoryState()
    flow: FlowState | None = None
    trail: Trail = Trail()

    @classmethod
    def of(cls, data: dict[str, Any]) -> EngineState:
        """Parse what the last commit saved."""
        try:
            return cls.model_validate(data)
        except ValidationError:
            return cls()

    def after(
        self,
        *,
        mood: str | None,
        topics: dict[str, Passage],
        answered: bool,
        offers: bool,
    ) -> EngineState:
        """The state behind one more turn. `offers` says that the turn offered a human."""
        moods = (*self.moods, mood) if mood else self.moods
        return EngineState(
            topics=dict(list(topics.items())[:_TOPICS]),
            offered=self.offered or offers,
            offer_open=offers,
            unanswered=0 if answered else self.unanswered + 1,
            moods=moods[-_MOODS:],
            hops=self.hops,
            misses=self.misses,
            settled=self.settled,
            memory=self.memory,
            trail=self.trail,
        )

    def recent_hops(self, seq: int) -> tuple[str, ...]:
        """Who handed the customer over lately: they do not get them back."""
        return tuple(hop.by for hop in self.hops if seq - hop.seq <= _RECENT)

    def with_hops(self, by: Sequence[str], seq: int) -> EngineState:
        """These handed over in the turn that answered up to `seq`."""
        added = (*self.hops, *(HandedOver(by=name, seq=seq) for name in by))
        return self.model_copy(update={"hops": added[-_HOPS:]})

    def with_flow(self, flow: FlowState | None) -> EngineState:
        """The flow goes on from here, or there is none."""
        return self.model_copy(update={"flow": flow})

    def with_work(self, pending: PendingCall | None, misses: int) -> EngineState:
        """What the tools of the turn left: the write to ask about, failed identifications."""
        return self.model_copy(update={"pending": pending, "misses": misses})

    def with_trail(self, question: Question | None, answer: str) -> EngineState:
        """One more question and its answer."""
        return self.model_copy(update={"trail": self.trail.after(question, answer)})

    def with_memory(self, memory: MemoryState) -> EngineState:
        """With this memory. A new episode begins without what the one before left open."""
        if memory.episode.number == self.memory.episode.number:
            return self.model_copy(update={"memory": memory})
        settled = self.misses if memory.episode.by_people else self.settled
        return EngineState(misses=self.misses, settled=settled, memory=memory)

    def dump(self) -> dict[str, Any]:
        """As JSON for the commit."""
        return self.model_dump(mode="json")
