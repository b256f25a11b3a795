"""The open chat as a visitor uses it.

Above: the browser tests. Below: Playwright. Reads what is on the screen, not the widget's state.
"""

from __future__ import annotations

from typing import Any

from playwright.async_api import ConsoleMessage, Locator, Page, expect

# Chromium says so itself whenever a connection cannot be made; several tests cut it on purpose.
NETWORK_NOISE = ("WebSocket connection to", "net::ERR_", "Failed to load resource")


class Chat:
    """One page with the widget in it."""

    def __init__(self, page: Page, allow: str = "") -> None:
        self.page = page
        self.complaints: list[str] = []
        self._allow = allow
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, message: ConsoleMessage) -> None:
        text = message.text
        if message.type not in ("error", "warning") or any(n in text for n in NETWORK_NOISE):
            return
        if not (self._allow and self._allow in text):
            self.complaints.append(text)

    @property
    def panel(self) -> Locator:
        return self.page.get_by_role("dialog")

    @property
    def launcher(self) -> Locator:
        return self.page.locator(".launcher")

    @property
    def field(self) -> Locator:
        return self.panel.get_by_role("textbox")

    @property
    def log(self) -> Locator:
        return self.panel.get_by_role("log")

    @property
    def mine(self) -> Locator:
        """What the customer has said, pending or not."""
        return self.page.locator(".line.mine .text")

    @property
    def settled(self) -> Locator:
        """What the customer has said and the gateway has stored."""
        return self.page.locator(".line.mine:not(.pending):not(.failed) .text")

    @property
    def answers(self) -> Locator:
        """Whole answers: the one that is being streamed is not among them."""
        return self.page.locator(".line:not(.mine):not([aria-live=off]) > .text")

    @property
    def stream(self) -> Locator:
        return self.page.locator(".line[aria-live=off] > .text")

    @property
    def banner(self) -> Locator:
        return self.page.locator(".banner")

    @property
    def sources(self) -> Locator:
        return self.page.locator(".sources")

    async def open(self) -> None:
        if not await self.panel.is_visible():
            await self.launcher.click()
        await expect(self.panel).to_be_visible()

    async def say(self, text: str) -> None:
        await self.field.fill(text)
        await self.field.press("Enter")

    async def call(self, *call: Any) -> Any:
        return await self.page.evaluate("call => { window.Switchboard(...call) }", list(call))

    async def texts(self) -> list[str]:
        """Every whole line of words on the screen, in order, exactly as it reads."""
        lines = self.page.locator(".line:not([aria-live=off]) > .text")
        return [text or "" for text in await lines.evaluate_all("n => n.map(e => e.textContent)")]

    async def online(self) -> None:
        """Wait until the line is up."""
        await expect(self.page.locator(".status:not(.down)")).to_be_visible()
