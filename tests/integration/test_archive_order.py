"""What was said first may be archived last: a follower that died had read it, or another has it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.archive.database import Database
from core.archive.follower import GROUP, ArchiveFollower
from core.archive.knowledge_reviews import KnowledgeReviews
from core.archive.learning_tables import drafts
from core.bus.connect import Bus
from core.bus.journal import JournalRecord
from core.bus.keys import ConversationKeys
from core.conversation import Claim, TurnCommit
from core.ids import ConversationId, EntryId, new_event_id
from core.messages import Address, Author, ControlAction, EntryBody, EntryKind, InboundEvent
from core.runtime import spawn

CUSTOMER = Author(role="customer")
ANN = Author(role="human_agent", name="Ann")
QUESTION = "How long is the warranty of the grinder?"
ANSWER = "The warranty of the grinder is three years from the day of purchase."
Batch = list[JournalRecord]
Archive = Callable[[Batch, Batch], Awaitable[None]]


class Talk:
    """A conversation, and what a follower of the journal is given of it."""

    def __init__(self, bus: Bus, name: ConversationId) -> None:
        self.bus = bus
        self.id = name

    async def say(
        self, text: str, author: Author, *, action: ControlAction | None = None, value: str = "",
        name: str | None = None,
    ) -> EntryId:  # fmt: skip
        seq = (
            await self.bus.log.accept(
                InboundEvent(
                    id=name or new_event_id("rest"), conversation=self.id, text=text,  # type: ignore[arg-type]
                    address=Address(channel="rest", chat=self.id), author=author,
                    kind="control" if action else "message", action=action, value=value or None,
                )
            )
        ).seq  # fmt: skip
        return (await self.bus.log.entries(self.id, after=seq - 1))[0].id

    async def turn(self, text: str, kind: EntryKind) -> EntryId:
        """The AI's, with its receipt."""
        head = ConversationKeys.of(self.id).head
        wake: Any = await self.bus.calls.command("HGET", head, "w:engine")
        claim = await self.bus.log.claim("engine", self.id, wake.decode(), lease_ms=30_000)
        assert isinstance(claim, Claim)
        body = EntryBody(id=EntryId("by-the-ai"), author=Author(role="ai"), text=text, kind=kind)
        receipt = {"outcome": kind, "triage": {"intent": "general"}}
        done = await self.bus.log.commit(claim, TurnCommit(entries=(body,), receipt=receipt))
        assert done.outcome == "ok"
        return body.id

    async def read(self) -> Batch:
        async for batch in self.bus.journal.follow(GROUP, "test", asyncio.Event()):
            return batch
        raise AssertionError("the journal gave nothing")


@pytest.fixture
async def talk(bus: Bus) -> Talk:
    return Talk(bus, await bus.log.create(Address(channel="rest", chat="")))


@pytest.fixture(params=["after each other", "both at once", "both at once, the other way"])
def archive(bus: Bus, database: Database, request: pytest.FixtureRequest) -> Archive:
    """Archives the second batch before the first is there; then the first once more."""

    def follower(also: Any = None) -> ArchiveFollower:
        return ArchiveFollower(bus.journal, bus.log, database, also=also)

    async def at_once(first: Batch, second: Batch) -> None:
        begun, end = asyncio.Event(), asyncio.Event()

        async def hold(connection: AsyncConnection, batch: Sequence[JournalRecord]) -> None:
            del connection, batch
            begun.set()
            await end.wait()

        one = spawn(follower(hold).store(first), name="one")
        await begun.wait()
        other = spawn(follower().store(second), name="other")
        await asyncio.wait([other], timeout=0.3)  # it does what it can beside the first
        end.set()
        await asyncio.gather(one, other)

    async def run(first: Batch, second: Batch) -> None:
        if request.param == "both at once":
            await at_once(first, second)
        elif request.param == "after each other":
            await follower().store(second)
        else:
            await at_once(second, first)
        for _ in range(2):
            await follower().store(first)

    return run


@pytest.mark.parametrize("asked_alone", [False, True])
async def test_what_a_person_saved_is_proposed_once_though_the_mark_is_archived_before_it(
    database: Database, talk: Talk, archive: Archive, asked_alone: bool
) -> None:
    await talk.say(QUESTION, CUSTOMER)
    batches: list[Batch] = [await talk.read()] if asked_alone else []
    answer = await talk.say(ANSWER, ANN)
    if not asked_alone:
        batches.append(await talk.read())
    await talk.say("", ANN, action="save", value=answer)
    await archive(batches[0], await talk.read())
    (review,) = await KnowledgeReviews(database).list(status=None, limit=9)
    assert (review.question, review.answer, review.proposed_by) == (QUESTION, ANSWER, "Ann")


async def test_a_draft_is_measured_though_the_words_that_settle_it_are_archived_before_it(
    database: Database, talk: Talk, archive: Archive
) -> None:
    await talk.say(QUESTION, CUSTOMER)
    await talk.turn(ANSWER, "draft")
    first = await talk.read()
    await talk.say(ANSWER, ANN)
    await archive(first, await talk.read())
    async with database.read() as connection:
        (row,) = (await connection.execute(select(drafts.c.outcome, drafts.c.intent))).all()
    assert tuple(row) == ("used", "general")
