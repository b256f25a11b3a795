"""Mail that a form of our site writes for a visitor: the person is in Reply-To. Pure.

Above: `parsing`. Below: `headers`, `addresses`. Only addresses that the house has
named are forms (`MailRules.forms`); what a visitor typed into one proves nothing of who they are.
"""

from __future__ import annotations

from channels.email.addresses import first_address, is_address, normalise, without_tag
from channels.email.headers import Headers
from channels.email.mail import MailRules

_LONGEST = 1_000  # of a line that names somebody


def read_visitor(headers: Headers, rules: MailRules) -> tuple[str, str] | None:
    """Name and address of the person who filled in a form; None: no form wrote this mail, or it
    does not say for whom."""
    form_name, form = first_address(headers.get("from")[:_LONGEST])
    if normalise(form) not in rules.forms:
        return None
    name, address = first_address(headers.get("reply-to")[:_LONGEST])
    visitor = normalise(address)
    if not is_address(visitor) or {visitor, without_tag(visitor)} & (rules.own | rules.forms):
        return None
    return name or form_name, visitor
