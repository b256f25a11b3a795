"""How an answer is written: safe headers, plain text first, the same bytes each time."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.email.encode import Sender, encode, message_id_of, pieces_of
from channels.email.mail import MailRules, ThreadState
from channels.email.parsing import parse_mail
from channels.email.threads import find_proof
from core.errors import PermanentDeliveryError
from core.ids import ConversationId, EntryId
from core.messages import (
    Address,
    Attachment,
    Author,
    Button,
    Buttons,
    Citation,
    Entry,
    Outbound,
)  # fmt: skip

SENDER = Sender("help@shop.example", "Příklad s.r.o.", "a secret")
STATE = ThreadState(
    subject="Re: Dotaz", last_id="m2@x.example", references=("m1@x.example", "m2@x.example")
)
AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def an_answer(
    text: str = "Hello", *, chat: str = "jan@customer.example", **more: object
) -> Outbound:
    fields = {
        "id": EntryId("cv:5"), "author": Author(role="ai"), "text": text, "seq": 5, "at": AT,
        **more,
    }  # fmt: skip
    return Outbound(
        conversation=ConversationId("cv_07_AbCdEfGhIjKlMnOpQrStUw"),
        to=Address(channel="email", account="help@shop.example", chat=chat, thread="m1@x.example"),
        entry=Entry.model_validate(fields),
    )


def write(
    message: Outbound, state: ThreadState = STATE, sender: Sender = SENDER,
    files: tuple[tuple[Attachment, bytes], ...] = (),
) -> bytes:  # fmt: skip
    return encode(message, state, sender, pieces_of(message), files)


def read(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw, policy=default)


def test_an_answer_is_plain_text_first_and_continues_its_thread() -> None:
    mail = read(write(an_answer("See **this** <b>")))

    assert mail["From"].addresses[0].display_name == "Příklad s.r.o."
    assert (mail["To"], mail["Subject"]) == ("jan@customer.example", "Re: Dotaz")
    assert mail["In-Reply-To"] == "<m2@x.example>"
    assert mail["References"].split() == ["<m1@x.example>", "<m2@x.example>"]
    plain, rich = list(mail.iter_parts())
    assert (plain.get_content_type(), rich.get_content_type()) == ("text/plain", "text/html")
    assert plain.get_content().strip() == "See this <b>"
    assert "See <b>this</b> &lt;b&gt;" in rich.get_content()


def test_a_machines_answer_says_so_and_a_persons_does_not() -> None:
    machine = read(write(an_answer()))
    person = read(write(an_answer(author=Author(role="human_agent", name="Eva"))))

    assert machine["Auto-Submitted"] == "auto-replied"
    assert machine["X-Auto-Response-Suppress"] == "All"
    assert person["Auto-Submitted"] is None
    assert person["From"].addresses[0].display_name == "Eva"
    assert not any(name.lower().startswith("list-") for name in machine)


def test_what_nobody_asked_for_is_generated() -> None:
    mail = read(write(an_answer(), ThreadState()))

    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["In-Reply-To"] is None


def test_the_same_message_is_the_same_bytes() -> None:
    file = (Attachment(name="a.pdf", media_type="application/pdf", size=3, id="f"), b"pdf")

    assert write(an_answer(), files=(file,)) == write(an_answer(), files=(file,))


def test_buttons_and_sources_are_lines() -> None:
    buttons = (Button(label="Yes", value="y"), Button(label="No", value="n"))
    source = Citation(document="d", title="Help", url="https://x.example/h", span="s", score=1)
    raw = write(an_answer(parts=(Buttons(buttons=buttons),), citations=(source,)))
    plain = read(raw).get_body(("plain",))
    assert plain is not None
    text = plain.get_content()

    assert "1. Yes" in text and "2. No" in text
    assert "Help (https://x.example/h)" in text


def test_files_are_attached_under_harmless_names() -> None:
    files = (
        (
            Attachment(name="../faktura č. 1.pdf", media_type="application/pdf", size=3, id="a"),
            b"pdf",
        ),
        (Attachment(name="m\r\nX: y", media_type="message/rfc822", size=3, id="b"), b"eml"),
    )
    sent = list(read(write(an_answer(), files=files)).iter_attachments())

    assert [one.get_filename() for one in sent] == ["faktura č. 1.pdf", "m X_ y"]
    assert sent[1].get_content_type() == "application/octet-stream"
    assert [one.get_content() for one in sent] == [b"pdf", b"eml"]


def test_a_reply_to_what_we_sent_comes_home() -> None:
    sender = Sender("help@shop.example", "", "a secret", reply_token=True)
    message = an_answer()
    mail = read(write(message, sender=sender))
    by_id = f"From: jan@customer.example\nIn-Reply-To: {mail['Message-ID']}\n\nx"
    by_address = f"From: jan@customer.example\nTo: {mail['Reply-To']}\n\nx"

    for raw in (by_id, by_address):
        proof = find_proof(parse_mail(raw.encode(), MailRules()), secret="a secret")
        assert proof is not None and proof.conversation == message.conversation
    assert mail["Message-ID"] == f"<{message_id_of(message, sender)}>"


def test_nobody_is_written_to_at_what_is_no_address() -> None:
    for chat in (
        "",
        "jan",
        "a@b.example\r\nBcc: c@d.example",
        "a@b.example, c@d.example",
        "<a@b.example>",
    ):
        with pytest.raises(PermanentDeliveryError):
            write(an_answer(chat=chat))


def test_long_ids_are_not_folded_into_words() -> None:
    long = "x" * 200 + "@mail.customer.example"
    raw = write(an_answer(), ThreadState(subject="x", last_id=long, references=(long,)))

    assert f"In-Reply-To: <{long}>".encode() in raw
    assert b"=?" not in raw.split(b"\r\n\r\n")[0].split(b"In-Reply-To")[1]


# Whatever anybody writes, and above all what could end a line, a word or a quote.
_BREAKERS = '\r\n\t :;,<>@()"\\=?_aB\x00\x0b'
anything = st.one_of(
    st.text(st.sampled_from(_BREAKERS), max_size=60),
    st.text(st.sampled_from(_BREAKERS + "é\u2028\u0085"), max_size=60),
    st.text(max_size=300),
)


@given(text=anything, subject=anything, name=anything, reference=anything, filename=anything)
def test_nothing_that_is_said_becomes_a_header(
    text: str, subject: str, name: str, reference: str, filename: str
) -> None:
    message = an_answer(f"a {text}", author=Author(role="human_agent", name=name))
    state = ThreadState(subject=subject, last_id=reference, references=(reference,))
    file = (Attachment(name=filename, media_type="image/png", size=1, id="f"), b"x")
    raw = write(message, state, files=(file,))
    head, _, _ = raw.partition(b"\r\n\r\n")

    assert b"\n" not in raw.replace(b"\r\n", b"") and b"\r" not in raw.replace(b"\r\n", b"")
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    names = {
        line.partition(b":")[0].lower() for line in head.split(b"\r\n") if line[:1] not in b" \t"
    }
    assert names <= {
        b"from", b"to", b"subject", b"date", b"message-id", b"in-reply-to", b"references",
        b"mime-version", b"content-type",
    }  # fmt: skip
    back = parse_mail(raw, MailRules())
    assert back.from_address == "help@shop.example"
    assert back.message_id == message_id_of(message, SENDER)


@given(
    text=st.text(
        alphabet=st.characters(codec="utf-8", categories=("L", "N", "P", "Zs")), max_size=400
    )
)
def test_what_is_written_is_read_again(text: str) -> None:
    message = an_answer(f"start {text} end")
    said = "\n\n".join(piece.text for piece in pieces_of(message))
    back = parse_mail(write(message), MailRules())

    assert " ".join(back.full_text.split()) == " ".join(parse_mail(
        b"Content-Type: text/plain; charset=utf-8\n\n" + said.encode(), MailRules()
    ).full_text.split())  # fmt: skip
