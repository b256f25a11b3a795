"""The desk's acts over REST: each is one entry of the log, with who did it and what was said."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

import aiohttp
import pytest

from core.bus.connect import Bus
from core.ids import ConversationId
from core.messages import Entry
from core.returning import read_return
from tests.fakes.drafting import DraftingTurn
from tests.fakes.gateway import Doors, open_doors


class Desk:
    """Ann, with a token of the desk, at one conversation."""

    def __init__(self, doors: Doors, http: aiohttp.ClientSession, talk: str) -> None:
        self.doors, self.http, self.talk = doors, http, talk

    async def post(self, path: str, *, status: int = 200, key: str = "", **body: Any) -> Any:
        headers = {"Idempotency-Key": key} if key else {}
        url = f"{self.doors.api}/conversations/{self.talk}/{path}"
        async with self.http.post(url, json=body, headers=headers) as response:
            answer = await response.json()
            assert response.status == status, answer
            return answer

    async def entries(self) -> list[Entry]:
        return await self.doors.bus.log.entries(ConversationId(self.talk))

    async def acts(self) -> list[tuple[str | None, str, str | None]]:
        return [(e.action, e.author.name, e.value) for e in await self.entries() if e.action]


@pytest.fixture
async def desk(bus: Bus) -> AsyncGenerator[Desk]:
    async with open_doors(bus, turn=DraftingTurn()) as doors:
        token = doors.tokens.issue("desk", name="Ann")
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as http:
            async with http.post(f"{doors.api}/conversations", json={}) as response:
                talk = (await response.json())["id"]
            yield Desk(doors, http, talk)


async def test_assigned_snoozed_and_hurried_it_is_written_down_by_whom_and_for_whom(
    desk: Desk,
) -> None:
    assert (await desk.post("assign", to="Ben"))["owner"] == "human"
    await desk.post("snooze", minutes=30, name="Cleo")
    assert (await desk.post("priority", priority="urgent"))["priority"] == "urgent"
    await desk.post("snooze")
    assigned, snoozed, hurried, woken = await desk.acts()
    assert assigned == ("assign", "Ann", "Ben")
    assert snoozed[:2] == ("snooze", "Cleo")
    assert snoozed[2] is not None
    assert snoozed[2].endswith("Z")
    assert hurried == ("prioritise", "Ann", "urgent")
    assert woken == ("snooze", "Ann", "")


async def test_a_return_leaves_word_of_what_was_decided_promised_and_open(desk: Desk) -> None:
    await desk.post("take")
    body: dict[str, Any] = {
        "decided": "Refund granted",
        "promised": ["Money by Friday"],
        "open": ["Invoice"],
    }
    assert (await desk.post("release", reason="settled", **body))["owner"] == "ai"
    returned = (await desk.entries())[-1]
    record = read_return(returned)
    assert record is not None
    assert (record.decided, record.promised, record.open) == (
        "Refund granted", ("Money by Friday",), ("Invoice",),
    )  # fmt: skip
    assert returned.reason == "settled"


async def test_the_customer_never_reads_what_people_told_the_ai_at_a_return(desk: Desk) -> None:
    await desk.post("take")
    await desk.post("release", decided="Say nothing of the lawsuit")
    token = desk.doors.tokens.issue_customer(desk.talk)
    url = f"{desk.doors.api}/conversations/{desk.talk}/entries"
    async with desk.http.get(url, headers={"Authorization": f"Bearer {token}"}) as response:
        assert "lawsuit" not in await response.text()
    async with desk.http.get(url) as response:
        assert "lawsuit" in await response.text()


async def test_a_case_is_opened_by_api_and_the_ai_is_silent_from_then_on(desk: Desk) -> None:
    assert (await desk.post("escalate", reason="complaint", text="Broken again."))["owner"] == (
        "human"
    )
    entry = (await desk.entries())[-1]
    assert (entry.action, entry.reason, entry.text) == ("escalate", "complaint", "Broken again.")
    head = await desk.doors.bus.log.head(ConversationId(desk.talk))
    assert head.case == 1


async def test_a_draft_goes_out_once_whoever_presses_and_as_the_answer_to_its_question(
    desk: Desk,
) -> None:
    draft = await _draft(desk)
    first = await desk.post(f"drafts/{draft}/send", status=202)
    assert await desk.post(f"drafts/{draft}/send", status=202, name="Ben") == first
    refused = await desk.post(f"drafts/{draft}/send", status=409, text="Other words.")
    assert refused["code"] == "id_reused"
    said = [e for e in await desk.entries() if e.author.role == "human_agent" and e.text]
    assert [(e.text, e.author.name, e.in_reply_to) for e in said] == [
        ("Draft: Where is it?", "Ann", 2)
    ]


async def test_a_draft_goes_out_in_other_words_or_is_thrown_away(desk: Desk) -> None:
    draft = await _draft(desk)
    await desk.post(f"drafts/{draft}/send", status=202, text="It comes today.")
    assert (await desk.entries())[-1].text == "It comes today."
    await desk.post(f"drafts/{draft}/discard")
    assert (await desk.acts())[-1] == ("discard", "Ann", draft)
    assert (await desk.post("drafts/none/send", status=404))["code"] == "not_found"


async def test_what_makes_no_sense_is_refused_and_leaves_no_trace(desk: Desk) -> None:
    senseless: list[tuple[str, dict[str, Any]]] = [
        ("assign", {}),
        ("assign", {"to": " "}),
        ("snooze", {"until": "tomorrow"}),
        ("snooze", {"until": "2030-01-01T00:00:00"}),
        ("snooze", {"until": "2001-01-01T00:00:00Z"}),
        ("snooze", {"minutes": 0}),
        ("priority", {"priority": "very"}),
        ("escalate", {"reason": "Not A Reason"}),
        ("release", {"promised": "a string"}),
        ("release", {"promises": []}),
    ]
    for path, body in senseless:
        assert (await desk.post(path, status=400, **body))["code"] == "invalid"
    assert await desk.entries() == []


async def test_a_customer_cannot_act_as_the_desk(desk: Desk) -> None:
    token = desk.doors.tokens.issue_customer(desk.talk)
    for path in ("assign", "snooze", "priority", "escalate", "release", "drafts/x/send"):
        url = f"{desk.doors.api}/conversations/{desk.talk}/{path}"
        async with desk.http.post(
            url, json={}, headers={"Authorization": f"Bearer {token}"}
        ) as response:
            assert response.status == 403


async def test_the_same_request_under_its_key_happens_once(desk: Desk) -> None:
    for _ in range(2):
        await desk.post("assign", key="k1", to="Ben")
    assert len(await desk.entries()) == 1


async def test_who_is_on_duty_is_one_list_and_the_same_switch_twice_is_once(desk: Desk) -> None:
    url = f"{desk.doors.api}/duty"
    for _ in range(2):
        async with desk.http.put(url, json={"on": True, "languages": ["cs"]}) as response:
            assert response.status == 200
    async with desk.http.get(url) as response:
        (ann,) = (await response.json())["people"]
    assert (ann["id"], ann["name"], ann["languages"]) == ("console:Ann", "Ann", ["cs"])
    async with desk.http.put(url, json={"on": False}) as response:
        assert await response.json() == {"people": []}
    for body in ({}, {"on": 1}, {"on": True, "until": "2001-01-01T00:00:00Z"}):
        async with desk.http.put(url, json=body) as response:
            assert response.status == 400


async def _draft(desk: Desk) -> str:
    """The customer asks while Ann has it; the id of the draft of an answer."""
    await desk.post("take")
    token = desk.doors.tokens.issue_customer(desk.talk)
    url = f"{desk.doors.api}/conversations/{desk.talk}/messages"
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    asked = json.dumps({"text": "Where is it?"})
    async with desk.http.post(url, data=asked, headers=headers) as response:
        assert response.status == 202

    async with asyncio.timeout(20):
        while True:
            for entry in await desk.entries():
                if entry.kind == "draft":
                    return entry.id
            await asyncio.sleep(0.01)
