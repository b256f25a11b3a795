"""Why a sentence with the words of a deed is no claim: negation, question, condition, rule.

Above: `actions`, `promise`. Below: `folding`. All over folded text, five languages at once.
"""

from __future__ import annotations

import re

from core.specialists.checks.folding import fold

_CLAUSE = re.compile(r"[,;:–—(]\s|\s[-–—]\s|\b(?:but|ale|но|aber|pero|sondern)\s")
_IF = re.compile(
    r"\b(?:if|when|once|whenever|as soon as|unless|whether|in case"
    r"|should (?:you|your|the|it|this|there|we|they)|pokud|jakmile|kdyz|dokud"
    r"|zda|jestli|jestlize|az|если|когда|как только|после того|пока|прежде чем|wenn|sobald|falls"
    r"|nachdem|bevor|ob|sofern|solange|si|cuando|una vez|en cuanto|hasta que|despues de que"
    r"|tan pronto|чтобы|abych|abychom|aby|damit|para que|so that|until|after|before|pote co|nez)\b"
)
_LOOSE = re.compile(r"\b(?:until|after|before|az|nez|bis|nach|si)\s+(?:[\w'-]+\s+){4,}$")
_NOT = re.compile(
    r"\bnot\b|n't\b|\bnever\b|\bcannot\b|\bno longer\b|\bnothing\b|\byet to\b|\bwithout\b"
    r"|\bne(?:jsem|jsme|byl\w*|jsou|ni|mame|mam|mate|mohu|muzeme|bud\w+|lze|podarilo)\b|\bnikdy\b"
    r"|\bjeste ne|\bне\b|\bни\b|\bнет\b|\bnicht\b|\bnichts\b|\bniemand\b"
    r"|\bkein\w*|\bnie\b|\bniemals\b|\bohne\b"
    r"|\bno (?:se |le |lo |la |les |te |me |nos )*(?:he|hemos|ha|han|fue|fueron|esta|estan|puedo"
    r"|podemos|hay|tengo|tenemos|puede|pude|queda)\b"
    r"|\bnunca\b|\btampoco\b|\bsin\b|\bnone\b|\bno (?:refund|order|ticket|record|tool|payment)\b"
)
_LATER = re.compile(
    r"\b(?:will|would|can|could|may|might|must|shall|to|bude|budou|budeme|muze|mohou|musi|by|ma byt"
    r"|byt|будет|будут|будем|может|могут|можно|быть|бы|должн\w*|нужно|wird|werden|kann|konnen"
    r"|konnte|muss|mussen|soll|sollen|wurde gern|sera|seran|puede|pueden|debe|deben|ser|ha de)"
    r"\s+(?:\w+\s+){0,2}$"
)
_RELATIVE = re.compile(
    r"\b(?:that|which|who|whose|kter[aeyou]\w*|ktere|что|котор\w+|que|cuyo|welche\w*)"
    r"\s+(?:[\w'-]+\s+){0,2}$"
)
_YOURS = re.compile(r"\b(?:your|vas\w*|ваш\w*|ihr\w*|su|sus|tu|tus)\b")
_BY_YOU = re.compile(
    r"\bby you\b|\byou (?:have |had |just )?$|\bvami\b|\bjste\b|\bвами\b|\bвы\s+(?:\w+\s+){0,2}$"
    r"|\bvon ihnen\b|\bpor usted\b|\bby the (?:carrier|bank|seller)\b"
)
_TALK = re.compile(
    r"\b(?:i|i'm|i've|me|my|please|thanks|thank|sorry|hello|hi|welcome|glad|ich|mir|mich|bitte"
    r"|danke|leider|guten|gern|я|мне|меня|мой|пожалуйста|спасибо|жаль|извините|здравствуйте"
    r"|prosim|dekuji|diky|bohuzel|mrzi|dobry|rad|rada|mohu|jsem|mi|por favor|gracias|siento"
    r"|lamento|hola|buenos|buenas|puedo|he|lo se|unfortunately|colleague|kolega|kolegovi"
    r"|коллег\w+|kollege\w*|companero)\b"
)
_GENERIC = re.compile(
    r"^[\s,]*(?:automatically |normally |usually |always )*(?:within|once|when|if|after you|only|as"
    r" soon|unless|pouze|jen kdyz|pokud|jakmile|если|когда|только|innerhalb|wenn|sobald|nur|si"
    r"|cuando|dentro de|solo)\b"
)


def is_excused(folded: str, start: int, end: int, *, own: bool) -> bool:
    """True if the words at `start:end` claim nothing. `own` acts are claims in questions too."""
    begin = max((cut.end() for cut in _CLAUSE.finditer(folded, 0, start)), default=0)
    before, inside = folded[begin:start], folded[start:end]
    condition = list(_IF.finditer(before + inside))
    if condition and not _LOOSE.search(before):
        return True
    if _NOT.search(before[-40:] + inside) or _LATER.search(before):
        return True
    if _BY_YOU.search(before[-24:]) or _BY_YOU.search(folded[end : end + 24]):
        return True
    if own:
        return False
    if folded.rstrip(' "»”)').endswith("?") or _GENERIC.search(folded[end:]):
        return True
    if _LATER.search(inside.rsplit(" ", 1)[0] + " "):
        return True
    return _RELATIVE.search(before) is not None and not _YOURS.search(before)


def is_talk(sentence: str) -> bool:
    """True if the sentence is about the talk itself (who speaks, what is asked, what is not
    known), not about the matter: such words stand in no article."""
    folded = fold(sentence)
    return (_TALK.search(folded) is not None or _NOT.search(folded) is not None) or is_conditional(
        folded
    )


def is_conditional(folded: str) -> bool:
    """True if anything in the sentence hangs on a condition, or it only asks."""
    return _IF.search(folded) is not None or folded.rstrip(' "»”)').endswith("?")


_GRANT = re.compile(
    r"\byou(?:'ll| will| are going to) (?:\w+ )?(?:get|receive|be (?:refunded|credited|paid))"
    r"|\b(?:we|i) (?:owe|'ll (?:pay|give)|will (?:pay|give|refund|credit))\b"
    r"|\bdostanete\b|\bobdrzite\b|\bvrati(?:me|m)\b|\bполучите\b|\bвернем\b|\bвернут\b"
    r"|\bsie (?:bekommen|erhalten)\b|\b(?:bekommen|erhalten) sie\b|\berstatten\b"
    r"|\brecibira\b|\ble (?:devolver|reembolsar|abonar)\w+"
)


def grants(sentence: str) -> bool:
    """True if it says, without a condition, that the customer gets something."""
    folded = fold(sentence.replace("’", "'"))
    found = _GRANT.search(folded)
    return found is not None and not is_conditional(folded) and not is_negated(
        folded, found.start(), found.end()
    )  # fmt: skip


def is_negated(folded: str, start: int, end: int) -> bool:
    """True if the words at `start:end` are denied."""
    return _NOT.search(folded[max(0, start - 40) : end]) is not None
