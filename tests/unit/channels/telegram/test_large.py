"""What becomes of files that Telegram does not give to bots."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from channels.base import Arrival
from channels.telegram.large import without_large
from core.ids import EventId
from core.messages import Address, Attachment
from core.phrases import load_phrases

PHRASES = load_phrases(Path(__file__).parents[4] / "config" / "phrases")
BIG = Attachment(name="film.mp4", media_type="video/mp4", size=31_000_000, ref="F1")
SMALL = BIG.model_copy(update={"name": "a.txt", "size": 20_000_000})


def said(**content: Any) -> list[Arrival]:
    to = Address(channel="telegram", account="1", chat="7")
    return without_large(Arrival(id=EventId("t:1"), address=to, **content), PHRASES)


def test_words_stay_and_the_file_is_said_not_to_have_arrived() -> None:
    rest, told = said(text="It rattles.", attachments=(BIG, SMALL), contact="telegram:7")
    assert (rest.id, rest.text, rest.attachments) == ("t:1", "It rattles.", (SMALL,))
    assert (told.author.role, told.attachments, told.contact) == ("system", (), "telegram:7")
    assert "film.mp4" in told.text and "31" in told.text and "20" in told.text


@pytest.mark.parametrize("language", ["en", "cs", "ru", "de", "es"])
def test_a_file_alone_is_answered_in_the_customers_language(language: str) -> None:
    (told,) = said(text="", attachments=(BIG,), language=language)
    assert told.id != "t:1" and "{" not in told.text
    assert ("did not arrive" in told.text) == (language == "en")


def test_what_fits_is_left_alone() -> None:
    assert [one.attachments for one in said(text="", attachments=(SMALL,))] == [(SMALL,)]
