"""What one message says of the customer: facts found by pattern, in five languages.

Above: `facts`. Below: `fold`, `speech`, `secrets`, `values`. Pure. Corrections are found here too;
what they make untrue is decided in `facts`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from core.memory import speech, values
from core.memory.fold import fold, split_sentences
from core.memory.secrets import MASK, mask_secrets
from core.memory.speech import pattern
from core.memory.state import Fact

_LONGEST = 2000
_LONGEST_VALUE = 120
_LONGEST_KEY = 40
# These patterns look at each place twice; nobody corrects a number in a longer sentence.
_LONGEST_CORRECTION = 240


@dataclass(frozen=True)
class Finding:
    """`old` is the value that is said to be wrong; `corrects`: something said before was wrong;
    `bare`: nothing says what it is, so it is about the thing spoken of last."""

    kind: str
    value: str
    key: str = ""
    corrects: bool = False
    old: str = ""
    bare: bool = False


@dataclass
class _Sentence:
    """A sentence and the places in it that are taken by what was found."""

    text: str
    language: str
    corrects: bool
    old: str = ""
    is_named: bool = False
    folded: str = ""
    taken: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    found: list[Finding] = field(default_factory=list[Finding])

    def __post_init__(self) -> None:
        self.folded = fold(self.text)

    def is_free(self, begin: int, end: int) -> bool:
        return all(end <= first or begin >= last for first, last in self.taken)

    def add(self, kind: str, begin: int, end: int, *, key: str = "", value: str = "") -> None:
        """Take the words at this place for a fact, unless another has them."""
        words = (value or self.text[begin:end]).strip(" \t,.;:!?\"'«»„“”()")
        if not words or len(words) > _LONGEST_VALUE or MASK in words:
            return
        if not self.is_free(begin, end):
            return
        self.taken.append((begin, end))
        self.found.append(Finding(kind, words, key, self.corrects, self.old))


def find_facts(text: str, language: str, known: Sequence[Fact] = ()) -> list[Finding]:
    """In the order they were said. `known` are the facts that hold now."""
    found: list[Finding] = []
    for sentence in split_sentences(mask_secrets(text[:_LONGEST])):
        found += _read(sentence, language, known)
    return found


def _read(text: str, language: str, known: Sequence[Fact]) -> list[Finding]:
    if not any(character.isalnum() for character in text):
        return []
    old, rest = _without_old(text, known)
    corrects = bool(old) or pattern(speech.CORRECTS).search(fold(text)) is not None
    is_named = any(fact.kind == "name" for fact in known)
    sentence = _Sentence(rest, language, corrects, old, is_named)
    if rest.rstrip().endswith("?") and not corrects:
        _find_marked(sentence)
        _find_language(sentence)
        return sentence.found
    for find in _FINDERS:
        find(sentence)
    _find_again(sentence, known)
    _find_dates(sentence)
    if corrects and not sentence.found:
        _find_bare(sentence)
    return sentence.found


def _without_old(text: str, known: Sequence[Fact]) -> tuple[str, str]:
    """("5521", "it is 5512") of "it is not 5521 but 5512"; the old must be something known."""
    if len(text) > _LONGEST_CORRECTION:
        return "", text
    folded = fold(text)
    for rule in speech.CONTRASTS:
        found = pattern(rule).search(folded)
        if found is None:
            continue
        said = values.plain(text[found.start("old") : found.end("old")])
        begin, end = found.span("new")
        lead = text[: found.start()] if begin > found.start("old") else ""
        rest = f"{lead}{text[begin:end]}"
        for fact in reversed(known):
            was = values.plain(fact.value)
            if was and (was == said or (len(was) > 3 and was in said)):
                return fact.value, rest
        if lead and any(character.isdigit() for character in said):
            return "", rest
    return "", text


def _find_marked(sentence: _Sentence) -> None:
    """Values that show by their form, or by a word before them, what they are."""
    for found in values.EMAIL.finditer(sentence.text):
        sentence.add("email", *found.span(), key=_key_of_email(sentence, found.start()))
    for kind in speech.NUMBERED:
        for found in values.numbered(speech.KINDS[kind]).finditer(sentence.folded):
            begin, end = found.span("id")
            if values.is_identifier(sentence.text, begin, end):
                sentence.add(kind, begin, end)
    for found in values.PHONE.finditer(sentence.text):
        if values.is_phone(sentence.folded, *found.span()):
            sentence.add("phone", *found.span())


def _key_of_email(sentence: _Sentence, begin: int) -> str:
    """Whose, if it is said to be another's ("my wife's e-mail")."""
    before = sentence.folded[:begin]
    found = pattern(rf"\b(?:my|our) (\w+)'s (?:{speech.KINDS['email']})").search(before)
    return f"{found.group(1)}'s e-mail" if found else ""


