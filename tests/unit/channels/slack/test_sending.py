from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from channels.base import House
from core.errors import (
    ChannelError,
    PermanentDeliveryError,
    RateLimited,
    TemporaryDeliveryError,
    UnsupportedContent,
)
from core.messages import Attachment, Button, Buttons
from tests.fakes.slack.faults import Fault
from tests.fakes.slack.server import BOT_TOKEN, SlackServer
from tests.unit.channels.slack.conftest import Open, Rig, address


async def test_a_message_is_posted_once_with_its_mark(rig: Rig, slack: SlackServer) -> None:
    channel = slack.direct("U0CUST001")
    receipt = await rig.send(address(channel), "Your parcel is on its way.")
    (posted,) = slack.posted(channel)
    assert posted["text"] == "Your parcel is on its way."
    assert receipt.platform_ids == (f"slack:T0TEAM001:{channel.id}:{posted['ts']}",)
    assert rig.reports == [list(receipt.platform_ids)]
    assert posted["metadata"]["event_payload"] == {"entry": "cv:1:0", "piece": 0}
    ((_, call),) = slack.calls
    assert call["unfurl_links"] is False


async def test_an_answer_in_a_thread_stays_in_it(rig: Rig, slack: SlackServer) -> None:
    channel = slack.space.channels["C0HELP001"]
    root = slack.space.add_message(channel, user="U0CUST001", text="help")
    await rig.send(address(channel, root["ts"]), "Here.")
    assert slack.posted(channel)[0]["thread_ts"] == root["ts"]


async def test_a_long_answer_comes_in_pieces_in_order(rig: Rig, slack: SlackServer) -> None:
    text = "\n\n".join(f"{number}: " + "word & word " * 40 for number in range(120))
    channel = slack.direct("U0CUST001")
    receipt = await rig.send(address(channel), text)
    posted = slack.posted(channel)
    assert len(posted) == len(receipt.platform_ids) == len(rig.reports) > 15
    whole = "\n".join(one["text"] for one in posted).replace("&amp;", "&")
    assert whole.split() == text.split()
    assert all(len(one["blocks"][0]["text"]["text"]) <= 3000 for one in posted)


async def test_only_the_pieces_that_are_missing_are_sent(rig: Rig, slack: SlackServer) -> None:
    channel, text = slack.direct("U0CUST001"), "first " * 400 + "\n\n" + "second " * 400
    whole = await rig.send(address(channel), text)
    assert len(whole.platform_ids) == 2
    again = await rig.send(address(channel), text, sent_ids=whole.platform_ids[:1], attempt=2)
    assert len(slack.posted(channel)) == 3
    assert again.platform_ids[0] == whole.platform_ids[0]


async def test_an_answer_that_got_lost_on_the_way_back_is_found_and_not_sent_again(
    rig: Rig, slack: SlackServer
) -> None:
    channel = slack.direct("U0CUST001")
    slack.faults.plan("chat.postMessage", Fault("lose"))
    with pytest.raises(TemporaryDeliveryError) as caught:
        await rig.send(address(channel), "once")
    assert caught.value.certain is False
    receipt = await rig.send(address(channel), "once", attempt=2, unsure=True)
    (posted,) = slack.posted(channel)
    assert receipt.platform_ids == (f"slack:T0TEAM001:{channel.id}:{posted['ts']}",)


async def test_in_a_thread_it_is_found_too(rig: Rig, slack: SlackServer) -> None:
    channel = slack.space.channels["C0HELP001"]
    root = slack.space.add_message(channel, user="U0CUST001", text="help")
    to = address(channel, root["ts"])
    await rig.send(to, "once")
    await rig.send(to, "once", attempt=2, unsure=True)
    assert len(slack.posted(channel)) == 1


async def test_when_nothing_arrived_it_is_sent_after_asking(rig: Rig, slack: SlackServer) -> None:
    channel = slack.direct("U0CUST001")
    slack.faults.plan("chat.postMessage", Fault("cut"))
    with pytest.raises(TemporaryDeliveryError):
        await rig.send(address(channel), "once")
    await rig.send(address(channel), "once", attempt=2, unsure=True)
    assert len(slack.posted(channel)) == 1


