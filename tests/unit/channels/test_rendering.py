"""Fitting an entry to what a channel can carry."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.base import Capabilities
from channels.rendering import Piece, choose_button, number_buttons, render, split_text
from core.errors import UnsupportedContent
from core.ids import EntryId
from core.messages import Author, Button, Buttons, Entry

CHOICES = (Button(label="Yes", value="y"), Button(label="No, thanks", value="n"))


def entry(text: str, *, buttons: tuple[Button, ...] = ()) -> Entry:
    return Entry(
        id=EntryId("e"), seq=1, at=datetime(2026, 1, 1, tzinfo=UTC), author=Author(role="ai"),
        text=text, parts=(Buttons(buttons=buttons),) if buttons else (),
    )  # fmt: skip


def test_what_fits_is_one_piece_with_its_buttons() -> None:
    able = Capabilities(max_text=100, buttons=3)
    assert render(entry("Shall I?", buttons=CHOICES), able) == [Piece("Shall I?", CHOICES)]


def test_buttons_that_a_channel_cannot_show_become_numbered_lines() -> None:
    pieces = render(entry("Shall I?", buttons=CHOICES), Capabilities(max_text=100))
    assert pieces == [Piece("Shall I?\n\n1. Yes\n2. No, thanks")]


def test_only_the_last_piece_has_the_buttons() -> None:
    pieces = render(entry("One. " * 10, buttons=CHOICES), Capabilities(max_text=20, buttons=2))
    assert [bool(piece.buttons) for piece in pieces] == [False] * (len(pieces) - 1) + [True]


def test_an_entry_with_nothing_to_show_is_refused_and_not_dropped_in_silence() -> None:
    with pytest.raises(UnsupportedContent):
        render(entry(" "), Capabilities(max_text=100))


def test_choices_alone_are_lines_without_a_gap_above() -> None:
    assert number_buttons("", CHOICES) == "1. Yes\n2. No, thanks"


@pytest.mark.parametrize(
    ("said", "value"),
    [("1", "y"), ("2.", "n"), (" 2) ", "n"), ("no, THANKS", "n"), ("0", None), ("3", None),
     ("99999", None), ("maybe", None), ("²", None)],
)  # fmt: skip
def test_a_numbered_choice_is_understood(said: str, value: str | None) -> None:
    chosen = choose_button(said, CHOICES)
    assert (chosen.value if chosen else None) == value


def test_a_cut_is_made_at_the_best_border() -> None:
    assert split_text("one two\n\nthree four", 12) == ["one two", "three four"]
    assert split_text("one two\nthree four", 12) == ["one two", "three four"]
    assert split_text("One two. Three four", 12) == ["One two.", "Three four"]
    assert split_text("one two three", 9) == ["one two", "three"]


@pytest.mark.parametrize("grapheme", ["👩‍👩‍👧‍👦", "👍🏽", "🇨🇿", "é", "क्षि", "❤️"])
def test_a_cut_does_not_tear_a_visible_character(grapheme: str) -> None:
    pieces = split_text(grapheme * 20, 31)
    assert "".join(pieces) == grapheme * 20
    assert all(len(piece) % len(grapheme) == 0 for piece in pieces)


@given(st.text(max_size=400), st.integers(min_value=1, max_value=50))
def test_nothing_but_white_space_is_lost_and_no_piece_is_too_long(text: str, most: int) -> None:
    pieces = split_text(text, most)
    assert all(0 < len(piece) <= most for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())
