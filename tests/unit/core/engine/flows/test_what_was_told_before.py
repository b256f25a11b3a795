"""A flow does not ask for what the customer has told already."""

from __future__ import annotations

from core.memory.state import Fact, MemoryState
from tests.unit.core.engine.flows.conftest import ANNAS_MAIL, OpenDesk


def told(
    number: str, *, by: str = "customer", superseded_by: int | None = None
) -> dict[str, object]:
    fact = Fact.model_validate(
        {"kind": "order", "value": number, "seq": 1, "by": by, "superseded_by": superseded_by}
    )
    mail = Fact(kind="email", value=ANNAS_MAIL, seq=1)
    return {"memory": MemoryState(facts=(fact, mail), read_to=0).model_dump(mode="json")}


async def test_the_order_and_the_e_mail_given_before_are_not_asked_for(desk: OpenDesk) -> None:
    talk = desk(contact=None, level=0)
    talk.talk.state = told("A-1043")
    assert "A-1043 is on its way" in await talk.say("Where is my order?")


async def test_a_number_that_was_corrected_is_not_used(desk: OpenDesk) -> None:
    talk = desk()
    talk.talk.state = told("A-1043", superseded_by=3)
    assert await talk.say("Where is my order?") == talk.said("flow_choose_order")


async def test_a_number_from_an_earlier_conversation_is_not_taken_for_this_one(
    desk: OpenDesk,
) -> None:
    talk = desk()
    talk.talk.state = told("A-1043", by="earlier")
    assert await talk.say("Where is my order?") == talk.said("flow_choose_order")
