"""Claims of finished acts, and whether the ledger of this conversation bears them out.

Above: `answer`. Below: `action_words`, `excuses`. "I have cancelled your order" is true only after
a tool that cancels has said so; negations, questions, conditions and rules are no claims.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from core.specialists.checks.action_words import (
    LISTED,
    NOUNS,
    PLAIN,
    SPANISH_PAST,
    TEMPLATES,
    class_of,
    participles,
)
from core.specialists.checks.excuses import is_excused
from core.specialists.checks.folding import bare, fold
from core.specialists.checks.result_words import (
    HARMLESS,
    OPEN_PATTERNS,
    RESULT_PATTERNS,
)


class Done(Protocol):
    """A line of the ledger, as the checks read it."""

    @property
    def name(self) -> str:
        """The tool."""
        ...

    @property
    def result(self) -> str:
        """What it gave back."""
        ...

    @property
    def ok(self) -> bool:
        """True if it ran."""
        ...


@dataclass(frozen=True, slots=True)
class Claim:
    """An act that a sentence says was done. `own`: by the speaker, else in the passive."""

    act: str
    text: str
    own: bool


_TOOLS: dict[str, str] = {
    "refund": r"refund|reimburs|credit|payout",
    "cancel": r"cancel|terminat|close|unsubscrib|stop",
    "change": r"change|update|modif|edit|set_|reset|unlock|activat|address|exchange|upgrade"
    r"|switch|apply|add_|remove|delete|return",
    "send": r"send|mail|ship|notify|label|resend",
    "book": r"book|schedul|reserv|appointment|order|pickup",
    "create": r"create|open|ticket|register|file|submit|request|return|exchange",
    "escalate": r"escalat|handoff|ticket|forward|offer_human|notify|transfer",
    "note": r"remember|note|ticket|update|log",
    "ask": r"request|create|ticket|submit",
    "any": r"",
}
_READS = re.compile(r"^(?:get|find|search|list|read|look|check|consult|calculate)(?:_|$)")
_STATES: dict[str, str] = {
    "refund": r"refunded|reimbursed|\brefunds? .{0,200}\bstatus done|returned",
    "cancel": r"cancell?ed|terminated|closed",
    "send": r"shipped|sent|delivered|dispatched|in.transit|tracking|out.for.delivery",
    "change": r"changed|updated|replaced|active",
    "book": r"booked|scheduled|reserved",
    "create": r"created|opened|ticket",
    "escalate": r"handed|transferred|forwarded|assigned",
    "light": r"processed|approved|completed|paid|done|packed|waiting",
    "any": r"done|completed|paused|inactive|on.hold",
}
_PLAIN = [(own, act, re.compile(pattern)) for own, act, pattern in PLAIN]
_SPANISH = re.compile(SPANISH_PAST)
_NOUNS = [(act, re.compile(pattern)) for act, pattern in NOUNS]

_PARCEL = re.compile(r"parcel|package|carrier|zasilk|balik|dopravc|посылк|перевозчик|paket|paquete")

# What the house did, records know; what the speaker did, only the ledger.
_HOUSE = re.compile(r"\b(?:we|jsme|мы|wir|hemos)\b")
# That an order was shipped says nothing of these.
_OTHER_POST = re.compile(
    r"e-?mail|label|replacement|letter|code|link|\bnew\b|štítek|náhrad|kód|odkaz|nov[ýáoué]"
    r"|этикетк|замен|письм|ссылк|нов\w+|etikett|ersatz|\bneue|brief|etiqueta|reemplazo|nuev"
)


@cache
def claim_patterns() -> tuple[tuple[str, bool, re.Pattern[str]], ...]:
    """Language, whether it is the speaker's own act, and the pattern. Compiled when first needed:
    a quarter of a second that no start should wait for."""
    return tuple(
        (
            language,
            own,
            re.compile(template.replace("{P}", participles(language), 1).replace("{P}", r"\w+")),
        )
        for language, templates in TEMPLATES.items()
        for own, template in templates
    )


def claims_in(sentence: str) -> Iterator[Claim]:
    """Every finished act that `sentence` claims and nothing in it takes back."""
    folded = fold(bare(sentence))
    for language, own, pattern in claim_patterns():
        for match in pattern.finditer(folded):
            if not is_excused(folded, match.start(), match.end(), own=own):
                yield Claim(_named(class_of(match["p"], language), folded), match[0], own)
    for own, act, pattern in _PLAIN:
        for match in pattern.finditer(folded):
            if not is_excused(folded, match.start(), match.end(), own=own):
                yield Claim(_named(act, folded), match[0], own)
    yield from _unlisted(folded)
    for match in _SPANISH.finditer(bare(sentence).lower()):
        if not is_excused(folded, match.start(), match.end(), own=True):
            yield Claim(_named(str(match.lastgroup), folded), match[0], own=True)


def _unlisted(folded: str) -> Iterator[Claim]:
    """Acts told by their result, and acts of the speaker whose verb no table holds."""
    for pattern in RESULT_PATTERNS:
        for match in pattern.finditer(folded):
            if not is_excused(folded, match.start(), match.end(), own=False):
                yield Claim(_named("any", match[0]), match[0], own=False)
    for pattern in OPEN_PATTERNS:
        for match in pattern.finditer(folded):
            verb = match.groupdict().get("v") or match[0]
            if verb in HARMLESS or verb.startswith(LISTED) or verb.startswith("ne"):
                continue
            if is_excused(folded, match.start(), match.end(), own=True):
                continue
            yield Claim("open", match[0], own=True)


def is_borne_out(claim: Claim, ledger: Sequence[Done]) -> bool:
    """True if a tool of the ledger has done what is claimed."""
    outcomes = [(record.name, outcome_of(record)) for record in ledger]
    acts = [(name, outcome) for name, outcome in outcomes if outcome != "nothing"]
    acts = [(name, outcome) for name, outcome in acts if not _only_tells(name)]
    if claim.act == "ask":
        return any(re.search(_TOOLS["ask"], name) for name, _ in acts)
    done = [name for name, outcome in acts if outcome == "done"]
    if claim.act == "create" and acts:
        done = [name for name, _ in acts]  # what waits for a person has been put in
    if claim.act in {"light", "any", "open"}:
        return bool(done)
    return any(re.search(_TOOLS[claim.act], name) for name in done)


def _only_tells(name: str) -> bool:
    """Tools that read, and tools of others (`server.tool`): what those do waits for the customer's
    yes, and no model speaks in the turn in which it is done."""
    return "." in name or _READS.match(name) is not None


def is_known_state(claim: Claim, sentence: str, texts: Sequence[str]) -> bool:
    """True if records that tools have read say so: an order that has been shipped."""
    pattern = _STATES.get(claim.act)
    if pattern is None or (claim.own and not _HOUSE.search(claim.text)):
        return False
    if claim.act == "send" and _OTHER_POST.search(sentence.lower()):
        return False
    return any(re.search(pattern, text.lower(), re.DOTALL) for text in texts)


def stands_in(claim: Claim, texts: Sequence[str]) -> bool:
    """True if one of the texts claims just that, in these words."""
    return any(claim.text.strip(" .!,") in fold(bare(text)) for text in texts)


def outcome_of(record: Done) -> str:
    """`done`, `waiting` (asked for, not decided), or `nothing`."""
    if not record.ok:
        return "nothing"
    try:
        data: Any = json.loads(record.result)
    except ValueError:
        return "done" if record.result.strip() else "nothing"
    if not isinstance(data, dict):
        return "done"
    outcome = str(data.get("outcome") or data.get("status") or data.get("state") or "")  # pyright: ignore[reportUnknownMemberType,reportUnknownArgumentType]
    if "error" in data or outcome == "refused" or "confirm" in " ".join(map(str, data)).lower():  # pyright: ignore[reportUnknownArgumentType]
        return "nothing"
    if re.search(r"confirm", outcome):
        return "nothing"
    return "waiting" if re.search(r"waiting|approval", outcome) else "done"


def _named(act: str, folded: str) -> str:
    """The act that the noun beside a light word tells."""
    if act == "send" and _NOUNS[0][1].search(folded):
        return "refund"  # money sent back
    if act == "escalate" and _PARCEL.search(folded):
        return "send"  # handed to the carrier
    if act not in {"light", "any"}:
        return act
    for name, pattern in _NOUNS:
        if pattern.search(folded):
            return name
    return "any"
