"""What every figure of the statistics is made of: one row for each hour, measure, `a` and `b`.

Above: `counting`, `timing`. Below: SQLAlchemy, in words of SQLite and PostgreSQL. Pure.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Text,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal,
    literal_column,
    select,
)

from core.archive.tables import UtcDateTime

SINCE = bindparam("since", type_=UtcDateTime)
UNTIL = bindparam("until", type_=UtcDateTime)
Figures = Select[Any, Any, Any, Any, Any, Any, Any, Any]
# Two figures of anything up to some years, in milliseconds.
_DIGITS = range(3, 13)


def hour_of(at: ColumnElement[Any], dialect: str) -> ColumnElement[str]:
    """`2026-01-31 09`, in UTC."""
    if dialect == "postgresql":
        return func.to_char(func.timezone("UTC", at), "YYYY-MM-DD HH24")
    return func.substr(at, 1, 13)  # as SQLite keeps it


def within(at: ColumnElement[Any]) -> ColumnElement[bool]:
    """From `since`, and before `until`."""
    return and_(at >= SINCE, at < UNTIL)


def count(
    measure: str, at: ColumnElement[Any], dialect: str, a: Any, b: Any = None, *,
    milliseconds: Any = None, tokens: Any = None, micros: Any = None,
) -> Figures:  # fmt: skip
    """How many of each `a` and `b` in each hour, and the sums of what else is given."""
    second: Any = literal("", Text) if b is None else func.coalesce(b, "")
    return select(
        hour_of(at, dialect).label("hour"),
        literal(measure, Text).label("measure"),
        func.coalesce(a, "").label("a"),
        second.label("b"),
        func.count().label("n"),
        _total(milliseconds).label("milliseconds"),
        _total(tokens).label("tokens"),
        _total(micros).label("micros"),
    ).group_by("hour", "a", "b")


def _total(value: Any) -> ColumnElement[Any]:
    if value is None:
        return cast(literal(0), BigInteger)
    return cast(func.coalesce(func.sum(value), 0), BigInteger)


def whole(number: ColumnElement[Any]) -> ColumnElement[Any]:
    """Rounded, so that sums are the same in whatever order they are made."""
    return cast(func.round(number), BigInteger)


def milliseconds_between(since: Any, until: Any, dialect: str) -> ColumnElement[Any]:
    """Whole milliseconds; below 0 if `until` came first."""
    if dialect == "postgresql":
        return whole(func.extract("epoch", until - since) * literal_column("1000"))
    days = func.julianday(until) - func.julianday(since)
    return whole(days * literal_column("86400000.0"))


def two_figures(number: ColumnElement[Any]) -> ColumnElement[str]:
    """A whole number to two figures at most and within 5 %, as text: for quantiles. From 10 to 20
    there are ten steps, to 50 fifteen, to 100 ten, and so on: few are soon added up. Give it a
    plain column."""
    rounded: list[tuple[Any, Any]] = [(number < _number(100), number)]
    for digits in _DIGITS:
        base = 10 ** (digits - 1)
        for below, unit in ((2 * base, base // 10), (5 * base, base // 5), (10 * base, base // 2)):
            above = number + _number(unit // 2)
            rounded.append((number < _number(below), above - above % _number(unit)))
    return cast(case(*rounded, else_=number), Text)


def _number(value: int) -> ColumnElement[int]:
    """Written out: it is no parameter of the question."""
    return literal_column(str(value), BigInteger)
