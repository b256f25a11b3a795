"""The company's systems as the engine uses them; None of them: it only knows the help pages.

Above: `open`, `acts`, flows. Below: the ports.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.approvals.desk import Approvals
from core.conversation import BARE_CLAIM, Head
from core.customers.history.ports import HistoryBook
from core.customers.ports import CustomerSystem
from core.customers.records import Subject
from core.specialists.budget import Account
from core.tickets.ports import TicketDesk


@dataclass(frozen=True)
class Systems:
    """Customers and orders, tickets, and the acts that wait for a person."""

    customers: CustomerSystem
    tickets: TicketDesk
    approvals: Approvals
    history: HistoryBook | None = None


def account_of(head: Head) -> Account:
    """Who pays for the models of a turn. Who is only claimed to be somebody pays for themselves:
    nobody spends what is another's."""
    used, money = head.tokens_used, head.cost
    if head.contact is not None and head.level > BARE_CLAIM:
        return Account(contact=head.contact, tokens=used, money=money)
    place = head.address
    name = f"{place.channel}:{place.account}:{place.chat}" if place and place.chat else head.id
    return Account(contact=f"visitor:{name}", tokens=used, money=money, proved=False)


def subject_of(head: Head) -> Subject:
    """Whom tools and flows are about: what the conversation says, nothing else."""
    return Subject(conversation=head.id, contact=head.contact, level=head.level)
