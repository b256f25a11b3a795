"""What a claim asks of the engine: the customer's new words and pressed buttons.

Above: the turn. Below: `core.conversation`. Pure.
"""

from __future__ import annotations

import re

from core.conversation import Claim
from core.memory.window import button_label
from core.messages import Entry, Frozen
from core.text import clean_text

# Values of the buttons that the engine offers; a topic is followed by the passage's id.
HUMAN = "human"
NO_HUMAN = "human:no"
TOPIC = "topic:"
_QUESTION = re.compile(r"[?？]\s*$")
_WORDS_OF_A_QUESTION = 4
_LONGEST = 4000
_MOST_SINGLES = 8


class Asked(Frozen):
    """`messages` are the customer's new messages in order; `button` is the pressed button (the one
    for a human, else the last); `label` is what stood on it."""

    messages: tuple[Entry, ...] = ()
    button: str | None = None
    label: str | None = None

    @property
    def is_empty(self) -> bool:
        """True if there is nothing to answer."""
        return not self.messages and self.button is None

    @property
    def topic(self) -> str | None:
        """The value of the pressed button, if it was a topic."""
        return self.button if (self.button or "").startswith(TOPIC) else None

    @property
    def texts(self) -> tuple[str, ...]:
        """The words of the messages that have any."""
        return tuple(text for entry in self.messages if (text := clean_text(entry.text).strip()))

    @property
    def text(self) -> str:
        """Everything that was said, as one; what stood on a pressed topic counts as said."""
        label = (self.label,) if self.label and (self.topic or not self.texts) else ()
        return "\n".join((*label, *self.texts))[:_LONGEST]

    @property
    def singles(self) -> tuple[str, ...]:
        """The messages one by one, if there are several; the first few of them."""
        return self.texts[:_MOST_SINGLES] if len(self.texts) > 1 else ()


def read_asked(claim: Claim) -> Asked:
    """Whatever of the claim waits for an answer of the engine."""
    messages: list[Entry] = []
    button: Entry | None = None
    for entry in claim.entries:
        if entry.author.role != "customer":
            continue
        if entry.kind == "message":
            messages.append(entry)
        elif entry.kind == "control" and entry.action == "button" and entry.value:
            button = button if button is not None and button.value == HUMAN else entry
    if button is None:
        return Asked(messages=tuple(messages))
    value = button.value or ""
    label = button_label(value, (*claim.history, *claim.entries)) or button.text or None
    return Asked(messages=tuple(messages), button=value, label=label)


def is_question(text: str) -> bool:
    """True if `text` can stand for itself as a question."""
    return bool(_QUESTION.search(text)) or len(text.split()) >= _WORDS_OF_A_QUESTION


def last_customer_text(claim: Claim) -> str | None:
    """What the customer wrote before this claim."""
    for entry in reversed(claim.history):
        if entry.author.role == "customer" and entry.kind == "message" and entry.text.strip():
            return entry.text
    return None
