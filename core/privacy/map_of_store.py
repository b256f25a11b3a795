"""Kinds of keys in the store, and what is neither there nor in SQL. Above: `datamap`.

Below: `places`. The name of a key is its pattern behind `sb:{NN}:`.
"""

from __future__ import annotations

from core.privacy.places import Place


def _key(name: str, holds: str, erase: str, kind: str = "message", note: str = "") -> Place:
    return Place("redis", name, kind, holds, erase, note=note)  # pyright: ignore[reportArgumentType]


KEYS: tuple[Place, ...] = (
    _key("c:ID", "Head of a conversation: places, contact, mail address, summary", "delete"),
    _key("c:ID:log", "Its entries", "delete"),
    _key("c:ID:seen", "Ids of events that came", "delete"),
    _key("c:ID:state", "Memory: window, summary, facts", "delete"),
    _key("c:ID:turns", "Receipts of turns", "delete", "decision"),
    _key("c:ID:sends", "What was sent, under which ids of platforms", "delete"),
    _key("c:ID:steps", "What an unfinished turn has done", "delete", "decision"),
    _key("c:ID:once:NAME", "What is good for one use", "delete", "technical"),
    _key("c:ID:gone", "The tombstone", "keep", "audit"),
    _key("c:ID:dying", "The head while an erasure works", "delete"),
    _key("a:ADDRESS", "Which conversation is at an address", "delete", "contact"),
    _key("journal", "A copy of every entry, until all followers have it", "delete"),
    _key("live", "Hints: pieces of answers, typing signs", "delete"),
    _key("ready:READER", "Wake-ups: ids of conversations", "keep", "technical"),
    _key("scheduled", "What has a wake-up", "delete", "technical"),
    _key("alarms", "When cases have something to do", "delete", "technical"),
    _key("unseen", "What customers have not seen", "delete", "technical"),
    _key("dead", "Dead letters: ids and errors", "delete", "technical"),
    _key("bygone", "Digests of erased events", "expire", "audit"),
    _key("tombstones", "Which tombstones the store has", "keep", "audit"),
    _key("touched", "What the archive has yet to look at: ids, addresses", "delete"),
    _key("retell", "Conversations the journal dropped records of, unread", "delete"),
    _key("access", "That tokens changed: a hint", "keep", "technical"),
    _key("rebuild", "Who rebuilds a lost store", "keep", "technical"),
    _key("meta", "The number of shards", "keep", "technical"),
    _key("answer:DIGEST", "Answers kept for a repeated request, a day", "delete"),
    _key("kept:DIGEST", "Short notes of channels (state of a mail thread)", "delete", "contact"),
    _key("blocked:DIGEST", "Who is blocked for a while, by digest", "delete", "technical"),
    _key("first:DIGEST", "When a name was seen first, by digest", "keep", "technical"),
    _key("taken:DIGEST", "Rate limits, by digest", "expire", "technical"),
    _key("spent:DIGEST", "What models cost, by digest", "expire", "metric"),
    _key("duty", "Who is at the desk", "keep", "technical"),
    _key("busy", "Who works at what", "keep", "technical"),
    _key("desk", "Figures of the desk", "keep", "metric"),
)

ELSEWHERE: tuple[Place, ...] = (
    Place(
        "files", "files", "file", "Attachments and what is known of them (data/files)", "delete",
        export=True,
    ),
    Place(
        "files", "engine", "metric",
        "Trained triage and vectors by hash (data/engine); written anew without what was erased",
        "delete",
    ),
    Place(
        "files", "valkey", "message", "The store's append-only file; written anew by an erasure",
        "delete",
    ),
    Place("files", "exports", "contact", "Exports until their link ends (data/exports)", "delete"),
    Place("files", "switchboard.db", "message", "The database's file, written anew", "delete"),
    Place(
        "vectors", "knowledge index", "knowledge",
        "Qdrant: passages of articles, built from SQL; no words of customers", "keep",
    ),
    Place("logs", "standard error", "technical", "Names of events and ids; no words", "keep"),
    Place(
        "outside", "Slack", "message", "Threads of cases at the desk, answers to customers", "hand",
        note="What our bot wrote is deleted there.",
    ),
    Place("outside", "mail", "message", "The mailbox, and the Sent folder", "hand"),
    Place("outside", "Telegram", "message", "The chat on the platform", "hand"),
    Place("outside", "CRM", "customer", "The company's own system, if one is connected", "hand"),
    Place("outside", "webhooks", "message", "What receivers were told", "hand"),
    Place("outside", "model server", "message", "What models are asked, masked by setting", "hand"),
    Place("outside", "backups", "message", "Copies made before an erasure, until they end", "hand"),
)  # fmt: skip
