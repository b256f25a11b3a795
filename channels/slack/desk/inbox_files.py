"""Files that people share in a case's thread: which of them can go to the customer. Pure.

Above: `inbox_words`. Below: `channels.slack.files`. None is dropped in silence: each that cannot go
has a line with the reason.
"""

from __future__ import annotations

from collections.abc import Sequence

from channels.slack.desk.blocks import safe
from channels.slack.files import check_address, file_id
from core.errors import PermanentDeliveryError
from core.messages import Attachment


def read_shared(
    files: Sequence[Attachment], api_url: str, *, most_bytes: int
) -> tuple[list[Attachment], list[str]]:
    """The files that can be fetched, and a line about each other one."""
    good: list[Attachment] = []
    lost: list[str] = []
    for file in files:
        why = _fault(file, api_url, most_bytes)
        if why is None:
            good.append(file)
        else:
            lost.append(f":warning: {safe(file.name)} does not go to the customer: {why}.")
    return good, lost


def _fault(file: Attachment, api_url: str, most_bytes: int) -> str | None:
    if file.size > most_bytes:
        return f"it is too large (too_large: {most_bytes // 1_000_000} MB at most)"
    if file_id(file.ref) is None:
        try:
            check_address(file.ref or "", api_url)
        except (PermanentDeliveryError, ValueError):
            return "it is not kept at Slack (not_at_slack)"
    return None
