"""The loopback engine for load tests."""

from __future__ import annotations

from core.engine.echo import EchoTurn
from core.engine.steps import MemorySteps
from tests.fakes.claims import Pieces, Talk


async def test_the_customers_words_come_back() -> None:
    talk = Talk().customer("one").customer("two")
    (entry,) = talk.apply(await EchoTurn().run(talk.claim(), Pieces(), MemorySteps()))
    assert entry.text == "one\ntwo" and entry.in_reply_to == 2 and entry.author.role == "ai"


async def test_it_says_nothing_to_a_human_or_to_nothing() -> None:
    talk = Talk().customer("one").owned_by("human")
    assert not (await EchoTurn().run(talk.claim(), Pieces(), MemorySteps())).entries
    assert not (await EchoTurn().run(Talk().human("x").claim(), Pieces(), MemorySteps())).entries
