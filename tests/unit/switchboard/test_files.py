"""How a process gets at files that platforms keep, and the links it gives away."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from channels.attaching import FileDesk
from channels.base import BARE_HOUSE, ChannelAdapter
from config.settings import Settings, load_settings
from core.errors import NotFound
from core.files.library import Files
from core.files.links import FileLinks
from core.files.settings import FileSettings
from core.files.store import FolderStore
from core.messages import Address, Attachment
from switchboard.files import PlatformFiles, lasting_link

THERE = Attachment(name="a", media_type="image/gif", size=6, ref="F1")


class Account:
    """An adapter as far as files go."""

    def __init__(self, account: str) -> None:
        self.account = account

    async def fetch(self, attachment: Attachment, *, most_bytes: int) -> bytes:
        return f"{self.account}:{attachment.ref}".encode()


def platforms(**accounts: Sequence[object]) -> PlatformFiles:
    adapters = cast("dict[str, Sequence[ChannelAdapter]]", accounts)
    return PlatformFiles(bare_settings(), adapters, BARE_HOUSE)


def bare_settings() -> Settings:
    return load_settings({}, env_file=None)


def desk_in(folder: Path, **settings: Any) -> FileDesk:
    return FileDesk(Files(FolderStore(folder), FileSettings(**settings)), FileLinks("k"))


async def test_a_file_is_asked_of_the_account_that_it_came_to(tmp_path: Path) -> None:
    files = desk_in(tmp_path).files
    files.fetch_with(platforms(telegram=[Account("one"), Account("two")]))
    address = Address(channel="telegram", account="two", chat="7")
    assert await files.read(THERE, address=address) == b"two:F1"


@pytest.mark.parametrize(("channel", "account"), [("telegram", "gone"), ("slack", "default")])
async def test_a_file_of_an_account_that_is_gone_is_not_found(channel: str, account: str) -> None:
    fetch = platforms(telegram=[Account("one")])
    with pytest.raises(NotFound):
        await fetch(channel, account, THERE, most_bytes=100)


def test_a_lasting_link_is_whole_or_none(tmp_path: Path) -> None:
    kept = THERE.model_copy(update={"id": "fl_" + "a" * 22})
    known = desk_in(tmp_path, public_url="https://help.example/")
    link = lasting_link(known, kept)
    assert link is not None and link.startswith("https://help.example/files/fl_")
    assert lasting_link(known, THERE) is None
    assert lasting_link(desk_in(tmp_path), kept) is None
