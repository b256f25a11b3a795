"""What can happen on the way, whatever the language."""

from __future__ import annotations

from core.engine.asked import read_asked
from core.engine.decision import TriageDecision
from core.engine.flows.state import FlowState
from core.engine.scene import Look, Scene
from core.engine.state import EngineState
from tests.fakes.customers import FakeCustomers, order
from tests.unit.core.engine.flows.conftest import ANNAS_MAIL, Desk, OpenDesk


async def test_the_status_is_told_with_the_facts_of_the_system(desk: OpenDesk) -> None:
    talk = desk()
    said = await talk.say("Where is my order A-1043?")
    assert said == (
        "Order A-1043 is on its way.\nExpected delivery: 9 January 2026.\nCarrier: Sample Post\n"
        "Tracking number: SP1\nFollow it here: https://track.example.com/SP1"
    )


async def test_of_several_orders_one_is_chosen_by_button_number_or_place(desk: OpenDesk) -> None:
    for answer in ("A-1043", "1043", "2", "the 2nd"):
        talk = desk()
        assert await talk.say("Where is my order?") == talk.said("flow_choose_order")
        assert [label.split(",")[0] for label in talk.buttons] == ["A-1042", "A-1043", "A-1044"]
        assert "A-1043 is on its way" in await talk.say(answer)
    talk = desk()
    await talk.say("Where is my order?")
    assert "A-1043 is on its way" in await talk.press("A-1043")


async def test_the_only_order_is_taken_at_once(desk: OpenDesk) -> None:
    talk = desk(contact="bert")
    assert await talk.say("where is my order") == talk.said("status_paid", order="B-2001")


async def test_who_is_not_identified_gives_number_and_email(desk: OpenDesk) -> None:
    talk = desk(contact=None, level=0)
    assert await talk.say("Where is my order?") == talk.said("flow_ask_both")
    assert await talk.say("A-1043") == talk.said("flow_ask_email", order="A-1043")
    assert "A-1043 is on its way" in await talk.say(ANNAS_MAIL)
    talk = desk(contact=None, level=0)
    await talk.say("Where is my order?")
    assert "on its way" in await talk.say(f"It is A-1043, {ANNAS_MAIL}")


async def test_two_wrong_combinations_bring_a_person(
    desk: OpenDesk, company: FakeCustomers
) -> None:
    talk = desk(contact=None, level=0)
    await talk.say("Where is my order A-1043?")
    assert await talk.say("bert@shop.example") == talk.said("flow_no_match")
    await talk.say("A-1042")
    assert talk.last is not None and talk.last.commit.state["misses"] == 2
    assert talk.talk.head.owner == "human"
    assert talk.last.receipt["escalation"]["rule"] == "failed_identifications"


async def test_after_two_wrong_combinations_nothing_more_is_looked_up(desk: OpenDesk) -> None:
    talk = desk(contact=None, level=0)
    talk.talk.state = {"misses": 2}
    said = await talk.say(f"where is my order A-1043, {ANNAS_MAIL}")
    assert "on its way" not in said


async def test_an_order_of_somebody_else_does_not_exist(desk: OpenDesk) -> None:
    talk = desk()
    assert await talk.say("Where is my order B-2001?") == talk.said(
        "flow_not_found", order="B-2001"
    )
    said = await talk.say("B-2002")
    assert talk.said("offer_human") in said


async def test_a_write_happens_after_a_yes_and_only_once(
    desk: OpenDesk, company: FakeCustomers
) -> None:
    talk = desk()
    assert await talk.say("Cancel my order A-1042") == talk.said(
        "confirm_cancel_order", order="A-1042"
    )
    assert company.written == []
    assert await talk.say("yes") == talk.said("done_cancel_order", order="A-1042")
    await talk.say("yes")
    assert company.written == [("cancel_order", "A-1042")]


async def test_a_turn_that_dies_after_the_write_writes_no_second_time(
    desk: OpenDesk, company: FakeCustomers
) -> None:
    talk = desk()
    await talk.say("Please refund order A-1042 because it is too small")
    talk.talk.say("yes")
    claim = talk.talk.claim()
    await talk.engine.run(claim, _Nowhere(), talk.talk.steps)  # and it is never committed
    await talk._turn()  # pyright: ignore[reportPrivateUsage]
    assert company.written == [("request_refund", "A-1042")]


async def test_a_correction_at_the_question_asks_anew(desk: OpenDesk) -> None:
    talk = desk()
    talk.company.has("anna", ANNAS_MAIL, order("A-1042"), order("A-1050"))
    await talk.say("cancel order A-1042")
    assert await talk.say("no, 1050") == talk.said("confirm_cancel_order", order="A-1050")
    await talk.say("yes")
    assert talk.company.written == [("cancel_order", "A-1050")]


async def test_no_at_the_question_changes_nothing(desk: OpenDesk) -> None:
    talk = desk()
    await talk.say("cancel order A-1042")
    assert await talk.say("no") == talk.said("act_dropped")
    await talk.say("yes")
    assert talk.company.written == []


