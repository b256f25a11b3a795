"""From what a CRM sends to records, as far as it makes sense; what does not is left out.

Above: `system`. Below: `core.customers.records`. Pure. A CRM is another company's program: fields
are missing, times have no zone, numbers are texts, lists hold odd things. One odd record never
hides the sound ones beside it; a record that names another customer is never shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ValidationError

from core.customers.history.records import HistoryRecord
from core.customers.records import Billing, Customer, Invoice, Order, OrderItem, Refund

Record = TypeVar("Record", bound=BaseModel)
Json = Mapping[str, Any]
_LONGEST = 2_000
_MOST_ITEMS = 200
_STATUSES = {
    "new": "placed", "open": "placed", "created": "placed", "pending": "placed",
    "processing": "paid", "confirmed": "paid", "packing": "packed", "sent": "shipped",
    "in_transit": "shipped", "dispatched": "shipped", "complete": "delivered",
    "completed": "delivered", "canceled": "cancelled", "refunded": "returned",
}  # fmt: skip


def read_customer(data: Any, *, identifier: str | None = None) -> Customer | None:
    """One customer; None if it is none, or not the one that was asked for."""
    fields = _object(data)
    given = _text(fields, "id", "customer_id")
    if given is None or (identifier is not None and given != identifier):
        return None
    return _make(
        Customer, id=given, name=_text(fields, "name", "full_name") or given,
        email=_text(fields, "email"), phone=_text(fields, "phone"),
        tier=_text(fields, "tier", "segment"), language=_text(fields, "language", "locale"),
        address=_text(fields, "address"),
    )  # fmt: skip


def read_orders(data: Any, *, owner: str) -> tuple[Order, ...]:
    """Orders of this customer, newest first."""
    found = [_order(item) for item in _list(data, "orders") if _is_of(item, owner)]
    sound = [order for order in found if order is not None]
    return tuple(sorted(sound, key=lambda order: order.placed_at, reverse=True))


def read_billing(data: Any, *, owner: str) -> Billing | None:
    """What they pay; None if it is another's, or nothing of the kind."""
    fields = _object(data)
    if not fields or not _is_of(fields, owner):
        return None
    currency = _text(fields, "currency") or "EUR"
    return _make(
        Billing, plan=_text(fields, "plan"), next_charge_on=_day(fields.get("next_charge_on")),
        next_charge=_money(fields.get("next_charge")), currency=currency,
        invoices=_several(fields, "invoices", lambda item: _invoice(item, currency)),
        refunds=_several(fields, "refunds", lambda item: _refund(item, currency)),
    )  # fmt: skip


def read_history(data: Any, *, owner: str) -> tuple[HistoryRecord, ...]:
    """Past conversations of this customer, newest first."""
    found = [_past(item) for item in _list(data, "history") if _is_of(item, owner)]
    sound = [record for record in found if record is not None]
    return tuple(sorted(sound, key=lambda record: record.at, reverse=True))


def listed(data: Any, name: str) -> list[Json]:
    """The objects of a list, bare or under its name."""
    return _list(data, name)


def _order(item: Json) -> Order | None:
    status = (_text(item, "status") or "").lower().replace(" ", "_")
    return _make(
        Order, number=_text(item, "number", "id"), status=_STATUSES.get(status, status),
        placed_at=_moment(item.get("placed_at") or item.get("created_at")),
        items=_several(item, "items", _item), total=_money(item.get("total")) or Decimal(0),
        currency=_text(item, "currency") or "EUR", address=_text(item, "address"),
        carrier=_text(item, "carrier"), tracking=_text(item, "tracking", "tracking_number"),
        tracking_url=_link(item.get("tracking_url")), expected_on=_day(item.get("expected_on")),
    )  # fmt: skip


def _item(item: Json) -> OrderItem | None:
    return _make(
        OrderItem, name=_text(item, "name", "title"), sku=_text(item, "sku"),
        quantity=item.get("quantity", 1), price=_money(item.get("price")) or Decimal(0),
    )  # fmt: skip


def _invoice(item: Json, currency: str) -> Invoice | None:
    return _make(
        Invoice, number=_text(item, "number", "id"), issued_on=_day(item.get("issued_on")),
        amount=_money(item.get("amount")), currency=_text(item, "currency") or currency,
        status=_text(item, "status"), order=_text(item, "order"),
    )  # fmt: skip


def _refund(item: Json, currency: str) -> Refund | None:
    return _make(
        Refund, reference=_text(item, "reference", "id"), order=_text(item, "order"),
        amount=_money(item.get("amount")), currency=_text(item, "currency") or currency,
        status=_text(item, "status"), asked_at=_moment(item.get("asked_at")),
        reason=_text(item, "reason") or "",
    )  # fmt: skip


def _past(item: Json) -> HistoryRecord | None:
    cause = "returned" if _text(item, "cause") == "returned" else "closed"
    return _make(
        HistoryRecord, conversation=_text(item, "conversation", "id") or "", cause=cause,
        at=_moment(item.get("at") or item.get("created_at")), by=_text(item, "by") or "",
        channel=_text(item, "channel"), specialist=_text(item, "specialist"),
        language=_text(item, "language"), summary=_text(item, "summary", "subject") or "",
        resolution=_text(item, "resolution") or "", ticket=_text(item, "ticket"),
    )  # fmt: skip


def _make(kind: type[Record], **fields: Any) -> Record | None:
    try:
        return kind.model_validate(fields)
    except ValidationError:
        return None


def _several(fields: Json, name: str, read: Callable[[Json], Record | None]) -> tuple[Record, ...]:
    found = [read(item) for item in _list(fields.get(name), name)]
    return tuple(item for item in found if item is not None)


def _list(data: Any, name: str) -> list[Json]:
    inner = _object(data).get(name, data) if isinstance(data, dict) else data
    if not isinstance(inner, Sequence) or isinstance(inner, str):
        return []
    items = cast("Sequence[Any]", inner)[:_MOST_ITEMS]
    return [cast("Json", item) for item in items if isinstance(item, dict)]


def _object(data: Any) -> Json:
    return cast("Json", data) if isinstance(data, dict) else {}


def _is_of(item: Json, owner: str) -> bool:
    """False for a record that says that it is somebody else's."""
    named = _text(item, "customer", "customer_id")
    return named is None or named == owner


def _text(fields: Json, *names: str) -> str | None:
    """The first of these fields that holds a text or a number."""
    for name in names:
        value = fields.get(name)
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
            return str(value).strip()[:_LONGEST]
    return None


def _link(value: Any) -> str | None:
    ours = isinstance(value, str) and value.startswith("https://") and len(value) <= _LONGEST
    return value if ours else None


def _money(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def _moment(value: Any) -> datetime | None:
    """An instant; one without a zone is taken for UTC."""
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _day(value: Any) -> date | None:
    if not isinstance(value, str):
        return None
    try:
        return date.fromisoformat(value[:10])
    except ValueError:
        return None
