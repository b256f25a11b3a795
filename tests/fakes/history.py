"""What was done and seen during chaos: written line by line, judged at the end.

Above: chaos tests. Below: JSON. The file survives whatever kills the test, and together with the
seed in it tells how to do the same again.
"""

from __future__ import annotations

import json
import random
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Entry = dict[str, Any]


@dataclass
class History:
    """An append-only JSONL file and the dice of the run."""

    path: Path
    seed: int
    dice: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.note("begin", seed=self.seed)

    def note(self, what: str, **fields: Any) -> float:
        """Write one line; gives its time."""
        now = time.time()
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"at": round(now, 4), "what": what, **fields}) + "\n")
        return now

    def lines(self, what: str) -> list[Entry]:
        """All lines of one kind."""
        lines = self.path.read_text("utf-8").splitlines()
        return [line for line in map(json.loads, lines) if line["what"] == what]

    def explain(self, text: str) -> str:
        """For a failure: how to repeat it, and where the whole story is."""
        return f"{text}\nCHAOS_SEED={self.seed}; the story is in {self.path}"


@dataclass(frozen=True)
class Asked:
    """A question that was acknowledged: `words` is all it said, `reference` is in the answer."""

    client_id: str
    seq: int
    words: str
    reference: str


def find_faults(asked: list[Asked], entries: list[Entry]) -> list[str]:
    """What is wrong with a conversation whose customer waited for each answer; nothing if right.

    Every acknowledged question is there once, under its sequence; every question has exactly one
    answer, between it and the next one, and it is the answer to that question.
    """
    faults: list[str] = []
    if [entry["seq"] for entry in entries] != list(range(1, len(entries) + 1)):
        faults.append(f"sequences {[entry['seq'] for entry in entries]}")
    said = [entry for entry in entries if entry["author"]["role"] == "customer"]
    there = [(entry.get("client_id"), entry["seq"], entry["text"]) for entry in said]
    wanted = [(question.client_id, question.seq, question.words) for question in asked]
    faults += [f"lost: {question}" for question in wanted if question not in there]
    faults += [f"twice or never asked: {entry}" for entry in there if there.count(entry) > 1]
    for number, question in enumerate(asked):
        end = asked[number + 1].seq if number + 1 < len(asked) else len(entries) + 1
        answers = [
            entry["text"]
            for entry in entries
            if question.seq < entry["seq"] < end and entry["author"]["role"] == "ai"
        ]
        if len(answers) != 1:
            faults.append(f"{len(answers)} answers to {question.reference}: {answers}")
        elif question.reference not in answers[0]:
            faults.append(f"{question.reference} was answered with {answers[0]!r}")
    return faults
