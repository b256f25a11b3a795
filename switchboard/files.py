"""The file store of this process, and how files are fetched that a platform keeps.

Above: `wiring`, `channels`, `roles`. Below: `core.files`, the adapters' `fetch`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from channels.attaching import FileDesk
from channels.base import ChannelAdapter, House
from channels.registry import build_adapters
from config.settings import Settings
from core.errors import ConfigError, NotFound
from core.files.library import Files
from core.files.links import FileLinks
from core.files.store import FolderStore
from core.messages import Attachment
from switchboard.data_folder import DataFolder
from switchboard.keys import secret_key


def open_files(settings: Settings, folder: DataFolder) -> FileDesk:
    """The store below the data folder, or where the settings say."""
    place = settings.files.folder or folder.path / "files"
    files = Files(FolderStore(place), settings.files)
    return FileDesk(files, FileLinks(secret_key(settings, folder)))


def lasting_link(desk: FileDesk, attachment: Attachment) -> str | None:
    """A whole address for a message that is kept elsewhere; None where ours is not known."""
    settings = desk.files.settings
    if settings.public_url is None or attachment.id is None:
        return None
    path = desk.links.make(attachment.id, seconds=settings.mail_link_hours * 3600)
    return settings.public_url.rstrip("/") + path


class PlatformFiles:
    """`core.files.library.Fetch`: asks the adapter of the account. A process that does not run a
    channel makes its adapter when a file is wanted."""

    def __init__(
        self, settings: Settings, adapters: dict[str, Sequence[ChannelAdapter]], house: House
    ) -> None:
        self._settings = settings
        self._adapters = adapters
        self._house = house
        self._made: dict[str, Sequence[ChannelAdapter]] = {}

    async def __call__(
        self, channel: str, account: str, attachment: Attachment, *, most_bytes: int
    ) -> bytes:
        """See `Fetch`."""
        found: Any = next((a for a in self._accounts(channel) if a.account == account), None)
        if found is None or not hasattr(found, "fetch"):
            raise NotFound("the file's account is no longer here")
        return await found.fetch(attachment, most_bytes=most_bytes)

    async def close(self) -> None:
        """Let go of the adapters that were made for files only."""
        for accounts in self._made.values():
            for adapter in accounts:
                await adapter.close()

    def _accounts(self, channel: str) -> Sequence[ChannelAdapter]:
        if channel in self._adapters:
            return self._adapters[channel]
        settings: Any = getattr(self._settings, channel, None)
        if settings is None or not getattr(settings, "is_configured", False):
            return ()
        if channel not in self._made:
            try:
                self._made[channel] = build_adapters(channel, settings, self._house)
            except ConfigError:
                return ()
        return self._made[channel]
