"""The files of the house as the web doors need them: links to show, ids that a message may claim.

Above: the widget's and REST's doors. Below: `core.files`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import InputError
from core.files.library import Files
from core.files.links import FileLinks
from core.ids import ConversationId
from core.messages import Attachment

MOST_FILES = 10


@dataclass(frozen=True)
class FileDesk:
    """The files of the house as the doors need them."""

    files: Files
    links: FileLinks

    def link(self, file: str) -> str:
        """An address of the file, relative to the gateway's, that opens for a while."""
        return self.links.make(file, seconds=self.files.settings.link_minutes * 60)

    async def claim(
        self, conversation: ConversationId, refs: Sequence[str]
    ) -> tuple[Attachment, ...]:
        """The attachments of these ids. Raises `NotFound` if one is not of this conversation."""
        if len(refs) > MOST_FILES:
            raise InputError(f"a message may have {MOST_FILES} attachments at most")
        return tuple([await self.files.find(ref, conversation=conversation) for ref in refs])


async def claim_files(
    desk: FileDesk | None, conversation: ConversationId, refs: Sequence[str]
) -> tuple[Attachment, ...]:
    """What a message brings along. Raises `InputError` where no files are taken."""
    if not refs:
        return ()
    if desk is None:
        raise InputError("attachments are not taken here", code="unsupported")
    return await desk.claim(conversation, refs)
