"""Files over HTTP on a real store: taken, claimed by messages, shown by links that expire."""

from __future__ import annotations

import io
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from channels.attaching import FileDesk
from core.bus.connect import Bus
from core.files.library import Files
from core.files.links import FileLinks
from core.files.settings import FileSettings
from core.files.store import FolderStore
from core.messages import Address, Attachment
from tests.fakes.frames import open_line
from tests.fakes.gateway import Doors, list_deps, open_doors

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
TOO_LONG = b"x" * 2_000_001
HTML = b"<html><script>alert(1)</script></html>"


def left_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


class World:
    """Doors with a file store, a caller, and a clock for the links."""

    def __init__(self, doors: Doors, http: aiohttp.ClientSession, desk: FileDesk) -> None:
        self.doors, self.http, self.desk = doors, http, desk
        self.late = 0.0

    async def open(self) -> tuple[str, dict[str, str]]:
        """A conversation: its path, and its customer's headers."""
        async with self.http.post(f"{self.doors.api}/conversations", json={}) as response:
            made = await response.json()
        path = f"{self.doors.api}/conversations/{made['id']}"
        return path, {"Authorization": f"Bearer {made['token']}"}

    async def upload(
        self, path: str, heads: dict[str, str], data: bytes, *, name: str = "photo.png",
        declared: str = "image/png", part: str = "file",
    ) -> tuple[int, Any]:  # fmt: skip
        form = aiohttp.FormData(quote_fields=False)
        form.add_field(part, io.BytesIO(data), filename=name, content_type=declared)
        async with self.http.post(f"{path}/attachments", data=form, headers=heads) as response:
            return response.status, await response.json()

    async def say(self, path: str, heads: dict[str, str], body: dict[str, Any]) -> tuple[int, Any]:
        async with self.http.post(f"{path}/messages", json=body, headers=heads) as response:
            return response.status, await response.json()


@pytest.fixture
async def world(bus: Bus, tmp_path: Path) -> AsyncGenerator[World]:
    settings = FileSettings(max_bytes=2_000_000)
    made: list[World] = []
    links = FileLinks("s" * 40, clock=lambda: 1_800_000_000 + made[0].late)
    desk = FileDesk(Files(FolderStore(tmp_path), settings), links)
    async with (
        open_doors(bus, deps=list_deps(bus, files=desk)) as doors,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as http,
    ):
        made.append(World(doors, http, desk))
        yield made[0]


async def test_an_uploaded_picture_travels_with_a_message_and_comes_back_by_its_link(
    world: World,
) -> None:
    path, heads = await world.open()
    status, file = await world.upload(path, heads, PNG, name="../../etc/my photo.png")
    assert status == 201
    assert (file["name"], file["media_type"], file["size"]) == ("my photo.png", "image/png", 264)
    status, said = await world.say(path, heads, {"text": "", "attachments": [{"id": file["id"]}]})
    assert (status, said) == (202, {"seq": 1})
    async with world.http.get(f"{path}/entries", headers=heads) as response:
        shown = (await response.json())["entries"][0]["attachments"][0]
    assert shown["id"] == file["id"]
    async with world.http.get(world.doors.url + shown["url"]) as response:
        assert response.status == 200
        assert await response.read() == PNG
        assert response.headers["Content-Disposition"].startswith("inline")
        assert response.headers["X-Content-Type-Options"] == "nosniff"
    stored = (await world.doors.bus.log.entries(path.rsplit("/", 1)[1]))[0]  # type: ignore[arg-type]
    assert stored.attachments[0].url is None


async def test_a_page_in_disguise_is_a_download_of_plain_text(world: World) -> None:
    path, heads = await world.open()
    _, file = await world.upload(path, heads, HTML, name="holiday.png")
    assert file["media_type"] == "text/plain"
    async with world.http.get(world.doors.url + file["url"]) as response:
        assert response.headers["Content-Disposition"].startswith("attachment")
        assert response.headers["Content-Type"] == "text/plain"
        assert "sandbox" in response.headers["Content-Security-Policy"]