async def test_several_slots_at_once_are_all_taken(desk: OpenDesk) -> None:
    talk = desk()
    said = await talk.say("Change the address of order A-1042 to 12 Elm Street, 90210 Springfield")
    assert said == talk.said(
        "confirm_change_address", order="A-1042", address="12 Elm Street, 90210 Springfield"
    )
    await talk.press(talk.said("confirm_yes"))
    assert talk.company.find("A-1042").address == "12 Elm Street, 90210 Springfield"


async def test_a_refund_above_the_limit_waits_for_a_person(desk: OpenDesk) -> None:
    talk = desk()
    assert await talk.say("I want a refund for order A-1044") == talk.said(
        "flow_ask_reason", order="A-1044"
    )
    assert "250.00" in await talk.say("It arrived broken")
    said = await talk.say("yes")
    assert "AP-1" in said and "approve" in said


async def test_more_than_the_order_cost_is_refused_before_anybody_is_asked(desk: OpenDesk) -> None:
    talk = desk()
    said = await talk.say("Refund 500 EUR for order A-1042 because I am angry")
    assert said.startswith(talk.said("refused_above_total", order="A-1042"))
    assert talk.company.written == []


async def test_what_has_left_is_not_promised(desk: OpenDesk) -> None:
    talk = desk()
    said = await talk.say("cancel order A-1043")
    assert said.startswith(talk.said("refused_already_sent", order="A-1043"))
    assert talk.said("human_button") in talk.buttons


async def test_a_question_between_is_answered_and_the_flow_goes_on(desk: OpenDesk) -> None:
    talk = desk()
    await talk.say("I want a refund for order A-1042")
    said = await talk.say("How long does a refund take?")
    assert said == "en: within 5 days.\n\n" + talk.said("flow_ask_reason", order="A-1042")
    assert talk.last is not None and talk.last.entries[0].citations[0].document == "refunds"
    assert "60.00" in await talk.say("it is broken")
    said = await talk.say("how long will it take?")
    assert said.startswith("en: within 5 days.") and "60.00" in said
    await talk.say("yes")
    assert talk.company.written == [("request_refund", "A-1042")]


async def test_a_question_nobody_can_answer_leaves_one_question_open_not_two(
    desk: OpenDesk,
) -> None:
    talk = desk()
    await talk.say("I want a refund for order A-1042")
    said = await talk.say("Do you know the way to San Jose?")
    asked = talk.said("flow_ask_reason", order="A-1042")
    assert said == f"{talk.said('decline')}\n\n{asked}" and talk.buttons == []


async def test_two_matters_in_one_message_are_both_answered(desk: OpenDesk) -> None:
    talk = desk()
    said = await talk.say("Where is my order A-1043, and how long does a refund take?")
    assert said.startswith("Order A-1043 is on its way") and said.endswith("within 5 days.")
    assert talk.last is not None and len(talk.last.entries[0].citations) == 1


async def test_another_matter_leaves_the_flow(desk: OpenDesk) -> None:
    talk = desk()
    await talk.say("I want to change the delivery address of order A-1042")
    said = await talk.say("Actually, cancel the order please")
    assert said == talk.said("confirm_cancel_order", order="A-1042")


async def test_the_order_just_spoken_of_is_meant_by_it(desk: OpenDesk) -> None:
    talk = desk()
    await talk.say("Where is my order A-1042?")
    assert await talk.say("then please cancel it") == talk.said(
        "confirm_cancel_order", order="A-1042"
    )


async def test_two_answers_that_are_none_bring_the_offer_and_the_third_ends_the_flow(
    desk: OpenDesk,
) -> None:
    talk = desk(contact=None, level=0)
    await talk.say("Where is my order?")
    assert await talk.say("I am not at home right now") == "\n\n".join(
        [talk.said("flow_again"), talk.said("flow_ask_both")]
    )
    said = await talk.say("the blue one I think")
    assert talk.said("offer_human") in said
    await talk.say("it was for my sister")
    assert talk.talk.state["flow"] is None


async def test_patience_is_had_and_a_missing_number_brings_a_colleague(desk: OpenDesk) -> None:
    talk = desk(contact=None, level=0)
    await talk.say("Where is my order?")
    assert await talk.say("hang on, let me see") != talk.said("flow_wait")  # more than that
    assert await talk.say("one moment please") == talk.said("flow_wait")
    said = await talk.say("I can't find the number")
    assert said.startswith(talk.said("flow_has_not")) and talk.said("human_button") in talk.buttons
    assert await talk.say("no") == talk.said("declined_human")
    assert talk.talk.state["flow"] is None


async def test_who_leaves_with_another_matter_is_answered_that(desk: OpenDesk) -> None:
    talk = desk()
    await talk.say("I want a refund for order A-1042")
    said = await talk.say("forget it, how long does a refund take?")
    assert said == "en: within 5 days." and talk.talk.state["flow"] is None


async def test_a_matter_that_is_no_question_is_answered_between(desk: OpenDesk) -> None:
    talk = desk(contact=None, level=0)
    await talk.say("Where is my order?")
    said = await talk.say("tell me how long a refund takes")
    assert said == "en: within 5 days.\n\n" + talk.said("flow_ask_both")


