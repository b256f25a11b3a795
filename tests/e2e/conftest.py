"""A headless Chromium and pages in it.

Above: the browser tests. Below: Playwright, which drives the Chromium of the system; the gateway.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.e2e.chat import NETWORK_NOISE, Chat
from tests.e2e.console import Console, enter
from tests.e2e.gateway import Gateway
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

# Only what does not come at all is waited for so long.
PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)

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
        context.set_default_timeout(PATIENCE_MS)
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


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def gateway(filled: Path) -> AsyncIterator[Gateway]:
    """The one gateway without a model for all who look at the desk."""
    # A short path: that of a unix socket is limited to 108 bytes.
    with tempfile.TemporaryDirectory(prefix="sb") as folder:
        ignore = shutil.ignore_patterns("*.sock", "*.json")
        shutil.copytree(filled, Path(folder) / "data", ignore=ignore)
        gateway = Gateway(Path(folder), "http://127.0.0.1:9")
        try:
            await gateway.start()
            yield gateway
        finally:
            await gateway.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def console(browser: Browser, gateway: Gateway) -> AsyncIterator[Console]:
    """Opens the console, in by default; whatever the page complains about fails the test."""
    pages: list[Page] = []
    complaints: list[str] = []

    async def open_console(name: str = "Eva", *, login: bool = True, **options: Any) -> Page:
        options = {"viewport": {"width": 1280, "height": 800}, "locale": "en-GB"} | options
        context = await browser.new_context(**options)
        context.set_default_timeout(PATIENCE_MS)
        page = await context.new_page()
        pages.append(page)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: _hear(said.type, said.text, complaints))
        await page.goto(f"{gateway.url}/console")
        if login:
            await enter(page, gateway.token, name)
            await expect(page.get_by_role("navigation")).to_be_visible()
        return page

    yield open_console
    for page in pages:
        await page.context.close()
    assert complaints == []


def _hear(kind: str, text: str, complaints: list[str]) -> None:
    if kind in {"error", "warning"} and not any(noise in text for noise in NETWORK_NOISE):
        complaints.append(text)
