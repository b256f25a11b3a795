"""From the bytes of a mail to what it says. Pure and bounded; runs in a child process (`child`).

Above: `child`. Below: everything that reads a part of a mail.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hashlib import blake2s

from channels.email.addresses import first_address, normalise, read_addresses
from channels.email.authenticity import check_authenticity
from channels.email.automatic import judge, read_bounce
from channels.email.bodies import read_body
from channels.email.files import is_sealed, read_files
from channels.email.forms import read_visitor
from channels.email.headers import Headers, one_line, read_headers, read_parameters
from channels.email.mail import MailRules, ParsedMail
from channels.email.mime import take_apart
from channels.email.trimming import trim

_IDS = re.compile(r"<([^<>\s]{1,250})>")
_BARE_ID = re.compile(r"[^<>\s,;()\"]{1,200}@[^<>\s,;()\"]{1,100}")
_MOST_REFERENCES = 100
_TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})?\Z")


def parse_mail(raw: bytes, rules: MailRules) -> ParsedMail:
    """What the mail says. Whatever it is, an answer comes; `notes` say what was left out."""
    digest = digest_of(raw)
    notes: list[str] = []
    if len(raw) > rules.most_bytes:
        raw = raw[: rules.most_bytes]
        notes.append("too large: only its beginning was read")
    headers, start = read_headers(raw)
    if headers.cut:
        notes.append("its header is too large")
    parts = take_apart(headers, raw[start:])
    body = read_body(parts.leaves)
    notes += [*parts.notes, *body.notes]
    subject = headers.text("subject")[:500]
    media_type, parameters = read_parameters(headers.get("content-type"))
    report = parameters.get("report-type", "").casefold()
    name, address = first_address(headers.get("from"))
    authenticity = check_authenticity(headers, address, rules.authserv_id)
    visitor = read_visitor(headers, rules)
    if visitor is not None:
        name, address = visitor
        authenticity = "fail" if authenticity == "fail" else "none"  # the form proves itself only
    by_form = visitor is not None
    automatic = judge(headers, parts.leaves, media_type, report, rules, by_form=by_form)
    is_bounce = automatic is not None and automatic.kind == "bounce"
    return ParsedMail(
        digest=digest,
        message_id=_first_id(headers.get("message-id")),
        from_address=normalise(address),
        from_name=name,
        sender=normalise(first_address(headers.get("sender"))[1]),
        return_path=_return_path(headers),
        to=_addresses(headers, "to"),
        cc=_addresses(headers, "cc"),
        reply_to=normalise(first_address(headers.get("reply-to"))[1]),
        delivered_to=(*_addresses(headers, "delivered-to"), *_addresses(headers, "x-original-to")),
        subject=subject,
        date=_date(headers),
        in_reply_to="" if visitor else _first_id(headers.get("in-reply-to")),
        references=() if visitor else _references(headers),  # a form answers nothing
        text=trim(body.text, subject=subject),
        full_text=body.text,
        html_text=body.html_text,
        language=_language(headers),
        attachments=read_files(parts.leaves, body, notes),
        automatic=automatic,
        bounce=read_bounce(headers, parts.leaves, body.text) if is_bounce else None,
        authenticity=authenticity,
        sealed=is_sealed(parts.leaves, body.text),
        notes=tuple(dict.fromkeys(notes)),
    )


def unreadable(raw: bytes, why: str, rules: MailRules) -> ParsedMail:
    """What can be said of a mail that must not be parsed: who it says it is from, no more."""
    beginning = raw[:8_000]
    headers, _ = read_headers(beginning)
    visitor = read_visitor(headers, rules)
    name, address = visitor or first_address(headers.get("from")[:1_000])
    return ParsedMail(
        digest=digest_of(raw),
        message_id=_first_id(headers.get("message-id")[:1_000]),
        from_address=normalise(address),
        from_name=name,
        subject=one_line(headers.get("subject"), most=200),
        to=tuple(normalise(one) for _, one in read_addresses(headers.get("to")[:1_000])),
        automatic=judge(headers, [], "", "", rules, by_form=visitor is not None),
        unreadable=True,
        notes=(f"could not be read: {why}",),
    )


def digest_of(raw: bytes) -> str:
    """The name of a mail by its content, the same by whichever way it came: without the lines that
    servers add on top."""
    marks = (b"\nFrom:", b"\nfrom:", b"\nFROM:", b"\nMessage-ID:", b"\nMessage-Id:", b"\nDate:")
    head = b"\n" + raw[:65_536]
    places = [place for mark in marks if (place := head.find(mark)) >= 0]
    start = min(places, default=0)
    return blake2s(raw[start:].replace(b"\r\n", b"\n").rstrip(), digest_size=16).hexdigest()


def _first_id(text: str) -> str:
    match = _IDS.search(text) or _BARE_ID.search(text)
    return one_line(match[1] if match and match.re is _IDS else match[0] if match else "")


def _references(headers: Headers) -> tuple[str, ...]:
    """From the oldest to the newest: the first few and the last ones of a long chain."""
    ids = [one_line(found) for found in _IDS.findall(" ".join(headers.all("references")))]
    ids = list(dict.fromkeys(ids))
    if len(ids) > _MOST_REFERENCES:
        ids = [*ids[:5], *ids[5 - _MOST_REFERENCES :]]
    return tuple(ids)


def _addresses(headers: Headers, name: str) -> tuple[str, ...]:
    found = [normalise(one) for value in headers.all(name)[:5] for _, one in read_addresses(value)]
    return tuple(dict.fromkeys(found))


def _return_path(headers: Headers) -> str | None:
    if not headers.has("return-path"):
        return None
    return normalise(first_address(headers.get("return-path"))[1])


def _date(headers: Headers) -> datetime | None:
    try:
        found = parsedate_to_datetime(headers.get("date")[:100])
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _language(headers: Headers) -> str | None:
    """What the sender's program says; a hint only."""
    for name in ("content-language", "x-accept-language", "accept-language"):
        tag = headers.get(name).split(",", maxsplit=1)[0].split(";", maxsplit=1)[0].strip()
        if _TAG.match(tag):
            return tag.partition("-")[0].casefold()
    return None
