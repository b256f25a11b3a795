"""Whatever happens in a conversation of people: no word of the AI, one draft that counts, one
outcome for each."""

from __future__ import annotations

import asyncio
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.conversation import Head
from core.drafts import current_draft, unanswered_words
from core.engine.drafting import DraftingTurn, left_to_people
from core.engine.steps import MemorySteps
from core.ids import ConversationId, EntryId
from core.learning.measure import measure_drafts
from core.messages import Author, Entry, EntryBody
from tests.fakes.claims import Pieces, Talk
from tests.unit.core.engine.conftest import BuildEngine

ADA = Author(role="human_agent", name="Ada")
ACTS = ("asks", "chats", "reads", "answers", "notes", "sends", "discards", "rests", "edits")
HAPPENINGS = st.lists(st.sampled_from(ACTS), max_size=14)


class Story:
    """A conversation that people have; `reads` is the engine's turn."""

    def __init__(self, turn_of: BuildEngine) -> None:
        self.talk = Talk().owned_by("human")
        self.turn_of = turn_of
        self.count = 0

    def add(self, **fields: object) -> None:
        self.count += 1
        base = {"id": EntryId(f"x:{self.count}"), "author": ADA}
        self.talk.add(EntryBody.model_validate({**base, **fields}))
        last = [e.seq for e in self.talk.entries if e.author.role == "customer"]
        self.talk.head = self.talk.head.model_copy(
            update={"last_customer_seq": max(last, default=0), "seq": len(self.talk.entries)}
        )

    def last(self, kind: str, role: str) -> Entry | None:
        found = [e for e in self.talk.entries if e.kind == kind and e.author.role == role]
        return found[-1] if found else None

    async def play(self, happening: str, turn: DraftingTurn) -> None:
        customer, draft = Author(role="customer"), current_draft(self.talk.entries)
        match happening:
            case "asks":
                self.add(author=customer, text="How do I reset my password?")
            case "chats":
                self.add(author=customer, text="hello there")
            case "answers":
                self.add(text="I have looked into it for you.")
            case "notes":
                self.add(kind="note", text="a difficult one")
            case "rests":
                self.add(kind="control", action="snooze")
            case "edits" if (word := self.last("message", "customer")) is not None:
                self.add(
                    kind="control", action="edit", author=customer, value=word.id,
                    text="How do I change my card?",
                )  # fmt: skip
            case "sends" if draft is not None:
                self.add(id=EntryId(f"desk:draft:{draft.id}"), text=draft.text)
            case "discards" if draft is not None:
                self.add(kind="control", action="discard", value=draft.id)
            case "reads" if self.talk.cursor < len(self.talk.entries):
                pieces = Pieces()
                commit = await turn.run(self.talk.claim(), pieces, MemorySteps())
                assert commit.head.owner is None and pieces.shown == [] and not commit.acted
                assert {entry.kind for entry in commit.entries} <= {"draft"}
                self.talk.apply(commit)
            case _:
                pass


async def test_no_word_of_the_ai_and_one_draft_that_counts(build: BuildEngine) -> None:
    engine = await build()
    stories: list[list[str]] = []

    @settings(
        max_examples=60,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(HAPPENINGS)
    def collect(happenings: list[str]) -> None:
        stories.append(happenings)

    await asyncio.to_thread(collect)
    drafted = 0
    for happenings in stories:
        story = Story(build)

        async def look(conversation: ConversationId, story: Story = story) -> Head:
            return story.talk.head

        turn = DraftingTurn(engine.turn, engine.drafter, look)
        for happening in (*happenings, "asks", "reads"):
            await story.play(happening, turn)
        drafted += check(story.talk.entries)
    assert drafted > len(stories) / 2


def check(entries: list[Entry]) -> int:
    """The laws; how many drafts there are."""
    drafts = [entry for entry in entries if entry.kind == "draft"]
    assert not any(e.kind == "message" and e.author.role == "ai" for e in entries)
    assert not any(entry.is_for_customer() for entry in drafts)
    measured = measure_drafts(entries)
    assert [item.draft for item in measured] == [entry.id for entry in drafts]
    assert sum(item.outcome == "open" for item in measured) <= 1
    # Between two drafts the customer has said or changed something.
    for first, second in pairwise(drafts):
        between = entries[first.seq : second.seq - 1]
        assert any(entry.author.role == "customer" for entry in between)
    counts = current_draft(entries)
    if counts is not None:
        assert counts == drafts[-1]
        waiting = {entry.seq for entry in unanswered_words(entries)}
        assert counts.in_reply_to in waiting
    return len(drafts)


async def test_a_turn_that_hands_nothing_over_moves_on(build: BuildEngine) -> None:
    engine = await build()
    commit = await engine.turn.run(
        Talk().customer("How do I reset my password?").claim(), Pieces(), MemorySteps()
    )
    assert commit.receipt is not None
    judged = {**commit.receipt, "escalation": {"rule": "autonomy"}}
    assert not left_to_people(commit.model_copy(update={"receipt": judged}))
