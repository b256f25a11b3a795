"""Files in the widget: chosen, dropped, pasted; sent, shown, refused, and loaded again."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import expect

from channels.attaching import FileDesk
from core.bus.connect import open_bus
from core.bus.settings import BusSettings
from core.files.library import Files
from core.files.links import FileLinks
from core.files.settings import FileSettings
from core.files.store import FolderStore
from tests.e2e.axe import violations
from tests.e2e.chat import Chat
from tests.e2e.conftest import Visit
from tests.fakes.gateway import Doors, list_deps, open_doors

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(480),
    pytest.mark.asyncio(loop_scope="session"),
]

PNG = b"\x89PNG\r\n\x1a\n" + bytes(1_500)
DROP = """([target, name, text, kind]) => {
  const data = new DataTransfer();
  data.items.add(new File([text], name, { type: "text/plain" }));
  const event = kind === "paste"
    ? new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true })
    : new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true });
  target.dispatchEvent(event);
}"""


@pytest_asyncio.fixture(loop_scope="session")
async def doors() -> AsyncIterator[Doors]:
    with tempfile.TemporaryDirectory(prefix="sb") as folder:
        settings = FileSettings(max_bytes=100_000)
        desk = FileDesk(Files(FolderStore(Path(folder) / "files"), settings), FileLinks("k" * 40))
        async with (
            open_bus(BusSettings(data_dir=Path(folder))) as bus,
            open_doors(bus, deps=list_deps(bus, files=desk)) as opened,
        ):
            yield opened


async def choose(chat: Chat, *files: tuple[str, bytes]) -> None:
    picked = [{"name": n, "mimeType": "image/png", "buffer": data} for n, data in files]
    await chat.page.locator("input[type=file]").set_input_files(picked)  # type: ignore[arg-type]


async def opened(doors: Doors, visit: Visit, locale: str = "en-GB") -> Chat:
    chat = await visit(doors.url + "/", locale=locale)
    await chat.open()
    await chat.online()
    return chat


async def test_a_chosen_file_goes_with_the_message_and_can_be_loaded_again(
    doors: Doors, visit: Visit
) -> None:
    chat = await opened(doors, visit)
    await choose(chat, ("photo.png", PNG))
    tray = chat.page.locator(".tray")
    await expect(tray.get_by_text("1.5 kB")).to_be_visible()
    assert await violations(chat.page) == []
    await chat.say("Here it is.")
    await expect(tray).to_be_hidden()
    link = chat.page.locator(".line.mine .files a")
    await expect(link).to_have_text("photo.png")
    await expect(chat.page.locator(".line.mine .files")).to_contain_text("1.5 kB")
    address = await link.get_attribute("href")
    loaded = await chat.page.request.get(address or "")
    assert (loaded.status, await loaded.body()) == (200, PNG)
    assert loaded.headers["x-content-type-options"] == "nosniff"


async def test_a_file_alone_is_a_message(doors: Doors, visit: Visit) -> None:
    chat = await opened(doors, visit)
    await choose(chat, ("photo.png", PNG))
    await expect(chat.page.locator(".tray").get_by_text("1.5 kB")).to_be_visible()
    await chat.panel.get_by_role("button", name="Send").click()
    await expect(chat.page.locator(".line.mine .files a")).to_have_text("photo.png")
    await chat.page.reload()
    await chat.open()
    await expect(chat.page.locator(".line.mine .files a")).to_have_text("photo.png")


@pytest.mark.parametrize("kind", ["drop", "paste"])
async def test_a_file_can_be_dropped_and_pasted(doors: Doors, visit: Visit, kind: str) -> None:
    chat = await opened(doors, visit)
    target = await (chat.field if kind == "paste" else chat.panel).element_handle()
    await chat.page.evaluate(DROP, [target, "note.txt", "hello", kind])
    item = chat.page.locator(".tray li")
    await expect(item).to_contain_text("note.txt")
    await expect(item.locator("progress")).to_have_count(0)
    await chat.page.get_by_role("button", name="Remove note.txt").click()
    await expect(item).to_have_count(0)
    await expect(chat.field).to_be_focused()


@pytest.mark.parametrize(
    ("locale", "words"),
    [("en-GB", "Too large"), ("cs-CZ", "Příliš velký"), ("de-DE", "Zu groß"),
     ("es-ES", "Demasiado grande"), ("ru-RU", "Слишком большой")],
)  # fmt: skip
async def test_what_is_too_large_is_said_in_the_visitors_language(
    doors: Doors, visit: Visit, locale: str, words: str
) -> None:
    chat = await opened(doors, visit, locale)
    await choose(chat, ("film.png", b"x" * 100_001))
    alert = chat.page.locator(".tray").get_by_role("alert")
    await expect(alert).to_have_text(words)
    send = chat.panel.locator("button.send")
    await expect(send).to_have_attribute("aria-disabled", "true")


async def test_an_eleventh_file_is_refused_and_the_others_go(doors: Doors, visit: Visit) -> None:
    chat = await opened(doors, visit)
    await choose(chat, *((f"{number}.png", PNG) for number in range(11)))
    await expect(chat.page.locator(".tray").get_by_role("alert")).to_have_text("At most 10 files")
    await expect(chat.page.locator(".tray progress")).to_have_count(0)
    await chat.say("All of them.")
    await expect(chat.page.locator(".line.mine .files li")).to_have_count(10)
