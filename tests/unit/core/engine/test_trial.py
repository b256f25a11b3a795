"""The trial of the head on files: figures, and faults with their lines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.engine.labelled import read_labelled
from core.engine.trial_run import run_trial
from core.errors import InputError
from tests.fakes.knowledge import WordEmbedder

TOPICS = {
    "card": "card payment bank declined number expired new",
    "parcel": "parcel courier door late tracking lost street",
    "app": "app crash screen button update phone freezes",
}
KEYS = {"accuracy", "macro_f1", "ece", "oos_auroc", "oos_recall_at_5", "p50_ms", "p95_ms", "n"}


def messages(shift: int) -> list[tuple[str, str]]:
    """Ten messages of each topic, made of its words in turn."""
    found: list[tuple[str, str]] = []
    for topic, words in TOPICS.items():
        pool = words.split()
        for n in range(10):
            picked = [pool[(n * 3 + shift + k * (1 + n % 2)) % len(pool)] for k in range(4)]
            found.append((f"my {' '.join(picked)} {topic}", topic))
    return found


def write_csv(path: Path, rows: list[tuple[str, str]]) -> Path:
    path.write_text("text,category\n" + "".join(f'"{a}",{b}\n' for a, b in rows), "utf-8")
    return path


async def test_what_can_be_told_apart_is_told_apart(tmp_path: Path) -> None:
    train = write_csv(tmp_path / "train.csv", messages(0))
    test = tmp_path / "test.jsonl"
    lines = [json.dumps({"text": text, "category": label}) for text, label in messages(1)]
    test.write_text("\n".join(lines), "utf-8")
    oos = tmp_path / "oos.jsonl"
    oos.write_text('{"text": "zebra violin mountain"}\n{"text": "cook the soup slowly"}', "utf-8")
    told: set[str] = set()
    embedder = WordEmbedder()
    figures = await run_trial(
        train, test, oos, embedder=embedder, folder=tmp_path / "kept",
        tell=lambda stage, done, all_: told.add(stage),
    )  # fmt: skip
    assert figures.keys() >= KEYS
    assert figures["accuracy"] >= 0.9 and figures["n"] == 30
    assert figures["oos_auroc"] >= 0.9 and 0 <= figures["ece"] <= 1
    assert 0 < figures["p50_ms"] <= figures["p95_ms"]
    assert told == {"embedding", "training"}


async def test_the_second_trial_embeds_only_to_measure_the_time(tmp_path: Path) -> None:
    train = write_csv(tmp_path / "train.csv", messages(0))
    test = write_csv(tmp_path / "test.csv", messages(1)[:5])

    async def run() -> WordEmbedder:
        embedder = WordEmbedder()
        await run_trial(train, test, None, embedder=embedder, folder=tmp_path, tell=lambda *_: None)
        return embedder

    await run()
    again = await run()
    assert all(len(texts) == 1 for texts in again.calls) and len(again.calls) == 6


async def test_without_foreign_messages_their_figures_are_empty(tmp_path: Path) -> None:
    train = write_csv(tmp_path / "train.csv", messages(0))
    figures = await run_trial(
        train, train, None, embedder=WordEmbedder(), folder=tmp_path, tell=lambda *_: None
    )
    assert figures["oos_auroc"] is None and figures["oos_recall_at_5"] is None


async def test_one_message_of_each_category_is_too_few_to_hold_any_back(tmp_path: Path) -> None:
    train = write_csv(tmp_path / "train.csv", messages(0)[::10])
    with pytest.raises(InputError, match="two messages or more"):
        await run_trial(
            train, train, None, embedder=WordEmbedder(), folder=tmp_path, tell=lambda *_: None
        )


async def test_one_category_cannot_be_learned(tmp_path: Path) -> None:
    train = write_csv(tmp_path / "train.csv", messages(0)[:10])
    with pytest.raises(InputError, match="two categories"):
        await run_trial(
            train, train, None, embedder=WordEmbedder(), folder=tmp_path, tell=lambda *_: None
        )


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.csv", "", "no messages"),
        ("a.csv", "words,label\na,b\n", ":1: the first line"),
        ("a.csv", "text,category\nhi,greet\nbye\n", ":3: 1 columns"),
        ("a.csv", "text,category\nhi,\n", ":2: category: is empty"),
        ("a.csv", 'text,category\n"two\nlines",x\n,y\n', ":4: text: is empty"),
        ("a.jsonl", '{"text": "a", "category": "b"}\n{', ":2: not JSON"),
        ("a.jsonl", '["a"]', ":1: text: must be"),
        ("a.jsonl", '\n{"text": 4}', ":2: text: must be"),
        ("a.jsonl", '{"text": "a", "category": ["b"]}', ":1: category: must be"),
    ],
)
def test_faults_are_told_with_their_line(
    tmp_path: Path, name: str, text: str, expected: str
) -> None:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    with pytest.raises(InputError, match=expected):
        read_labelled(path)


def test_columns_may_stand_in_any_order_and_have_company(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("\ufeffid,category,text\n1,greet,hello\n", "utf-8")
    assert [(row.text, row.category) for row in read_labelled(path)] == [("hello", "greet")]