async def test_when_slack_cannot_be_asked_it_stays_unsure(rig: Rig, slack: SlackServer) -> None:
    slack.faults.plan("conversations.history", Fault("limit"))
    with pytest.raises(TemporaryDeliveryError) as caught:
        await rig.send(address(slack.direct("U0CUST001")), "once", attempt=2, unsure=True)
    assert caught.value.certain is False
    assert slack.posted(slack.direct("U0CUST001")) == []


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        (Fault("limit", retry_after=30), RateLimited, "wait"),
        (Fault("break", status=500), TemporaryDeliveryError, "500"),
        (Fault("break", status=503), TemporaryDeliveryError, "503"),
        (Fault("cut"), TemporaryDeliveryError, "Disconnected|OSError|Reset"),
        (Fault("refuse", "internal_error"), TemporaryDeliveryError, "internal_error"),
        (Fault("refuse", "is_archived"), PermanentDeliveryError, "archived"),
        (Fault("refuse", "not_in_channel"), PermanentDeliveryError, "/invite"),
        (Fault("refuse", "account_inactive"), PermanentDeliveryError, "install it again"),
        (Fault("refuse", "token_revoked"), PermanentDeliveryError, "SLACK_BOT_TOKEN"),
        (Fault("refuse", "missing_scope"), PermanentDeliveryError, "manifest"),
        (Fault("refuse", "channel_not_found"), PermanentDeliveryError, "does not exist"),
        (Fault("refuse", "something_new"), PermanentDeliveryError, "something_new"),
    ],
)
async def test_every_refusal_says_what_to_do(
    rig: Rig, slack: SlackServer, fault: Fault, kind: type[ChannelError], words: str
) -> None:
    slack.faults.plan("chat.postMessage", fault)
    with pytest.raises(kind, match=words) as caught:
        await rig.send(address(slack.direct("U0CUST001")), "hello")
    assert type(caught.value) is kind or isinstance(caught.value, PermanentDeliveryError)
    assert BOT_TOKEN not in repr(caught.value) + str(caught.value)
    if isinstance(caught.value, RateLimited):
        assert caught.value.retry_after_seconds == 30
    if isinstance(caught.value, TemporaryDeliveryError):
        assert caught.value.certain is False
    assert len(slack.calls) == 1  # nothing is repeated behind delivery's back


async def test_a_server_that_is_not_there_got_nothing(open_rig: Open, slack: SlackServer) -> None:
    rig = open_rig(api_url="http://127.0.0.1:1/api/")
    with pytest.raises(TemporaryDeliveryError) as caught:
        await rig.send(address(slack.direct("U0CUST001")), "hello")
    assert caught.value.certain is True


async def test_one_place_gets_one_message_a_second_and_others_need_not_wait(
    open_rig: Open, slack: SlackServer
) -> None:
    rig = open_rig(messages_per_second=5)
    one, other = address(slack.direct("U0CUST001")), address(slack.direct("U0CUST002"))
    began = time.monotonic()
    await asyncio.gather(*(rig.send(one, f"{n}") for n in range(4)), rig.send(other, "quick"))
    times = [at for at, _, place in slack.call_times if place == one.chat]
    assert len(times) == 4 and times[-1] - began >= 0.59
    (quick,) = [at for at, _, place in slack.call_times if place == other.chat]
    assert quick < times[-1]


async def test_where_the_queue_is_long_delivery_comes_back_later(
    open_rig: Open, slack: SlackServer
) -> None:
    rig = open_rig(messages_per_second=0.1)
    to = address(slack.direct("U0CUST001"))
    await rig.send(to, "first")
    rig.adapter._sender._pacer.hold(to.chat, 60)
    with pytest.raises(RateLimited) as caught:
        await rig.send(to, "second")
    assert caught.value.retry_after_seconds > 50


async def test_buttons_are_blocks_and_a_press_comes_back_once(rig: Rig, slack: SlackServer) -> None:
    channel = slack.direct("U0CUST001")
    choices = Buttons(buttons=(Button(label="Yes", value="yes:1"), Button(label="No", value="no")))
    await rig.send(address(channel), "Shall I?", parts=(choices,))
    (posted,) = slack.posted(channel)
    async with rig.receiving():
        slack.press(channel, posted)
        slack.press(channel, posted)
        slack.press(channel, posted, 1)
        while slack.unanswered():
            await asyncio.sleep(0.005)
    first, second = rig.store.all
    assert (first.kind, first.action, first.value) == ("control", "button", "yes:1")
    assert first.address == address(channel)
    assert first.reply_to == f"slack:T0TEAM001:{channel.id}:{posted['ts']}"
    assert second.value == "no"


def _house(content: bytes) -> House:
    async def open_file(_: Attachment) -> bytes:
        return content

    return House(open_file=open_file)


REPORT = Attachment(name="report.pdf", media_type="application/pdf", size=9, id="f1")


