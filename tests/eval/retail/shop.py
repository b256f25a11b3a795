"""The shop: its data and what may be done in it, in memory.

Above: `tools`. Below: nothing. The rules follow the public retail policy of tau2-bench (MIT); the
data is read from the development folder and never copied here.

A write changes the shop or raises `Refused`; a repeat under the same key changes nothing.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

_CANCEL_REASONS = frozenset({"no longer needed", "ordered by mistake"})
Row = dict[str, Any]


class Refused(Exception):
    """The shop's rules forbid it; the text says why."""


@dataclass
class Shop:
    """`data` is changed in place; give it a copy. `log` notes every write that was done."""

    data: dict[str, dict[str, Row]]
    log: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    done: dict[str, Row] = field(default_factory=dict[str, Row])

    def once(self, key: str, act: Callable[[], Row]) -> Row:
        """Do it, unless it was done under this key."""
        if key not in self.done:
            self.done[key] = copy.deepcopy(act())
        return self.done[key]

    # ---- reads ---------------------------------------------------------------------------------

    def user(self, name: str) -> Row:
        """A customer's profile."""
        return self._row("users", name)

    def order(self, number: str) -> Row:
        """An order."""
        return self._row("orders", number)

    def product(self, name: str) -> Row:
        """A kind of product with its variants."""
        return self._row("products", name)

    def item(self, name: str) -> Row:
        """One variant of a product."""
        for product in self.data["products"].values():
            if name in product["variants"]:
                return {"product_id": product["product_id"], **product["variants"][name]}
        raise Refused("there is no such item")

    def product_types(self) -> Row:
        """Names and ids of all products."""
        names = {row["name"]: row["product_id"] for row in self.data["products"].values()}
        return dict(sorted(names.items()))

    def find_user(self, wanted: Callable[[Row], bool]) -> str:
        """The id of the customer this is true of."""
        for name, row in self.data["users"].items():
            if wanted(row):
                return name
        raise Refused("there is no such customer")

    # ---- writes --------------------------------------------------------------------------------

    def cancel(self, number: str, reason: str) -> Row:
        """Cancel what is pending and give the money back."""
        order = self._pending(number)
        if reason not in _CANCEL_REASONS:
            raise Refused("this is no reason for which an order is cancelled")
        refunds: list[Row] = []
        for paid in order["payment_history"]:
            method, amount = paid["payment_method_id"], paid["amount"]
            refunds.append(_transaction("refund", amount, method))
            self._top_up(order["user_id"], method, amount)
        order["status"] = "cancelled"
        order["cancel_reason"] = reason
        order["payment_history"].extend(refunds)
        return self._note("cancel", order)

    def change_address(self, number: str, address: Row) -> Row:
        """Send a pending order elsewhere."""
        order = self._pending(number)
        order["address"] = address
        return self._note("address", order)

    def change_user_address(self, name: str, address: Row) -> Row:
        """Another default address."""
        user = self.user(name)
        user["address"] = address
        self.log.append(("user_address", name))
        return user

    def change_payment(self, number: str, method: str) -> Row:
        """Pay a pending order another way."""
        order = self._pending(number)
        self._method(order["user_id"], method)
        history = order["payment_history"]
        first = history[0]
        if len(history) != 1 or first["transaction_type"] != "payment":
            raise Refused("this order was paid in several steps")
        if first["payment_method_id"] == method:
            raise Refused("it is paid this way already")
        amount = first["amount"]
        self._charge(order["user_id"], method, amount)
        history.append(_transaction("payment", amount, method))
        history.append(_transaction("refund", amount, first["payment_method_id"]))
        self._top_up(order["user_id"], first["payment_method_id"], amount)
        return self._note("payment", order)

    def change_items(self, number: str, old: list[str], new: list[str], method: str) -> Row:
        """Other variants of the same products in a pending order, once."""
        order = self._pending(number)
        change = self._price_change(order, old, new)
        self._settle(order, change, method)
        for gone, come in zip(old, new, strict=True):
            variant = self.item(come)
            row = next(item for item in order["items"] if item["item_id"] == gone)
            row["item_id"], row["price"] = come, variant["price"]
            row["options"] = variant["options"]
        order["status"] = "pending (item modified)"
        return self._note("items", order)

    def give_back(self, number: str, items: list[str], method: str) -> Row:
        """Ask to return items of a delivered order."""
        order = self._delivered(number)
        self._method(order["user_id"], method)
        paid_with = order["payment_history"][0]["payment_method_id"]
        if method != paid_with and not method.startswith("gift_card"):
            raise Refused("the money goes back the way it came, or to a gift card")
        _has(order, items)
        order["status"] = "return requested"
        order["return_items"] = sorted(items)
        order["return_payment_method_id"] = method
        return self._note("return", order)

    def exchange(self, number: str, old: list[str], new: list[str], method: str) -> Row:
        """Ask to exchange items of a delivered order for other variants."""
        order = self._delivered(number)
        change = round(self._price_change(order, old, new), 2)
        account = self._method(order["user_id"], method)
        if account["source"] == "gift_card" and account["balance"] < change:
            raise Refused("the gift card does not hold so much")
        order["status"] = "exchange requested"
        order["exchange_items"], order["exchange_new_items"] = sorted(old), sorted(new)
        order["exchange_payment_method_id"] = method
        order["exchange_price_difference"] = change
        return self._note("exchange", order)

    # ---- inside --------------------------------------------------------------------------------

    def _row(self, table: str, name: str) -> Row:
        if name not in self.data[table]:
            raise Refused(f"there is none with this id among the {table}")
        return self.data[table][name]

    def _note(self, act: str, order: Row) -> Row:
        self.log.append((act, order["order_id"]))
        return order

    def _pending(self, number: str) -> Row:
        order = self.order(number)
        if order["status"] != "pending":
            raise Refused(f"only a pending order; this one is {order['status']}")
        return order

    def _delivered(self, number: str) -> Row:
        order = self.order(number)
        if order["status"] != "delivered":
            raise Refused(f"only a delivered order; this one is {order['status']}")
        return order

    def _method(self, user: str, method: str) -> Row:
        methods = self.user(user)["payment_methods"]
        if method not in methods:
            raise Refused("the customer has no such means of payment")
        return methods[method]

    def _price_change(self, order: Row, old: list[str], new: list[str]) -> float:
        _has(order, old)
        if len(old) != len(new):
            raise Refused("as many new items as old ones")
        change = 0.0
        for gone, come in zip(old, new, strict=True):
            row = next(item for item in order["items"] if item["item_id"] == gone)
            variant = self.product(row["product_id"])["variants"].get(come)
            if variant is None or not variant["available"]:
                raise Refused("this variant is none of the product, or is not there now")
            change += variant["price"] - row["price"]
        return change

    def _settle(self, order: Row, change: float, method: str) -> None:
        """Take or give back the difference."""
        change = round(change, 2)
        account = self._method(order["user_id"], method)
        if account["source"] == "gift_card" and account["balance"] < change:
            raise Refused("the gift card does not hold so much")
        kind = "payment" if change > 0 else "refund"
        order["payment_history"].append(_transaction(kind, abs(change), method))
        if account["source"] == "gift_card":
            account["balance"] = round(account["balance"] - change, 2)

    def _charge(self, user: str, method: str, amount: float) -> None:
        account = self._method(user, method)
        if account["source"] != "gift_card":
            return
        if account["balance"] < amount:
            raise Refused("the gift card does not hold so much")
        account["balance"] = round(account["balance"] - amount, 2)

    def _top_up(self, user: str, method: str, amount: float) -> None:
        account = self._method(user, method)
        if account["source"] == "gift_card":
            account["balance"] = round(account["balance"] + amount, 2)


def _has(order: Row, items: list[str]) -> None:
    """Every item as often as the order has it."""
    there = [item["item_id"] for item in order["items"]]
    if any(items.count(name) > there.count(name) for name in items):
        raise Refused("the order does not hold these items")


def _transaction(kind: str, amount: float, method: str) -> Row:
    return {"transaction_type": kind, "amount": amount, "payment_method_id": method}
