"""A visitor signs in to the page: what this browser said before goes along, and is then theirs."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from typing import Any

import aiohttp
import jwt
import pytest
from pydantic import SecretStr

from channels.settings import WebSettings
from core.bus.connect import Bus
from core.conversation import Head
from core.identity.claims import SIGNED_IN
from core.identity.links import LinkTokens
from core.ids import ConversationId, EventId
from core.messages import Address, Author, InboundEvent
from tests.fakes.gateway import ADMIN, Doors, list_deps, open_doors
from tests.fakes.page import Page, open_page

SECRET = "the host site's secret, also long enough for HS256"
SETTINGS = WebSettings(
    identity_secret=SecretStr(SECRET), messages_per_second=10_000, burst_policy="fixed",
    burst_window_seconds=0.0,
)  # fmt: skip
LINKS = LinkTokens("s" * 32)


@dataclass
class Site:
    """A page with the widget, and the gateway behind it."""

    bus: Bus
    doors: Doors
    http: aiohttp.ClientSession

    def page(self, **auth: Any) -> AbstractAsyncContextManager[tuple[Page, Any]]:
        """A socket that was greeted, and the greeting."""
        return open_page(self.http, self.doors.url, **auth)

    async def head(self, conversation: str) -> Head:
        return await self.bus.log.head(ConversationId(conversation))


def signed(sub: str = "u-1", **more: Any) -> str:
    claims = {"sub": sub, "aud": "shop", "exp": time.time() + 600, **more}
    return jwt.encode(claims, SECRET, algorithm="HS256")


@pytest.fixture
async def site(bus: Bus) -> AsyncGenerator[Site]:
    deps = replace(list_deps(bus, settings=SETTINGS), tokens_of_links=LINKS)
    async with open_doors(bus, deps=deps) as doors, aiohttp.ClientSession() as http:
        yield Site(bus, doors, http)


async def test_what_was_said_before_goes_along_and_is_closed_once_they_sign_out(site: Site) -> None:
    async with site.page() as (before, greeting):
        talk = await before.says("Where is my parcel?")
        await before.answer()
        mine = {"visitor": greeting["visitor"]}
        async with site.page(**mine, identity=signed(email="eva@example.org")) as (eva, ready):
            assert ready["conversation"] == talk
            assert "Where is my parcel?" in json.dumps(await eva.does("resume", {"after": 0}))
            assert await eva.says("And my invoice?") == talk
            head = await site.head(talk)
            assert (head.contact, head.level, head.email) == ("u-1", 2, "eva@example.org")
        # The tab that is not signed in saw it close, as whoever sits there after signing out does.
        assert await before.says("Somebody else is here") != talk
        assert "my invoice" not in before.words
    async with site.page(**mine) as (_, after):
        assert after["conversation"] not in {None, talk}
    async with site.page(identity=signed()) as (_, elsewhere):
        assert elsewhere["conversation"] == talk
    entries = await site.bus.log.entries(ConversationId(talk))
    assert [entry.reason for entry in entries].count(SIGNED_IN) == 1


async def test_a_token_for_files_of_the_time_before_opens_nothing_after(site: Site) -> None:
    async with site.page() as (before, greeting):
        talk = await before.says("Hello")
        token = site.doors.tokens.issue_customer(ConversationId(talk))  # as `upload` gives it
        heads = {"Authorization": f"Bearer {token}"}
        url = f"{site.doors.api}/conversations/{talk}"
        async with site.http.get(url, headers=heads) as shown:
            assert shown.status == 200
        async with site.page(visitor=greeting["visitor"], identity=signed()):
            pass
        async with site.http.get(url, headers=heads) as shown:
            assert shown.status == 404


async def test_who_has_a_conversation_already_goes_on_with_that_until_it_is_closed(
    site: Site,
) -> None:
    async with site.page(identity=signed()) as (eva, _):
        first = await eva.says("Last week I wrote")
    async with site.page() as (before, greeting):
        talk = await before.says("Hello")
    mine = {"visitor": greeting["visitor"]}
    async with site.page(**mine, identity=signed()) as (_, ready):
        assert ready["conversation"] == first
    assert (await site.head(talk)).contact is None
    url = f"{site.doors.api}/conversations/{first}/close"
    heads = {"Authorization": f"Bearer {ADMIN}"}
    async with site.http.post(url, json={"reason": "solved"}, headers=heads) as closed:
        assert closed.status == 200
    async with site.page(**mine, identity=signed()) as (_, ready):
        assert ready["conversation"] == talk


async def test_what_is_anybody_elses_too_does_not_go_along(site: Site) -> None:
    async with site.page() as (before, greeting):
        talk = await before.says("Hello")
        other = Address(channel="telegram", account="1", chat="7")
        said = InboundEvent(
            id=EventId("tg:1"), conversation=ConversationId(talk), text="Hi", address=other,
            author=Author(role="customer"),
        )  # fmt: skip
        await site.bus.log.accept(said)
    mine = {"visitor": greeting["visitor"]}
    async with site.page(**mine, identity=signed()) as (_, ready):
        assert ready["conversation"] is None
    async with site.page() as (_, greeting):
        assert greeting["conversation"] is None
    stranger = site.doors.tokens.issue_visitor("elsewhere")[1]
    for token in ("x.y.z", stranger):
        async with site.page(visitor=token, identity=signed()) as (_, ready):
            assert ready["conversation"] is None


async def test_a_link_of_before_leads_nowhere_once_its_conversation_went_along(site: Site) -> None:
    async with site.page() as (before, greeting):
        talk = ConversationId(await before.says("Hello"))
        early = LINKS.issue(talk)
        async with site.page(visitor=greeting["visitor"], identity=signed()) as (_, ready):
            assert ready["conversation"] == talk
    async with site.page(link=early) as (_, thief):
        assert thief["conversation"] is None


async def test_cut_short_between_its_steps_it_is_done_the_next_time(site: Site) -> None:
    async with site.page() as (before, greeting):
        talk = ConversationId(await before.says("Hello"))
    home = Address(channel="web", account="shop", chat="user:u-1")
    await site.bus.log.rebind(home, talk)  # and there the process ended
    async with site.page(visitor=greeting["visitor"], identity=signed()) as (_, ready):
        assert ready["conversation"] == talk
    head = await site.head(talk)
    assert (head.contact, head.level, head.is_open_to(home)) == ("u-1", 2, True)
    assert head.sealed


async def test_of_two_tabs_that_sign_in_at_once_both_are_in(site: Site) -> None:
    async with site.page() as (before, greeting):
        talk = await before.says("Hello")
    mine = {"visitor": greeting["visitor"], "identity": signed()}
    async with site.page(**mine) as (one, first), site.page(**mine) as (other, second):
        assert first["conversation"] == second["conversation"] == talk
        assert await one.says("From here") == await other.says("Also from there") == talk
