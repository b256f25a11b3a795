"""Where the keeper of cases gets a customer's address from."""

from __future__ import annotations

from typing import Any, cast

import pytest

from core.conversation import Head
from core.customers.records import Customer, Subject
from core.errors import CustomerSystemError
from switchboard.casekeeping import email_from, tier_from
from tests.fakes.claims import CONVERSATION, NOW


class Company:
    """Knows one customer, when it is there."""

    def __init__(self, *, away: bool = False) -> None:
        self._away = away

    async def customer(self, subject: Subject) -> Customer | None:
        if self._away:
            raise CustomerSystemError("the system is away")
        known = Customer(id="c1", name="Anna", email="anna@example.com", tier="gold")
        return known if subject.contact == "anna" else None


@pytest.mark.parametrize(
    ("contact", "level", "page", "away", "email"),
    [
        ("anna", 1, None, False, "anna@example.com"),
        ("anna", 0, None, False, None),  # a bare claim
        ("anna", 1, None, True, None),
        ("ben", 2, None, False, None),
        (None, 0, None, False, None),
        ("anna", 2, "anna@page.example", False, "anna@page.example"),
        ("anna", 0, "anna@page.example", False, None),  # nobody vouches for it
    ],
)
async def test_only_an_address_of_somebody_we_know_for_sure_is_offered(
    contact: str | None, level: int, page: str | None, away: bool, email: str | None
) -> None:
    head = Head(
        id=CONVERSATION, created_at=NOW, updated_at=NOW, contact=contact, level=level, email=page
    )
    assert await email_from(cast("Any", Company(away=away)))(head) == email


@pytest.mark.parametrize(
    ("level", "away", "tier"), [(1, False, "gold"), (0, False, None), (1, True, None)]
)
async def test_the_tier_is_that_of_somebody_we_know_for_sure(
    level: int, away: bool, tier: str | None
) -> None:
    head = Head(id=CONVERSATION, created_at=NOW, updated_at=NOW, contact="anna", level=level)
    assert await tier_from(cast("Any", Company(away=away)))(head) == tier
