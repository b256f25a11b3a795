"""What people write in a case's thread: to the customer, inside, changed, taken back; files."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.tickets.opening import number_of_note
from tests.fakes.slack import payloads
from tests.fakes.slack.faults import Fault
from tests.fakes.slack.server import SlackServer
from tests.unit.channels.slack.desk_fixtures import desk, desk_bus, shared_valkey
from tests.unit.channels.slack.desk_rig import ANN, BEN, DeskRig, now

__all__ = ["desk", "desk_bus", "shared_valkey"]
PICTURE = b"\x89PNG\r\n\x1a\n" + b"\0" * 64


async def test_a_reply_in_the_thread_goes_to_the_customer_under_the_persons_name_and_picture(
    desk: DeskRig, slack: SlackServer
) -> None:
    """Complaint 12: the agent appears as "Bot"."""
    picture = slack.space.add_file("ann.png", PICTURE, "image/png")
    desk.people.users[ANN].picture = f"{slack.methods.files_url}{picture.id}/ann.png"
    slack.public.add(picture.id)
    async with desk.open():
        case = await desk.case()
        message = await case.write("It is on its way, sorry for the wait.")
        (reply,) = [one for one in await case.entries("message") if one.author.role != "customer"]
    assert reply.text == "It is on its way, sorry for the wait."
    assert reply.id == f"desk:slack:T0TEAM001:{case.channel.id}:{message['ts']}"
    assert (reply.author.name, reply.author.id) == ("Ann", f"slack:T0TEAM001:{ANN}")
    assert reply.author.avatar is not None
    assert (await desk.files.open(reply.author.avatar)).media_type == "image/png"


async def test_the_first_human_word_takes_over_at_once(desk: DeskRig) -> None:
    """Complaint 1: the bot keeps answering after a person stepped in."""
    async with desk.open():
        conversation = (await desk.case()).conversation
        await desk.act(conversation, "release")
        case = await desk.thread(conversation)
        before = await desk.log.head(conversation)
        await case.write("I am here.")
        after = await desk.log.head(conversation)
    assert (before.owner, after.owner) == ("ai", "human")
    assert after.epoch > before.epoch


@pytest.mark.parametrize("prefix", ["note:", "*Пометка*:"])
async def test_what_is_said_to_be_a_note_stays_inside(desk: DeskRig, prefix: str) -> None:
    """Complaint 13: internal chat in the thread reached the customer."""
    async with desk.open():
        case = await desk.case()
        message = await case.write(f"{prefix} he is angry, be kind")
    assert await case.said() == []
    assert await case.notes() == ["he is angry, be kind"]
    assert [one["name"] for one in message["reactions"]] == ["lock"]


async def test_a_line_that_opens_a_ticket_stays_inside_and_its_author_is_told_the_number(
    desk: DeskRig,
) -> None:
    async with desk.open():
        case = await desk.case()
        message = await case.write("*Ticket:* The tank leaks")
        (note,) = await case.entries("note")
    assert await case.said() == []
    assert note.text == "ticket: The tank leaks"
    assert [one["name"] for one in message["reactions"]] == ["lock"]
    assert any(number_of_note(note.id) in text for text in desk.whispers())


async def test_what_went_out_is_marked_for_everybody_to_see(desk: DeskRig) -> None:
    async with desk.open():
        case = await desk.case()
        message = await case.write("Here it comes")
    assert [one["name"] for one in message["reactions"]] == ["outbox_tray"]


async def test_in_a_case_of_notes_plain_words_stay_inside_until_they_are_sent(
    desk: DeskRig,
) -> None:
    """Complaint 13: a mode per thread, with a button to send."""
    async with desk.open():
        case = await desk.case()
        await case.press("desk.notes")
        await case.write("shall we refund?")
        assert await case.said() == []
        (kept,) = [one for one in desk.slack.desk.whispers if "Kept inside" in one["text"]]
        await case.press_on(kept, "desk.send_note")
        await case.press_on(kept, "desk.send_note")
        assert await case.said() == ["shall we refund?"]
        await case.write("reply: You get it back.")
        assert await case.said() == ["shall we refund?", "You get it back."]
        await case.press("desk.notes")
        await case.write("And thank you.")
    assert (await case.said())[-1] == "And thank you."


async def test_people_talking_beside_the_cases_are_left_alone(
    desk: DeskRig, slack: SlackServer
) -> None:
    async with desk.open():
        case = await desk.case()
        talk = slack.say(case.channel, "lunch?", user=ANN)
        slack.say(case.channel, "yes", user=BEN, thread=talk["ts"])
        slack.say(case.channel, "<@U0BOT0001> are you there?", user=ANN)
        await desk.settled()
    assert await case.said() == []
    assert desk.customers.all == []
    assert slack.desk.whispers == []


async def test_a_reply_is_known_by_the_mark_of_a_thread_whose_address_is_not_kept_yet(
    desk: DeskRig, slack: SlackServer
) -> None:
    async with desk.open():
        case = await desk.case()
        twin = {**case.card, "ts": slack.space.next_ts()}
        case.channel.messages.append(twin)
        slack.say(case.channel, "I have it", user=ANN, thread=twin["ts"])
        await desk.settled()
    assert await case.said() == ["I have it"]


async def test_a_mark_that_another_app_wrote_opens_no_conversation(
    desk: DeskRig, slack: SlackServer
) -> None:
    async with desk.open():
        case = await desk.case()
        forged = {**case.card, "ts": slack.space.next_ts(), "bot_id": "B0EVIL001"}
        case.channel.messages.append(forged)
        slack.say(case.channel, "hello", user=ANN, thread=forged["ts"])
        await desk.settled()
    assert await case.said() == []


async def test_the_thread_of_a_channel_that_is_the_desks_no_more_still_works(
    desk: DeskRig, slack: SlackServer
) -> None:
    """Complaint 14: a channel change breaks threads."""
    desk.people.members["C0OLD0001"] = {ANN}
    async with desk.open():
        conversation = (await desk.case()).conversation
        old = await desk.thread(conversation, slack.space.add_channel("C0OLD0001"))
        await old.write("still here")
        slack.say(old.channel, "<@U0BOT0001> hm", user=ANN, thread=old.ts)
        await desk.settled()
    assert await old.said() == ["still here", "hm"]
    assert desk.customers.all == []


async def test_a_long_reply_is_not_cut(desk: DeskRig) -> None:
    text = "word " * 7_000
    async with desk.open():
        case = await desk.case()
        await case.write(text)
    assert await case.said() == [text.strip()]


async def test_slacks_marks_become_ours_and_no_id_of_the_workspace_leaves(desk: DeskRig) -> None:
    async with desk.open():
        case = await desk.case()
        await case.write(
            f"*Hi*, <@{BEN}> and <!subteam^S0OPS001|@ops> say :tada: &lt;b&gt; "
            "in <#C0DESK001|desk>: "
            "<https://example.org/a|our page> ~old~ `*as is*`"
        )
    assert await case.said() == [
        "**Hi**, @Ben Kraus and ops say 🎉 <b> in our team: [our page](https://example.org/a) "
        "old `*as is*`"
    ]


async def test_an_edit_of_a_reply_is_the_customers_too(desk: DeskRig, slack: SlackServer) -> None:
    """Complaint 25: agents cannot edit."""
    async with desk.open():
        case = await desk.case()
        message = await case.write("It comes Monday")
        slack.edit(case.channel, message, "It comes Tuesday")
        await desk.settled()
        *_, act = await case.entries()
    name = f"desk:slack:T0TEAM001:{case.channel.id}:{message['ts']}"
    assert (act.action, act.value, act.text) == ("edit", name, "It comes Tuesday")
    assert act.author.id == f"slack:T0TEAM001:{ANN}"


async def test_a_page_that_slack_shows_under_a_link_is_no_edit(
    desk: DeskRig, slack: SlackServer
) -> None:
    async with desk.open():
        case = await desk.case()
        message = await case.write("See https://example.org")
        count = len(await case.entries())
        slack.edit(case.channel, message, "See https://example.org")
        await desk.settled()
        assert len(await case.entries()) == count


async def test_a_reply_that_is_edited_into_a_note_is_taken_back(
    desk: DeskRig, slack: SlackServer
) -> None:
    async with desk.open():
        case = await desk.case()
        message = await case.write("he is a pain")
        slack.edit(case.channel, message, "note: he is a pain")
        await desk.settled()
        actions = [one.action for one in await case.entries("control")]
    assert actions[-1] == "delete"
    assert await case.notes() == ["he is a pain"]


async def test_no_note_gets_out_by_an_edit(desk: DeskRig, slack: SlackServer) -> None:
    async with desk.open():
        case = await desk.case()
        message = await case.write("note: secret")
        slack.edit(case.channel, message, "reply: secret")
        await desk.settled()
        entries = await case.entries()
    assert await case.said() == []
    assert not [one for one in entries if one.action == "edit"]
    assert "anew" in desk.whispers()[-1]


@pytest.mark.parametrize("how", ["button", "emoji", "removal", "all"])
async def test_a_reply_is_taken_back_once_however_that_is_asked_for(
    desk: DeskRig, slack: SlackServer, how: str
) -> None:
    """Complaint 13: an undo window."""
    async with desk.open():
        case = await desk.case()
        message = await case.write("oops")
        if how in {"button", "all"}:
            await case.press_whisper("desk.undo")
        if how in {"emoji", "all"}:
            slack.work.react(case.channel, message, "leftwards_arrow_with_hook", user=ANN)
            await desk.settled()
        if how in {"removal", "all"}:
            slack.take_back(case.channel, message)
            await desk.settled()
        removed = [one for one in await case.entries("control") if one.action == "delete"]
    name = f"desk:slack:T0TEAM001:{case.channel.id}:{message['ts']}"
    assert [one.value for one in removed] == [name]
    assert removed[0].author.name == "Ann"


async def test_nobody_takes_back_anothers_words_and_nobody_too_late(
    desk: DeskRig, slack: SlackServer
) -> None:
    async with desk.open():
        case = await desk.case()
        message = await case.write("mine")
        await case.press_on(slack.desk.whispers[-1], "desk.undo", user=BEN)
        slack.work.react(case.channel, message, "leftwards_arrow_with_hook", user=BEN)
        await desk.settled()
        assert [one.action for one in await case.entries("control")] == ["escalate"]
    assert "Only who wrote" in desk.whispers(BEN)[0]


async def test_the_button_is_of_no_use_after_its_time(slack: SlackServer, desk: DeskRig) -> None:
    async with desk.open(now=lambda: now() + timedelta(seconds=31)):
        case = await desk.case()
        await case.write("mine")
        await case.press_whisper("desk.undo")
        assert [one.action for one in await case.entries("control")] == ["escalate"]
    assert "too late" in desk.whispers()[-1]


async def test_files_shared_in_the_thread_are_ours_and_the_customers(desk: DeskRig) -> None:
    """Complaint 11: attachments vanish between Slack and the customer."""
    async with desk.open():
        case = await desk.case()
        await case.write("the label", files=[("label.pdf", b"%PDF-1.4 x", "application/pdf")])
        *_, reply = await case.entries("message")
        (file,) = reply.attachments
        assert file.id is not None
        assert (await desk.files._store.find(file.id)).has_bytes
        assert await desk.files.read(file) == b"%PDF-1.4 x"
    assert (file.name, reply.text) == ("label.pdf", "the label")


async def test_a_file_that_cannot_be_had_is_said_to_its_author(
    desk: DeskRig, slack: SlackServer
) -> None:
    slack.methods.scopes.discard("files:read")
    async with desk.open():
        case = await desk.case()
        await case.write("see", files=[("a.pdf", b"%PDF-1.4 x", "application/pdf")])
        far = {"id": "F0FAR0001", "name": "far.txt", "size": 3, "mimetype": "text/plain",
               "url_private": "https://evil.example/far.txt"}  # fmt: skip
        message = slack.space.add_message(
            case.channel, user=ANN, text="and this", thread_ts=case.ts, files=[far],
            subtype="file_share",
        )  # fmt: skip
        event = payloads.message_event(case.channel, message)
        slack.tell("events_api", payloads.callback(event))
        await desk.settled()
        *_, reply = await case.entries("message")
    assert (reply.text, reply.attachments) == ("and this", ())
    told = desk.whispers()
    assert any("far.txt" in one and "not_at_slack" in one for one in told)
    assert any("a.pdf could not be fetched" in one for one in told)


async def test_a_retry_a_second_socket_and_http_are_one_reply(
    desk: DeskRig, slack: SlackServer
) -> None:
    """Complaint 5 and rows S13-18: retries give no duplicates."""
    slack.faults.duplicate = 3
    async with desk.open("http", "socket"):
        case = await desk.case()
        message = await case.write("once")
        event = payloads.message_event(case.channel, message)
        for _ in range(20):
            slack.tell("events_api", payloads.callback(event))
        await desk.settled()
    assert await case.said() == ["once"]
    assert len([one for one in desk.whispers() if "To the customer" in one]) == 1


async def test_nothing_is_acknowledged_that_was_not_stored(
    desk: DeskRig, slack: SlackServer
) -> None:
    async with desk.open():
        case = await desk.case()
        slack.faults.plan("users.info", Fault("break"), 2)
        message = slack.say(case.channel, "hello", user=ANN, thread=case.ts)
        await desk.settled()
    (told,) = [one for one in slack.told if one.payload["event"].get("ts") == message["ts"]]
    assert told.answers == [503, 503, 200]
    assert await case.said() == ["hello"]


async def test_replies_of_two_people_keep_their_order(desk: DeskRig, slack: SlackServer) -> None:
    async with desk.open():
        case = await desk.case()
        for number in range(12):
            user = ANN if number % 2 else BEN
            slack.say(case.channel, f"{number}", user=user, thread=case.ts)
        await desk.settled()
    assert await case.said() == [str(number) for number in range(12)]


async def test_the_desks_own_posts_and_other_bots_are_not_replies(
    desk: DeskRig, slack: SlackServer
) -> None:
    """Rows S19-25: no loop."""
    async with desk.open():
        case = await desk.case()
        own = slack.space.add_bot_message(case.channel, text="mine", thread_ts=case.ts)
        other = slack.space.add_message(
            case.channel, user="U0APP0001", bot_id="B0OTHER01", text="beep", thread_ts=case.ts
        )
        for message in (own, other):
            event = payloads.message_event(case.channel, message)
            slack.tell("events_api", payloads.callback(event))
        await desk.settled()
    assert await case.said() == []
    assert slack.desk.whispers == []
    assert desk.calls("users.info") == 0
