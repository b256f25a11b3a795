"""The desk's acts over its socket: how a case stands afterwards, drafts, words put right, files."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from channels.attaching import FileDesk
from channels.web import desk_work
from core.bus.connect import Bus
from core.files.library import Files
from core.files.links import FileLinks
from core.files.settings import FileSettings
from core.files.store import FolderStore
from core.ids import ConversationId, client_event_id
from core.messages import Address, Author, InboundEvent
from core.returning import read_return
from tests.fakes.drafting import DraftingTurn
from tests.fakes.frames import Line, open_line
from tests.fakes.gateway import ADMIN, Doors, list_deps, open_doors


@pytest.fixture
def files(tmp_path: Path) -> FileDesk:
    return FileDesk(Files(FolderStore(tmp_path), FileSettings()), FileLinks("s" * 40))


@pytest.fixture
async def doors(bus: Bus, files: FileDesk) -> AsyncGenerator[Doors]:
    async with open_doors(bus, turn=DraftingTurn(), deps=list_deps(bus, files=files)) as opened:
        yield opened


@pytest.fixture
async def ann(doors: Doors) -> AsyncGenerator[Line]:
    async with open_line(doors.url, namespace="/desk") as line:
        await line.connect({"token": doors.tokens.issue("desk", name="Ann")})
        yield line


@pytest.fixture
async def ben(doors: Doors) -> AsyncGenerator[Line]:
    async with open_line(doors.url, namespace="/desk") as line:
        await line.connect({"token": ADMIN, "name": "Ben"})
        yield line


@pytest.fixture
async def talk(doors: Doors) -> ConversationId:
    return await doors.bus.log.create(Address(channel="rest", chat=""))


async def customer_says(doors: Doors, talk: ConversationId, text: str) -> None:
    event = InboundEvent(
        id=client_event_id("rest", talk, text[:5]), conversation=talk, text=text,
        address=Address(channel="rest", chat=talk), author=Author(role="customer"),
    )  # fmt: skip
    await doors.bus.log.accept(event)


async def test_who_it_was_assigned_to_has_it_and_everybody_is_told(
    ann: Line, ben: Line, talk: ConversationId
) -> None:
    told = await ann.ask("assign", {"conversation": talk, "to": "Ben"})
    assert (told["state"]["owner"], told["holder"]) == ("human", "Ben")
    assert told["standing"]["assignee"] == "Ben"
    seen = await ben.event("entry")
    assert (seen["action"], seen["value"], seen["author"]["name"]) == ("assign", "Ben", "Ann")


async def test_a_case_rests_until_its_time_and_its_priority_is_shown(
    ann: Line, talk: ConversationId
) -> None:
    await ann.ask("take", {"conversation": talk})
    resting = (await ann.ask("snooze", {"conversation": talk, "minutes": 10}))["standing"]
    until = datetime.fromisoformat(resting["snoozed_until"])
    since = datetime.fromisoformat(resting["taken_at"])
    assert timedelta(minutes=9) < until - since < timedelta(minutes=11)
    woken = (await ann.ask("snooze", {"conversation": talk}))["standing"]
    assert "snoozed_until" not in woken
    told = await ann.ask("prioritise", {"conversation": talk, "priority": "urgent"})
    assert told["standing"]["priority"] == "urgent"


async def test_who_has_it_is_known_however_much_was_said_since(
    doors: Doors, ann: Line, talk: ConversationId
) -> None:
    await ann.ask("take", {"conversation": talk})
    for number in range(520):
        event = InboundEvent(
            id=client_event_id("rest", talk, f"n{number}"), conversation=talk, kind="note",
            text="…", address=Address(channel="rest", chat=talk), author=Author(role="system"),
        )  # fmt: skip
        await doors.bus.log.accept(event)
    assert (await ann.ask("watch", {"conversation": talk, "after": 500}))["holder"] == "Ann"


async def test_a_return_leaves_its_record(doors: Doors, ann: Line, talk: ConversationId) -> None:
    await ann.ask("take", {"conversation": talk})
    left = {"decided": "Refund", "promised": ["Friday"], "open": ["Invoice"]}
    given = await ann.ask("release", {"conversation": talk, **left})
    assert (given["state"]["owner"], given["holder"]) == ("ai", None)
    record = read_return((await doors.bus.log.entries(talk))[-1])
    assert record is not None
    assert record.model_dump() == {
        "decided": "Refund",
        "promised": ("Friday",),
        "open": ("Invoice",),
    }


async def test_the_desk_sees_which_person_it_was_and_the_words_before_translation(
    doors: Doors, ann: Line, talk: ConversationId
) -> None:
    await doors.bus.log.accept(
        InboundEvent(
            id=client_event_id("desk", talk, "t"), conversation=talk, text="Dobrý den.",
            original="Good day.", original_language="en",
            address=Address(channel="rest", chat=talk),
            author=Author(role="human_agent", name="Ann", id="slack:T1:U1"),
        )
    )  # fmt: skip
    live = await ann.event("entry")
    (read,) = (await ann.ask("watch", {"conversation": talk}))["entries"]
    for entry in (live, read):
        assert (entry["original"], entry["original_language"]) == ("Good day.", "en")
        assert entry["author"]["id"] == "slack:T1:U1"


async def test_a_draft_is_sent_once_by_whoever_presses_first_and_can_be_thrown_away(
    doors: Doors, ann: Line, ben: Line, talk: ConversationId
) -> None:
    await ann.ask("take", {"conversation": talk})
    await customer_says(doors, talk, "Where is it?")
    draft = await ben.event("entry")
    while draft["kind"] != "draft":
        draft = await ben.event("entry")
    send = {"conversation": talk, "draft": draft["id"]}
    first = await ann.ask("draft_send", send)
    assert await ben.ask("draft_send", send) == first
    said = [entry for entry in await doors.bus.log.entries(talk) if entry.seq == first["seq"]]
    assert [(e.text, e.author.name) for e in said] == [("Draft: Where is it?", "Ann")]
    assert "error" not in await ann.ask("draft_discard", send)
    missing = await ann.ask("draft_send", {"conversation": talk, "draft": "none"})
    assert missing["error"]["code"] == "not_found"


async def test_words_of_one_s_own_can_be_put_right_and_taken_back_those_of_others_not(
    doors: Doors, ann: Line, ben: Line, talk: ConversationId
) -> None:
    await ann.ask("reply", {"conversation": talk, "text": "On Mnday.", "client_id": "c1"})
    (entry,) = await doors.bus.log.entries(talk)
    change = {"conversation": talk, "entry": entry.id}
    assert "error" not in await ann.ask("edit", {**change, "text": "On Monday."})
    assert (await ben.ask("edit", {**change, "text": "Never."}))["error"]["code"] == "forbidden"
    assert (await ben.ask("delete", change))["error"]["code"] == "forbidden"
    assert "error" not in await ann.ask("delete", change)
    acts = [(e.action, e.value, e.text) for e in await doors.bus.log.entries(talk) if e.action]
    assert acts == [("edit", entry.id, "On Monday."), ("delete", entry.id, "")]


async def test_words_that_went_out_long_ago_stay(
    monkeypatch: pytest.MonkeyPatch, ann: Line, doors: Doors, talk: ConversationId
) -> None:
    await ann.ask("reply", {"conversation": talk, "text": "Hello.", "client_id": "c1"})
    (entry,) = await doors.bus.log.entries(talk)
    monkeypatch.setattr(desk_work, "CHANGE_WITHIN", timedelta(seconds=-60))
    late = await ann.ask("delete", {"conversation": talk, "entry": entry.id})
    assert late["error"]["code"] == "too_late"


async def test_a_reply_brings_files_of_this_conversation_and_no_others(
    doors: Doors, ann: Line, files: FileDesk, talk: ConversationId
) -> None:
    async def pieces() -> AsyncGenerator[bytes]:
        yield b"words"

    other = await doors.bus.log.create(Address(channel="rest", chat=""))
    kept = await files.files.put(pieces(), name="a.txt", conversation=talk, media_type="text/plain")
    foreign = await files.files.put(
        pieces(), name="b.txt", conversation=other, media_type="text/plain"
    )
    reply = {"conversation": talk, "text": "", "client_id": "c1"}
    refused = await ann.ask("reply", {**reply, "attachments": [{"id": foreign.id}]})
    assert refused["error"]["code"] == "not_found"
    await ann.ask("reply", {**reply, "attachments": [{"id": kept.id}]})
    (entry,) = await doors.bus.log.entries(talk)
    assert [file.name for file in entry.attachments] == ["a.txt"]


async def test_the_customer_s_typing_is_seen_by_who_looks_and_no_person_s_id_goes_out(
    doors: Doors, ann: Line
) -> None:
    async with open_line(doors.url) as customer:
        await customer.connect({"site": "shop"})
        hello = {"client_id": "c1", "text": "Hello there."}
        talk = (await customer.ask("message", hello))["conversation"]
        await ann.ask("watch", {"conversation": talk})
        await customer.ask("typing", {})
        seen = await ann.event("typing")
        assert (seen["conversation"], seen["author"]["role"]) == (talk, "customer")
        await ann.ask("typing", {"conversation": talk})
        typing = await customer.event("typing")
        while typing["author"]["role"] == "customer":
            typing = await customer.event("typing")
        assert typing["author"] == {"role": "human_agent", "name": "Ann"}


async def test_a_case_is_opened_and_kept_inside_from_the_console(
    ann: Line, talk: ConversationId
) -> None:
    opened = await ann.ask(
        "escalate", {"conversation": talk, "reason": "complaint", "text": "Broken."}
    )
    assert (opened["state"]["owner"], opened["holder"]) == ("human", None)
    assert opened["standing"]["reason"] == "complaint"
    inside = await ann.ask("inside", {"conversation": talk, "on": True})
    assert inside["standing"]["all_notes"] is True


SENSELESS: list[tuple[str, dict[str, Any]]] = [
    ("assign", {"to": ""}),
    ("snooze", {"minutes": "10"}),
    ("snooze", {"minutes": True}),
    ("snooze", {"until": "soon"}),
    ("prioritise", {"priority": "very"}),
    ("release", {"promised": "Friday"}),
    ("release", {"open": [1]}),
    ("escalate", {"text": "x"}),
    ("inside", {"on": 1}),
    ("edit", {"text": "x"}),
    ("draft_send", {"draft": 7}),
    ("reply", {"text": "x", "client_id": "c", "attachments": "a"}),
]


async def test_what_makes_no_sense_is_refused_and_leaves_no_trace(
    doors: Doors, ann: Line, talk: ConversationId
) -> None:
    for event, payload in SENSELESS:
        answer = await ann.ask(event, {"conversation": talk, **payload})
        assert answer["error"]["code"] == "invalid", event
    assert (await doors.bus.log.head(talk)).seq == 0


async def test_only_a_message_that_is_there_is_put_forward(
    doors: Doors, ann: Line, talk: ConversationId
) -> None:
    await ann.ask("reply", {"conversation": talk, "text": "Hold the button.", "client_id": "r1"})
    await ann.ask("note", {"conversation": talk, "text": "He is angry.", "client_id": "n1"})
    said, note = await doors.bus.log.entries(talk)
    for entry in ("nothing", note.id):
        answer = await ann.ask("save", {"conversation": talk, "entry": entry})
        assert answer["error"]["code"] == "not_found"
    assert "error" not in await ann.ask("save", {"conversation": talk, "entry": said.id})
    saved = [one.value for one in await doors.bus.log.entries(talk) if one.action == "save"]
    assert saved == [said.id]


async def test_an_act_without_a_name_says_which_field_it_wants(
    ann: Line, talk: ConversationId
) -> None:
    answer = await ann.ask("assign", {"conversation": talk})
    assert answer["error"] == {"code": "invalid", "message": "to must be a text"}