def _find_name(sentence: _Sentence) -> None:
    for found in pattern(speech.NAMED).finditer(sentence.folded):
        span = values.name_after(sentence.text, found.end(), sure=True)
        if span is not None:
            sentence.add("name", *span)
    if sentence.is_named and not sentence.corrects:
        return  # "I am Very Disappointed" does not rename anybody
    for found in pattern(speech.PERHAPS_NAMED).finditer(sentence.folded):
        span = values.name_after(sentence.text, found.end(), sure=False)
        if span is not None:
            sentence.add("name", *span)


def _find_owned(sentence: _Sentence) -> None:
    """ "My … is …"."""
    for language in dict.fromkeys((sentence.language, *speech.COPULA)):
        if language not in speech.COPULA:
            continue
        rule, place = _owned(language), 0
        while found := rule.search(sentence.folded, place):
            _add_owned(sentence, language, found)
            place = found.start("key")
    for found in pattern(speech.OWNED_WITHOUT_VERB).finditer(sentence.folded):
        _add_owned(sentence, "ru", found)
    _find_plain(sentence)


def _find_plain(sentence: _Sentence) -> None:
    """ "The new address is …", "Name: …"."""
    copulas = "|".join(speech.COPULA[language] for language in speech.COPULA)
    for kind in speech.PLAIN_KINDS:
        found = pattern(
            rf"(?:^|(?<=[\s,;.]))(?:{speech.KINDS[kind]})(?:\s[^\W\d_]+){{0,2}}?"
            rf"(?:\s+|(?=[:=]))(?:{copulas})(?!\w)\s*(?P<value>\S.*)"
        ).search(sentence.folded)
        if found is None:
            continue
        if kind == "name":
            starts = found.start() == 0 or sentence.folded[: found.start()].strip() == "the"
            span = values.name_after(sentence.text, found.start("value"), sure=False)
            if span is not None and starts:
                sentence.add("name", *span)
            continue
        begin, end = values.clip(
            sentence.folded, *found.span("value"), sentence.language, whole=kind == "address"
        )
        words = sentence.text[begin:end]
        if any(letter.isdigit() for letter in words) or words[:1].isupper():
            sentence.add(kind, begin, end)


def _owned(language: str) -> re.Pattern[str]:
    return pattern(
        rf"\b(?:{speech.OWNER[language]})\s+(?P<key>[^\W\d_][^\n.,;:!?—–=]{{0,{_LONGEST_KEY}}}?)"
        rf"(?:\s+|(?=[:=])|\s*(?=[—–-]\s))(?:{speech.COPULA[language]})(?!\w)\s*(?P<value>\S.*)"
    )


def _add_owned(sentence: _Sentence, language: str, found: re.Match[str]) -> None:
    kind, key = kind_of(found.group("key"))
    begin, end = found.span("value")
    begin, end = values.clip(sentence.folded, begin, end, language, whole=kind == "address")
    if (not key and kind == "other") or key in speech.NO_KEYS:
        return
    if kind in (*speech.NUMBERED, "email", "phone", "language", "name"):
        if kind == "name" and (span := values.name_after(sentence.text, begin, sure=True)):
            sentence.add("name", *span, key=key)
        elif kind == "language" and (code := _language_in(sentence.folded[begin:end])):
            sentence.add("language", begin, end, value=code)
        return  # the others are found by their form
    first = values.plain(sentence.text[begin:end]).split(" ")[0]
    if first and first not in {"not", "no", "nicht", "не", "neni"} and begin < end:
        sentence.add(kind, begin, end, key=key)


def kind_of(words: str) -> tuple[str, str]:
    """("address", "delivery address") for words a customer has for something of theirs."""
    kept = [word for word in fold(words).split() if word not in speech.FILLERS][:4]
    key = " ".join(kept)
    for kind, stems in speech.KINDS.items():
        stem = pattern(rf"(?:{stems})")
        if any(stem.fullmatch(word) for word in kept):
            others = [
                word for word in kept if not stem.fullmatch(word) and word not in speech.GENERIC
            ]
            if any(word.endswith(("'s", "’s")) for word in others):
                return "other", key
            return kind, key if others else ""
    return "other", key


def _find_place(sentence: _Sentence) -> None:
    for found in pattern(speech.LIVES).finditer(sentence.folded):
        begin, end = values.clip(
            sentence.folded, found.end(), len(sentence.text), sentence.language, whole=True
        )
        words = sentence.text[begin:end]
        if any(character.isdigit() or character.isupper() for character in words):
            sentence.add("address", begin, end)