async def test_a_file_is_uploaded_behind_the_words(open_rig: Open, slack: SlackServer) -> None:
    rig = open_rig(_house(b"%PDF-1.7 "))
    channel = slack.space.channels["C0HELP001"]
    root = slack.space.add_message(channel, user="U0CUST001", text="help")
    receipt = await rig.send(address(channel, root["ts"]), "Here it is.", attachments=(REPORT,))
    words, file = slack.posted(channel)
    assert words["text"] == "Here it is."
    assert file["files"][0]["title"] == "report.pdf"
    assert file["thread_ts"] == root["ts"]
    assert slack.space.files[file["files"][0]["id"]].content == b"%PDF-1.7 "
    assert len(receipt.platform_ids) == 2


async def test_a_file_that_may_have_arrived_is_not_sent_again(
    open_rig: Open, slack: SlackServer
) -> None:
    rig, channel = open_rig(_house(b"%PDF-1.7 ")), slack.direct("U0CUST001")
    slack.faults.plan("files.completeUploadExternal", Fault("lose"))
    with pytest.raises(TemporaryDeliveryError):
        await rig.send(address(channel), "Here it is.", attachments=(REPORT,))
    sent: Any = tuple(rig.reports[-1])
    await rig.send(
        address(channel), "Here it is.", attachments=(REPORT,), sent_ids=sent, unsure=True
    )
    assert len(slack.posted(channel)) == 2


async def test_a_file_that_cannot_be_opened_is_no_use_to_repeat(
    rig: Rig, slack: SlackServer
) -> None:
    with pytest.raises(UnsupportedContent):
        await rig.send(address(slack.direct("U0CUST001")), "Here.", attachments=(REPORT,))


async def test_the_preview_becomes_the_answer(
    rig: Rig, slack: SlackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("channels.slack.previews._GAP_SECONDS", 60.0)
    channel = slack.direct("U0CUST001")
    to = address(channel)
    shown = await rig.adapter.show_preview(to, "Your par", None)
    assert shown is not None
    assert await rig.adapter.show_preview(to, "Your parcel", shown) == shown  # too soon: not shown
    assert slack.posted(channel)[0]["text"] == "Your par"
    receipt = await rig.send(to, "Your parcel is here.", preview=shown)
    (posted,) = slack.posted(channel)
    assert posted["text"] == "Your parcel is here."
    assert posted["metadata"]["event_payload"]["piece"] == 0
    assert receipt.platform_ids == (shown,)


async def test_in_threads_the_answer_is_streamed(
    rig: Rig, slack: SlackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("channels.slack.previews._GAP_SECONDS", 0.0)
    channel = slack.direct("U0CUST001")
    root = slack.space.add_message(channel, user="U0CUST001", text="help")
    to = address(channel, root["ts"])
    shown = await rig.adapter.show_preview(to, "Your <!channel> par", None)
    await rig.adapter.show_preview(to, "Your <!channel> parcel is", shown)
    assert slack.posted(channel)[0]["text"] == "Your &lt;!channel&gt; parcel is"
    await rig.send(to, "Your parcel is here.", preview=shown)
    (posted,) = slack.posted(channel)
    assert posted["text"] == "Your parcel is here."
    methods = [method for method, _ in slack.calls]
    assert methods == ["chat.startStream", "chat.appendStream", "chat.stopStream", "chat.update"]


async def test_a_stream_of_a_process_that_was_killed_is_ended(
    open_rig: Open, slack: SlackServer
) -> None:
    channel = slack.direct("U0CUST001")
    root = slack.space.add_message(channel, user="U0CUST001", text="help")
    to = address(channel, root["ts"])
    shown = await open_rig().adapter.show_preview(to, "Your par", None)
    await open_rig().send(to, "Your parcel is here.", preview=shown)
    (posted,) = slack.posted(channel)
    assert posted["text"] == "Your parcel is here."


async def test_a_preview_that_fails_hurts_nobody(rig: Rig, slack: SlackServer) -> None:
    to = address(slack.direct("U0CUST001"))
    slack.faults.plan("chat.postMessage", Fault("break"))
    assert await rig.adapter.show_preview(to, "Your par", None) is None
    slack.faults.plan("chat.postMessage", Fault("limit", retry_after=30))
    assert await rig.adapter.show_preview(to, "Your par", None) is None
    calls = len(slack.calls)
    assert await rig.adapter.show_preview(to, "Your parcel", None) is None
    assert len(slack.calls) == calls  # Slack asked to wait


async def test_typing_is_shown_in_threads(rig: Rig, slack: SlackServer) -> None:
    channel = slack.direct("U0CUST001")
    root = slack.space.add_message(channel, user="U0CUST001", text="help")
    await rig.adapter.show_typing(address(channel))
    await rig.adapter.show_typing(address(channel, root["ts"]))
    slack.faults.plan("*", Fault("break"))
    await rig.adapter.show_typing(address(channel, root["ts"]))
    assert [one["thread_ts"] for one in slack.space.statuses] == [root["ts"]]
