"""Email from end to end: real gateways, a real Dovecot, a real Postfix with Sieve and bounces."""

from __future__ import annotations

import asyncio
import smtplib
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import make_msgid
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.mail.imap_proxy import ImapProxy
from tests.fakes.mail.servers import (
    ANN,
    HELP,
    SALES,
    MailHouse,
    mail_house,
    mail_house_server,
)
from tests.fakes.servers import running_server
from tests.fakes.waiting import until
from tests.flows.conftest import Start
from tests.flows.gateway_process import Api, GatewayProcess

__all__ = ["mail_house", "mail_house_server"]
pytestmark = pytest.mark.timeout(600)

NOBODY = "nobody@example.test"
VACATION = 'require ["vacation"];\nvacation :days 1 :subject "Away" "I am away until Monday.";\n'


class Post:
    """What people do with their mail programs."""

    def __init__(self, house: MailHouse) -> None:
        self.house = house

    def settings(self, imap_port: int | None = None, *boxes: str) -> dict[str, str]:
        """For a gateway that serves these mailboxes, and says customers' words back."""
        boxes = boxes or (HELP,)
        urls = [self.house.dovecot.url(box, port=imap_port) for box in boxes]
        return {
            "EMAIL_ADDRESS": ",".join(boxes),
            "EMAIL_IMAP_URL": ",".join(urls),
            "EMAIL_SMTP_URL": self.house.postfix.url,
            "SWITCHBOARD_ENGINE__TURN": "echo",
            "SWITCHBOARD_SAMPLE_KNOWLEDGE": "false",
            "SWITCHBOARD_EMAIL__IDLE_SECONDS": "0.2",
        }

    def send(
        self, text: str, *, subject: str = "My parcel", sender: str = ANN, to: str = HELP,
        answers: EmailMessage | None = None, headers: dict[str, str] | None = None,
    ) -> EmailMessage:  # fmt: skip
        """A mail through Postfix; `answers` is quoted and named as mail programs do."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Message-ID"] = sender, to, make_msgid(domain="example.test")
        mail["Subject"] = f"Re: {subject}" if answers is not None else subject
        if answers is not None:
            mail["In-Reply-To"] = answers["Message-ID"]
            before = f"{answers.get('References', '')} {answers['Message-ID']}"
            mail["References"] = before.strip()
            quoted = "".join(f"> {line}\n" for line in body_of(answers).splitlines())
            text = f"{text}\n\nOn Sat, 21 Nov 2026 at 12:00, {answers['From']} wrote:\n{quoted}"
        for name, value in (headers or {}).items():
            mail[name] = value
        mail.set_content(text)
        with smtplib.SMTP("127.0.0.1", self.house.postfix.port, timeout=10) as client:
            client.sendmail(sender, [to], mail.as_bytes())
        return mail

    def inbox(self, who: str = ANN) -> list[EmailMessage]:
        """Their mails, oldest first."""
        found: list[Any] = [
            message_from_bytes(raw, policy=policy.default) for raw in self.house.dovecot.mails(who)
        ]
        return found

    async def gets(self, count: int, who: str = ANN, *, seconds: float = 60) -> list[EmailMessage]:
        """Wait for so many."""
        await until(lambda: len(self.inbox(who)) >= count, seconds=seconds)
        assert len(self.inbox(who)) == count
        return self.inbox(who)


def body_of(mail: EmailMessage) -> str:
    part: Any = mail.get_body(("plain",))
    return part.get_content().replace("\r\n", "\n")


@pytest.fixture
def post(mail_house: MailHouse) -> Post:
    return Post(mail_house)


async def conversations(client: Api) -> list[dict[str, Any]]:
    """Those of email, each with its entries."""
    page = await client.call("GET", "/conversations", channel="email")
    found: list[dict[str, Any]] = []
    for item in page["conversations"]:
        entries = await client.entries(item["id"], client.admin)
        found.append({**item, "entries": entries})
    return found


@pytest.mark.slow
async def test_a_mail_is_answered_in_its_thread_and_another_topic_is_another_conversation(
    post: Post, home: Path, start: Start, api: Callable[[GatewayProcess], Api]
) -> None:
    gateway = await start(home / "data", **post.settings()).ready()
    first = post.send("Where is my parcel number 17?")
    (answer,) = await post.gets(1)
    assert "Where is my parcel number 17?" in body_of(answer)
    assert answer["In-Reply-To"] == first["Message-ID"]
    assert first["Message-ID"] in answer["References"]
    assert answer["Subject"] == "Re: My parcel"
    assert answer["Auto-Submitted"].startswith("auto-replied")
    post.send("It is still not here, what now?", answers=answer)
    answers = await post.gets(2)
    assert body_of(answers[1]).strip() == "It is still not here, what now?"
    post.send("How do I change my password?", subject="Password")
    answers = await post.gets(3)
    assert answers[2]["Subject"] == "Re: Password"
    await until(lambda: all("Switchboard" in flags for flags in post.house.dovecot.flags(HELP)))
    async with asyncio.timeout(60):  # the list follows the log
        while len(found := await conversations(api(gateway))) < 2:
            await asyncio.sleep(0.1)
    said = [[entry for entry in item["entries"] if entry["kind"] == "message"] for item in found]
    assert sorted(len(messages) for messages in said) == [2, 4]
    assert await gateway.stop() == 0


@pytest.mark.slow
async def test_killed_between_storing_and_marking_it_answers_once(
    post: Post, home: Path, start: Start
) -> None:
    async with ImapProxy(post.house.dovecot.imap).serving() as proxy:
        proxy.hold_at = b"STORE"
        gateway = await start(home / "data", **post.settings(proxy.port)).ready()
        post.send("Where is my parcel number 17?")
        async with asyncio.timeout(60):
            await proxy.held.wait()
        await post.gets(1)
        gateway.kill()
        assert post.house.dovecot.untaken(HELP) == 1
        proxy.hold_at = None
        again = await start(home / "data", **post.settings(proxy.port)).ready()
        await until(lambda: post.house.dovecot.untaken(HELP) == 0, seconds=60)
        post.send("And number 18, please?", subject="Another")
        answers = await post.gets(2)
        words = [body_of(mail) for mail in answers]
        assert "number 17" in words[0] and "number 18" in words[1]
        assert await again.stop() == 0


@pytest.mark.slow
async def test_while_the_store_is_away_nothing_is_marked_and_then_it_is_answered(
    post: Post, home: Path, start: Start
) -> None:
    with running_server() as store:
        settings = {**post.settings(), "REDIS_URL": store.url}
        gateway = await start(home / "data", **settings).ready()
        post.send("Are you there?")
        await post.gets(1)
        await until(lambda: post.house.dovecot.untaken(HELP) == 0, seconds=60)
        store.kill_when_written()
        post.send("And now, are you there?", subject="Second")
        await until(lambda: post.house.dovecot.untaken(HELP) == 1)
        await until(lambda: "mail_waits_for_store" in gateway.text(), seconds=60)
        assert post.house.dovecot.untaken(HELP) == 1
        store.start()
        await post.gets(2, seconds=90)
        await until(lambda: post.house.dovecot.untaken(HELP) == 0)
        gateway.kill()


@pytest.mark.slow
async def test_a_vacation_responder_is_not_answered_and_does_not_answer_us(
    post: Post, home: Path, start: Start
) -> None:
    post.house.dovecot.set_sieve(ANN, VACATION)
    gateway = await start(home / "data", **post.settings()).ready()
    post.send("Where is my parcel number 17?")
    await post.gets(1)
    # What the gateway says is marked, so the script is silent; a person's mail brings it to speak.
    post.send("A person asks from the same mailbox.", sender=HELP, to=ANN)
    await until(lambda: len(post.inbox(HELP)) == 2, seconds=60)
    await until(lambda: post.house.dovecot.untaken(HELP) == 0, seconds=60)
    post.send("One more question: what does it cost?", subject="Costs")
    answers = await post.gets(3)
    assert "One more question" in body_of(answers[2])
    assert len(post.inbox(HELP)) == 3
    assert not any("away until Monday" in body_of(mail) for mail in answers)
    assert await gateway.stop() == 0


@pytest.mark.slow
async def test_a_bounce_is_recognised_and_the_address_is_left_alone(
    post: Post, home: Path, start: Start, api: Callable[[GatewayProcess], Api]
) -> None:
    gateway = await start(home / "data", **post.settings()).ready()
    post.send("Where is my parcel number 17?", sender=NOBODY)
    await until(lambda: "mail_bounced" in gateway.text(), seconds=60)
    await until(lambda: post.house.dovecot.untaken(HELP) == 0, seconds=60)
    async with asyncio.timeout(60):  # the list follows the log
        while not (found := await conversations(api(gateway))):
            await asyncio.sleep(0.1)
    (talk,) = found
    assert [entry["kind"] for entry in talk["entries"]] == ["message", "message", "note"]
    assert "5.1.1" in talk["entries"][2]["text"]
    post.send("Is anybody there?", subject="Again", sender=ANN)
    await post.gets(1)
    assert await gateway.stop() == 0


@pytest.mark.slow
async def test_several_mailboxes_are_served_at_once_and_answer_as_themselves(
    post: Post, home: Path, start: Start
) -> None:
    gateway = await start(home / "data", **post.settings(None, HELP, SALES)).ready()
    for box in (HELP, SALES):
        post.send(f"A question to {box}?", to=box, subject=box)
    answers = await post.gets(2)
    assert {mail["From"].addresses[0].addr_spec for mail in answers} == {HELP, SALES}
    assert all(mail["From"].addresses[0].addr_spec in body_of(mail) for mail in answers)
    assert await gateway.stop() == 0
