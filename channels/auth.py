"""Who may do what: tokens of customers, desk and administrators, visitors and signed identities.

Above: the web and REST doors, which both ask here. Below: PyJWT.

A token is signed, never stored. Whatever is wrong with one, the answer is the same text, so that
nobody learns why. Foreign conversations look as if they did not exist.
"""

from __future__ import annotations

import hmac
import secrets
import time
from dataclasses import dataclass
from typing import Any, Literal

import jwt as _jwt
from pydantic import SecretStr

from core.errors import Forbidden, NotFound, Unauthorized

Scope = Literal["customer", "desk", "admin"]

_ALGORITHM = "HS256"
_CUSTOMER_SECONDS = 30 * 86_400
_VISITOR_SECONDS = 365 * 86_400
_LONGEST_TOKEN = 4_096
# Clocks of the host's server and ours may differ by so much.
_LEEWAY_SECONDS = 30
jwt: Any = _jwt  # its calls are only partly typed


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking: a scope, and for customers the one conversation they may see."""

    scope: Scope
    conversation: str | None = None
    name: str = ""

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


@dataclass(frozen=True, slots=True)
class Identity:
    """What the host's signed token says of its user."""

    subject: str
    email: str | None = None
    name: str | None = None


class Tokens:
    """Makes and reads all tokens."""

    def __init__(self, *, secret: str, admin_token: str, identity_secret: SecretStr | None) -> None:
        self._secret = secret
        self._admin = admin_token.encode()
        self._identity = identity_secret

    def issue(self, scope: Scope, *, name: str = "", seconds: int = 365 * 86_400) -> str:
        """A token for people of the desk or for programs."""
        return self._sign({"scope": scope, "name": name}, seconds)

    def issue_customer(self, conversation: str) -> str:
        """The token that opens one conversation."""
        return self._sign({"scope": "customer", "conversation": conversation}, _CUSTOMER_SECONDS)

    def read(self, token: str) -> Principal:
        """Raises `Unauthorized`."""
        if hmac.compare_digest(token.encode("utf-8", "replace"), self._admin):
            return Principal("admin", name="admin")
        claims = self._open(token)
        scope = claims.get("scope")
        if scope not in {"customer", "desk", "admin"}:
            raise _refused()
        conversation = claims.get("conversation")
        if (scope == "customer") != isinstance(conversation, str):
            raise _refused()
        return Principal(scope, conversation, str(claims.get("name", "")))

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
            claims = jwt.decode(
                token, self._identity.get_secret_value(), algorithms=[_ALGORITHM], audience=site,
                leeway=_LEEWAY_SECONDS, options={"require": ["sub", "aud", "exp"]},
            )  # fmt: skip
        except (_jwt.PyJWTError, ValueError, UnicodeError) as error:
            raise _refused() from error
        return Identity(str(claims["sub"])[:200], _text(claims, "email"), _text(claims, "name"))

    def _sign(self, claims: dict[str, Any], seconds: int) -> str:
        now = int(time.time())
        claims = {**claims, "iat": now, "exp": now + seconds, "jti": secrets.token_urlsafe(9)}
        return jwt.encode(claims, self._secret, algorithm=_ALGORITHM)

    def _open(self, token: str) -> dict[str, Any]:
        if len(token) > _LONGEST_TOKEN:
            raise _refused()
        try:
            return jwt.decode(
                token, self._secret, algorithms=[_ALGORITHM], options={"require": ["exp"]}
            )
        except (_jwt.PyJWTError, ValueError, UnicodeError) as error:
            raise _refused() from error


def _text(claims: dict[str, Any], name: str) -> str | None:
    value = claims.get(name)
    return value[:200] if isinstance(value, str) and value else None


def _refused() -> Unauthorized:
    return Unauthorized("the token is missing or not valid")
