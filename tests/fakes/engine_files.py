"""A small `config` folder for engine tests: two specialists, exemplars, phrases, rules."""

from __future__ import annotations

import json
from pathlib import Path

from core.phrases import KEYS

LANGUAGES = ("en", "cs", "ru", "de", "es")
_SPECIALISTS = {
    "billing": [
        "I was charged twice on my invoice",
        "Where is my refund for the payment",
        "The invoice shows a wrong amount",
        "How do I change my payment card",
        "Please send me an invoice for the payment",
        "My card payment was refused",
    ],
    "technical": [
        "The app crashes when I open it",
        "I cannot log in with my password",
        "How do I reset my password",
        "The app shows an error on start",
        "Login fails with an error",
        "The page does not load in the app",
    ],
    "general": [
        "What are your opening hours",
        "Where is your office",
        "Do you work on holidays",
        "What is the address of your office",
        "When are you open on holidays",
        "Which hours are you open",
    ],
}
_OTHER = {
    "smalltalk": {
        "greeting": ["hello", "hi there", "good morning", "hello there", "hey hello"],
        "thanks": ["thank you", "thanks a lot", "many thanks", "thanks thank you", "ok thanks"],
    },
    "human_wish": {
        "human": [
            "I want to talk to a human",
            "connect me with a human agent please",
            "let me talk to a real human",
            "give me a human agent",
            "talk to a human please",
        ],
    },
    "out_of_scope": {
        "other": [
            "write me a poem about spring",
            "who won the football match",
            "tell me a joke",
            "what is the weather tomorrow",
            "write a poem about football",
        ],
    },
    "sentiment": {
        "neutral": ["how do I change my card", "where is the office", "what are the hours"],
        "positive": ["great this is wonderful", "I love it wonderful", "perfect great work"],
        "frustrated": [
            "this still does not work again",
            "again the same trouble still nothing",
            "still nothing works I asked again",
        ],
    },
}


_RULES = """[policy]
frustration_turns = 2
[reasons.safety]
verdict = "now"
priority = "urgent"
[phrases.safety]
en = ["caught fire"]
[phrases.request]
en = ["real person"]
"""


def write_config(folder: Path) -> Path:
    """Write everything; gives the folder."""
    for name in ("specialists", "exemplars", "phrases"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name, examples in _SPECIALISTS.items():
        write_specialist(folder, name, examples)
    for kind, labels in _OTHER.items():
        lines = [f'kind = "{kind}"']
        lines += [f"[{label}]\nen = {json.dumps(texts)}" for label, texts in labels.items()]
        (folder / "exemplars" / f"{kind}.toml").write_text("\n".join(lines), encoding="utf-8")
    for language in LANGUAGES:
        lines = [f'{key} = "{language}:{key}"' for key in KEYS]
        lines += ['yes = ["yes", "ano"]', 'no = ["no", "ne"]', 'others = ["geschirrspüler*"]']
        (folder / "phrases" / f"{language}.toml").write_text("\n".join(lines), encoding="utf-8")
    (folder / "escalation.toml").write_text(_RULES, encoding="utf-8")
    return folder


def write_specialist(folder: Path, name: str, examples: list[str]) -> None:
    """One specialist with its prompt."""
    toml = f"""name = "{name}"
description = "Answers questions about {name}."
prompt = "{name}.md"
tools = ["search_knowledge", "offer_human", "escalate"]
[examples]
en = {json.dumps(examples)}
"""
    (folder / "specialists" / f"{name}.toml").write_text(toml, encoding="utf-8")
    (folder / "specialists" / f"{name}.md").write_text(
        f"You are the {name} specialist. Our phone is 555 0100.", encoding="utf-8"
    )
