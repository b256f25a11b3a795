"""When a promise is due: the time it names, read in five languages, else a default.

Above: `duties`. Below: `core.specialists.checks.dates`, `hours`. Pure. "On Friday" is the end of
that working day, in the zone of the desk's hours.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.escalation.deeds import Promise
from core.escalation.hours import Hours
from core.specialists.checks.dates import Ymd, find_clock, find_dates, find_relative, find_weekdays
from core.specialists.checks.folding import fold

_EVENING = time(17)
_FARTHEST = timedelta(days=400)
_WORKING = r"(?:working |business |pracovnich |рабоч\w+ )?"
_SPANS: tuple[tuple[re.Pattern[str], timedelta], ...] = tuple(
    (re.compile(rf"(?<![\d.,:])(\d{{1,3}})\s?{_WORKING}(?:{words})"), span)
    for words, span in (
        (r"min\b|minut\w*|минут\w*", timedelta(minutes=1)),
        (r"hours?\b|hrs?\b|hodin\w*|час\w*|stunden?\b|horas?\b", timedelta(hours=1)),
        (
            r"days?\b|dn[uy]\b|den\b|dni\b|дн\w+|день|(?:werk|arbeits)?tag\w*|dias?\b",
            timedelta(days=1),
        ),
        (r"weeks?\b|tydn\w*|недел\w*|wochen?\b|semanas?\b", timedelta(weeks=1)),
    )
)
# "at 10 hours" is a time of the day, "in 10 hours" is none.
_AT = re.compile(
    r"(?<![\d.,:])(\d{1,2})\s?(?P<half>a\.?m\b|p\.?m\b)"
    r"|\b(?:um|gegen|bis) (\d{1,2}) ?uhr\b|\b(?:v|ve|kolem) (\d{1,2}) ?hod\w*"
    r"|\bв (\d{1,2}) ?час\w*|\ba las (\d{1,2})\b(?!:)"
)
_PM = re.compile(r"\d\s?(?:p\.?m\b|de la tarde)")
_WORKING_DAY = re.compile(r"working|business|pracovn|рабоч|werktag|arbeitstag|habil|laborable")
_SHIFTS = {
    "tomorrow": 1, "after_tomorrow": 2, "today": 0, "next_week": 7, "next_month": 30,
    "soon_day": 2, "soon_week": 14,
}  # fmt: skip


def due_of(promise: Promise, hours: Hours, *, default_hours: float) -> datetime:
    """When it is to be kept, in UTC; never before it was made."""
    return named_due(promise, hours) or promise.at + timedelta(hours=default_hours)


def named_due(promise: Promise, hours: Hours) -> datetime | None:
    """The time that it names, if it names one."""
    start = promise.at.astimezone(ZoneInfo(hours.zone))
    found = _span(promise.text, start) or _moment(promise.text, start, hours)
    if found is None or not promise.at < found <= promise.at + _FARTHEST:
        return None
    return found.astimezone(UTC)


def _span(text: str, start: datetime) -> datetime | None:
    """ "Within two hours", "in 3 Tagen": the longest of those that are named."""
    folded = fold(text)
    if _AT.search(folded):
        return None
    if any(label == "soon_hour" for label, _ in find_relative(text)):
        return start + timedelta(hours=2)
    ends = [
        _after(start, int(match[1]), unit, folded)
        for pattern, unit in _SPANS
        for match in pattern.finditer(folded)
    ]
    return max(ends, default=None)


def _after(start: datetime, count: int, unit: timedelta, folded: str) -> datetime:
    if unit != timedelta(days=1) or not _WORKING_DAY.search(folded):
        return start + count * unit
    end = start
    while count > 0:
        end += unit
        count -= end.weekday() < 5
    return end


def _moment(text: str, start: datetime, hours: Hours) -> datetime | None:
    day, clock = _day(text, start.date()), _clock(text)
    if day is None and clock is None:
        return None
    if clock is None:
        return _end_of(day or start.date(), start, hours)
    found = datetime.combine(day or start.date(), clock, start.tzinfo)
    return found + timedelta(days=1) if day is None and found <= start else found


def _clock(text: str) -> time | None:
    folded = fold(text)
    exact = [moment for _, moment in find_clock(text)]
    whole = _AT.search(folded)
    if exact:
        hour, minute = exact[0]
    elif whole is not None:
        hour, minute = int(next(part for part in whole.groups() if part and part.isdigit())), 0
    else:
        return None
    if _PM.search(folded) and hour < 12:
        hour += 12
    return time(hour % 24, minute)


def _day(text: str, today: date) -> date | None:
    days = [day for found in find_dates(text) for day in _coming(found.readings, today)]
    if days:
        return min(days)
    if weekdays := find_weekdays(text):
        return min(today + timedelta(days=(day - today.weekday() - 1) % 7 + 1) for day in weekdays)
    for label, words in find_relative(text):
        if label in _SHIFTS:
            return today + timedelta(days=_SHIFTS[label])
        if label == "this_week":
            return _friday(today)
        if label == "end_of":
            return _end_of_period(fold(words), today)
    return None


def _coming(readings: frozenset[Ymd], today: date) -> Iterator[date]:
    """Those of the readings that lie ahead; a date without a year is the next one."""
    for year, month, day in readings:
        for chosen in (year,) if year else (today.year, today.year + 1):
            last = monthrange(chosen, month)[1]
            found = date(chosen, month, min(day or last, last))
            if found >= today:
                yield found
                break


def _friday(today: date) -> date:
    return today + timedelta(days=max(0, 4 - today.weekday()))


def _end_of_period(words: str, today: date) -> date:
    if re.search(r"week|tydn|недел|woche|semana", words):
        return _friday(today)
    if re.search(r"year|roku|год|jahr|ano", words):
        return date(today.year, 12, 31)
    return today.replace(day=monthrange(today.year, today.month)[1])


def _end_of(day: date, start: datetime, hours: Hours) -> datetime:
    """When people go home on that day; in the evening, if they are not there at all."""
    noon = datetime.combine(day, time(12), start.tzinfo)
    begins = hours.next_open(datetime.combine(day, time(0), start.tzinfo))
    if hours.is_always or begins is None or begins.date() != day:
        return datetime.combine(day, _EVENING, start.tzinfo)
    closes = hours.next_close(max(begins, noon if hours.is_open(noon) else begins))
    return closes or datetime.combine(day, _EVENING, start.tzinfo)
