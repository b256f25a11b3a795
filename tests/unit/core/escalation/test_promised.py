"""When promises are due, in five languages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.escalation.deeds import Promise
from core.escalation.hours import Hours
from core.escalation.promised import due_of

DAY = "09:00-17:30"
WEEK = Hours(
    zone="Europe/Prague", monday=DAY, tuesday=DAY, wednesday=DAY, thursday=DAY, friday="09:00-15:00"
)
SAID = datetime(2026, 7, 1, 8, 30, tzinfo=UTC)  # a Wednesday, 10:30 in Prague


def due(text: str, *, hours: Hours = WEEK, at: datetime = SAID) -> datetime:
    promise = Promise(number=1, seq=1, at=at, text=text)
    return due_of(promise, hours, default_hours=24)


def prague(day: int, hour: int, minute: int = 0, month: int = 7) -> datetime:
    return datetime(2026, month, day, hour - 2, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("We will call you tomorrow at 14:00.", prague(2, 14)),
        ("I will call you at 4 pm.", prague(1, 16)),
        ("I will call you tomorrow at 9 am.", prague(2, 9)),
        ("We will call you at 9:15.", prague(2, 9, 15)),  # 9:15 of today is over
        ("We will write by Friday.", prague(3, 15)),  # the end of that working day
        ("We will write on Wednesday.", prague(8, 17, 30)),  # not today's
        ("You will receive it on 14 July.", prague(14, 17, 30)),
        ("You will hear from us within 2 hours.", prague(1, 12, 30)),
        ("We will do it in 3 days.", prague(4, 10, 30)),
        ("We will do it within 3 working days.", prague(6, 10, 30)),
        ("We will look at it on Saturday.", prague(4, 17)),  # nobody is there: in the evening
        ("We will send it by the end of the week.", prague(3, 15)),
        ("We will send it by the end of the month.", prague(31, 15)),
        ("Ozveme se zítra v 10 hodin.", prague(2, 10)),
        ("Pošleme to do 2 hodin.", prague(1, 12, 30)),
        ("Zavolám vám v pátek.", prague(3, 15)),
        ("Peníze vrátíme do 5 pracovních dnů.", prague(8, 10, 30)),
        ("Мы свяжемся с вами завтра в 10 часов.", prague(2, 10)),
        ("Мы пришлём это в течение 3 дней.", prague(4, 10, 30)),
        ("Wir melden uns morgen um 9 Uhr.", prague(2, 9)),
        ("Wir melden uns bis Freitag.", prague(3, 15)),
        ("Ich schicke es innerhalb von 2 Stunden.", prague(1, 12, 30)),
        ("Le llamaremos mañana a las 11.", prague(2, 11)),
        ("Le avisaremos en 3 días.", prague(4, 10, 30)),
        ("Le llamaremos el viernes.", prague(3, 15)),
    ],
)
def test_a_promise_is_due_at_the_time_it_names(text: str, expected: datetime) -> None:
    assert due(text) == expected


@pytest.mark.parametrize("text", ["I will check it.", "We will call you back.", "Ozveme se."])
def test_a_promise_without_a_time_is_due_after_the_default(text: str) -> None:
    assert due(text) == SAID + timedelta(hours=24)


def test_a_date_without_a_year_is_the_next_one() -> None:
    new_year = datetime(2026, 12, 30, 9, 0, tzinfo=UTC)
    assert due("We will call on 7 January.", at=new_year).date().isoformat() == "2027-01-07"


def test_a_desk_without_hours_goes_home_in_the_evening() -> None:
    assert due("We will write on Friday.", hours=Hours()) == datetime(2026, 7, 3, 17, tzinfo=UTC)


_PIECES = (
    "We will call tomorrow Friday at 10:30 25:99 4 pm in 999 days 31.2. 30/02 29 February end of "
    "the month 2025 завтра v 10 hodin morgen um 9 Uhr 0 hours 12/13/14 99 pm"
)
_WORDS = st.lists(st.sampled_from(_PIECES.split()), max_size=14).map(" ".join)


@given(_WORDS)
def test_whatever_is_said_is_due_after_it_was_said_and_within_a_year_or_so(text: str) -> None:
    assert SAID < due(text) <= SAID + timedelta(days=400)
