"""What is said about a proof, and what in a message is an address or a code. Pure.

Above: `proving`. Below: the vocabulary.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import ValidationError

from core.conversation import ONE_TIME_CODE, SIGNED_BY_PAGE, Claim, Head, HeadChange, TurnCommit
from core.identity.addresses import is_email
from core.ids import reply_entry_id
from core.messages import Author, Button, Buttons, EntryBody, Frozen
from core.specialists.tools.results import NO_CUSTOMER

# The value of the button that asks for a code; the command that asks for a link to the page.
START, PAGE = "prove", "/web"
_EMAIL = re.compile(r"[^\s@<>,;:\"()\[\]]{1,64}@[^\s@<>,;:\"()\[\]]+\.[^\s@<>,;:\"()\[\]]{2,63}")
_NUMBER = re.compile(r"\d{4}", re.ASCII)
_CODE = re.compile(r"(?<!\d)(?:\d[ -]?){5,9}\d(?!\d)", re.ASCII)
_LONGEST_WITH_CODE = 80
WaitsFor = Literal["email", "code"]


class Talk(Frozen):
    """Where the talk about the proof stands, and the question that waits for it."""

    waits_for: WaitsFor | None = None
    question: str = ""

    @classmethod
    def of(cls, data: Any) -> Talk:
        """What the last commit saved; what cannot be read is forgotten."""
        try:
            return cls.model_validate(data or {})
        except ValidationError:
            return cls()

    def at(self, waits_for: WaitsFor | None) -> Talk:
        """The same, waiting for that."""
        return self.model_copy(update={"waits_for": waits_for})


def find_email(text: str) -> str | None:
    """The one address in it; of several it is not clear which, and beside a number it belongs to
    an order."""
    found = {match.rstrip(".!?") for match in _EMAIL.findall(text)}
    good = [address for address in found if is_email(address)]
    if len(good) != 1 or _NUMBER.search(text.replace(good[0], "")):
        return None
    return good[0]


def find_code(text: str) -> str | None:
    """The digits, if the message is little else; an order's number in a sentence is no code."""
    found = _CODE.findall(text)
    if len(found) != 1 or len(text) > _LONGEST_WITH_CODE or "@" in text:
        return None
    return "".join(letter for letter in found[0] if letter.isdigit())


def wants_proof(commit: TurnCommit, head: Head) -> Literal["told", "asked"] | None:
    """`told`: something was refused for want of proof; `asked`: a flow asks for what a proof would
    spare. None: nothing of that kind, or there is nothing left to prove."""
    if head.level >= ONE_TIME_CODE:
        return None
    records: list[dict[str, Any]] = (commit.receipt or {}).get("tools") or []
    results = [str(record.get("result")) for record in records]
    if any("identification_needed" in result for result in results):
        return "told"
    if head.level >= SIGNED_BY_PAGE:
        return None
    if NO_CUSTOMER in results:  # perhaps they are, by another address
        return "told"
    return "asked" if has_open_flow(commit.state) else None


def has_open_flow(state: Mapping[str, Any]) -> bool:
    """True while a flow asks for what it needs to find an order."""
    flow: dict[str, Any] = state.get("flow") or {}
    return bool(flow) and not flow.get("done") and not flow.get("choices")


def reply(claim: Claim, text: str) -> TurnCommit:
    """A turn that says this and nothing else."""
    receipt: dict[str, Any] = {"seen": claim.seen, "outcome": "reply", "source": "proof"}
    return TurnCommit(
        entries=(new_entry(claim, text),), state=claim.state, head=HeadChange(), receipt=receipt
    )


def new_entry(claim: Claim, text: str) -> EntryBody:
    """The answer to this claim."""
    return EntryBody(
        id=reply_entry_id(claim.conversation, claim.seen), author=Author(role="ai"), text=text,
        reason="proof", language=claim.head.language,
    )  # fmt: skip


def with_button(commit: TurnCommit, label: str, words: str = "") -> TurnCommit:
    """The last words of the AI, with the button that asks for a code, and these words."""
    entries = list(commit.entries)
    for place in range(len(entries) - 1, -1, -1):
        entry = entries[place]
        if entry.kind != "message" or entry.author.role != "ai":
            continue
        before = entry.parts[-1].buttons if entry.parts else ()
        rest = entry.parts[:-1]
        buttons = Buttons(buttons=(Button(label=label, value=START), *before))
        text = "\n\n".join(part for part in (entry.text, words) if part)
        entries[place] = entry.model_copy(update={"text": text, "parts": (*rest, buttons)})
        break
    return commit.model_copy(update={"entries": tuple(entries)})


def question_in(claim: Claim, question: str) -> Claim:
    """The claim as if the customer had asked this instead of writing the code; a flow that was
    stuck for want of proof begins anew with it."""
    last = max(
        (place for place, entry in enumerate(claim.entries) if entry.author.role == "customer"),
        default=None,
    )
    if last is None:
        return claim
    entries = tuple(
        entry.model_copy(update={"text": question}) if place == last else entry
        for place, entry in enumerate(claim.entries)
        if place == last or entry.author.role != "customer"
    )
    state = {name: value for name, value in claim.state.items() if name != "flow"}
    return claim.model_copy(update={"entries": entries, "state": state})


def with_words_before(commit: TurnCommit, words: str, alone: EntryBody) -> TurnCommit:
    """These words, and then the answer; where there is none, they alone."""
    entries = list(commit.entries)
    for place, entry in enumerate(entries):
        if entry.kind == "message" and entry.author.role == "ai":
            entries[place] = entry.model_copy(update={"text": f"{words}\n\n{entry.text}"})
            return commit.model_copy(update={"entries": tuple(entries)})
    return commit.model_copy(update={"entries": (alone, *entries)})
