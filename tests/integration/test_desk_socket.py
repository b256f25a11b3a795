"""The desk's socket: who gets in, what is seen live, what people may do, and who has what."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from core.bus.connect import Bus
from core.ids import ConversationId
from core.messages import Address
from core.ports import Delta
from tests.fakes.frames import Line, open_line
from tests.fakes.gateway import ADMIN, Doors, open_doors


@pytest.fixture
async def doors(bus: Bus) -> AsyncGenerator[Doors]:
    async with open_doors(bus) as opened:
        yield opened


def desk(doors: Doors) -> AbstractAsyncContextManager[Line]:
    return open_line(doors.url, namespace="/desk")


@pytest.fixture
async def ann(doors: Doors) -> AsyncGenerator[Line]:
    """Ann's console."""
    async with desk(doors) as line:
        answer = await line.connect({"token": doors.tokens.issue("desk", name="Ann")})
        assert answer.startswith("0/desk")
        assert await line.event("ready") == {"name": "Ann", "scope": "desk", "id": "console:Ann"}
        yield line


@pytest.fixture
async def ben(doors: Doors) -> AsyncGenerator[Line]:
    """Ben's, with the administrator's token and a name of his own."""
    async with desk(doors) as line:
        assert (await line.connect({"token": ADMIN, "name": "Ben"})).startswith("0/desk")
        yield line


@pytest.fixture
async def talk(doors: Doors) -> ConversationId:
    return await doors.bus.log.create(Address(channel="rest", chat=""))


async def say(line: Line, talk: str, text: str, name: str = "reply", key: str = "c1") -> Any:
    return await line.ask(name, {"conversation": talk, "text": text, "client_id": key})


@pytest.mark.parametrize("auth", [None, {}, {"token": "wrong"}, {"token": 1}, {"token": ""}])
async def test_without_a_token_nobody_gets_in(doors: Doors, auth: Any) -> None:
    async with desk(doors) as line:
        answer = await line.connect(auth)
        assert answer.startswith("4/desk")
        assert '"unauthorized"' in answer


async def test_a_customer_s_token_does_not_open_the_desk(
    doors: Doors, talk: ConversationId
) -> None:
    async with desk(doors) as line:
        answer = await line.connect({"token": doors.tokens.issue_customer(talk)})
        assert answer.startswith("4/desk")
        assert '"forbidden"' in answer


async def test_a_visitor_s_socket_cannot_speak_to_the_desk(
    doors: Doors, talk: ConversationId
) -> None:
    async with open_line(doors.url) as line:
        await line.connect({"site": "shop"})
        await line.raw(f'42/desk,1["take",{{"conversation":"{talk}"}}]')
        assert (await line.event("error"))["code"] == "invalid"
    assert (await doors.bus.log.head(talk)).owner == "ai"


async def test_what_happens_anywhere_is_seen_with_its_conversation(
    doors: Doors, ann: Line, talk: ConversationId
) -> None:
    async with open_line(doors.url) as customer:
        await customer.connect({"site": "shop"})
        message = {"client_id": "c1", "text": "Hello there."}
        spoken = (await customer.ask("message", message))["conversation"]
    asked, answered = await ann.event("entry"), await ann.event("entry")
    assert (asked["conversation"], asked["text"]) == (spoken, "Hello there.")
    assert answered["author"]["role"] == "ai"
    assert (await ann.event("state"))["conversation"] == spoken


async def test_drafts_of_answers_come_for_what_is_open_only(
    doors: Doors, ann: Line, talk: ConversationId
) -> None:
    other = await doors.bus.log.create(Address(channel="rest", chat=""))
    await ann.ask("watch", {"conversation": talk})
    for conversation in (other, talk):
        delta = Delta(conversation=conversation, id="e", attempt=1, part=0, text="so f")
        await doors.bus.live.publish_delta(delta)
    assert (await ann.event("delta"))["conversation"] == talk
    assert not [name for name, _ in ann.events if name == "delta"]


