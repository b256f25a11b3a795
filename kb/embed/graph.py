"""The bundled model as an ONNX graph: the same 4-bit weights, multiplied by onnxruntime.

Above: `kb.embed.encoder`. Below: `kb.embed.protobuf`, `kb.embed.weights`.

The graph begins behind the vocabulary and ends before the mean: it takes the vectors of the pieces
with their positions, and a mask that is 0 for pieces and very negative for padding.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from kb.embed.protobuf import Value, write_model, write_node, write_tensor, write_value
from kb.embed.weights import BLOCK, Weights

INPUT, MASK, OUTPUT = "pieces", "mask", "states"
_OPSETS = {"": 20, "com.microsoft": 1}


def build_graph(weights: Weights) -> bytes:
    """The model file, 13 MB."""
    return _Graph(weights).write()


class _Graph:
    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._nodes: list[bytes] = []
        self._tensors: list[bytes] = []
        self._count = 0

    def write(self) -> bytes:
        size, heads = self._weights.size, self._weights.heads
        self._constant("split", np.array([0, 0, heads, size // heads], dtype=np.int64))
        self._constant("join", np.array([0, 0, size], dtype=np.int64))
        self._constant("scale", np.array(1 / math.sqrt(size // heads), dtype=np.float32))
        state = self._normalise(INPUT, "emb.ln")
        for layer in range(self._weights.layers):
            state = self._layer(state, f"l{layer}")
        self._nodes.append(write_node("Identity", [state], OUTPUT))
        inputs = [
            write_value(INPUT, ["texts", "length", size]),
            write_value(MASK, ["texts", 1, 1, "length"]),
        ]
        output = write_value(OUTPUT, ["texts", "length", size])
        return write_model(self._nodes, self._tensors, inputs, output, _OPSETS)

    def _layer(self, state: str, name: str) -> str:
        size, inner = self._weights.size, self._weights.inner
        query, key, value = (self._multiply(state, f"{name}.{kind}", size, size) for kind in "qkv")
        seen = self._attend(query, key, value)
        mixed = self._multiply(seen, f"{name}.ao", size, size)
        state = self._normalise(self._add("Add", state, mixed), f"{name}.aln")
        wide = self._add("Gelu", self._multiply(state, f"{name}.fi", inner, size))
        narrow = self._multiply(wide, f"{name}.fo", size, inner)  # spell: off
        return self._normalise(self._add("Add", state, narrow), f"{name}.oln")

    def _attend(self, query: str, key: str, value: str) -> str:
        query, key, value = (
            self._add("Transpose", self._add("Reshape", part, "split"), perm=order)
            for part, order in ((query, [0, 2, 1, 3]), (key, [0, 2, 3, 1]), (value, [0, 2, 1, 3]))
        )
        likeness = self._add("Mul", self._add("MatMul", query, key), "scale")
        share = self._add("Softmax", self._add("Add", likeness, MASK), axis=-1)
        seen = self._add("Transpose", self._add("MatMul", share, value), perm=[0, 2, 1, 3])
        return self._add("Reshape", seen, "join")

    def _multiply(self, state: str, name: str, rows: int, columns: int) -> str:
        """4-bit weights against activations that are rounded to 8 bits, as the C engine does."""
        packed, scales = self._weights.packed(f"{name}.w", rows, columns)
        self._tensors.append(write_tensor(f"{name}.w", packed))
        self._constant(f"{name}.s", scales)
        self._constant(f"{name}.b", self._weights.floats(f"{name}.b"))
        inputs = (state, f"{name}.w", f"{name}.s", "", "", f"{name}.b")
        return self._add(
            "MatMulNBits", *inputs, domain="com.microsoft", K=columns, N=rows, bits=4,
            block_size=BLOCK, accuracy_level=4,
        )  # fmt: skip

    def _normalise(self, state: str, name: str) -> str:
        for part in ("w", "b"):
            self._constant(f"{name}.{part}", self._weights.floats(f"{name}.{part}"))
        inputs = (state, f"{name}.w", f"{name}.b")
        epsilon = float(self._weights.epsilon)
        return self._add("LayerNormalization", *inputs, axis=-1, epsilon=epsilon)

    def _constant(self, name: str, values: NDArray[np.generic]) -> None:
        self._tensors.append(write_tensor(name, values))

    def _add(self, kind: str, *inputs: str, domain: str = "", **attributes: Value) -> str:
        self._count += 1
        output = f"n{self._count}"
        self._nodes.append(write_node(kind, inputs, output, domain=domain, **attributes))
        return output
