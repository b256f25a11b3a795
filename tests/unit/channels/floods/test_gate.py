"""Floods of newcomers: nobody is asked while they are few, and a proof is good once."""

from __future__ import annotations

from typing import Any

import pytest

from channels.floods.gate import ChallengeNeeded, FloodGate
from channels.floods.proofs import make_challenge, solve, solved, zero_bits
from channels.floods.settings import FloodSettings
from core.limits import OwnLimits

SECRET = b"of the house"


class Hand:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.at = 1_000_000.0

    def __call__(self) -> float:
        return self.at


def gate(clock: Hand | None = None, verify: Any = None, **figures: int) -> FloodGate:
    given = {"per_address": 3, "per_site": 50, "in_all": 100, "bits": 6, "most_bits": 8, **figures}
    settings = FloodSettings.model_validate(given)
    return FloodGate(
        settings, secret="of the house", limits=OwnLimits(), verify=verify, clock=clock or Hand()
    )


async def asked(door: FloodGate, address: str = "a", site: str = "s", proof: str | None = None
                ) -> dict[str, Any]:  # fmt: skip
    with pytest.raises(ChallengeNeeded) as refused:
        await door.admit(address, site, proof)
    return refused.value.challenge


async def test_below_the_figures_nobody_is_asked_and_a_minute_later_nobody_is_again() -> None:
    clock = Hand()
    door = gate(clock)
    for _ in range(3):
        await door.admit("a", "s", None)
    challenge = await asked(door)
    assert (challenge["kind"], challenge["bits"]) == ("work", 6)
    await door.admit("b", "s", None)
    clock.at += 61
    await door.admit("a", "s", None)


@pytest.mark.parametrize(("figure", "address", "site"), [
    ("per_address", "a", "{}"), ("per_site", "{}", "s"), ("in_all", "{}", "{}"),
])  # fmt: skip
async def test_each_figure_counts_for_itself(figure: str, address: str, site: str) -> None:
    figures = {"per_address": 0, "per_site": 0, "in_all": 0, figure: 5}
    door = gate(None, None, **figures)
    for n in range(5):
        await door.admit(address.format(n), site.format(n), None)
    await asked(door, address.format(9), site.format(9))


async def test_a_solved_challenge_lets_in_once_and_from_its_own_address_only() -> None:
    door = gate(per_address=1)
    await door.admit("a", "s", None)
    proof = solve((await asked(door))["token"])
    await door.admit("b", "s", None)
    await asked(door, "b", proof=proof)
    await door.admit("a", "s", proof)
    await asked(door, proof=proof)


async def test_the_work_grows_with_the_flood_and_has_a_top() -> None:
    door = gate(per_address=1)
    bits: list[int] = []
    await door.admit("a", "s", None)
    for _ in range(8):
        challenge = await asked(door)
        bits.append(challenge["bits"])
        await door.admit("a", "s", solve(challenge["token"]))
    assert bits == [6, 7, 7, 8, 8, 8, 8, 8]


def test_forged_late_and_unsolved_proofs_are_none() -> None:
    challenge = make_challenge(SECRET, "a", bits=8, until=100, nonce="n" * 16)
    proof = solve(challenge)
    assert solved(SECRET, "a", proof, now=99) == "n" * 16
    assert solved(SECRET, "a", proof, now=101) is None
    assert solved(b"another", "a", proof, now=99) is None
    assert solved(SECRET, "b", proof, now=99) is None
    assert solved(SECRET, "a", solve(challenge.replace(".8.", ".1.")), now=99) is None
    counters = (f"{challenge}:{n}" for n in range(200))
    wrong = [one for one in counters if solved(SECRET, "a", one, now=99) is None]
    assert len(wrong) >= 195
    for text in ("", ":", challenge, f"{challenge}:-1", f"{challenge}:²", "1.2.3.4.5:6"):
        assert solved(SECRET, "a", text, now=99) is None


def test_zero_bits_are_counted_from_the_front() -> None:
    assert zero_bits(b"\x00\x10") == 11
    assert (zero_bits(b"\x80\x00"), zero_bits(b"\x00\x00")) == (0, 16)


async def test_a_captcha_that_is_set_is_asked_for_and_work_counts_beside_it() -> None:
    answers: list[str] = []

    async def verify(answer: str, address: str) -> bool | None:
        answers.append(f"{address}: {answer}")
        return {"good": True, "away": None}.get(answer, False)

    door = gate(per_address=1, verify=verify)
    await door.admit("a", "s", None)
    challenge = await asked(door)
    assert challenge["kind"] == "captcha"
    await asked(door, proof="captcha:bad")
    await asked(door, proof="captcha:away")
    await door.admit("a", "s", "captcha:good")
    assert answers == ["a: bad", "a: away", "a: good"]
    await door.admit("a", "s", solve((await asked(door))["token"]))


async def test_without_a_captcha_service_no_answer_of_one_counts() -> None:
    door = gate(per_address=1)
    await door.admit("a", "s", None)
    await asked(door, proof="captcha:good")


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::/64", "::1"])
async def test_programs_of_this_machine_are_counted_only_where_that_is_set(address: str) -> None:
    door = gate(per_address=1)
    for _ in range(9):
        await door.admit(address, "s", None)
    strict = gate(per_address=1, local=True)
    await strict.admit(address, "s", None)
    await asked(strict, address)
