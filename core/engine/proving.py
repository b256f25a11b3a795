"""The turn of somebody who has to prove who they are: offers a one-time code, and takes it.

Above: the worker. Below: another `TurnRunner`, `core.identity.verifying`, `proof_talk`.

A tool that refuses because the customer is not identified well enough leaves that in the receipt of
its turn, and a flow stops there; this turn puts the offer under the answer. While a code is waited
for, a message with an address or with digits is taken for that and for nothing else; everything
else is answered as always. After the proof the question that began it is answered.
"""

from __future__ import annotations

from typing import Any

from core.conversation import ONE_TIME_CODE, Claim, TurnCommit
from core.engine.asked import Asked, read_asked
from core.engine.changes import with_changes
from core.engine.proof_talk import (
    PAGE,
    START,
    Talk,
    find_code,
    find_email,
    has_open_flow,
    new_entry,
    question_in,
    reply,
    wants_proof,
    with_button,
    with_words_before,
)
from core.engine.runner import DeltaSink, TurnRunner
from core.errors import NotFound
from core.identity.links import LINK_SECONDS, LinkTokens, page_link
from core.identity.verifying import Verifier
from core.messages import Address
from core.phrases import Phrases
from core.ports import Log, StepJournal

_STATE = "proof"


class ProvingTurn:
    """Implements `TurnRunner` around another one."""

    def __init__(
        self, turn: TurnRunner, log: Log, phrases: Phrases, verifier: Verifier | None, *,
        links: LinkTokens | None = None, page: str | None = None,
    ) -> None:  # fmt: skip
        self._turn = turn
        self._log = log
        self._phrases = phrases
        self._verifier = verifier
        self._links = links
        self._page = page

    @property
    def window(self) -> int:
        """See `TurnRunner`."""
        return self._turn.window

    async def run(self, claim: Claim, deltas: DeltaSink, steps: StepJournal) -> TurnCommit:
        """See `TurnRunner`."""
        talk = Talk.of(claim.state.get(_STATE))
        state = {name: value for name, value in claim.state.items() if name != _STATE}
        claim = claim.model_copy(update={"state": state})
        if claim.head.owner == "ai" and claim.head.status == "open":
            asked = read_asked(with_changes(claim))
            if (done := await self._answer(claim, asked, talk, deltas, steps)) is not None:
                return done
        commit = await self._turn.run(claim, deltas, steps)
        return self._offering(claim, commit, talk)

    async def apologise(self, claim: Claim, error: BaseException) -> TurnCommit:
        """See `TurnRunner`."""
        return await self._turn.apologise(claim, error)

    async def _answer(
        self, claim: Claim, asked: Asked, talk: Talk, deltas: DeltaSink, steps: StepJournal
    ) -> TurnCommit | None:
        """What is about the proof itself; None: it is not."""
        if asked.text.strip() == PAGE and self._page and self._links:
            return self._say(claim, talk, "page_link", link=self._link(claim),
                             minutes=str(LINK_SECONDS // 60))  # fmt: skip
        if self._verifier is None:
            return None
        if asked.button == START:
            return self._say(claim, talk.at("email"), "prove_ask_email")
        if talk.waits_for == "code" and (code := find_code(asked.text)) is not None:
            return await self._enter(claim, talk, code, deltas, steps, self._verifier)
        if talk.waits_for is not None and (email := find_email(asked.text)) is not None:
            return await self._ask(claim, talk, email, self._verifier)
        return None

    async def _ask(self, claim: Claim, talk: Talk, email: str, verifier: Verifier) -> TurnCommit:
        """The same words whoever has that address."""
        language = claim.head.language
        asked = await verifier.ask(
            claim.head, _place(claim), email, language=language, key=str(claim.seen)
        )
        if asked.outcome == "sent":
            fields = {"email": email, "minutes": str(verifier.minutes)}
            return _acted(self._say(claim, talk.at("code"), "prove_sent", **fields))
        if asked.outcome == "limited":
            return self._say(claim, talk.at(None), "prove_limited")
        return self._say(claim, talk.at("email"), "prove_ask_email")

    async def _enter(
        self, claim: Claim, talk: Talk, code: str, deltas: DeltaSink, steps: StepJournal,
        verifier: Verifier,
    ) -> TurnCommit:  # fmt: skip
        if claim.head.level < ONE_TIME_CODE:  # else: proved by a turn that was cut short
            entered = await verifier.enter(claim.head, _place(claim), code)
            if entered.outcome == "wrong":
                return _acted(self._say(claim, talk, "prove_wrong", left=str(entered.left)))
            if entered.outcome == "gone":
                commit = self._say(claim, talk.at("email"), "prove_gone")
                return with_button(commit, self._button(_language(claim, commit)))
        thanks = self._phrases.say("proved", claim.head.language or "")
        known = await self._known(claim)
        if not talk.question:
            return _over(self._say(known, Talk(), "proved"))
        commit = await self._turn.run(question_in(known, talk.question), deltas, steps)
        return _over(with_words_before(commit, thanks, new_entry(known, thanks)))

    async def _known(self, claim: Claim) -> Claim:
        """The claim with the head as it is now."""
        try:
            head = await self._log.head(claim.conversation)
        except NotFound:
            return claim
        now = {"contact": head.contact, "level": head.level, "email": head.email}
        now |= {"sealed": head.sealed, "proved": head.proved}
        return claim.model_copy(update={"head": claim.head.model_copy(update=now)})

    def _offering(self, claim: Claim, commit: TurnCommit, talk: Talk) -> TurnCommit:
        """The answer, with the offer of a code under it where proof was missing."""
        if self._verifier is None or not commit.entries:
            return _remember(commit, talk)
        need = wants_proof(commit, claim.head)
        if need is None:
            return _remember(commit, talk)
        question = read_asked(with_changes(claim)).text
        if talk.question and (not question or has_open_flow(claim.state)):
            question = talk.question  # what is written now answers the flow
        language = _language(claim, commit)  # of a first message, only the turn knows it
        commit = with_button(
            commit, self._button(language),
            self._phrases.say("prove_offer", language) if need == "told" else "",
        )  # fmt: skip
        waits_for = "email" if need == "told" else talk.waits_for
        return _remember(commit, Talk(waits_for=waits_for, question=question[:1_000]))

    def _say(self, claim: Claim, talk: Talk, key: str, **fields: str) -> TurnCommit:
        text = self._phrases.say(key, claim.head.language or "", **fields)
        return _remember(reply(claim, text), talk)

    def _button(self, language: str) -> str:
        return self._phrases.say("prove_button", language)

    def _link(self, claim: Claim) -> str:
        if self._links is None or self._page is None:
            raise RuntimeError("there are no links here")
        return page_link(
            self._page, self._links.issue(claim.conversation, sealed=claim.head.sealed)
        )


def _place(claim: Claim) -> Address:
    """Where the customer writes from now."""
    said = (entry.address for entry in reversed(claim.entries) if entry.author.role == "customer")
    here = next((address for address in said if address is not None), None)
    return here or claim.head.address or Address(channel="rest", chat=claim.conversation)


def _language(claim: Claim, commit: TurnCommit) -> str:
    return commit.head.language or claim.head.language or ""


def _acted(commit: TurnCommit) -> TurnCommit:
    """A mail has left, or a try is used up: what the customer writes meanwhile is the next
    turn's."""
    return commit.model_copy(update={"acted": True})


def _over(commit: TurnCommit) -> TurnCommit:
    """Nothing is waited for any more; said, because a state that is not there stays as it was."""
    return commit.model_copy(update={"state": {**commit.state, _STATE: {}}})


def _remember(commit: TurnCommit, talk: Talk) -> TurnCommit:
    kept: dict[str, Any] = talk.model_dump(exclude_defaults=True)
    if not kept:
        return commit
    return commit.model_copy(update={"state": {**commit.state, _STATE: kept}})
