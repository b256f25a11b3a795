"""Who may do what: tokens of customers, desk and administrators, visitors and signed identities.

Above: the doors, which all ask here. Below: PyJWT, `core.access`.

Tokens of people and programs are kept by digest and looked up in memory (`core.access`); those of
customers, visitors and signed-in users are signed and not kept, and customers' can be called back
by conversation. Whatever is wrong with one, the answer is the same text, so that nobody learns why.
Foreign conversations look as if they did not exist.
"""

from __future__ import annotations

import hashlib
import hmac
import importlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from pydantic import SecretStr

from core.access.directory import Directory
from core.access.records import MARK
from core.errors import Forbidden, NotFound, Unauthorized

Scope = Literal["customer", "desk", "admin"]

_ALGORITHM = "HS256"
_CUSTOMER_SECONDS = 30 * 86_400
_VISITOR_SECONDS = 365 * 86_400
_LONGEST_TOKEN = 4_096
_LONGEST_SUBJECT = 200
# Clocks of the host's server and ours may differ by so much (a token from the near future).
_LEEWAY_SECONDS = 30


@cache
def load_signing() -> Any:
    """PyJWT, loaded when it is first needed: what it brings takes longer than much of a start. Its
    calls are only partly typed."""
    return importlib.import_module("jwt")


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking: a scope, and for customers the one conversation they may see. `token` is the
    id of a kept token, `limits` what it is held to (empty: all of its scope)."""

    scope: Scope
    conversation: str | None = None
    name: str = ""
    token: str | None = None
    limits: frozenset[str] = frozenset()
    issued: float = 0.0

    def require(self, conversation: str) -> None:
        """Raises `NotFound` if this conversation is not theirs to see."""
        if self.scope == "customer" and self.conversation != conversation:
            raise NotFound("no such conversation")

    def require_desk(self) -> None:
        """Raises `Forbidden` for customers."""
        if self.scope == "customer":
            raise Forbidden("this needs a token with the scope desk")

    def require_admin(self) -> None:
        """Raises `Forbidden` for everyone but administrators."""
        if self.scope != "admin":
            raise Forbidden("this needs a token with the scope admin")

    def require_right(self, area: str, *, write: bool) -> None:
        """Raises `Forbidden` if the token is held to other things; who may write may read."""
        allowed = {f"{area}:write"} if write else {f"{area}:read", f"{area}:write"}
        if self.limits and not self.limits & allowed:
            raise Forbidden(f"this token is not for {area}:{'write' if write else 'read'}")


@dataclass(frozen=True, slots=True)
class Identity:
    """What the host's signed token says of its user."""

    subject: str
    email: str | None = None
    name: str | None = None


class Tokens:
    """Makes and reads all tokens."""

    def __init__(
        self, *, secret: str, admin_token: str, identity_secret: SecretStr | None,
        directory: Directory | None = None,
    ) -> None:  # fmt: skip
        self._secret = secret
        self._admin = admin_token.encode()
        self._identity = identity_secret
        self.directory = directory or Directory()

    def issue_customer(self, conversation: str) -> str:
        """The token that opens one conversation."""
        return self._sign({"scope": "customer", "conversation": conversation}, _CUSTOMER_SECONDS)

    def read(self, token: str) -> Principal:
        """Raises `Unauthorized`."""
        if hmac.compare_digest(token.encode("utf-8", "replace"), self._admin):
            return Principal("admin", name="admin")
        if token.startswith(MARK):
            found = self.directory.find(token)
            if found is None:
                raise _refused()
            limits = frozenset(found.limits)
            return Principal(found.scope, name=found.name, token=found.id, limits=limits)
        return self._read_customer(token)

    def watch(self, principal: Principal, on_end: Callable[[], None]) -> Callable[[], None]:
        """Call `on_end` when this token ends (on the loop, must not block): lines that are open
        end with it. Returns the un-watch."""
        name = principal.token or principal.conversation
        if name is None:  # the administrator's own, which only a restart changes
            return lambda: None
        return self.directory.watch(name, principal.issued, on_end)

    def read_header(self, header: str | None) -> Principal:
        """From `Authorization: Bearer …`. Raises `Unauthorized`."""
        kind, _, token = (header or "").partition(" ")
        if kind.lower() != "bearer" or not token.strip():
            raise _refused()
        return self.read(token.strip())

    def issue_visitor(self, site: str) -> tuple[str, str]:
        """A new visitor of a site: (id, token)."""
        visitor = secrets.token_urlsafe(16)
        token = self._sign({"visitor": visitor, "site": site}, _VISITOR_SECONDS)
        return visitor, token

    def read_visitor(self, token: object, site: str) -> str | None:
        """The visitor's id; None if the token is not one of this site."""
        if not isinstance(token, str):
            return None
        try:
            claims = self._open(token)
        except Unauthorized:
            return None
        visitor = claims.get("visitor")
        return visitor if isinstance(visitor, str) and claims.get("site") == site else None

    def read_identity(self, token: object, site: str) -> Identity:
        """The host's word on who its user is. Raises `Unauthorized`."""
        if self._identity is None or not isinstance(token, str) or len(token) > _LONGEST_TOKEN:
            raise _refused()
        try:
            claims = load_signing().decode(
                token, self._identity.get_secret_value(), algorithms=[_ALGORITHM], audience=site,
                leeway=_LEEWAY_SECONDS, options={"require": ["sub", "aud", "exp"]},
            )  # fmt: skip
        except (load_signing().PyJWTError, ValueError, UnicodeError) as error:
            raise _refused() from error
        subject = str(claims["sub"])
        # Cut or empty, it would be the name of several people; an end is an end on every clock.
        if not subject.strip() or len(subject) > _LONGEST_SUBJECT or claims["exp"] <= time.time():
            raise _refused()
        return Identity(subject, _text(claims, "email"), _text(claims, "name"))

    def seal(self, text: str) -> str:
        """A mark that only this house can put under `text`."""
        mark = hmac.new(self._secret.encode(), text.encode("utf-8", "replace"), hashlib.sha256)
        return mark.hexdigest()[:24]

    def _read_customer(self, token: str) -> Principal:
        claims = self._open(token)
        conversation, issued = claims.get("conversation"), claims.get("iat", 0)
        if claims.get("scope") != "customer" or not isinstance(conversation, str):
            raise _refused()
        if not isinstance(issued, int | float) or self.directory.is_ended(conversation, issued):
            raise _refused()
        return Principal("customer", conversation, issued=float(issued))

    def _sign(self, claims: dict[str, Any], seconds: int) -> str:
        now = time.time()
        claims |= {"iat": now, "exp": int(now) + seconds, "jti": secrets.token_urlsafe(9)}
        return load_signing().encode(claims, self._secret, algorithm=_ALGORITHM)

    def _open(self, token: str) -> dict[str, Any]:
        if len(token) > _LONGEST_TOKEN:
            raise _refused()
        try:
            return load_signing().decode(
                token, self._secret, algorithms=[_ALGORITHM], options={"require": ["exp"]}
            )
        except (load_signing().PyJWTError, ValueError, UnicodeError) as error:
            raise _refused() from error


def _text(claims: dict[str, Any], name: str) -> str | None:
    value = claims.get(name)
    return value[:200] if isinstance(value, str) and value else None


def _refused() -> Unauthorized:
    return Unauthorized("the token is missing or not valid")
