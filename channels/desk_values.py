"""What the values of the desk's acts look like in the log: a return's record, the end of a rest.

Above: the desks (Socket.IO, REST). Below: `core.returning`. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from core.errors import InputError
from core.messages import format_time
from core.returning import make_return

_LONGEST_SNOOZE = timedelta(days=90)


def record_of(
    decided: str | None, promised: Sequence[str] | None, still_open: Sequence[str] | None
) -> str | None:
    """What a return leaves behind, as the log keeps it; None if nothing was said."""
    record = make_return(
        decided=decided or "", promised=promised or (), still_open=still_open or ()
    )
    return None if record.is_empty else record.dump()


def read_until(until: str | None, minutes: int | None, *, now: datetime | None = None) -> str:
    """The end of a rest as the log keeps it; empty: it rests no more. Raises `InputError`."""
    now = now or datetime.now(UTC)
    if minutes is not None:
        return format_time(now + timedelta(minutes=minutes))
    if not until:
        return ""
    try:
        end = datetime.fromisoformat(until)
    except ValueError:
        raise InputError("until must be a time such as 2030-01-31T09:30:00Z") from None
    if end.tzinfo is None:
        raise InputError("until must name its offset from UTC")
    if not now < end <= now + _LONGEST_SNOOZE:
        raise InputError("until must be within the next 90 days")
    return format_time(end)
