"""OpenAPI 3.1 of the REST door, made from the table of routes.

Above: `rest.routes` serves it. Below: the routes and models. A test checks it against the
standard's own schema and that no route is missing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

if TYPE_CHECKING:
    from channels.rest.routes import Route

_PROBLEM = {
    "type": "object",
    "properties": {
        "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"},
        "code": {"type": "string"}, "detail": {"type": "string"}, "trace": {"type": "string"},
    },
    "required": ["type", "title", "status", "code"],
}  # fmt: skip
_ANSWERED = {
    "description": "With `wait`: the answer, or what there is of it when the time is over",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Said"}}},
}
_NUMBERS = frozenset({"after", "limit", "wait", "k"})
_WORDS = {"customer": "The conversation's own token, or one with scope desk or admin.",
          "desk": "A token with scope desk or admin.", "admin": "A token with scope admin.",
          "anyone": "No token needed."}  # fmt: skip


def describe(routes: Sequence[Route], *, version: str) -> dict[str, Any]:
    """The whole document."""
    paths: dict[str, dict[str, Any]] = {}
    schemas: dict[str, Any] = {"Problem": _PROBLEM}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Switchboard",
            "version": version,
            "description": "One conversation, whatever the door. Errors are RFC 9457 problem "
            "documents with a stable `code`; times are RFC 3339 in UTC; every POST takes an "
            "`Idempotency-Key`.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": {"Answered": _ANSWERED},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(route: Route, schemas: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": route.summary,
        "description": _WORDS[route.audience],
        "operationId": _name(route),
        "tags": [_tag(route.path)],
        "parameters": _parameters(route),
        "responses": {
            str(route.answers): _answer(route, schemas),
            **_other_answers(route),
            "default": {
                "description": "A problem",
                "content": {
                    "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
                },
            },
        },
        "security": [] if route.audience == "anyone" else [{"token": []}],
    }
    if route.takes is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _schema(route.takes, schemas)}},
        }
    return operation


def _answer(route: Route, schemas: dict[str, Any]) -> dict[str, Any]:
    if route.path.endswith("/events"):
        return {"description": "Entries, then what happens", "content": {"text/event-stream": {}}}
    if route.path.endswith("/metrics"):
        return {"description": "Prometheus text", "content": {"text/plain": {}}}
    if route.answers == 204:
        return {"description": "Done"}
    schema = {"type": "object"} if route.gives is None else _schema(route.gives, schemas)
    return {"description": "Done", "content": {"application/json": {"schema": schema}}}


def _other_answers(route: Route) -> dict[str, Any]:
    """A message with `wait` is answered by 200, an unready gateway says so with 503."""
    if "wait" in route.query:
        return {"200": {"$ref": "#/components/responses/Answered"}}
    if route.path.endswith("/ready"):
        return {"503": {"description": "Not now"}}
    return {}


def _schema(model: type[BaseModel], schemas: dict[str, Any]) -> dict[str, str]:
    """A reference to the model, whose schema and parts are among `schemas` from now on."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(schema.pop("$defs", {}))
    schemas[model.__name__] = schema
    return {"$ref": f"#/components/schemas/{model.__name__}"}


def _parameters(route: Route) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", route.path)
    ]
    for name in route.query:
        kind = "integer" if name in _NUMBERS else "string"
        found.append({"name": name, "in": "query", "schema": {"type": kind}})
    if route.method == "POST":
        schema = {"type": "string", "maxLength": 255}
        found.append({"name": "Idempotency-Key", "in": "header", "schema": schema})
    return found


def _name(route: Route) -> str:
    words = re.findall(r"[A-Za-z]+", route.path.removeprefix("/api/v1"))
    prefix = "" if route.path.startswith("/api") else "root_"
    return prefix + "_".join([route.method.lower(), *words])


def _tag(path: str) -> str:
    found = re.match(r"(?:/api/v1)?/([a-z]+)", path)
    return found[1] if found else "system"
