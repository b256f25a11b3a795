"""Files in Slack: what a message says of them, and which addresses may be asked for their bytes.

Above: `decode`, `adapter`. Below: `core.messages`. Pure. The bot's token travels with each request,
so it goes to Slack's own hosts only.
"""

from __future__ import annotations

import re
from typing import Any, cast
from urllib.parse import urlsplit

from core.errors import PermanentDeliveryError
from core.messages import Attachment

_HOSTS = frozenset({"files.slack.com", "files-origin.slack.com", "slack-files.com", "slack.com"})
_BY_ID = "file:"
_FILE_ID = re.compile(r"F[A-Z0-9]{1,30}\Z")
_MOST_FILES = 20
_MOST_NAME = 200


def read_files(files: object) -> tuple[Attachment, ...]:
    """The files of a message that can still be had."""
    if not isinstance(files, list):
        return ()
    items = cast("list[object]", files)[:_MOST_FILES]
    found = (_read_file(cast("dict[str, Any]", one)) for one in items if isinstance(one, dict))
    return tuple(one for one in found if one is not None)


def _read_file(file: dict[str, Any]) -> Attachment | None:
    if file.get("mode") in {"tombstone", "hidden_by_limit"}:
        return None
    ref = file.get("url_private_download") or file.get("url_private")
    if not isinstance(ref, str):
        number = str(file.get("id"))
        if not _FILE_ID.match(number):
            return None
        ref = _BY_ID + number
    size = file.get("size")
    name = str(file.get("name") or file.get("title") or "file")
    return Attachment(
        name=re.sub(r"[\x00-\x1f/\\]", "_", name)[:_MOST_NAME],
        media_type=str(file.get("mimetype") or "application/octet-stream")[:100],
        size=size if isinstance(size, int) and size >= 0 else -1,
        ref=ref,
    )


def file_id(ref: str | None) -> str | None:
    """The id of a file whose address Slack did not tell (it is in a shared channel)."""
    return ref.removeprefix(_BY_ID) if ref and ref.startswith(_BY_ID) else None


def check_address(address: str, api_url: str) -> str:
    """An address that may have the token. Raises `PermanentDeliveryError`.

    Slack's own hosts over https; a gateway on another Web API server asks that server.
    """
    parts, api = urlsplit(address), urlsplit(api_url)
    if api.hostname and not _is_slack(api.hostname) and parts.netloc == api.netloc:
        return address
    host = parts.hostname or ""
    plain = parts.username is None and parts.port in {None, 443}
    if parts.scheme != "https" or not plain or not _is_slack(host):
        raise PermanentDeliveryError("the file is not at Slack")
    return address


def _is_slack(host: str) -> bool:
    return host in _HOSTS or host.endswith(".slack.com")
