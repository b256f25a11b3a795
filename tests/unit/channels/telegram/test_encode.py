from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from channels.telegram.encode import Parcel, Words, encode, preview_text
from channels.telegram.sending import without_preview
from core.choices import full_value, short_value
from core.errors import UnsupportedContent
from core.ids import EntryId
from core.messages import Attachment, Author, Button, Buttons, Citation, Entry


def entry(text: str = "", **content: Any) -> Entry:
    fixed = {"id": EntryId("e1"), "author": Author(role="ai"), "seq": 2, "at": datetime.now(UTC)}
    return Entry.model_validate({**fixed, "text": text, **content})


def words(text: str = "", **content: Any) -> Words:
    (made,) = encode(entry(text, **content))
    assert isinstance(made, Words)
    return made


def marked(made: Words) -> list[tuple[str, str]]:
    """What each entity covers, by Telegram's own counting."""
    raw = made.text.encode("utf-16-le")
    return [
        (e.type, raw[e.offset * 2 : (e.offset + e.length) * 2].decode("utf-16-le"))
        for e in made.entities
    ]


@pytest.mark.parametrize(
    ("text", "plain", "entities"),
    [
        ("Plain.", "Plain.", []),
        ("A **bold** word", "A bold word", [("bold", "bold")]),
        ("🎉👨‍👩‍👧 **bold** 🎉", "🎉👨‍👩‍👧 bold 🎉", [("bold", "bold")]),
        ("Use `code` *so*", "Use code so", [("code", "code"), ("italic", "so")]),
        ("```py\nx = 1\n```", "x = 1", [("pre", "x = 1")]),
        ("[here](https://shop.example/a)", "here", [("text_link", "here")]),
        ("https://shop.example/a", "https://shop.example/a", []),
        ("[write us](mailto:help@shop.example) **now**",
         "write us (help@shop.example) now", [("bold", "now")]),
        ("<b>not bold</b> _ * [", "<b>not bold</b> _ * [", []),
        ("- one\n- two", "• one\n• two", []),
    ],
)  # fmt: skip
def test_marks_stand_beside_the_text(text: str, plain: str, entities: list[Any]) -> None:
    made = words(text)
    assert made.text == plain
    assert marked(made) == entities


def test_a_long_text_is_cut_by_telegrams_own_counting() -> None:
    pieces = encode(entry("🎉" * 3000))
    lengths = [len(p.text.encode("utf-16-le")) // 2 for p in pieces if isinstance(p, Words)]
    assert lengths == [4096, 1904]


def test_only_the_last_piece_has_the_buttons() -> None:
    row = Buttons(buttons=(Button(label="Yes", value="human"),))
    first, last = encode(entry("Word. " * 1000, parts=(row,)))
    assert isinstance(first, Words) and first.keyboard is None
    assert isinstance(last, Words) and last.keyboard is not None


def test_a_value_too_long_for_a_button_is_a_mark_that_finds_it_again() -> None:
    long = "topic:" + "ž" * 60
    made = words("Which?", parts=(Buttons(buttons=(Button(label="It", value=long),)),))
    assert made.keyboard is not None
    data = made.keyboard.inline_keyboard[0][0].callback_data or ""
    assert len(data.encode()) <= 64
    shown = entry("Which?", parts=(Buttons(buttons=(Button(label="It", value=long),)),))
    assert full_value(data, [shown]) == long
    assert full_value(data, []) == data
    assert full_value("human", [shown]) == "human"
    assert short_value("~forged", 64) != "~forged"


def test_sources_are_links_under_the_answer() -> None:
    source = Citation(
        document="d", title="Returns", url="https://shop.example/r", span="x", score=1
    )
    made = words("Thirty days.", citations=(source,))
    assert made.text == "Thirty days.\n\n↗\n• Returns"
    assert marked(made) == [("text_link", "Returns")]


def test_files_come_behind_the_text_and_pictures_as_such() -> None:
    photo = Attachment(name="a.png", media_type="image/png", size=5, id="f1")
    big = Attachment(name="b.png", media_type="image/png", size=11_000_000, id="f2")
    paper = Attachment(name="c.pdf", media_type="application/pdf", size=5, id="f3")
    made = encode(entry("Here.", attachments=(photo, big, paper)))
    assert isinstance(made[0], Words)
    assert [(p.file.name, p.is_photo) for p in made if isinstance(p, Parcel)] == [
        ("a.png", True), ("b.png", False), ("c.pdf", False),
    ]  # fmt: skip


def test_a_file_too_big_for_telegram_is_a_link() -> None:
    film = Attachment(name="film.mp4", media_type="video/mp4", size=60_000_000, id="f1")
    (made,) = encode(entry("Here.", attachments=(film,)), link=lambda _: "https://f.example/1")
    assert isinstance(made, Words) and "https://f.example/1" in made.text


def test_nothing_to_show_is_said() -> None:
    with pytest.raises(UnsupportedContent):
        encode(entry(""))


def test_a_preview_is_one_message() -> None:
    assert len(preview_text("Word. " * 2000)) <= 4096
    assert preview_text("  ") == ""


@pytest.mark.parametrize("text", ["See shop.example", "https://shop.example", "http://localhost"])
def test_what_may_be_a_link_is_not_previewed(text: str) -> None:
    assert without_preview(text) is not None


@pytest.mark.parametrize("text", ["We open at 08:00 (Prague).", "Thank you. Bye!", "Choose: this"])
def test_where_no_link_can_be_nothing_is_said_of_previews(text: str) -> None:
    assert without_preview(text) is None
