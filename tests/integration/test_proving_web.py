"""A page whose visitor proves who they are elsewhere, or comes back by a link."""

from __future__ import annotations

import json
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from core.bus.connect import Bus
from core.ids import ConversationId
from core.messages import Address
from tests.fakes.page import Page, open_page
from tests.fakes.waiting import until_found
from tests.integration.proof_rig import EVA, SECRET_ORDER, TOKENS, World, world

pytestmark = pytest.mark.slow


def page(here: World, **auth: Any) -> AbstractAsyncContextManager[tuple[Page, Any]]:
    """A socket that was greeted, and the greeting."""
    return open_page(here.http, here.doors.url, **auth)


async def prove(here: World, conversation: str, chat: str) -> Address:
    """Eva proves who she is in Telegram, and says something there."""
    place = Address(channel="telegram", account="1", chat=chat)
    head = await here.bus.log.head(ConversationId(conversation))
    await here.verifier.ask(head, place, EVA, language="en")
    entered = await here.verifier.enter(head, place, here.mailbox.codes[-1][1])
    assert entered.outcome == "proved"
    return place


async def test_a_page_that_proved_nothing_sees_nothing_of_what_is_said_after_a_proof(
    bus: Bus,
) -> None:
    async with world(bus) as here, page(here) as (visitor, ready):
        talk = await visitor.says("Hello")
        assert await here.writes("/start", "7", 1, TOKENS.issue(ConversationId(talk))) == talk
        await prove(here, talk, "7")
        assert await here.writes("Where is my order?", "7", 2) == talk

        async def told() -> bool:
            entries = await bus.log.entries(ConversationId(talk))
            return any(SECRET_ORDER in entry.text for entry in entries)

        await until_found(told)
        other = await visitor.says("And my order?")
        assert other != talk
        await visitor.read("entry")
        assert SECRET_ORDER not in visitor.words
        again = await visitor.does("resume", {"after": 0})
        assert SECRET_ORDER not in json.dumps(again)
        async with page(here, visitor=ready["visitor"]) as (_, greeting):
            assert greeting["conversation"] == other


async def test_a_link_of_who_proved_opens_it_in_one_browser_for_good(bus: Bus) -> None:
    async with world(bus) as here, page(here) as (visitor, _):
        talk = ConversationId(await visitor.says("Hello"))
        early = TOKENS.issue(talk)
        await here.writes("/start", "7", 1, TOKENS.issue(talk))
        await prove(here, talk, "7")
        sealed = (await bus.log.head(talk)).sealed
        async with page(here, link=early) as (_, greeting):
            assert greeting["conversation"] is None
        link = TOKENS.issue(talk, sealed=sealed)
        async with page(here, link=link) as (back, greeting):
            assert greeting["conversation"] == talk
            assert await back.says("Where is my order?") == talk
            assert "Hello" in json.dumps(await back.does("resume", {"after": 0}))
        async with page(here, visitor=greeting["visitor"]) as (_, again):
            assert again["conversation"] == talk
        async with page(here, link=link) as (_, thief):
            assert thief["conversation"] is None


async def test_a_mailed_link_shows_its_mail_and_speaks_elsewhere(bus: Bus) -> None:
    async with world(bus) as here, page(here) as (visitor, _):
        talk = ConversationId(await visitor.says("Hello"))
        await here.writes("/start", "7", 1, TOKENS.issue(talk))
        await prove(here, talk, "7")
        sealed = (await bus.log.head(talk)).sealed
        link = TOKENS.issue(talk, sealed=sealed, mailed=True, seconds=3_600)
        async with page(here, link=link) as (forwarded, greeting):
            assert greeting["conversation"] == talk
            assert await forwarded.says("Where is my order?") != talk
        assert (await bus.log.head(talk)).level == 3


async def test_another_conversations_id_opens_nothing(bus: Bus) -> None:
    async with world(bus) as here, page(here) as (visitor, _):
        talk = await visitor.says("Hello")
        other = here.doors.tokens.issue_visitor("elsewhere")[1]
        for auth in ({"conversation": talk}, {"visitor": other}, {"visitor": "x.y.z"}):
            async with page(here, **auth) as (thief, greeting):
                assert greeting["conversation"] is None
                assert await thief.does("resume", {"after": 0}) == {"entries": [], "state": None}
