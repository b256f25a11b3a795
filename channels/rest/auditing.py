"""Acts on data of people over REST are written into the audit log when they have succeeded.

Above: `routes`. Below: `core.privacy.audit`. One table says which; erasures and exports write their
own lines.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import orjson
from aiohttp import web

from channels.rest.conversations import principal_of
from channels.rest.table import API, ONE, Route
from core.privacy.audit import Audit

_CONTACT = f"{API}/contacts/{{id}}"
_AUDITED = {
    ("PUT", _CONTACT): "contact.change",
    ("POST", f"{_CONTACT}/identities"): "contact.identity.add",
    ("DELETE", f"{_CONTACT}/identities/{{identity}}"): "contact.identity.remove",
    ("POST", f"{_CONTACT}/merge"): "contact.merge",
    ("POST", f"{_CONTACT}/merges/{{merge}}/undo"): "contact.merge.undo",
    ("POST", f"{API}/tokens"): "token.create",
    ("DELETE", f"{API}/tokens/{{token}}"): "token.revoke",
    ("DELETE", f"{ONE}/tokens"): "token.revoke.customers",
    ("POST", f"{API}/approvals/{{approval}}"): "approval.decide",
    ("POST", f"{API}/webhooks"): "webhook.create",
    ("DELETE", f"{API}/webhooks/{{webhook}}"): "webhook.remove",
}
_NAMES = ("id", "token", "webhook", "approval")


def audited(route: Route, audit: Audit | None) -> Route:
    """The route; if it is one of the table, with a line for each success."""
    what = _AUDITED.get((route.method, route.path))
    if what is None or audit is None:
        return route

    async def handle(request: web.Request) -> web.StreamResponse:
        response = await route.handler(request)
        answer = _read(response)
        if response.status < 400 and not answer.get("dry_run"):
            principal = principal_of(request)
            whom = next((request.match_info[n] for n in _NAMES if n in request.match_info), "")
            parts = ("identity", "merge")
            details = {
                name: request.match_info[name] for name in parts if name in request.match_info
            }
            await audit.record(
                principal.name or principal.scope, what, whom or str(answer.get("id") or ""),
                origin=f"rest:{principal.scope}", details=details,
            )  # fmt: skip
        return response

    return replace(route, handler=handle)


def is_audited(method: str, path: str) -> bool:
    """True for a line of the table."""
    return (method, path) in _AUDITED


def _read(response: web.StreamResponse) -> dict[str, Any]:
    body = response.body if isinstance(response, web.Response) else None
    try:
        found: Any = orjson.loads(body) if isinstance(body, bytes) and body else {}
    except ValueError:
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}
