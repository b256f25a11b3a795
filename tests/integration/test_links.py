"""One conversation that walks from channel to channel by a link, on a real store."""

from __future__ import annotations

from dataclasses import replace

import aiohttp
import pytest

from channels.arrivals import Arrivals
from channels.base import Arrival
from channels.rest.links import LinkDesk
from core.bus.connect import Bus
from core.conversation import Turnpike
from core.errors import TemporaryDeliveryError
from core.identity.links import LINK_SECONDS, LinkTokens
from core.ids import ConversationId, EventId
from core.messages import Address
from tests.fakes.gateway import list_deps, open_doors

WEB = Address(channel="web", chat="visitor")
ELSE = Address(channel="web", chat="another")
TOKENS = LinkTokens("a secret")


@pytest.fixture
def arrivals(bus: Bus) -> Arrivals:
    return Arrivals(bus.log, channel="telegram", turnpike=Turnpike(), links=TOKENS)


def start(token: str | None, chat: str = "7", number: int = 1) -> Arrival:
    return Arrival(
        id=EventId(f"telegram:1:{chat}:{number}"),
        address=Address(channel="telegram", account="1", chat=chat),
        text="/start", link=token, contact=f"telegram:{chat}", level=1,
    )  # fmt: skip


async def texts(bus: Bus, conversation: ConversationId) -> list[tuple[str, str, str]]:
    entries = await bus.log.entries(conversation)
    return [(entry.kind, entry.author.role, entry.text) for entry in entries]


async def test_the_conversation_goes_on_where_the_link_led(bus: Bus, arrivals: Arrivals) -> None:
    conversation = await bus.log.create(WEB)
    await arrivals.publish(start(TOKENS.issue(conversation)))
    assert await texts(bus, conversation) == [
        ("message", "customer", "/start"),
        ("note", "system", "The customer goes on in telegram."),
    ]
    head = await bus.log.head(conversation)
    assert head.address == start(None).address
    await arrivals.publish(start(None, number=2))
    assert len(await texts(bus, conversation)) == 3


async def test_an_update_that_comes_again_is_no_second_use(bus: Bus, arrivals: Arrivals) -> None:
    conversation = await bus.log.create(WEB)
    arrival = start(TOKENS.issue(conversation))
    await arrivals.publish(arrival)
    assert (await arrivals.publish(arrival)).duplicate
    assert len(await texts(bus, conversation)) == 2


async def test_a_link_that_was_used_is_a_plain_start(bus: Bus, arrivals: Arrivals) -> None:
    conversation = await bus.log.create(WEB)
    token = TOKENS.issue(conversation)
    await arrivals.publish(start(token))
    for number, chat in enumerate(("8", "7"), 2):
        await arrivals.publish(start(token, chat, number))
    other = await bus.log.find(start(None, "8").address)
    assert other is not None and other != conversation
    assert await texts(bus, other) == [("message", "customer", "/start")]
    notes = [kind for kind, _, _ in await texts(bus, conversation)]
    assert notes == ["message", "note", "message"]


async def test_forged_and_old_links_are_plain_starts(bus: Bus, arrivals: Arrivals) -> None:
    conversation = await bus.log.create(WEB)
    old = LinkTokens("a secret", clock=lambda: 1_000_000_000.0).issue(conversation)
    forged = LinkTokens("a guess").issue(conversation)
    for number, token in enumerate((old, forged, "x" * 58, ""), 1):
        await arrivals.publish(start(token, str(number)))
    assert await texts(bus, conversation) == []


async def test_a_link_to_what_is_gone_is_a_plain_start(bus: Bus, arrivals: Arrivals) -> None:
    gone = ConversationId("cv_00_" + "A" * 22)
    await arrivals.publish(start(TOKENS.issue(gone)))
    found = await bus.log.find(start(None).address)
    assert found is not None
    assert await texts(bus, found) == [("message", "customer", "/start")]


async def test_a_use_is_remembered_as_long_as_the_link_is_good(bus: Bus) -> None:
    conversation = await bus.log.create(WEB)
    assert await bus.log.use_once(conversation, "name", by="one", seconds=LINK_SECONDS)
    assert not await bus.log.use_once(conversation, "name", by="two", seconds=LINK_SECONDS)
    assert await bus.log.use_once(conversation, "name", by="one", seconds=LINK_SECONDS)


class _Bot:
    """A channel that takes conversations over; `knows` is its own name."""

    def __init__(self, knows: str | None) -> None:
        self.knows = knows

    async def link_to(self, token: str) -> str | None:
        if self.knows == "":
            raise TemporaryDeliveryError("away", certain=True)
        return f"https://t.me/{self.knows}?start={token}" if self.knows else None


@pytest.mark.parametrize("name", ["helper_bot", None, ""])
async def test_only_the_customer_of_a_conversation_gets_its_links(
    bus: Bus, name: str | None
) -> None:
    deps = replace(list_deps(bus), links=LinkDesk(TOKENS, {"telegram": _Bot(name)}))
    conversation, other = await bus.log.create(WEB), await bus.log.create(ELSE)
    async with open_doors(bus, deps=deps) as doors, aiohttp.ClientSession() as http:
        url = f"{doors.api}/conversations/{conversation}/links"

        async def ask(token: str) -> tuple[int, dict[str, str]]:
            async with http.post(url, headers={"Authorization": f"Bearer {token}"}) as response:
                return response.status, await response.json()

        status, made = await ask(doors.tokens.issue_customer(conversation))
        assert status == 201
        assert TOKENS.conversation_of(made["token"]) == conversation
        expected = f"https://t.me/{name}?start={made['token']}" if name else None
        assert made.get("telegram") == expected
        assert (await ask(doors.tokens.issue_customer(other)))[0] == 404
        assert (await ask("nonsense"))[0] == 401
