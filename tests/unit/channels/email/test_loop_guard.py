"""Two machines do not write to each other for ever, whatever they say of themselves."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from channels.email.loops import WINDOWS, LoopGuard
from core.errors import PermanentDeliveryError
from core.ids import ConversationId, EntryId
from core.limits import OwnLimits
from core.messages import Address, Author, Entry, Outbound, Role

HELP, ANN, BOB = "help@shop.test", "ann@example.test", "bob@example.test"
AWAY = "I am out of the office until Monday and read no mail before that."


def guard(limits: OwnLimits | None = None) -> LoopGuard:
    return LoopGuard(HELP, limits or OwnLimits(), unreachable_seconds=60)


def answer(seq: int, role: Role = "ai", conversation: str = "cv_01_x") -> Outbound:
    entry = Entry(
        id=EntryId(f"{conversation}:{seq}:0"), seq=seq, at=datetime.now(UTC),
        author=Author(role=role), text="Here you are.",
    )  # fmt: skip
    return Outbound(
        conversation=ConversationId(conversation), entry=entry,
        to=Address(channel="email", account=HELP, chat=ANN),
    )  # fmt: skip


async def stopped(judge: LoopGuard, recipient: str, message: Outbound) -> str | None:
    try:
        await judge.check(recipient, message)
    except PermanentDeliveryError as error:
        return str(error)
    return None


async def test_so_many_automatic_mails_in_ten_minutes_and_then_no_more() -> None:
    judge = guard()
    results = [await stopped(judge, ANN, answer(seq)) for seq in range(1000)]
    most = WINDOWS[0].most
    assert results[:most] == [None] * most
    assert all(result is not None and "10 minutes" in result for result in results[most:])
    assert await stopped(judge, BOB, answer(1)) is None


async def test_the_limits_are_those_of_the_address_whatever_the_conversation() -> None:
    judge = guard()
    results = [
        await stopped(
            judge, ANN.upper() if number % 2 else ANN, answer(1, conversation=f"c{number}")
        )
        for number in range(2 * WINDOWS[0].most)
    ]
    assert results.count(None) == WINDOWS[0].most


async def test_a_second_attempt_at_the_same_mail_is_not_counted_again() -> None:
    judge = guard()
    for _ in range(50):
        assert await stopped(judge, ANN, answer(7)) is None
    assert await stopped(judge, ANN, answer(8)) is None


async def test_what_a_person_wrote_always_leaves() -> None:
    judge = guard()
    for seq in range(100):
        assert await stopped(judge, ANN, answer(seq, "human_agent")) is None


async def test_longer_windows_stop_a_slow_loop() -> None:
    assert [(window.seconds // 60, window.most) for window in WINDOWS] == [
        (10, 30), (30, 45), (60, 60), (180, 120), (600, 250),
    ]  # fmt: skip


async def test_the_same_paragraph_within_the_hour_is_a_machine() -> None:
    judge = guard()
    results = [await judge.repeats(ANN, AWAY, f"mail {number}") for number in range(1000)]
    assert results[0] is False and all(results[1:])
    assert not await judge.repeats(BOB, AWAY, "another sender")
    assert not await judge.repeats(ANN, AWAY.replace("Monday", "Friday"), "other words")


async def test_a_mail_that_is_read_again_is_no_repetition() -> None:
    judge = guard()
    for _ in range(3):
        assert not await judge.repeats(ANN, AWAY, "the same mail")


@pytest.mark.parametrize("text", ["yes", "Yes, please!", "ano, prosím", ""])
async def test_people_may_repeat_a_word(text: str) -> None:
    judge = guard()
    for number in range(5):
        assert not await judge.repeats(ANN, text, f"mail {number}")


async def test_an_address_that_bounced_is_left_alone_until_it_writes() -> None:
    judge = guard()
    await judge.bounced(ANN, "5.1.1 no such user")
    said = await stopped(judge, ANN.upper(), answer(1, "human_agent"))
    assert said == "the address is unreachable: 5.1.1 no such user"
    assert await stopped(judge, BOB, answer(1)) is None
    await judge.heard_from(ANN)
    assert await stopped(judge, ANN, answer(2)) is None


async def test_two_processes_share_the_count() -> None:
    limits = OwnLimits()
    two = [guard(limits), guard(limits)]
    results = [await stopped(two[seq % 2], ANN, answer(seq)) for seq in range(100)]
    assert results.count(None) == WINDOWS[0].most
