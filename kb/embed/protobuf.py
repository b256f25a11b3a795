"""Writes the few messages of the ONNX format that a graph of ours needs.

Above: `kb.embed.graph`. Below: nothing: the `onnx` package (30 MB and a compiled extension) would
be there for these lines only. Numbers are those of onnx.proto, which never change.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

_FLOAT, _INT, _INTS = 1, 2, 7
_TYPES = {"float32": 1, "uint8": 2, "int64": 7}

Value = int | float | Sequence[int]


def write_node(
    kind: str, inputs: Iterable[str], output: str, *, domain: str = "", **attributes: Value
) -> bytes:
    """One operation; an empty input name is one that is left out."""
    return b"".join(
        [
            *(_text(1, name) for name in inputs), _text(2, output), _text(4, kind),
            *(_block(5, _attribute(name, value)) for name, value in attributes.items()),
            _text(7, domain),
        ]
    )  # fmt: skip


def write_tensor(name: str, values: NDArray[np.generic]) -> bytes:
    """A constant."""
    data = np.ascontiguousarray(values).tobytes()
    dims = b"".join(_number(1, size) for size in values.shape)
    return dims + _number(2, _TYPES[values.dtype.name]) + _text(8, name) + _block(9, data)


def write_value(name: str, shape: Sequence[int | str]) -> bytes:
    """An input or output of floats; a name in its shape is a size that may differ."""
    sizes = (_number(1, size) if isinstance(size, int) else _text(2, size) for size in shape)
    dims = b"".join(_block(1, size) for size in sizes)
    return _text(1, name) + _block(2, _block(1, _number(1, 1) + _block(2, dims)))


def write_model(
    nodes: Iterable[bytes], tensors: Iterable[bytes], inputs: Iterable[bytes], output: bytes,
    opsets: Mapping[str, int],
) -> bytes:  # fmt: skip
    """The whole file."""
    graph = [_block(1, node) for node in nodes] + [_text(2, "encoder")]
    graph += [_block(5, tensor) for tensor in tensors]
    graph += [_block(11, value) for value in inputs] + [_block(12, output)]
    used = [_block(8, _text(1, name) + _number(2, number)) for name, number in opsets.items()]
    return b"".join([_number(1, 9), _block(7, b"".join(graph)), *used])


def _attribute(name: str, value: Value) -> bytes:
    if isinstance(value, float):
        data = struct.pack("<f", value)
        return _text(1, name) + b"\x15" + data + _number(20, _FLOAT)
    if isinstance(value, int):
        return _text(1, name) + _number(3, value) + _number(20, _INT)
    return _text(1, name) + b"".join(_number(8, item) for item in value) + _number(20, _INTS)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value & (1 << 64) - 1)


def _text(field: int, value: str) -> bytes:
    return _block(field, value.encode())


def _block(field: int, data: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    parts: list[int] = []
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    return bytes([*parts, value])
