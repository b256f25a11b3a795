"""The console in a browser, on the real gateway: in by token, who waits, take, answer, return."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import pytest
from aiohttp import ClientSession
from playwright.async_api import Route, expect

from tests.e2e.axe import violations
from tests.e2e.conftest import Shoot
from tests.e2e.console import WISH, Console, enter, open_talk, waiting_talk
from tests.e2e.gateway import Gateway
from tests.flows.gateway_process import FIRST_START_SECONDS

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(FIRST_START_SECONDS + 360),
    pytest.mark.asyncio(loop_scope="session"),
]

PHONE: dict[str, Any] = {"viewport": {"width": 380, "height": 780}}
HOSTILE = 'I want a person! <img src=x onerror="window.hacked=1"><b>x</b>'
PAGES = ("approvals", "knowledge", "tickets", "specialists", "stats", "more")


async def test_a_wrong_token_is_refused_with_words_and_the_right_one_is_in_no_address(
    console: Console, gateway: Gateway
) -> None:
    page = await console(login=False)
    await enter(page, "not-the-token", "Eva")
    await expect(page.get_by_role("alert")).to_contain_text("not valid")
    await enter(page, gateway.token, "Eva")
    await expect(page.get_by_role("navigation")).to_be_visible()
    assert gateway.token not in page.url
    assert gateway.token not in await page.evaluate("JSON.stringify(localStorage)")
    await page.goto(f"{gateway.url}/console#/more")
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.locator("#token")).to_have_value("")
    assert gateway.token not in await page.evaluate("JSON.stringify(sessionStorage)")


async def test_without_a_token_the_desk_s_data_is_refused(gateway: Gateway) -> None:
    async with ClientSession() as session:
        for path in ("/cases", "/conversations", "/approvals", "/knowledge/gaps"):
            async with session.get(f"{gateway.url}/api/v1{path}") as response:
                assert response.status == 401
        async with session.get(f"{gateway.url}/console") as page:
            policy = page.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy


async def test_who_waits_appears_live_is_taken_answered_and_returned(
    console: Console, gateway: Gateway
) -> None:
    page = await console()
    talk = await waiting_talk(gateway, "lena@example.org")
    row = page.locator(".row", has_text="lena@example.org")
    await expect(row).to_contain_text("asked for a person")
    await expect(row).to_contain_text("not taken yet")
    await open_talk(page, "lena@example.org")
    await expect(page.locator(".handover")).to_contain_text(WISH)
    await page.get_by_role("button", name="Take over").click()
    await expect(page.locator(".owner[role=status]")).to_have_text("with you")
    await page.locator("#composer").fill("Hello, Eva here.")
    await page.locator("#composer").press("Control+Enter")
    await expect(page.locator(".entry.human_agent .text")).to_have_text(["Hello, Eva here."])
    await expect(page.locator("#composer")).to_have_value("")
    await gateway.call("POST", f"/conversations/{talk}/messages", text="Thank you, Eva.")
    await expect(page.locator(".entry.customer .text").last).to_have_text("Thank you, Eva.")
    await page.get_by_role("button", name="Return to AI").click()
    left = page.get_by_role("dialog", name="Return to AI")
    await left.get_by_label("Decided").fill("A new pump is sent")
    await left.get_by_label("Promised").fill("It leaves on Monday\nNo costs")
    await left.get_by_role("button", name="Return to AI").click()
    await expect(page.locator(".owner[role=status]")).to_have_text("with the AI")
    await expect(page.locator(".act.release")).to_contain_text("Decided: A new pump is sent")
    said = [e for e in await gateway.entries(talk) if e["author"]["role"] == "human_agent"]
    assert [(e.get("action"), e["text"]) for e in said] == [
        ("take", ""), (None, "Hello, Eva here."), ("release", ""),
    ]  # fmt: skip
    assert {e["author"]["name"] for e in said} == {"Eva"}
    assert json.loads(said[-1]["value"]) == {
        "decided": "A new pump is sent", "promised": ["It leaves on Monday", "No costs"],
    }  # fmt: skip


async def test_a_note_is_marked_as_internal_and_the_customer_never_gets_it(
    console: Console, gateway: Gateway
) -> None:
    talk = await waiting_talk(gateway, "nora@example.org")
    page = await console()
    await open_talk(page, "nora@example.org")
    await page.locator("#composer").fill("note: she called on Monday")
    await expect(page.get_by_role("button", name="Save note")).to_be_visible()
    await page.locator("#composer").press("Control+Enter")
    await expect(page.locator(".entry.note")).to_contain_text("Internal note")
    await expect(page.locator(".entry.note .text")).to_have_text("she called on Monday")
    (note,) = [e for e in await gateway.entries(talk) if e["kind"] == "note"]
    assert note["text"] == "she called on Monday"


async def test_two_people_see_who_has_it_and_taking_it_away_is_said(
    console: Console, gateway: Gateway
) -> None:
    await waiting_talk(gateway, "tom@example.org")
    eva, marek = await console("Eva"), await console("Marek")
    await open_talk(eva, "tom@example.org")
    await open_talk(marek, "tom@example.org")
    await eva.get_by_role("button", name="Take over").click()
    await expect(marek.locator(".owner[role=status]")).to_have_text("with Eva")
    await marek.get_by_role("button", name="Take over from Eva").click()
    await expect(marek.locator(".owner[role=status]")).to_have_text("with you")
    await expect(eva.locator(".owner[role=status]")).to_have_text("with Marek")
    await expect(eva.locator(".act.take")).to_have_count(2)


async def test_unsent_words_survive_a_reload(console: Console, gateway: Gateway) -> None:
    await waiting_talk(gateway, "ida@example.org")
    page = await console()
    await open_talk(page, "ida@example.org")
    await page.locator("#composer").fill("half a sent")
    await page.reload()
    await expect(page.locator("#composer")).to_have_value("half a sent")


async def test_what_a_customer_wrote_is_only_text(console: Console, gateway: Gateway) -> None:
    await waiting_talk(gateway, "mallory@example.org", HOSTILE)
    page = await console()
    await open_talk(page, "mallory@example.org")
    await expect(page.locator(".entry.customer .text")).to_have_text([HOSTILE])
    assert await page.locator("main img").count() == 0
    assert await page.evaluate("window.hacked") is None


async def test_why_an_answer_was_given_is_one_click_away(
    console: Console, gateway: Gateway
) -> None:
    await waiting_talk(gateway, "otto@example.org", "How long does delivery take?", WISH)
    page = await console()
    await open_talk(page, "otto@example.org")
    await page.locator(".entry.ai").first.get_by_role("button", name="Why").click()
    why = page.get_by_role("complementary", name="Why this answer")
    await expect(why).to_contain_text("without a model")
    await expect(why.locator(".passage blockquote").first).not_to_be_empty()
    await expect(why.locator(".stages")).to_contain_text(re.compile(r"\d ms"))


async def test_keys_open_take_and_close_without_a_mouse(console: Console, gateway: Gateway) -> None:
    await waiting_talk(gateway, "kim@example.org")
    page = await console()
    await expect(page.locator(".row").first).to_be_visible()
    await page.keyboard.press("j")
    await expect(page.locator(".top h1")).to_be_visible()
    await page.keyboard.press("t")
    await expect(page.locator(".owner[role=status]")).to_have_text("with you")
    await page.keyboard.press("r")
    await expect(page.locator("#composer")).to_be_focused()
    await page.keyboard.type("t")
    await page.keyboard.press("Escape")
    await page.keyboard.press("e")
    await expect(page.get_by_role("dialog", name="Resolve")).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(page.locator(".owner[role=status]")).to_have_text("closed")


async def test_keys_typed_ahead_reach_the_conversation_that_was_asked_for_and_no_other(
    console: Console, gateway: Gateway
) -> None:
    before, wanted = [await waiting_talk(gateway, f"{who}@example.org") for who in ("ada", "ben")]
    page = await console()
    await page.goto(f"{gateway.url}/console#/c/{before}")
    await expect(page.locator(".top h1")).to_have_text("ada@example.org")
    go_on = asyncio.Event()

    async def answer_late(route: Route) -> None:
        await go_on.wait()
        await route.continue_()

    await page.route(f"**/conversations/{wanted}", answer_late)
    await page.evaluate("talk => { location.hash = `#/c/${talk}` }", wanted)
    await page.keyboard.press("t")
    await expect(page.locator(".log .empty")).to_be_visible()  # it is still on its way
    await page.keyboard.press("t")
    go_on.set()
    await expect(page.locator(".top h1")).to_have_text("ben@example.org")
    await expect(page.locator(".owner[role=status]")).to_have_text("with you")
    acts = {talk: [e.get("action") for e in await gateway.entries(talk)].count("take")
            for talk in (before, wanted)}  # fmt: skip
    assert acts == {before: 0, wanted: 1}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [{}, PHONE], ids=["wide", "phone"])
async def test_every_page_meets_the_accessibility_rules(
    console: Console, gateway: Gateway, shots: Shoot, scheme: str, size: dict[str, Any]
) -> None:
    await waiting_talk(gateway, "axel@example.org", "How long does delivery take?", WISH)
    door = await console(login=False, color_scheme=scheme, bypass_csp=True, **size)
    assert await violations(door) == []
    page = await console(color_scheme=scheme, bypass_csp=True, **size)
    await open_talk(page, "axel@example.org")
    await expect(page.locator(".entry")).not_to_have_count(0)
    assert await violations(page) == []
    await shots(page, f"talk-{scheme}")
    for name in PAGES:
        await page.goto(f"{gateway.url}/console#/{name}")
        await expect(page.locator(".page h1")).to_be_visible()
        await asyncio.gather(expect(page.get_by_text("Loading…")).to_have_count(0))
        assert await violations(page) == []
        wide = "document.documentElement.scrollWidth > innerWidth"
        assert not await page.evaluate(wide), f"{name} scrolls sideways"


@pytest.mark.parametrize(
    ("locale", "words"),
    [("cs-CZ", "Čekají"), ("ru-RU", "Ждут"), ("de-DE", "Wartend"),
     ("es-ES", "En espera"), ("fr-FR", "Waiting")],
)  # fmt: skip
async def test_the_console_speaks_the_browser_s_language(
    console: Console, locale: str, words: str
) -> None:
    page = await console(locale=locale)
    await expect(page.locator(".tabs button").first).to_contain_text(words)
    assert await page.evaluate("document.documentElement.lang") == (
        locale[:2] if locale[:2] != "fr" else "en"
    )
