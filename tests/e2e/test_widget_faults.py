"""The widget against a gateway that loses, repeats and disorders: nothing twice, nothing lost."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.e2e.conftest import Visit
from tests.fakes.waiting import until
from tests.fakes.widget_server import Answer, WidgetServer

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(480),
    pytest.mark.asyncio(loop_scope="session"),
]

LONG = " ".join(f"word{number}" for number in range(60))


def script(text: str) -> Answer | None:
    if text == "silence":
        return None
    if text.startswith("long"):
        return Answer(LONG)
    if text == "choose":
        buttons = [{"label": "Red one", "value": "red"}, {"label": "Blue one", "value": "blue"}]
        return Answer("Which?", parts=[{"type": "buttons", "buttons": buttons}])
    source = {"document": "echo", "title": "Echo", "span": text, "score": 1.0}
    return Answer(f"You said: {text}", citations=[source])


@pytest_asyncio.fixture(loop_scope="session")
async def server() -> AsyncIterator[WidgetServer]:
    async with WidgetServer(script) as server:
        yield server


async def until_entries(server: WidgetServer, count: int) -> None:
    await until(lambda: bool(server.talks) and len(server.talk.entries) >= count)


def stored(server: WidgetServer) -> list[str]:
    return [entry["text"] for entry in server.talk.entries if entry["kind"] == "message"]


async def test_an_answer_streams_and_ends_as_the_stored_entry(
    server: WidgetServer, visit: Visit
) -> None:
    server.hold_after = 20
    chat = await visit(server.url)
    await chat.say("long question")
    await expect(chat.stream).to_have_text(" ".join(LONG.split()[:20]) + " ")
    server.go_on.set()
    await expect(chat.answers).to_have_text([LONG])
    await expect(chat.stream).to_have_count(0)
    assert await chat.texts() == stored(server)


async def test_a_cut_in_the_middle_of_an_answer_loses_and_doubles_nothing(
    server: WidgetServer, visit: Visit
) -> None:
    server.hold_after = 20
    chat = await visit(server.url)
    await chat.say("long question")
    await server.held.wait()
    await expect(chat.stream).to_contain_text("word19")
    await chat.page.context.set_offline(True)
    await expect(chat.banner).to_be_visible()
    server.go_on.set()
    await until_entries(server, 2)
    await chat.say("written without a line")
    await expect(chat.mine).to_have_count(2)
    await chat.page.context.set_offline(False)
    await expect(chat.answers).to_have_text([LONG, "You said: written without a line"])
    await expect(chat.banner).to_be_hidden()
    assert await chat.texts() == stored(server)


async def test_a_lost_acknowledgement_is_resent_under_the_same_id_and_shown_once(
    server: WidgetServer, visit: Visit
) -> None:
    server.faults.lost_acks = 1
    chat = await visit(server.url)
    await chat.say("hello")
    await expect(chat.answers).to_have_text(["You said: hello"])
    await expect(chat.settled).to_have_text(["hello"])
    assert len({message["client_id"] for message in server.received}) == 1
    assert stored(server) == ["hello", "You said: hello"]


async def test_an_empty_acknowledgement_is_a_refusal_and_the_message_goes_again(
    server: WidgetServer, visit: Visit
) -> None:
    server.faults.empty_acks = 2
    chat = await visit(server.url)
    await chat.say("hello")
    await expect(chat.mine).to_have_text(["hello"])
    await expect(chat.answers).to_have_text(["You said: hello"])
    assert [message["text"] for message in server.received] == ["hello"] * 3
    assert len({message["client_id"] for message in server.received}) == 1
    assert await chat.texts() == stored(server)


async def test_entries_and_parts_that_come_twice_are_shown_once(
    server: WidgetServer, visit: Visit
) -> None:
    server.faults.duplicate = True
    chat = await visit(server.url)
    await chat.say("long one")
    await expect(chat.answers).to_have_text([LONG])
    await chat.say("two")
    await expect(chat.answers).to_have_text([LONG, "You said: two"])
    assert await chat.texts() == stored(server)


async def test_entries_that_come_out_of_order_are_shown_in_order(
    server: WidgetServer, visit: Visit
) -> None:
    chat = await visit(server.url)
    await chat.say("hello")
    await expect(chat.answers).to_have_count(1)
    server.faults.reorder = True
    await server.burst(server.talk, [{"text": f"burst {number}"} for number in range(5)])
    await expect(chat.answers).to_have_count(6)
    assert await chat.texts() == stored(server)


async def test_an_entry_that_never_came_is_fetched(server: WidgetServer, visit: Visit) -> None:
    server.faults.swallow = {3, 4}
    chat = await visit(server.url)
    await chat.say("hello")
    await expect(chat.answers).to_have_count(1)
    await server.burst(server.talk, [{"text": f"burst {number}"} for number in range(3)])
    await expect(chat.answers).to_have_count(4)
    assert await chat.texts() == stored(server)
    assert server.resumes[-1] == 2


async def test_a_note_of_the_desk_is_a_gap_that_is_asked_for_once(
    server: WidgetServer, visit: Visit
) -> None:
    chat = await visit(server.url)
    await chat.say("hello")
    await expect(chat.answers).to_have_count(1)
    await server.say(server.talk, kind="note", role="human_agent", text="between us")
    await server.say(server.talk, text="after the note")
    await expect(chat.answers).to_have_count(2)
    await until(lambda: server.resumes != [])
    await server.say(server.talk, text="and on")
    await expect(chat.answers).to_have_count(3)
    assert server.resumes == [2]
    await expect(chat.log).not_to_contain_text("between us")


async def test_a_typed_error_is_shown_and_can_be_tried_again_or_deleted(
    server: WidgetServer, visit: Visit
) -> None:
    server.faults.refusals = [
        {"code": "too_large", "message": "This is too long."},
        {"code": "forbidden", "message": "Not here."},
    ]
    chat = await visit(server.url)
    await chat.say("first")
    await chat.say("second")
    await expect(chat.page.locator(".why")).to_have_text(
        ["Not sent. This is too long.", "Not sent. Not here."]
    )
    await chat.page.get_by_role("button", name="Delete").first.click()
    await expect(chat.mine).to_have_text(["second"])
    await chat.page.get_by_role("button", name="Try again").click()
    await expect(chat.answers).to_have_text(["You said: second"])
    assert stored(server) == ["second", "You said: second"]


async def test_a_busy_gateway_is_asked_again_without_bothering_the_visitor(
    server: WidgetServer, visit: Visit
) -> None:
    server.faults.refusals = [{"code": "bus_unavailable", "message": "Not now", "retry_after": 0.1}]
    chat = await visit(server.url)
    await chat.say("hello")
    await expect(chat.answers).to_have_text(["You said: hello"])
    assert len(server.received) == 2


async def test_five_quick_messages_keep_their_order(server: WidgetServer, visit: Visit) -> None:
    chat = await visit(server.url)
    said = [f"silence {number}" for number in range(5)]
    for text in said:
        await chat.say(text)
    await expect(chat.mine).to_have_text(said)
    await expect(chat.answers).to_have_count(5)
    customer = [e["text"] for e in server.talk.entries if e["author"]["role"] == "customer"]
    assert customer == said
    assert await chat.texts() == stored(server)


async def test_after_a_reload_the_conversation_is_there_and_what_waited_is_sent(
    server: WidgetServer, visit: Visit
) -> None:
    chat = await visit(server.url)
    await chat.say("hello")
    await expect(chat.answers).to_have_count(1)
    server.down = True
    await server.cut()
    await expect(chat.banner).to_be_visible()
    await chat.say("written while you were away")
    await expect(chat.mine).to_have_count(2)
    server.down = False
    await chat.page.reload()
    await expect(chat.answers).to_have_text(
        ["You said: hello", "You said: written while you were away"]
    )
    assert await chat.texts() == stored(server)
    assert len(server.talks) == 1


async def test_two_tabs_of_one_visitor_show_the_same_conversation(
    server: WidgetServer, visit: Visit
) -> None:
    chat = await visit(server.url)
    other = type(chat)(await chat.page.context.new_page())
    await other.page.goto(server.url)
    await other.open()
    await chat.say("from the first tab")
    await expect(other.answers).to_have_text(["You said: from the first tab"])
    await other.say("from the second tab")
    for tab in (chat, other):
        await expect(tab.answers).to_have_count(2)
    assert await chat.texts() == await other.texts() == stored(server)
    assert len(server.talks) == 1
    assert other.complaints == []


async def test_a_gateway_that_restarts_is_found_again_by_itself(
    server: WidgetServer, visit: Visit
) -> None:
    chat = await visit(server.url)
    await chat.say("hello")
    await expect(chat.answers).to_have_count(1)
    await server.cut()
    await server.say(server.talk, text="said while the line was cut")
    await expect(chat.answers).to_have_count(2)
    await expect(chat.banner).to_be_hidden()
    assert await chat.texts() == stored(server)


async def test_when_a_person_takes_over_half_an_answer_of_the_ai_disappears(
    server: WidgetServer, visit: Visit
) -> None:
    server.hold_after = 10
    chat = await visit(server.url)
    await chat.say("long question")
    await server.held.wait()
    await expect(chat.stream).to_be_visible()
    await server.say(
        server.talk, kind="control", role="human_agent", name="Eva Malá", action="take"
    )
    await server.state(server.talk, owner="human")
    await expect(chat.stream).to_have_count(0)
    await expect(chat.log).to_contain_text("Eva Malá has joined the conversation")
    await expect(chat.page.locator(".status")).to_have_text("You are talking to Eva Malá")


async def test_a_button_is_pressed_once_and_its_label_is_what_the_customer_said(
    server: WidgetServer, visit: Visit
) -> None:
    chat = await visit(server.url)
    await chat.say("choose")
    await chat.page.get_by_role("button", name="Blue one").click()
    await expect(chat.settled).to_have_text(["choose", "Blue one"])
    await expect(chat.answers).to_have_text(["Which?", "You said: blue"])
    await expect(chat.page.get_by_role("button", name="Red one")).to_be_disabled()


async def test_buttons_are_off_once_the_talk_has_moved_on(
    server: WidgetServer, visit: Visit
) -> None:
    chat = await visit(server.url)
    await chat.say("choose")
    await expect(chat.page.get_by_role("button", name="Blue one")).to_be_enabled()
    await chat.say("neither")
    await expect(chat.page.get_by_role("button", name="Blue one")).to_be_disabled()


async def test_an_answer_can_be_rated(server: WidgetServer, visit: Visit) -> None:
    chat = await visit(server.url)
    await chat.say("hello")
    await chat.page.get_by_role("button", name="Not helpful").click()
    await expect(chat.page.get_by_role("button", name="Not helpful")).to_have_attribute(
        "aria-pressed", "true"
    )
    await expect(chat.log).to_contain_text("Thank you")
    await until(lambda: server.rates != [])
    assert server.rates[0]["seq"] == 2
