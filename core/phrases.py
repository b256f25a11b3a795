"""The house's own sentences, in every language: framing, never facts.

Above: the turn, apologies. Below: `config/phrases/<language>.toml`, one table of strings (and two
lists of short answers: `yes` and `no`; may be also `others`, names of things that are not ours).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from core.errors import ConfigError
from core.text import unmarked
from core.toml_file import read_toml

KEYS = (
    "greeting",
    "thanks",
    "goodbye",
    "about",
    "smalltalk",
    "ask_back",
    "decline",
    "decline_again",
    "offer_human",
    "human_button",
    "no_button",
    "declined_human",
    "escalated",
    "left_to_people",
    "out_of_scope",
    "other_language",
    "unavailable",
    "no_text",
    "apology",
    "confirm_yes",
    "confirm_no",
    "confirm_call",
    "done_call",
    "waiting_call",
    "refused_call",
    "not_identified",
    "act_dropped",
    "act_gone",
    "act_failed",
    "none_of_these",
    "sources",
    "reply_with_number",
    "file_link",
    "file_not_shown",
    "voice_not_heard",
    "file_received",
    "file_too_large",
    "mail_too_large",
    "nobody_back",
    "nobody_back_unknown",
    "nobody_off_duty",
    "nobody_untaken",
    "lately_took",
    "lately_unknown",
    "follow_up_offer",
    "follow_up_button",
    "follow_up_known_button",
    "wait_button",
    "follow_up_ask",
    "follow_up_kept",
    "wait_kept",
    "case_goodbye",
    "status_placed",
    "status_paid",
    "status_packed",
    "status_shipped",
    "status_delivered",
    "status_cancelled",
    "status_returned",
    "status_expected",
    "status_late",
    "status_carrier",
    "status_tracking",
    "status_link",
    "flow_ask_number",
    "flow_ask_both",
    "flow_ask_email",
    "flow_ask_address",
    "flow_ask_reason",
    "flow_choose_order",
    "flow_not_found",
    "flow_no_match",
    "flow_again",
    "flow_wait",
    "flow_has_not",
    "flow_needs_colleague",
    "flow_down",
    "command_help",
    "command_new",
    "command_language",
    "language_chosen",
    "menu_help",
    "menu_human",
    "menu_new",
    "menu_language",
    "with_assistant_again",
    "our_colleague",
    "decided_by",
    "wrote_last",
    "promised_by",
    "still_open",
    "survey",
    "rated",
    "rate_1",
    "rate_2",
    "rate_3",
    "rate_4",
    "rate_5",
    "unseen_words",
    "unseen_link",
    "prove_offer",
    "prove_button",
    "prove_ask_email",
    "prove_sent",
    "prove_limited",
    "prove_wrong",
    "prove_gone",
    "proved",
    "page_link",
    "code_mail_subject",
    "code_mail",
    "proved_mail_subject",
    "proved_mail",
)
LISTS = ("yes", "no")
_EDGES = re.compile(r"^[\W_]+|[\W_]+$")


class Phrases:
    """Sentences by key and language; a language that is not there falls back to the default."""

    def __init__(self, texts: dict[str, dict[str, Any]], default: str) -> None:
        self._texts = texts
        self._default = default
        self._others = _any_of(name for table in texts.values() for name in table.get("others", ()))

    @property
    def languages(self) -> tuple[str, ...]:
        """Those with a file."""
        return tuple(self._texts)

    def say(self, key: str, language: str, **fields: str) -> str:
        """The sentence `key` in `language`, `{name}` filled from `fields`."""
        text = str(self._table(language)[key])
        for name, value in fields.items():
            text = text.replace("{" + name + "}", value)
        return text

    def find(self, key: str, language: str) -> str | None:
        """The bare sentence `key`, or None where there is none."""
        text = self._table(language).get(key)
        return text if isinstance(text, str) else None

    def say_first(self, keys: Sequence[str], language: str) -> str:
        """The first of `keys` that exists."""
        table = self._table(language)
        return str(next(table[key] for key in keys if key in table))

    def is_answer(self, kind: str, text: str, language: str) -> bool:
        """True if `text` is nothing but one of the short answers of `kind` (`yes`, `no`)."""
        bare = _EDGES.sub("", text.casefold())
        return bare in {str(word).casefold() for word in self._table(language)[kind]}

    def others_in(self, text: str) -> tuple[str, ...]:
        """What `text` names that is none of ours, without case and marks; in any language."""
        return tuple(found[0] for found in self._others.finditer(_plain(text)))

    def _table(self, language: str) -> dict[str, Any]:
        return self._texts.get(language) or self._texts[self._default]


def _any_of(names: Iterable[object]) -> re.Pattern[str]:
    """Any of these as whole words; none of them when there are none."""
    sources = sorted({re.escape(_plain(str(name))).replace(r"\*", r"\w*") for name in names})
    return re.compile(rf"(?<!\w)(?:{'|'.join(sources)})(?!\w)" if sources else r"(?!)")


def _plain(text: str) -> str:
    return unmarked(text.replace("’", "'"))


def load_phrases(folder: Path, *, default: str = "en") -> Phrases:
    """Read every language. Raises `ConfigError` that names what is missing where."""
    texts: dict[str, dict[str, Any]] = {}
    faults: list[str] = []
    for path in sorted(folder.glob("*.toml")):
        try:
            table = read_toml(path)
        except ConfigError as error:
            faults.append(str(error))
            continue
        faults.extend(_faults(path, table))
        texts[path.stem] = table
    if default not in texts:
        faults.append(f"{folder}: no {default}.toml")
    if faults:
        raise ConfigError("\n".join(faults))
    return Phrases(texts, default)


def _faults(path: Path, table: dict[str, Any]) -> list[str]:
    wrong = [
        f"{path}: {key}: a sentence is missing"
        for key in KEYS
        if not isinstance(table.get(key), str) or not table[key].strip()
    ]
    wrong += [
        f"{path}: {key}: a list of short answers is missing"
        for key in LISTS
        if not isinstance(table.get(key), list)
    ]
    return wrong
