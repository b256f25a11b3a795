"""Outgoing webhooks on a real store, a real database and a real receiver that misbehaves."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import aiohttp
import pytest
from structlog.testing import capture_logs

from channels.egress import Egress
from channels.webhooks.sender import WebhookSender
from channels.webhooks.service import WebhookService
from core.archive.database import Database
from core.archive.follower import ArchiveFollower
from core.bus.connect import Bus
from core.customers.records import Subject
from core.errors import ArchiveUnavailable
from core.ids import new_event_id
from core.messages import Address, Author, InboundEvent
from core.runtime import running
from core.tickets.book import TicketBook
from core.tickets.records import Actor, NewTicket, TicketChange
from core.webhooks import records
from core.webhooks.outbox import put_out
from core.webhooks.records import Webhook
from core.webhooks.signing import secret_of
from core.webhooks.store import WebhookStore
from switchboard.webhooks import WebhookDoor
from tests.fakes.gateway import ADMIN, list_deps, open_doors
from tests.fakes.tokens import issue
from tests.fakes.waiting import until, until_found
from tests.fakes.webhook_receiver import Receiver, open_receiver

SECRET = "the secret of the house"


@pytest.fixture
async def receiver() -> AsyncGenerator[Receiver]:
    async with open_receiver() as opened:
        yield opened


@pytest.fixture
def store(database: Database) -> WebhookStore:
    return WebhookStore(database)


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "PAUSES", (0.01,) * 9)


async def hook(store: WebhookStore, receiver: Receiver, *events: str) -> Webhook:
    made = await store.add(receiver.url, events, description="", by="test")
    receiver.secret = secret_of(SECRET, made.id)
    return made


@asynccontextmanager
async def telling(
    store: WebhookStore, *, private: tuple[str, ...] = ("127.0.0.1",), seconds: float = 5.0
) -> AsyncGenerator[None]:
    """The service, until the end of the block."""
    sender = WebhookSender(Egress(private), house_secret=SECRET, timeout_seconds=seconds)
    service = WebhookService(store, sender, at_once=4, grace_seconds=0.1, look_seconds=0.02)
    stop = asyncio.Event()
    async with running(service.run(stop, asyncio.Event()), name="webhooks") as task:
        yield
        stop.set()
        await task


@asynccontextmanager
async def archiving(bus: Bus, database: Database) -> AsyncGenerator[None]:
    follower, stop = ArchiveFollower(bus.journal, bus.log, database, also=put_out), asyncio.Event()
    async with running(follower.run(stop, asyncio.Event()), name="archive") as task:
        yield
        stop.set()
        await task


async def say(bus: Bus, *texts: str) -> None:
    conversation = await bus.log.create(Address(channel="rest", chat=""))
    for text in texts:
        await bus.log.accept(
            InboundEvent(
                id=new_event_id("rest"), conversation=conversation, text=text,
                address=Address(channel="rest", chat=conversation), author=Author(role="customer"),
            )
        )  # fmt: skip


async def test_what_is_archived_is_told_once_with_a_valid_signature(
    bus: Bus, database: Database, store: WebhookStore, receiver: Receiver
) -> None:
    await hook(store, receiver, "message.created")
    async with telling(store), archiving(bus, database):
        await say(bus, "One.", "Two.")
        await until(lambda: len(receiver.got) == 2)
    texts = {payload["data"]["entry"]["text"] for _, payload in receiver.got}
    assert (texts, set(receiver.types)) == ({"One.", "Two."}, {"message.created"})


async def test_what_happens_to_a_ticket_is_told_once(
    database: Database, store: WebhookStore, receiver: Receiver
) -> None:
    made = await hook(store, receiver, "ticket.opened", "ticket.changed", "ticket.replied")
    book, person = TicketBook(database), Actor(name="Ada", side="desk")
    opened = NewTicket(subject="Broken lid", body="It does not close.", priority="high")
    subject = Subject(conversation="cv_1", contact=None, level=0)
    ticket = await book.open(subject, opened, by=person, key="k1")
    for _ in range(2):  # said twice, done once, told once
        await book.open(subject, opened, by=person, key="k1")
        await book.change(ticket.number, TicketChange(state="pending"), by=person, key="k2")
        await book.reply(ticket.number, "A new one is on its way.", by=person, key="k3")
        await book.reply(ticket.number, "Only for us.", by=person, key="k4", internal=True)
    found = {item.type: item.payload["data"] for item in await store.deliveries(made.id)}
    assert set(found) == {"ticket.opened", "ticket.changed", "ticket.replied"}
    assert {(data["conversation"], data["ticket"]) for data in found.values()} == {
        ("cv_1", ticket.number)
    }
    (changed,) = found["ticket.changed"]["event"]["changes"]
    assert (changed["field"], changed["before"], changed["after"]) == ("state", "open", "pending")
    assert found["ticket.replied"]["event"]["note"] == "A new one is on its way."


async def test_a_batch_that_is_archived_again_is_told_once(
    bus: Bus, database: Database, store: WebhookStore, receiver: Receiver
) -> None:
    made = await hook(store, receiver)
    await say(bus, "One.")
    stop = asyncio.Event()
    for consumer in ("one", "two"):  # the second reads what the first had not acknowledged
        async for batch in bus.journal.follow(consumer, consumer, stop):
            async with database.write() as connection:
                await put_out(connection, batch)
            break
    found = await store.deliveries(made.id)
    assert sorted(item.type for item in found) == ["conversation.created", "message.created"]


async def test_a_receiver_that_fails_is_told_again_under_the_same_id(
    bus: Bus, database: Database, store: WebhookStore, receiver: Receiver
) -> None:
    made = await hook(store, receiver, "message.created")
    receiver.plan = [500, 503, 302]
    async with telling(store), archiving(bus, database):
        await say(bus, "One.")
        await until(lambda: len(receiver.got) == 1)
        await until_settled(store, made)
    (delivery,) = await store.deliveries(made.id)
    assert (delivery.status, delivery.attempts) == ("delivered", 4)
    assert {delivery.event} == {*receiver.refused, receiver.got[0][0]}


async def test_what_fails_to_the_end_is_dead_and_can_be_told_once_more(
    bus: Bus, database: Database, store: WebhookStore, receiver: Receiver
) -> None:
    made = await hook(store, receiver, "message.created")
    receiver.plan = [500] * records.MOST_ATTEMPTS
    with capture_logs() as logs:
        async with telling(store), archiving(bus, database):
            await say(bus, "One.")
            await until_settled(store, made)
            await until(lambda: any(line["event"] == "webhook_dead" for line in logs))
    (dead,) = await store.deliveries(made.id, status="dead")
    named = next(line for line in logs if line["event"] == "webhook_dead")
    assert (named["webhook"], named["of"]) == (made.id, dead.event)
    async with telling(store):
        assert (dead.attempts, dead.last_status) == (records.MOST_ATTEMPTS, 500)
        await store.replay(made.id, dead.event)
        await until(lambda: len(receiver.got) == 1)


async def test_a_receiver_that_is_gone_is_told_nothing_more(
    bus: Bus, database: Database, store: WebhookStore, receiver: Receiver
) -> None:
    made = await hook(store, receiver, "message.created")
    receiver.plan = [410]
    async with telling(store), archiving(bus, database):
        await say(bus, "One.")
        await until_settled(store, made)
        await until_found(lambda: why_disabled(store, made))
        await say(bus, "Two.")
    assert await why_disabled(store, made) == "the receiver answered 410 Gone"
    assert receiver.got == []


async def test_a_receiver_that_is_gone_is_told_nothing_more_by_who_takes_over(
    bus: Bus, database: Database, store: WebhookStore, receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Who told it the last thing dies before that is noted."""
    made = await hook(store, receiver, "message.created")
    receiver.plan = [410]

    async def die(*_: object) -> None:
        raise ArchiveUnavailable("killed (scripted)")

    monkeypatch.setattr(store, "record", die)
    async with telling(store), archiving(bus, database):
        await say(bus, "One.")
        await until_found(lambda: why_disabled(store, made))
    assert receiver.got == []


