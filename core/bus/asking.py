"""What entries ask of the log's readers: who is woken, what the customer should see. Pure.

Above: `log`. Below: `core.messages`, `core.conversation`.
"""

from __future__ import annotations

from typing import NamedTuple

from core.conversation import TurnCommit, place_name
from core.identity.claims import is_proof
from core.messages import CHANGES, DECISIONS, InboundEvent


class Place(NamedTuple):
    """Where the customer is from now on, as the scripts take it; empty: where they were."""

    json: str = ""
    channel: str = ""
    name: str = ""


def place_of(event: InboundEvent) -> Place:
    """Where a customer's word comes from, or where they proved who they are."""
    by_customer = event.author.role == "customer" and event.action != "delete"
    if not event.address.chat or not (by_customer or is_proof(event)):
        return Place()
    address = event.address
    return Place(
        address.model_dump_json(exclude_defaults=True), address.channel, place_name(address)
    )


def wakes_engine(event: InboundEvent) -> bool:
    """True for what the customer wants answered or changed, for a person's decision about a call
    that waited, and when people give the conversation back or close it."""
    role, action = event.author.role, event.action
    if role == "customer":
        return event.kind == "message" or action == "button" or action in CHANGES
    if action == "close":
        return role == "human_agent"  # the customer may be asked how it was
    return action == "release" or (role == "system" and action in DECISIONS)


def last_word(turn: TurnCommit) -> int:
    """Which of its entries, from 1, is the last word to the customer; 0: there is none."""
    said = [
        place
        for place, body in enumerate(turn.entries, 1)
        if body.kind == "message" and body.author.role == "ai"
    ]
    return said[-1] if said else 0
