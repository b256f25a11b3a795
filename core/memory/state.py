"""What is remembered of a conversation beyond its last entries; part of the engine's state.

Above: `core.engine.state`, `update`, `recall`. Below: pydantic. Values only; nothing here decides.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

# Kinds a conversation has one of at a time; the others may stand side by side.
SINGLE = frozenset({"name", "email", "phone", "address", "language", "channel", "other"})
Speaker = Literal["customer", "specialist", "human_agent", "earlier"]


class Remembered(BaseModel):
    """Base of what is remembered: frozen; what a later version added is left out."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Fact(Remembered):
    """Something known of the customer, and where it comes from.

    `kind`: name, email, phone, order, invoice, ticket, serial, product, address, language, channel,
    date or other; `key` says what it is when the kind does not ("budget"). `seq` is the entry it
    was said in (0: in an earlier conversation of the same contact, `by` is then `earlier`), `at`
    its time in ISO format. `superseded_by` is the entry that made it untrue; None: it holds.
    """

    kind: str
    value: str
    key: str = ""
    seq: int = 0
    at: str = ""
    language: str = ""
    by: Speaker = "customer"
    superseded_by: int | None = None

    @property
    def holds(self) -> bool:
        """True while nothing later contradicts it."""
        return self.superseded_by is None

    @property
    def label(self) -> str:
        """What it is, in a word or two."""
        return self.key or self.kind


class Line(Remembered):
    """One thing said that the summary keeps. `kind`: goal, said, decision, promise, question."""

    seq: int
    role: str
    kind: str
    text: str


class Summary(Remembered):
    """What the entries up to `upto` came to. `text` is a model's wording of the same lines, made
    for the border `text_upto`; it counts only while both borders are the same."""

    upto: int = 0
    lines: tuple[Line, ...] = ()
    text: str = ""
    text_upto: int = 0


class Promise(Remembered):
    """Somebody of ours said that something will happen."""

    seq: int
    by: Speaker
    text: str


class Deed(Remembered):
    """A call that had an effect, with its result: one thing, never half of it."""

    seq: int
    name: str
    arguments: str
    result: str


class Resolved(Remembered):
    """A matter that came to its end."""

    seq: int
    issue: str
    how: str = ""


class Returned(Remembered):
    """What people did while they had the conversation, for the AI that goes on after them: entry
    `seq` gave it back at `at` (ISO format). `about` is what the customer wrote meanwhile;
    `recorded`: they left word of it, else `decided` is what they said last."""

    seq: int
    by: str = ""
    at: str = ""
    about: str = ""
    recorded: bool = False
    decided: str = ""
    promised: tuple[str, ...] = ()
    open: str = ""


class Mood(Remembered):
    """How the customer sounded in the turn that answered up to `seq`."""

    seq: int
    mood: str


class Episode(Remembered):
    """A stretch of the conversation between closings and returns from a person. `by_people`: one of
    us ended the one before."""

    number: int = 1
    began: int = 0
    by_people: bool = False


class MemoryState(Remembered):
    """Everything remembered. `read_to` is the last entry it took in."""

    read_to: int = 0
    summary: Summary = Summary()
    facts: tuple[Fact, ...] = ()
    resolved: tuple[Resolved, ...] = ()
    promises: tuple[Promise, ...] = ()
    deeds: tuple[Deed, ...] = ()
    moods: tuple[Mood, ...] = ()
    returns: tuple[Returned, ...] = ()
    episode: Episode = Episode()
