"""The whole road: a browser, the real gateway in its own process, an answer and back.

What is on the screen is compared with what REST says is stored: equal, nothing twice, nothing
missing, whatever was cut in between.
"""

from __future__ import annotations

import asyncio
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.e2e.axe import violations
from tests.e2e.chat import Chat
from tests.e2e.conftest import Shoot, Visit
from tests.e2e.gateway import Gateway, Model
from tests.flows.gateway_process import FIRST_START_SECONDS

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(FIRST_START_SECONDS + 360),
    pytest.mark.asyncio(loop_scope="session"),
]

DESCALING = (
    "Descale every 3 months or after 200 cups, whichever comes first [1]. "
    "The orange light or the app tells you when. "
    "It takes about 35 minutes [1]. "
    "Use one dose of Fernhill descaler, never vinegar. "
    "Vinegar attacks the seals [1]."
)
SHOWN = DESCALING.replace(" [1]", "")


def script(prompt: str) -> str | None:
    """The model knows descaling and small talk; for the rest it is out of order."""
    asked = prompt.partition("\n")[0].lower()
    if "descale" in asked:
        return DESCALING
    return "I have read all of it. " if "part" in asked else None


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def model() -> AsyncIterator[Model]:
    async with Model(script).serve() as model:
        yield model


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def gateway(model: Model, filled: Path) -> AsyncIterator[Gateway]:
    # A short path: that of a unix socket is limited to 108 bytes.
    with tempfile.TemporaryDirectory(prefix="sb") as folder:
        ignore = shutil.ignore_patterns("*.sock", "*.json")
        shutil.copytree(filled, Path(folder) / "data", ignore=ignore)
        gateway = Gateway(Path(folder), model.url)
        try:
            await gateway.start()
            yield gateway
        finally:
            await gateway.stop()


async def stored(chat: Chat, gateway: Gateway) -> list[dict[str, Any]]:
    """The entries with words in them, from REST."""
    conversation = await chat.page.evaluate("localStorage['switchboard:demo:conversation']")
    entries = await gateway.entries(conversation)
    return [entry for entry in entries if entry["kind"] == "message"]


async def assert_screen_is_the_log(chat: Chat, gateway: Gateway) -> list[dict[str, Any]]:
    entries = await stored(chat, gateway)
    assert await chat.texts() == [entry["text"] for entry in entries]
    assert len({entry["id"] for entry in entries}) == len(entries)
    return entries


async def test_a_question_gets_a_streamed_answer_with_its_source(
    gateway: Gateway, model: Model, visit: Visit
) -> None:
    model.hold(3)
    chat = await visit(gateway.url)
    await chat.say("How do I descale my machine?")
    await expect(chat.stream).to_contain_text("whichever comes first.")
    await expect(chat.answers).to_have_count(0)
    model.go_on.set()
    await expect(chat.answers).to_have_text([SHOWN])
    await expect(chat.sources).to_contain_text("How do I descale my machine?")
    question, answer = await assert_screen_is_the_log(chat, gateway)
    assert answer["citations"][0]["url"].startswith("https://help.fernhill.example/")
    assert question["author"]["role"] == "customer"


async def test_every_link_and_file_of_the_demo_page_is_served(
    gateway: Gateway, visit: Visit
) -> None:
    chat = await visit(gateway.url)
    addresses = await chat.page.evaluate(
        "[...document.querySelectorAll('[href], [src]')].map(e => e.href || e.src)"
    )
    ours = [address for address in addresses if address.startswith(f"{gateway.url}/")]
    assert len(ours) >= 5
    statuses = {url: (await chat.page.request.get(url)).status for url in ours}
    assert {url: status for url, status in statuses.items() if status != 200} == {}


