"""What every log, knowledge base and channel must do, as sentences with an id.

Above: `log_contract`, `knowledge_contract`, `channel_contract`, which hold at least one test for
each; a meta-test says when one is missing. An implementation that cannot meet a clause names it in
its `exempt`, with the reason.
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
    "accept:only-at": "What shall follow a certain entry is accepted behind that one only.",
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
    "follow:from": "Who follows a case reads every entry from the one on that brought people in.",
    "follow:all": "Every later entry wakes them, whoever wrote it; a cursor moves as they say.",
    "follow:never": "What people never came into is read by no follower.",
    "follow:case": "A case begins when people come in, runs on over returns, and ends by closing.",
    "alarm:rings": "An alarm wakes the case at its time, though nobody said anything; once.",
    "alarm:fenced": "Whoever holds an older token sets no alarm and moves no cursor.",
    "alarm:kept": "A conversation with an alarm does not leave the store.",
    # writing
    "commit:whole": "Entries, state, head, cursor and receipt of a turn come in one step.",
    "commit:stale": "Whoever holds an older token cannot commit.",
    "commit:epoch": "A turn from before a take-over cannot commit.",
    "commit:superseded": "A turn that has not seen the newest customer entry cannot commit.",
    "commit:acted": "A turn that has already acted commits all the same; the rest is the next's.",
    "steps:kept": "What an unfinished turn noted is there for whoever takes the turn over.",
    "steps:fenced": "Whoever holds an older token can note nothing.",
    "steps:cleared": "A commit ends the turn and takes its notes away.",
    "commit:seen": "A turn that dealt with fewer entries leaves the rest to the next.",
    "decision:wakes": "What a person decided about a waiting call wakes the engine; nothing moves.",
    "return:wakes": "A release, or a closing by a person, wakes the engine with what it missed.",
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
    # words that change
    "change:wakes": "An edit or removal by the customer wakes the engine; the log keeps both.",
    "change:overtakes": "A turn from before an edit or removal cannot commit.",
    "change:closed": "An edit or removal does not open what was closed.",
    "change:place": "A removal does not move where answers go.",
    # what is idle for days
    "expire:whole": "What left the store comes back with the next event or read, as it was.",
    "expire:repeat": "A repeat that comes after a return is still recognised.",
    "expire:once": "Any number may bring a conversation back at once; it comes back once.",
    "expire:fenced": "Tokens, owner and epoch go on after a return; who was stale stays stale.",
    "expire:refused": "What waits, is held or is not in the archive yet does not leave.",
    "expire:sends": "What was delivered is not delivered again after a return.",
    "expire:older": "Entries older than those that came back are still read.",
    "expire:unknown": "A conversation that never was is not made by looking for it.",
    # what leaves
    "send:leave": "An entry may leave once it is asked for, and its number of attempts is told.",
    "send:withheld": "An AI entry from before a take-over may not leave; a human's may.",
    "send:unsure": "An attempt that never reported is flagged when it is made again.",
    "send:retry": "An attempt that certainly failed is repeated without doubt.",
    "send:once": "What has a receipt is not sent again.",
    "send:preview": "Whoever delivers is told what shows the answer already, until it is dropped.",
    "send:preview-late": "No preview begins once its answer is on its way or a human took over.",
    "send:stale": "Whoever lost the lease may neither send nor record.",
    "send:cursor": "Delivery goes on behind what is done with; what is left wakes it again.",
    "change:people": "A person's edit of a message is delivered; it moves no owner, wakes no AI.",
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

CHANNEL: dict[str, str] = {
    # running
    "run:ready": "It is ready within five seconds.",
    "run:cancel": "Cancelled, it ends at once and leaves no task and no connection behind.",
    "run:restart": "What is said while it does not run arrives once when it runs again.",
    "run:reconnect": "A connection that is cut comes back, and nothing is lost or doubled.",
    # what enters
    "in:one-to-one": "One message is one entry: its words, from the customer, at their address.",
    "in:stable-id": "What the platform delivers again is the entry that is there already.",
    "in:same-chat": "One chat is one conversation; two chats are two.",
    "in:order": "Messages of one customer keep their order.",
    "in:literal": "Words arrive as they were typed: all scripts, line ends, markup characters.",
    "in:accept-first": "The platform hears that it was taken only after the log has it.",
    "in:redelivery": "While the store is away the platform keeps it; then it is there, once.",
    "in:own-echo": "What the account itself writes is nobody's question.",
    "in:bots": "What another machine writes is not answered.",
    "in:unsupported": "A message of a kind it cannot read is an entry that says what came.",
    "in:garbage": "A broken payload is dropped, and the next message arrives.",
    "in:edit": "An edited message is an act on that message, with the new words.",
    "in:delete": "A message taken back is an act on that message.",
    "in:reply": "An answer to one of our messages names the entry it answers.",
    "in:file": "A file arrives with name and size, and its bytes can be fetched.",
    "in:button": "A pressed button arrives as its value.",
    # what leaves
    "out:text": "An answer arrives in the chat that asked, once.",
    "out:literal": "Words leave as they are: nothing in them is taken for markup.",
    "out:order": "Answers arrive in the order of the log.",
    "out:split": "A text that is too long arrives whole, in pieces within the limit, in order.",
    "out:buttons": "Choices arrive as buttons, or as numbered lines where there are none.",
    "out:degrade": "More choices than it can show become lines; none is dropped in silence.",
    "out:file": "A file of an answer arrives as a file, or as a link.",
    "out:rate-limit": "Asked to wait it waits as long, for this chat only, then sends it once.",
    "out:temporary": "A send that certainly failed is made again.",
    "out:permanent": "A send that cannot succeed is made once, and what follows still arrives.",
    "out:unsure": "A send whose outcome is unknown is made sure of: the words are there.",
    "out:unsure-once": "And they are there once, because the platform can be asked.",
    "out:pieces": "After a fault between two pieces it goes on with the piece that is missing.",
    "out:edit": "A person's edit of a message of theirs changes what the customer sees.",
    "out:delete": "A message that a person withdraws is gone for the customer.",
    "out:typing": "It shows that an answer is on its way.",
    "out:preview": "A preview turns into the answer, or makes room for it.",
    # what never leaves
    "secret:quiet": "No credential is in a log line, an error or a representation.",
}  # fmt: skip

ARCHIVE: dict[str, str] = {
    "archive:whole": "Words, changes of them, acts and notes are kept as they stand in the log.",
    "archive:once": "What the journal gives again is kept once.",
    "archive:killed": "A follower that dies between writing and acknowledging leaves no double.",
    "archive:together": "Several followers share the work, and none of it is done twice.",
    "archive:away": "While the database is away intake goes on; afterwards all of it is caught up.",
    "archive:cut": "What a full journal has dropped is told again from the conversations.",
    "archive:decision": "The whole decision of a turn is kept: triage to attempts, tokens, cost.",
    "archive:cases": "Cases are kept, and found by conversation and reason.",
    "archive:feedback": "Ratings are kept with the words that came with them.",
    "archive:records": "People, tickets and the audit log stand in the same database.",
}  # fmt: skip


def clause(*ids: str) -> Callable[[Test], Test]:
    """Say which clauses a test holds an implementation to."""
    unknown = set(ids) - set(LOG) - set(KNOWLEDGE) - set(CHANNEL) - set(ARCHIVE)
    assert not unknown, f"no such clause: {unknown}"

    def mark(test: Test) -> Test:
        test.__dict__["clauses"] = ids
        return test

    return mark
