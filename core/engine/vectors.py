"""Vectors of the example sentences, kept on disk so that the second start is instant.

Above: `training`. Below: `core.ports.Embedder`, numpy files in the data folder.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import structlog

from core.engine.space import Matrix
from core.ports import Embedder

_log = structlog.get_logger("triage")
_BATCH = 64

Tell = Callable[[int, int], None]


class VectorStore:
    """One file for each embedding model; a sentence is found by the hash of its text. Unless told
    not to `forget`, it keeps only the sentences that it was last asked for."""

    def __init__(self, folder: Path, embedder: Embedder, *, forget: bool = True) -> None:
        self._embedder = embedder
        self._forget = forget
        self._path = folder / f"vectors-{_slug(embedder.name)}.npz"

    async def embed(self, texts: Sequence[str], tell: Tell | None = None) -> Matrix:
        """One row for each text; only texts never seen before are embedded. `tell` hears how many
        of how many of those are done."""
        known = self._read()
        keys = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if missing:
            _log.info("exemplars_embedding", sentences=len(missing))
            known.update(await self._embed_new(missing, tell))
            self._write({key: known[key] for key in keys} if self._forget else known)
        return np.stack([known[key] for key in keys]) if keys else np.zeros((0, 1), np.float32)

    async def _embed_new(self, missing: dict[str, str], tell: Tell | None) -> dict[str, Matrix]:
        keys, texts = list(missing), list(missing.values())
        found: list[list[float]] = []
        for start in range(0, len(texts), _BATCH):
            found.extend(await self._embedder.embed(texts[start : start + _BATCH]))
            if tell is not None:
                tell(len(found), len(texts))
        rows = np.asarray(found, dtype=np.float32)
        return dict(zip(keys, rows, strict=True))

    def _read(self) -> dict[str, Matrix]:
        arrays = read_arrays(self._path)
        if arrays is None or arrays["vectors"].shape[1:] != (self._embedder.size,):
            return {}
        return dict(zip((str(key) for key in arrays["keys"]), arrays["vectors"], strict=True))

    def _write(self, known: dict[str, Matrix]) -> None:
        write_arrays(
            self._path, {"keys": np.array(list(known)), "vectors": np.stack(list(known.values()))}
        )


def read_arrays(path: Path) -> dict[str, np.ndarray] | None:
    """The arrays of a file, or None if there is none that can be used."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile):
        return None


def write_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write whole or not at all; a folder that cannot be written costs only the next start."""
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, suffix=".npz")
        with os.fdopen(handle, "wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
        Path(name).replace(path)


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name)[:60]
