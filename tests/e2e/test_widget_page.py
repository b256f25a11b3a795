"""The widget on the page: keyboard, screen reader, languages, themes, hostile text, its API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.e2e.axe import violations
from tests.e2e.conftest import Visit
from tests.fakes.waiting import until
from tests.fakes.widget_server import Answer, WidgetServer

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(480),
    pytest.mark.asyncio(loop_scope="session"),
]

PHONE: dict[str, Any] = {"viewport": {"width": 380, "height": 780}, "has_touch": True}
SOURCE: dict[str, Any] = {
    "document": "returns",
    "title": "Returns and refunds",
    "url": "https://fernhill.example/help/returns",
    "span": "Unused equipment can come back within 30 days.",
    "score": 0.8,
}
HOSTILE = """<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>
[click](javascript:alert(1)) javascript:alert(1) ![x](https://evil.example/pixel.png)
https://bank.example@evil.example/ and https://good.example/page?a=1&b=2."""


LIST = "## Do this\n\n1. Open **Account > Plan**\n2. Second\n\n- a **x**\n- b\n2 ** 3 ** 4\nEnd"


def script(text: str) -> Answer | None:
    if text == "hostile":
        bad = SOURCE | {"title": "<b>bold</b>", "url": "javascript:alert(1)"}
        return Answer(HOSTILE, citations=[bad])
    if text == "list":
        return Answer(LIST)
    if text == "choose":
        buttons = [{"label": "A", "value": "a"}]
        return Answer("Which?", parts=[{"type": "buttons", "buttons": buttons}])
    return Answer("Within 30 days, unused.", citations=[SOURCE])


@pytest_asyncio.fixture(loop_scope="session")
async def server() -> AsyncIterator[WidgetServer]:
    async with WidgetServer(script) as server:
        yield server


async def test_an_answer_shows_its_source_with_the_words_and_a_link(
    server: WidgetServer, visit: Visit
) -> None:
    chat = await visit(server.url)
    await chat.say("May I return it?")
    await expect(chat.sources).to_contain_text("1 source")
    await chat.sources.get_by_text("Returns and refunds").click()
    await expect(chat.sources.locator("blockquote")).to_have_text(SOURCE["span"])
    link = chat.sources.get_by_role("link", name="Open the page (fernhill.example)")
    await expect(link).to_have_attribute("href", str(SOURCE["url"]))
    await expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")
    await expect(link).to_have_attribute("target", "_blank")


async def test_hostile_text_is_shown_as_text(server: WidgetServer, visit: Visit) -> None:
    chat = await visit(server.url)
    requests: list[str] = []
    chat.page.on("request", lambda request: requests.append(request.url))
    await chat.say(HOSTILE)
    await chat.say("hostile")
    await expect(chat.answers).to_have_count(2)
    assert (await chat.texts())[0] == HOSTILE
    assert (await chat.texts())[3] == HOSTILE
    links = chat.page.locator(".log a")
    addresses = await links.evaluate_all("nodes => nodes.map(node => node.href)")
    assert set(addresses) <= {
        "https://evil.example/pixel.png",
        "https://good.example/page?a=1&b=2",
        SOURCE["url"],
    }
    assert await chat.page.evaluate("window.hacked") is None
    assert await chat.page.locator("switchboard-widget img").count() == 0
    assert all(url.startswith((server.url, "ws:")) for url in requests)


async def test_lists_and_blank_lines_keep_every_character(
    server: WidgetServer, visit: Visit
) -> None:
    chat = await visit(server.url)
    await chat.say("list")
    await expect(chat.answers).to_have_count(1)
    assert (await chat.texts())[1] == LIST
    await expect(chat.answers.locator("strong")).to_have_text(["**Account > Plan**", "**x**"])
    shown = await chat.answers.locator("strong").first.inner_text()
    width = await chat.answers.locator(".mark-only").first.evaluate("e => e.offsetWidth")
    assert (shown.strip("*"), width) == ("Account > Plan", 0)


async def test_half_a_character_is_replaced_before_it_is_sent(
    server: WidgetServer, visit: Visit
) -> None:
    chat = await visit(server.url)
    await chat.page.evaluate("window.Switchboard('send', 'a \\ud83d b \\ud83d\\ude00')")
    await expect(chat.answers).to_have_count(1)
    assert server.received[0]["text"] == "a \ufffd b 😀"


async def test_the_customer_s_own_marks_stay_as_typed(server: WidgetServer, visit: Visit) -> None:
    chat = await visit(server.url)
    await chat.say("## not **bold**")
    await expect(chat.mine).to_have_text(["## not **bold**"])
    await expect(chat.mine.locator("strong")).to_have_count(0)


async def test_enter_sends_shift_enter_breaks_the_line_and_escape_closes(
    server: WidgetServer, visit: Visit
) -> None:
    chat = await visit(server.url)
    await chat.call("close")
    await expect(chat.panel).to_be_hidden()
    await chat.launcher.focus()
    await chat.page.keyboard.press("Enter")
    await expect(chat.field).to_be_focused()
    await chat.page.keyboard.type("one")
    await chat.page.keyboard.press("Shift+Enter")
    await chat.page.keyboard.type("two")
    await chat.page.keyboard.press("Enter")
    await expect(chat.mine).to_have_text(["one\ntwo"])
    await expect(chat.field).to_have_value("")
    await chat.page.keyboard.press("Escape")
    await expect(chat.panel).to_be_hidden()
    await expect(chat.launcher).to_be_focused()


async def test_the_tab_key_stays_in_the_open_panel_both_ways_round(
    server: WidgetServer, visit: Visit
) -> None:
    chat = await visit(server.url)
    await chat.say("May I return it?")
    await expect(chat.answers).to_have_count(1)
    inside = "document.activeElement.localName === 'switchboard-widget'"
    for key in ("Tab", "Shift+Tab"):
        seen: set[str] = set()
        for _ in range(12):
            await chat.page.keyboard.press(key)
            assert await chat.page.evaluate(inside)
            seen.add(
                await chat.page.evaluate(
                    "document.activeElement.shadowRoot.activeElement.outerHTML.slice(0, 60)"
                )
            )
        assert len(seen) >= 5


async def test_focus_goes_back_to_what_opened_the_panel(server: WidgetServer, visit: Visit) -> None:
    chat = await visit(server.url)
    await chat.call("close")
    chip = chat.page.get_by_role("button", name="How long does delivery take?")
    await chip.click()
    await expect(chat.field).to_be_focused()
    await expect(chat.mine).to_have_text(["How long does delivery take?"])
    await chat.page.keyboard.press("Escape")
    await expect(chip).to_be_focused()


async def test_a_czech_question_from_the_page_makes_the_widget_czech(
    server: WidgetServer, visit: Visit
) -> None:
    chat = await visit(server.url)
    await chat.page.get_by_role("button", name="Jak dlouho trvá doručení?").click()
    await expect(chat.sources).to_contain_text("1 zdroj")
    await expect(chat.field).to_have_attribute("placeholder", "Napište zprávu…")


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("en-US", "Write a message…"),
        ("cs-CZ", "Napište zprávu…"),
        ("ru-RU", "Напишите сообщение…"),
        ("de-AT", "Nachricht schreiben…"),
        ("es-MX", "Escriba un mensaje…"),
        ("fr-FR", "Write a message…"),
    ],
)
async def test_the_browser_s_language_picks_the_words(
    server: WidgetServer, visit: Visit, locale: str, words: str
) -> None:
    chat = await visit(server.url, locale=locale)
    await expect(chat.field).to_have_attribute("placeholder", words)


