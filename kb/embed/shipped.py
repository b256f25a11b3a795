"""Vectors that come with the product: of its sample knowledge and its exemplars.

Above: `kb.embed.local` looks here before it asks the model; `switchboard.freeze` writes the file.
Below: numpy.

Embedding two thousand known texts again on every new machine would make the first start wait for
a minute. The file belongs to one model (its name is in it) and is ignored for any other; a text
that changed is simply not found. A test holds the file to the texts and to the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path

import numpy as np

from kb.documents import Vector

FOLDER = Path(__file__).resolve().parent / "vectors"


class ShippedVectors:
    """Looks up the vectors of exact, cleaned texts."""

    def __init__(self, rows: dict[int, int], matrix: np.ndarray) -> None:
        self._rows = rows
        self._matrix = matrix

    def __len__(self) -> int:
        return len(self._rows)

    def find(self, text: str) -> Vector | None:
        """The unit vector of this text, or None if it did not come with the product."""
        row = self._rows.get(_key(text))
        return None if row is None else self._matrix[row].astype(np.float32)


def file_of(model: str, folder: Path = FOLDER) -> Path:
    """Where the vectors of a model are."""
    return folder / f"{model.replace('/', '-')}.npz"


def load_shipped(model: str, folder: Path = FOLDER) -> ShippedVectors:
    """The vectors of this model; empty if none came for it."""
    path = file_of(model, folder)
    if not path.is_file():
        return ShippedVectors({}, np.zeros((0, 0), dtype=np.float16))
    with np.load(path, allow_pickle=False) as data:
        keys, matrix = data["keys"], data["vectors"]
    return ShippedVectors({int(key): row for row, key in enumerate(keys)}, matrix)


def save_shipped(model: str, vectors: Mapping[str, Vector], folder: Path = FOLDER) -> Path:
    """Write the file anew: half precision, ordered by key, so that the same texts give the same
    bytes."""
    ordered = sorted((_key(text), vector) for text, vector in vectors.items())
    folder.mkdir(parents=True, exist_ok=True)
    path = file_of(model, folder)
    np.savez(
        path,
        keys=np.array([key for key, _ in ordered], dtype=np.uint64),
        vectors=np.array([vector for _, vector in ordered], dtype=np.float16),
    )
    return path


def _key(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "big")
