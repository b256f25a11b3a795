"""The whole way in and out of mailboxes: from bytes to arrivals, from words to bytes."""

from __future__ import annotations

import asyncio
import smtplib
from collections.abc import AsyncGenerator
from datetime import UTC, datetime

import pytest

from channels.base import Arrival, House
from channels.email.adapter import EmailAdapter, build
from channels.email.settings import EmailSettings
from core.conversation import Accepted
from core.errors import NotFound
from core.ids import ConversationId, EntryId
from core.messages import Author, Entry, Outbound
from core.runtime import running
from tests.fakes.mail.dovecot import free_port
from tests.fakes.mail.smtp_sink import SmtpSink
from tests.fakes.waiting import until

HELP, SALES, ANN = "help@shop.test", "sales@shop.test", "ann@example.test"
CONVERSATION = ConversationId("cv_01_" + "x" * 22)


class Log:
    """Takes everything but notes on nothing."""

    def __init__(self) -> None:
        self.arrivals: list[Arrival] = []

    async def publish(self, arrival: Arrival) -> Accepted:
        if arrival.kind == "note" and arrival.conversation is None:
            raise NotFound("nothing to note it on")
        self.arrivals.append(arrival)
        return Accepted(seq=len(self.arrivals))


class Shop:
    """Two mailboxes behind a listener, and what they published."""

    def __init__(self, sink: SmtpSink) -> None:
        self.sink = sink
        self.port = free_port()
        settings = EmailSettings.model_validate(
            {"address": f"{HELP},{SALES}", "smtp_url": sink.url, "name": "The shop",
             "listen": f"127.0.0.1:{self.port}", "listen_protocol": "smtp"}
        )  # fmt: skip
        self.adapters: list[EmailAdapter] = build(settings, House(secret="a secret"))
        self.log = Log()

    async def posts(self, raw: str, *, to: str = HELP, sender: str = ANN) -> None:
        def talk() -> None:
            with smtplib.SMTP("127.0.0.1", self.port, timeout=10) as client:
                client.sendmail(sender, [to], raw.replace("\n", "\r\n").encode())

        await asyncio.to_thread(talk)

    async def answers(self, arrival: Arrival, text: str, seq: int = 2) -> None:
        entry = Entry(
            id=EntryId(f"{CONVERSATION}:{seq}:0"), seq=seq, at=datetime.now(UTC),
            author=Author(role="ai"), text=text,
        )  # fmt: skip
        (box,) = [each for each in self.adapters if each.account == arrival.address.account]

        async def report(_: object) -> None:
            pass

        await box.send(Outbound(conversation=CONVERSATION, to=arrival.address, entry=entry), report)


@pytest.fixture
async def shop() -> AsyncGenerator[Shop]:
    async with SmtpSink().serving() as sink:
        made = Shop(sink)
        ready = asyncio.Event()
        async with running(made.adapters[0].run(made.log.publish, ready), name="shop"):
            async with asyncio.timeout(20):
                await ready.wait()
            yield made
        for adapter in made.adapters:
            await adapter.close()


def mail(subject: str, text: str, *, number: int = 1, more: str = "") -> str:
    return (
        f"From: Ann <{ANN}>\nTo: {HELP}\nSubject: {subject}\nMessage-ID: <m{number}@example.test>\n"
        f"{more}\n{text}\n"
    )


async def test_one_listener_serves_every_mailbox(shop: Shop) -> None:
    await shop.posts(mail("", "To help."))
    await shop.posts(mail("", "To sales.", number=2).replace(HELP, SALES), to=SALES)
    found = [(arrival.address.account, arrival.text) for arrival in shop.log.arrivals]
    assert found == [(HELP, "To help."), (SALES, "To sales.")]


async def test_an_answer_to_our_answer_proves_its_conversation(shop: Shop) -> None:
    await shop.posts(mail("My parcel", "Where is it?"))
    (first,) = shop.log.arrivals
    await shop.answers(first, "It is on its way.")
    sent = shop.sink.taken[0].mail
    assert sent["In-Reply-To"] == "<m1@example.test>" and sent["Subject"] == "Re: My parcel"
    ours = sent["Message-ID"]
    await shop.posts(
        mail(
            "Re: My parcel", "Thanks!", number=2, more=f"In-Reply-To: {ours}\nReferences: {ours}\n"
        )
    )
    assert shop.log.arrivals[1].conversation == CONVERSATION
    assert shop.log.arrivals[1].text == "Thanks!"
    forged = ours.replace(".2.", ".3.")
    await shop.posts(mail("Re: x", "Me too!", number=3, more=f"In-Reply-To: {forged}\n"))
    assert shop.log.arrivals[2].conversation is None


async def test_the_same_answer_is_the_same_mail_to_the_byte(shop: Shop) -> None:
    await shop.posts(mail("My parcel", "Where is it?"))
    entry_at = datetime(2026, 1, 1, tzinfo=UTC)
    words: list[bytes] = []
    for _ in range(2):
        entry = Entry(id=EntryId("x:2:0"), seq=2, at=entry_at, author=Author(role="ai"), text="Hm.")
        to = shop.log.arrivals[0].address
        letter = await shop.adapters[0].write(
            Outbound(conversation=CONVERSATION, to=to, entry=entry)
        )
        words.append(letter.raw)
    assert words[0] == words[1]


async def test_what_a_machine_sends_is_no_question(shop: Shop) -> None:
    for number in range(5):
        await shop.posts(
            mail("Away", "Until Monday.", number=number, more="Auto-Submitted: auto-replied\n"),
            sender="",
        )
    await shop.posts(mail("", "A person.", number=9))
    await until(lambda: len(shop.log.arrivals) == 1)
    assert shop.log.arrivals[0].text == "A person."
