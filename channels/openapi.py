"""OpenAPI 3.1 of the REST door, made from the table of routes.

Above: `rest.routes` serves it. Below: the routes and models. A test checks it against the
standard's own schema and that no route is missing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from channels.examples import example_of
from channels.failures import PROBLEM, refusals_of, responses
from channels.rest.queries import area_of, schema_of

if TYPE_CHECKING:
    from channels.rest.table import Route

_FORM = {
    "schema": {
        "type": "object", "required": ["file"],
        "properties": {"file": {"type": "string", "format": "binary"}},
    }
}  # fmt: skip
_WORDS = {
    "customer": "The conversation's own token, or one with scope `desk` or `admin`.",
    "desk": "A token with scope `desk` or `admin`.",
    "admin": "A token with scope `admin`.",
    "anyone": "No token needed.",
}
_EVENT = 'event: entry\nid: 3\ndata: {"seq": 3, "kind": "message", "text": "On its way."}\n\n'
_METRIC = 'switchboard_events_total{channel="rest"} 3.0\n'
_ABOUT = """One conversation, whatever the door.

**Tokens.** `Authorization: Bearer …`. Scopes: `customer` (one conversation, issued with it), `desk`
(all conversations and acting in them), `admin` (everything). A token may be held to parts of the
API, such as `tickets:read`. What is not yours to see looks as if there were none.

**Errors** are RFC 9457 problem documents with a stable `code`. **Times** are RFC 3339 in UTC.
**Lists** come in pages: send `next` as `cursor` to the same list; a `limit` that is too large is
brought down. Unknown fields and parameters are refused.

**Once.** Every POST takes an `Idempotency-Key`: a repeat gets the first answer again.

**Limits.** `RateLimit-Policy` and `RateLimit` say how a caller stands; 429 comes with
`Retry-After`."""


def describe(routes: Sequence[Route], *, version: str) -> dict[str, Any]:
    """The whole document."""
    paths: dict[str, dict[str, Any]] = {}
    schemas: dict[str, Any] = {"Problem": PROBLEM}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Switchboard",
            "version": version,
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": responses() | {"Answered": _answered(schemas)},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "See Tokens above."}
            },
        },
    }


def _operation(route: Route, schemas: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": route.summary,
        "description": _WORDS[route.audience],
        "operationId": _name(route),
        "tags": [area_of(route.path)],
        "parameters": _parameters(route),
        "responses": {
            str(route.answers): _answer(route, schemas),
            **_other_answers(route, schemas),
            **refusals_of(route),
        },
        "security": [] if route.audience == "anyone" else [{"token": []}],
    }
    if route.takes_file:
        operation["requestBody"] = {"required": True, "content": {"multipart/form-data": _FORM}}
    if route.takes is not None:
        needed = any(field.is_required() for field in route.takes.model_fields.values())
        operation["requestBody"] = {
            "required": needed,  # no body is an empty object
            "content": {"application/json": _content(route.takes, schemas)},
        }
    return operation


def _answer(route: Route, schemas: dict[str, Any]) -> dict[str, Any]:
    if route.path.endswith("/events"):
        content = {"text/event-stream": {"schema": {"type": "string"}, "example": _EVENT}}
        return {"description": "Entries, then what happens", "content": content}
    if route.gives_file:
        content = {"*/*": {"schema": {"type": "string", "format": "binary"}}}
        return {"description": "The bytes", "content": content}
    if route.path.endswith("/metrics"):
        content = {"text/plain": {"schema": {"type": "string"}, "example": _METRIC}}
        return {"description": "Prometheus text", "content": content}
    if route.answers == 204:
        return {"description": "Done"}
    content = {"schema": {"type": "object"}, "example": {}}
    if route.gives is not None:
        content = _content(route.gives, schemas)
    return {"description": "Done", "content": {"application/json": content}}


def _content(model: type[BaseModel], schemas: dict[str, Any]) -> dict[str, Any]:
    schema = _schema(model, schemas)
    return {"schema": schema, "example": example_of(schema, schemas)}


def _answered(schemas: dict[str, Any]) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Said"}
    return {
        "description": "With `wait`: the answer, or what there is of it when the time is over",
        "content": {"application/json": {"schema": schema, "example": example_of(schema, schemas)}},
    }


def _other_answers(route: Route, schemas: dict[str, Any]) -> dict[str, Any]:
    """A message with `wait` is answered by 200, an unready gateway says so with 503."""
    if route.also:
        return {
            str(status): {
                "description": "Done",
                "content": {"application/json": _content(model, schemas)},
            }
            for status, model in route.also
        }
    if "wait" in route.query:
        return {"200": {"$ref": "#/components/responses/Answered"}}
    if route.path.endswith("/ready"):
        content = _content(route.gives, schemas) if route.gives else {}
        content = content | {"example": {"status": "unavailable", "ready": False}}
        return {"503": {"description": "Not now", "content": {"application/json": content}}}
    return {}


def _schema(model: type[BaseModel], schemas: dict[str, Any]) -> dict[str, str]:
    """A reference to the model, whose schema and parts are among `schemas` from now on."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(schema.pop("$defs", {}))
    schemas[model.__name__] = schema
    return {"$ref": f"#/components/schemas/{model.__name__}"}


def _parameters(route: Route) -> list[dict[str, Any]]:
    part = {"type": "string", "minLength": 1, "maxLength": 200}
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": part}
        for name in re.findall(r"{(\w+)}", route.path)
    ]
    found += [{"name": name, "in": "query", "schema": schema_of(name)} for name in route.query]
    if route.method == "POST":
        words = "^[!-~]([ -~]*[!-~])?$"
        schema = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": words}
        found.append({"name": "Idempotency-Key", "in": "header", "schema": schema})
    return found


def _name(route: Route) -> str:
    words = re.findall(r"[A-Za-z]+", route.path.removeprefix("/api/v1"))
    prefix = "" if route.path.startswith("/api") else "root_"
    return prefix + "_".join([route.method.lower(), *words])
