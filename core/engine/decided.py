"""What people decided, told to a customer who asks after it, without a model.

Above: `returned`. Below: `scene`, `plain`, `core.memory`. Pure. The words are the people's own; the
frame around them is in the customer's language.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from core.engine.plain import Draft
from core.engine.scene import Scene
from core.localise import write_day
from core.memory.fold import fold
from core.memory.speech import pattern
from core.memory.state import Returned
from core.outcome import Reply
from core.phrases import Phrases

_SOURCE = "returned"
# Beginnings of folded words that say nothing of a matter.
_COMMON = frozenset(
    re.findall(
        r"\w+",
        "about from have that this what when with your mine does will would they them then "
        "there been jsem jste jsou jeste moje moji mych vase tedy teda tady bude budou prosi "
        "pani моеи моим моих моего меня мною этот этои есть была было были будет тогда mein "
        "meine mich habe haben eine einen einer ihre ihren noch bitte nicht sobre para esta "
        "este como pero tengo mios usted enton happe decid decis promi agree statu news updat "
        "rozho slibi dohod domlu rekli решил обеща решен новос дела entsc besch versp verei "
        "passi gesch wurde wird prome acord pasa pasar ocurr suced noved notic ",
    )
)
_SHORTEST = 4
_STEM = 5
# Asked after the outcome of a matter; matched against folded text.
_OUTCOME = (
    r"\b(?:what(?:'s| is| was| has been| did \w+)?(?: \w+){0,2} (?:decid\w+|promis\w+|agreed)"
    r"|what (?:happens|is happening|will happen|about|is going on|did (?:you|your \w+|they)) "
    r"|what happens (?:now|next)|what'?s next|what now|where do (?:we|i) stand"
    r"|(?:any|is there) (?:news|update|decision)|status of|how (?:did|does) it (?:end|go)"
    r"|(?:co|jak) (?:se )?(?:rozhod\w+|slib\w+|dohod\w+|domluv\w+)|co (?:ted |tedy )?(?:bude|je) s"
    r"|jak (?:to )?(?:dopad\w+|je to s|to vypada)|co (?:mi )?(?:slibi\w+|rekl\w+)|co ted|co dal"
    r"|что (?:же )?(?:решил\w*|обещал\w*|будет|теперь|дальше|там)|как (?:дела|обстоят дела) с"
    r"|чем (?:все )?(?:кончил\w+|закончил\w+)|какое решение|есть новости|что с м\w+"
    r"|was (?:wurde|ist|hat|haben)(?: \w+){0,5} (?:entschieden|beschlossen|versprochen|vereinbart)"
    r"|was (?:passiert|geschieht|wird|ist) (?:jetzt |nun )?(?:mit|aus)"
    r"|wie geht es (?:jetzt )?weiter|was ist (?:jetzt|nun)"
    r"|gibt es (?:etwas )?neue\w*|stand der|was nun"
    r"|que (?:se )?(?:decidi\w+|prometi\w+|acord\w+)|que (?:pasa|pasara|hay|sucede|ocurre) "
    r"|que va a pasar|como (?:quedo|queda|va) "
    r"|hay (?:alguna )?(?:novedad\w*|noticia\w*)|y ahora que)"
)


def decided_before(scene: Scene) -> Returned | None:
    """What people left behind about the matter that the customer asks after, if they do."""
    records = [item for item in scene.state.memory.returns if item.decided or item.promised]
    text = fold(scene.asked.text)
    if not records or not pattern(_OUTCOME).search(text):
        return None
    stems = _stems(text)
    shared = [(len(stems & _stems(_words(record))), record) for record in records]
    about = [(record.recorded, count, record.seq, record) for count, record in shared if count]
    if about:
        return max(about, key=lambda item: item[:3])[3]
    fresh = scene.state.memory.episode.began == records[-1].seq
    return records[-1] if fresh and scene.verdict != "sure" else None


def tell_decision(scene: Scene, record: Returned, phrases: Phrases) -> Draft:
    """Their words as they stand, with who and when; the frame is in the customer's language."""
    language = scene.language
    who = record.by or phrases.say("our_colleague", language)
    told = {"who": who, "when": _day(record, language)}
    key = "decided_by" if record.recorded else "wrote_last"
    lines = [phrases.say(key, language, what=record.decided, **told)] if record.decided else []
    promised = "; ".join(record.promised)
    if promised:
        lines.append(phrases.say("promised_by", language, what=promised, **told))
    if record.open:
        lines.append(phrases.say("still_open", language, what=record.open))
    reply = Reply(text="\n".join(lines), specialist=scene.specialist.name, reason=_SOURCE)
    return Draft(reply, True, _SOURCE)


def _day(record: Returned, language: str) -> str:
    try:
        return write_day(datetime.fromisoformat(record.at).astimezone(UTC).date(), language)
    except ValueError:
        return ""


def _words(record: Returned) -> str:
    return fold(" ".join((record.about, record.decided, *record.promised, record.open)))


def _stems(text: str) -> set[str]:
    words = re.findall(r"[^\W_]+", text)
    return {word[:_STEM] for word in words if len(word) >= _SHORTEST} - _COMMON
