"""The desk while Slack is down, slow, or says no: nothing lost, nothing twice, said clearly."""

from __future__ import annotations

import itertools
import time
from typing import Any

import pytest
import structlog

from channels.slack.desk import threads
from channels.slack.desk.ids import read_mark
from channels.slack.desk.routes import Routes
from core.messages import Entry
from tests.contract.log_talk import Talk
from tests.fakes.slack.faults import Fault
from tests.fakes.slack.server import SlackServer
from tests.fakes.waiting import until, until_found
from tests.integration.desk_rig import (
    CUSTOMER,
    DESK,
    MIRA,
    SECOND,
    DeskRig,
    read,
    rig,
    slack,
)

__all__ = ["rig", "slack"]


async def _notes(rig: DeskRig, talk: Talk) -> list[Entry]:
    entries = await rig.bus.log.entries(talk.conversation)
    return [entry for entry in entries if entry.reason == "desk_unreachable"]


def _cases(roots: list[dict[str, Any]]) -> list[str]:
    return [mark[0] for root in roots if (mark := read_mark(root))]


@pytest.mark.parametrize("fault", [Fault("break", status=502), Fault("lose")])
async def test_after_an_outage_every_case_is_there_once_and_in_order(
    rig: DeskRig, slack: SlackServer, fault: Fault
) -> None:
    slack.faults.outage = fault
    async with rig.running():
        talks = [await rig.escalate(f"question {number}") for number in range(8)]
        for talk in talks:
            await rig.says(talk, "still there?", CUSTOMER)
        await until(lambda: len(slack.calls) > 3)
        slack.faults.outage = None
        await rig.settled(*talks)
    assert _cases(rig.roots()) == [one.conversation for one in talks]
    for talk in talks:
        assert "One moment." in await talk.texts("ai")  # what the customer was told
        before, handed, asked = rig.words(talk)
        assert "question" in before and handed == "One moment." and "still there?" in asked


@pytest.mark.slow
@pytest.mark.timeout(150)
async def test_two_hundred_escalations_in_an_outage_are_posted_once_and_in_order(
    rig: DeskRig, slack: SlackServer
) -> None:
    talks: list[Talk] = []
    kinds = itertools.cycle([Fault("break"), Fault("cut"), Fault("lose"), Fault("limit")])
    async with rig.running():
        for number in range(200):
            if number % 10 == 0:
                slack.faults.outage = next(kinds)
            talks.append(await rig.escalate(f"question {number}"))
        slack.faults.outage = None
        await rig.settled(*talks, seconds=120)
    assert _cases(rig.roots()) == [one.conversation for one in talks]
    for number, talk in enumerate(talks):
        assert await talk.texts("ai") == ["One moment."]
        before, handed = rig.words(talk)
        assert before.endswith(f"question {number}") and handed == "One moment."


async def test_while_slack_is_away_only_the_oldest_case_asks_for_it(
    rig: DeskRig, slack: SlackServer
) -> None:
    talks = [await rig.escalate() for _ in range(10)]
    slack.faults.outage = Fault("break")
    with structlog.testing.capture_logs() as logs:
        asking = await _ride_out(rig, slack, talks, logs)
    assert len(asking) == 1
    told = [one["event"] for one in logs if one["event"].startswith("desk_slack_")]
    assert told == ["desk_slack_away", "desk_slack_back"]


async def _ride_out(
    rig: DeskRig, slack: SlackServer, talks: list[Talk], logs: list[Any]
) -> set[str]:
    """Which cases asked for Slack while it was away; ends when it is said to be back."""
    async with rig.running():
        await until(lambda: len(slack.calls) >= 4)
        asking = {
            mark[0]
            for method, args in slack.calls
            if method == "chat.postMessage" and (mark := read_mark(args))
        }
        slack.faults.outage = None
        await rig.settled(*talks)
        await until(lambda: any(one["event"] == "desk_slack_back" for one in logs))
    return asking


async def test_a_long_wait_holds_nobody_up_and_ends(
    rig: DeskRig, slack: SlackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "_LONGEST_WAIT", 0.05)
    async with rig.running():
        talk = await rig.escalate()
        await rig.settled(talk)
        slack.faults.plan("chat.postMessage", Fault("limit", retry_after=0.5))
        await rig.says(talk, "late", CUSTOMER)
        await rig.settled(talk, seconds=20)
    assert rig.words(talk)[-1].startswith("late")


