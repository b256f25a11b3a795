"""Chooses and loads the embedder of the settings.

Above: `kb.open`. Below: `kb.embed.local`, `kb.embed.remote`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from kb.embed.local import LocalEmbedder
from kb.embed.remote import RemoteEmbedder
from kb.settings import EmbeddingSettings


@asynccontextmanager
async def open_embedder(
    settings: EmbeddingSettings,
) -> AsyncGenerator[LocalEmbedder | RemoteEmbedder]:
    """A loaded embedder: remote when the settings name a server. Raises `ConfigError`."""
    embedder = RemoteEmbedder(settings) if settings.base_url else LocalEmbedder(settings)
    try:
        await embedder.load()
        yield embedder
    finally:
        await embedder.close()
