"""The secrets of an installation: from the settings, else made once and kept in the data folder.

Above: `wiring`, `doors`, `token create`. Below: `channels.auth`, `data_folder`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from config.settings import Settings
from switchboard.data_folder import DataFolder

if TYPE_CHECKING:
    from channels.auth import Scope, Tokens


def admin_token(settings: Settings, folder: DataFolder) -> str:
    """Opens console and API with every right."""
    if settings.admin_token is not None:
        return settings.admin_token.get_secret_value()
    return folder.secret("admin.token")


def make_tokens(settings: Settings, folder: DataFolder) -> Tokens:
    """Signs and reads all other tokens."""
    from channels.auth import Tokens

    key = settings.secret_key
    return Tokens(
        secret=key.get_secret_value() if key else folder.secret("secret.key"),
        admin_token=admin_token(settings, folder),
        identity_secret=settings.web.identity_secret,
    )


def issue_token(data: Path | None, scope: Scope, *, name: str, days: int) -> str:
    """A new token for a person of the desk or for a program."""
    from switchboard.attach import read_settings

    settings = read_settings(data)
    folder = DataFolder(settings.data)
    folder.make()
    return make_tokens(settings, folder).issue(scope, name=name, seconds=days * 86_400)
