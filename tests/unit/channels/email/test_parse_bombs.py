"""Mails that are made to stop whoever reads them: they cost little, and harm nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

import pytest

from channels.email.child import ParserPool
from channels.email.parsing import parse_mail
from tests.unit.channels.email.mails import RULES

T = TypeVar("T")
FROM = b"From: jan@customer.example\n"
# The nine of the header, as they were measured against the standard library.
HEADER_BOMBS = {
    name: FROM + bomb
    for name, bomb in {
        "parameters": b"Content-Type: text/plain"
        + b"".join(b"; p%d*%d=x" % (n, n) for n in range(20_000))
        + b"\n\nhi",
        "addresses": b"To: " + b", ".join(b"a%d@b.example" % n for n in range(50_000)) + b"\n\nhi",
        "references": b"References: "
        + b" ".join(b"<a%d@b.example>" % n for n in range(60_000))
        + b"\n\nhi",
        "parts": b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 100_000,
        "words": b"Subject: "
        + b" ".join(b"=?utf-8?Q?x%d?=" % n for n in range(20_000))
        + b"\n\nhi",
        "parentheses": b"To: " + b"(" * 100_000 + b" a@b.example\n\nhi",
        "nesting": b"".join(
            b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(2_000)
        )
        + b"\n\nhi",
        "charset": b"Content-Type: text/plain; charset=never-heard-of\n\nhi \xff",
        "line ends": b"Subject: =?utf-8?Q?a=0D=0ABcc:_x@y.example?=\n\nhi",
    }.items()
}
OTHER_BOMBS = {
    "folded": b"From: jan@customer.example\n" + b"X-A: b\n c\n" * 50_000 + b"\nhi",
    "one line": b"From: jan@customer.example\n\n" + b"On " * 300_000,
    "quotes": b"From: jan@customer.example\n\n" + b">" * 1_000_000,
    "attributions": b"From: jan@customer.example\n\n" + b"On 1.1.2026\n" * 100_000,
    "labels": b"From: jan@customer.example\n\n" + b"From: a\n" * 100_000,
    "closings": b"From: jan@customer.example\n\n" + b"thanks\n\n" * 100_000,
    "html attributes": b"Content-Type: text/html\n\n" + b'<a "' * 250_000 + b">",
    "html comments": b"Content-Type: text/html\n\n" + b"<!--" * 250_000,
    "html depth": b"Content-Type: text/html\n\n" + b"<div>" * 200_000,
    "html styles": b"Content-Type: text/html\n\n" + b"<style>" * 150_000,
    "html quotes": b"Content-Type: text/html\n\n" + b"<blockquote><p style='color:red'>x" * 20_000,
    "uuencode": b"From: a@b.example\n\n" + b"begin 644 a\n" * 80_000,
    "same boundary": b"Content-Type: multipart/mixed; boundary=b\n\n--b\n" * 20_000 + b"\n\nhi",
    "files": b"Content-Type: multipart/mixed; boundary=b\n\n"
    + b"--b\nContent-Type: a/b; name=x\n\nx\n" * 5_000 + b"--b--",
}  # fmt: skip


def least_cost(act: Callable[[], T]) -> tuple[float, T]:
    """Seconds of the processor, and what came of it. Who shares a core with others pays for them
    too, so what seems to cost too much is measured again, twice at most."""
    costs: list[float] = []
    while True:
        begun = time.process_time()
        done = act()
        costs.append(time.process_time() - begun)
        if costs[-1] <= 2.0 or len(costs) == 3:
            return min(costs), done


def test_nine_header_bombs_cost_two_seconds_together() -> None:
    cost, mails = least_cost(
        lambda: {name: parse_mail(raw, RULES) for name, raw in HEADER_BOMBS.items()}
    )

    assert cost <= 2.0
    assert {mail.from_address for mail in mails.values()} == {"jan@customer.example"}
    assert mails["charset"].text.startswith("hi")
    assert mails["line ends"].subject == "a Bcc: x@y.example"
    assert not any("\n" in mail.subject or "\r" in mail.subject for mail in mails.values())


@pytest.mark.parametrize("name", OTHER_BOMBS)
def test_no_other_bomb_costs_two_seconds(name: str) -> None:
    cost, mail = least_cost(lambda: parse_mail(OTHER_BOMBS[name], RULES))

    assert cost <= 2.0
    assert len(mail.attachments) <= 50
    assert len(mail.text) <= 1_100_000


async def test_children_read_mails_one_after_the_other() -> None:
    pool = ParserPool(RULES)
    try:
        raw = b"From: a@b.example\nContent-Type: image/png; name=a.png\n\n\x00\xffdata"
        mails = await asyncio.gather(*(pool.parse(raw) for _ in range(5)))
    finally:
        await pool.close()

    assert {mail.attachments[0].data for mail in mails} == {b"\x00\xffdata"}
    assert pool.killed == 0


async def test_a_mail_that_takes_too_long_is_kept_as_unreadable_and_the_next_is_read() -> None:
    pool = ParserPool(RULES, seconds=0.0)
    raw = b"From: a@b.example\nSubject: Help\n\nhi"
    try:
        stopped = await pool.parse(raw)
        killed = pool.killed
        pool._seconds = 10.0
        read = await pool.parse(raw)
    finally:
        await pool.close()

    assert stopped.unreadable
    assert (stopped.from_address, stopped.subject) == ("a@b.example", "Help")
    assert "could not be read" in stopped.notes[0]
    assert killed == 1
    assert (read.text, read.unreadable) == ("hi", False)


@pytest.mark.slow
async def test_a_mail_that_fills_the_memory_ends_its_child_only() -> None:
    pool = ParserPool(RULES.model_copy(update={"most_bytes": 400_000_000}), seconds=20.0)
    try:
        big = await pool.parse(b"From: a@b.example\n\n" + b"\xff" * 300_000_000)
        small = await pool.parse(b"From: a@b.example\n\nhi")
    finally:
        await pool.close()

    assert big.unreadable
    assert small.text == "hi"


async def test_a_child_that_dies_is_replaced() -> None:
    pool = ParserPool(RULES)
    try:
        await pool.parse(b"From: a@b.example\n\nhi")
        pool._idle[0].kill()
        await pool._idle[0].wait()
        first = await pool.parse(b"From: a@b.example\n\nhi")
        second = await pool.parse(b"From: a@b.example\n\nhi")
    finally:
        await pool.close()

    assert first.unreadable or first.text == "hi"
    assert second.text == "hi"


async def test_when_it_is_closed_no_child_is_still_being_ended() -> None:
    """Also of a mail whose sender hung up in the middle, which nobody waits for."""
    before = asyncio.all_tasks()
    pool = ParserPool(RULES)
    await pool.parse(b"From: a@b.test\r\n\r\nwords\r\n")
    reading = asyncio.create_task(pool.parse(b"From: a@b.test\r\n\r\n" + b"words " * 1_000_000))
    await asyncio.sleep(0.01)
    reading.cancel()
    await asyncio.sleep(0)
    await pool.close()
    assert asyncio.all_tasks() - before <= {reading}