async def test_a_receiver_that_stalls_holds_up_nobody_else(
    bus: Bus, database: Database, store: WebhookStore, receiver: Receiver
) -> None:
    async with open_receiver() as slow:
        await hook(store, slow, "message.created")
        slow.plan = [30.0] * 20
        await hook(store, receiver, "message.created")
        async with telling(store, seconds=30), archiving(bus, database):
            await say(bus, *(f"{number}." for number in range(10)))
            await until(lambda: len(receiver.got) == 10)
            assert slow.got == []


async def test_an_address_of_the_inside_is_not_connected_to(
    bus: Bus, database: Database, store: WebhookStore, receiver: Receiver
) -> None:
    made = await hook(store, receiver, "message.created")
    receiver.secret = ""
    async with telling(store, private=()), archiving(bus, database):
        await say(bus, "One.")
        await until_settled(store, made)
    (dead,) = await store.deliveries(made.id)
    assert (dead.status, dead.last_error) == ("dead", "its address is not public")


async def test_a_receiver_that_sends_us_elsewhere_is_not_followed(
    bus: Bus, database: Database, store: WebhookStore, receiver: Receiver
) -> None:
    made = await hook(store, receiver, "message.created")
    async with open_receiver() as inside:
        receiver.plan = [301, 302, 303, 307, 308]
        receiver.headers = {"Location": inside.url}
        async with telling(store), archiving(bus, database):
            await say(bus, "One.")
            await until(lambda: len(receiver.got) == 1)
            await until_settled(store, made)
        assert (inside.got, inside.refused) == ([], [])
    assert len(receiver.refused) == 5