async def test_a_file_of_another_conversation_looks_as_if_it_did_not_exist(world: World) -> None:
    mine, my_heads = await world.open()
    theirs, their_heads = await world.open()
    _, file = await world.upload(mine, my_heads, PNG)
    body = {"text": "look", "attachments": [{"id": file["id"]}]}
    status, problem = await world.say(theirs, their_heads, body)
    assert (status, problem["code"]) == (404, "not_found")
    assert await world.doors.bus.log.entries(theirs.rsplit("/", 1)[1]) == []  # type: ignore[arg-type]
    status, problem = await world.upload(mine, their_heads, PNG)
    assert (status, problem["code"]) == (404, "not_found")


async def test_a_link_expires_and_cannot_be_made_to_open_another_file(world: World) -> None:
    path, heads = await world.open()
    _, one = await world.upload(path, heads, PNG)
    _, two = await world.upload(path, heads, PNG + b"two")
    swapped = one["url"].replace(one["id"], two["id"])
    longer = one["url"].replace("e=18", "e=19")
    for url in (swapped, longer, one["url"].split("?")[0], one["url"] + "x", "/files/../x?e=1&s=2"):
        async with world.http.get(world.doors.url + url) as response:
            assert response.status == 404, url
    world.late = 5 * 3600.0
    async with world.http.get(world.doors.url + one["url"]) as response:
        assert response.status == 404


@pytest.mark.parametrize(
    ("data", "part", "status", "code"),
    [(b"", "file", 400, "empty_file"), (TOO_LONG, "file", 413, "too_large"),
     (PNG, "other", 400, "bad_body")],
    ids=["empty", "long", "other"],
)  # fmt: skip
async def test_a_bad_upload_is_refused_with_a_reason_and_leaves_nothing(
    world: World, tmp_path: Path, data: bytes, part: str, status: int, code: str
) -> None:
    path, heads = await world.open()
    answer, problem = await world.upload(path, heads, data, part=part)
    assert (answer, problem["code"]) == (status, code)
    assert left_in(tmp_path) == []


async def test_an_upload_that_is_no_form_is_refused(world: World) -> None:
    path, heads = await world.open()
    for heads_of in ({"Content-Type": "multipart/form-data"}, {"Content-Type": "image/png"}):
        async with world.http.post(
            f"{path}/attachments", data=PNG, headers=heads | heads_of
        ) as response:
            assert response.status == 400
    async with world.http.post(f"{path}/attachments", data=PNG) as response:
        assert response.status == 401


async def test_too_many_or_unknown_files_are_refused(world: World) -> None:
    path, heads = await world.open()
    _, file = await world.upload(path, heads, PNG)
    for refs, status in (
        ([{"id": file["id"]}] * 11, 400), ([{"id": "fl_" + "A" * 22}], 404), ([{"name": "x"}], 400),
        ([{"id": "../../x"}], 404),
    ):  # fmt: skip
        assert (await world.say(path, heads, {"text": "x", "attachments": refs}))[0] == status


@pytest.mark.usefixtures("full_buckets")
async def test_uploads_of_one_conversation_are_slowed_down(world: World) -> None:
    path, heads = await world.open()
    found = [(await world.upload(path, heads, PNG))[0] for _ in range(12)]
    assert found[0] == 201
    assert 429 in found


async def test_a_file_that_its_platform_keeps_is_fetched_when_its_link_is_opened(
    world: World,
) -> None:
    asked: list[str] = []

    async def fetch(
        channel: str, account: str, attachment: Attachment, *, most_bytes: int
    ) -> bytes:
        asked.append(f"{channel}:{account}:{attachment.ref}")
        return PNG

    world.desk.files.fetch_with(fetch)
    there = Attachment(name="cat", media_type="image/gif", size=-1, ref="F1")
    address = Address(channel="telegram", account="shop", chat="7")
    settled = await world.desk.files.settle(there, address, None)
    assert settled.id is not None
    for _ in range(2):
        async with world.http.get(world.doors.url + world.desk.link(settled.id)) as response:
            assert (response.status, response.content_type) == (200, "image/png")
            assert await response.read() == PNG
    assert asked == ["telegram:shop:F1"]


