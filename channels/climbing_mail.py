"""One mail with everything that was not seen, and a link back to the conversation.

Above: delivery of mail. Below: `climbing`, `core.identity.links`, phrases. The link opens no more
than the mail shows (`core.conversation.Head.climbed_after`), for one browser, for some days.
"""

from __future__ import annotations

from channels.climbing import ClimbingSettings, unseen_words
from core.conversation import Claim
from core.identity.links import LinkTokens, page_link
from core.messages import Author, Entry
from core.phrases import Phrases


class GroupedMail:
    """Makes the letter of a claim."""

    def __init__(self, phrases: Phrases, links: LinkTokens, settings: ClimbingSettings) -> None:
        self._phrases = phrases
        self._links = links
        self._settings = settings

    def letter(self, claim: Claim) -> Entry | None:
        """All words of the claim as one, under the sequence of the last; None: there are none."""
        words = unseen_words(list(claim.entries), claim.head)
        if not words:
            return None
        last = words[-1]
        language = claim.head.language or last.language or ""
        names = {entry.author.name for entry in words if entry.author.role == "human_agent"}
        author = last.author if names == {last.author.name} else Author(role="system")
        files = tuple(file for entry in words for file in entry.attachments)
        parts = [self._phrases.say("unseen_words", language), *(_said(entry) for entry in words)]
        if link := self._link(claim):
            parts.append(self._phrases.say("unseen_link", language, link=link))
        text = "\n\n".join(part for part in parts if part)
        return last.model_copy(
            update={"text": text, "author": author, "attachments": files, "parts": ()}
        )

    def _link(self, claim: Claim) -> str | None:
        page = self._settings.page
        if page is None or claim.head.address is None:
            return None
        seconds = int(self._settings.link_hours * 3600)
        token = self._links.issue(
            claim.conversation, seconds=seconds, sealed=claim.head.sealed, mailed=True
        )
        return page_link(page, token)


def _said(entry: Entry) -> str:
    name = entry.author.name if entry.author.role == "human_agent" else ""
    return f"{name}: {entry.text}" if name and entry.text else entry.text
