"""What a specialist is asked, and what comes of it: values.

Above: `core.engine.assisted`, `loop`. Below: `history`, `tools.base`.
"""

from __future__ import annotations

from typing import Protocol

from core.messages import Citation, Frozen
from core.ports import ModelChunk
from core.specialists.history import History, Item, NoteRole
from core.specialists.sight import CATEGORIES
from core.specialists.tools.base import HandoffWish, Wish


class Pieces(Protocol):
    """Where checked pieces of the answer go (the engine's delta sink)."""

    async def send(self, text: str) -> None:
        """Show one more piece."""
        ...

    def reset(self) -> None:
        """What was shown is void."""
        ...


class Part(Frozen):
    """A specialist as the loop plays it: everything of its file that a run needs.

    `instructions` are those of its own prompt: what stands there may be repeated to customers.
    `sees` are the categories of data it is shown. `canary` stands in `system` and must never leave.
    """

    name: str
    system: str
    instructions: str = ""
    canary: str = ""
    tools: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    consult: tuple[str, ...] = ()
    sees: tuple[str, ...] = CATEGORIES
    temperature: float | None = None
    model: str | None = None
    max_steps: int | None = None


class Task(Frozen):
    """What one specialist is asked in one turn. `hops` are those who handed over to it lately:
    they do not get the customer back."""

    part: Part
    items: tuple[Item, ...]
    language: str
    hops: tuple[str, ...] = ()
    notes_as: NoteRole = "system"

    @property
    def history(self) -> History:
        """What the model is shown at first."""
        return History(
            system=self.part.system, items=self.items, notes_as=self.notes_as, sees=self.part.sees
        )


class Hop(Frozen):
    """One specialist handed over to another within the turn."""

    by: str
    to: str
    brief: str

    @classmethod
    def of(cls, by: str, wish: HandoffWish) -> Hop:
        """The hop that a wish asks for."""
        return cls(by=by, to=wish.to, brief=wish.brief)


class Spent(Frozen):
    """What the model cost so far. `steps` counts the calls of the speaking specialist and is the
    step of idempotency keys; `calls` counts all, those of consulted colleagues too."""

    model: str = ""
    steps: int = 0
    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0

    def plus(self, chunk: ModelChunk, cost: float = 0.0) -> Spent:
        """With one more call."""
        return Spent(
            model=chunk.model or self.model,
            steps=self.steps,
            calls=self.calls + 1,
            tokens_in=self.tokens_in + chunk.tokens_in,
            tokens_out=self.tokens_out + chunk.tokens_out,
            cost=self.cost + cost,
        )

    def stepped(self) -> Spent:
        """At the next step."""
        return self.model_copy(update={"steps": self.steps + 1})

    @property
    def tokens(self) -> int:
        """Read and written."""
        return self.tokens_in + self.tokens_out


class Answer(Frozen):
    """A sound answer of a specialist; `specialist` is whose words they are."""

    text: str
    citations: tuple[Citation, ...]
    wish: Wish | None
    specialist: str
