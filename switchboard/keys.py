"""The secrets of an installation: from the settings, else made once and kept in the data folder.

Above: `wiring`, `doors`. Below: `channels.auth`, `data_folder`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from config.settings import Settings
from switchboard.data_folder import DataFolder

if TYPE_CHECKING:
    from channels.auth import Tokens
    from core.access.directory import Directory


def admin_token(settings: Settings, folder: DataFolder) -> str:
    """Opens console and API with every right."""
    if settings.admin_token is not None:
        return settings.admin_token.get_secret_value()
    return folder.secret("admin.token")


def secret_key(settings: Settings, folder: DataFolder) -> str:
    """Signs what is given out and must be known again."""
    key = settings.secret_key
    return key.get_secret_value() if key else folder.secret("secret.key")


def make_tokens(settings: Settings, folder: DataFolder, directory: Directory) -> Tokens:
    """Reads all tokens, and signs those that are not kept."""
    from channels.auth import Tokens

    return Tokens(
        secret=secret_key(settings, folder),
        admin_token=admin_token(settings, folder),
        identity_secret=settings.web.identity_secret,
        directory=directory,
    )
