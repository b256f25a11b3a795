"""The acts of the shop as tools of a specialist: `core.specialists.tools.base.Tool`.

Above: `test_retail`. Below: `shop`. Whose order it is comes from the bench's subject: what belongs
to somebody else is not there, for reading and for writing.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, create_model

from core.specialists.tools.base import Bench, Risk, Tool, error_result
from tests.eval.retail.shop import Refused, Row, Shop

Act = Callable[[Shop, str, Row], Any]
_ADDRESS = ("address1", "address2", "city", "state", "country", "zip")
_KINDS: dict[str, Any] = {"str": str, "List[str]": list[str]}
NOT_YOURS = "there is none of this customer"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True)
class ShopTool:
    """One tool over one shop."""

    shop: Shop
    name: str
    arguments: type[BaseModel]
    act: Act
    risk: Risk
    level: int = 2

    @property
    def description(self) -> str:
        """As the model is told."""
        return f"{self.name.replace('_', ' ')} (retail shop)"

    async def run(self, arguments: BaseModel, bench: Bench, *, key: str) -> str:
        """Read, or act once; what the shop forbids is an error for the model to read."""
        given = arguments.model_dump()
        owner = bench.subject.contact or ""
        try:
            _check_owner(self.shop, owner, given)
            if self.risk == "read":
                return json.dumps(self.act(self.shop, owner, given))
            return json.dumps(self.shop.once(key, lambda: self.act(self.shop, owner, given)))
        except Refused as refused:
            return error_result(str(refused))


def shop_tools(shop: Shop, described: list[Row]) -> list[Tool]:
    """The tools of the data's own list that read or write the shop."""
    return [
        ShopTool(
            shop=shop,
            name=row["name"],
            arguments=_arguments(row),
            act=_ACTS[row["name"]],
            risk="write" if row["kind"] == "write" else "read",
        )
        for row in described
        if row["name"] in _ACTS
    ]


def _arguments(row: Row) -> type[BaseModel]:
    fields: dict[str, Any] = {
        name: (_KINDS[kind], ... if name in row["required"] else None)
        for name, kind in row["params"].items()
    }
    return create_model(row["name"], __base__=_Strict, **fields)


def _check_owner(shop: Shop, owner: str, given: Row) -> None:
    if given.get("user_id", owner) != owner:
        raise Refused(NOT_YOURS)
    if "order_id" in given and shop.order(given["order_id"])["user_id"] != owner:
        raise Refused(NOT_YOURS)


def _find(shop: Shop, owner: str, wanted: Callable[[Row], bool]) -> str:
    if shop.find_user(wanted) != owner:
        raise Refused(NOT_YOURS)
    return owner


def _named(shop: Shop, owner: str, given: Row) -> str:
    wanted = [given[name].casefold() for name in ("first_name", "last_name", "zip")]

    def fits(row: Row) -> bool:
        name = row["name"]
        parts = [name["first_name"], name["last_name"], row["address"]["zip"]]
        return [part.casefold() for part in parts] == wanted

    return _find(shop, owner, fits)


def _mailed(shop: Shop, owner: str, given: Row) -> str:
    wanted = given["email"].casefold()
    return _find(shop, owner, lambda row: row["email"].casefold() == wanted)


def _address(given: Row) -> Row:
    return {name: given[name] for name in _ADDRESS}


_ACTS: dict[str, Act] = {
    "find_user_id_by_name_zip": _named,
    "find_user_id_by_email": _mailed,
    "get_user_details": lambda shop, owner, given: shop.user(given["user_id"]),
    "get_order_details": lambda shop, owner, given: shop.order(given["order_id"]),
    "get_product_details": lambda shop, owner, given: shop.product(given["product_id"]),
    "get_item_details": lambda shop, owner, given: shop.item(given["item_id"]),
    "list_all_product_types": lambda shop, owner, given: shop.product_types(),
    "cancel_pending_order": lambda shop, owner, given: shop.cancel(
        given["order_id"], given["reason"]
    ),
    "modify_pending_order_address": lambda shop, owner, given: shop.change_address(
        given["order_id"], _address(given)
    ),
    "modify_user_address": lambda shop, owner, given: shop.change_user_address(
        given["user_id"], _address(given)
    ),
    "modify_pending_order_payment": lambda shop, owner, given: shop.change_payment(
        given["order_id"], given["payment_method_id"]
    ),
    "modify_pending_order_items": lambda shop, owner, given: shop.change_items(
        given["order_id"], given["item_ids"], given["new_item_ids"], given["payment_method_id"]
    ),
    "return_delivered_order_items": lambda shop, owner, given: shop.give_back(
        given["order_id"], given["item_ids"], given["payment_method_id"]
    ),
    "exchange_delivered_order_items": lambda shop, owner, given: shop.exchange(
        given["order_id"], given["item_ids"], given["new_item_ids"], given["payment_method_id"]
    ),
}