async def test_a_limit_of_slack_is_obeyed(rig: DeskRig, slack: SlackServer) -> None:
    async with rig.running():
        talk = await rig.escalate()
        await rig.settled(talk)
        slack.faults.plan("chat.postMessage", Fault("limit", retry_after=0.4))
        await rig.says(talk, "one", CUSTOMER)
        await rig.says(talk, "two", CUSTOMER)
        await rig.settled(talk)
    limited, first, second = [at for at, method, _ in slack.call_times
                              if method == "chat.postMessage"][-3:]  # fmt: skip
    assert first - limited >= 0.39 and second >= first
    assert [words.splitlines()[0] for words in rig.words(talk)[2:]] == ["one", "two"]


async def test_a_channel_gets_its_messages_at_its_pace(rig: DeskRig, slack: SlackServer) -> None:
    talks = [await rig.escalate() for _ in range(3)]
    began = time.monotonic()
    async with rig.running(per_second=10.0):
        await rig.settled(*talks)
    assert len(slack.posted(rig.channel)) == 9
    times = [at for at, method, _ in slack.call_times if method == "chat.postMessage"]
    assert times[-1] - began > 8 / 10 * 0.9


@pytest.mark.parametrize("refusal", ["is_archived", "channel_not_found"])
async def test_a_case_that_a_channel_will_not_have_goes_to_the_next(
    rig: DeskRig, slack: SlackServer, refusal: str
) -> None:
    rig.routes = Routes(default=DESK, fallback=(SECOND,))
    _shut(rig, refusal)
    with structlog.testing.capture_logs() as logs:
        async with rig.running():
            talks = [await rig.escalate(), await rig.escalate()]
            await rig.settled(*talks)
    assert _cases(rig.roots(rig.second)) == [one.conversation for one in talks]
    (note,) = await _notes(rig, talks[0])
    assert DESK in note.text and SECOND in note.text
    refused = [one for one in logs if one["event"] == "desk_refused"]
    assert len(refused) == 1 and refused[0]["mend"]


def _shut(rig: DeskRig, refusal: str) -> None:
    rig.channel.archived = refusal == "is_archived"
    if refusal == "channel_not_found":
        del rig.slack.space.channels[DESK]


async def test_without_the_app_cases_wait_for_the_console_and_come_later(
    rig: DeskRig, slack: SlackServer
) -> None:
    rig.routes = Routes(default=DESK, fallback=(SECOND,))
    slack.methods.ended = "token_revoked"
    async with rig.running():
        talk = await rig.escalate()
        await until(lambda: len(slack.calls) >= 2)
        await until_found(lambda: _notes(rig, talk))
        (note,) = await _notes(rig, talk)
        assert "console" in note.text and "install" in note.text.lower()
        assert rig.roots() == rig.roots(rig.second) == []
        slack.methods.ended = None
        await rig.settled(talk)
    assert len(rig.roots()) == 1
    assert "Let me talk to a person." in rig.words(talk)[0]


async def test_without_the_right_to_post_it_is_said_which_one_lacks(
    rig: DeskRig, slack: SlackServer
) -> None:
    slack.methods.scopes.discard("chat:write")
    async with rig.running():
        talk = await rig.escalate()
        await until(lambda: len(slack.calls) >= 2)
        await until_found(lambda: _notes(rig, talk))
        (note,) = await _notes(rig, talk)
    assert "chat:write" in note.text and "manifest" in note.text


async def test_without_the_right_to_names_people_are_named_in_the_words(
    rig: DeskRig, slack: SlackServer
) -> None:
    slack.methods.scopes.discard("chat:write.customize")
    async with rig.running():
        talk = await rig.escalate()
        await rig.says(talk, "Hello", MIRA)
        await rig.settled(talk)
    assert rig.words(talk)[-1] == "*Mira*\nHello"


async def test_a_thread_whose_root_was_removed_is_made_again_with_all_that_was_said(
    rig: DeskRig, slack: SlackServer
) -> None:
    async with rig.running():
        talk = await rig.escalate()
        await rig.says(talk, "first", CUSTOMER)
        await rig.settled(talk)
        (root,) = rig.roots()
        rig.channel.remove(root)
        await rig.says(talk, "second", CUSTOMER)
        await rig.settled(talk)
    (root,) = rig.roots()
    before, then = rig.words(talk)
    assert "Let me talk to a person." in before and "first" in before and "second" not in before
    assert then.startswith("second") and "Anna" in read(root)


async def test_a_channel_that_is_archived_later_takes_its_threads_along(
    rig: DeskRig, slack: SlackServer
) -> None:
    rig.routes = Routes(default=DESK, fallback=(SECOND,))
    async with rig.running():
        talk = await rig.escalate()
        await rig.settled(talk)
        rig.channel.archived = True
        await rig.says(talk, "second", CUSTOMER)
        await rig.settled(talk)
    words = rig.words(talk, rig.second)
    assert "One moment." in words[0] and words[1].startswith("second")
    assert "would not have this case" in words[2]