async def test_the_network_is_cut_in_the_middle_of_an_answer(
    gateway: Gateway, model: Model, visit: Visit
) -> None:
    model.hold(3)
    chat = await visit(gateway.url)
    # Not asked before: what was answered already would come at once and whole.
    await chat.say("How often do I have to descale my machine?")
    await expect(chat.stream).to_contain_text("whichever comes first.")
    await chat.page.context.set_offline(True)
    await expect(chat.banner).to_be_visible()
    model.go_on.set()
    async with asyncio.timeout(60):
        while len(await stored(chat, gateway)) < 2:
            await asyncio.sleep(0.05)
    assert await chat.answers.count() == 0
    await chat.page.context.set_offline(False)
    await expect(chat.answers).to_have_text([SHOWN])
    await expect(chat.stream).to_have_count(0)
    await assert_screen_is_the_log(chat, gateway)


async def test_after_a_reload_the_conversation_is_there(gateway: Gateway, visit: Visit) -> None:
    chat = await visit(gateway.url)
    await chat.say("How do I descale my machine?")
    await expect(chat.answers).to_have_text([SHOWN])
    before = await assert_screen_is_the_log(chat, gateway)
    await chat.page.reload()
    await expect(chat.answers).to_have_text([SHOWN])
    await expect(chat.sources).to_have_count(1)
    assert await assert_screen_is_the_log(chat, gateway) == before


async def test_five_messages_within_a_second_are_stored_in_order_and_answered_once(
    gateway: Gateway, model: Model, visit: Visit
) -> None:
    chat = await visit(gateway.url)
    said = [f"This is part {number} of five," for number in ("one", "two", "three", "four")]
    said.append("and this is the last part.")
    # Within one step of the page: typing them takes seconds where the machine is slow.
    await chat.page.evaluate("said => said.forEach(text => Switchboard('send', text))", said)
    await expect(chat.settled).to_have_text(said)
    await expect(chat.answers).to_have_count(1)
    await expect(chat.page.locator(".dots")).to_have_count(0)
    entries = await assert_screen_is_the_log(chat, gateway)
    assert [entry["text"] for entry in entries[:5]] == said
    assert len(entries) == 6


async def test_a_czech_question_gets_a_czech_answer_without_the_model(
    gateway: Gateway, visit: Visit
) -> None:
    chat = await visit(gateway.url, locale="cs-CZ")
    await chat.say("Jak si můžu pozastavit kávové předplatné?")
    await expect(chat.answers).to_have_count(1)
    choice = chat.page.locator(".choices button").first
    if await choice.count():
        await choice.click()
        await expect(chat.answers).to_have_count(2)
    await expect(chat.sources.first).to_contain_text("zdroj")
    entries = await stored(chat, gateway)
    assert entries[-1]["language"] == "cs"
    assert entries[-1]["citations"]


async def test_a_gateway_that_was_killed_comes_back_with_the_conversation(
    gateway: Gateway, visit: Visit
) -> None:
    chat = await visit(gateway.url)
    await chat.say("How do I descale my machine?")
    await expect(chat.answers).to_have_text([SHOWN])
    await asyncio.sleep(1.1)  # the store writes to disk every second, by setting
    await gateway.stop(signal.SIGKILL)
    await expect(chat.banner).to_be_visible()
    await chat.say("How do I descale it again?")
    await expect(chat.mine).to_have_count(2)
    await gateway.start()
    await expect(chat.answers).to_have_text([SHOWN, SHOWN])
    await expect(chat.banner).to_be_hidden()
    await assert_screen_is_the_log(chat, gateway)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [380, 1280])
async def test_the_page_is_in_order_at_every_size_and_scheme(
    gateway: Gateway, visit: Visit, shots: Shoot, scheme: str, width: int
) -> None:
    size = {"width": width, "height": 800}
    chat = await visit(
        gateway.url, viewport=size, color_scheme=scheme, reduced_motion="reduce",
        has_touch=width < 480,
    )  # fmt: skip
    assert await shots(chat.page, f"page-{scheme}-{width}")
    await chat.open()
    await chat.say("How do I descale my machine?")
    await expect(chat.answers).to_have_text([SHOWN])
    await expect(chat.answers.first).to_be_in_viewport(ratio=1)
    await expect(chat.field).to_be_in_viewport(ratio=1)
    assert await chat.log.evaluate("log => log.scrollWidth <= log.clientWidth")
    assert await violations(chat.page) == []
    assert await shots(chat.page, f"answer-{scheme}-{width}")
