"""Edits and removals: what the entries of a conversation say after them. The log itself keeps all.

Above: `core.engine.changes`, the doors that show entries. Below: `core.messages`. Pure.

An act on a message is an entry of its own (`control`, action `edit` or `delete`, `value` the id of
the message). Here both are read together. Only messages of one's own side can be changed, and only
those of the same conversation: customers change theirs, people of the company change people's. What
the AI said stays as it was said.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from core.messages import CHANGES, Entry
from core.text import unmarked

# Was what stood at the first sequence dealt with before the second?
MarkDealt = Callable[[int, int], bool]
# From so many letters on a word with one slip in it is still that word.
_LONG = 5
_CHANGERS = frozenset({"customer", "human_agent"})


@dataclass
class _Message:
    """One message and where it stood: (sequence, words), the first as it was sent."""

    entry: Entry
    places: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    gone: bool = False
    edited: bool = False


def differs(before: str, after: str) -> bool:
    """True if the words say something else: not only case, accents, spaces, punctuation, or one
    letter of a longer word. Numbers must be the same to the digit."""
    one, other = _words(before), _words(after)
    if one == other:
        return False
    if len(one) != len(other):
        return "".join(one) != "".join(other)
    return not all(_same_word(a, b) for a, b in zip(one, other, strict=True))


def read_places(entries: Sequence[Entry], dealt: MarkDealt) -> dict[int, Entry]:
    """Every entry by its sequence, as it reads now. What was removed, and the old place of what was
    moved, is an empty `control`; the edit that a message moved to is that message."""
    messages = _follow(entries, dealt)
    shown = {entry.seq: entry for entry in entries}
    for message in messages.values():
        entry, home = message.entry, message.places[-1]
        if message.gone:
            shown[entry.seq] = emptied(entry)
        elif home[0] != entry.seq:
            shown[entry.seq] = emptied(entry)
            shown[home[0]] = _moved(entry, shown[home[0]], home[1])
        elif message.edited:
            shown[entry.seq] = entry.model_copy(update={"text": home[1], "edited": True})
    removed = {message.entry.id for message in messages.values() if message.gone}
    for seq, entry in shown.items():
        if is_act(entry) and entry.value in removed:
            shown[seq] = entry.model_copy(update={"text": "", "attachments": ()})
    return shown


def as_it_stands(entries: Sequence[Entry]) -> list[Entry]:
    """The entries for who looks at the conversation: edited messages in their new words and called
    edited, removed ones without words; the acts themselves stay. What lies on another page is not
    known here: its act tells whoever reads on."""
    if not any(is_act(entry) for entry in entries):
        return list(entries)
    messages = _follow(entries, lambda _place, _at: False)
    shown: list[Entry] = []
    for entry in entries:
        message = messages.get(entry.id)
        if message is None or message.entry is not entry:
            shown.append(entry)
        elif message.gone:
            shown.append(emptied(entry, kind="message"))
        elif message.edited:
            update = {"text": message.places[-1][1], "edited": True}
            shown.append(entry.model_copy(update=update))
        else:
            shown.append(entry)
    removed = {message.entry.id for message in messages.values() if message.gone}
    return [
        entry.model_copy(update={"text": "", "attachments": ()})
        if is_act(entry) and entry.value in removed
        else entry
        for entry in shown
    ]


def emptied(entry: Entry, kind: str = "control") -> Entry:
    """The entry without what was said in it."""
    update = {"kind": kind, "text": "", "attachments": (), "parts": (), "edited": True}
    return entry.model_copy(update=update)


def _follow(entries: Sequence[Entry], dealt: MarkDealt) -> dict[str, _Message]:
    """Each message that may be changed, with all that became of it, by id."""
    messages: dict[str, _Message] = {
        entry.id: _Message(entry, [(entry.seq, entry.text)])
        for entry in entries
        if entry.kind == "message" and entry.author.role in _CHANGERS
    }
    for act in entries:
        message = messages.get(act.value or "") if is_act(act) else None
        if message is None or message.gone or message.entry.author.role != act.author.role:
            continue
        if act.action == "delete":
            message.gone = True
        else:
            _edit(message, act, dealt)
    return messages


def _edit(message: _Message, act: Entry, dealt: MarkDealt) -> None:
    """Put the new words where they belong: in place, or where the edit stands."""
    places = message.places
    while len(places) > 1 and not dealt(places[-1][0], act.seq):
        places.pop()
    at, words = places[-1]
    message.edited = True
    if message.entry.author.role != "customer":
        places[-1] = (at, act.text)  # nobody answers it anew
    elif act.text.strip() and dealt(at, act.seq) and differs(words, act.text):
        places.append((act.seq, act.text))
    else:
        places[-1] = (at, act.text)


def _moved(message: Entry, act: Entry, words: str) -> Entry:
    """The message at the place of its edit, under the id and sequence that the edit has."""
    update = {
        "kind": "message", "text": words, "edited": True,
        "attachments": act.attachments or message.attachments,
        "in_reply_to": message.in_reply_to, "language": act.language or message.language,
    }  # fmt: skip
    return act.model_copy(update=update)


def is_act(entry: Entry) -> bool:
    """True if it changes a message that stands elsewhere."""
    return entry.author.role in _CHANGERS and entry.action in CHANGES


def _words(text: str) -> list[str]:
    """Words and numbers without case, accents and punctuation."""
    return "".join(
        letter if letter.isalnum() or unicodedata.category(letter) == "So" else " "
        for letter in unmarked(text)
    ).split()


def _same_word(one: str, other: str) -> bool:
    """The same, or one slip of a finger in a word that is long enough to be known all the same."""
    if one == other:
        return True
    if min(len(one), len(other)) < _LONG or any(c.isdigit() for c in one + other):
        return False
    return _one_slip(one, other)


def _one_slip(one: str, other: str) -> bool:
    """One letter more, less, other, or two neighbours exchanged."""
    if abs(len(one) - len(other)) > 1:
        return False
    start = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    if start is None:
        return True
    a, b = one[start:], other[start:]
    if len(a) == len(b):
        return a[1:] == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:])
    return a[1:] == b if len(a) > len(b) else a == b[1:]
