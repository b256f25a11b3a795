"""One line of the table of REST routes. Above: `routes`, `desk_routes`. Below: `admission`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel

from channels.rest.admission import Handler

API = "/api/v1"
EVERY = f"{API}/conversations"
ONE = f"{EVERY}/{{id}}"
Audience = Literal["anyone", "customer", "desk", "admin"]


@dataclass(frozen=True)
class Route:
    """One line of the table. `customer` means: that conversation's customer, or staff.

    `takes` and `gives` are the shapes of body and answer, `answers` the status of success; `also`
    are other statuses of success with their shapes, `shown_once` are fields of the answer that no
    repeat of it shows.
    """

    method: str
    path: str
    handler: Handler
    audience: Audience
    summary: str
    takes: type[BaseModel] | None = None
    gives: type[BaseModel] | None = None
    query: tuple[str, ...] = ()
    answers: int = 200
    takes_file: bool = False
    gives_file: bool = False
    shown_once: tuple[str, ...] = ()
    also: tuple[tuple[int, type[BaseModel]], ...] = ()