async def test_a_bare_yes_to_a_question_for_a_number_is_asked_again(desk: OpenDesk) -> None:
    talk = desk(contact=None, level=0)
    await talk.say("Where is my order?")
    said = await talk.say("yes")
    assert said == f"{talk.said('flow_again')}\n\n{talk.said('flow_ask_both')}"


async def test_within_a_flow_the_order_need_not_be_called_ones_own(desk: OpenDesk) -> None:
    talk = desk()
    await talk.say("I want a refund")
    said = await talk.say("wrong, I only wanted to know where the parcel of yesterday is")
    assert talk.talk.state["flow"]["name"] == "order_status", said


async def test_the_number_of_a_house_is_no_order(desk: OpenDesk) -> None:
    talk = desk(contact=None, level=0)
    await talk.say("change the address of order A-1042")
    assert "21" not in await talk.say("no wait, Elm Street 21")
    assert talk.talk.state["flow"]["number"] == "A-1042"


async def test_the_order_is_still_meant_after_another_answer(desk: OpenDesk) -> None:
    talk = desk()
    await talk.say("Where is my order A-1042?")
    await talk.say("How long does a refund take?")
    assert await talk.say("then please cancel it") == talk.said(
        "confirm_cancel_order", order="A-1042"
    )


async def test_a_wish_for_a_person_wins_in_the_middle(desk: OpenDesk) -> None:
    talk = desk()
    await talk.say("I want a refund for order A-1042")
    await talk.say("I want to talk to a human")
    assert talk.talk.head.owner == "human"


async def test_danger_wins_in_the_middle(desk: OpenDesk) -> None:
    talk = desk()
    await talk.say("I want a refund for order A-1042")
    await talk.say("because it caught fire and burned my kitchen")
    assert talk.talk.head.owner == "human"


async def test_a_system_that_is_down_is_owned_up_to(desk: OpenDesk) -> None:
    talk = desk()
    talk.company.broken = True
    said = await talk.say("Where is my order A-1042?")
    assert said.startswith(talk.said("flow_down")) and talk.said("human_button") in talk.buttons


async def test_a_system_that_dies_before_the_yes_changes_nothing(desk: OpenDesk) -> None:
    talk = desk()
    await talk.say("cancel order A-1042")
    talk.company.broken = True
    assert talk.said("act_failed") in await talk.say("yes")
    talk.company.broken = False
    assert await talk.say("yes") == talk.said("done_cancel_order", order="A-1042")
    assert talk.company.written == [("cancel_order", "A-1042")]


async def test_a_write_needs_more_than_a_proved_channel(desk: OpenDesk) -> None:
    for who in ({"level": 1}, {"contact": None, "level": 0}):
        talk = desk(**who)
        said = await talk.say(f"cancel order A-1042, my e-mail is {ANNAS_MAIL}")
        assert said.startswith(talk.said("flow_needs_colleague", order="A-1042"))
        await talk.say("yes please do it")
        assert talk.company.written == []


async def test_how_things_go_is_for_the_help_pages(desk: OpenDesk) -> None:
    talk = desk()
    assert await talk.say("How can I cancel an order?") == "Open Orders and press Cancel."
    assert talk.talk.state["flow"] is None


async def test_lookups_are_in_the_receipt(desk: OpenDesk) -> None:
    talk = desk()
    await talk.say("cancel order A-1042")
    await talk.say("yes")
    assert talk.last is not None
    assert [tool["name"] for tool in talk.last.receipt["tools"]] == ["cancel_order"]
    assert talk.last.commit.acted


def test_a_street_is_in_no_mood(desk: OpenDesk) -> None:
    asked = FlowState(name="change_address", number="A-1042", asked="address")
    talk = desk()
    assert mood_of(talk, asked, "Wut-Straße 5, 10115 Berlin") == "neutral"
    assert mood_of(talk, asked, "I am furious!") == "angry"
    told = FlowState(name="request_refund", number="A-1042", asked="reason")
    assert mood_of(talk, told, "it broke again, I am furious") == "angry"


def mood_of(talk: Desk, flow: FlowState, text: str) -> str:
    """The mood that counts, when triage hears anger in everything."""
    decision = TriageDecision(
        kind="question", specialist="general", intent="", priority="medium", sentiment="angry",
        language="en", score=0.9, margin=0.5, scope=1.0, scope_cut=0.0, evidence=(),
    )  # fmt: skip
    talk.talk.state = {"flow": flow.model_dump()}
    talk.talk.say(text)
    claim = talk.talk.claim()
    claim = claim.model_copy(update={"entries": claim.entries[-1:]})
    scene = Scene(
        claim=claim, asked=read_asked(claim), state=EngineState.of(claim.state), language="en",
        specialist=talk.specialist, looks=(Look(text, (), decision),),
    )  # fmt: skip
    found = talk.flows.as_data(scene).decision
    return found.sentiment if found else ""


class _Nowhere:
    async def send(self, text: str) -> None:
        """See `DeltaSink`."""

    def reset(self) -> None:
        """See `DeltaSink`."""
