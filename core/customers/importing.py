"""Customers and orders from a file into our own database. Above: the command. Below: `tables`.

JSON: `{"customers": [...], "orders": [...], "invoices": [...]}`. CSV: one kind to a file, told by
its columns (`placed_at`: orders, `issued_on`: invoices, else customers). What is there already is
brought up to date. Days may be relative, for sample data: `today`, `today-3`, `today+2`.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from core.customers.records import InvoiceStatus, OrderItem, OrderStatus
from core.errors import InputError

_RELATIVE = re.compile(r"today(?:([+-]\d{1,4}))?\Z")
_TELL_EVERY = 500
_MOST_BYTES = 50_000_000


def _read_day(value: Any) -> Any:
    match = _RELATIVE.match(value) if isinstance(value, str) else None
    if match is None:
        return value
    return datetime.now(UTC).date() + timedelta(days=int(match[1] or 0))


def _read_moment(value: Any) -> Any:
    """A day means its beginning, a time without a zone is UTC."""
    value = _read_day(value)
    if isinstance(value, str) and len(value) == 10:
        value = f"{value}T00:00:00+00:00"
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return value


Day = Annotated[date, BeforeValidator(_read_day)]
Moment = Annotated[datetime, BeforeValidator(_read_moment)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class Row(BaseModel):
    """One row; empty cells of a CSV file count as absent."""

    model_config = ConfigDict(extra="forbid", frozen=True)


T = TypeVar("T", bound=Row)
# Where a row stands, and the row as it was read.
Placed = tuple[str, Any]
Tell = Callable[[str, int, int], None]


def silent(stage: str, done: int, total: int) -> None:
    """Tells nobody."""


class CustomerRow(Row):
    """A customer; `contacts` are ids of theirs in channels, beside their id and e-mail."""

    id: str = Field(min_length=1, max_length=200)
    name: str = Field(min_length=1, max_length=200)
    email: str | None = None
    phone: str | None = None
    tier: str | None = None
    language: str | None = None
    address: str | None = None
    plan: str | None = None
    next_charge_on: Day | None = None
    next_charge: Decimal | None = None
    currency: Currency = "EUR"
    contacts: tuple[str, ...] = ()


class OrderRow(Row):
    """An order; `email` is the one it was placed with (absent: the customer's)."""

    number: str = Field(min_length=1, max_length=60)
    customer: str
    status: OrderStatus
    placed_at: Moment
    total: Decimal = Field(ge=0)
    currency: Currency = "EUR"
    email: str | None = None
    address: str | None = None
    carrier: str | None = None
    tracking: str | None = None
    tracking_url: str | None = None
    expected_on: Day | None = None
    items: tuple[OrderItem, ...] = ()


class InvoiceRow(Row):
    """An invoice."""

    number: str = Field(min_length=1, max_length=60)
    customer: str
    order: str | None = None
    issued_on: Day
    amount: Decimal
    currency: Currency = "EUR"
    status: InvoiceStatus = "paid"


_KINDS: dict[str, type[Row]] = {
    "customers": CustomerRow, "orders": OrderRow, "invoices": InvoiceRow,
}  # fmt: skip


@dataclass
class Rows:
    """What a file holds; `faults` name line (of a CSV file) or number, and field, of every row that
    was left out."""

    customers: list[CustomerRow] = field(default_factory=list[CustomerRow])
    orders: list[OrderRow] = field(default_factory=list[OrderRow])
    invoices: list[InvoiceRow] = field(default_factory=list[InvoiceRow])
    faults: list[str] = field(default_factory=list[str])


def read_rows(path: Path, tell: Tell = silent) -> Rows:
    """The rows of a JSON or CSV file; `tell` is told how far it is. Raises `InputError` for what is
    neither, and for a CSV file whose columns are none of ours."""
    if path.stat().st_size > _MOST_BYTES:
        raise InputError(f"{path}: larger than {_MOST_BYTES // 1_000_000} MB")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 (byte {error.start})") from error
    if path.suffix.casefold() == ".csv":
        kind, found = _from_csv(path, text)
        return _parse({kind: found}, tell)
    try:
        data: Any = json.loads(text, parse_float=Decimal)
    except ValueError as error:
        raise InputError(f"{path}: not JSON: {error}") from error
    if not isinstance(data, dict):
        raise InputError(f"{path}: an object with customers, orders, invoices is expected")
    listed = cast("dict[str, Any]", data)
    return _parse({name: _numbered(listed.get(name), name) for name in _KINDS}, tell)


def _numbered(items: Any, name: str) -> list[Placed]:
    """The items of a list, each with the name of its place."""
    listed = cast("Sequence[Any]", items) if isinstance(items, list) else ()
    return [(f"{name} {number}", item) for number, item in enumerate(listed, 1)]


def _from_csv(path: Path, text: str) -> tuple[str, list[Placed]]:
    """The kind of the rows, and the rows with their lines."""
    first = text.split("\n", 1)[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    columns = [name.strip() for name in next(reader, list[str]())]
    kind = "orders" if "placed_at" in columns else "customers"
    kind = "invoices" if "issued_on" in columns else kind
    _check_columns(path, kind, columns)
    found: list[Placed] = []
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise InputError(f"{path}: line {line}: {error}") from error
        if cells is None:
            return kind, found
        if any(cell.strip() for cell in cells):
            found.append((f"line {line}", _row_of(columns, cells)))


def _check_columns(path: Path, kind: str, columns: list[str]) -> None:
    fields = _KINDS[kind].model_fields
    unknown = [name for name in columns if name not in fields or name == "items"]
    missing = [name for name, one in fields.items() if one.is_required() and name not in columns]
    known = ", ".join(name for name in fields if name != "items")
    if unknown:
        raise InputError(f"{path}: line 1: unknown column {unknown[0]!r}; {kind} have {known}")
    if missing:
        raise InputError(f"{path}: line 1: {kind} need the column {missing[0]!r}")


def _row_of(columns: list[str], cells: list[str]) -> dict[str, Any]:
    """Empty cells count as absent; several contacts are parted by `|`."""
    row: dict[str, Any] = {
        name: cell.strip() for name, cell in zip(columns, cells, strict=False) if cell.strip()
    }
    if "contacts" in row:
        row["contacts"] = [one.strip() for one in row["contacts"].split("|") if one.strip()]
    if len(cells) > len(columns):
        row["more cells than columns"] = len(cells)
    return row


def _parse(data: dict[str, list[Placed]], tell: Tell) -> Rows:
    rows = Rows()
    faults = rows.faults
    rows.customers = _valid(CustomerRow, data.get("customers", []), "id", faults, tell)
    rows.orders = _valid(OrderRow, data.get("orders", []), "number", faults, tell)
    rows.invoices = _valid(InvoiceRow, data.get("invoices", []), "number", faults, tell)
    return rows


def _valid(kind: type[T], items: list[Placed], key: str, faults: list[str], tell: Tell) -> list[T]:
    found: dict[str, tuple[str, T]] = {}
    for number, (place, item) in enumerate(items, 1):
        if number % _TELL_EVERY == 0 or number == len(items):
            tell("reading", number, len(items))
        try:
            row = kind.model_validate(item)
        except ValidationError as error:
            fault = error.errors(include_input=False, include_url=False)[0]
            where = ".".join(str(part) for part in fault["loc"])
            faults.append(f"{place}: {where}: {fault['msg']}")
            continue
        name = str(getattr(row, key))
        if name in found:
            faults.append(f"{place}: {key}: the same as {found[name][0]}")
            continue
        found[name] = (place, row)
    return [row for _, row in found.values()]
