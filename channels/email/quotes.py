"""Recognises what mail programs put before quoted mails, in five languages and some more. Pure.

Above: `trimming`. Below: nothing. Every question is asked of a few short lines, so it costs the
same for any text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_VERB = (
    r"(?:wrote|writes|said|schrieb(?:en)?|schreibt|geschrieben|napsal(?:\(a\)|/a|a|\(-a\))?"
    r"|p[ií][sš]e"
    r"|пиш[еу]т|написал(?:\(а\)|а)?|пишет|escribi[oó]|escribe|a écrit|ha scritto|schreef"
    r"|het volgende geschreven"
    r"|napisał(?:\(a\)|a)?|skrev|kirjoitti|escreveu|nap[ií]sal(?:\(a\))?|írta)"
)
_ATTRIBUTION = re.compile(
    rf"^\s*(?:[>|*_ ]*)\S.{{0,300}}?(?<![^\W\d_]){_VERB}(?![^\W\d_]).{{0,200}}:\s*\Z",
    re.IGNORECASE | re.DOTALL,
)
_DATED = re.compile(
    r"\d{1,4}[./-]\s?\d{1,2}|\d{1,2}:\d{2}|\b(?:19|20)\d\d\b|<[^<>\s]+@[^<>\s]+>|\[mailto:"
)
_BARE_ATTRIBUTION = re.compile(
    r"(?:\d{1,2}:\d{2}|\b20\d\d\b).{0,160}<[^<>\s]+@[^<>\s]+>\s*:\s*\Z", re.DOTALL
)
_STARTS = re.compile(
    r"^\s*(?:on|am|dne|el|le|il|op|w dniu|dnia|den|em|\d|[пвсч][нтрбс],?|понедельник|вторник"
    r"|среда|четверг|пятница"
    r"|суббота|воскресенье|po|[uú]t|st|[cč]t|p[aá]|so|ne|mo|di|mi|do|fr|sa|mon|tue|wed|thu|fri"
    r"|sat|sun|\S+ \S* ?<)",
    re.IGNORECASE,
)
_SEPARATOR = re.compile(
    r"^\s*[-_=*]{2,}\s*(?:original message|original appointment|urspr(?:ü"
    r"|ue)ngliche (?:nachricht|e-?mail)|originalnachricht"
    r"|p[uů]vodn[ií] (?:zpr[aá]va|e-?mail)|исходное сообщение|исходное письмо"
    r"|пересылаемое сообщение|mensaje original"
    r"|message d'origine|messaggio originale|oorspronkelijk bericht|reply message"
    r"|ответ)\s*[-_=*]{2,}\s*\Z"
    r"|^\s*-{4,}\s*(?:reply|odpověď|antwort|respuesta|ответ)\b.{0,40}-{4,}\s*\Z", re.IGNORECASE
)  # fmt: skip
_FORWARD = re.compile(
    r"^\s*(?:[-_=*]{2,}\s*(?:forwarded message|weitergeleitete nachricht"
    r"|p[rř]eposlan[aá] zpr[aá]va|пересланное сообщение"
    r"|пересылаемое сообщение|переадресованное сообщение|mensaje reenviado"
    r"|message transf[eé]r[eé]).{0,60}"
    r"|begin forwarded message:|anfang der weitergeleiteten nachricht:?"
    r"|za[cč][aá]tek p[rř]eposlan[eé] zpr[aá]vy:?"
    r"|начало переадресованного сообщения:?|inicio del mensaje reenviado:?)\s*\Z", re.IGNORECASE
)  # fmt: skip
_FROM = r"from|von|od|от|от кого|de|da|van|fr[aå]n|expéditeur|odes[ií]latel"
_LABELS = re.compile(
    rf"^\s*[*_>]*\s*(?:(?P<sender>{_FROM})|sent|date|to|cc|subject|reply-to|gesendet|datum|an"
    rf"|betreff|kopie"
    r"|odesl[aá]no|komu|p[rř]edm[eě]t|отправлено|дата|кому|копия|тема|enviado(?: el)?|fecha|para"
    r"|asunto"
    r"|envoy[eé]|objet|inviato|oggetto|verzonden|aan|onderwerp|adres[aá]t|wysłano|do"
    r"|temat)\s*[*_]*\s*:\s*[*_]*\s*\S",
    re.IGNORECASE,
)
_RULE = re.compile(r"^\s*[_\-=]{20,}\s*\Z")
_WRAP_LINES = 4


def is_forward(line: str) -> bool:
    """True for the line that programs put before a forwarded mail."""
    return len(line) < 200 and _FORWARD.match(line) is not None


def attribution_lines(lines: Sequence[str], place: int) -> int:
    """How many lines from here are "On Monday … wrote:"; 0 if they are none."""
    first = lines[place]
    if not first.strip() or len(first) > 400:
        return 0
    joined = ""
    for count, line in enumerate(lines[place : place + _WRAP_LINES], 1):
        if not line.strip() or len(line) > 400:
            return 0
        joined = f"{joined} {line.strip()}".strip()
        if joined.endswith(":") and _is_attribution(joined):
            return count
        if joined.endswith(":") or not (_STARTS.match(first) or _DATED.search(first)):
            return 0
    return 0


def _is_attribution(text: str) -> bool:
    if len(text) > 500 or _DATED.search(text) is None:
        return False
    return _ATTRIBUTION.match(text) is not None or _BARE_ATTRIBUTION.search(text) is not None


def header_lines(lines: Sequence[str], place: int) -> int:
    """How many lines from here are the block `From: … Sent: … Subject: …`; 0 if they are none."""
    count = senders = labels = 0
    if _RULE.match(lines[place]):
        count = 1
        while place + count < len(lines) and not lines[place + count].strip() and count < 3:
            count += 1
    start = count
    for line in lines[place + start : place + start + 12]:
        match = _LABELS.match(line) if len(line) < 2_000 else None
        if match is not None:
            labels += 1
            senders += match["sender"] is not None
        elif (
            labels == 0
            or (not line.strip() and labels < 2 and count - start > 3)
            or (not line.strip() and labels >= 2)
        ):
            break
        count += 1
    if labels >= 3 or (labels == 2 and senders and _has_address(lines[place : place + count])):
        return count if senders or labels >= 3 else 0
    return 0


def sender_in(lines: Sequence[str]) -> str:
    """Who wrote the mail that these header lines are of; empty if they do not say."""
    for line in lines:
        match = _LABELS.match(line) if len(line) < 2_000 else None
        if match is not None and match["sender"] is not None:
            return line.partition(":")[2].strip(" *_")[:200]
    return ""


def _has_address(lines: Sequence[str]) -> bool:
    return any("@" in line or re.search(r"\d{1,2}:\d{2}|\b20\d\d\b", line) for line in lines)


def is_separator(line: str) -> bool:
    """True for `-----Original Message-----` and its like."""
    return len(line) < 200 and _SEPARATOR.match(line) is not None
