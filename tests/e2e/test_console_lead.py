"""What a team lead does in the console: who answers what, the week, people who are one."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.e2e.axe import violations
from tests.e2e.console import Console
from tests.e2e.gateway import Gateway
from tests.flows.gateway_process import FIRST_START_SECONDS

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(FIRST_START_SECONDS + 360),
    pytest.mark.asyncio(loop_scope="session"),
]


async def fits(page: Page) -> None:
    """The rules of accessibility hold, and on a phone nothing scrolls sideways."""
    assert await violations(page) == []
    await page.set_viewport_size({"width": 380, "height": 780})
    assert not await page.evaluate("document.documentElement.scrollWidth > innerWidth")


async def test_a_lead_lets_the_ai_only_draft_an_intent_and_takes_that_back(
    console: Console, gateway: Gateway
) -> None:
    page = await console("Lena", bypass_csp=True)
    await page.get_by_role("link", name="Specialists").click()
    await page.get_by_role("link", name="Who answers").click()
    await page.get_by_role("button", name="Change", exact=True).click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Topic").fill("nonsense")
    await dialog.get_by_role("button", name="Save").click()
    await expect(page.locator(".notice")).to_contain_text("did not work")  # it says why
    await dialog.get_by_label("Topic").fill("billing.refund")
    await dialog.get_by_label("Why").fill("Three went wrong")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog).to_have_count(0)
    await expect(page.locator(".list li", has_text="Three went wrong")).to_have_count(1)
    assert (await gateway.call("GET", "/autonomy"))["modes"] == {"billing.refund": "draft"}
    await fits(page)
    await page.get_by_role("button", name="Take back").click()
    await page.get_by_role("dialog").get_by_role("button", name="Save").click()
    await expect(page.locator(".list li", has_text="Taken back: Three went wrong")).to_have_count(1)
    assert (await gateway.call("GET", "/autonomy"))["modes"] == {}


async def test_the_report_of_a_week_leads_to_the_week_before(
    console: Console, gateway: Gateway
) -> None:
    told = await gateway.call("GET", "/reports/weekly")
    page = await console("Lena", bypass_csp=True)
    await page.get_by_role("link", name="Statistics").click()
    await page.get_by_role("link", name="Weekly report").click()
    await expect(page.locator(".week")).to_have_text(told["week"])
    await expect(page.locator(".figures")).to_contain_text("Handed to people")
    await page.get_by_role("button", name="Week before").click()
    await expect(page.locator(".week")).not_to_have_text(told["week"])
    await expect(page.locator(".figures")).to_be_visible()
    await page.get_by_role("button", name="Week after").click()
    await page.get_by_role("button", name="Week after").click()  # the one that runs now
    await expect(page.locator(".figures")).to_be_visible()
    await expect(page.get_by_role("button", name="Week after")).to_be_disabled()
    await fits(page)


async def test_two_contacts_become_one_after_a_look_and_part_again(
    console: Console, gateway: Gateway
) -> None:
    kept = await gateway.call("POST", "/contacts", name="Zuzana Kept")
    gone = await gateway.call("POST", "/contacts", name="Z. Gone", email="zuzana@example.org")
    phone = {"channel": "phone", "value": "+420 777 123 456"}
    await gateway.call("POST", f"/contacts/{gone['id']}/identities", **phone)
    page = await console("Lena", bypass_csp=True)
    await page.get_by_role("link", name="Contacts").click()
    await page.get_by_role("searchbox").fill("zuzana k")
    await page.get_by_role("link", name="Zuzana Kept").click()
    await page.get_by_role("button", name="Merge").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("The contact that becomes this one").fill(gone["id"])
    await dialog.get_by_role("button", name="Show what would happen").click()
    await expect(dialog).to_contain_text("+420 777 123 456")
    assert (await gateway.call("GET", f"/contacts/{gone['id']}"))["merged_into"] is None
    await dialog.get_by_label("Why").fill("She said so on the phone")
    await dialog.get_by_role("button", name="Merge").click()
    await expect(page.locator(".list", has_text="+420 777 123 456")).to_be_visible()
    assert (await gateway.call("GET", f"/contacts/{gone['id']}"))["merged_into"] == kept["id"]
    await expect(page.get_by_label("Email")).to_have_value("zuzana@example.org")
    await fits(page)
    await page.get_by_role("button", name="Part again").click()
    await expect(page.locator(".list", has_text="parted again")).to_be_visible()
    assert (await gateway.call("GET", f"/contacts/{gone['id']}"))["merged_into"] is None
