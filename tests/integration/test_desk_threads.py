"""Cases become threads in Slack: the card, what was said before, everything that follows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from channels.base import House
from channels.slack.desk.ids import thread_address
from channels.slack.desk.routes import Routes
from core.errors import NotFound
from core.escalation.desk_rules import DeskRoute, DeskRules
from core.escalation.rules import EscalationRules
from core.messages import Attachment, Author
from tests.fakes.slack.faults import Fault
from tests.fakes.waiting import until
from tests.integration.desk_rig import (
    CUSTOMER,
    DESK,
    MIRA,
    SECOND,
    TEAM,
    DeskRig,
    buttons,
    read,
    rig,
    slack,
)

__all__ = ["rig", "slack"]


async def test_a_case_becomes_a_thread_with_a_card_and_what_was_said_before(rig: DeskRig) -> None:
    async with rig.running():
        talk = await rig.escalate()
        await rig.settled(talk)
    (root,) = rig.roots()
    card = read(root)
    for words in ("Anna", "request", "level 0", "high", "angry, getting worse", "nobody yet",
                  "Let me talk to a person.", "A parcel that never came.", "Lost parcels",
                  "a call on Monday", "order: A-1", "Parcels are traced in a day."):  # fmt: skip
        assert words in card, words
    assert buttons(root)[:2] == ["desk.take", "desk.release"]
    before, handed = rig.words(talk)
    assert "Anna (customer): Let me talk to a person." in before
    assert handed == "One moment."


async def test_the_thread_leads_back_to_its_conversation(rig: DeskRig) -> None:
    async with rig.running():
        talk = await rig.escalate()
        await rig.settled(talk)
    (root,) = rig.roots()
    assert await rig.bus.log.find(thread_address(TEAM, DESK, root["ts"])) == talk.conversation


async def test_everybody_speaks_under_their_own_name_and_in_order(rig: DeskRig) -> None:
    async with rig.running():
        talk = await rig.escalate()
        await rig.says(talk, "Are you there?", CUSTOMER, language="en")
        await rig.says(talk, "I am.", MIRA)
        await rig.says(talk, "check the courier", MIRA, kind="note")
        await rig.settled(talk)
    _, _, asked, answered, noted = rig.thread(talk)
    assert (asked["username"], asked["icon_emoji"]) == (
        "Anna (customer)", ":globe_with_meridians:",
    )  # fmt: skip
    assert read(asked) == "Are you there?\nweb · en"
    assert (answered["username"], read(answered)) == ("Mira", "I am.")
    assert "internal" in read(noted) and noted["username"] == "Mira"


async def test_words_typed_in_the_thread_are_not_posted_again(rig: DeskRig) -> None:
    async with rig.running():
        talk = await rig.escalate()
        await rig.settled(talk)
        (root,) = rig.roots()
        typed = rig.slack.space.add_message(
            rig.channel, user="U0MIRA001", text="Hello Anna", thread_ts=root["ts"]
        )
        name = f"desk:slack:{TEAM}:{DESK}:{typed['ts']}"
        await rig.says(talk, "Hello Anna", MIRA, id=name)
        await rig.settled(talk)
    assert len(rig.thread(talk)) == 2
    assert await rig.bus.log.seq_of(talk.conversation, name) == 3


async def test_the_card_follows_the_case_and_is_quiet_in_the_end(rig: DeskRig) -> None:
    async with rig.running():
        talk = await rig.escalate()
        await rig.acts(talk, "take")
        await rig.acts(talk, "prioritise", value="urgent")
        await rig.settled(talk)
        (root,) = rig.roots()
        assert "Mira" in read(root) and "urgent" in read(root)
        await rig.acts(talk, "close", reason="solved")
        await rig.settled(talk)
        assert "Resolved by Mira" in read(root) and buttons(root) == ["desk.save"]
        await rig.says(talk, "Thanks", CUSTOMER)
        await rig.settled(talk)
    lines = [read(one) for one in rig.thread(talk)]
    assert lines[2:] == [
        "Mira took it", ":small_orange_diamond: Mira set the priority to urgent",
        "Mira resolved it: solved",
    ]  # fmt: skip


async def test_after_a_return_the_words_of_the_ai_are_shown_too(rig: DeskRig) -> None:
    async with rig.running():
        talk = await rig.escalate()
        record = '{"decided": "a refund", "promised": ["money on Monday"], "open": []}'
        await rig.acts(talk, "release", value=record)
        await rig.says(talk, "And now?", CUSTOMER)
        await talk.answer("Now it is **me**.")
        await rig.settled(talk)
        (root,) = rig.roots()
        assert "the AI" in read(root)
    returned, _, answer = rig.thread(talk)[2:]
    assert "a refund" in read(returned) and "money on Monday" in read(returned)
    assert answer["username"] == "AI · general" and "Now it is *me*." in read(answer)


async def test_a_later_hand_over_is_a_thread_of_its_own(rig: DeskRig) -> None:
    async with rig.running():
        talk = await rig.escalate()
        await rig.settled(talk)
        await rig.acts(talk, "close")
        await rig.says(talk, "One more thing", CUSTOMER)
        await rig.acts(talk, "escalate", Author(role="system", name="rules"), reason="request")
        await rig.settled(talk)
    first, second = rig.roots()
    assert "Resolved by Mira" in read(first) and "nobody yet" in read(second)
    assert "One more thing" in rig.words(talk)[0]


FILE = Attachment(name="scan.png", media_type="image/png", size=4, id="fl_AAAAAAAAAAAAAAAAAAAAAA")


async def _open(_: Attachment) -> bytes:
    return b"\x89PNG"


def _house(opens: Callable[[Attachment], Awaitable[bytes]] = _open) -> House:
    return House(open_file=opens, link=lambda file: f"https://files.example/{file.id}")


async def test_files_of_the_customer_are_put_into_the_thread_once(rig: DeskRig) -> None:
    rig.house = _house()
    async with rig.running():
        talk = await rig.escalate()
        await rig.settled(talk)
        rig.slack.faults.plan("files.completeUploadExternal", Fault("lose"))
        await rig.says(talk, "Look", CUSTOMER, attachments=(FILE, FILE))
        await rig.settled(talk)
    said, *files = rig.thread(talk)[2:]
    assert read(said).startswith("Look")
    assert [one["files"][0]["title"] for one in files] == ["scan.png · 3/1", "scan.png · 3/2"]
    shown = rig.slack.space.files[files[0]["files"][0]["id"]]
    assert (shown.name, shown.content) == ("scan.png", b"\x89PNG")


@pytest.mark.parametrize("lack", ["scope", "bytes"])
async def test_instead_of_a_file_that_cannot_be_put_there_is_a_link_and_why(
    rig: DeskRig, lack: str
) -> None:
    async def gone(_: Attachment) -> bytes:
        raise NotFound("no such file")

    rig.house = _house(gone if lack == "bytes" else _open)
    if lack == "scope":
        rig.slack.methods.scopes.discard("files:write")
    async with rig.running():
        talk = await rig.escalate()
        await rig.says(talk, "", CUSTOMER, attachments=(FILE,))
        await rig.settled(talk)
    told = read(rig.thread(talk)[-1])
    assert "scan.png" in told and "https://files.example/fl_" in told
    assert ("files:write" if lack == "scope" else "no such file") in told


async def test_a_case_goes_where_the_rules_say(rig: DeskRig) -> None:
    route = DeskRoute(channel=SECOND, tier=("gold",), specialist=("billing",))
    rig.routes = Routes(default=DESK, routes=(route,))
    async with rig.running():
        gold = await rig.escalate(specialist="billing", facts=("tier: gold",))
        plain = await rig.escalate()
        await rig.settled(gold, plain)
    assert len(rig.roots()) == len(rig.roots(rig.second)) == 1
    assert rig.thread(gold, rig.second) and rig.thread(plain)


async def test_words_of_people_in_a_thread_that_was_closed_stay_in_it(rig: DeskRig) -> None:
    async with rig.running():
        talk = await rig.escalate()
        await rig.acts(talk, "close")
        await rig.settled(talk)
        (root,) = rig.roots()
        typed = rig.slack.space.add_message(
            rig.channel, user="U0MIRA001", text="One more", thread_ts=root["ts"]
        )
        await rig.says(talk, "One more", MIRA, id=f"desk:slack:{TEAM}:{DESK}:{typed['ts']}")
        await rig.says(talk, "Thanks", CUSTOMER)
        await rig.settled(talk)
    assert rig.roots() == [root] and "desk.take" in buttons(root)
    assert rig.words(talk)[-1].startswith("Thanks")


async def test_the_card_tells_when_the_customer_has_seen_the_answer(rig: DeskRig) -> None:
    async with rig.running():
        talk = await rig.escalate()
        said = await rig.says(talk, "Here I am.", MIRA)
        await rig.settled(talk)
        (root,) = rig.roots()
        assert "not seen yet" in read(root)
        await rig.bus.unseen.note_seen(talk.conversation, said.seq)
        await until(lambda: "was seen" in read(root))
        again = await rig.says(talk, "Still here?", MIRA)
        await rig.settled(talk)
        assert "not seen yet" in read(root)
        await rig.bus.unseen.note_seen(talk.conversation, again.seq)
        await until(lambda: "was seen" in read(root))


async def test_a_thread_does_not_wait_for_its_card(rig: DeskRig) -> None:
    async with rig.running():
        talk = await rig.escalate()
        await rig.settled(talk)
        rig.slack.faults.plan("chat.update", Fault("limit", retry_after=0.3))
        await rig.acts(talk, "take")
        await rig.says(talk, "Hello", MIRA)
        await rig.settled(talk)
        assert rig.words(talk)[-1] == "Hello"
        (root,) = rig.roots()
        await until(lambda: "*Owner*\nMira" in read(root))


async def test_under_typed_words_stands_how_they_were_sent(rig: DeskRig) -> None:
    async with rig.running():
        talk = await rig.escalate()
        await rig.settled(talk)
        (root,) = rig.roots()
        typed = rig.slack.space.add_message(
            rig.channel, user="U0MIRA001", text="Hello", thread_ts=root["ts"]
        )
        name = f"desk:slack:{TEAM}:{DESK}:{typed['ts']}"
        rig.slack.faults.plan("chat.postMessage", Fault("lose"))
        await rig.says(
            talk, "Dobrý den", MIRA, id=name, original="Hello", language="cs",
            original_language="en",
        )  # fmt: skip
        await rig.settled(talk)
    (sent,) = rig.thread(talk)[2:]
    assert read(sent).endswith("Dobrý den") and "(cs)" in read(sent)


@pytest.mark.parametrize("archived", [False, True])
async def test_when_a_promise_broke_the_lead_is_asked_in_their_channel_once(
    rig: DeskRig, archived: bool
) -> None:
    rig.rules = EscalationRules(desk=DeskRules(lead_channel=SECOND))
    rig.second.archived = archived
    house = Author(role="system", name="Switchboard")
    async with rig.running():
        talk = await rig.escalate()
        await rig.settled(talk)
        if not archived:
            rig.slack.faults.plan("chat.postMessage", Fault("lose"), 2)
        note = {"kind": "note", "reason": "sla_broken", "value": "first_reply:2"}
        await rig.says(talk, "The first reply was due at 9:00.", house, **note)
        await rig.settled(talk)
    assert len(rig.thread(talk)) == 3
    asked = [read(one) for one in rig.roots(rig.second)]
    assert len(asked) == (0 if archived else 1)
    assert all("due at 9:00" in words and talk.conversation in words for words in asked)


async def test_a_desk_that_is_set_up_later_shows_the_next_case(rig: DeskRig) -> None:
    rig.bus.log.follow_with(["case"])
    talk = await rig.escalate()
    await rig.acts(talk, "close")
    rig.bus.log.follow_with(["case", "desk"])
    await rig.says(talk, "One more thing", CUSTOMER)
    async with rig.running():
        await rig.acts(talk, "escalate", Author(role="system", name="rules"), reason="request")
        await rig.settled(talk)
    assert len(rig.roots()) == 1 and "One more thing" in rig.words(talk)[0]
