"""Language models see tokens instead of personal data; everybody else sees the data."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Sequence
from typing import Any

import pytest

from core.ports import ModelChunk, ToolCall
from core.privacy.masking.finding import Known, find_values, is_card, is_iban
from core.privacy.masking.model import MaskingModel, masks_of
from core.privacy.masking.tokens import Stream, Tokens
from core.privacy.masking.words import covered
from core.telemetry import redact

ANNA = Known(names=("Anna Nováková",), addresses=("Dlouhá 12, Praha",))

HELD = [
    ("My e-mail is anna@example.org.", "EMAIL", "anna@example.org"),
    ("Meine: anna.n+shop@mail.example.de, danke", "EMAIL", "anna.n+shop@mail.example.de"),
    ("Please call me on +420 777 123 456 today", "PHONE", "+420 777 123 456"),
    ("Zavolejte mi na 777 123 456, prosím", "PHONE", "777 123 456"),
    ("Позвоните мне: 8 912 345-67-89", "PHONE", "8 912 345-67-89"),
    ("Rufen Sie mich an: 0151 23456789", "PHONE", "0151 23456789"),
    ("Llámeme al 612 345 678", "PHONE", "612 345 678"),
    ("Refund to CZ65 0800 0000 1920 0014 5399 please", "IBAN", "CZ65 0800 0000 1920 0014 5399"),
    ("IBAN DE89370400440532013000 BITTE", "IBAN", "DE89370400440532013000"),
    ("Karte 4111 1111 1111 1111 wurde belastet", "CARD", "4111 1111 1111 1111"),
    ("I am Anna Nováková from Prague", "NAME", "Anna Nováková"),
    ("Hola, soy Anna.", "NAME", "Anna"),
    ("Send it to Dlouhá 12, Praha.", "ADDRESS", "Dlouhá 12, Praha"),
]  # fmt: skip
FREE = [
    "My order 4711-22 came on 12. 3. 2026 and cost 1 299 Kč",
    "The code 1234567890123456 is no card", "Annabelle likes it",
    "ISO27001 AND GB00 ARE NO ACCOUNTS",
    "Rechnung vom 2026-03-12, 3 Stück", "error 0x80070005 at 10.0.0.1", "Price: 12 345 678 EUR",
]  # fmt: skip


@pytest.mark.parametrize(("text", "kind", "value"), HELD)
def test_what_is_somebodys_is_found(text: str, kind: str, value: str) -> None:
    found = find_values(text, ANNA, "model")
    assert [(one.kind, text[one.begin : one.end]) for one in found] == [(kind, value)]


@pytest.mark.parametrize("text", FREE)
def test_what_is_nobodys_stays(text: str) -> None:
    assert find_values(text, ANNA, "model") == ()


def test_strict_also_hides_numbers_that_name_something_of_the_person() -> None:
    tokens = Tokens("cv", "strict")
    masked = tokens.mask("Order 471122 and customer K-998877, 3 pieces")
    assert "471122" not in masked
    assert "998877" not in masked
    assert "3 pieces" in masked
    assert tokens.restore(masked) == "Order 471122 and customer K-998877, 3 pieces"


def test_off_changes_nothing() -> None:
    assert Tokens("cv", "off", ANNA).mask("anna@example.org") == "anna@example.org"


def test_check_digits_decide() -> None:
    assert is_iban("GB82 WEST 1234 5698 7654 32")
    assert not is_iban("GB82 WEST 1234 5698 7654 33")
    assert is_card("5555 5555 5555 4444")
    assert not is_card("5555 5555 5555 4445")


def test_a_value_has_one_token_in_its_conversation_and_another_elsewhere() -> None:
    text = "anna@example.org wrote to boss@example.org; Anna@Example.org again"
    first, again = Tokens("cv_1", "model").mask(text), Tokens("cv_1", "model").mask(text)
    assert first == again
    one, _, two = first.split(" ")[0], None, first.split(" ")[-2]
    assert one == two.strip(";")
    other = [Tokens(f"cv_{number}", "model").mask(text).split(" ")[0] for number in range(5)]
    assert len(set(other)) > 1


@pytest.mark.parametrize(
    "form",
    ["[{k}_{n}]", "[ {k}_{n} ]", "[{k} {n}]", "[{k}{n}]", r"\[{k}\_{n}\]", "{k}_{n}", "[{l}_{n}]",
     "**[{k}_{n}]**"],
)  # fmt: skip
def test_a_token_that_the_model_altered_is_understood(form: str) -> None:
    tokens = Tokens("cv", "model")
    token = tokens.mask("anna@example.org").strip("[]")
    kind, number = token.split("_")
    answer = f"I wrote to {form.format(k=kind, l=kind.lower(), n=number)} today."
    assert tokens.restore(answer).replace("*", "") == "I wrote to anna@example.org today."


def test_a_token_that_stands_for_nothing_stays() -> None:
    tokens = Tokens("cv", "model")
    tokens.mask("anna@example.org")
    assert tokens.restore("[EMAIL_0] and [PHONE_7]") == "[EMAIL_0] and [PHONE_7]"


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_pieces_of_a_stream_never_show_half_a_token(size: int) -> None:
    tokens = Tokens("cv", "model", ANNA)
    masked = tokens.mask("Dear Anna Nováková, we wrote to anna@example.org (EU).")
    stream = Stream(tokens)
    shown = [stream.add(masked[start : start + size]) for start in range(0, len(masked), size)]
    assert "".join([*shown, stream.close()]) == (
        "Dear Anna Nováková, we wrote to anna@example.org (EU)."
    )
    assert not any("[" in piece or "NAME_" in piece for piece in shown)


class Parrot:
    """A model that remembers what it was told and says its last words, piece by piece."""

    def __init__(self, *, calls: bool = False) -> None:
        self.heard: list[dict[str, Any]] = []
        self._calls = calls

    async def stream(
        self, messages: Sequence[dict[str, Any]], *, tools: Sequence[dict[str, Any]] = (),
        temperature: float | None = None, model: str | None = None, deadline_seconds: float,
        shape: dict[str, Any] | None = None,
    ) -> AsyncGenerator[ModelChunk, None]:  # fmt: skip
        self.heard = list(messages)
        said = str(messages[-1]["content"])
        call = ToolCall(id="1", name="note", arguments=json.dumps({"text": said}))
        if not self._calls:
            for letter in said:
                yield ModelChunk(text=letter)
        yield ModelChunk(done=True, calls=(call,) if self._calls else (), model="parrot")


async def talk(model: MaskingModel, *messages: dict[str, Any]) -> tuple[str, tuple[ToolCall, ...]]:
    text, calls = "", tuple[ToolCall, ...]()
    async for chunk in model.stream(messages, deadline_seconds=5):
        text, calls = text + chunk.text, calls + chunk.calls
    return text, calls


async def test_the_model_sees_tokens_and_its_answer_has_the_values() -> None:
    parrot = Parrot()
    words = "I am Anna Nováková, anna@example.org, +420 777 123 456"
    with masks_of("cv_1", "model", ANNA):
        text, _ = await talk(
            MaskingModel(parrot, "model"),
            {"role": "system", "content": "Known: anna@example.org"},
            {"role": "user", "content": words},
        )
    assert text == words
    heard = json.dumps(parrot.heard, ensure_ascii=False)
    for value in ("Anna", "anna@", "777"):
        assert value not in heard
    assert parrot.heard[0]["content"].split(" ")[1] in parrot.heard[1]["content"]


async def test_tools_are_called_with_values() -> None:
    said = 'write to "anna@example.org"'
    _, calls = await talk(
        MaskingModel(Parrot(calls=True), "model"), {"role": "user", "content": said}
    )
    assert json.loads(calls[0].arguments) == {"text": said}


async def test_names_in_records_of_customers_are_masked_too() -> None:
    parrot = Parrot()
    record = {"name": "Petr Svoboda", "email": "p@example.org", "address": "Krátká 3, Brno",
              "items": [{"name": "Lamp", "price": 3}]}  # fmt: skip
    with masks_of("cv_1", "model", Known()):
        await talk(
            MaskingModel(parrot, "model"),
            {"role": "tool", "content": json.dumps(record, ensure_ascii=False)},
            {"role": "user", "content": "Is Svoboda of Krátká 3, Brno there?"},
        )
    heard = json.dumps(parrot.heard, ensure_ascii=False)
    assert "Svoboda" not in heard
    assert "Krátká" not in heard
    assert "Lamp" in heard


def test_words_for_vectors_are_nobodys() -> None:
    said = "My name is Petr Svoboda, p.svoboda@example.org, +420 777 123 456, order 4711229"
    words = covered(said, "en")
    for value in ("Svoboda", "example.org", "777", "4711229"):
        assert value not in words
    assert words.startswith("My name is [")


def test_no_address_or_number_of_a_person_is_logged() -> None:
    line: dict[str, Any] = {"text": "anna@example.org, +420 777 123 456, 4111 1111 1111 1111",
                            "conversation": "cv_01_abc", "at": "2026-11-21T18:00:00Z"}  # fmt: skip
    told = redact(None, "debug", line)
    assert told["text"] == "[personal], [personal], [personal]"
    assert told["at"] == "2026-11-21T18:00:00Z"
