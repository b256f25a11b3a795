"""A note of the desk that opens a ticket, as it is typed and as the log has it."""

from __future__ import annotations

import pytest

from channels.desk_words import read_words
from core.tickets.numbers import is_number, number_of, read_number
from core.tickets.opening import Opening, number_of_note, read_opening


@pytest.mark.parametrize(
    "line",
    ["ticket: It leaks", "*Ticket:* It leaks", "TICKET : It leaks", "tiket: It leaks",
     "Заявка: It leaks", "тикет： It leaks"],
)  # fmt: skip
def test_it_is_a_note_and_never_words_to_the_customer(line: str) -> None:
    words = read_words(line)
    assert words.kind(all_notes=False) == "note"
    assert read_opening(words.text) == Opening("It leaks", "")


def test_the_first_line_is_the_subject_and_the_rest_the_text() -> None:
    opening = read_opening("ticket: It  leaks\n\nSince Monday.\nTwice.")
    assert opening == Opening("It leaks", "Since Monday.\nTwice.")
    long = read_opening("ticket: " + "word " * 60)
    assert long is not None
    assert (len(long.subject), long.body) == (200, ("word " * 60).strip())


@pytest.mark.parametrize(
    "line", ["ticket", "ticket:", "tickets: two", "the ticket: x", "T-7Q2MX9KD: done"]
)
def test_other_words_open_nothing(line: str) -> None:
    assert read_opening(line) is None


def test_a_number_is_readable_stable_and_taken_as_it_is_typed() -> None:
    number = number_of_note("slack:1")
    assert number == number_of_note("slack:1") != number_of_note("slack:2")
    assert is_number(f" #{number.lower()} ")
    assert read_number(f" #{number.lower()} ") == number
    assert number_of("k", 1) != number_of("k")
    assert read_number("x\x00'; --") == ""
    assert not is_number("grinder")
