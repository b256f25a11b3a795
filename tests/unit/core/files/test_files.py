"""The file store: types by bytes, safe names, limits, fetching once, expiry, signed links."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import NotFound, SwitchboardError, TemporaryDeliveryError, TooLarge
from core.files.keeper import FileKeeper
from core.files.library import Files, FileUnreachable
from core.files.links import FileLinks
from core.files.naming import safe_name
from core.files.settings import FileSettings
from core.files.sniffing import SHOWN_IN_PLACE, sniff
from core.files.store import FolderStore
from core.ids import is_file_id, new_file_id, platform_file_id
from core.messages import Address, Attachment

HOME = Address(channel="telegram", account="shop", chat="7")
THERE = Attachment(name="cat.gif", media_type="image/gif", size=3, ref="AgAD")


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(FolderStore(tmp_path), FileSettings(max_bytes=1_000))


class Platform:
    """Gives bytes, slowly, and counts."""

    def __init__(self, data: bytes = b"GIF89a", error: Exception | None = None) -> None:
        self.data, self.error, self.calls = data, error, 0
        self.free = asyncio.Event()

    async def __call__(
        self, channel: str, account: str, attachment: Attachment, *, most_bytes: int
    ) -> bytes:
        self.calls += 1
        assert (channel, account, attachment.ref) == ("telegram", "shop", "AgAD")
        await self.free.wait()
        if self.error is not None:
            raise self.error
        return self.data


def left_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("head", "media_type"),
    [(b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff\xe0", "image/jpeg"),
     (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"), (b"RIFF\0\0\0\0WAVE", "audio/wav"),
     (b"%PDF-1.7", "application/pdf"), (b"OggS\0", "audio/ogg"), (b"ID3\x04", "audio/mpeg"),
     (b"\0\0\0 ftypM4A ", "audio/mp4"), (b"\0\0\0 ftypisom", "video/mp4"),
     (b"\0\0\0 ftypheic", "image/heic"), (b"PK\x03\x04" + b"x" * 30, "application/zip"),
     (b"PK\x03\x04" + b"\0" * 26 + b"[Content_Types].xml word/document.xml",
      "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
     (b"<svg onload=x>", "text/plain"), (b"<html>", "text/plain"), ("žluť".encode(), "text/plain"),
     ("ž".encode() * 2_000 + b"\xc5", "text/plain"), (b"\x00\x01", "application/octet-stream"),
     (b"", "application/octet-stream"), (b"caf\xe9 latin", "application/octet-stream"),
     (b"GIF89a<script>", "image/gif"), (b"MZ\x90", "application/x-msdownload")],
)  # fmt: skip
def test_a_type_is_found_out_from_the_bytes(head: bytes, media_type: str) -> None:
    assert sniff(head) == media_type


def test_a_recording_in_a_film_container_is_sound() -> None:
    assert sniff(b"\x1a\x45\xdf\xa3", voice=True) == "audio/webm"
    assert sniff(b"\0\0\0 ftypisom", voice=True) == "audio/mp4"


@given(st.binary(max_size=300))
def test_nothing_that_runs_script_is_ever_shown_in_place(data: bytes) -> None:
    assert sniff(b"<" + data) not in SHOWN_IN_PLACE


@pytest.mark.parametrize(
    ("name", "safe"),
    [("a.png", "a.png"), ("../../etc/passwd", "passwd"), ("C:\\x\\y.txt", "y.txt"), ("", "file"),
     (".htaccess", "htaccess"), ("\u202egnp.exe", "gnp.exe"), ("a\u200bb.txt", "ab.txt"),
     ("CON.txt", "_CON.txt"), ('x";rm.txt', "x__rm.txt"), ("a\nb.txt", "a_b.txt"),
     ("účtenka květen.pdf", "účtenka květen.pdf"), ("a\x00b.txt", "ab.txt"), ("...", "file"),
     ("ｅｖｉｌ／x.txt", "evil_x.txt"), ("x" * 300 + ".pdf", "x" * 116 + ".pdf")],
)  # fmt: skip
def test_a_name_is_made_safe(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@given(st.text(max_size=200))
def test_a_safe_name_has_no_path_and_stays_as_it_is(name: str) -> None:
    safe = safe_name(name)
    assert 0 < len(safe) <= 130
    assert not set(safe) & set('/\\"\n\r\x00;<>')
    assert os.sep not in safe and safe not in {".", ".."}


async def test_what_was_put_is_read_again(files: Files) -> None:
    kept = await files.put(b"%PDF-1", name="scan", media_type="image/png", conversation="c")
    assert (kept.name, kept.media_type, kept.size) == ("scan.pdf", "application/pdf", 6)
    assert is_file_id(kept.id) and kept.url is None
    assert await files.read(kept) == b"%PDF-1"
    with pytest.raises(NotFound):
        await files.find(kept.id or "", conversation="other")


async def test_a_file_over_the_limit_leaves_nothing_behind(files: Files, tmp_path: Path) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 100

    with pytest.raises(TooLarge):
        await files.put(endless(), name="bomb")
    assert left_in(tmp_path) == []


async def test_the_same_key_is_the_same_file(files: Files) -> None:
    one = await files.put(b"GIF89a", name="a", key="email:m:1")
    two = await files.put(b"GIF89a", name="a", key="email:m:1")
    assert one == two != await files.put(b"GIF89a", name="a", key="email:m:2")


@pytest.mark.parametrize("file", ["", "../x", "fl_../../../../../../etc", "fl_" + "a" * 23, "FL_x"])
async def test_only_an_id_of_ours_opens_anything(files: Files, file: str) -> None:
    with pytest.raises(NotFound):
        await files.open(file)


async def test_a_platforms_file_is_fetched_once_by_many_who_want_it(files: Files) -> None:
    platform = Platform()
    files.fetch_with(platform)
    settled = await files.settle(THERE, HOME, "c")
    assert settled.id == platform_file_id("telegram", "shop", "AgAD")
    assert settled == await files.settle(THERE, HOME, "c")
    reading = asyncio.gather(*(files.read(settled) for _ in range(5)))
    platform.free.set()
    assert await reading == [b"GIF89a"] * 5
    assert platform.calls == 1


async def test_a_platform_that_fails_is_asked_again_the_next_time(files: Files) -> None:
    platform = Platform(error=TemporaryDeliveryError("no"))
    platform.free.set()
    files.fetch_with(platform)
    settled = await files.settle(THERE, HOME, "c")
    with pytest.raises(TemporaryDeliveryError):
        await files.read(settled)
    platform.error = None
    assert await files.read(settled) == b"GIF89a"


async def test_a_platform_that_is_silent_costs_the_deadline(tmp_path: Path) -> None:
    files = Files(FolderStore(tmp_path), FileSettings(max_bytes=1_000, fetch_seconds=0.2))
    files.fetch_with(Platform())
    with pytest.raises(FileUnreachable):
        await files.read(THERE, address=HOME)


@pytest.mark.parametrize(("size", "data"), [(5_000, b"GIF"), (-1, b"x" * 1_001)])
async def test_a_platforms_file_over_the_limit_is_refused(
    files: Files, size: int, data: bytes
) -> None:
    platform = Platform(data)
    platform.free.set()
    files.fetch_with(platform)
    with pytest.raises(TooLarge):
        await files.read(THERE.model_copy(update={"size": size}), address=HOME)
    assert platform.calls == (0 if size > 0 else 1)


async def test_a_file_without_bytes_anywhere_is_not_found(files: Files) -> None:
    for gone in (THERE, THERE.model_copy(update={"ref": None}), Attachment(
        name="x", media_type="text/plain", size=1, id=new_file_id()
    )):  # fmt: skip
        with pytest.raises(SwitchboardError):
            await files.read(gone, address=HOME)


async def test_a_full_disk_costs_the_file_and_not_the_message(tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("not a folder")
    files = Files(FolderStore(blocked), FileSettings())
    assert await files.settle(THERE, HOME, "c") == THERE
    with pytest.raises(FileUnreachable):
        await files.put(b"GIF89a", name="a")


async def test_what_is_too_old_and_what_is_forgotten_goes(files: Files, tmp_path: Path) -> None:
    mine = await files.put(b"GIF89a", name="a", conversation="mine")
    theirs = await files.put(b"GIF89a", name="b", conversation="theirs")
    assert await files.forget("mine") == 1
    with pytest.raises(NotFound):
        await files.read(mine)
    await FileKeeper(files).clean()
    assert await files.read(theirs) == b"GIF89a"
    assert await files.expire(time.time() + 1) == 1
    assert left_in(tmp_path) == []


def test_a_link_opens_one_file_for_a_while_and_for_this_installation_only() -> None:
    now = [1_000_000.0]
    links, others = FileLinks("a", clock=lambda: now[0]), FileLinks("b", clock=lambda: now[0])
    file = new_file_id()
    path, _, query = links.make(file, seconds=60).partition("?")
    fields = dict(item.split("=") for item in query.split("&"))
    assert path == f"/files/{file}"
    links.check(file, fields["e"], fields["s"])
    with pytest.raises(NotFound):
        others.check(file, fields["e"], fields["s"])
    with pytest.raises(NotFound):
        links.check(new_file_id(), fields["e"], fields["s"])
    now[0] += 400
    with pytest.raises(NotFound):
        links.check(file, fields["e"], fields["s"])


@pytest.mark.parametrize("until", ["", "x", "-1", "9" * 20, "²", "1e9"])
def test_a_link_that_is_none_is_not_found(until: str) -> None:
    with pytest.raises(NotFound):
        FileLinks("a").check(new_file_id(), until, "ž")
