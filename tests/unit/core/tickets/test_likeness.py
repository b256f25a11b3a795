"""Which tickets may be about the same problem."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.tickets.likeness import LIKELY, likeness
from core.tickets.records import Ticket

NOW = datetime(2026, 5, 4, tzinfo=UTC)


def ticket(subject: str, body: str = "") -> Ticket:
    return Ticket(
        number="T-1", conversation="", subject=subject, body=body, created_at=NOW, updated_at=NOW
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The grinder does not turn", "Grinder is not turning"),
        ("Mlýnek se netočí", "mlynek se prestal tocit"),
        ("Не пришли деньги за возврат", "Деньги за возврат так и не пришли"),
        ("Paket nicht angekommen", "Mein Paket ist nicht angekommen"),
        ("Me cobraron dos veces", "cobrado dos veces el pedido"),
    ],
)
def test_the_same_in_other_words_is_likely(one: str, other: str) -> None:
    assert likeness(ticket(one), ticket(other)) >= LIKELY


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The grinder does not turn", "Where is my parcel?"),
        ("Password", "Invoice"),
        ("Kde je balík", "Faktura s chybným IČO"),
        ("Where is order FH40000001?", "Where is order FH40000002?"),
    ],
)
def test_another_matter_or_another_number_is_not(one: str, other: str) -> None:
    assert likeness(ticket(one), ticket(other)) < LIKELY


def test_the_same_number_speaks_for_it() -> None:
    one, other = ticket("Refund FH40000001"), ticket("Money back?", "my order was FH40000001")
    assert likeness(one, other) > likeness(ticket("Refund"), ticket("Money back?", "my order"))
