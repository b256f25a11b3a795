"""What a person changed of a message that was posted, at the emulated Slack."""

from __future__ import annotations

from typing import Any

import pytest

from channels.base import House
from core.errors import PermanentDeliveryError, UnsupportedContent
from core.messages import Address, Attachment, Author, Entry
from tests.fakes.slack.faults import Fault
from tests.fakes.slack.server import SlackServer
from tests.unit.channels.slack.conftest import Open, Rig, address, outbound

LONG = "A sentence that is long enough to fill the message. " * 100
REPORT = Attachment(name="report.pdf", media_type="application/pdf", size=9, id="f1")


def _house() -> House:
    async def open_file(_: Attachment) -> bytes:
        return b"%PDF-1.7 "

    return House(open_file=open_file)


def entry_of(text: str, **more: Any) -> Entry:
    nobody = Address(channel="slack", account="T0TEAM001", chat="D0NOBODY1")
    entry = outbound(nobody, text, **more).entry
    return entry.model_copy(update={"author": Author(role="human_agent", name="Eva")})


async def test_the_words_change_and_the_file_stays(open_rig: Open, slack: SlackServer) -> None:
    rig, room = open_rig(_house()), slack.direct("U0CUST001")
    ids = (await rig.send(address(room), "It costs 70.", attachments=(REPORT,))).platform_ids
    for _ in range(2):
        await rig.adapter.edit_sent(
            address(room), ids, entry_of("It costs 70."), "It costs <17> & no more."
        )
    words, file = slack.posted(room)
    assert words["text"] == "It costs &lt;17&gt; &amp; no more."
    assert words["blocks"][0]["text"]["text"] == words["text"]
    assert file["files"][0]["title"] == "report.pdf"


async def test_fewer_words_take_fewer_messages_and_more_are_refused_whole(
    rig: Rig, slack: SlackServer
) -> None:
    room = slack.direct("U0CUST001")
    ids = (await rig.send(address(room), LONG)).platform_ids
    assert len(ids) == 2
    with pytest.raises(UnsupportedContent):
        await rig.adapter.edit_sent(address(room), ids, entry_of(LONG), LONG * 2)
    assert " ".join(one["text"] for one in slack.posted(room)).split() == LONG.split()
    await rig.adapter.edit_sent(address(room), ids, entry_of(LONG), "Short.")
    assert [one["text"] for one in slack.posted(room)] == ["Short."]


async def test_what_is_withdrawn_goes_with_its_file_and_twice_is_no_fault(
    open_rig: Open, slack: SlackServer
) -> None:
    rig, room = open_rig(_house()), slack.direct("U0CUST001")
    ids = (await rig.send(address(room), "Oops.", attachments=(REPORT,))).platform_ids
    await rig.send(address(room), "And on.")
    for _ in range(2):
        await rig.adapter.withdraw_sent(address(room), ids)
    assert [one["text"] for one in slack.posted(room)] == ["And on."]


async def test_a_workspace_that_allows_no_late_edits_says_so(rig: Rig, slack: SlackServer) -> None:
    room = slack.direct("U0CUST001")
    ids = (await rig.send(address(room), "It costs 70.")).platform_ids
    slack.faults.plan("chat.update", Fault("refuse", error="edit_window_closed"))
    with pytest.raises(PermanentDeliveryError):
        await rig.adapter.edit_sent(address(room), ids, entry_of("It costs 70."), "It costs 17.")
    assert [one["text"] for one in slack.posted(room)] == ["It costs 70."]
