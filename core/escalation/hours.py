"""When people are at the desk. Above: `rules`, the turn. Below: zoneinfo. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_LOOK_AHEAD = 30  # days
_FARTHEST = 400  # days: time is counted no farther than this
_EVERY_YEAR = re.compile(r"(\d{2})-(\d{2})\Z", re.ASCII)
_LEAP_YEAR = 2024


class Hours(BaseModel):
    """Opening hours by weekday ("08:00-20:00", several with commas, empty: closed) in `zone`;
    nothing is open on `holidays`: dates of one year (2026-12-24), or of every year ("12-25").
    Without any hours the desk is always open."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    zone: str = Field(default="UTC", description="IANA name of the time zone of the hours.")
    monday: str = ""
    tuesday: str = ""
    wednesday: str = ""
    thursday: str = ""
    friday: str = ""
    saturday: str = ""
    sunday: str = ""
    holidays: tuple[date | str, ...] = ()

    @field_validator("zone")
    @classmethod
    def _zone_exists(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"there is no time zone {zone!r}") from error
        return zone

    @field_validator(*_DAYS)
    @classmethod
    def _can_be_read(cls, text: str) -> str:
        _spans(text)
        return text

    @field_validator("holidays", mode="before")
    @classmethod
    def _are_days(cls, given: Any) -> Any:
        if not isinstance(given, list | tuple):
            raise ValueError('holidays are a list of days, such as [2026-12-24, "12-25"]')
        return tuple(_holiday(item) for item in cast("list[Any]", given))

    @property
    def is_always(self) -> bool:
        """True for a desk without hours."""
        return not any(getattr(self, day) for day in _DAYS)

    def is_open(self, moment: datetime) -> bool:
        """True if somebody is at the desk at this (aware) moment."""
        if self.is_always:
            return True
        local = moment.astimezone(ZoneInfo(self.zone))
        days = (local.date() - timedelta(days=1), local.date())
        return any(start <= local < end for day in days for start, end in self._of_day(day))

    def next_open(self, moment: datetime) -> datetime | None:
        """When the desk is open next, in its own zone; the moment itself if it is open. None if it
        never opens within a month."""
        local = moment.astimezone(ZoneInfo(self.zone))
        if self.is_open(moment):
            return local
        for ahead in range(_LOOK_AHEAD):
            for start, _ in self._of_day(local.date() + timedelta(days=ahead)):
                if start > local:
                    return start
        return None

    def next_close(self, moment: datetime) -> datetime | None:
        """When it closes, if it is open now and closes at all."""
        if self.is_always or not self.is_open(moment):
            return None
        end = moment
        for start, last in self._spans_from(moment):
            if start > end:
                break
            end = max(end, last)
        return end

    def add(self, moment: datetime, minutes: float) -> datetime | None:
        """When so many minutes of open time will have passed since the moment; None if that lies
        more than a year ahead."""
        left = timedelta(minutes=minutes)
        if self.is_always:
            return moment + left
        for start, end in self._spans_from(moment):
            begin = max(start, moment)
            if begin + left <= end:
                return (begin + left).astimezone(UTC)
            left -= max(end - begin, timedelta())
        return None

    def minutes_between(self, since: datetime, until: datetime) -> float:
        """How much open time lies between."""
        if self.is_always:
            return max(0.0, (until - since).total_seconds() / 60)
        passed = timedelta()
        for start, end in self._spans_from(since):
            if start >= until:
                break
            passed += max(min(end, until) - max(start, since), timedelta())
        return passed.total_seconds() / 60

    def _spans_from(self, moment: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Open spans that end behind the moment, in order."""
        day = moment.astimezone(ZoneInfo(self.zone)).date()
        for ahead in range(-1, _FARTHEST):  # yesterday's last one may run past midnight
            for start, end in sorted(self._of_day(day + timedelta(days=ahead))):
                if end > moment:
                    yield start.astimezone(UTC), end.astimezone(UTC)

    def _is_holiday(self, day: date) -> bool:
        return day in self.holidays or day.strftime("%m-%d") in self.holidays

    def _of_day(self, day: date) -> list[tuple[datetime, datetime]]:
        """The open spans that begin on this day; one past midnight ends on the next."""
        if self._is_holiday(day):
            return []
        zone = ZoneInfo(self.zone)
        found: list[tuple[datetime, datetime]] = []
        for start, end in _spans(getattr(self, _DAYS[day.weekday()])):
            last = day if end > start else day + timedelta(days=1)
            found.append(
                (
                    datetime.combine(day, start, zone).astimezone(UTC).astimezone(zone),
                    datetime.combine(last, end, zone).astimezone(UTC).astimezone(zone),
                )
            )
        return found


def _holiday(item: Any) -> date | str:
    """A day of one year, or `MM-DD` of every year. Raises `ValueError`."""
    if isinstance(item, datetime):
        return item.date()
    if isinstance(item, date):
        return item
    match = _EVERY_YEAR.match(item) if isinstance(item, str) else None
    if match is not None:
        date(_LEAP_YEAR, int(match[1]), int(match[2]))
        return item
    try:
        return date.fromisoformat(item)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f'a holiday must be a day such as 2026-12-24 or "12-25": {item!r}'
        ) from error


def _spans(text: str) -> list[tuple[time, time]]:
    """Raises `ValueError` when it cannot be read."""
    spans: list[tuple[time, time]] = []
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        start, dash, end = part.partition("-")
        if not dash:
            raise ValueError(f'hours must look like "08:00-20:00", not {part!r}')
        closes = time(0) if end.strip() == "24:00" else time.fromisoformat(end.strip())
        spans.append((time.fromisoformat(start.strip()), closes))
    return spans