async def test_two_services_share_the_work_and_tell_once(
    bus: Bus, database: Database, store: WebhookStore, receiver: Receiver
) -> None:
    await hook(store, receiver, "message.created")
    async with telling(store), telling(store), archiving(bus, database):
        await say(bus, *(f"{number}." for number in range(30)))
        await until(lambda: len(receiver.got) >= 30)
    assert len({identifier for identifier, _ in receiver.got}) == len(receiver.got) == 30


async def until_settled(store: WebhookStore, webhook: Webhook) -> None:
    """Everything was told or given up."""
    async with asyncio.timeout(20):
        while True:
            found = await store.deliveries(webhook.id)
            if found and all(item.status != "waiting" for item in found):
                return
            await asyncio.sleep(0.01)


async def why_disabled(store: WebhookStore, webhook: Webhook) -> str | None:
    return (await store.get(webhook.id)).disabled_why


# ---- over REST ------------------------------------------------------------------------------


@dataclass
class Clerk:
    """Somebody with an administrator's token."""

    url: str
    session: aiohttp.ClientSession

    async def call(
        self, method: str, path: str, body: Any = None, token: str = ADMIN
    ) -> tuple[int, Any]:
        async with self.session.request(
            method, f"{self.url}/webhooks{path}", json=body,
            headers={"Authorization": f"Bearer {token}"},
        ) as answer:  # fmt: skip
            text = await answer.text()
            return answer.status, json.loads(text) if text else None


@pytest.fixture
async def clerk(bus: Bus, store: WebhookStore) -> AsyncGenerator[Clerk]:
    door = WebhookDoor(store, Egress(["127.0.0.1"]), house_secret=SECRET)
    deps = replace(list_deps(bus), webhooks=door)
    async with open_doors(bus, deps=deps) as doors, aiohttp.ClientSession() as session:
        yield Clerk(doors.api, session)


async def test_a_webhook_is_added_tried_listed_and_taken_away(
    clerk: Clerk, store: WebhookStore, receiver: Receiver
) -> None:
    status, made = await clerk.call("POST", "", {"url": receiver.url, "events": ["note.created"]})
    assert (status, made["events"]) == (201, ["note.created"])
    receiver.secret = made["secret"]
    _, listed = await clerk.call("GET", "")
    assert [item["id"] for item in listed["webhooks"]] == [made["id"]]
    assert "secret" not in {k for k, v in listed["webhooks"][0].items() if v is not None}
    async with telling(store):
        status, told = await clerk.call("POST", f"/{made['id']}/test")
        assert (status, told["type"]) == (202, "test")
        await until(lambda: receiver.types == ["test"])
    _, found = await clerk.call("GET", f"/{made['id']}/deliveries?status=delivered")
    assert [item["event"] for item in found["deliveries"]] == [told["event"]]
    assert (await clerk.call("DELETE", f"/{made['id']}"))[0] == 204
    assert (await clerk.call("DELETE", f"/{made['id']}"))[0] == 404


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"url": "http://example.org/"}, 400),
        ({"url": "https://169.254.169.254/latest/meta-data"}, 400),
        ({"url": "https://[::1]/"}, 400),
        ({"url": "https://0x7f000001/"}, 400),
        ({"url": "nothing"}, 400),
        ({"url": "https://example.org/", "events": ["everything"]}, 400),
        ({"url": "https://example.org/", "secret": "mine"}, 400),
        ({}, 400),
    ],
)
async def test_a_webhook_that_must_not_be_is_refused(
    clerk: Clerk, body: dict[str, Any], code: int
) -> None:
    assert (await clerk.call("POST", "", body))[0] == code
    assert (await clerk.call("GET", ""))[1] == {"webhooks": []}


async def test_only_an_administrator_may_say_who_is_told(clerk: Clerk) -> None:
    desk = issue("desk", name="Eva")
    for method, path in (("GET", ""), ("POST", ""), ("DELETE", "/wh_1")):
        assert (await clerk.call(method, path, token=desk))[0] == 403
