"""A headless Chromium and pages in it.

Above: the browser tests. Below: Playwright, which drives the Chromium of the system.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright

from tests.e2e.chat import Chat
from tests.flows.conftest import filled

__all__ = ["filled"]  # a fixture of the flows: a data folder after its first start

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

Visit = Callable[..., Awaitable[Chat]]
Shoot = Callable[[Page, str], Awaitable[bytes]]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The one browser of the session."""
    names = ("chromium", "chromium-browser", "google-chrome")
    program = next((path for path in map(shutil.which, names) if path), None)
    if program is None:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def visit(browser: Browser) -> AsyncIterator[Visit]:
    """Opens the page as a new visitor; whatever the page complains about fails the test."""
    chats: list[Chat] = []

    async def open_page(url: str, *, allow: str = "", **options: Any) -> Chat:
        options = {"viewport": {"width": 1280, "height": 800}, "locale": "en-GB"} | options
        context = await browser.new_context(**options)
        context.set_default_timeout(8_000)
        chat = Chat(await context.new_page(), allow)
        chats.append(chat)
        await chat.page.goto(url)
        await chat.page.locator("switchboard-widget").wait_for(state="attached")
        return chat

    yield open_page
    complaints = [line for chat in chats for line in chat.complaints]
    for chat in chats:
        await chat.page.context.close()
    assert complaints == []


@pytest.fixture
def shots(tmp_path: Path) -> Shoot:
    """Takes screenshots into the test's own folder."""

    async def shoot(page: Page, name: str) -> bytes:
        return await page.screenshot(path=tmp_path / f"{name}.png", animations="disabled")

    return shoot