def _find_product(sentence: _Sentence) -> None:
    for found in pattern(speech.OWNS).finditer(sentence.folded):
        span = values.product_at(sentence.text, found.end())
        if span is not None:
            sentence.add("product", *span)
        _find_plan(sentence, found.end())
    rule = pattern(rf"\b(?:{speech.KINDS['product']})(?:\s[^\W\d_]+){{0,2}}?\s")
    for found in rule.finditer(sentence.folded):
        span = values.product_at(sentence.text, found.end())
        if span is not None:
            sentence.add("product", *span)


def _find_plan(sentence: _Sentence, place: int) -> None:
    """ "I have the Premium plan", "mám tarif Premium": a thing and its name."""
    named = re.compile(r"\s*([^\W\d_]{3,20}) ([A-ZА-ЯÁ-Ž][\w-]+(?: [A-ZА-ЯÁ-Ž][\w-]+)?)")
    after = named.match(sentence.text, place)
    if after is not None and fold(after.group(1)) not in speech.FILLERS | speech.NO_KEYS:
        kind, key = kind_of(after.group(1))
        if kind == "other":
            sentence.add("other", *after.span(2), key=key)
    before = re.compile(rf"([A-ZА-ЯÁ-Ž][\w-]+) ({speech.PLANS})\b").match(sentence.text, place)
    if before is not None:
        sentence.add("other", *before.span(1), key=before.group(2))


def _find_wishes(sentence: _Sentence) -> None:
    """The language and the channel somebody wants to be answered in."""
    _find_language(sentence)
    if pattern(speech.WANTS_CHANNEL).search(sentence.folded):
        for channel, words in speech.CHANNELS.items():
            if pattern(rf"\b(?:{words})\b").search(sentence.folded):
                sentence.add("channel", 0, 0, value=channel)
                break


def _find_language(sentence: _Sentence) -> None:
    if pattern(speech.WANTS_LANGUAGE).search(sentence.folded):
        code = _language_in(sentence.folded)
        if code:
            sentence.add("language", 0, 0, value=code)


def _language_in(folded: str) -> str:
    found = [
        (place.start(), code)
        for code, words in speech.LANGUAGES.items()
        if (place := pattern(rf"\b(?:{words})\b").search(folded))
    ]
    return min(found)[1] if found else ""


def _find_again(sentence: _Sentence, known: Sequence[Fact]) -> None:
    """A thing known by its own word: "the budget is 600 now"."""
    for fact in known:
        word = fact.key
        if not word or fact.kind not in {"other", "address", "product"}:
            continue
        for language in dict.fromkeys((sentence.language, *speech.COPULA)):
            copula = speech.COPULA.get(language)
            if copula is None:
                continue
            name = re.escape(fold(word))
            rules = [rf"\b{name}\s+(?:\w+\s+)?(?:{copula})(?!\w)\s*(?P<value>\S.*)"]
            if sentence.corrects:  # "eigentlich ist mein Budget 400 Euro"
                rules.append(rf"\b(?:{copula})\s.*?\b{name}\s+(?P<value>\S.*)")
            found = pattern("|".join(rules[:1])).search(sentence.folded)
            if found is None and rules[1:]:
                found = pattern(rules[1]).search(sentence.folded)
            if found is not None:
                begin, end = values.clip(
                    sentence.folded, *found.span("value"), language, whole=fact.kind == "address"
                )
                sentence.add(fact.kind, begin, end, key=fact.key)
                break


def _find_dates(sentence: _Sentence) -> None:
    for found in values.DATE.finditer(sentence.folded):
        sentence.add("date", *found.span())


def _find_bare(sentence: _Sentence) -> None:
    """The new value alone: by its form, or after "it is"."""
    for begin, end in _bare_places(sentence):
        words = sentence.text[begin:end].strip(" ,.;:!\"'«»„“”")
        first = values.plain(words).split(" ")[0]
        if words and first not in speech.STATES and len(words) <= _LONGEST_VALUE:
            sentence.found.append(
                Finding("", words, "", corrects=True, old=sentence.old, bare=True)
            )
            return


def _bare_places(sentence: _Sentence) -> Iterator[tuple[int, int]]:
    folded, language = sentence.folded, sentence.language
    if sentence.old:  # what stands against the old is the new
        lead = pattern(rf"^(?:{speech.CORRECTS})?[\s,:–—-]*(?:{speech.BARE})?").match(folded)
        begin = lead.end() if lead else 0
        yield values.clip(folded, begin, len(folded), language, whole=True)
    told = list(pattern(speech.BARE).finditer(folded))
    for found in told:
        yield values.clip(folded, found.end(), len(folded), language, whole=False)
    if told:
        return
    for found in reversed(list(pattern(speech.CORRECTS).finditer(folded))):
        begin, end = values.clip(folded, found.end(), len(folded), language, whole=False)
        if begin < end and end - begin <= 40:
            yield begin, end


_FINDERS = (_find_marked, _find_name, _find_owned, _find_place, _find_product, _find_wishes)
