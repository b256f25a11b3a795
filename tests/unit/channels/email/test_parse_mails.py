"""Every raw mail of tests/data/mails is read as it says."""

from __future__ import annotations

from typing import Any

import pytest

from channels.email.decode import say
from channels.email.mail import ParsedMail
from channels.email.parsing import parse_mail
from tests.unit.channels.email.mails import RULES, Case, read_cases

CASES = read_cases()


def _seen(mail: ParsedMail) -> dict[str, Any]:
    bounce = mail.bounce
    return {
        "text": mail.text, "full": mail.full_text, "html_text": mail.html_text, "said": say(mail),
        "subject": mail.subject, "from": mail.from_address, "name": mail.from_name,
        "to": list(mail.to), "cc": list(mail.cc), "reply_to": mail.reply_to,
        "message_id": mail.message_id, "in_reply_to": mail.in_reply_to,
        "references": list(mail.references), "authenticity": mail.authenticity,
        "automatic": mail.automatic.kind if mail.automatic else "", "language": mail.language,
        "date": mail.date.isoformat() if mail.date else "",
        "files": [f"{file.name}:{file.media_type}" for file in mail.attachments],
        "inline": [file.name for file in mail.attachments if file.inline],
        "contents": [file.data.decode("latin-1") for file in mail.attachments],
        "notes": " / ".join(mail.notes),
        "bounce": f"{bounce.recipient} {bounce.status} {bounce.permanent}" if bounce else "",
        "bounced_id": bounce.original_id if bounce else "",
    }  # fmt: skip


def _faults(seen: dict[str, Any], expected: dict[str, Any]) -> list[str]:
    faults: list[str] = []
    for key, want in expected.items():
        if key == "lacks":
            faults += [f"has {word!r}" for word in want if word in seen["text"]]
        elif key.endswith("_has"):
            got = seen[key.removesuffix("_has")]
            if want not in got:
                faults.append(f"{key}: {want!r} not in {got!r}")
        elif seen[key] != want:
            faults.append(f"{key}: {seen[key]!r} instead of {want!r}")
    return faults


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_mail_says_what_it_says(case: Case) -> None:
    mail = parse_mail(case.raw, RULES)

    assert case.expected, "a case without expectations shows nothing"
    assert _faults(_seen(mail), case.expected) == []


def test_line_ends_change_nothing() -> None:
    for case in CASES:
        one = parse_mail(case.raw.replace(b"\r\n", b"\n"), RULES)
        other = parse_mail(case.raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"), RULES)
        assert (one.text, one.digest, one.automatic) == (other.text, other.digest, other.automatic)


def test_there_are_as_many_mails_as_were_promised() -> None:
    assert len(CASES) >= 120
    assert len({case.name for case in CASES}) == len(CASES)
