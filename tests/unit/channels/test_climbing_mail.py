"""The mail with everything that was not seen: its words, its name, its language."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path

import pytest

from channels.climbing import ClimbingSettings
from channels.climbing_mail import GroupedMail
from channels.email.encode import Sender, encode, pieces_of
from channels.email.mail import ThreadState
from core.conversation import Claim, Head
from core.identity.links import FRAGMENT, LinkTokens
from core.ids import EntryId, new_conversation_id
from core.messages import Address, Author, Entry, Outbound
from core.phrases import load_phrases

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TALK = new_conversation_id(4)
TO = Address(channel="email", account="help@shop.example", chat="eva@home.example")
LINKS = LinkTokens("s" * 32)
PHRASES = load_phrases(Path("config/phrases"))
JANA, BOT = Author(role="human_agent", name="Jana"), Author(role="ai")


def entry(seq: int, author: Author, text: str, epoch: int = 2) -> Entry:
    return Entry(id=EntryId(f"e{seq}"), seq=seq, at=NOW, author=author, text=text, epoch=epoch)


def claim(*entries: Entry, language: str = "en") -> Claim:
    head = Head(
        id=TALK, created_at=NOW, updated_at=NOW, epoch=2, address=TO, language=language,
        is_away=True,
    )  # fmt: skip
    return Claim(
        conversation=TALK, reader="customer", token=1, wake="1-0", epoch=2, attempts=1, head=head,
        entries=entries,
    )  # fmt: skip


def letter(one: Claim, page: str | None = "https://shop.example/help#top") -> Entry | None:
    return GroupedMail(PHRASES, LINKS, ClimbingSettings(page=page)).letter(one)


def test_the_mail_leaves_in_the_persons_name_with_all_words_and_a_way_back() -> None:
    made = letter(claim(entry(4, JANA, "First."), entry(5, JANA, "Second.")))
    assert made is not None
    message = Outbound(conversation=TALK, to=TO, entry=made)
    sender = Sender("help@shop.example", "Shop help", "s" * 32, reply_token=True)
    raw = encode(message, ThreadState(), sender, pieces_of(message, PHRASES))
    mail = message_from_bytes(raw, policy=SMTP)
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "Jana" in str(mail["From"]) and str(mail["Subject"]) == "Shop help"
    assert "+" in str(mail["Reply-To"]), "an answer by mail finds the conversation"
    assert "First." in text and "Second." in text
    token = text.split(f"https://shop.example/help#{FRAGMENT}")[1].split()[0]
    assert LINKS.conversation_of(token) == TALK


def test_words_of_the_ai_that_a_person_has_overtaken_stay_out() -> None:
    made = letter(claim(entry(4, BOT, "Stale.", epoch=1), entry(5, JANA, "Fresh.")))
    assert made is not None
    assert "Stale." not in made.text and (made.seq, made.author) == (5, JANA)


def test_where_only_stale_words_are_left_there_is_no_mail() -> None:
    assert letter(claim(entry(4, BOT, "Stale.", epoch=1))) is None


def test_without_a_page_there_is_no_link() -> None:
    made = letter(claim(entry(4, JANA, "First.")), page=None)
    assert made is not None and FRAGMENT not in made.text


@pytest.mark.parametrize("language", ["en", "cs", "ru", "de", "es"])
def test_the_frame_is_in_the_customers_language(language: str) -> None:
    made = letter(claim(entry(4, JANA, "First."), language=language))
    assert made is not None
    assert made.text.startswith(PHRASES.say("unseen_words", language))
    assert "{" not in made.text
