"""What models may cost: counted before a call by an estimate, and settled by what it used.

Above: `asking`, the turn. Below: `core.metering`, served by `core.bus.budgets`.

Four purses: the turn and the conversation are known here; the contact's hour and the house's day
are shared by all workers and live in the store.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from core.errors import ModelError
from core.messages import Frozen
from core.metering import Amount, Meters, Purse
from core.specialists.settings import BudgetSettings, ModelSettings

_BYTES_A_TOKEN = 3.5  # near enough for five languages: Cyrillic has two bytes a letter
_MESSAGE_TOKENS = 4


class BudgetExceeded(ModelError):
    """A purse is empty; `purse` says which. The turn is answered without a model."""

    def __init__(self, purse: Purse) -> None:
        super().__init__(f"the budget of the {purse} is used up", code=f"budget_{purse}")
        self.purse: Purse = purse


class Account(Frozen):
    """Who pays: the key of the contact's hour, and what the conversation has cost before. Who is
    not `proved` to be anybody has smaller limits."""

    contact: str = ""
    tokens: int = 0
    money: float = 0.0
    proved: bool = True


class TurnBudget:
    """The purses of one turn. `reserve` before every call, `settle` after it."""

    def __init__(self, account: Account, settings: ModelSettings, meters: Meters) -> None:
        self._account = account
        self._limits: BudgetSettings = settings.budget
        self._turn_tokens = settings.turn_tokens
        self._hour, self._conversation = _limits_of(account, self._limits)
        self._day = Amount(tokens=self._limits.day_tokens, money=self._limits.day_money)
        self._shared = any((*_figures(self._hour), *_figures(self._day)))
        self._meters = meters
        self._tokens = 0
        self._money = 0.0
        self.refused: Purse | None = None

    async def reserve(self, amount: Amount) -> None:
        """Take `amount` out of every purse. Raises `BudgetExceeded`; then nothing was taken."""
        if (purse := self._first_empty(amount)) is None and self._shared:
            purse = await self._meters.reserve(
                self._account.contact,
                amount,
                hour=self._hour,
                day=self._day,
            )
        if purse == "contact_hour" and not self._account.proved:
            purse = "visitor"
        if purse is not None:
            self.refused = purse
            raise BudgetExceeded(purse)
        self.refused = None
        self._add(amount)

    async def settle(self, reserved: Amount, used: Amount) -> None:
        """The call cost `used`, whatever was thought."""
        difference = Amount(tokens=used.tokens - reserved.tokens, money=used.money - reserved.money)
        self._add(difference)
        if self._shared and (difference.tokens or difference.money):
            await self._meters.settle(self._account.contact, difference)

    async def low(self) -> Purse | None:
        """The first purse of which so much is spent that a smaller model should do."""
        share, before = self._limits.small_from, self._account
        spent = Amount(tokens=before.tokens + self._tokens, money=before.money + self._money)
        if _is_low(spent, self._conversation, share):
            return "conversation"
        if not self._shared:
            return None
        used = await self._meters.used(before.contact)
        if _is_low(used.hour, self._hour, share):
            return "contact_hour" if before.proved else "visitor"
        return "day" if _is_low(used.day, self._day, share) else None

    def restore(self, used: Amount) -> None:
        """What this turn spent before its worker died; the shared purses know it already."""
        self._add(used)

    def allows_tools(self, amount: Amount) -> bool:
        """False when the next call must be the last: there would be none for an answer after it."""
        return self._tokens + 2 * amount.tokens <= self._turn_tokens

    def _add(self, amount: Amount) -> None:
        self._tokens += amount.tokens
        self._money += amount.money

    def _first_empty(self, amount: Amount) -> Purse | None:
        tokens, money = self._tokens + amount.tokens, self._money + amount.money
        limits = self._limits
        if tokens > self._turn_tokens or _over(money, limits.turn_money):
            return "turn"
        whole = self._account
        over_tokens = _over(whole.tokens + tokens, self._conversation.tokens)
        if over_tokens or _over(whole.money + money, self._conversation.money):
            return "conversation"
        return None


def estimate_tokens(text: str) -> int:
    """About how many tokens `text` is, in any language; rather too many than too few."""
    return int(len(text.encode("utf-8", "replace")) / _BYTES_A_TOKEN) + _MESSAGE_TOKENS


def estimate_request(
    messages: Sequence[dict[str, Any]], tools: Sequence[dict[str, Any]] = ()
) -> int:
    """About how many tokens a server reads for a request."""
    words = sum(estimate_tokens(_text(message)) for message in messages)
    return words + (estimate_tokens(json.dumps(tools, ensure_ascii=False)) if tools else 0)


def _text(message: dict[str, Any]) -> str:
    calls = message.get("tool_calls")
    return str(message.get("content") or "") + (json.dumps(calls) if calls else "")


def _limits_of(account: Account, limits: BudgetSettings) -> tuple[Amount, Amount]:
    """Of the hour, and of the conversation."""
    if account.proved:
        return (
            Amount(tokens=limits.hour_tokens, money=limits.hour_money),
            Amount(tokens=limits.conversation_tokens, money=limits.conversation_money),
        )
    return (
        Amount(tokens=limits.visitor_tokens, money=limits.visitor_money),
        Amount(tokens=limits.visitor_conversation_tokens, money=limits.conversation_money),
    )


def _figures(amount: Amount) -> tuple[float, float]:
    return amount.tokens, amount.money


def _is_low(spent: Amount, limit: Amount, share: float) -> bool:
    pairs = zip(_figures(spent), _figures(limit), strict=True)
    return any(most and value >= share * most for value, most in pairs)


def _over(value: float, limit: float) -> bool:
    """A limit of 0 is none."""
    return bool(limit) and value > limit
