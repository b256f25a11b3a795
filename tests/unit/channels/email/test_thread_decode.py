"""To which conversation a mail goes, and as whom."""

from __future__ import annotations

import pytest

from channels.base import Arrival
from channels.email.decode import decode
from channels.email.mail import Bounce, Ignored, ParsedMail
from channels.email.parsing import parse_mail, unreadable
from channels.email.threads import find_proof, make_message_id, make_reply_address, state_after
from core.ids import ConversationId
from tests.unit.channels.email.mails import RULES

SECRET = "a secret of the house"
CONVERSATION = ConversationId("cv_07_AbCdEfGhIjKlMnOpQrStUw")
OTHER = ConversationId("cv_03_ZZCdEfGhIjKlMnOpQrStUw")
JAN = "jan@customer.example"
OURS = make_message_id(CONVERSATION, 5, JAN, domain="shop.example", secret=SECRET)


def a_mail(**changes: object) -> ParsedMail:
    fields = {
        "digest": "d1", "message_id": "m1@customer.example", "from_address": JAN,
        "to": ("help@shop.example",), "subject": "Question", "text": "Hello",
    }  # fmt: skip
    return ParsedMail.model_validate({**fields, **changes})


def arrive(mail: ParsedMail, account: str = "help@shop.example") -> Arrival:
    got = decode(mail, account=account, secret=SECRET, rules=RULES)
    assert isinstance(got, Arrival)
    return got


def test_a_new_mail_begins_a_thread_of_its_sender() -> None:
    got = arrive(a_mail())

    assert got.id == "email:help@shop.example:m1@customer.example"
    assert (got.address.chat, got.address.thread) == (JAN, "m1@customer.example")
    assert got.conversation is None
    assert got.text == "Question\n\nHello"
    assert got.level == 0


def test_the_same_subject_is_another_thread() -> None:
    one, other = arrive(a_mail()), arrive(a_mail(message_id="m2@customer.example"))

    assert one.address != other.address


def test_a_reply_to_ours_proves_its_conversation() -> None:
    got = arrive(a_mail(in_reply_to=OURS, references=("m0@customer.example", OURS)))

    assert got.conversation == CONVERSATION
    assert got.reply_to == f"email:help@shop.example:{OURS}"
    assert got.address.thread == "m0@customer.example"


def test_a_reference_proves_it_too_when_the_answered_mail_is_another() -> None:
    got = arrive(a_mail(in_reply_to="m9@customer.example", references=("m0@x.example", OURS)))

    assert got.conversation == CONVERSATION


def test_a_reply_from_another_sender_is_a_conversation_of_theirs() -> None:
    got = arrive(a_mail(from_address="eve@evil.example", in_reply_to=OURS, references=(OURS,)))

    assert got.conversation is None
    assert got.address.chat == got.contact == "eve@evil.example"
    assert got.level == 0


def test_a_forged_id_opens_nothing() -> None:
    for forged in (
        OURS.replace("AbCd", "ZbCd"),
        OURS.replace(".5.", ".6."),
        OURS.replace("sb.", "xx."),
        f"sb.{OTHER}.5.{'a' * 16}@shop.example",
        make_message_id(CONVERSATION, 5, JAN, domain="shop.example", secret="another secret"),
    ):
        assert arrive(a_mail(in_reply_to=forged)).conversation is None, forged


def test_a_denied_sender_never_meets_the_real_one() -> None:
    real = arrive(a_mail(in_reply_to=OURS, references=(OURS,), authenticity="pass"))
    forged = arrive(a_mail(in_reply_to=OURS, references=(OURS,), authenticity="fail"))

    assert (real.conversation, real.level, real.contact) == (CONVERSATION, 1, JAN)
    assert (forged.conversation, forged.level, forged.contact) == (None, 0, None)
    assert forged.address != real.address


def test_the_signed_reply_address_proves_it_in_any_case_of_letters() -> None:
    address = make_reply_address("help@shop.example", CONVERSATION, JAN, secret=SECRET)

    assert len(address.partition("@")[0]) <= 64
    for written in (address, address.lower(), address.upper()):
        proof = find_proof(a_mail(to=(written,)), secret=SECRET)
        assert proof is not None and proof.conversation == CONVERSATION
    assert find_proof(a_mail(to=(address,), from_address="eve@x.example"), secret=SECRET) is None
    swapped = address.replace("+07", "+08")
    assert find_proof(a_mail(to=(swapped,)), secret=SECRET) is None


def test_a_long_mailbox_name_has_no_signed_address() -> None:
    address = f"{'x' * 40}@shop.example"

    assert make_reply_address(address, CONVERSATION, JAN, secret=SECRET) == address


def test_a_bounce_finds_the_conversation_of_what_bounced() -> None:
    bounce = Bounce(recipient=JAN, status="5.1.1", permanent=True, original_id=OURS)
    got = arrive(a_mail(from_address="mailer-daemon@mx.example", bounce=bounce))

    assert got.conversation == CONVERSATION


def test_what_has_no_id_is_named_by_its_content() -> None:
    one, other = arrive(a_mail(message_id="")), arrive(a_mail(message_id="", digest="d2"))

    assert one.id != other.id


def test_a_mail_to_two_of_our_mailboxes_is_taken_by_the_first() -> None:
    mail = a_mail(to=("sales@shop.example", "help@shop.example"))
    got = decode(mail, account="help@shop.example", secret=SECRET, rules=RULES)

    assert got == Ignored(reason="it is for sales@shop.example")
    assert arrive(mail, "sales@shop.example").text


def test_nothing_is_ignored_with_a_reason() -> None:
    for mail in (a_mail(from_address=""), a_mail(text="", subject="")):
        got = decode(mail, account="help@shop.example", secret=SECRET, rules=RULES)
        assert isinstance(got, Ignored)


def test_the_state_of_a_long_thread_keeps_its_first_and_last_ids() -> None:
    ids = tuple(f"m{number}@x.example" for number in range(60))
    state = state_after(a_mail(references=ids))

    assert state.references[0] == "m0@x.example"
    assert state.references[-1] == state.last_id == "m1@customer.example"
    assert len(state.references) == 20


FORM = (
    b"From: Contact form <web@shop.example>\nReply-To: Jan <jan@customer.example>\n"
    b"To: help@shop.example\nSubject: Contact\nMessage-ID: <f1@shop.example>\n"
    b"Authentication-Results: mx.shop.example; dmarc=pass header.from=shop.example\n\n"
    b"Where is my order?\n"
)


@pytest.mark.parametrize(
    "mail", [parse_mail(FORM, RULES), unreadable(FORM, "too deep", RULES)], ids=["read", "unread"]
)
def test_the_visitor_of_a_form_is_answered_and_has_proved_nothing(mail: ParsedMail) -> None:
    got = arrive(mail)

    assert got.address.chat == got.contact == JAN
    assert got.author.name == "Jan"
    assert got.level == 0