async def test_a_visitor_of_the_widget_uploads_with_the_ticket_of_the_socket(world: World) -> None:
    async with open_line(world.doors.url) as visitor:
        await visitor.connect({"site": "shop"})
        ticket = await visitor.ask("upload", {})
        heads = {"Authorization": f"Bearer {ticket['token']}"}
        path = world.doors.url + ticket["url"].removesuffix("/attachments")
        status, file = await world.upload(path, heads, PNG)
        assert status == 201 and ticket["max_bytes"] == 2_000_000
        refs = [{"id": file["id"]}]
        said = await visitor.ask("message", {"client_id": "a", "text": "", "attachments": refs})
        assert said["seq"] == 1
        replay = await visitor.ask("resume", {"after": 0})
        (shown,) = replay["entries"][0]["attachments"]
        assert shown["id"] == file["id"] and shown["url"].startswith("/files/")
        for bad in ([{"id": "fl_" + "A" * 22}], [{"url": "https://evil.example"}], "x", [7]):
            body = {"client_id": "b", "text": "", "attachments": bad}
            assert "error" in await visitor.ask("message", body)


async def test_a_platform_that_does_not_answer_is_a_503_and_no_traceback(world: World) -> None:
    async def fetch(
        channel: str, account: str, attachment: Attachment, *, most_bytes: int
    ) -> bytes:
        raise TimeoutError

    world.desk.files.fetch_with(fetch)
    there = Attachment(name="cat", media_type="image/gif", size=-1, ref="F1")
    settled = await world.desk.files.settle(there, Address(channel="slack", chat="C"), None)
    async with world.http.get(world.doors.url + world.desk.link(settled.id or "")) as response:
        assert response.status == 503
        assert (await response.json())["code"] == "file_unreachable"


FORMS: dict[str, bytes] = {
    "nothing after the boundary": b"--b\r\nTrue--b--\r\n",
    "no boundary at all": b"hello",
    "nothing": b"",
    "only the end": b"--b--\r\n",
    "a part without a head": b"--b\r\n\r\nx\r\n--b--\r\n",
    "a head that is none": b"--b\r\nbroken\r\n\r\nx\r\n--b--\r\n",
    "a form in a form": b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n"
    b"--c\r\n\r\nx\r\n--c--\r\n--b--\r\n",
    "bytes that are no text": b"--b\r\n"
    b'Content-Disposition: form-data; name="\xff"; filename="\xfe"\r\n'
    b"\r\nx\r\n--b--\r\n",
}


@pytest.mark.parametrize("name", FORMS)
async def test_a_form_that_is_none_is_refused(world: World, name: str) -> None:
    path, heads = await world.open()
    heads = heads | {"Content-Type": "multipart/form-data; boundary=b"}
    data = io.BytesIO(FORMS[name])
    async with world.http.post(f"{path}/attachments", data=data, headers=heads) as response:
        assert response.status == 400, await response.text()
        assert (await response.json(content_type=None))["code"] in {"bad_body", "empty_file"}


async def test_an_upload_under_a_key_is_kept_once_and_another_file_under_it_is_refused(
    world: World,
) -> None:
    path, heads = await world.open()
    heads = heads | {"Idempotency-Key": "k1"}
    first = await world.upload(path, heads, PNG)
    assert first[0] == 201
    assert await world.upload(path, heads, PNG) == first
    status, problem = await world.upload(path, heads, PNG + b"more")
    assert (status, problem["code"]) == (422, "idempotency_key_reused")
    assert (await world.upload(path, heads, b""))[0] == 400
    other = await world.upload(path, heads | {"Idempotency-Key": "k2"}, PNG)
    assert other[0] == 201 and other[1]["id"] != first[1]["id"]
