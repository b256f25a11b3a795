"""Tokens: what opens what, and everything that opens nothing."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import jwt
import pytest
from pydantic import SecretStr

from channels.auth import Tokens
from core.errors import Forbidden, NotFound, SwitchboardError, Unauthorized
from tests.fakes.tokens import IssuingTokens

SECRET = "the server's own secret, long enough for HS256"
HOST = "the host site's secret, also long enough for HS256"
ADMIN = "an-admin-token"


@pytest.fixture
def tokens() -> IssuingTokens:
    return IssuingTokens(secret=SECRET, admin_token=ADMIN, identity_secret=SecretStr(HOST))


def signed(claims: dict[str, Any], key: str = SECRET, **options: Any) -> str:
    return jwt.encode({"exp": time.time() + 60, **claims}, key, algorithm="HS256", **options)


def unsigned(claims: dict[str, Any]) -> str:
    parts = ({"alg": "none", "typ": "JWT"}, {"exp": time.time() + 60, **claims})
    packed = [base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts]
    return ".".join([*packed, ""])


def test_a_customers_token_opens_one_conversation_and_no_desk(tokens: IssuingTokens) -> None:
    principal = tokens.read(tokens.issue_customer("cv_1"))
    principal.require("cv_1")
    with pytest.raises(NotFound):
        principal.require("cv_2")
    with pytest.raises(Forbidden):
        principal.require_desk()


def test_scopes_of_staff_are_kept_apart(tokens: IssuingTokens) -> None:
    desk = tokens.read(tokens.issue("desk", name="Eva"))
    assert (desk.scope, desk.conversation, desk.name) == ("desk", None, "Eva")
    desk.require("cv_any")
    desk.require_desk()
    with pytest.raises(Forbidden):
        desk.require_admin()
    tokens.read(ADMIN).require_admin()


BAD: dict[str, str] = {
    "nothing": "",
    "no token at all": "hello",
    "three empty parts": "..",
    "unsigned": unsigned({"scope": "admin"}),
    "another secret": signed({"scope": "admin"}, "x" * 40),
    "expired": jwt.encode({"scope": "admin", "exp": 1}, SECRET, algorithm="HS256"),
    "without an end": jwt.encode({"scope": "admin"}, SECRET, algorithm="HS256"),
    "another algorithm": jwt.encode({"scope": "admin", "exp": 2e9}, SECRET * 2, algorithm="HS512"),
    "key by path": signed({"scope": "admin"}, "\0" * 32, headers={"kid": "../../dev/null"}),
    "unknown scope": signed({"scope": "root"}),
    "no scope": signed({"conversation": "cv_1"}),
    "customer of nothing": signed({"scope": "customer"}),
    "customer of a list": signed({"scope": "customer", "conversation": ["cv_1"]}),
    "desk with a conversation": signed({"scope": "desk", "conversation": "cv_1"}),
    "a signed one of the desk, as they were": signed({"scope": "desk", "name": "Eva"}),
    "a kept one that is unknown": "sbt_" + "x" * 43,
    "endless": "x" * 100_000,
    "letters beyond ASCII": "přístup",
    "lone surrogate": "\ud800",
    "admin token with more": ADMIN + "x",
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_token_is_refused_with_the_same_words(tokens: IssuingTokens, name: str) -> None:
    with pytest.raises(Unauthorized) as refused:
        tokens.read(BAD[name])
    assert str(refused.value) == "the token is missing or not valid"


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic " + ADMIN, ADMIN])
def test_a_header_of_another_kind_is_refused(tokens: IssuingTokens, header: str | None) -> None:
    with pytest.raises(Unauthorized):
        tokens.read_header(header)


def test_a_visitor_is_known_again_at_the_same_site_only(tokens: IssuingTokens) -> None:
    visitor, token = tokens.issue_visitor("shop")
    assert tokens.read_visitor(token, "shop") == visitor
    assert tokens.read_visitor(token, "bank") is None
    assert tokens.read_visitor(tokens.issue("desk"), "shop") is None
    with pytest.raises(Unauthorized):
        tokens.read(token)


def test_the_hosts_word_names_a_user(tokens: IssuingTokens) -> None:
    claims = {"sub": "u1", "aud": "shop", "email": "a@b.example", "name": "A"}
    identity = tokens.read_identity(signed(claims, HOST), "shop")
    assert (identity.subject, identity.email, identity.name) == ("u1", "a@b.example", "A")


@pytest.mark.parametrize(
    "token",
    [
        signed({"sub": "u1", "aud": "bank"}, HOST),
        signed({"sub": "u1"}, HOST),
        signed({"aud": "shop"}, HOST),
        signed({"sub": "u1", "aud": "shop"}, SECRET),
        jwt.encode({"sub": "u1", "aud": "shop", "exp": 1}, HOST, algorithm="HS256"),
        signed({"sub": "u1", "aud": "shop", "exp": time.time() - 5}, HOST),
        signed({"sub": "", "aud": "shop"}, HOST),
        signed({"sub": " \n", "aud": "shop"}, HOST),
        signed({"sub": "u" * 201, "aud": "shop"}, HOST),
        jwt.encode({"sub": "u1", "aud": "shop"}, HOST, algorithm="HS256"),
        unsigned({"sub": "u1", "aud": "shop"}),
        "x" * 5_000,
        "",
        7,
        None,
        {"sub": "u1"},
    ],
)
def test_a_bad_identity_is_refused(tokens: IssuingTokens, token: object) -> None:
    with pytest.raises(Unauthorized):
        tokens.read_identity(token, "shop")


def test_without_a_secret_no_identity_is_believed() -> None:
    tokens = Tokens(secret=SECRET, admin_token=ADMIN, identity_secret=None)
    with pytest.raises(SwitchboardError):
        tokens.read_identity(signed({"sub": "u1", "aud": "shop"}, HOST), "shop")
