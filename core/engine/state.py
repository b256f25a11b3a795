"""What the engine itself remembers of a conversation, saved with every commit.

Above: the turn. Below: pydantic. Unknown or broken state is forgotten, never a reason to fail.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from core.ports import Passage

_MOODS = 6
_TOPICS = 5


class EngineState(BaseModel):
    """`topics` are the passages offered as buttons, by button value; `unanswered` counts turns in
    a row without an answer; `offered` says that a human was offered, which happens once."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    topics: dict[str, Passage] = {}
    offered: bool = False
    offer_open: bool = False
    unanswered: int = 0
    moods: tuple[str, ...] = ()

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
        )

    def dump(self) -> dict[str, Any]:
        """As JSON for the commit."""
        return self.model_dump(mode="json")