async def test_a_reply_takes_over_and_is_said_once_under_its_id(
    doors: Doors, ann: Line, talk: ConversationId
) -> None:
    first = await say(ann, talk, "Ann here.")
    assert await say(ann, talk, "Ann here.") == first
    head = await doors.bus.log.head(talk)
    assert head.owner == "human"
    entries = await doors.bus.log.entries(talk)
    assert [(e.author.role, e.author.name, e.text) for e in entries] == [
        ("human_agent", "Ann", "Ann here.")
    ]
    assert (await say(ann, talk, "Other words."))["error"]["code"] == "id_reused"


async def test_a_note_is_seen_by_the_desk_and_not_by_the_customer(
    doors: Doors, ann: Line, ben: Line, talk: ConversationId
) -> None:
    await say(ann, talk, "Careful.", "note")
    assert (await ben.event("entry"))["kind"] == "note"
    (entry,) = await doors.bus.log.entries(talk)
    assert not entry.is_for_customer()


async def test_who_wants_what_another_has_is_told_and_gets_it_by_force_only(
    ann: Line, ben: Line, talk: ConversationId
) -> None:
    taken = await ann.ask("take", {"conversation": talk})
    assert (taken["state"]["owner"], taken["holder"]) == ("human", "Ann")
    refused = await ben.ask("take", {"conversation": talk})
    assert (refused["error"]["code"], refused["error"]["holder"]) == ("held", "Ann")
    assert (await ann.ask("take", {"conversation": talk}))["holder"] == "Ann"
    forced = await ben.ask("take", {"conversation": talk, "force": True})
    assert forced["holder"] == "Ben"
    found = await ann.ask("holders", {"conversations": [talk]})
    assert found["holders"] == {talk: "Ben"}


async def test_given_back_it_is_the_ai_s_and_nobody_s(ann: Line, talk: ConversationId) -> None:
    await ann.ask("take", {"conversation": talk})
    given = await ann.ask("release", {"conversation": talk, "reason": "done"})
    assert (given["state"]["owner"], given["holder"]) == ("ai", None)
    closed = await ann.ask("close", {"conversation": talk})
    assert closed["state"]["status"] == "closed"


async def test_watching_brings_the_log_from_a_sequence_on(
    doors: Doors, ann: Line, talk: ConversationId
) -> None:
    for number in range(3):
        await say(ann, talk, f"word {number}", key=f"k{number}")
    seen = await ann.ask("watch", {"conversation": talk, "after": 1})
    assert [entry["text"] for entry in seen["entries"]] == ["word 1", "word 2"]
    assert (seen["state"]["owner"], seen["holder"]) == ("human", "Ann")


@pytest.mark.parametrize(
    ("event", "payload", "code"),
    [
        ("take", {}, "not_found"),
        ("take", {"conversation": "cv_00_" + "x" * 22}, "not_found"),
        ("take", [], "invalid"),
        ("watch", {"conversation": "TALK", "after": -1}, "invalid"),
        ("reply", {"conversation": "TALK", "text": "", "client_id": "c"}, "invalid"),
        ("reply", {"conversation": "TALK", "text": "x"}, "invalid"),
        ("reply", {"conversation": "TALK", "text": "x" * 9_000, "client_id": "c"}, "too_large"),
        ("holders", {"conversations": "all"}, "invalid"),
        ("note", {"conversation": "TALK", "text": "x", "client_id": "c", "to": 1}, "invalid"),
    ],
)
async def test_bad_acts_are_answered_and_change_nothing(
    doors: Doors, ann: Line, talk: ConversationId, event: str, payload: Any, code: str
) -> None:
    if isinstance(payload, dict) and payload.get("conversation") == "TALK":
        payload = payload | {"conversation": talk}
    assert (await ann.ask(event, payload))["error"]["code"] == code
    assert (await doors.bus.log.head(talk)).seq == 0


async def test_where_nobody_translates_the_desk_is_told_so(ann: Line, talk: ConversationId) -> None:
    answer = await ann.ask("translate", {"conversation": talk, "seq": 1})
    assert answer["error"]["code"] == "unsupported"
    assert (await ann.ask("translate", {"conversation": talk, "seq": 0}))["error"]
