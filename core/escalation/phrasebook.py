"""The words that name a reason to call a person: found whole, unless a negation takes them back.

Above: `rules`. Below: nothing. Pure; phrases are data (`[phrases]` of config/escalation.toml).

In a phrase `word*` is any word that begins so, `~` a gap of up to three words, `^` and `$` the ends
of a sentence, and `{name}` one of a list of words. Text is read sentence by sentence, without case
and accents. A negation shortly before a phrase, in the same clause, takes it back ("I don't need a
lawyer"); look-alikes ("human resources") are crossed out before anything is looked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from core.messages import Frozen
from core.text import unmarked

_SENTENCE = re.compile(r"[^.!?\n…]*[.!?…]*\s*")
_CLAUSE = re.compile(r"[,;:—–(]|\s-\s|\s(?:but|ale|nýbrž|но|а|aber|sondern|pero|sino)\s")
_SLOT = re.compile(r"\{(\w+)\}")
_BEGINNING = re.compile(r"\w{2}")
_GAP = r"(?:\w+[\W_]+){0,3}"
_REACH = 18  # letters between a negation and what it takes back
_HIDDEN = "\x00"

Words = Mapping[str, Mapping[str, Sequence[str]]]  # by language, then by name
Lists = Mapping[str, Mapping[str, Sequence[str]]]  # by reason, then by language


class Said(Frozen):
    """A phrase that was found: its reason, the words (without case and accents) and the sentence
    they stand in. `denied` says that a negation takes it back, or that only a look-alike stands
    there (then without words)."""

    reason: str
    words: str
    sentence: str = ""
    denied: bool = False


@dataclass(frozen=True)
class Denials:
    """What takes a phrase back when it stands shortly before or after it; `spared` phrases are
    never taken back: who will not write with a robot asks for a person."""

    before: re.Pattern[str] | None = None
    after: re.Pattern[str] | None = None
    spared: re.Pattern[str] | None = None

    def take_back(self, text: str, found: re.Match[str]) -> bool:
        """True if `found` in `text` is denied."""
        if self.spared is not None and self.spared.search(found[0]):
            return False
        before = _CLAUSE.split(text[: found.start()])[-1][-_REACH:]
        after = _CLAUSE.split(text[found.end() :])[0][:_REACH]
        return bool(self.before and self.before.search(before)) or bool(
            self.after and self.after.search(after)
        )


@dataclass(frozen=True)
class PhraseBook:
    """Compiled phrases, in the order of their file."""

    phrases: tuple[tuple[str, re.Pattern[str]], ...]
    lookalikes: Mapping[str, re.Pattern[str]]
    denials: Denials

    def hear(self, text: str) -> tuple[Said, ...]:
        """Every reason that is named, once for each sentence, the first of the file first."""
        found = [said for sentence in sentences_of(text) for said in self._in_sentence(sentence)]
        order = [reason for reason, _ in self.phrases]
        return tuple(sorted(found, key=lambda said: order.index(said.reason)))

    def _in_sentence(self, sentence: str) -> Iterable[Said]:
        folded = fold(sentence).strip(" .!?…¡¿")
        for reason, pattern in self.phrases:
            crossed = self._cross_out(reason, folded)
            matches = list(pattern.finditer(crossed))
            if not matches:
                if crossed != folded:
                    yield Said(reason=reason, words="", sentence=sentence.strip(), denied=True)
                continue
            free = [match for match in matches if not self.denials.take_back(crossed, match)]
            match = (free or matches)[0]
            yield Said(
                reason=reason, words=match[0].strip(), sentence=sentence.strip(), denied=not free
            )

    def _cross_out(self, reason: str, folded: str) -> str:
        pattern = self.lookalikes.get(reason)
        return folded if pattern is None else pattern.sub(_HIDDEN, folded)


def compile_book(phrases: Lists, words: Words, lookalikes: Lists, negations: Lists) -> PhraseBook:
    """`negations` has the lists "before", "after" and "spared", each by language. Raises `KeyError`
    for a list of words that there is not."""
    return PhraseBook(
        phrases=tuple(
            (reason, pattern)
            for reason, languages in phrases.items()
            if (pattern := _compile(languages, words)) is not None
        ),
        lookalikes={
            reason: pattern
            for reason, languages in lookalikes.items()
            if (pattern := _compile(languages, words)) is not None
        },
        denials=Denials(
            **{
                name: _compile(negations.get(name, {}), words)
                for name in ("before", "after", "spared")
            }
        ),
    )


def check_words(lists: Iterable[Lists], words: Words) -> None:
    """Raise `KeyError` for a list of words that a phrase names and there is not. Compiling the book
    takes a third of a second; this takes none."""
    for phrases in lists:
        for languages in phrases.values():
            for language, texts in languages.items():
                for slot in (found for text in texts for found in _SLOT.findall(fold(text))):
                    _ = words.get(language, {})[slot]


def sentences_of(text: str) -> tuple[str, ...]:
    """The sentences of a text; no letter is lost."""
    return tuple(found for found in _SENTENCE.findall(text) if found.strip())


def fold(text: str) -> str:
    """Without case, accents and double spaces: what people type in a hurry looks alike."""
    return " ".join(unmarked(text.replace("’", "'")).split())


def _compile(languages: Mapping[str, Sequence[str]], words: Words) -> re.Pattern[str] | None:
    """One pattern over all phrases of all languages, long ones first."""
    sources = {
        source
        for language, phrases in languages.items()
        for phrase in phrases
        for source in _sources(phrase, words.get(language, {}))
    }
    if not sources:
        return None
    anchored = sorted(source for source in sources if source.startswith("^"))
    loose = _by_beginning(source for source in sources if not source.startswith("^"))
    parts = [*anchored, *([rf"(?<!\w)(?:{loose})"] if loose else [])]
    return re.compile("|".join(parts))


def _by_beginning(sources: Iterable[str]) -> str:
    """The alternatives grouped by their first letters: one look decides about a whole group."""
    groups: dict[str, list[str]] = {}
    for source in sorted(sources, key=lambda one: (-len(one), one)):
        letters = _BEGINNING.match(source)
        groups.setdefault(letters[0] if letters else "", []).append(source)
    return "|".join(
        f"{start}(?:{'|'.join(source[len(start) :] for source in group)})"
        for start, group in sorted(groups.items(), reverse=True)
    )


def _sources(phrase: str, words: Mapping[str, Sequence[str]]) -> list[str]:
    """The patterns of a phrase: one for each word its first slot may be."""
    folded = fold(phrase)
    start = r"^\W*" if folded.startswith("^") else ""
    end = r"\W*$" if folded.endswith("$") else r"(?!\w)"
    first, *rest = folded.strip("^$ ").split()
    tail, gap = "", ""
    for word in rest:
        if word == "~":
            gap = _GAP
            continue
        tail += rf"[\W_]+{gap}{_either(word, words)}"
        gap = ""
    return [f"{start}{head}{tail}{end}" for head in _choices(first, words)]


def _either(word: str, words: Mapping[str, Sequence[str]]) -> str:
    choices = _choices(word, words)
    return choices[0] if len(choices) == 1 else f"(?:{'|'.join(choices)})"


def _choices(word: str, words: Mapping[str, Sequence[str]]) -> list[str]:
    slot = _SLOT.fullmatch(word)
    if slot is None:
        return [_literal(word)]
    choices = sorted({fold(choice) for choice in words[slot[1]]}, key=lambda one: (-len(one), one))
    return [r"[\W_]+".join(_literal(part) for part in one.split()) for one in choices]


def _literal(word: str) -> str:
    bare = re.escape(word.rstrip("*"))
    return rf"{bare}\w*" if word.endswith("*") else bare
