"""What a claim asks of the engine: the customer's new words and pressed buttons.

Above: the turn. Below: `core.conversation`. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.choices import full_value
from core.conversation import Claim
from core.memory.window import button_label, list_files
from core.messages import DECISIONS, Attachment, Button, Entry, Frozen
from core.text import clean_text

# Values of the buttons that the engine offers; a topic is followed by the passage's id.
HUMAN = "human"
NO_HUMAN = "human:no"
TOPIC = "topic:"
NO_TOPIC = "none"
COMMANDS = frozenset({"/start", "/help", "/new", "/language"})
_QUESTION = re.compile(r"[?？]\s*$")
_NUMBER = re.compile(r"\s*(\d{1,2})[.)]?\s*\Z", re.ASCII)
_WORDS_OF_A_QUESTION = 4
_WORDS_OF_A_CLAUSE = 3
_LONGEST = 4000
_MOST_SINGLES = 8
# Words that begin a question in the five languages.
_QUESTION_WORDS = (
    "how|what|where|when|why|which|who|can|could|do|does|is|are|will|should|may"
    "|jak|kde|kdy|proč|proc|kolik|který|jaká|jaké|jaký|můžu|muzu|mohu|lze|dá se|da se|máte|mate"
    "|как|где|когда|почему|сколько|какой|какая|какие|можно|могу|куда"
    "|wie|wo|wann|was|warum|welche[rsmn]?|kann|können|gibt|darf|wohin"
    "|cómo|como|dónde|donde|cuándo|cuando|qué|cuánto|cuanto|cuál|puedo"
)
_BEGINS_A_QUESTION = re.compile(
    rf"^\W*(?:(?:and|also|a|и|und|y) )?(?:{_QUESTION_WORDS})\b", re.IGNORECASE
)


class Asked(Frozen):
    """`messages` are the customer's new messages in order; `button` is the pressed button (the one
    for a human, else the last); `label` is what stood on it. `decided` are the ids of approvals
    that a person has decided about. `returned`: what is asked waited for people, who gave it back
    without an answer."""

    messages: tuple[Entry, ...] = ()
    button: str | None = None
    label: str | None = None
    decided: tuple[str, ...] = ()
    returned: bool = False

    @property
    def is_empty(self) -> bool:
        """True if there is nothing to answer."""
        return self.is_only_news and not self.decided

    @property
    def is_only_news(self) -> bool:
        """True if the customer said nothing; a decision about an act may have come."""
        return not self.messages and self.button is None

    @property
    def topic(self) -> str | None:
        """The value of the pressed button, if it was a topic."""
        return self.button if (self.button or "").startswith(TOPIC) else None

    @property
    def texts(self) -> tuple[str, ...]:
        """The words of the messages that have any. A command that was sent along with words is
        none of them."""
        every = [text for entry in self.messages if (text := clean_text(entry.text).strip())]
        words = [text for text in every if text.casefold() not in COMMANDS]
        return tuple(words or every)

    @property
    def commands(self) -> tuple[str, ...]:
        """The commands among the messages."""
        every = (clean_text(entry.text).strip().casefold() for entry in self.messages)
        return tuple(text for text in every if text in COMMANDS)

    @property
    def text(self) -> str:
        """Everything that was said, as one; what stood on a pressed topic counts as said."""
        label = (self.label,) if self.label and (self.topic or not self.texts) else ()
        return "\n".join((*label, *self.texts))[:_LONGEST]

    @property
    def files(self) -> tuple[Attachment, ...]:
        """What was sent along."""
        return tuple(file for entry in self.messages for file in entry.attachments)

    @property
    def shown(self) -> str:
        """`text` as a model is shown it: files by name, kind and size, as things said."""
        return "\n".join((*((self.text,) if self.text else ()), *list_files(self.files)))

    @property
    def singles(self) -> tuple[str, ...]:
        """The messages one by one, if there are several; the first few of them."""
        return self.texts[:_MOST_SINGLES] if len(self.texts) > 1 else ()


def read_asked(claim: Claim) -> Asked:
    """Whatever of the claim waits for an answer of the engine."""
    messages, border = _left_by_people(claim)
    returned = bool(messages)
    button: Entry | None = None
    decided = _decided(claim)
    for entry in claim.entries:
        if entry.author.role != "customer" or entry.seq < border:
            continue
        if entry.kind == "message":
            messages.append(entry)
        elif entry.kind == "control" and entry.action == "button" and entry.value:
            button = button if button is not None and button.value == HUMAN else entry
    if button is None:
        if (meant := _by_number(messages, claim)) is not None:
            return Asked(button=meant.value, label=meant.label, decided=decided)
        return Asked(messages=tuple(messages), decided=decided, returned=returned)
    shown = (*claim.history, *claim.entries)
    value = full_value(button.value or "", shown)
    label = button_label(value, shown) or button.text or None
    return Asked(messages=tuple(messages), button=value, label=label, decided=decided)


def _left_by_people(claim: Claim) -> tuple[list[Entry], int]:
    """The customer's words that nobody has answered before people give the conversation back in
    this claim, and the sequence at which they do (0: they do not). An announcement of the house is
    no answer."""
    borders = [entry.seq for entry in claim.entries if entry.action == "release"]
    if not borders:
        return [], 0
    waiting: list[Entry] = []
    for entry in (*claim.history, *claim.entries):
        if entry.kind != "message" or entry.seq > borders[-1]:
            continue
        if entry.author.role == "customer":
            waiting.append(entry)
        elif entry.author.role != "system":
            waiting.clear()
    return waiting, borders[-1]


def _by_number(messages: Sequence[Entry], claim: Claim) -> Button | None:
    """The button that a bare number stands for: channels without buttons show them numbered.
    Topics are not among them; what was meant by those is found out elsewhere."""
    said = _NUMBER.match(messages[0].text) if len(messages) == 1 else None
    words = [entry for entry in claim.history if entry.kind == "message"]
    if said is None or not words or words[-1].author.role != "ai":
        return None
    buttons = [button for row in words[-1].parts for button in row.buttons]
    place = int(said[1]) - 1
    if not 0 <= place < len(buttons):
        return None
    meant = buttons[place]
    return None if meant.value == NO_TOPIC or meant.value.startswith(TOPIC) else meant


def _decided(claim: Claim) -> tuple[str, ...]:
    """Approvals that were decided; only the house itself can say so."""
    return tuple(
        entry.value
        for entry in claim.entries
        if entry.author.role == "system" and entry.action in DECISIONS and entry.value
    )


def asks(clause: str) -> bool:
    """True if a part of a message is a question of its own."""
    if len(clause.split()) < _WORDS_OF_A_CLAUSE:
        return False
    return bool(_QUESTION.search(clause) or _BEGINS_A_QUESTION.match(clause))


def is_question(text: str) -> bool:
    """True if `text` can stand for itself as a question."""
    return bool(_QUESTION.search(text)) or len(text.split()) >= _WORDS_OF_A_QUESTION


def last_customer_text(claim: Claim) -> str | None:
    """What the customer wrote before this claim."""
    for entry in reversed(claim.history):
        if entry.author.role == "customer" and entry.kind == "message" and entry.text.strip():
            return entry.text
    return None