async def test_the_limit_of_the_text_is_counted_and_kept(
    server: WidgetServer, visit: Visit
) -> None:
    chat = await visit(server.url)
    await chat.field.fill("x" * 3999)
    await expect(chat.panel).to_contain_text("1 characters left")
    await chat.field.fill("😀" * 4002)
    await expect(chat.panel).to_contain_text("2 characters too many")
    await chat.field.press("Enter")
    await expect(chat.mine).to_have_count(0)
    await chat.field.fill("😀" * 4000)
    await chat.field.press("Enter")
    await expect(chat.mine).to_have_count(1)


async def test_the_launcher_counts_what_was_said_while_the_panel_was_closed(
    server: WidgetServer, visit: Visit
) -> None:
    chat = await visit(server.url)
    await chat.say("hello")
    await expect(chat.answers).to_have_count(1)
    await chat.call("close")
    await server.say(server.talk, text="one more thing")
    await server.say(server.talk, text="and another")
    await expect(chat.launcher).to_have_accessible_name("Open chat, 2 unread")
    await chat.page.reload()
    await expect(chat.launcher).to_have_accessible_name("Open chat, 2 unread")
    await chat.launcher.click()
    await expect(chat.answers).to_have_count(3)
    await chat.call("close")
    await expect(chat.launcher).to_have_accessible_name("Open chat")
    await until(lambda: server.seen[-1:] == [4])


async def test_the_page_can_drive_and_hear_the_widget(server: WidgetServer, visit: Visit) -> None:
    chat = await visit(server.url, allow="no call")
    await chat.page.evaluate(
        """() => {
        window.heard = [];
        for (const name of ["open", "close", "message", "unread"])
            window.Switchboard("on", name, (it) => window.heard.push([name, it?.text ?? it]));
        window.Switchboard("on", "message", () => { throw new Error("the page's own fault"); });
        }"""
    )
    chat._allow = "a listener failed"
    await chat.call("close")
    await chat.call("send", "hello")
    await expect(chat.answers).to_have_count(1)
    heard = await chat.page.evaluate("window.heard")
    assert heard[:3] == [["close", None], ["open", None], ["message", "Within 30 days, unused."]]
    await chat.call("setLanguage", "ru")
    await expect(chat.field).to_have_attribute("placeholder", "Напишите сообщение…")
    await chat.call("setTheme", "dark")
    await expect(chat.page.locator(".root")).to_have_class("root dark")
    await chat.call("destroy")
    await expect(chat.page.locator("switchboard-widget")).to_have_count(0)
    assert await chat.page.evaluate("window.Switchboard") is None


