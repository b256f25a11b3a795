"""Embeds through an OpenAI-compatible server (`POST {base_url}/embeddings`).

Above: `kb.embed.open`. Below: aiohttp's client.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import aiohttp
import numpy as np

from core.errors import ConfigError, KnowledgeError
from core.runtime import Backoff
from kb.documents import Vector
from kb.embed.batching import Batcher
from kb.embed.cleaning import choose_prefix, clean
from kb.settings import EmbeddingSettings

_ATTEMPTS = 3
_AGAIN = {408, 429, 500, 502, 503, 504}


class RemoteEmbedder:
    """A model behind HTTP. Serves `core.ports.Embedder` once `load` has returned."""

    def __init__(self, settings: EmbeddingSettings) -> None:
        if not settings.base_url:
            raise ConfigError("knowledge.embedding.base_url is empty")
        self._settings = settings
        self._url = settings.base_url.rstrip("/") + "/embeddings"
        self._prefix = choose_prefix(settings)
        self._size = 0
        self._backoff = Backoff(first=0.2, top=2.0)
        self._http: aiohttp.ClientSession | None = None
        self._batcher = Batcher(
            self._run, cache_texts=settings.cache_texts, most_texts=64, most_characters=60_000
        )

    @property
    def name(self) -> str:
        """Model, dimensions and prefix: a server does not tell its version."""
        return f"remote/{self._settings.model}@{self._size}" + (
            f"+{self._prefix}" if self._prefix else ""
        )

    @property
    def size(self) -> int:
        """Dimensions."""
        return self._size

    async def load(self) -> None:
        """Ask the server for one vector. Raises `KnowledgeError` when it gives none."""
        key = self._settings.api_key
        headers = {"Authorization": f"Bearer {key.get_secret_value()}"} if key else {}
        timeout = aiohttp.ClientTimeout(total=self._settings.timeout_seconds)
        self._http = aiohttp.ClientSession(headers=headers, timeout=timeout)
        self._size = len((await self._run(["probe"]))[0])

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One unit vector for each text. Raises `KnowledgeError`."""
        cleaned = [clean(text, self._settings.longest) for text in texts]
        return [vector.tolist() for vector in await self._batcher.vectors(cleaned)]

    async def close(self) -> None:
        """Close the connections."""
        await self._batcher.close()
        if self._http is not None:
            await self._http.close()

    async def _run(self, texts: list[str]) -> list[Vector]:
        # Many servers refuse an empty text; a space has the same meaning: none.
        wanted = [self._prefix + text or " " for text in texts]
        for attempt in range(_ATTEMPTS):
            try:
                answer = await self._post(wanted)
            except _TryAgain as error:
                if attempt == _ATTEMPTS - 1:
                    raise KnowledgeError(f"the embeddings server fails: {error}") from error
                await asyncio.sleep(self._backoff.pause(attempt))
            else:
                return _read(answer, len(texts), self._size)
        raise AssertionError("unreachable")

    async def _post(self, texts: list[str]) -> Any:
        if self._http is None:
            raise KnowledgeError("the embeddings server was not asked yet")
        body = {"model": self._settings.model, "input": texts, "encoding_format": "float"}
        try:
            async with self._http.post(self._url, json=body, allow_redirects=False) as response:
                if response.status in _AGAIN:
                    raise _TryAgain(f"status {response.status}")
                if response.status != 200:
                    raise KnowledgeError(
                        f"the embeddings server answers {response.status}", retryable=False
                    )
                return await response.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise _TryAgain(type(error).__name__) from error


class _TryAgain(Exception):
    """The call may succeed when repeated. Never leaves this module."""


def _read(answer: Any, count: int, size: int) -> list[Vector]:
    try:
        items = sorted(answer["data"], key=lambda item: item["index"])
        vectors = [np.asarray(item["embedding"], dtype=np.float32) for item in items]
    except (KeyError, TypeError, ValueError) as error:
        raise KnowledgeError("the embeddings server answers something else") from error
    right = all(v.ndim == 1 and v.size and v.size == (size or v.size) for v in vectors)
    if len(vectors) != count or not right or not all(np.isfinite(v).all() for v in vectors):
        raise KnowledgeError("the embeddings server answers other vectors than were asked for")
    return [vector / max(float(np.linalg.norm(vector)), 1e-12) for vector in vectors]
