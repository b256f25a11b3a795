"""People over REST: find them, note what is known, see who they are, merge and undo.

Above: `routes`. Below: `core.identity`. A contact that is not there, or is not one, looks the same
as somebody else's.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import structlog
from aiohttp import web

from channels.deps import ServerDeps
from channels.ingress import check_text
from channels.persons import person_of
from channels.rest import contact_shapes as shown
from channels.rest import shapes
from channels.rest.conversations import principal_of
from channels.rest.reading import read_cursor, read_int, read_model, write_cursor
from channels.rest.system import Absent
from channels.rest.table import API, Route
from core.conversation import BARE_CLAIM
from core.errors import InputError, NotFound
from core.identity.addresses import normalise_email, reach
from core.identity.merging import Merging
from core.identity.people import SqlPeople
from core.identity.records import Contact, Identity, Merge, Preview
from core.messages import format_time

_log = structlog.get_logger("contacts")
_CONTACT = re.compile(r"ct_[A-Za-z0-9_-]{22}\Z")
_SMALL = re.compile(r"c[im]_[A-Za-z0-9_-]{16}\Z")
_EVERYBODY = f"{API}/contacts"
_ONE = f"{_EVERYBODY}/{{id}}"


class Contacts:
    """Handlers of `/contacts…`."""

    def __init__(self, deps: ServerDeps) -> None:
        self._kept = deps.people
        self._archive = deps.archive

    async def list(self, request: web.Request) -> web.Response:
        """Found by name or address."""
        limit = read_int(request, "limit", 50, low=1, high=200)
        q = (request.query.get("q") or "").strip()[:200]
        before = _before(read_cursor(request))
        found = await self._people().browse(q=q or None, before=before, limit=limit)
        last = found[-1] if len(found) == limit else None
        cursor = write_cursor(f"{last.updated_at.isoformat()}|{last.id}") if last else None
        return web.json_response({"contacts": [show(one) for one in found], "next": cursor})

    async def create(self, request: web.Request) -> web.Response:
        """A person of whom the desk knows."""
        body = await read_model(request, shown.Profile)
        made = await self._people().create(_fields(body))
        return web.json_response({**show(made), "identities": []}, status=201)

    async def show(self, request: web.Request) -> web.Response:
        """One, with their identities."""
        return web.json_response(await self._whole(_contact(request)))

    async def change(self, request: web.Request) -> web.Response:
        """Replace what is noted of them."""
        body = await read_model(request, shown.Profile)
        contact = _contact(request)
        await self._people().change(contact, _fields(body))
        return web.json_response(await self._whole(contact))

    async def conversations(self, request: web.Request) -> web.Response:
        """All of theirs, whatever the channel, and those that claim to be; of a name that heads of
        conversations use, those that claim it."""
        if self._archive is None:
            raise Absent("no archive", public_text="this gateway keeps no archive")
        name = request.match_info["id"]
        is_person = _CONTACT.match(name) is not None
        if is_person:
            await self._people().get(name)
        page = await self._archive.list_conversations(
            contact=None if is_person else name, person=name if is_person else None,
            cursor=read_cursor(request),
            limit=read_int(request, "limit", 50, low=1, high=200),
        )  # fmt: skip
        cursor = write_cursor(page.next) if page.next else None
        return web.json_response({"conversations": page.items, "next": cursor})

    async def identities(self, request: web.Request) -> web.Response:
        """How they can be reached, and how well that is proved."""
        found = await self._people().identities(_contact(request))
        return web.json_response({"identities": [show_identity(one) for one in found]})

    async def add_identity(self, request: web.Request) -> web.Response:
        """A claim that a person of the desk puts down."""
        body = await read_model(request, shown.NewIdentity)
        made = await self._people().add_identity(
            _contact(request), reach(body.channel, body.value, body.account),
            level=BARE_CLAIM, evidence="desk",
        )  # fmt: skip
        return web.json_response(show_identity(made), status=201)

    async def remove_identity(self, request: web.Request) -> web.Response:
        """It is theirs no more; a word from there begins anew."""
        identity = request.match_info["identity"]
        if _SMALL.match(identity) is None:
            raise NotFound("no such identity")
        await self._people().remove_identity(_contact(request), identity)
        return web.Response(status=204)

    async def merge(self, request: web.Request) -> web.Response:
        """The other becomes this one; or what that would do."""
        body = await read_model(request, shown.MergeRequest)
        kept, gone = _contact(request), body.other
        if _CONTACT.match(gone) is None:
            raise NotFound("no such contact")
        merging = Merging(self._people())
        preview = await merging.preview(kept, gone)
        if body.dry_run:
            return web.json_response(_answer(preview, None))
        by = _by(request, body.name)
        done = await merging.merge(kept, gone, by=by, reason=body.reason)
        _log.info("contacts_merged", kept=kept, gone=gone, merge=done.id, by=by)
        return web.json_response(_answer(preview, done))

    async def merges(self, request: web.Request) -> web.Response:
        """What was proposed, done and undone."""
        found = await Merging(self._people()).list(_contact(request))
        return web.json_response({"merges": [show_merge(one) for one in found]})

    async def undo(self, request: web.Request) -> web.Response:
        """They are two people after all."""
        body = await read_model(request, shown.UndoRequest)
        merge = request.match_info["merge"]
        if _SMALL.match(merge) is None:
            raise NotFound("no such merge")
        by = _by(request, body.name)
        done = await Merging(self._people()).undo(_contact(request), merge, by=by)
        _log.info("merge_undone", kept=done.kept, gone=done.gone, merge=done.id, by=by)
        return web.json_response(show_merge(done))

    async def _whole(self, contact: str) -> dict[str, Any]:
        people = self._people()
        found = await people.get(contact)
        known = await people.identities(contact)
        return {**show(found), "identities": [show_identity(one) for one in known]}

    def _people(self) -> SqlPeople:
        if self._kept is None:
            raise Absent("no contacts", public_text="this gateway keeps no contacts")
        return self._kept


def contact_routes(deps: ServerDeps) -> list[Route]:
    """All of them."""
    people = Contacts(deps)
    identities, merges = f"{_ONE}/identities", f"{_ONE}/merges"
    return [
        Route("GET", _EVERYBODY, people.list, "desk", "List and search people",
              gives=shown.ContactPage, query=("q", "cursor", "limit")),
        Route("POST", _EVERYBODY, people.create, "desk", "Note a person",
              takes=shown.Profile, gives=shown.WholeContact, answers=201),
        Route("GET", _ONE, people.show, "desk", "A person, and how well they are known",
              gives=shown.WholeContact),
        Route("PUT", _ONE, people.change, "desk", "Replace what is noted of them",
              takes=shown.Profile, gives=shown.WholeContact),
        Route("GET", f"{_ONE}/conversations", people.conversations, "desk",
              "All conversations of a contact", gives=shapes.Conversations,
              query=("cursor", "limit")),
        Route("GET", identities, people.identities, "desk", "How they can be reached",
              gives=shown.Identities),
        Route("POST", identities, people.add_identity, "desk", "Put down another way to reach them",
              takes=shown.NewIdentity, gives=shown.IdentityShape, answers=201),
        Route("DELETE", f"{identities}/{{identity}}", people.remove_identity, "desk",
              "Take an identity off them", answers=204),
        Route("POST", f"{_ONE}/merge", people.merge, "desk",
              "Another contact becomes this one; with dry_run, what that would do",
              takes=shown.MergeRequest, gives=shown.MergeAnswer),
        Route("GET", merges, people.merges, "desk", "Merges proposed, done and undone",
              gives=shown.Merges),
        Route("POST", f"{merges}/{{merge}}/undo", people.undo, "desk",
              "They are two people after all", takes=shown.UndoRequest, gives=shown.MergeShape),
    ]  # fmt: skip


def show(contact: Contact) -> dict[str, Any]:
    """As REST shows a person."""
    return {
        **contact.model_dump(), "created_at": format_time(contact.created_at),
        "updated_at": format_time(contact.updated_at),
    }  # fmt: skip


def show_identity(identity: Identity) -> dict[str, Any]:
    """As REST shows one."""
    at = identity.proved_at
    return {
        **identity.model_dump(exclude={"contact", "name"}),
        "proved_at": format_time(at) if at else None,
        "created_at": format_time(identity.created_at),
    }


def show_merge(merge: Merge) -> dict[str, Any]:
    """As REST shows one."""
    at = merge.undone_at
    return {
        **merge.model_dump(exclude={"moved"}), "evidence": list(merge.evidence),
        "at": format_time(merge.at), "undone_at": format_time(at) if at else None,
    }  # fmt: skip


def _answer(preview: Preview, done: Merge | None) -> dict[str, Any]:
    return {
        "dry_run": done is None, "kept": preview.kept, "gone": preview.gone,
        "identities": [show_identity(one) for one in preview.identities],
        "conversations": preview.conversations, "fields": list(preview.fields),
        "evidence": list(preview.evidence), "by_evidence": preview.by_evidence,
        "merge": show_merge(done) if done else None,
    }  # fmt: skip


def _fields(body: shown.Profile) -> dict[str, Any]:
    fields = body.model_dump()
    for name in ("name", "notes"):
        if fields[name] is not None:
            fields[name] = check_text(fields[name], most=4_000)
    if body.email is not None:
        fields["email"] = normalise_email(body.email)
    return fields


def _contact(request: web.Request) -> str:
    name = request.match_info["id"]
    if _CONTACT.match(name) is None:
        raise NotFound("no such contact")
    return name


def _by(request: web.Request, name: str | None) -> str:
    principal = principal_of(request)
    return person_of(principal, check_text(name or principal.name or "Support", most=100))


def _before(position: str | None) -> tuple[datetime, str] | None:
    if position is None:
        return None
    stamp, _, name = position.partition("|")
    try:
        return datetime.fromisoformat(stamp).astimezone(UTC), name
    except (ValueError, OverflowError):
        raise InputError("the cursor is not valid", code="bad_cursor") from None
