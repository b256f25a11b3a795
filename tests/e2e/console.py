"""The console as a person of the desk uses it, and a customer who wants one.

Above: the browser tests of the desk. Below: Playwright, the real gateway.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from playwright.async_api import Page, expect

from tests.e2e.gateway import Gateway

WISH = "I want to talk to a person, please."
Console = Callable[..., Awaitable[Page]]


async def enter(page: Page, token: str, name: str) -> None:
    await page.locator("#name").fill(name)
    await page.locator("#token").fill(token)
    await page.locator("form button").click()


async def waiting_talk(gateway: Gateway, contact: str, *texts: str) -> str:
    """A customer who wants a person; the conversation's id."""
    made = await gateway.call("POST", "/conversations", contact=contact)
    for text in texts or (WISH,):
        await gateway.call("POST", f"/conversations/{made['id']}/messages?wait=60", text=text)
    assert (await gateway.call("GET", f"/conversations/{made['id']}"))["owner"] == "human"
    return str(made["id"])


async def open_talk(page: Page, contact: str) -> None:
    await page.locator(".row", has_text=contact).first.click()
    await expect(page.locator(".top h1")).to_have_text(contact)
