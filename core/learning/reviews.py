"""Answers of people that may become knowledge: put forward, screened, then accepted or rejected.

Above: `core.archive.knowledge_reviews`, `switchboard.learning`, the doors. Below: `personal`,
`core.drafts`. Pure.

What comes from a conversation is masked before it is kept: the customer's question altogether, the
answer where it repeats what is the customer's. What is left that looks like a person's is flagged,
and somebody has to say that it may stay.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from core.drafts import unanswered_words
from core.errors import Conflict, InputError
from core.learning.personal import Personal, find_personal, mask_personal
from core.messages import Entry, Frozen
from core.text import clean_text

ReviewStatus = Literal["unscreened", "proposed", "accepted", "rejected"]
STATUSES: tuple[str, ...] = ("unscreened", "proposed", "accepted", "rejected")
QUESTION, ANSWER = 2000, 8000
_OF_ONE = frozenset({"order", "invoice", "ticket", "account"})
_CATEGORY = re.compile(r"[\w .&/-]{1,60}\Z")


class Screening(Frozen):
    """How it stands to what is known already.

    `new`; `duplicate`: the knowledge says so already; `replace`: it answers the question otherwise.
    `document` is the one it was compared with, `review` an earlier proposal of the same words;
    `personal` what looks like a person's, by kind; `failed`: nobody could look.
    """

    verdict: Literal["new", "duplicate", "replace"] = "new"
    document: str | None = None
    title: str | None = None
    score: float = 0.0
    likeness: float = 0.0
    review: str | None = None
    personal: tuple[Personal, ...] = ()
    failed: bool = False


class NewReview(Frozen):
    """A question with its answer; `source` makes the same wish, told twice, one review."""

    source: str
    question: str
    answer: str
    language: str = ""
    category: str | None = None
    conversation: str | None = None
    entry: str | None = None

    @property
    def words(self) -> str:
        """See `fingerprint`."""
        return fingerprint(self.question, self.answer)


class Review(NewReview):
    """A proposal, and what became of it; `document` is what it was accepted as."""

    id: str
    status: ReviewStatus = "unscreened"
    screening: Screening = Screening()
    proposed_by: str
    proposed_at: datetime
    reviewed_by: str | None = None
    reviewed_at: datetime | None = None
    document: str | None = None


class Acceptance(Frozen):
    """How a person accepts one: with other words where they are given. `replaces` is a document
    that goes; `allow_personal`: what is flagged may stay."""

    question: str | None = None
    answer: str | None = None
    category: str | None = None
    language: str | None = None
    replaces: str | None = None
    allow_personal: bool = False


def review_of(
    entries: Sequence[Entry], answer_id: str, *, conversation: str, category: str | None = None
) -> NewReview:
    """What an answer in a conversation proposes: `entries` are whole up to it. Raises `InputError`
    if it is no answer to anything."""
    place = next((n for n, entry in enumerate(entries) if entry.id == answer_id), None)
    answer = None if place is None else entries[place]
    if place is None or answer is None or not _is_answer(answer):
        raise InputError("that is no answer to a customer", code="no_answer")
    asked = unanswered_words(entries[:place])
    words = [entry.text for entry in asked if entry.text.strip()]
    if not words:
        words = _asked_before(entries[:place])
    if not words:
        raise InputError("nothing was asked before that answer", code="no_question")
    names = {entry.author.name for entry in entries if entry.author.role == "customer"}
    language = answer.language or (asked[-1].language if asked else None) or ""
    return make_review(
        question="\n".join(words), answer=answer.text, language=language, category=category,
        conversation=conversation, entry=answer.id, names=tuple(names),
        source=f"entry:{conversation}:{answer.id}",
    )  # fmt: skip


def make_review(
    *, question: str, answer: str, language: str = "", category: str | None = None,
    conversation: str | None = None, entry: str | None = None, names: tuple[str, ...] = (),
    source: str | None = None,
) -> NewReview:  # fmt: skip
    """Masked and checked; without a `source`, the same words from the same place are one wish.
    Raises `InputError`."""
    question, answer = clean_text(question).strip(), clean_text(answer).strip()
    check_words(question, answer, category)
    asked = [
        item for item in find_personal(question, language or "en", names) if item.kind != "code"
    ]
    told = find_personal(answer, language or "en", names)
    # The customer's own, and what one customer has; a shop's address in its answer may stay.
    theirs = [item for item in told if item.kind in _OF_ONE or item.value in names]
    question = mask_personal(question, asked)
    answer = mask_personal(answer, [*asked, *theirs])
    return NewReview(
        source=source or f"words:{conversation}:{entry}:{fingerprint(question, answer)}",
        question=question[:QUESTION], answer=answer[:ANSWER], language=language,
        category=category, conversation=conversation, entry=entry,
    )  # fmt: skip


def check_words(question: str, answer: str, category: str | None) -> None:
    """Raises `InputError` for what can be no article."""
    if not question or len(question) > QUESTION:
        raise InputError(f"question: 1 to {QUESTION} characters")
    if not answer or len(answer) > ANSWER:
        raise InputError(f"answer: 1 to {ANSWER} characters")
    if category is not None and not _CATEGORY.match(category):
        raise InputError("category: 1 to 60 letters, digits, spaces and . & / -")


def accept(review: Review, how: Acceptance) -> Review:
    """The review as it is accepted, edits taken in. Raises `InputError` for words that cannot be
    an article, and `Conflict` (code `personal_data`) while something of a person's is in it."""
    question = clean_text(how.question).strip() if how.question is not None else review.question
    answer = clean_text(how.answer).strip() if how.answer is not None else review.answer
    category = how.category if how.category is not None else review.category
    check_words(question, answer, category)
    language = how.language or review.language
    found = find_personal(f"{question}\n{answer}", language or "en")
    if found and not how.allow_personal:
        kinds = ", ".join(sorted({item.kind for item in found}))
        raise Conflict(f"something of a person's is in it ({kinds})", code="personal_data")
    return review.model_copy(
        update={
            "question": question, "answer": answer, "category": category, "language": language,
        }
    )  # fmt: skip


def fingerprint(question: str, answer: str) -> str:
    """The same for the same words in another dress; figures and signs count."""
    plain = "\0".join(_plain(text) for text in (question, answer))
    return hashlib.sha256(plain.encode()).hexdigest()[:32]


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(re.sub(r"[^\w%€$£+−°#-]+", " ", folded).split())


def _is_answer(entry: Entry) -> bool:
    by_us = entry.author.role in {"human_agent", "ai"}
    return by_us and entry.kind in {"message", "draft"} and bool(entry.text.strip())


def _asked_before(entries: Sequence[Entry]) -> list[str]:
    """The customer's last message: people often answer in several."""
    for entry in reversed(entries):
        if entry.author.role == "customer" and entry.kind == "message" and entry.text.strip():
            return [entry.text]
    return []
