"""Tickets over REST: opened, found, changed, answered; a customer's reply opens them again."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from core.archive.database import Database
from core.bus.connect import Bus
from core.ids import ConversationId
from core.messages import Address
from core.tickets.book import TicketBook
from core.tickets.samples import read_samples
from tests.fakes.gateway import ADMIN, Doors, list_deps, open_doors

ROOT = Path(__file__).resolve().parents[2]


class Desk:
    """Ann at the tickets; `as_customer` is the customer of one conversation."""

    def __init__(self, doors: Doors, http: aiohttp.ClientSession, book: TicketBook) -> None:
        self.doors, self.http, self.book = doors, http, book

    async def call(
        self, method: str, path: str, *, status: int = 200, customer: str | None = None,
        key: str | None = None, who: str = "Ann", admin: bool = False, status_is: str | None = None,
        **body: Any,
    ) -> Any:  # fmt: skip
        tokens = self.doors.tokens
        token = tokens.issue_customer(customer) if customer else tokens.issue("desk", name=who)
        token = ADMIN if admin else token
        body |= {"status": status_is} if status_is else {}
        headers = {"Authorization": f"Bearer {token}"} | ({"Idempotency-Key": key} if key else {})
        async with self.http.request(
            method, f"{self.doors.api}/tickets{path}", json=body or None, headers=headers
        ) as response:
            answer = await response.json()
            assert response.status == status, answer
            return answer


@pytest.fixture
async def desk(bus: Bus, database: Database) -> AsyncGenerator[Desk]:
    book = TicketBook(database)
    deps = replace(list_deps(bus), tickets=book)
    async with open_doors(bus, deps=deps) as doors, aiohttp.ClientSession() as http:
        yield Desk(doors, http, book)


async def opened(desk: Desk, **fields: Any) -> tuple[ConversationId, dict[str, Any]]:
    talk = await desk.doors.bus.log.create(Address(channel="rest", chat=""))
    fields = {"subject": "The grinder is stuck", "conversation": talk} | fields
    return talk, await desk.call("POST", "", status=201, **fields)


async def test_a_ticket_is_opened_once_and_its_changes_stand_in_its_history(desk: Desk) -> None:
    talk, first = await opened(desk, priority="high", tags=["grinder"])
    assert (first["status"], first["priority"], first["conversation"]) == ("open", "high", talk)
    path = f"/{first['id']}"
    await desk.call("PATCH", path, status=200, priority="urgent", note="It smokes", tags=["fire"])
    await desk.call("PATCH", path.lower(), name="Ben", subject="The grinder smokes")
    found = await desk.call("GET", path)
    assert (found["subject"], found["tags"]) == ("The grinder smokes", ["fire"])
    told = [(deed["by"], deed["note"], deed["priority"]) for deed in found["history"]]
    assert told[:2] == [("Ann", "", "high"), ("Ann", "It smokes", "urgent")]
    await desk.call("POST", "", status=201, key="k", subject="Once")
    again = await desk.call("POST", "", status=201, key="k", subject="Once")
    assert len((await desk.call("GET", "?q=once"))["tickets"]) == 1
    assert again["conversation"] is None


async def test_tickets_are_found_with_and_without_diacritics(desk: Desk) -> None:
    await desk.call("POST", "", status=201, subject="Ztracená zásilka", body="Größe, ¿señal?")
    for words in ("ZTRACENÁ", "ztracena zasilka", "grosse", "Größe", "senal"):
        assert len((await desk.call("GET", f"?q={words}"))["tickets"]) == 1, words
    assert (await desk.call("GET", "?q=ztracenx"))["tickets"] == []


async def test_null_takes_a_ticket_from_whoever_has_it(desk: Desk) -> None:
    _, made = await opened(desk, assignee="Eva")
    path = f"/{made['id']}"
    assert (await desk.call("PATCH", path, priority="high"))["assignee"] == "Eva"
    assert (await desk.call("PATCH", path, assignee=None))["assignee"] is None


@pytest.mark.parametrize("done", ["resolved", "closed"])
async def test_a_customer_s_reply_opens_a_ticket_that_was_done_with(desk: Desk, done: str) -> None:
    talk, made = await opened(desk)
    path = f"/{made['id']}"
    done_with = await desk.call("PATCH", path, status_is=done)
    assert done_with["status"] == done
    replied = await desk.call(
        "POST", f"{path}/replies", status=201, customer=talk, text="It broke again."
    )
    assert replied["status"] == "open"
    assert (replied["history"][-1]["by"], replied["history"][-1]["note"]) == (
        "customer", "It broke again.",
    )  # fmt: skip
    said = (await desk.doors.bus.log.entries(talk))[0]
    assert (said.author.role, said.text) == ("customer", "It broke again.")


async def test_a_person_s_reply_reaches_the_customer_and_leaves_the_status_once_for_a_key(
    desk: Desk,
) -> None:
    talk, made = await opened(desk)
    path = f"/{made['id']}"
    await desk.call("PATCH", path, status_is="resolved")
    words: dict[str, Any] = {"text": "We sent a new one."}
    first = await desk.call("POST", f"{path}/replies", status=201, key="r1", **words)
    told = await desk.call("POST", f"{path}/replies", status=201, key="r1", **words)
    assert told == first
    assert told["status"] == "resolved"
    assert [deed["note"] for deed in told["history"]].count("We sent a new one.") == 1
    (entry,) = await desk.doors.bus.log.entries(talk)
    assert (entry.author.role, entry.author.name) == ("human_agent", "Ann")


async def test_tickets_come_in_pages_by_filter_and_to_their_own_customer_only(desk: Desk) -> None:
    talk, made = await opened(desk)
    for number in range(4):
        await desk.call("POST", "", status=201, subject=f"Number {number}", contact="c@x.example")
    page = await desk.call("GET", "?contact=c%40x.example&limit=3")
    rest = await desk.call("GET", f"?contact=c%40x.example&limit=3&cursor={page['next']}")
    subjects = [one["subject"] for one in page["tickets"] + rest["tickets"]]
    assert subjects == [f"Number {number}" for number in (3, 2, 1, 0)]
    assert rest["next"] is None
    assert len((await desk.call("GET", "?status=closed"))["tickets"]) == 0
    await desk.call("GET", f"/{made['id']}", customer=talk)
    other = await desk.doors.bus.log.create(Address(channel="rest", chat=""))
    await desk.call("GET", f"/{made['id']}", customer=other, status=404)
    await desk.call("GET", "", customer=talk, status=403)
    await desk.call("GET", "?cursor=MTp4", status=400)
    await desk.call("GET", "/T-NONE", status=404)
    await desk.call("POST", "", status=400, subject="")
    await desk.call("POST", "", status=404, subject="x", conversation="cv_00_nope")


async def test_a_customer_sees_how_it_stands_and_nothing_that_is_the_desk_s(desk: Desk) -> None:
    talk, made = await opened(desk, tags=["vip"], assignee="Eva")
    path = f"/{made['id']}"
    change: dict[str, Any] = {"note": "A difficult one.", "priority": "high"}
    await desk.call("PATCH", path, status_is="pending", **change)
    await desk.call("POST", f"{path}/replies", status=201, text="He is lying.", internal=True)
    await desk.call("POST", f"{path}/replies", status=201, text="Which model?")
    seen = await desk.call("GET", path, customer=talk)
    assert (seen["tags"], seen["assignee"], seen["sla"], seen["links"]) == ([], None, None, [])
    told = [(deed["kind"], deed["note"], deed["status"]) for deed in seen["history"]]
    assert told == [
        ("opened", "", "open"), ("changed", "", "pending"), ("reply", "Which model?", None),
    ]  # fmt: skip
    answer = await desk.call(
        "POST", f"{path}/replies", status=201, customer=talk, text="The small one.", internal=True
    )
    assert answer["history"][-1]["internal"] is False
    said = await desk.doors.bus.log.entries(talk)
    assert [(entry.kind, entry.text) for entry in said] == [
        ("note", "He is lying."), ("message", "Which model?"), ("message", "The small one."),
    ]  # fmt: skip
    own = await desk.call("GET", path)
    assert (own["sla"]["first_reply"]["state"], own["assignee"]) == ("met", "Eva")


async def test_what_may_not_follow_is_told_and_unknown_filters_are_refused(desk: Desk) -> None:
    _, made = await opened(desk)
    await desk.call("PATCH", f"/{made['id']}", status_is="closed")
    refused = await desk.call("PATCH", f"/{made['id']}", status_is="pending", status=409)
    assert refused["code"] == "ticket_state"
    for query in ("status=done", "priority=9", "updated_since=yesterday", "what=1"):
        await desk.call("GET", f"?{query}", status=400)
    found = await desk.call("GET", "?status=closed,resolved&assignee=&updated_since=2020-01-01")
    assert [one["id"] for one in found["tickets"]] == [made["id"]]


async def test_two_become_one_and_two_again(desk: Desk) -> None:
    _, first = await opened(desk, contact="eva")
    _, second = await opened(desk, contact="eva", subject="Grinder is stuck!")
    path = f"/{second['id']}"
    (likely,) = (await desk.call("GET", f"{path}/duplicates"))["duplicates"]
    assert likely["ticket"]["id"] == first["id"]
    whole = await desk.call("POST", f"{path}/merge", into=first["id"].lower())
    assert whole["links"] == [{"kind": "duplicate", "ticket": second["id"]}]
    assert len(whole["conversations"]) == 2
    assert (await desk.call("GET", path))["duplicate_of"] == first["id"]
    back = await desk.call("POST", f"{path}/unmerge", status=200, name="Ben")
    assert (back["status"], back["duplicate_of"]) == ("open", None)
    linked = await desk.call("POST", f"{path}/links", status=201, ticket=first["id"])
    assert linked["links"] == [{"kind": "related", "ticket": first["id"]}]
    await desk.call("POST", f"{path}/links", status=400, name="Ben")
    await desk.call("POST", f"{path}/links", status=404, conversation="cv_00_nope")


async def test_who_replies_to_a_duplicate_sees_their_own_ticket_only(desk: Desk) -> None:
    talk, first = await opened(desk, contact="eva", body="Eva's own words")
    other, second = await opened(desk, contact="otto")
    path = f"/{second['id']}"
    await desk.call("POST", f"{path}/merge", into=first["id"], anyway=True)
    answer = await desk.call(
        "POST", f"{path}/replies", status=201, customer=other, text="Otto's own words"
    )
    assert (answer["id"], "Eva" in str(answer)) == (second["id"], False)
    await desk.call("GET", f"/{first['id']}", customer=other, status=404)
    assert "Otto" not in str(await desk.call("GET", f"/{first['id']}", customer=talk))
    assert "Otto" in str(await desk.call("GET", f"/{first['id']}"))


async def test_two_callers_may_choose_the_same_key(desk: Desk) -> None:
    made = await desk.call("POST", "", status=201, key="k", subject="Of Ann")
    other = await desk.call("POST", "", status=201, key="k", who="Ben", subject="Of Ben")
    assert other["id"] != made["id"]


async def test_sample_tickets_are_there_in_demo_mode_only_and_once(desk: Desk) -> None:
    await desk.call("POST", "/../demo/tickets", status=404)
    samples = read_samples(ROOT / "config" / "demo" / "tickets.toml")
    assert {one.language for one in samples} == {"en", "cs", "ru", "de", "es"}
    doors = desk.doors
    deps = replace(list_deps(doors.bus), tickets=desk.book, demo=samples)
    async with open_doors(doors.bus, deps=deps) as demo:
        there = Desk(demo, desk.http, desk.book)
        await there.call("POST", "/../demo/tickets", status=403)
        first = await there.call("POST", "/../demo/tickets", status=201, admin=True)
        again = await there.call("POST", "/../demo/tickets", status=201, admin=True)
    for one in first["tickets"] + again["tickets"]:
        del one["sla"]  # that of what waits is later every moment
    assert first == again
    assert first["conversations"] == len(samples)
    assert [one["status"] for one in first["tickets"]] == [one.status for one in samples]
    entries = await doors.bus.log.entries(first["tickets"][0]["conversation"])
    roles = [entry.author.role for entry in entries if entry.author.role != "ai"]
    assert roles == ["customer", "customer", "human_agent"]
