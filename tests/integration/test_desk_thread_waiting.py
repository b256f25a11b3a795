"""What waits for people in a case's thread in Slack: drafts and calls, and what came of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from core.approvals.records import Approval
from core.conversation import TurnCommit
from core.customers.records import Subject
from core.ids import ConversationId, EntryId
from core.messages import Author, EntryBody
from tests.contract.log_talk import AI, Talk
from tests.fakes.slack.faults import Fault
from tests.integration.desk_rig import (
    CUSTOMER,
    DESK,
    MIRA,
    TEAM,
    DeskRig,
    buttons,
    read,
    rig,
    slack,
)

__all__ = ["rig", "slack"]


async def _draft(rig: DeskRig, talk: Talk, text: str) -> str:
    """The engine puts a draft into the log."""
    claim = await talk.claim()
    name = EntryId(f"{talk.conversation}:{claim.seen}:0")
    body = EntryBody(id=name, kind="draft", author=AI, text=text, in_reply_to=claim.seen)
    assert (await talk.log.commit(claim, TurnCommit(entries=(body,)))).outcome == "ok"
    return name


async def test_a_draft_turns_into_what_came_of_it(rig: DeskRig) -> None:
    async with rig.running():
        talk = await rig.escalate()
        await rig.says(talk, "Where is it?", CUSTOMER)
        sent = await _draft(rig, talk, "It comes on Monday.")
        await rig.settled(talk)
        (first,) = _with_buttons(rig, talk)
        said = f"desk:{talk.conversation}:draft:{sent}"
        await rig.says(talk, "It comes on Tuesday.", MIRA, id=said)
        await rig.says(talk, "And the other?", CUSTOMER)
        dropped = await _draft(rig, talk, "No idea.")
        await rig.settled(talk)
        (second,) = _with_buttons(rig, talk)
        await rig.acts(talk, "discard", value=dropped)
        await rig.settled(talk)
    assert buttons(first) == buttons(second) == []
    assert read(first) == (
        "It comes on Tuesday.\n:white_check_mark: draft edited, sent by Mira"
    )  # fmt: skip
    assert "draft discarded by Mira" in read(second)
    assert len(rig.thread(talk)) == 6  # nothing is said twice


def _with_buttons(rig: DeskRig, talk: Talk) -> list[dict[str, Any]]:
    return [one for one in rig.thread(talk) if buttons(one)]


async def test_a_draft_that_can_be_sent_no_more_loses_its_buttons(rig: DeskRig) -> None:
    async with rig.running():
        talk = await rig.escalate()
        await rig.says(talk, "Where is it?", CUSTOMER)
        await _draft(rig, talk, "It comes on Monday.")
        await rig.settled(talk)
        (draft,) = _with_buttons(rig, talk)
        (root,) = rig.roots()
        typed = rig.slack.space.add_message(
            rig.channel, user="U0MIRA001", text="Tomorrow", thread_ts=root["ts"]
        )
        await rig.says(talk, "Tomorrow", MIRA, id=f"desk:slack:{TEAM}:{DESK}:{typed['ts']}")
        await rig.settled(talk)
    assert buttons(draft) == [] and "not used" in read(draft) and "on Monday" in read(draft)


class Waiting:
    """Approvals in memory."""

    def __init__(self) -> None:
        self.all: dict[str, Approval] = {}

    async def waiting(self, conversation: ConversationId) -> list[Approval]:
        found = [one for one in self.all.values() if one.status == "waiting"]
        return [one for one in found if one.subject.conversation == conversation]

    async def find(self, identifier: str) -> Approval | None:
        return self.all.get(identifier)


async def test_a_call_that_waits_is_shown_once_and_then_how_it_was_decided(rig: DeskRig) -> None:
    rig.approvals = waiting = Waiting()
    async with rig.running():
        talk = await rig.escalate()
        await rig.settled(talk)
        asked = Approval(
            id="RF-7Q2MX9KD", subject=Subject(conversation=talk.conversation), key="k",
            tool="request_refund", arguments={"amount": "1250.00"}, asked_at=datetime.now(UTC),
        )  # fmt: skip
        waiting.all[asked.id] = asked
        await rig.says(talk, "please refund", CUSTOMER)
        rig.slack.faults.plan("chat.postMessage", Fault("lose"))
        await rig.says(talk, "soon", CUSTOMER)
        await rig.settled(talk)
        (shown,) = [one for one in rig.thread(talk) if buttons(one)]
        assert "1250.00" in read(shown)
        waiting.all[asked.id] = asked.model_copy(
            update={"status": "settled", "decision": "approve", "decided_by": "Mira"}
        )
        system = Author(role="system", name="approvals")
        await rig.acts(talk, "approve", system, value=asked.id)
        await rig.settled(talk)
    assert buttons(shown) == [] and "approved by Mira" in read(shown)
