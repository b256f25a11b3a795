"""Hours of the desk: weekdays, holidays, nights, changes of the clock."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from pydantic import ValidationError

from core.escalation.hours import Hours

WEEK = Hours(zone="Europe/Prague", friday="08:00-12:00, 13:00-17:00", monday="22:00-02:00")


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        (datetime(2026, 7, 3, 6, 30, tzinfo=UTC), True),  # a Friday, 08:30 in Prague
        (datetime(2026, 7, 3, 10, 30, tzinfo=UTC), False),  # lunch
        (datetime(2026, 7, 3, 14, 59, tzinfo=UTC), True),
        (datetime(2026, 7, 3, 15, 0, tzinfo=UTC), False),
        (datetime(2026, 1, 2, 7, 30, tzinfo=UTC), True),  # winter: 08:30
        (datetime(2026, 7, 6, 20, 30, tzinfo=UTC), True),  # Monday night
    ],
)
def test_hours_are_those_of_the_zone(moment: datetime, is_open: bool) -> None:
    assert WEEK.is_open(moment) is is_open


def test_the_next_opening_is_found_over_days_and_holidays() -> None:
    hours = WEEK.model_copy(update={"holidays": (date(2026, 7, 6),)})
    opens = hours.next_open(datetime(2026, 7, 4, tzinfo=UTC))
    assert opens is not None
    assert opens.astimezone(UTC) == datetime(2026, 7, 10, 6, 0, tzinfo=UTC)


def test_a_desk_without_hours_is_always_open() -> None:
    moment = datetime(2026, 7, 5, 3, 0, tzinfo=UTC)
    assert Hours().is_open(moment)
    assert Hours().next_open(moment) == moment


def test_a_desk_that_never_opens_promises_nothing() -> None:
    days = tuple(date(2026, 7, day) for day in range(1, 32))
    hours = Hours(monday="08:00-09:00", holidays=days)
    assert hours.next_open(datetime(2026, 7, 1, tzinfo=UTC)) is None


@pytest.mark.parametrize(
    "bad", [{"zone": "Moon/Base"}, {"monday": "8 to 9"}, {"monday": "25:00-26:00"}]
)
def test_broken_hours_are_refused(bad: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Hours.model_validate(bad)


def test_the_hours_past_midnight_belong_to_the_day_they_began_on() -> None:
    assert WEEK.is_open(datetime(2026, 7, 6, 23, 30, tzinfo=UTC))  # Tuesday 01:30 in Prague
    assert not WEEK.is_open(datetime(2026, 7, 7, 0, 0, tzinfo=UTC))


def test_a_holiday_is_of_one_year_or_of_every_year() -> None:
    hours = Hours(friday="08:00-12:00", holidays=["12-25", "2026-07-03"])  # type: ignore[arg-type]
    assert not hours.is_open(datetime(2026, 12, 25, 9, 0, tzinfo=UTC))  # a Friday
    assert not hours.is_open(datetime(2026, 7, 3, 9, 0, tzinfo=UTC))
    assert hours.is_open(datetime(2026, 7, 10, 9, 0, tzinfo=UTC))
    opens = hours.next_open(datetime(2026, 12, 19, 0, 0, tzinfo=UTC))
    assert opens == datetime(2027, 1, 1, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize("bad", ["13-01", "02-30", "25 December", 12, "2026-02-30"])
def test_a_holiday_that_is_no_day_is_refused(bad: object) -> None:
    with pytest.raises(ValidationError):
        Hours.model_validate({"holidays": [bad]})


@pytest.mark.parametrize(
    ("since", "minutes", "until"),
    [
        (datetime(2026, 7, 3, 9, 0, tzinfo=UTC), 30, datetime(2026, 7, 3, 9, 30, tzinfo=UTC)),
        # Over lunch, and on to Monday night.
        (datetime(2026, 7, 3, 9, 50, tzinfo=UTC), 30, datetime(2026, 7, 3, 11, 20, tzinfo=UTC)),
        (datetime(2026, 7, 3, 14, 50, tzinfo=UTC), 30, datetime(2026, 7, 6, 20, 20, tzinfo=UTC)),
        # Asked on Sunday: the clock begins when the desk opens.
        (datetime(2026, 7, 5, 9, 0, tzinfo=UTC), 5, datetime(2026, 7, 6, 20, 5, tzinfo=UTC)),
    ],
)
def test_open_minutes_are_counted_over_breaks_and_nights(
    since: datetime, minutes: float, until: datetime
) -> None:
    assert WEEK.add(since, minutes) == until
    assert WEEK.minutes_between(since, until) == minutes


def test_a_desk_that_never_opens_counts_no_minutes() -> None:
    days = [f"{month:02d}-{day:02d}" for month in range(1, 13) for day in range(1, 29)]
    days += ["01-29", "01-30", "01-31", *(f"{m:02d}-{d}" for m in range(3, 13) for d in (29, 30))]
    days += [f"{month:02d}-31" for month in (3, 5, 7, 8, 10, 12)]
    hours = Hours.model_validate({"monday": "08:00-09:00", "holidays": days})
    assert hours.add(datetime(2026, 7, 1, tzinfo=UTC), 1) is None


def test_when_the_desk_closes_is_known_while_it_is_open() -> None:
    noon = datetime(2026, 7, 3, 9, 0, tzinfo=UTC)
    assert WEEK.next_close(noon) == datetime(2026, 7, 3, 10, 0, tzinfo=UTC)
    assert WEEK.next_close(datetime(2026, 7, 3, 10, 30, tzinfo=UTC)) is None
    assert Hours().next_close(noon) is None
    joined = Hours(friday="08:00-10:00, 10:00-17:00")
    assert joined.next_close(noon) == datetime(2026, 7, 3, 17, 0, tzinfo=UTC)
