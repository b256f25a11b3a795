"""The files of a mail, each with a harmless name and what it is in plain words. Pure.

Above: `parsing`. Below: `mime`. What the bytes really are is found out by the file store.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from channels.email.bodies import Body
from channels.email.headers import one_line, read_headers
from channels.email.mail import ParsedFile
from channels.email.mime import Part

MOST_FILES = 50
_SIGNATURES = {
    "application/pgp-signature": "it is signed with PGP; the signature was not checked",
    "application/pkcs7-signature": "it is signed with S/MIME; the signature was not checked",
    "application/x-pkcs7-signature": "it is signed with S/MIME; the signature was not checked",
}
_ENCRYPTED = {
    "application/pgp-encrypted": "it is encrypted with PGP and could not be read",
    "application/pkcs7-mime": "it is encrypted or signed with S/MIME and could not be read",
    "application/x-pkcs7-mime": "it is encrypted or signed with S/MIME and could not be read",
}
_REPORTS = frozenset({"message/delivery-status", "message/global-delivery-status",
                      "message/feedback-report", "message/disposition-notification"})  # fmt: skip
_EXTENSIONS = {
    "message/rfc822": "eml", "text/calendar": "ics", "text/html": "html", "text/plain": "txt",
    "image/jpeg": "jpg", "image/png": "png", "image/gif": "gif", "application/pdf": "pdf",
    "application/ms-tnef": "dat", "text/vcard": "vcf", "text/csv": "csv", "application/zip": "zip",
    "application/pkcs7-mime": "p7m", "audio/mpeg": "mp3", "video/mp4": "mp4",
}  # fmt: skip
_FORBIDDEN = re.compile(r"[\\/:*?\"<>|\x00-\x1f\x7f]+")
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,80}/[a-z0-9][a-z0-9!#$&^_.+-]{0,80}\Z")


def is_sealed(leaves: Sequence[Part], text: str) -> bool:
    """True if what the mail says is encrypted: nothing else is written beside it."""
    return not text.strip() and any(leaf.media_type in _ENCRYPTED for leaf in leaves)


def read_files(leaves: Sequence[Part], body: Body, notes: list[str]) -> tuple[ParsedFile, ...]:
    """Every part that is not the mail's text, and every file written into it."""
    files: list[ParsedFile] = []
    for leaf in leaves:
        if leaf in body.used:
            continue
        if (said := _SIGNATURES.get(leaf.media_type)) or leaf.media_type in _REPORTS:
            notes += [said] if said else []
            continue
        if said := _ENCRYPTED.get(leaf.media_type):
            notes.append(said)
            if leaf.media_type == "application/pgp-encrypted":
                continue
        if leaf.media_type == "application/ms-tnef":
            notes.append("its files are in winmail.dat, which only Outlook opens")
        if len(files) >= MOST_FILES:
            notes.append(f"more than {MOST_FILES} files: the others were left out")
            break
        if leaf.body.strip():
            files.append(_file(leaf, body, len(files) + 1))
    for name, data in body.encoded_files[: MOST_FILES - len(files)]:
        files.append(_make(name, "application/octet-stream", data, len(files) + 1))
    return tuple(files)


def _file(leaf: Part, body: Body, number: int) -> ParsedFile:
    name = leaf.name
    if leaf.media_type == "message/rfc822" and not name:
        inner, _ = read_headers(leaf.body)
        name = f"{inner.text('subject')[:80] or 'mail'}.eml"
    shown = leaf.content_id in body.content_ids
    inline = shown or (leaf.disposition == "inline" and leaf.media_type.startswith("image/"))
    made = _make(name, leaf.media_type, leaf.body, number)
    return made.model_copy(update={"content_id": one_line(leaf.content_id), "inline": inline})


def _make(name: str, media_type: str, data: bytes, number: int) -> ParsedFile:
    kind = media_type if _MEDIA_TYPE.match(media_type) else "application/octet-stream"
    return ParsedFile(
        name=clean_name(name, kind, number), media_type=kind, size=len(data), data=data
    )


def clean_name(name: str, media_type: str, number: int) -> str:
    """A name without a path, control characters or leading dots; never empty."""
    bare = one_line(name, most=400).replace("\\", "/").rpartition("/")[2]
    bare = _FORBIDDEN.sub("_", bare).strip(". ")
    if len(bare) > 120:
        stem, dot, extension = bare.rpartition(".")
        bare = f"{stem[:100]}{dot}{extension[:12]}" if dot and len(extension) <= 12 else bare[:120]
    return bare or f"file-{number}.{_EXTENSIONS.get(media_type, 'bin')}"
