"""The bundled model on onnxruntime: pieces, graph, mean.

Above: `kb.embed.nano`. Below: `kb.embed.graph`, `kb.embed.unigram`, onnxruntime.

Against the C engine of the same package: the same vectors (cosine above 0.999), less than half the
time, some 100 MB more memory (docs/adr/0011-search.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from kb.documents import Matrix
from kb.embed.graph import INPUT, MASK, OUTPUT, build_graph
from kb.embed.unigram import Tokenizer
from kb.embed.weights import Weights

_runtime: Any = onnxruntime  # it has no types
_PREFIX = "query: "
_HIDDEN = -1e9


def _open_session(graph: bytes, options: Any) -> Any:
    try:
        providers = ["CPUExecutionProvider"]
        return _runtime.InferenceSession(graph, options, providers=providers)
    except Exception as error:  # its errors have no base of their own
        raise ValueError("onnxruntime cannot run the graph here") from error


class Encoder:
    """Texts to vectors. Raises `ValueError` for a model file of another layout."""

    def __init__(self, path: Path, *, threads: int) -> None:
        self._weights = Weights(path)
        self._tokenizer = Tokenizer(self._weights)
        places = self._weights.floats("emb.pos").reshape(-1, self._weights.size)
        self._places = places + self._weights.floats("emb.type")[: self._weights.size]
        options: Any = _runtime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False  # a long passage would keep its memory for ever
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session: Any = _open_session(build_graph(self._weights), options)

    def encode(self, texts: Sequence[str]) -> Matrix:
        """One vector for each text. A text longer than the model's window is read window by window,
        and the means of the windows weigh by their pieces."""
        windows: list[list[int]] = []
        owners: list[int] = []
        for owner, text in enumerate(texts):
            for window in self._windows(self._tokenizer.ids(_PREFIX + text)):
                windows.append(window)
                owners.append(owner)
        means = self._means(windows)
        weights = np.array([max(1, len(window) - 2) for window in windows], dtype=np.float32)
        totals = np.zeros((len(texts), self._weights.size), dtype=np.float32)
        np.add.at(totals, owners, means * weights[:, None])
        return totals / np.linalg.norm(totals, axis=1, keepdims=True)

    def _windows(self, ids: list[int]) -> list[list[int]]:
        room = self._weights.positions - 2
        begin, end = self._weights.begin, self._weights.end
        return [[begin, *ids[at : at + room], end] for at in range(0, max(1, len(ids)), room)]

    def _means(self, windows: list[list[int]]) -> Matrix:
        length = max(map(len, windows))
        pieces = np.zeros((len(windows), length, self._weights.size), dtype=np.float32)
        mask = np.full((len(windows), 1, 1, length), _HIDDEN, dtype=np.float32)
        for row, window in enumerate(windows):
            pieces[row, : len(window)] = (
                self._weights.word_vectors(window) + self._places[: len(window)]
            )
            mask[row, :, :, : len(window)] = 0
        (states,) = self._session.run([OUTPUT], {INPUT: pieces, MASK: mask})
        return np.stack([states[row, : len(ids)].mean(axis=0) for row, ids in enumerate(windows)])
