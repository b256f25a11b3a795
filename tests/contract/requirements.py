"""What every conversation log must do, as sentences with an id.

Above: `log_contract`, which holds at least one test for each; `test_every_clause` says when one is
missing. An implementation that cannot meet a clause names it in its `exempt`, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Test = TypeVar("Test", bound=Callable[..., object])

LOG: dict[str, str] = {
    # what enters
    "accept:once": "An event that comes again is one entry, also when all come at once.",
    "accept:conflict": "The same id with other words changes nothing, and is called a conflict.",
    "accept:sequence": "Entries are numbered 1, 2, 3 … without gaps, also under a rush.",
    "accept:order": "One who waits for each answer finds the entries in the order of asking.",
    "accept:journal": "Every entry stands in the journal too, in order, once.",
    "accept:unknown": "A conversation that does not exist is NotFound, and is not made by asking.",
    "accept:wake": "What the customer says wakes the engine, once however much is said.",
    "accept:no-wake": "What nobody must answer wakes nobody.",
    "accept:text": "Any text comes back as it was: all scripts, line ends, markup, length.",
    "create:address": "An address has one conversation, also when all ask at once.",
    # who owns it
    "owner:human": "A word of a human makes them the owner and raises the epoch in the same step.",
    "owner:take": "So does a take-over without words.",
    "owner:release": "A release gives the conversation back and raises the epoch.",
    "owner:close": "A closed conversation belongs to nobody; the customer's next word opens it.",
    "owner:note": "A note changes neither the owner nor the epoch.",
    # reading
    "claim:shows": "A claim shows what is unread, the window before it, and the last state.",
    "claim:token": "Every claim has a higher token than all before.",
    "claim:busy": "While a lease runs nobody else gets one; it is said when to come again.",
    "claim:expired": "A lease that ran out is taken over.",
    "claim:done": "A wake-up that was dealt with leads to nothing.",
    "claim:readers": "Readers of different kinds do not wait for each other.",
    "claim:attempts": "A claim says how often this work was begun before it succeeded.",
    "extend:keep": "A heartbeat keeps the lease; when it is another's, it says so.",
    "finish:retry": "Giving back leaves the work to be done again, not before the time asked for.",
    # writing
    "commit:whole": "Entries, state, head, cursor and receipt of a turn come in one step.",
    "commit:stale": "Whoever holds an older token cannot commit.",
    "commit:epoch": "A turn from before a take-over cannot commit.",
    "commit:superseded": "A turn that has not seen the newest customer entry cannot commit.",
    "commit:acted": "A turn that has already acted commits all the same; the rest is the next's.",
    "commit:each": "Under the policy `each` a turn sees one message, and none is superseded.",
    "commit:settles": "A commit acknowledges the wake-up, and wakes again only if more waits.",
    "commit:repeat": "The same commit again changes nothing and gives the same answer.",
    "commit:nothing": "A turn may say nothing; it is dealt with all the same.",
    "commit:many": "More unread entries than a claim shows are dealt with in several turns.",
    # when
    "wait:window": "A message that reads unfinished gives no turn before its window is over.",
    "wait:typing": "Typing makes a waiting turn wait on, never beyond the cap.",
    "wait:finished": "A finished message ends the waiting at once.",
    "wait:holder": "Whatever is said while a turn runs, its holder can go on with the rest.",
    # what leaves
    "send:leave": "An entry may leave once it is asked for, and its number of attempts is told.",
    "send:withheld": "An AI entry from before a take-over may not leave; a human's may.",
    "send:unsure": "An attempt that never reported is flagged when it is made again.",
    "send:retry": "An attempt that certainly failed is repeated without doubt.",
    "send:once": "What has a receipt is not sent again.",
    "send:stale": "Whoever lost the lease may neither send nor record.",
    "send:cursor": "Delivery goes on behind what is done with; what is left wakes it again.",
    # reading without a claim
    "read:after": "Entries are read from any sequence on, in order, as many as asked for.",
    "read:unknown": "The head of a conversation that does not exist is NotFound.",
    "read:receipt": "The receipt of an answer is found under the answer's first sequence.",
    # the store
    "store:down": "While the store is away every call says BusUnavailable; then all is there.",
    "store:lost-answer": "An answer lost on the way doubles nothing, whatever was asked.",
}  # fmt: skip

KNOWLEDGE: dict[str, str] = {
    # searching
    "find:right": "A question finds the document that answers it, whole, with where it is from.",
    "find:span": "The span is a part of the passage, word for word.",
    "find:category": "With categories, nothing of another category is found.",
    "find:limit": "No more passages come than were asked for.",
    "find:language": "Of a document and its translation the asker's language is shown, once.",
    "find:code": "A code is found by its letters and digits; its neighbour is not taken for it.",
    "find:vector": "A vector that the caller has is used; the question is not embedded again.",
    "find:verdict": "The verdict is what the stated cuts make of the best score.",
    "find:nothing": "An empty knowledge base finds nothing, and says so.",
    "find:odd": "Any text may be asked: empty, endless, with NUL, lone surrogates, emoji.",
    # changing
    "change:seen": "What one process writes, another finds while it runs.",
    "change:replace": "A changed document is found in its new words, never in its old ones.",
    "change:whole": "No search sees a part of a change.",
    "change:remove": "What was removed is not found; removing it again is NotFound.",
    "change:unchanged": "What has not changed is neither embedded nor written again.",
    "change:restart": "What was written is there after a restart, and nothing is embedded again.",
    "change:model": "Another model embeds for itself; vectors of two models are never compared.",
    # the index
    "index:lost": "An index that was lost is built again from the truth.",
    "index:stray": "What the index holds and the truth does not, is not found.",
}


def clause(*ids: str) -> Callable[[Test], Test]:
    """Say which clauses a test holds an implementation to."""
    unknown = set(ids) - set(LOG) - set(KNOWLEDGE)
    assert not unknown, f"no such clause: {unknown}"

    def mark(test: Test) -> Test:
        test.__dict__["clauses"] = ids
        return test

    return mark
