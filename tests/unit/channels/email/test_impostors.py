"""Mails of somebody who would like to be Jan: none of them is, and none gets into what is his."""

from __future__ import annotations

import pytest

from channels.base import Arrival
from channels.email.decode import decode
from channels.email.parsing import parse_mail
from channels.email.threads import make_message_id
from core.conversation import Head
from core.identity.claims import shown_by
from core.ids import ConversationId
from tests.unit.channels.email.mails import RULES
from tests.unit.core.memory.long_talks import entry

JAN = "jan@customer.example"
SECRET = "s" * 32
TALK = ConversationId("cv_07_" + "AbCdEfGhIjKlMnOpQrStUw")
OURS = make_message_id(TALK, 5, JAN, domain="shop.example", secret=SECRET)
PASSED = (
    "mx.shop.example; dmarc=pass header.from=customer.example; dkim=pass header.d=customer.example"
)
THREAD = f"In-Reply-To: <{OURS}>\nReferences: <{OURS}>"

IMPOSTORS = {
    "a bare From": f"From: {JAN}",
    "denied by its domain": f"From: {JAN}\n{THREAD}\nAuthentication-Results: mx.shop.example; "
    "dmarc=fail header.from=customer.example",
    "results of another receiver": f"From: {JAN}\nAuthentication-Results: "
    + PASSED.replace("mx.shop", "mx.evil"),
    "results below those of our receiver": f"From: {JAN}\nAuthentication-Results: "
    f"mx.shop.example; dmarc=fail header.from=customer.example\nAuthentication-Results: {PASSED}",
    "results for another domain": f"From: {JAN}\nAuthentication-Results: "
    + PASSED.replace("customer.example", "evil.example"),
    "two From lines": f"From: eve@evil.example\nFrom: {JAN}\nAuthentication-Results: {PASSED}",
    "answers go to him": f"From: eve@evil.example\nReply-To: {JAN}\n{THREAD}",
    "into our form": f"From: web@shop.example\nReply-To: {JAN}\n{THREAD}\nAuthentication-Results: "
    "mx.shop.example; dmarc=pass header.from=shop.example",
    "his address as a name": f'From: "{JAN}" <eve@evil.example>\n{THREAD}',
    "a look-alike domain": f"From: jan@cust0mer.example\n{THREAD}",
    "a look-alike letter": f"From: j\u0430n@customer.example\n{THREAD}",
    "a domain above his": f"From: jan@customer.example.evil.example\n{THREAD}",
    "a group": f"From: {JAN}: eve@evil.example;\n{THREAD}",
    "a guessed thread": f"From: {JAN}\nIn-Reply-To: <{OURS.replace('.5.', '.6.')}>",
    "a number in the subject": f"From: {JAN}\nSubject: Re: [#123] [{TALK}]",
}


def arrive(headers: str) -> Arrival | None:
    head = f"To: help@shop.example\nMessage-ID: <m9@evil.example>\n{headers}\n\nMy order?\n"
    mail = parse_mail(head.encode(), RULES)
    got = decode(mail, account="help@shop.example", secret=SECRET, rules=RULES)
    return got if isinstance(got, Arrival) else None


def test_jan_himself_gets_in() -> None:
    got = arrive(f"From: {JAN}\n{THREAD}\nAuthentication-Results: {PASSED}")
    assert got is not None
    assert (got.conversation, got.contact, got.level) == (TALK, JAN, 1)


@pytest.mark.parametrize("name", IMPOSTORS)
def test_who_only_looks_like_jan_is_not_taken_for_him(name: str) -> None:
    got = arrive(IMPOSTORS[name])
    if got is None:
        return
    assert got.conversation is None
    assert got.level == 0 or got.contact != JAN
    # What such a conversation shows is kept apart from his proved identity.
    first = entry(1, "customer", "My order?")
    head = Head(
        id=TALK, contact=got.contact, level=got.level, address=got.address,
        created_at=first.at, updated_at=first.at,
    )  # fmt: skip
    assert f"email::{JAN}" not in {one.key for one in shown_by(head)}