async def test_an_identity_is_shown_and_a_refused_one_is_left_out(
    server: WidgetServer, visit: Visit
) -> None:
    chat = await visit(server.url, allow="identity was refused")
    await chat.online()
    await chat.call("identify", "good")
    await chat.say("hello")
    await expect(chat.answers).to_have_count(1)
    assert server.identities == [None, "good"]
    await chat.call("identify", "expired")
    await chat.say("still here?")
    await expect(chat.answers).to_have_count(2)
    assert server.identities[2:] == [None]


async def test_calls_made_before_the_script_came_are_carried_out(
    server: WidgetServer, visit: Visit
) -> None:
    chat = await visit(server.url)
    fresh = await chat.page.context.new_page()
    await fresh.add_init_script(
        "window.Switchboard = (...c) => (window.Switchboard.q ||= []).push(c);"
        "window.Switchboard('setLanguage', 'de'); window.Switchboard('open');"
    )
    await fresh.goto(server.url)
    await expect(fresh.get_by_role("dialog").get_by_role("textbox")).to_have_attribute(
        "placeholder", "Nachricht schreiben…"
    )


async def test_a_visitor_who_only_looks_opens_no_connection(
    server: WidgetServer, visit: Visit
) -> None:
    chat = await visit(server.url, **PHONE)
    await expect(chat.launcher).to_be_visible()
    await expect(chat.panel).to_be_hidden()
    assert server.connects == 0
    await chat.launcher.click()
    await chat.online()
    assert server.connects == 1
    assert server.talks == {}


async def test_on_a_phone_the_panel_fills_the_screen(server: WidgetServer, visit: Visit) -> None:
    chat = await visit(server.url, reduced_motion="reduce", **PHONE)
    await chat.open()
    box = await chat.panel.bounding_box()
    assert box == {"x": 0, "y": 0, "width": 380, "height": 780}
    await expect(chat.launcher).to_be_hidden()


async def test_the_typing_sign_names_who_writes(server: WidgetServer, visit: Visit) -> None:
    chat = await visit(server.url)
    await chat.say("hello")
    await expect(chat.answers).to_have_count(1)
    await server.typing(server.talk, {"role": "human_agent", "name": "Eva Malá"})
    await expect(chat.log).to_contain_text("Eva Malá is writing")
    await expect(chat.page.locator(".dots")).to_be_visible()
    await server.say(server.talk, role="human_agent", name="Eva Malá", text="There you are")
    await expect(chat.page.locator(".dots")).to_have_count(0)


async def test_right_to_left_words_are_set_from_the_right(
    server: WidgetServer, visit: Visit
) -> None:
    chat = await visit(server.url)
    await chat.say("שלום, איך אפשר להחזיר?")
    await expect(chat.mine).to_have_css("direction", "rtl")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("phone", [False, True])
async def test_nothing_in_the_widget_or_the_page_breaks_wcag_2_2_aa(
    server: WidgetServer, visit: Visit, scheme: str, phone: bool
) -> None:
    still = {"color_scheme": scheme, "reduced_motion": "reduce"}
    chat = await visit(server.url, **still, **(PHONE if phone else {}))
    assert await violations(chat.page) == []
    await chat.open()
    await chat.say("May I return it?")
    await chat.sources.get_by_text("Returns and refunds").click()
    await chat.say("choose")
    await expect(chat.page.locator(".choices")).to_be_visible()
    await server.say(
        server.talk, kind="control", role="human_agent", name="Eva Malá", action="take"
    )
    await server.say(server.talk, role="human_agent", name="Eva Malá", text="Hello")
    server.faults.refusals = [{"code": "forbidden", "message": "Not here."}]
    await chat.say("refused")
    await expect(chat.page.locator(".why")).to_be_visible()
    await chat.page.context.set_offline(True)
    await chat.say("without a line")
    await expect(chat.banner).to_be_visible()
    assert await violations(chat.page) == []


async def test_what_the_house_asks_has_its_buttons_and_no_author(
    server: WidgetServer, visit: Visit
) -> None:
    chat = await visit(server.url)
    await chat.say("Let me talk to a person.")
    await expect(chat.answers).to_have_count(1)
    offer = [
        {"label": "Answer me by email", "value": "desk:email"},
        {"label": "I will wait here", "value": "desk:wait"},
    ]
    await server.say(
        server.talk, role="system", text="Our colleagues are back on Monday at 08:00.",
        parts=[{"type": "buttons", "buttons": offer}],
    )  # fmt: skip
    await expect(chat.page.get_by_text("back on Monday")).to_be_visible()
    await chat.page.get_by_role("button", name="I will wait here").click()
    await expect(chat.page.locator(".choices").last).to_be_visible()
    assert await violations(chat.page) == []

    def pressed() -> list[str]:
        return [one["value"] for one in server.talk.entries if one.get("action") == "button"]

    await until(lambda: pressed() != [])
    assert pressed() == ["desk:wait"]
